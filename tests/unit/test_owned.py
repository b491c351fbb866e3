"""Folders that belong to a process: nobody else's are taken, those of the dead are."""

import os
import signal
import subprocess
import sys
import threading

from pipeline import owned

CLAIMS = """
import sys
from pipeline import owned
lock = owned.claim(sys.argv[1])
print(lock is not None, flush=True)
sys.stdin.read()
"""


def claimed_elsewhere(path):
    """A process that holds the folder until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIMS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "True\n"
    return process


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_what_a_living_process_has_is_neither_taken_nor_cleared(tmp_path):
    path = f"{tmp_path}/mine"
    process = claimed_elsewhere(path)
    try:
        assert owned.claim(path) is None
        owned.clear_abandoned(str(tmp_path))
        assert os.listdir(tmp_path) == ["mine"]
    finally:
        kill(process)


def test_what_a_dead_process_had_is_taken_with_nothing_in_it(tmp_path):
    path = f"{tmp_path}/mine"
    process = claimed_elsewhere(path)
    open(f"{path}/left", "w").close()
    kill(process)
    lock = owned.claim(path)
    assert lock is not None
    assert os.listdir(path) == ["owner"]
    os.close(lock)


def test_what_a_dead_process_had_is_cleared_and_what_it_had_half_removed(tmp_path):
    kill(claimed_elsewhere(f"{tmp_path}/whole"))
    kill(claimed_elsewhere(f"{tmp_path}/half"))
    os.unlink(f"{tmp_path}/half/owner")
    (tmp_path / "half" / "rest").mkdir(mode=0o500)
    owned.clear_abandoned(str(tmp_path))
    assert os.listdir(tmp_path) == []


def test_many_that_claim_and_clear_at_once_each_have_their_own(tmp_path):
    wrong = []

    def work():
        for number in range(60):
            path = f"{tmp_path}/{number % 3}"
            lock = owned.claim(path)
            if lock is None:
                continue
            with open(f"{path}/mine", "x"):  # somebody else's folder would have one
                pass
            owned.clear_abandoned(str(tmp_path))
            if not os.path.exists(f"{path}/mine"):
                wrong.append(path)
            os.close(lock)  # as if killed: the folder stays

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_temporary_names_are_gone_with_their_folder(tmp_path):
    temporaries = owned.Temporaries(f"{tmp_path}/tmp")
    names = {temporaries.name() for _ in range(100)}
    assert len(names) == 100
    for name in names:
        open(name, "w").close()
    temporaries.close()
    assert os.listdir(tmp_path / "tmp") == []
