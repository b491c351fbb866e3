"""Rows for where in the world it runs: time zone and locale."""

from ..values import Row

_PARAMETER = "declare it under `params` and use that"

ROWS = (
    Row(
        "timezone time",
        8,
        "time.localtime time.mktime time.ctime time.strftime(<2) time.tzname time.timezone time.altzone time.daylight "
        "time.tzset tzlocal.get_localzone* dateutil.tz.tzlocal dateutil.tz.gettz() datetime.datetime.now() "
        "datetime.datetime.today",
        "uses the machine's time zone",
        "name the zone: `zoneinfo.ZoneInfo('UTC')`, `time.gmtime`, `calendar.timegm`",
    ),
    Row(
        "timezone",
        9,
        "datetime.datetime.fromtimestamp(<2,!tz) datetime.date.fromtimestamp .astimezone()",
        "uses the machine's time zone",
        "name the zone: `datetime.fromtimestamp(seconds, tz=UTC)`",
    ),
    Row(
        "timezone",
        5,
        ".timestamp() datetime.datetime().timestamp datetime.datetime.*().timestamp",
        "a moment without a zone counts as the machine's own time",
        "give the moment its zone first: `moment.replace(tzinfo=UTC).timestamp()`",
    ),
    Row(
        "timezone",
        3,
        "time.strftime .strftime(~%Z) .strftime(~%z) .strftime(~%s) sql:localtime",
        "uses the machine's time zone",
        "name the zone",
    ),
    Row(
        "locale",
        9,
        "locale.*",
        "asks for the locale",
        "write numbers and names in a form of your own: `f'{number:,.2f}'`",
    ),
    Row(
        "locale",
        8,
        ".strftime(~%x) .strftime(~%X) .strftime(~%c) .strftime(~%A) .strftime(~%a) .strftime(~%B) .strftime(~%b) "
        ".strftime(~%p) time.strftime(~%x) time.strftime(~%X) time.strftime(~%c) time.strftime(~%A) time.strftime(~%a) "
        "time.strftime(~%B) time.strftime(~%b) *.strftime(~%x) *.strftime(~%A) *.strftime(~%B) *.strftime(~%c) "
        "calendar.month_name calendar.day_name calendar.month_abbr calendar.day_abbr",
        "writes a date in the language of the locale",
        "`isoformat()`, or names of your own",
    ),
    Row(
        "locale",
        8,
        "<number?in?the?locale's?form> format(~'n')",
        "writes a number in the form of the locale",
        "`{number:,}` instead of `{number:n}`",
    ),
    Row(
        "locale",
        4,
        "open(!encoding,!~b',!~mode) .open(!encoding,!~b') .read_text(!encoding) .write_text(!encoding) "
        "io.open(!encoding,!~b') codecs.getpreferredencoding",
        "reads or writes text in the encoding of the locale",
        "give it `encoding='utf-8'`",
    ),
    Row(
        "locale",
        6,
        "sys.getfilesystemencoding os.fsencode os.fsdecode sys.stdout.encoding io.text_encoding",
        "uses the encoding of the locale",
        "name the encoding: `'utf-8'`",
    ),
    Row("locale", 5, "os.environ.LANG os.environ.LC_* os.environ.LANGUAGE", "reads the locale", _PARAMETER),
    Row("timezone", 9, "os.environ.TZ", "reads the machine's time zone", _PARAMETER),
)
