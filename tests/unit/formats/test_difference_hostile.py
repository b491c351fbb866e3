"""Files that are damaged, or made to cost: nothing is executed or extracted, and time and memory stay bounded."""

import gzip
import io
import os
import pickle
import random
import sqlite3
import struct
import subprocess
import sys
import tarfile
import textwrap
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.formats.difference import Difference, Tolerance, between
from tests.unit.formats.test_difference_contents import CASES


def compared(tmp_path: Path, suffix: str, one: bytes, other: bytes, most_seconds: float = 20) -> Difference:
    """Compare two files; it must not take long, and nothing of them is ever within a tolerance."""
    for side, data in (("a", one), ("b", other)):
        (tmp_path / side).write_bytes(data)
    clock = time.monotonic()
    found = between(str(tmp_path / "a"), str(tmp_path / "b"), f"x{suffix}")
    assert time.monotonic() - clock < most_seconds
    assert not found.within
    return found


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def parquet(**columns: list[float]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


class Evil:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_is_never_executed(tmp_path, protocol):
    one, other = (pickle.dumps(Evil(f"touch {tmp_path}/{name}"), protocol) for name in ("p", "q"))
    found = compared(tmp_path, ".pkl", one, other)
    assert "/p' -> " in found.text
    assert "/q'" in found.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_objects_inside_arrays_are_never_unpickled(tmp_path):
    one, other = (npy(np.array([Evil(f"touch {tmp_path}/{name}")])) for name in ("p", "q"))
    assert "never loaded" in compared(tmp_path, ".npy", one, other).text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def laughs(leaf: str) -> bytes:
    """A pickle of a list that holds the same list twice, a hundred levels deep."""
    value: list = [leaf]
    for _ in range(100):
        value = [value, value]
    return pickle.dumps(value)


def test_what_is_referred_to_many_times_is_compared_once(tmp_path):
    assert compared(tmp_path, ".pkl", laughs("x"), laughs("y")).text.endswith("[0]: 'x' -> 'y'")


def test_a_pickle_that_holds_itself_is_compared(tmp_path):
    sides = []
    for leaf in (1, 2):
        value: list = [leaf]
        value.append(value)
        sides.append(pickle.dumps(value))
    assert compared(tmp_path, ".pkl", *sides).text == "$[0]: 1 -> 2 (off by 1, relative 1)"


def zipped(sizes_bytes: int, text: bytes) -> bytes:
    """A zip file that claims its three members to be of a size."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a.npy", "b.npy", "c.npy"):
            archive.writestr(zipfile.ZipInfo(name), text)
    data = bytearray(file.getvalue())
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 20 : at + 28] = struct.pack("<II", sizes_bytes, sizes_bytes)
        at += 4
    return bytes(data)


def png(width: int, height: int, pixels: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


BOMB = b"".join([gzip.compress(bytes(16 << 20), mtime=0)] * 40)  # 640 MiB out of as many KiB
DEEP = b"[" * 200_000
YAML = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter + 1, letter + 1, b", ".join([b"*%c" % letter] * 10))
    for letter in range(97, 107)
)

# suffix, before, after, words of what is said
COSTLY = [
    (".npz", zipped(0xFFFFFFF0, b"x"), zipped(0xFFFFFFF0, b"y"), "it unpacks to more than 256 MiB"),
    (".zip", zipped(0xFFFFFFF0, b"x"), zipped(0xFFFFFFF0, b"y"), "it unpacks to more than 256 MiB"),
    (".csv.gz", BOMB + gzip.compress(b"x"), BOMB + gzip.compress(b"y"), "it unpacks to more than 256 MiB"),
    (
        ".png",
        png(60_000, 60_000, b"x"),
        png(60_000, 60_000, b"y"),
        "Image size (3600000000 pixels) exceeds",
    ),
    (".json", DEEP + b"1", DEEP + b"2", "it cannot be read as JSON: maximum recursion"),
    (".yaml", YAML + b"z: 1\n", YAML + b"z: 2\n", "line 12: 'z: 1' -> 'z: 2'"),
    (
        ".pkl",
        b"\x80\x04" + b"]" * 99 + b"\x8e" + b"\xff" * 8,
        b"\x80\x04" + b"]" * 98 + b"\x8e" + b"\xff" * 8,
        "",
    ),
]


@pytest.mark.parametrize(("suffix", "before", "after", "words"), COSTLY, ids=[each[0] for each in COSTLY])
def test_what_is_made_to_cost_is_given_up(tmp_path, suffix, before, after, words):
    found = compared(tmp_path, suffix, before, after)
    assert words in found.text
    assert "differ" in found.text or "line" in found.text or "operation" in found.text


WHOLE = {
    ".parquet": parquet(a=[1.0, 2.0]),
    ".arrow": b"ARROW1\0\0" + b"\xff" * 40 + b"ARROW1",
    ".npy": npy(np.arange(1000.0)),
    ".npz": zipped(1, b"x"),
    ".zip": zipped(1, b"x"),
    ".png": png(2, 2, bytes(18)),
    ".jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(40),
    ".db": b"SQLite format 3\0" + bytes(200),
    ".tar": b"\0" * 700,
    ".json.gz": gzip.compress(b"[1, 2, 3]"),
    ".joblib": pickle.dumps({"a": 1}),
    ".json": b'{"a": 1}',
    ".csv": b'a,b\n1,"2\n',
    ".pdf": b"%PDF-1.4 1 0 obj (",
    ".skops": b"PK\x03\x04" + b"\xff" * 60,
}


@pytest.mark.parametrize("suffix", WHOLE)
def test_of_a_damaged_file_the_first_other_byte_is_told_and_what_cannot_be_read(tmp_path, suffix):
    whole = WHOLE[suffix]
    found = compared(tmp_path, suffix, whole, whole[: len(whole) * 2 // 3] + b"\x00\xff")
    assert found.text
    assert "unreadable" in found.facts or suffix in (".csv", ".pdf", ".tar"), found
    if "unreadable" in found.facts:
        assert found.facts["unreadable"]


def test_a_file_with_bytes_that_were_changed_at_random_is_compared_all_the_same(tmp_path, capfd):
    chance = random.Random(0)
    for suffix, save, before, after, _ in CASES:
        one, other = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        save(before, one)
        save(after, other)
        whole = other.read_bytes()
        for _ in range(6):
            data = bytearray(whole)
            for _ in range(chance.choice((1, 2, 8))):
                at = chance.randrange(len(data))
                data[at : at + chance.choice((0, 1, 1, 5))] = chance.randbytes(chance.choice((1, 1, 4)))
            other.write_bytes(data)
            found = between(str(one), str(other), f"x{suffix}")
            assert found.text
            assert not found.within
            assert "\n" not in found.text
        one.unlink()
        other.unlink()
    assert capfd.readouterr() == ("", "")  # no library has its say


def test_nothing_of_an_archive_is_put_where_it_says(tmp_path):
    sides = []
    for text in (b"x", b"y"):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            info = tarfile.TarInfo("../../../../escaped.txt")
            info.size = 1
            archive.addfile(info, io.BytesIO(text))
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
        sides.append(file.getvalue())
    found = compared(tmp_path, ".tar", *sides)
    assert found.text == "member ../../../../escaped.txt: line 1: 'x' -> 'y'"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert not (tmp_path.parent / "escaped.txt").exists()


def test_a_database_is_opened_without_a_trace(tmp_path):
    for side in ("a", "b"):
        connection = sqlite3.connect(tmp_path / side)
        with connection:
            connection.execute('CREATE TABLE "odd "" name" (a, b)')
            connection.execute('INSERT INTO "odd "" name" VALUES (1, ?)', (side,))
            connection.execute("CREATE VIEW v AS SELECT load_extension('x')")
        connection.close()
        os.chmod(tmp_path / side, 0o400)
    found = between(str(tmp_path / "a"), str(tmp_path / "b"), "x.sqlite")
    assert found.text == "table odd \" name: 1 changed; column `b`, row 1: 'a' -> 'b'"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_with_an_endless_tolerance_no_damaged_file_is_close(tmp_path):
    for suffix, whole in WHOLE.items():
        (tmp_path / "a").write_bytes(whole)
        (tmp_path / "b").write_bytes(whole[: len(whole) // 2] + b"\x00")
        assert not between(
            str(tmp_path / "a"), str(tmp_path / "b"), f"x{suffix}", Tolerance(1e300, 1e300)
        ).within


LARGE = """
    import os, resource, sys
    import numpy as np, pyarrow as pa, pyarrow.parquet as pq, pyarrow.csv
    from pipeline.formats.difference import between

    folder = sys.argv[1]

    def sparse(name, head, size, *changes):
        for side in "ab":
            with open(f"{folder}/{side}{name}", "wb") as file:
                file.write(head)
                file.truncate(size)
                for at in changes if side == "b" else ():
                    file.seek(at)
                    file.write(b"\\x01")

    header = np.lib.format.header_data_from_array_1_0(np.zeros(1)) | {"shape": (1 << 27,)}
    with open(f"{folder}/head", "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
    with open(f"{folder}/head", "rb") as file:
        head = file.read()
    sparse(".npy", head, len(head) + (1 << 30), len(head) + 8 * 5, len(head) + 8 * 100_000_000)
    sparse(".bin", b"", 10 << 30, 100 << 20)
    sparse(".json", b"[1", 1 << 30, 1)
    for side, last in (("a", 0), ("b", 1)):
        with pq.ParquetWriter(f"{folder}/{side}.parquet", pa.schema([("k", pa.int64()), ("v", pa.int32())])) as file:
            for part in range(8):
                keys = np.arange(part * 500_000, (part + 1) * 500_000)
                values = np.zeros(500_000, "i4")
                values[9] = last * (part == 0)
                file.write_table(pa.table({"k": keys, "v": values}))
        with open(f"{folder}/{side}.csv", "w") as file:
            file.write("k,v\\n" + "1,2\\n" * 9 + f"1,{last}\\n" + "1,2\\n" * 1_000_000)
        with open(f"{folder}/{side}.txt", "w") as file:
            file.write("a line of text\\n" * 1_000_000 + f"{last}\\n" + "a line of text\\n" * 1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in (".npy", ".bin", ".json", ".parquet", ".csv", ".txt"):
        print(between(f"{folder}/a{name}", f"{folder}/b{name}", "x" + name).text)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def test_of_large_files_little_is_in_memory_and_the_rest_is_not_counted(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LARGE), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    array, raw, json_, parquet_, csv, text, grown = ran.stdout.splitlines()
    assert array == (
        "[5]: 0.0 -> 5e-324 (off by 4.9e-324, 1 ulp); 1 of 50,331,648 numbers differs "
        "(in the first 50,331,648 compared)"
    )
    assert raw == "the bytes differ from byte 104,857,600 on; 10,737,418,240 bytes"
    assert json_.endswith("it is too large to be compared as JSON (1,024 MiB)")
    assert parquet_ == "column `v`, row 10: 0 -> 1 (off by 1); 1 of 4,000,000 numbers differs"
    assert csv.startswith("column `v`, row 10: 0 -> 1 (off by 1); 1 of 1,000,010 numbers differs")
    assert text.startswith("line 1,000,001: '0' -> '1'")
    assert int(grown) < 300  # MiB, of more than 12 GiB
