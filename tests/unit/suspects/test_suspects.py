"""The finger: which line is accused for which hidden variable, and what must not be accused. No process is started."""

from textwrap import dedent

import pytest

from pipeline import suspects
from pipeline.suspects import rank
from pipeline.suspects.rows import ROWS

CULPRITS = suspects.values.words(
    "repetition hash-seed time timezone locale folder host user umask listing cpus blas pid tmp environment"
)

ACCUSED = {
    "a set display, through a variable": (
        "hash-seed",
        """
        def f(words):
            found = {w for w in words}
            return list(found)  # accused
        """,
    ),
    "the result of a set operator": (
        "hash-seed",
        """
        def f(a, b):
            for word in set(a) - set(b):  # accused
                print(word, file=a)
        """,
    ),
    "what two dicts have in common": (
        "hash-seed",
        "def f(a: dict, b: dict):\n    return ','.join(a.keys() & b.keys())  # accused\n",
    ),
    "a parameter annotated as a set": (
        "hash-seed",
        "def f(names: set[str], out):\n    out.writelines(names)  # accused\n",
    ),
    "a set of texts that are made longer": (
        "hash-seed",
        "def f(a):\n    return list({w * 2 for w in a}) + list(set(map()))  # accused\n",
    ),
    "a set in an f-string": ("hash-seed", "def f(a):\n    s = set(a)\n    return f'{s}'  # accused\n"),
    "the first of a set": (
        "hash-seed",
        "def f(a):\n    s = frozenset(a)\n    return next(iter(s))  # accused\n",
    ),
    "the keys of a dict made of a set": (
        "hash-seed",
        "def f(a):\n    d = dict.fromkeys(set(a))  # accused\n    return list(d)\n",
    ),
    "a set in a pickle inside a dict": (
        "hash-seed",
        "import pickle\ndef f(a):\n    return pickle.dumps({'words': set(a)})  # accused\n",
    ),
    "a set into a Series": (
        "hash-seed",
        "import pandas as pd\ndef f(a):\n    return pd.Series(list(set(a)))  # accused\n",
    ),
    "the clock under another name": (
        "time",
        "from time import time as now\ndef f():\n    return now()  # accused\n",
    ),
    "the clock in a variable": (
        "time",
        "import time\nclock = time.time  # accused\ndef f():\n    return clock()\n",
    ),
    "the clock given as a value": (
        "time",
        "import time\nfrom dataclasses import field\nmade = field(default_factory=time.time)  # accused\n",
    ),
    "datetime by its module": (
        "time",
        "import datetime as dt\ndef f():\n    return dt.datetime.now(dt.UTC)  # accused\n",
    ),
    "a zip archive": (
        "time",
        "import zipfile\ndef f(p):\n    with zipfile.ZipFile(p, 'w') as z:\n        z.write('a')  # accused\n",
    ),
    "a zone that is not named": (
        "timezone",
        "from datetime import datetime\ndef f(s):\n    return datetime.fromtimestamp(s)  # accused\n",
    ),
    "a day's name": ("locale", "def f(day):\n    return day.strftime('%A')  # accused\n"),
    "text without an encoding": ("locale", "def f(p):\n    return open(p).read()  # accused\n"),
    "the module's own file": ("folder", "from pathlib import Path\nHERE = Path(__file__)  # accused\n"),
    "a path made absolute": (
        "folder",
        "from pathlib import Path\ndef f(p: Path):\n    return str(p.resolve())  # accused\n",
    ),
    "the machine's name": (
        "host",
        "import platform\ndef f():\n    return platform.uname().node  # accused\n",
    ),
    "the home folder's variable": ("user", "from os import environ\nHOME = environ['HOME']  # accused\n"),
    "the home folder's variable, asked for": ("user", "import os\nHOME = os.getenv('HOME')  # accused\n"),
    "a mode": ("umask", "import os\ndef f(p):\n    return os.stat(p).st_mode  # accused\n"),
    "a listing": ("listing", "import os\ndef f(p):\n    return [n for n in os.listdir(p)]  # accused\n"),
    "a listing of a path": (
        "listing",
        """
        def f(folder):
            out = []
            for path in folder.iterdir():  # accused
                out.append(path.name)
            return out
        """,
    ),
    "all processors": (
        "cpus",
        "from sklearn.cluster import KMeans\nmodel = Model(n_jobs=-1)  # accused\n",
    ),
    "a matrix product": ("blas", "def f(a, b):\n    return a @ b  # accused\n"),
    "a linear system": (
        "blas",
        "from numpy.linalg import solve\ndef f(a, b):\n    return solve(a, b)  # accused\n",
    ),
    "the process": ("pid", "import os\ndef f():\n    return f'run-{os.getpid()}'  # accused\n"),
    "a temporary name": ("tmp", "import tempfile\ndef f():\n    return tempfile.mkdtemp()  # accused\n"),
    "all variables": ("environment", "import os\ndef f():\n    return dict(os.environ)  # accused\n"),
    "a generator without a seed": (
        "repetition",
        "import numpy as np\ndef f():\n    return np.random.default_rng().normal()  # accused\n",
    ),
    "a generator with no seed for a seed": (
        "repetition",
        "import numpy as np\nrng = np.random.default_rng(None)  # accused\n",
    ),
    "a generator kept by an object": (
        "repetition",
        """
        from random import Random
        class Draws:
            def __init__(self):
                self.random = Random()  # accused
        """,
    ),
    "an address": (
        "repetition",
        "class P:\n    pass\ndef f():\n    p = P()\n    return repr(p)  # accused\n",
    ),
    "threads as they come": (
        "repetition",
        "from multiprocessing import Pool\ndef f(p: Pool):\n    return list(p.imap_unordered(f, []))  # accused\n",
    ),
    "an SVG": ("repetition", "def f(figure):\n    figure.savefig('plot.svg')  # accused\n"),
    "a query that draws": (
        "repetition",
        """
        QUERY = '''
            SELECT name FROM planes
            ORDER BY random()
        '''
        def f(db):
            return db.execute(QUERY)
        """.replace("random()\n", "random()  -- # accused\n"),
    ),
    "a program that is started": (
        "host",
        "import subprocess\ndef f():\n    return subprocess.check_output(['hostname', '-f'])  # accused\n",
    ),
}

