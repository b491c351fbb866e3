"""The commands, their arguments and options, as plain data. Knows no parser, and both are built from it."""

from typing import Any

from . import about_runs
from .option import Argument, Command, Option, Parsed

__all__ = [
    "COMMANDS",
    "COMMON",
    "EXIT_CODES",
    "Argument",
    "Command",
    "Option",
    "Parsed",
    "default",
    "defaults",
    "overview",
]


COMMON = (
    Option("json", ("--json",), "flag", "Print one JSON object on stdout."),
    Option("folder", ("-C",), "text", "Work in this folder's project.", "DIR"),
    Option("quiet", ("-q", "--quiet"), "flag", "Say nothing but errors and what was asked for."),
    Option("verbose", ("-v", "--verbose"), "flag", "Say more."),
)
_TARGETS = Argument(
    "targets",
    "TARGET",
    "Stages (globs too) or paths of artifacts; all without.",
    many=True,
    completes="stages",
)
_STAGE = Argument(
    "stage", "STAGE", "A stage, or an instance of one: train@gbdt.", required=True, completes="stages"
)
_ARTIFACT = Argument(
    "target",
    "TARGET",
    "A path, PATH@RUN, a digest or its first 6 digits or more, or a stage with one output.",
    required=True,
    completes="stages",
)
_SET = Option(
    "set", ("-S", "--set"), "texts", "Change a parameter for this time alone; may be repeated.", "KEY=VALUE"
)
_FORMAT = Option(
    "format",
    ("--format",),
    "text",
    "text, dot (Graphviz), mermaid (Markdown) or json.",
    "FORMAT",
    ("text", "dot", "mermaid", "json"),
)
_ALLOW_MISSING = Option(
    "allow_missing", ("--allow-missing",), "flag", "What is not there counts as the lock file has it."
)

