"""Rows for the time: clocks, and formats that hold when they were written."""

from ..values import Row

_RUN_DATE = "declare the moment as a parameter and use that; leave it out if nobody needs it"
_LEAVE_OUT = "leave it out of the result; it belongs into the log"

ROWS = (
    Row(
        "time",
        9,
        "time.time time.time_ns time.gmtime() time.localtime() time.ctime() time.asctime() time.strftime(<2) "
        "time.clock_gettime* datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today "
        "datetime.date.today pandas.Timestamp.now pandas.Timestamp.today pandas.Timestamp.utcnow "
        "pandas.to_datetime(~'now') numpy.datetime64(~'now') numpy.datetime64(~'today') "
        "email.utils.formatdate() email.utils.localtime() "
        "pendulum.now arrow.now arrow.utcnow",
        "reads the clock",
        _RUN_DATE,
    ),
    Row(
        "time repetition",
        5,
        "time.perf_counter* time.monotonic* time.process_time* time.thread_time* timeit.*",
        "measures how long something takes",
        _LEAVE_OUT,
    ),
    Row(
        "time",
        9,
        "sql:now sql:current_* sql:date*now sql:datetime*now sql:today",
        "asks the database for the time",
        _RUN_DATE,
    ),
    Row(
        "time repetition",
        8,
        "gzip.open(~'w,!mtime) gzip.GzipFile(~'w,!mtime,<5) gzip.compress(!mtime)",
        "a gzip file holds the time at which it was written",
        "`gzip.GzipFile(path, 'wb', mtime=0)`, or `gzip.compress(data, mtime=0)`",
    ),
    Row(
        "time repetition",
        7,
        ".to_csv(~gz,!~mtime) .to_csv(~'gzip',!~mtime) .to_json(~gz,!~mtime) .to_pickle(~gz,!~mtime)",
        "a gzip file holds the time at which it was written",
        "`compression={'method': 'gzip', 'mtime': 0}`",
    ),
    Row(
        "time repetition timezone",
        8,
        "zipfile.ZipFile().writestr(!~ZipInfo) zipfile.ZipFile().open(~'w')",
        "an archive holds the time at which each member was written",
        "`writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), data)`",
    ),
    Row(
        "time repetition timezone umask user",
        8,
        "zipfile.ZipFile().write",
        "an archive holds the time and the mode of each file",
        "`writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), path.read_bytes())`",
    ),
    Row(
        "time repetition umask user",
        8,
        "tarfile.open().add tarfile.TarFile().add tarfile.open().gettarinfo shutil.make_archive",
        "an archive holds time, owner and mode of each file",
        "`add(..., filter=plain)`, where `plain` sets `mtime`, `uid`, `gid`, `uname`, `gname`, `mode`",
    ),
    Row(
        "time repetition",
        6,
        "tarfile.open(~w:gz) tarfile.open(~w|gz)",
        "a gzip file holds the time at which it was written",
        "write `w:` into `gzip.GzipFile(path, 'wb', mtime=0)`",
    ),
    Row(
        "time repetition",
        7,
        ".st_mtime .st_mtime_ns .st_ctime .st_ctime_ns .st_atime .st_atime_ns .st_birthtime os.path.getmtime "
        "os.path.getctime os.path.getatime",
        "reads the times of a file",
        "use what is in the file; its times are another's on each machine",
    ),
    Row(
        "time",
        6,
        ".savefig(~.pdf) .savefig(~.ps) .savefig(~.svg)",
        "matplotlib writes the date into PDF and SVG",
        "`savefig(..., metadata={'Date': None})`, for PDF `{'CreationDate': None}`",
    ),
    Row(
        "time",
        5,
        ".savefig(!~.png)",
        "matplotlib writes the date into PDF and SVG",
        "`savefig(..., metadata={'Date': None})`",
    ),
    Row(
        "time repetition",
        7,
        ".to_excel pandas.ExcelWriter openpyxl.Workbook .to_hdf h5py.File skops.io.dump",
        "this format holds the time at which it was written",
        "write Parquet or CSV",
    ),
    Row(
        "time",
        3,
        "logging.basicConfig(filename) logging.FileHandler",
        "each line of a log holds its time",
        "a format without `%(asctime)s`",
    ),
)
