"""The table of accesses that a stage does not declare: how it is tried, what becomes of it, which file is named.

In the code of a row `ROOT` is the project's folder, `PID` the process that runs `pipe`, and `PORT` a port of the
machine on which somebody answers. What the code returns is written into the stage's output.
"""

from typing import NamedTuple

HIDDEN = "data/hidden.csv"


class Access(NamedTuple):
    name: str
    code: str
    """The body of a function."""
    outcome: str
    """`refused`: the stage fails. `absent`: to the stage it is not there, and it goes on."""
    names: str = ""
    """What the message must hold: the path."""
    line: str = ""
    """The name in the line to paste, `NAME: path`; empty where none is given."""
    sees: str = ""
    """What the output of a stage that succeeds must hold."""
    cmd: str = ""
    """In place of `code`: a shell command."""
    level: str = "L1"
    """The level of isolation that it takes."""


def read(name: str, code: str = "", *, cmd: str = "", names: str = HIDDEN, line: str | None = None) -> Access:
    """A read that fails, with a line to paste unless `line` is empty."""
    stem = names.rpartition("/")[2].partition(".")[0]
    return Access(name, code, "refused", names, stem if line is None else line, cmd=cmd)


READS = [
    read("open, by a relative path", "return open('data/hidden.csv').read()"),
    read("open, by an absolute path", "return open(f'{ROOT}/data/hidden.csv').read()"),
    read("open, by a path with ..", "return open('data/../data/hidden.csv').read()"),
    read(
        "open, by a path with .. that leaves the folder",
        "return open(f'{ROOT}/src/../data/hidden.csv').read()",
    ),
    read("pathlib", "from pathlib import Path\nreturn Path('data', 'hidden.csv').read_text()"),
    read("os.open", "import os\nreturn os.read(os.open('data/hidden.csv', os.O_RDONLY), 10).decode()"),
    read(
        "os.open beside a folder that was opened",
        "import os\nat = os.open('data', os.O_RDONLY)\nreturn os.read(os.open('hidden.csv', os.O_RDONLY, dir_fd=at), 10).decode()",
        names="data/hidden.csv",
    ),
    read(
        "mmap", "import mmap, os\nreturn mmap.mmap(os.open('data/hidden.csv', os.O_RDONLY), 0)[:3].decode()"
    ),
    read("os.stat", "import os\nreturn str(os.stat('data/hidden.csv').st_size)"),
    read("os.path.getsize", "import os\nreturn str(os.path.getsize('data/hidden.csv'))"),
    read("shutil.copy", "import shutil\nshutil.copy('data/hidden.csv', 'copy.csv')\nreturn ''"),
    read("a hard link", "import os\nos.link('data/hidden.csv', 'link.csv')\nreturn ''"),
    read(
        "a symlink of its own that leads there",
        "import os\nos.symlink(f'{ROOT}/data/hidden.csv', os.environ['TMPDIR'] + '/l')\nreturn open(os.environ['TMPDIR'] + '/l').read()",
    ),
    read("a folder", "import os\nreturn str(os.listdir('other'))", names="other"),
    read("numpy", "import numpy\nreturn str(numpy.loadtxt('data/hidden.csv', skiprows=1, delimiter=','))"),
    read("pyarrow, in C++", "import pyarrow.csv\nreturn str(pyarrow.csv.read_csv('data/hidden.csv'))"),
    read(
        "pyarrow, memory-mapped", "import pyarrow\nreturn str(pyarrow.memory_map('data/hidden.csv').read())"
    ),
    read("polars, in Rust", "import polars\nreturn str(polars.read_csv('data/hidden.csv'))"),
    read(
        "SQLite",
        "import sqlite3\nreturn str(sqlite3.connect('file:data/hidden.db?mode=ro', uri=True).execute('select 1 from t').fetchall())",
        names="data/hidden.db",
    ),
    read(
        "a child process",
        "import subprocess\nreturn subprocess.run(['cat', 'data/hidden.csv'], check=True, stdout=-1).stdout.decode()",
    ),
    read("a shell in a child process", "import os\nassert os.system('cat data/hidden.csv') == 0\nreturn ''"),
    read(
        "a process of multiprocessing",
        "import multiprocessing\nwith multiprocessing.Pool(1) as pool:\n    return pool.apply(open, ['data/hidden.csv']).read()",
    ),
    read(
        "a thread",
        "import concurrent.futures as c\nwith c.ThreadPoolExecutor() as pool:\n    return pool.submit(open, 'data/hidden.csv').result().read()",
    ),
    read("cat, in a command", cmd="cat data/hidden.csv > ${outputs.out}"),
    read("a redirection, in a command", cmd="wc -c < data/hidden.csv > ${outputs.out}"),
    read(
        "a script of the project that is named nowhere",
        "import subprocess, sys\nreturn subprocess.run([sys.executable, 'scripts/' + 'hidden.py'], check=True, stdout=-1).stdout.decode()",
        names="scripts/hidden.py",
    ),
    read(
        "an executable of the project",
        "import subprocess\nreturn subprocess.run(['./scripts/' + 'hidden.sh'], check=True, stdout=-1).stdout.decode()",
        names="scripts/hidden.sh",
    ),
    read("/proc/self/root", "return open(f'/proc/self/root{ROOT}/data/hidden.csv').read()"),
    read("/proc/PID/cwd of pipe", "return open(f'/proc/{PID}/cwd/data/hidden.csv').read()"),
    read("/proc/PID/root of pipe", "return open(f'/proc/{PID}/root{ROOT}/data/hidden.csv').read()"),
    # What is not of the project has no line to paste.
    read(
        "the store",
        "import os\nreturn str(os.listdir(f'{ROOT}/.pipe/store/objects'))",
        names=".pipe/store/objects",
        line="",
    ),
    read("a secret of the system", "return open('/etc/shadow').read()", names="/etc/shadow", line=""),
]