COMMANDS = {
    command.name: command
    for command in (
        Command(
            "run",
            "Make what is missing or out of date.",
            _TARGETS,
            (
                Option("jobs", ("-j", "--jobs"), "number", "How many CPUs to use; all without.", "N"),
                Option(
                    "keep_going", ("-k", "--keep-going"), "flag", "Go on with what a failure does not touch."
                ),
                about_runs.DRY_RUN,
                Option("force", ("-f", "--force"), "flag", "Execute the targets even if they are fresh."),
                _SET,
                Option(
                    "sweep",
                    ("--sweep",),
                    "texts",
                    "Run each of these values; repeated, each combination. Nothing but the store changes.",
                    "KEY=V1,V2",
                ),
                about_runs.BEST._replace(
                    help="With --sweep: name the best combination by this metric; -METRIC: the lowest."
                ),
                Option(
                    "locked", ("--locked",), "flag", "Exit 1 and change nothing if anything would execute."
                ),
                _ALLOW_MISSING._replace(help="With -n: what is not there counts as the lock file has it."),
                Option("debug", ("--debug",), "flag", "Run one stage at the terminal, and record nothing."),
                Option(
                    "observe", ("--observe",), "flag", "Print what the stages' declarations lack, as a patch."
                ),
                Option("write", ("--write",), "flag", "With --observe: change pipeline.yaml."),
            ),
            examples=(
                ("pipe run", "everything"),
                ("pipe run train@gbdt -j 4", "one instance and what it needs, on 4 CPUs"),
                ("pipe run build/report.html", "whatever makes this file"),
                ("pipe run -S train.lr=0.01 -n", "what another parameter would make run"),
                (
                    "pipe run --sweep train.lr=0.1,0.2,0.3 --best auc",
                    "three runs, and which of them is the best",
                ),
                ("pipe run --debug train", "with breakpoint() and pdb"),
                ("pipe run --observe > lacking.patch", "what old scripts read and write, as a patch"),
            ),
        ),
        Command(
            "status",
            "Say what a run would do, and why.",
            _TARGETS,
            (Option("check", ("--check",), "flag", "Exit 1 unless all is fresh."), _ALLOW_MISSING),
            details="fresh: as a run would leave it. cached: the store has it. stale: must run. "
            "waiting: depends on what runs above it.",
            examples=(
                ("pipe status", "all stages that are not fresh"),
                ("pipe status 'train@*' -v", "with all reasons, the fresh ones too"),
                ("pipe status --check --allow-missing", "in CI: do code, parameters and lock file agree?"),
            ),
        ),
        Command(
            "explain",
            "Show what changed for a stage, and what did not.",
            _STAGE,
            examples=(("pipe explain train", "code as a diff, parameters, inputs, packages"),),
        ),
        Command(
            "graph",
            "Show the stages and what lies between them.",
            _TARGETS,
            (_FORMAT,),
            examples=(("pipe graph --format dot | dot -Tsvg > graph.svg", "a picture"),),
        ),
        Command(
            "lineage",
            "Show what an artifact was made from, as recorded.",
            _ARTIFACT,
            (
                Option("down", ("--down",), "flag", "Show what was made from it instead."),
                _FORMAT._replace(
                    help="text, dot (Graphviz), mermaid (Markdown) or json; or a standard: openlineage (events, one a "
                    "line), prov (PROV-JSON), ro-crate (a folder or .zip that rebuilds it), slsa (in-toto, unsigned).",
                    choices=(*_FORMAT.choices, "openlineage", "prov", "ro-crate", "slsa"),
                ),
                Option(
                    "into",
                    ("-o", "--output"),
                    "text",
                    "Write it there; for ro-crate a new folder, or FILE.zip.",
                    "PATH",
                ),
                Option("all", ("--all",), "flag", "With slsa: a statement for each artifact above it, too."),
            ),
            details="It needs no working tree: what is shown is what the records say. A digest that several actions "
            "made shows each. `pipe rebuild TARGET` works in an unpacked ro-crate.",
            examples=(
                ("pipe lineage build/report.html", "how what lies there now came about"),
                ("pipe lineage build/report.html@20261123T023000", "how what that run made came about"),
                ("pipe lineage data/raw.csv --down", "all that was made from it"),
                (
                    "pipe lineage build/report.html --format ro-crate -o report.zip",
                    "all that it takes to make it",
                ),
                ("pipe lineage build/model.joblib --format slsa", "an in-toto statement for who signs it"),
            ),
        ),
        Command(
            "rebuild",
            "Make an artifact again from the records alone, and compare.",
            _ARTIFACT,
            (
                Option(
                    "into",
                    ("-o", "--output"),
                    "text",
                    "Put the result there; nothing may be there yet.",
                    "PATH",
                ),
                Option(
                    "from_scratch", ("--from-scratch",), "flag", "Make all that it comes from again, too."
                ),
                Option(
                    "environment",
                    ("--environment",),
                    "text",
                    "here: with the packages of this interpreter. recorded: with those it was made with (needs uv).",
                    "WHICH",
                    ("here", "recorded"),
                ),
            ),
            details="The recorded code, parameters and inputs are used, not the working tree. Exit 0 only if the "
            "result is the recorded one, 1 if it differs, 3 if a record or a raw input is gone.",
            examples=(
                ("pipe rebuild build/model.joblib", "does it come out the same?"),
                ("pipe rebuild build/report.html@20261123T023000 -o old.html", "what that run made"),
                ("pipe rebuild 3fa9c1d2 --from-scratch", "by digest, from the raw inputs"),
            ),
        ),
        Command(
            "verify",
            "Build everything from nothing elsewhere, and compare with pipeline.lock.",
            _TARGETS,
            (
                Option(
                    "skip",
                    ("--skip",),
                    "texts",
                    "Do not execute these stages: their locked outputs are used; may be repeated.",
                    "GLOB",
                ),
                Option("only", ("--only",), "flag", "Each target alone, on the locked bytes of its inputs."),
                Option(
                    "twice", ("--twice",), "flag", "Build two times and compare these; needs no lock file."
                ),
                Option(
                    "perturb",
                    ("--perturb",),
                    "flag",
                    "Vary hidden variables (time, hash seed, user, ...), too; name the one that matters.",
                ),
                Option("jobs", ("-j", "--jobs"), "number", "How many CPUs to use; all without.", "N"),
                Option("junit", ("--junit",), "text", "Write a report in JUnit's form, too.", "FILE"),
            ),
            details="identical: the same bytes. equivalent: within what the output's `compare` allows. recorded: not "
            "executed, since it is skipped, `always` or `frozen`. All else is exit 1. Nothing of the project changes; "
            "what was found out about results stands in `pipe lineage`.",
            examples=(
                ("pipe verify", "can everything be made again, with the same result?"),
                ("pipe verify report --skip 'train@*'", "but for what takes hours"),
                ("pipe verify --only train", "one stage, on the inputs that it had"),
                ("pipe verify --twice", "which stages give something else each time?"),
                ("pipe verify --perturb", "on what does each result depend that nobody declared?"),
                ("pipe verify --junit verify.xml", "in CI"),
            ),
        ),
        *about_runs.COMMANDS,
        Command(
            "init",
            "Begin a new project that runs at once.",
            Argument("into", "DIR", "Where; here without."),
            examples=(("pipe init try && pipe run -C try", "a project to play with"),),
        ),
        Command(
            "schema",
            "Print the JSON Schema of pipeline.yaml, for editors.",
            examples=(("pipe schema > .pipe/schema.json", "then name it in your editor's settings"),),
        ),
        Command(
            "shell",
            "Open a shell in a stage's folder, with exactly its environment.",
            _STAGE,
            details="It is the folder of the stage's last failure, or else a fresh one.",
            examples=(("pipe shell train", "look at what it saw"),),
        ),
        Command(
            "logs",
            "Print a stage's latest log.",
            _STAGE,
            (Option("follow", ("-f", "--follow"), "flag", "Go on until the run ends."),),
            examples=(("pipe logs -f train", "watch it"),),
        ),
        Command(
            "doctor",
            "Say what this machine can enforce, and why not more.",
            details="L2: namespaces. L1: Landlock. L0: a folder and an environment of its own, nothing more.",
            examples=(("pipe doctor", "before you trust a cache that others fill"),),
        ),
        Command(
            "clean",
            "Remove files that pipe made and that no stage declares any more.",
            None,
            (about_runs.DRY_RUN,),
            examples=(("pipe clean -n", "name them"),),
        ),
        Command(
            "gc",
            "Remove bytes that can be made again and that nobody needs.",
            None,
            (
                Option("keep_runs", ("--keep-runs",), "number", "Keep what the last N runs made.", "N"),
                Option("max_size", ("--max-size",), "text", "Stop when the store is no larger.", "SIZE"),
                about_runs.DRY_RUN,
                Option("prove", ("--prove",), "flag", "Execute once more what was executed only once."),
                Option("unproven", ("--unproven",), "flag", "Remove what was executed only once, too."),
            ),
            details="Only outputs go, and only those of actions that were executed twice with the same result. What a "
            "lock file of any checkout, a tagged run or a running pipe needs stays, and so do sources, records, raw "
            "inputs and the outputs of stages that ask the outside world. What went is made again when it is needed.",
            examples=(
                ("pipe gc -n", "what would go, and what proofs would cost"),
                ("pipe gc --keep-runs 5 --max-size 20GiB", "as much as is needed, the cheapest first"),
            ),
        ),
        Command(
            "fsck",
            "Re-read every object and record of the store.",
            None,
            (
                Option("repair", ("--repair",), "flag", "Put right what can be put right."),
                Option("jobs", ("-j", "--jobs"), "number", "How many files to read at a time.", "N"),
            ),
            details="What is damaged is put aside, and then taken from the working tree or made again. "
            "Exit 1 if anything is wrong, with --repair if anything stays so.",
            examples=(
                ("pipe fsck", "is all as it was written?"),
                ("pipe fsck --repair -v", "and say what was done"),
            ),
        ),
    )
}

EXIT_CODES = (
    (0, "done"),
    (1, "a stage failed, or a check found something"),
    (2, "a mistake in the command line, pipeline.yaml or the parameters"),
    (3, "the store is damaged or cannot be written, or a record is gone"),
    (70, "a bug in pipe"),
    (130, "interrupted"),
)


def defaults(command: Command) -> dict[str, Any]:
    """Return the value of everything that was not given."""
    values: dict[str, Any] = {option.name: default(option) for option in (*COMMON, *command.options)}
    if command.argument is not None:
        values[command.argument.name] = () if command.argument.many else None
    return values


def default(option: Option) -> Any:
    """Return an option's value when it is not given."""
    if option.choices:
        return option.choices[0]
    return {"flag": False, "text": None, "number": None, "texts": ()}[option.kind]


def overview() -> str:
    """Write the short help."""
    columns = max(len(name) for name in COMMANDS) + 3
    out = ["Usage: pipe COMMAND [OPTIONS] [TARGET]...", ""]
    out += [f"  {command.name:<{columns}}{command.summary}" for command in COMMANDS.values()]
    return "\n".join(
        [*out, "", "`pipe COMMAND --help` has options and examples; `pipe init` begins a project."]
    )
