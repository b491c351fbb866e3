"""What a followed process is told by the kernel, by whatever program it asks. Real processes, followed for real."""

import json
import struct
import subprocess
import sys
import time

import pytest

from pipeline.execute.altered.rewrite import Altered, Rewriter, from_the_end
from pipeline.execute.sandbox import probe

pytestmark = pytest.mark.skipif(bool(probe.following()), reason="nothing can be followed here")

DAY = 86_400

FOLLOWED = """
import json, os, sys, time
from pipeline.execute.altered.following import Following
from pipeline.execute.altered.rewrite import Altered
from pipeline.execute.sandbox import kernel

parent = os.getpid()
following = Following(Altered(**json.loads(sys.argv[1]), since_ns=time.time_ns()))
child = os.fork()
if child == 0:
    kernel.no_new_privileges()
    following.begin()
    exec(sys.argv[2])
    sys.stdout.flush()
    os._exit(7)
if os.fork() == 0:
    following.follow(child)
following.close()
ends = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2)]
assert sorted(ends) == [0, 7], ends
"""

LOOK = """
waited = time.monotonic()
import datetime, subprocess, uuid, threading
open("made", "w").close()
os.utime("old", (0, 0))
shell = lambda command: subprocess.run(command, shell=True, capture_output=True, text=True).stdout.split()
seen = []
threads = [threading.Thread(target=lambda: seen.append(time.time())) for _ in range(3)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
print(json.dumps({
    "now": time.time(), "date": float(shell("date +%s")[0]), "year": datetime.datetime.now().year,
    "python": float(shell(f"{sys.executable} -c 'import time; print(time.time())'")[0]),
    "threads": seen, "made": os.stat("made").st_mtime, "stat": float(shell("stat -c %Y made")[0]),
    "old": os.stat("old").st_mtime, "usr": os.stat("/usr").st_mtime,
    "listed": os.listdir("names"), "ls": shell("ls -U names"), "uuid": str(uuid.uuid4()),
    "waited": waited, "parent": os.getppid() == parent,
}))
"""


def told(folder, **altered):
    """Return what a process in an altered world finds."""
    for path in ("made", "old"):
        (folder / path).touch()
    (folder / "names").mkdir(exist_ok=True)
    for number in range(40):
        (folder / "names" / f"file-{number}").touch()
    ran = subprocess.run(
        [sys.executable, "-c", FOLLOWED, json.dumps(altered), LOOK],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("followed")


def test_every_program_sees_another_day_and_so_do_new_files(folder):
    before = time.time()
    found = told(folder, shift_seconds=400 * DAY)
    lasted = time.time() - before + 5
    for name in ("now", "date", "python", "made", "stat"):
        assert 400 * DAY - 5 <= found[name] - before < 400 * DAY + lasted, name
    assert all(400 * DAY - 5 <= moment - before < 400 * DAY + lasted for moment in found["threads"])
    assert found["year"] == time.localtime(before + 400 * DAY).tm_year
    assert found["old"] == 0, "a time that was set on purpose stays"
    assert found["usr"] < before
    assert found["parent"], "who follows stands between nobody"


def test_held_still_two_processes_see_the_same(folder):
    one, other = (told(folder, still=True, same_random=True) for _ in range(2))
    for name in ("now", "date", "python", "made", "stat", "uuid", "waited", "year"):
        assert one[name] == other[name], name
    assert told(folder, still=True, same_random=True, first_random=1)["uuid"] != one["uuid"]


def test_folders_are_listed_from_the_end(folder):
    usual, turned = told(folder), told(folder, reversed=True)
    assert turned["listed"] == usual["listed"][::-1]
    assert turned["ls"] == usual["ls"][::-1]
    assert abs(turned["now"] - time.time()) < 60


def test_names_of_all_lengths_are_turned_round():
    names = [b"a", b"longer-than-that.txt", b"b" * 200, b"c"]
    entries = []
    for number, name in enumerate(names):
        length = -(-(19 + len(name) + 1) // 8) * 8
        packed = struct.pack("=QqHB", number + 1, 10 * number, length, 8) + name
        entries.append(packed.ljust(length, b"\0"))
    turned = from_the_end(b"".join(entries))
    at, found = 0, []
    while at < len(turned):
        inode, offset, length, _ = struct.unpack_from("=QqHB", turned, at)
        found.append((inode, offset, turned[at + 19 : at + length].rstrip(b"\0")))
        at += length
    assert [name for _, _, name in found] == names[::-1]
    assert [inode for inode, _, _ in found] == [4, 3, 2, 1]
    assert [offset for _, offset, _ in found] == [0, 10, 20, 30]


def test_a_call_that_failed_is_left_as_it_is():
    rewriter = Rewriter(Altered(shift_seconds=DAY), time.time_ns)

    def refuse(*_):
        raise AssertionError("nothing was written there")

    for call in ("clock_gettime", "statx", "getdents64", "time"):
        assert rewriter.answer(1, call, (0,) * 6, -2, refuse, refuse) is None