HIDDEN_READS = [
    Access(
        "a read whose failure the stage hides",
        "try:\n    return open('data/hidden.csv').read()\nexcept OSError:\n    return 'nothing'",
        "absent",
        sees="nothing",
    ),
    Access("exists", "import os\nreturn str(os.path.exists('data/hidden.csv'))", "absent", sees="False"),
    Access(
        "exists, by an absolute path",
        "import os\nreturn str(os.path.exists(f'{ROOT}/data/hidden.csv'))",
        "absent",
        sees="False",
        level="L2",
    ),
    Access(
        "a glob", "import glob\nreturn str(sorted(glob.glob('data/*')))", "absent", sees="['data/in.txt']"
    ),
    Access("a listing", "import os\nreturn str(sorted(os.listdir('data')))", "absent", sees="['in.txt']"),
    Access(
        "a walk of everything",
        "import os\nreturn str('hidden.csv' in str(list(os.walk('.'))))",
        "absent",
        sees="False",
    ),
    Access("find, in a command", "", "absent", sees="data/in.txt", cmd="find data -type f > ${outputs.out}"),
    Access(
        "an undeclared variable",
        "import os\nreturn str(os.environ.get('SOUND_HIDDEN'))",
        "absent",
        sees="None",
    ),
    Access(
        "the user's home",
        "import os\nreturn str(os.path.exists(os.path.expanduser('~/.sound-hidden')))",
        "absent",
        sees="False",
    ),
]

WRITES = [
    Access(
        "writing beside the outputs",
        "open('stray.txt', 'w').write('x')\nreturn ''",
        "refused",
        "stray.txt",
        "stray",
    ),
    Access(
        "writing beside the outputs, in their folder",
        "open('out/stray.txt', 'w').write('x')\nreturn ''",
        "refused",
        "out/stray.txt",
        "stray",
    ),
    Access(
        "writing into the project by an absolute path",
        "open(f'{ROOT}/stray.txt', 'w').write('x')\nreturn ''",
        "refused",
        "stray.txt",
    ),
    Access("writing an input", "open('data/in.txt', 'w').write('x')\nreturn ''", "refused", "data/in.txt"),
    Access("removing an input", "import os\nos.remove('data/in.txt')\nreturn ''", "refused", "data/in.txt"),
    Access(
        "the permissions of an input",
        "import os\nos.chmod('data/in.txt', 0o777)\nopen('data/in.txt', 'w')\nreturn ''",
        "refused",
        "data/in.txt",
    ),
    Access("writing into the system", "open('/usr/stray.txt', 'w').write('x')\nreturn ''", "refused"),
    Access(
        "writing into the store", "open(f'{ROOT}/.pipe/store/stray', 'w').write('x')\nreturn ''", "refused"
    ),
]

OTHERS = [
    Access(
        "the network, by TCP",
        "import socket\nsocket.create_connection(('127.0.0.1', PORT), 2)\nreturn 'there'",
        "refused",
    ),
    Access(
        "the network, by UDP",
        "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\ns.sendto(b'x', ('192.0.2.1', 9))\nreturn 'there'",
        "refused",
        level="L2",
    ),
    Access(
        "a Unix socket of others",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(SOCKET)\nreturn 'there'",
        "refused",
        level="L2",
    ),
    Access(
        "an abstract Unix socket of others",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(chr(0) + ABSTRACT)\nreturn 'there'",
        "refused",
        level="L2",
    ),
    Access(
        "the shared memory of others",
        "import os\nreturn str([n for n in os.listdir('/dev/shm') if n == SHARED])",
        "absent",
        sees="[]",
        level="L2",
    ),
    Access(
        "the processes of others",
        "import os\nreturn str(os.path.exists(f'/proc/{PID}/cmdline') and 'pytest' in open(f'/proc/{PID}/cmdline').read())",
        "absent",
        sees="False",
        level="L2",
    ),
]

ACCESSES = [*READS, *HIDDEN_READS, *WRITES, *OTHERS]