INNOCENT = {
    "a sorted set": ("hash-seed", "def f(a):\n    s = set(a)\n    return sorted(s), ','.join(sorted(s))\n"),
    "how many a set has, and whether": (
        "hash-seed",
        "def f(a, b):\n    s = set(a)\n    return len(s), b in s, max(s), any(x for x in s), s <= set(b)\n",
    ),
    "a set that makes a set": ("hash-seed", "def f(a):\n    s = {x for x in set(a)}\n    return sorted(s)\n"),
    "a list of a set that is sorted later": (
        "hash-seed",
        "def f(a):\n    names = list(set(a))\n    names.sort()\n    return names\n",
    ),
    "a loop that only collects": (
        "hash-seed",
        """
        def f(a):
            seen = set()
            count = 0
            for x in set(a):
                if x:
                    seen.add(x)
                count += 1
            return sorted(seen), count
        """,
    ),
    "a loop that fills a list which is sorted": (
        "hash-seed",
        """
        def f(a):
            out = []
            for x in set(a):
                out.append(x)
            return sorted(out)
        """,
    ),
    "a set of numbers": ("hash-seed", "def f(a):\n    return list({1, 2}), list(set(map(len, a)))\n"),
    "a dict with sorted keys": (
        "hash-seed",
        "import json\ndef f(a):\n    return json.dumps({k: 1 for k in set(a)}, sort_keys=True)\n",
    ),
    "a function of the same name": (
        "hash-seed",
        "from .own import hash\ndef set(a):\n    return a\ndef f(a):\n    return list(set(a)), hash(a)\n",
    ),
    "a sorted listing": (
        "listing",
        "import os\ndef f(p):\n    for n in sorted(os.listdir(p)):\n        g(n)\n",
    ),
    "a listing sorted later": (
        "listing",
        "def f(p):\n    names = [x.name for x in p.glob('*')]\n    names.sort()\n    return names\n",
    ),
    "how many files there are": ("listing", "import os\ndef f(p):\n    return len(os.listdir(p))\n"),
    "a walk through a tree of syntax": ("listing", "import ast\ndef f(t):\n    return list(ast.walk(t))\n"),
    "a group of a match": ("user", "import re\ndef f(t):\n    return re.match('a', t).group()\n"),
    "a table by address": ("pid", "def f(a, seen):\n    return id(a) in seen or seen[id(a)] == id(a)\n"),
    "a docstring about a database": ("repetition", 'def f():\n    """Run `SELECT random()`."""\n'),
    "gzip that is read": ("time", "import gzip\ndef f(p):\n    return gzip.GzipFile(p).read()\n"),
    "a seeded generator": (
        "repetition",
        "import random\nimport numpy as np\na = np.random.default_rng(3)\nb = random.Random('x')\n",
    ),
    "the clock that only the log sees": (
        "time",
        """
        import logging, time
        log = logging.getLogger(__name__)
        def f():
            start = time.time()
            print("started at", start)
            log.info("took %s", time.time() - start)
        """,
    ),
    "a zone that is named": (
        "timezone",
        "from datetime import datetime, UTC\ndef f(s):\n    return datetime.fromtimestamp(s, tz=UTC)\n",
    ),
    "gzip with its time": (
        "time",
        "import gzip\ndef f(d):\n    return gzip.compress(d, mtime=0), gzip.open(d, 'rb')\n",
    ),
    "bytes, and text with an encoding": (
        "locale",
        "def f(p):\n    return open(p, 'rb').read(), open(p, encoding='utf-8').read()\n",
    ),
    "an object with a text": (
        "repetition",
        "class P:\n    def __repr__(self):\n        return 'P'\ndef f():\n    return str(P())\n",
    ),
    "a parameter named like a module": ("time", "def f(time):\n    return time.time\n"),
    "an own function named like the clock": (
        "time",
        "from .clock import time\ndef f():\n    return time()\n",
    ),
    "results in the order of their asking": (
        "repetition",
        "from joblib import Parallel, delayed\ndef f(a):\n    return Parallel(2)(delayed(abs)(x) for x in a)\n",
    ),
}

