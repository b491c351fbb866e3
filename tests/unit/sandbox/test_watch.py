"""What a watched process asks the kernel for is seen, whoever of its descendants asks and however."""

import os
import select
import signal
import socket
import sys
import textwrap
from pathlib import Path

import pytest

from pipeline.execute.sandbox import kernel, probe, watch
from pipeline.execute.sandbox.watch import Access, Watcher

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or bool(probe.watching()), reason="this machine cannot watch"
)


def watched(code: str, folder: Path, **options) -> list[Access]:
    """Run code in a watched child of this process, whose folder is `folder`; returns what it asked for."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(folder)
            kernel.no_new_privileges()
            listener = watch.install()
            socket.send_fds(theirs, [b"l"], [listener])
            os.close(listener)
            exec(textwrap.dedent(code), {"os": os, "folder": folder})
            os._exit(0)
        finally:
            os._exit(1)
    theirs.close()
    with ours:
        listener = socket.recv_fds(ours, 1, 1)[1][0]
    found: list[Access] = []
    watcher = Watcher(listener, found.append, **{"roots": [os.fspath(folder)], **options})
    while True:
        if select.select([watcher], [], [], 0.01)[0]:
            watcher.answer()
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            watcher.close()
            assert status in (0, signal.SIGKILL)
            return found


def below(folder: Path, found: list[Access]) -> list[tuple[str, str]]:
    return [(os.path.relpath(a.path, folder), a.kind) for a in found if a.path.startswith(os.fspath(folder))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/in.txt").write_text("in")
    return tmp_path


def test_each_kind_of_access_is_told_with_its_path(folder):
    found = watched(
        """
        open("data/in.txt").close()
        open("made", "w").close()
        os.listdir("data")
        os.path.exists("nothing")
        os.access("data", os.R_OK)
        os.mkdir("new")
        os.rename("made", "new/moved")
        os.remove("new/moved")
        open("appended", "a+").close()
        """,
        folder,
    )
    assert below(folder, found) == [
        ("data/in.txt", "read"),
        ("made", "write"),
        ("data", "list"),
        ("nothing", "stat"),
        ("data", "stat"),
        ("new", "write"),
        ("made", "remove"),
        ("new/moved", "write"),
        ("new/moved", "remove"),
        ("appended", "read"),
        ("appended", "write"),
    ]


def test_paths_are_told_whole_whatever_they_are_relative_to(folder):
    found = watched(
        """
        data = os.open("data", os.O_RDONLY | os.O_DIRECTORY)
        os.close(os.open("in.txt", os.O_RDONLY, dir_fd=data))
        os.chdir("data")
        os.path.exists(".././/data/one")
        os.path.exists("./two")
        os.path.exists(str(folder) + "/data/three")
        """,
        folder,
    )
    told = [path for path, _ in below(folder, found)]
    assert told == ["data", "data/in.txt", "data", "data/one", "data/two", "data/three"]


def test_a_child_process_and_a_thread_are_watched_too(folder):
    found = watched(
        """
        import subprocess, threading
        subprocess.run(["/bin/sh", "-c", "cat data/in.txt; test -e by-child"], capture_output=True)
        thread = threading.Thread(target=lambda: os.path.exists("by-thread"))
        thread.start()
        thread.join()
        """,
        folder,
    )
    assert {("data/in.txt", "read"), ("by-child", "stat"), ("by-thread", "stat")} <= set(below(folder, found))
    assert ("/bin/sh", "execute") in [(a.asked, a.kind) for a in found]
    assert len({a.thread for a in found if a.path.startswith(os.fspath(folder))}) == 3


def test_a_link_that_leads_into_the_folder_is_followed(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "link").symlink_to(folder / "data")
    (folder / "data/further").symlink_to("in.txt")
    found = watched(f'open("{outside}/link/../data/further").close()', folder)
    assert below(folder, found) == [("data/in.txt", "read")]


def test_a_link_inside_the_folder_is_told_as_it_was_asked_for(folder):
    (folder / "short").symlink_to("data")
    found = watched('open("short/in.txt").close()', folder)
    assert below(folder, found) == [("short/in.txt", "read")]


def test_what_is_ignored_is_not_told_but_a_root_inside_it_is(folder):
    code = f"""
        os.path.exists("{folder}/data/in.txt")
        os.path.exists("{folder.parent}/elsewhere")
        """
    found = watched(code, folder, ignored=[os.fspath(folder.parent)])
    assert below(folder.parent, found) == [(f"{folder.name}/data/in.txt", "stat")]
    found = watched(code, folder, ignored=[os.fspath(folder.parent), f"{folder}/data"])
    assert below(folder.parent, found) == []


def test_addresses_are_told(folder):
    found = watched(
        """
        import socket
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as packets:
            stream.connect_ex(("127.0.0.1", 9))
            packets.sendto(b"x", ("127.0.0.1", 53))
            socket.socket(socket.AF_UNIX).connect_ex("/run/nobody.sock")
        """,
        folder,
    )
    told = [a.path for a in found if a.kind == "connect"]
    assert told == ["inet:127.0.0.1:9", "inet:127.0.0.1:53", "unix:/run/nobody.sock"]


def test_a_name_at_the_end_of_a_page_and_a_long_one_are_read_whole(folder):
    found = watched(
        """
        import ctypes, mmap
        libc = ctypes.CDLL(None)
        pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        libc.mprotect(ctypes.c_void_p(start + mmap.PAGESIZE), mmap.PAGESIZE, 0)
        pages[mmap.PAGESIZE - 9 : mmap.PAGESIZE] = b"the-last\\0"
        libc.access(ctypes.c_void_p(start + mmap.PAGESIZE - 9), 0)
        os.path.exists("/".join(["x" * 200] * 19))
        """,
        folder,
    )
    told = [path for path, _ in below(folder, found)]
    assert told[0] == "the-last"
    assert told[1] == "/".join(["x" * 200] * 19)


def test_a_process_that_is_killed_while_it_asks_leaves_the_watcher_well(folder):
    found = watched(
        """
        import signal, threading
        def ask():
            while True:
                os.path.exists("again")
        for _ in range(4):
            threading.Thread(target=ask, daemon=True).start()
        os.path.exists("first")
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        folder,
    )
    assert ("first", "stat") in below(folder, found)
