"""The table: which lines matter for which hidden variables, and what to write instead. Does nothing.

A row is: the hidden variables, how sure it is (1 to 9), the sights, why, the remedy; then the library that the file
must import, where the name alone says too little. A sight is a dotted name as the module's own documentation has it,
however it was imported; `*` stands for anything. `.name` is a method of whatever is not known better; `f()` is called
without an argument. In brackets, apart by commas, all of:

    keyword    is given               <2         fewer than two positional arguments
    !keyword   is not given           ~text      the call, as it is written, contains the text
    keyword=v  is given as v          !~text     it does not
    !keyword=v is not given as v      unsorted   the result is seen: it is not just sorted, counted, compared

Of shell scripts `sh:name` is a program, with its options and the variables set before it as its keywords (`LC_ALL`
also where the script has set it), `sh:$NAME` a variable, `sh:/dev/x` a file, and `sh:<glob>` a pattern of files.
"""

from . import chance, clock, machine, order, place, shell

ROWS = (*chance.ROWS, *order.ROWS, *clock.ROWS, *place.ROWS, *machine.ROWS, *shell.ROWS)
