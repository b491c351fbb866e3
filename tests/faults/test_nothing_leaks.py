"""What a stage finds when it starts is the same whatever ran before it, here or in another process."""

import json
import os
import uuid
from pathlib import Path

import pytest

from pipeline.execute.sandbox import LEVELS, probe

SHARED = {"L0": {"files in /dev/shm", "files in /tmp"}, "L1": {"files in /dev/shm"}, "L2": set()}
"""What only namespaces keep apart: below L2 a stage sees what another left there, and what anybody did."""

NOT_TO_BE_CHANGED = {
    "encoding",
    "hash",
    "order of a set",
    "session",
    "group",
    "names of folders",
    "alarm",
} | {"processors"}
"""What the polluting stage cannot change, or had better not. All else it does: the test would see nothing otherwise."""

FORTH = """
stages:
  before: {run: "stages.leak:look", outputs: {out: build/before.json}}
  pollute: {run: "stages.leak:pollute", inputs: {first: build/before.json}, outputs: {out: build/pollute.json}}
  after: {run: "stages.leak:look", inputs: {first: build/pollute.json}, outputs: {out: build/after.json}}
"""
BACK = """
stages:
  pollute: {run: "stages.leak:pollute", outputs: {out: build/pollute.json}}
  before: {run: "stages.leak:look", inputs: {first: build/pollute.json}, outputs: {out: build/before.json}}
"""

LEAK = """
import atexit, builtins, decimal, gc, json, locale, logging, multiprocessing, os, pathlib, random, resource, signal
import socket, sys, threading, time, warnings
from pathlib import Path

import numpy
import pandas

STATE = []
SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
OWN = ("HOME", "TMPDIR")
OF_THE_FOLDER = (*OWN, "PIPE_CONTEXT")


def listed(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        return type(error).__name__


def limits():
    names = sorted(name for name in vars(resource) if name.startswith("RLIMIT_"))
    return {name: resource.getrlimit(getattr(resource, name)) for name in names}


def open_files():
    found = []
    for number in sorted(map(int, os.listdir("/proc/self/fd"))):
        try:
            what = os.readlink(f"/proc/self/fd/{number}").split(":")[0]
            found.append([number, "a log" if what.endswith((".log", "/log")) else what])
        except OSError:
            continue  # the listing's own
    return [item for item in found if "/fd" not in item[1]]


def seen():
    umask = os.umask(0)
    os.umask(umask)
    return {
        "state of a module": STATE,
        "built-ins": sorted(vars(builtins)),
        "modules": "leaked" in sys.modules,
        "functions of others": [json.dumps.__module__, Path.exists.__name__, os.getcwd.__name__],
        "numpy": [hasattr(numpy, "leaked"), numpy.geterr()],
        "pandas": pandas.get_option("display.max_rows"),
        "random": random.random(),
        "numpy.random": float(numpy.random.rand()),
        "variables": {name: value for name, value in sorted(os.environ.items()) if name not in OF_THE_FOLDER},
        "names of folders": [os.path.basename(os.environ[name]) for name in OWN],
        "folder": os.path.basename(os.getcwd()),
        "umask": umask,
        "signals": [str(signal.getsignal(number)).split(" at ")[0] for number in SIGNALS],
        "signals held back": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "alarm": signal.getitimer(signal.ITIMER_REAL),
        "threads": threading.active_count(),
        "children": len(multiprocessing.active_children()),
        "files in /dev/shm": listed("/dev/shm"),
        "files in /tmp": listed("/tmp"),
        "files in HOME": listed(os.environ["HOME"]),
        "files in TMPDIR": listed(os.environ["TMPDIR"]),
        "open files": open_files(),
        "locale": [locale.setlocale(locale.LC_ALL), locale.getpreferredencoding(), time.tzname],
        "warnings": [repr(item) for item in warnings.filters],
        "logging": [logging.root.level, len(logging.root.handlers), sorted(logging.root.manager.loggerDict)],
        "limits": limits(),
        "import path": [path.replace(os.getcwd(), ".") for path in sys.path],
        "at exit": atexit._ncallbacks(),
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "processors": len(os.sched_getaffinity(0)),
        "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_debug()],
        "interpreter": [sys.getrecursionlimit(), sys.getswitchinterval(), sys.gettrace() is None, sys.argv],
        "decimal": str(decimal.getcontext()),
        "sockets": socket.getdefaulttimeout(),
        "order of a set": list({"a", "b", "c", "dd", "ee", "fff"}),
        "hash": hash("text"),
        "hooks": [sys.excepthook.__name__, sys.displayhook.__name__, len(sys.meta_path), len(sys.path_hooks)],
        "encoding": [sys.stdout.encoding, sys.getfilesystemencoding(), sys.stdin.read()],
        "session": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
        "group": sorted(os.getgroups()),
    }


def look(out: Path, first=None):
    out.write_text(json.dumps(seen(), default=str, sort_keys=True))


def quietly(do, *arguments):
    try:
        return do(*arguments)
    except OSError:
        return None


def pollute(out: Path, first=None):
    out = out.absolute()
    dumps = json.dumps
    before = json.loads(dumps(seen(), default=str))
    STATE.append(1)
    builtins.leaked = 1
    sys.modules["leaked"] = sys
    json.dumps = lambda *_, **__: "leaked"
    pathlib.Path.exists = lambda self: True
    numpy.leaked = 1
    numpy.seterr(all="raise")
    pandas.set_option("display.max_rows", 7)
    random.seed(99)
    numpy.random.seed(99)
    os.environ["LEAKED"] = os.environ["LANG"] = "1"
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    folders = [os.environ[name] for name in OWN]
    for folder in ("/dev/shm", "/tmp", *folders):
        quietly(Path(folder, "leaked-MARK-" + str(os.getpid())).write_text, "leaked")
    os.chdir("/")
    os.umask(0o077)
    for number in SIGNALS:
        if number not in (signal.SIGCHLD, signal.SIGTERM):
            quietly(signal.signal, number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGUSR2])
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,), daemon=True).start()
    os.dup2(os.open("/dev/null", os.O_RDWR), 77)
    os.set_inheritable(77, True)
    locale.setlocale(locale.LC_ALL, "C")
    warnings.simplefilter("error")
    logging.basicConfig(level=logging.DEBUG)
    logging.getLogger("leaked")
    resource.setrlimit(resource.RLIMIT_NOFILE, (50, 100))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, "/leaked")
    sys.meta_path.append(type("Finder", (), {"find_spec": lambda *_: None}))
    atexit.register(lambda: None)
    os.nice(5)
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    gc.disable()
    gc.set_threshold(1)
    sys.setrecursionlimit(4321)
    sys.setswitchinterval(0.5)
    decimal.getcontext().prec = 3
    socket.setdefaulttimeout(3)
    sys.excepthook = sys.displayhook = print
    sys.argv[:] = ["leaked"]
    with open(out, "w") as file:
        file.write(dumps([before, seen()], default=str, sort_keys=True))
"""


