"""The commands about recorded runs. Knows no parser."""

from .option import Argument, Command, Option

DRY_RUN = Option("dry_run", ("-n", "--dry-run"), "flag", "Say what would be done, and do nothing.")
BEST = Option("best", ("--best",), "text", "", "METRIC")
_RUN = Argument("run", "RUN", "A run's name, its beginning, a tag, or last.", completes="runs")

COMMANDS = (
    Command(
        "runs",
        "List the recorded runs, the newest first.",
        None,
        (
            Option(
                "columns",
                ("--columns",),
                "texts",
                "Show these parameters and metrics (globs too); without, those that differ.",
                "NAME,NAME",
            ),
            Option("where", ("--where",), "texts", "Only runs for which this holds; repeated, all.", "COND"),
            Option(
                "sort",
                ("--sort",),
                "text",
                "By a metric, a parameter, run or wall; -NAME: falling.",
                "NAME",
            ),
            BEST._replace(help="The best run by this metric; -METRIC: the lowest."),
            Option("limit", ("--limit",), "number", "No more than so many.", "N"),
            Option("csv", ("--csv",), "flag", "As CSV, with all parameters and metrics."),
            Option("parquet", ("--parquet",), "text", "Into a Parquet file.", "FILE"),
        ),
        details="Conditions: NAME=VALUE (or != < <= > >=) with a parameter or a metric; ok, tag, sweep, or ! "
        "before one; tag=NAME, sweep=RUN, stage=NAME, run=, commit=, wall>SECONDS; since=2026-11-24, before=2d. "
        "A name may lack its beginning where that is clear: auc for evaluate.summary.auc. --best goes by what the "
        "metric's `better` says in pipeline.yaml, else the highest.",
        examples=(
            ("pipe runs --limit 10", "the last ones"),
            ("pipe runs --where 'auc>0.7' --where since=2d --sort -auc", "the good ones of two days"),
            ("pipe runs --best auc", "the best of all"),
            ("pipe runs --where sweep=last --columns 'train.*,auc'", "a sweep's, with these columns"),
            ("pipe runs --csv > runs.csv", "for a spreadsheet"),
        ),
    ),
    Command(
        "show",
        "Show one recorded run.",
        _RUN,
        (
            Option("tag", ("--tag",), "text", "Give it a name that commands take for it.", "NAME"),
            Option("untag", ("--untag",), "text", "Take such a name away.", "NAME"),
            Option("restore", ("--restore",), "flag", "Put its outputs and parameters into the workspace."),
            DRY_RUN._replace(help="With --restore: say what would be done."),
        ),
        details="gc keeps what tagged runs made. --restore edits the parameters' file in place and keeps a copy "
        "of it in .pipe/displaced, as of whatever else is the user's.",
        examples=(
            ("pipe show last -v", "with parameters, outputs and keys"),
            ("pipe show baseline --restore -n", "what would have to change here"),
            ("pipe show last --tag baseline", "then `pipe show baseline`, or `PATH@baseline`"),
        ),
    ),
    Command(
        "diff",
        "Show in what two runs differ, or a run and the workspace.",
        _RUN._replace(
            name="runs",
            many=True,
            help="Two runs or tags; one: against the workspace; none: the last two.",
        ),
        details="Parameters, metrics, code, packages, inputs and outputs, by what is in them. Runs are of this "
        "checkout, whatever store it has.",
        examples=(
            ("pipe diff", "what the last run changed"),
            ("pipe diff baseline last", "since the run that was tagged so"),
            ("pipe diff baseline", "what a run would make of what lies here"),
        ),
    ),
    Command(
        "report",
        "Write a run as one page that can be sent to anybody.",
        _RUN,
        (
            Option(
                "into",
                ("-o", "--output"),
                "text",
                "The page; with the run's records without.",
                "FILE.html",
            ),
        ),
        details="The page is made from the records alone, loads nothing, and works without scripts.",
        examples=(
            ("pipe report -o report.html", "the last run"),
            ("pipe report 20261123T023000 -o then.html", "an older one"),
        ),
    ),
)