SHELL_ACCUSED = [
    ("time", "date > out  # accused"),
    ("time", "gzip words.txt  # accused"),
    ("time", "tar czf out.tgz folder  # accused"),
    ("time", 'python -c "import time; print(time.time())" > out  # accused'),
    ("repetition", "echo $RANDOM > out  # accused"),
    ("repetition", "n=$((RANDOM % 6))  # accused"),
    ("repetition", "head -c 8 /dev/urandom > out  # accused"),
    ("repetition", "python - > out <<'EOF'\nimport uuid\nprint(uuid.uuid4())  # accused\nEOF\nsort out"),
    ("locale", "set -e\nsort in > out  # accused"),
    ("folder", 'echo "$PWD" > out  # accused'),
    ("host", 'x=1\necho "on $(hostname -f)" \\\n  > out  # accused'),
    ("user", "echo by $USER  # accused"),
    ("host", "awk '\n  # it\n  { print }\n' in > out\nhostname > out  # accused"),
    ("listing", "for f in $(find . -name '*.txt'); do cat $f; done  # accused"),
    ("cpus", "make -j$(nproc)  # accused"),
    ("pid", "echo $$ > out  # accused"),
    ("tmp", "t=$(mktemp)  # accused"),
    ("environment", "env | grep X > out  # accused"),
]

SHELL_INNOCENT = [
    ("locale", "LC_ALL=C sort in > out"),
    ("locale", "export LC_ALL=C\nsort in > out"),
    ("time", "# by date\ncat update.txt > date.txt"),
    ("time", "gzip -nc words.txt > out"),
    ("time", "tar --sort=name --mtime=@0 -cf - x > out"),
    ("timezone", "date -u -d @0 > out"),
    ("repetition", "echo '$RANDOM' > out"),
    ("repetition", "shuf --random-source=seed in > out"),
    ("listing", "find . -type f | LC_ALL=C sort > out"),
    ("environment", "env LANG=C awk '{ print }' in > out"),
    ("pid", "cat <<'EOF' > out\n$$ is the process\nEOF"),
]