@pytest.fixture(params=LEVELS)
def level(request, tmp_path):
    possible = probe.level(str(tmp_path))[0]
    if LEVELS.index(request.param) > LEVELS.index(possible):
        pytest.skip(f"this machine has no {request.param}")
    return request.param


def left_behind(mark):
    return [path for folder in ("/dev/shm", "/tmp") for path in Path(folder).glob(f"leaked-{mark}-*")]


@pytest.fixture
def mark():
    """A text by which what a stage leaves in the folders that all share can be told, and removed."""
    made = uuid.uuid4().hex
    yield made
    for path in left_behind(made):
        path.unlink()


def found_by(project, stage):
    return json.loads(project.read(f"build/{stage}.json"))


def differences(before, found):
    return {name: (before[name], value) for name, value in found.items() if value != before[name]}


def test_a_stage_finds_the_same_whatever_ran_before_it(project, level, mark):
    project.write("stages/leak.py", LEAK.replace("MARK", mark))
    project.write("pipeline.yaml", FORTH)
    user = {"LEAKED_BY_USER": "1", "LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    old = os.umask(0o077)
    try:
        project.run("-j1", PIPE_ISOLATION=level, **user)
    finally:
        os.umask(old)
    before = found_by(project, "before")
    during, polluted = found_by(project, "pollute")
    refused = {"files in /tmp"} if level == "L1" else set()
    assert differences(before, polluted).keys() >= before.keys() - NOT_TO_BE_CHANGED - refused
    later = {"during": during, "after": found_by(project, "after")}
    project.write("pipeline.yaml", BACK)
    project.run("-f", "-j1", PIPE_ISOLATION=level)
    later |= {"turned around": found_by(project, "before"), "first": found_by(project, "pollute")[0]}
    assert bool(left_behind(mark)) == (level != "L2")
    for found in later.values():
        differing = differences(before, found)
        assert differing.keys() <= SHARED[level], differing


CONSTANT = {
    "random": 0.8444218515250481,
    "numpy.random": 0.5488135039273248,
    "umask": 0o022,
    "folder": "project",
    "names of folders": ["home", "tmp"],
    "files in HOME": [],
    "files in TMPDIR": [],
    "processors": 1,
    "threads": 1,
    "priority": 0,
    "sockets": None,
    "encoding": ["utf-8", "utf-8", ""],
    "state of a module": [],
    "interpreter": [1000, 0.005, True, [""]],
}
VARIABLES = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532800",
    "MPLBACKEND": "agg",
    "USER": "pipe",
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
    ),
}


def test_what_a_stage_finds_is_the_same_for_everybody(project):
    """Seeds, the umask, folders, variables: written down here, so that no machine and no user changes them."""
    project.write("stages/leak.py", LEAK)
    project.write("pipeline.yaml", FORTH)
    project.run("before", HOME=str(project.home), OMP_NUM_THREADS="7", PYTHONPATH="/nowhere", SEED="3")
    found = found_by(project, "before")
    assert {name: found[name] for name in CONSTANT} == CONSTANT
    assert {name: found["variables"].get(name) for name in VARIABLES} == VARIABLES
    assert not {"PYTHONPATH", "SEED", "PIPE_STORE"} & found["variables"].keys()


def test_a_stage_finds_the_same_in_an_interpreter_of_its_own(project):
    """Which it gets where a module of the project has the name of one that the server has loaded."""
    project.write("stages/leak.py", LEAK)
    project.write("queue.py", "")
    project.write(
        "stages/own.py",
        """
        import queue
        from pathlib import Path
        from stages.leak import look

        def own(out: Path, first=None):
            assert "run_fresh" in Path("/proc/self/cmdline").read_text()
            look(out)
        """,
    )
    project.write(
        "pipeline.yaml", FORTH.replace('after: {run: "stages.leak:look"', 'after: {run: "stages.own:own"')
    )
    project.run()
    assert differences(found_by(project, "before"), found_by(project, "after")) == {}
