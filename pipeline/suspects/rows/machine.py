"""Rows for the machine and who uses it: folder, host, user, processors, process, variables."""

from ..values import Row

_SIMPLE_NAME = "write a name of your own, or a path relative to the project: `path.name`"
_LEAVE_OUT = "leave it out of the result; it belongs into the log"
_PARAMETER = "declare it under `params` and use that"
_ONE_THREAD = (
    "one thread (`resources: {cpus: 1}`), or `compare: {rtol: 1e-6}` for this output in pipeline.yaml"
)

ROWS = (
    Row(
        "folder",
        8,
        "__file__ os.getcwd os.getcwdb pathlib.Path.cwd os.environ.PWD",
        "names the folder in which the stage runs",
        _SIMPLE_NAME,
    ),
    Row(
        "folder",
        7,
        ".resolve .absolute os.path.abspath os.path.realpath .as_uri inspect.getfile inspect.getsourcefile",
        "makes a path absolute",
        _SIMPLE_NAME,
    ),
    Row(
        "folder",
        4,
        "<path?as?text> traceback.* .co_filename sys.argv sys.path __spec__ __path__",
        "may hold the path of the folder in which the stage runs",
        _SIMPLE_NAME,
    ),
    Row(
        "host",
        9,
        "socket.gethostname socket.getfqdn socket.gethostbyname* platform.node platform.uname os.uname uuid.getnode "
        "os.environ.HOSTNAME os.environ.HOST",
        "names the machine",
        _LEAVE_OUT,
    ),
    Row("host", 4, "platform.*", "describes the machine", _LEAVE_OUT),
    Row(
        "user",
        9,
        "getpass.getuser os.getlogin os.getuid os.geteuid os.getgid os.getegid os.getgroups pwd.* grp.* "
        "os.environ.USER os.environ.LOGNAME os.environ.USERNAME",
        "asks who runs it",
        _LEAVE_OUT,
    ),
    Row(
        "user",
        7,
        "pathlib.Path.home .expanduser os.path.expanduser os.environ.HOME",
        "names the home folder of who runs it",
        _PARAMETER,
    ),
    Row(
        "user",
        7,
        ".st_uid .st_gid pathlib.Path().owner pathlib.Path().group .owner()",
        "reads whose a file is",
        _LEAVE_OUT,
    ),
    Row(
        "umask",
        9,
        "os.umask .st_mode",
        "reads the modes of files, which the umask decides",
        "leave the mode out, or set it: `path.chmod(0o644)`",
    ),
    Row(
        "umask",
        4,
        "os.access stat.* shutil.copymode shutil.copystat",
        "depends on the modes of files",
        "leave the mode out",
    ),
    Row(
        "cpus",
        9,
        "os.cpu_count os.process_cpu_count multiprocessing.cpu_count os.sched_getaffinity psutil.cpu_count "
        "joblib.cpu_count joblib.effective_n_jobs torch.get_num_threads pyarrow.cpu_count polars.thread_pool_size "
        "threadpoolctl.* os.environ.*_NUM_THREADS numexpr.detect_number_of_cores os.getloadavg",
        "asks how many processors there are",
        "declare the number of parts under `params` and use that",
    ),
    Row(
        "cpus",
        7,
        "*(n_jobs=-1) joblib.Parallel concurrent.futures.ThreadPoolExecutor() concurrent.futures.ProcessPoolExecutor() "
        "multiprocessing.Pool()",
        "divides the work by the number of processors",
        "give it a fixed number of workers, and sum up in a fixed order",
    ),
    Row("cpus", 5, "*(n_jobs)", "a model keeps the number of its workers", "give it a fixed `n_jobs`"),
    Row(
        "blas cpus",
        7,
        "<matrix?product> numpy.dot numpy.matmul numpy.inner numpy.vdot numpy.tensordot numpy.einsum "
        "numpy.linalg.* scipy.linalg.* numpy.cov numpy.corrcoef numpy.polyfit .dot torch.matmul torch.mm "
        "numpy.convolve",
        "a product of matrices: its last bits depend on processor, library and threads",
        _ONE_THREAD,
    ),
    Row(
        "blas cpus",
        5,
        ".fit .fit_transform .fit_predict .predict .predict_proba .transform",
        "scikit-learn works with products of matrices: the last bits depend on processor and threads",
        _ONE_THREAD,
        needs="sklearn",
    ),
    Row(
        "pid repetition",
        9,
        "os.getpid os.getppid os.getpgid os.getpgrp os.getsid threading.get_ident threading.get_native_id "
        "threading.current_thread().ident multiprocessing.current_process().pid psutil.Process().pid",
        "names the process",
        _LEAVE_OUT,
    ),
    Row(
        "pid",
        5,
        "multiprocessing.current_process threading.current_thread psutil.*",
        "names the process",
        _LEAVE_OUT,
    ),
    Row(
        "tmp repetition",
        7,
        "tempfile.mkdtemp tempfile.mkstemp tempfile.NamedTemporaryFile tempfile.TemporaryDirectory tempfile.mktemp",
        "has a random name in the temporary folder",
        "do not let its path into the result; declare a folder under `scratch` instead",
    ),
    Row(
        "tmp",
        9,
        "tempfile.gettempdir* tempfile.tempdir os.environ.TMPDIR os.environ.TMP os.environ.TEMP",
        "names the temporary folder",
        "do not let its path into the result; declare a folder under `scratch` instead",
    ),
    Row(
        "environment",
        8,
        "os.environ os.environ.* os.environb os.getenv shutil.get_terminal_size os.get_terminal_size",
        "reads variables that the stage does not declare",
        "declare the variable under `env`, or write only those that matter",
    ),
    Row(
        "environment",
        3,
        "subprocess.* os.system",
        "a program that it starts sees all variables",
        "give it `env=` with those that it needs",
    ),
)
