"""The hidden variables: their names, and the world in which some of them are varied. Executes nothing."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from ...execute.altered.rewrite import Altered
from ...execute.constants import THREADS
from ...execute.world import World
from ...model import Stage
from .machine import Machine

REPETITION = "repetition"

VARIED = (
    "time",
    "listing",
    "folder",
    "timezone",
    "environment",
    "tmp",
    "user",
    "host",
    "umask",
    "pid",
    "hash-seed",
    "locale",
    "cpus",
    "blas",
)
"""Those that are read when an interpreter starts come last: a search that halves them starts fewer interpreters."""

AT_START = frozenset(("hash-seed", "locale", "cpus", "blas"))
"""What is read when an interpreter starts, or a package is loaded."""

FOLLOWED = frozenset(("time", "listing"))
"""What is varied by rewriting answers of the kernel, which takes time."""

NAMES = (REPETITION, *VARIED)

DECOY = "decoy"
"""A variable of the environment that nobody can know of: only who looks at all of them sees it."""

BY_ENVIRONMENT = frozenset(("hash-seed", "timezone", "locale", "cpus", "blas", "user", "tmp"))
"""What shows in the values or names of variables, so that a stage which writes them all down sees it."""

FIRST = ("environment", "time", "hash-seed", "listing", "folder", "host", "user", "pid", "tmp", "umask")
"""Who is named first where several are to blame: a time is shown in a zone, a folder in a listing."""

TIME, PID, RANDOM, ADDRESSES = "time", "pid", "random", "addresses"
RESTLESS = (ADDRESSES, RANDOM, TIME, PID)
"""What is another each time by itself. It can be held still; the last two are no variables of their own."""

_DECLARED: Mapping[str, tuple[str, ...]] = {
    "hash-seed": ("PYTHONHASHSEED",),
    "timezone": ("TZ",),
    "locale": ("LANG", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE"),
    "cpus": ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    "blas": ("OPENBLAS_CORETYPE",),
    "tmp": ("TMPDIR",),
    "user": ("USER", "LOGNAME", "HOME"),
}
"""Declared, they are in the key and the same for everybody."""

_SHIFTS = (34_413_073, 326_338_212, 5_295_601)
_SEEDS = ("1", "4242", "77")
_FOLDERS = ("another-folder-for-the-project", "p", "elsewhere")
_HOMES = ("home-of-another", "h", "own")
_TMPS = ("temporary-files", "t", "scratch")
_HOSTS = ("elsewhere.example", "h", "another-machine")
_USERS = ("somebody", "x", "another-user")
_UMASKS = (0o077, 0o002, 0o027)
_PIDS = (20_011, 31_007, 25_103)
_COLUMNS = ("57", "203", "99")
_TERMS = ("xterm-256color", "dumb", "vt100")

VARIANTS = 3
"""How many values each variable has, besides its own."""


class Setting(NamedTuple):
    """What is varied in one build, to which of its values, and what is held still."""

    varied: frozenset[str] = frozenset()
    variant: int = 0
    held: frozenset[str] = frozenset()
    number: int = 0
    """Of several plain builds each has another: objects come to lie elsewhere in each."""


class Surroundings(NamedTuple):
    """The world of one build, and on which processors it takes place; empty for as usual."""

    world: World
    processors: tuple[int, ...] = ()


def left_out(stage: Stage, machine: Machine) -> dict[str, str]:
    """Return the variables that are not varied for a stage, or not wholly, each with the reason."""
    found = dict(machine.cannot)
    declared = {name for name, _ in stage.env}
    for variable, names in _DECLARED.items():
        if known := sorted(declared.intersection(names)):
            found[variable] = f"the stage declares {', '.join(known)}"
    if stage.network:
        found["time"] = "the stage uses the network, where certificates would seem to have expired"
    if stage.sandbox == "warn":
        found["folder"] = "the stage sees the project where it lies (`sandbox: warn`)"
    if why := _without_namespaces(stage, machine):
        found |= dict.fromkeys(("host", "pid"), why)
    return found


def limits(stage: Stage, machine: Machine) -> dict[str, str]:
    """Return what of a variable that is varied stays as it is."""
    found = dict(machine.limits)
    if why := _without_namespaces(stage, machine):
        found["user"] = f"the name and the home alone: {why}"
        found["cpus"] = f"the threads and the processors to run on, not how many there are: {why}"
    return found


def _without_namespaces(stage: Stage, machine: Machine) -> str:
    """Return why a stage is in no namespaces of its own; empty if it is."""
    if stage.sandbox == "off":
        return "the stage declares `sandbox: off`"
    return "" if machine.level == "L2" else "there are no namespaces here"


def surroundings(stage: Stage, setting: Setting, machine: Machine, *, first_process: int) -> Surroundings:
    """Return the world for one build of a stage; `first_process` is its process id where that is held still."""
    varied, variant = setting.varied, setting.variant
    early, late = _early(stage, varied, variant, machine), _late(varied, variant, machine)
    world = World(variables=early, late=late, altered=_altered(setting))
    processors: tuple[int, ...] = ()
    if "folder" in varied:
        world = world._replace(project=_FOLDERS[variant])
    if "tmp" in varied:
        world = world._replace(tmp=_TMPS[variant])
    if "umask" in varied:
        world = world._replace(umask=_UMASKS[variant])
    if "host" in varied:
        world = world._replace(host=_HOSTS[variant])
    if "user" in varied:
        world = world._replace(home=_HOMES[variant], user=machine.users[variant % len(machine.users)])
    if "cpus" in varied:
        processors = machine.processors[: _cpus(stage, variant)]
        world = world._replace(online=f"0-{_cpus(stage, variant) + 1}")
    if "pid" in varied or PID in setting.held:
        world = world._replace(first_process=_PIDS[variant] if "pid" in varied else first_process)
    is_scattered = ADDRESSES not in setting.held or ADDRESSES in varied
    scattered = 1 + setting.number if is_scattered else 0
    return Surroundings(world._replace(scattered=scattered, fixed=not is_scattered), processors)


def _altered(setting: Setting) -> Altered:
    is_still = TIME in setting.held
    return Altered(
        shift_seconds=_SHIFTS[setting.variant] if "time" in setting.varied else 0,
        still=is_still,
        reversed="listing" in setting.varied,
        same_random=RANDOM in setting.held,
        first_random=1 + setting.variant if RANDOM in setting.varied else 0,
    )


def _early(stage: Stage, varied: Collection[str], variant: int, machine: Machine) -> dict[str, str]:
    """Return the variables that are read when an interpreter starts, or a package is loaded."""
    found: dict[str, str] = {}
    if "hash-seed" in varied:
        found["PYTHONHASHSEED"] = _SEEDS[variant]
    if "locale" in varied:
        found["LANG"] = machine.locales[variant % len(machine.locales)]
    if "cpus" in varied:
        found |= dict.fromkeys(THREADS, str(_cpus(stage, variant)))
    if "blas" in varied:
        found |= machine.kernels[variant % len(machine.kernels)] if machine.kernels else {}
    return found


def _late(varied: Collection[str], variant: int, machine: Machine) -> dict[str, str]:
    found: dict[str, str] = {}
    if "timezone" in varied:
        found["TZ"] = machine.zones[variant % len(machine.zones)]
    if "user" in varied:
        found |= dict.fromkeys(("USER", "LOGNAME"), _USERS[variant])
    if "environment" in varied:
        found |= {"COLUMNS": _COLUMNS[variant], "LINES": "11", "TERM": _TERMS[variant], "SHLVL": "3"}
        found |= {"PERTURBED": str(variant), "EDITOR": "ed", "PAGER": "cat"}
    if DECOY in varied:
        found["PERTURBED"] = str(variant)
    return found


def _cpus(stage: Stage, variant: int) -> int:
    return stage.resources.cpus + 1 + variant % 2