def marked(text):
    """Return the number of the line to be accused; of lines that belong together the first."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if "# accused" in line)


def look(text, culprit, **more):
    return suspects.of({"stages/code.py": text}, culprit, entry="stages.code:f", **more)


@pytest.mark.parametrize("name", ACCUSED)
def test_the_line_is_accused_with_a_remedy(name):
    culprit, text = ACCUSED[name]
    text = dedent(text).lstrip()
    found = look(text, culprit)
    assert found, "nobody is accused"
    first = found[0]
    assert (first.path, first.line) == ("stages/code.py", marked(text))
    assert first.text == text.splitlines()[first.line - 1].strip()
    assert first.why and first.remedy


@pytest.mark.parametrize("name", INNOCENT)
def test_an_innocent_line_is_not_accused(name):
    culprit, text = INNOCENT[name]
    assert look(dedent(text).lstrip(), culprit) == ()


@pytest.mark.parametrize(("culprit", "text"), SHELL_ACCUSED)
def test_the_line_of_a_command_is_accused(culprit, text):
    found = suspects.of({}, culprit, command=suspects.Script(text, "pipeline.yaml", 10))
    assert found, "nobody is accused"
    at = marked(text)
    if text.splitlines()[at - 2].endswith("\\"):
        at -= 1
    assert (found[0].path, found[0].line) == ("pipeline.yaml", at + 9)


@pytest.mark.parametrize(("culprit", "text"), SHELL_INNOCENT)
def test_an_innocent_command_is_not_accused(culprit, text):
    assert suspects.of({}, culprit, command=suspects.Script(text)) == ()


def test_what_a_command_prints_is_a_result():
    text = "import time\nprint(time.time())\n"
    assert look(text, "time") == ()
    assert suspects.of({"x.py": text}, "time", command=suspects.Script("python x.py > out"))


def test_a_set_that_another_file_returns_is_known():
    sources = {
        "stages/a.py": "from lib.words import vocabulary\ndef f(t):\n    return list(vocabulary(t))\n",
        "lib/words.py": "def vocabulary(text):\n    return set(text.split())\n",
    }
    (found,) = suspects.of(sources, "hash-seed", entry="stages.a:f")
    assert (found.path, found.line) == ("stages/a.py", 3)


def test_a_set_that_a_stage_returns_is_accused_of_the_entry_alone():
    text = "def f(t):\n    return g(t)\ndef g(t):\n    return {'words': set(t)}\n"
    assert look(text, "hash-seed") == ()
    assert [s.line for s in suspects.of({"stages/code.py": text}, "hash-seed", entry="stages.code:g")] == [4]


def test_a_script_of_the_project_is_read():
    found = suspects.of({"run.sh": "#!/bin/sh\n\nhostname > out\n"}, "host")
    assert [(s.path, s.line, s.text) for s in found] == [("run.sh", 3, "hostname > out")]


def test_at_most_three_are_named_the_surest_first():
    text = "import time, uuid, os\n" + "a = time.perf_counter()\n" * 3 + "b = os.urandom(3)\n" * 4
    found = look(text, "repetition")
    assert [suspect.line for suspect in found] == [5, 6, 7]


def test_a_line_that_writes_what_differs_comes_first():
    text = "import time\ndef f(a, b):\n    a['begun'] = time.time()\n    b['ended'] = time.time()\n"
    assert [suspect.line for suspect in look(text, "time")] == [3, 4]
    found = look(text, "time", difference="$.ended: 1.5 -> 2.5")
    assert [suspect.line for suspect in found] == [4, 3]


def test_what_cannot_be_read_accuses_nobody():
    sources = {"a.py": "def f(:\n", "b.txt": "hostname", "c.py": "import socket\nsocket.gethostname()\n"}
    assert [suspect.path for suspect in suspects.of(sources, "host")] == ["c.py"]


def test_a_name_that_is_set_to_itself_again_and_again_takes_no_longer():
    text = (
        "import socket\ndef f(x):\n"
        + "    x = x.a(x) | set(x.b)\n" * 300
        + "    return socket.gethostname()\n"
    )
    assert [suspect.line for suspect in look(text, "host")] == [303]


def test_a_quotation_that_never_ends_takes_no_longer():
    text = "hostname > out\necho 'it\n" + "one more line\n" * 20_000
    found = suspects.of({}, "host", command=suspects.Script(text))
    assert [suspect.line for suspect in found] == [1]


def test_each_row_of_the_table_is_about_variables_that_there_are():
    for row in ROWS:
        assert set(row.culprits.split()) <= CULPRITS, row
        assert 1 <= row.sure <= 9 and row.why and row.remedy, row
        assert rank._patterns(row.sights), row
    assert {culprit for row in ROWS for culprit in row.culprits.split()} == CULPRITS
