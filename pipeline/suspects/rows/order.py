"""Rows for order: of sets, folders and threads, and for addresses in memory."""

from ..values import Row

_SORT = "`sorted(...)` around it"
_INPUT_ORDER = (
    "collect results in the order in which they were asked for: `pool.map(...)`, or sort them by a key"
)

ROWS = (
    Row(
        "hash-seed",
        9,
        "<order?of?a?set>",
        "goes through a set of texts: its order depends on the hash seed",
        "`sorted(...)` around the set",
    ),
    Row(
        "hash-seed",
        7,
        "<a?set?is?kept>",
        "keeps a set as it is: the order of its texts depends on the hash seed",
        "keep `sorted(...)` of it",
    ),
    Row(
        "hash-seed",
        9,
        "hash",
        "`hash` of a text depends on the hash seed",
        "use `hashlib.sha256(text.encode()).hexdigest()`, or `zlib.crc32(text.encode())`",
    ),
    Row(
        "hash-seed", 3, ".__hash__", "a hash depends on the hash seed", "use `zlib.crc32` of the text's bytes"
    ),
    Row(
        "repetition pid",
        8,
        "<order?of?a?set?of?objects>",
        "goes through a set of objects: its order depends on where they lie in memory",
        "sort by a field: `sorted(objects, key=lambda item: item.name)`, or keep them in a list or dict",
    ),
    Row(
        "repetition pid",
        9,
        "<address?of?an?object>",
        "writes an object that has no text of its own: the text holds its address in memory",
        "give its class a `__repr__`, or write its fields",
    ),
    Row(
        "repetition pid",
        9,
        "id(unsorted)",
        "`id` is an address in memory",
        "count instead (`enumerate`), or use a field that names the object",
    ),
    Row(
        "listing",
        9,
        "os.listdir(unsorted) os.scandir(unsorted) glob.glob(unsorted) glob.iglob(unsorted) .iterdir(unsorted) "
        ".rglob(unsorted) .glob(unsorted)",
        "lists a folder in the order that the file system happens to have",
        _SORT,
    ),
    Row(
        "listing",
        7,
        "os.walk(unsorted) os.fwalk(unsorted) .walk(unsorted)",
        "walks through folders in the order that the file system happens to have",
        "`folders.sort()` first in the loop, and `sorted(files)`",
    ),
    Row(
        "listing",
        6,
        "shutil.make_archive tarfile.open().add tarfile.TarFile().add",
        "takes the files of a folder in the order that the file system happens to have",
        "add the files one by one, from `sorted(folder.rglob('*'))`",
    ),
    Row(
        "repetition cpus",
        9,
        "concurrent.futures.as_completed asyncio.as_completed .imap_unordered joblib.Parallel(~generator_unordered)",
        "takes results in the order in which they come to be ready",
        _INPUT_ORDER,
    ),
    Row(
        "repetition cpus",
        6,
        "threading.Thread _thread.start_new_thread concurrent.futures.wait multiprocessing.Process",
        "several threads work at once, and which is first is not always the same",
        _INPUT_ORDER,
    ),
    Row(
        "repetition cpus",
        4,
        "concurrent.futures.ThreadPoolExecutor concurrent.futures.ProcessPoolExecutor multiprocessing.pool.ThreadPool "
        "multiprocessing.Pool asyncio.gather .add_done_callback .apply_async .submit",
        "several workers at once, and which is first is not always the same",
        _INPUT_ORDER,
    ),
    Row(
        "repetition cpus time hash-seed",
        8,
        ".group_by(!maintain_order=True) .unique(!maintain_order=True)",
        "polars gives groups in no certain order",
        "give it `maintain_order=True`, or sort the result",
        needs="polars",
    ),
    Row(
        "repetition cpus",
        8,
        ".group_by(!use_threads=False)",
        "pyarrow groups in several threads: order and sums of floats vary",
        "give it `use_threads=False`, or sort the result",
        needs="pyarrow",
    ),
    Row(
        "repetition cpus",
        6,
        ".join(!use_threads=False,~keys) pyarrow.dataset.write_dataset(!use_threads=False)",
        "pyarrow works in several threads: the order of rows varies",
        "give it `use_threads=False`, or sort the result",
        needs="pyarrow",
    ),
)
