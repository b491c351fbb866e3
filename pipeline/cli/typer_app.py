"""Parses any command line with typer: help, mistakes, completion. Runs nothing: returns what was asked."""

import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, cast

import typer

from ..errors import UsageError, usage
from . import complete
from .declare import COMMANDS, COMMON, EXIT_CODES, Argument, Command, Option, Parsed, default, defaults
from .skin import abandon

_PROGRAM = "pipe"
_SETTINGS = {"help_option_names": ["-h", "--help"]}


def parse(words: Sequence[str]) -> Parsed | int:
    """Return what a command line means, or the exit code if it was answered here: help, or completion.

    Raises UsageError.
    """
    # What typer's own messages and pages would do beyond ours is to depend on the terminal.
    os.environ.setdefault("TYPER_USE_RICH", "0")
    stdout = sys.stdout
    try:
        answer = _app()(args=list(words), prog_name=_PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        raise _mistake(error) from None
    except typer.Abort:
        return 130
    except SystemExit as leaving:
        if sys.stdout is not stdout:  # typer's way of saying that the reader has gone, as with `| head`
            abandon(stdout)
            return 0
        return leaving.code if isinstance(leaving.code, int) else 0
    return answer if isinstance(answer, Parsed) else int(answer or 0)


def _app() -> typer.Typer:
    app = typer.Typer(
        name=_PROGRAM,
        help="Run what changed, restore what is known, and say why.",
        epilog=_epilog(),
        add_completion=True,
        no_args_is_help=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_SETTINGS,
    )
    version = Option("version", ("--version",), "flag", "Print the version.")
    app.callback(invoke_without_command=True)(_function([version, *COMMON], None, _before))
    for command in COMMANDS.values():
        function = _function([*command.options, *COMMON], command.argument, _after(command))
        text = "\n\n".join(part for part in (command.summary, command.details) if part)
        app.command(command.name, help=text, epilog=_examples(command), short_help=command.summary)(function)
    return app


def _before(context: typer.Context, values: Mapping[str, Any]) -> Any:
    context.obj = values
    if values["version"]:
        return Parsed("version", dict(values))
    return None if context.invoked_subcommand else Parsed("", dict(values))


def _after(command: Command) -> Callable[[typer.Context, Mapping[str, Any]], Parsed]:
    def body(context: typer.Context, values: Mapping[str, Any]) -> Parsed:
        # A common option may stand before the command or after it; the later one counts.
        before = context.find_root().obj or {}
        common = {o.name: values[o.name] or before.get(o.name) or default(o) for o in COMMON}
        return Parsed(command.name, {**defaults(command), **values, **common})

    return body


def _function(
    options: Sequence[Option],
    argument: Argument | None,
    body: Callable[[typer.Context, Mapping[str, Any]], Any],
) -> Callable[..., Any]:
    """Make a function with the signature that typer reads the declaration from."""

    def call(context: typer.Context, **values: Any) -> Any:
        return body(context, {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    named = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("context", named, annotation=typer.Context)]
    if argument is not None:
        start: Any = inspect.Parameter.empty if argument.required else ([] if argument.many else None)
        parameters.append(
            inspect.Parameter(argument.name, named, default=start, annotation=_argument(argument))
        )
    for option in options:
        start = [] if option.kind == "texts" else default(option)
        parameters.append(inspect.Parameter(option.name, named, default=start, annotation=_option(option)))
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call


def _option(option: Option) -> Any:
    kinds: Mapping[str, Any] = {"flag": bool, "text": str | None, "number": int | None, "texts": list[str]}
    kind = cast(Any, Literal)[option.choices] if option.choices else kinds[option.kind]
    least = 1 if option.kind == "number" else None
    declared = typer.Option(
        *option.flags, help=option.help, metavar=option.metavar or None, min=least, show_default=False
    )
    return Annotated[kind, declared]


def _argument(argument: Argument) -> Any:
    completion = {"stages": complete.stages, "runs": complete.runs}.get(argument.completes)
    kind: Any = list[str] if argument.many else str if argument.required else str | None
    declared = typer.Argument(
        metavar=argument.metavar, help=argument.help, autocompletion=completion, show_default=False
    )
    return Annotated[kind, declared]


def _examples(command: Command) -> str:
    columns = max((len(line) for line, _ in command.examples), default=0) + 3
    # The character \b on a line of its own keeps typer from filling the paragraph.
    return "\n".join(["\b", "Examples:", *(f"  {line:<{columns}}{does}" for line, does in command.examples)])


def _epilog() -> str:
    codes = "\n".join(["\b", "Exit codes:", *(f"  {code:<4}{means}" for code, means in EXIT_CODES)])
    return f"{codes}\n\n`pipe COMMAND --help` has each command's options, and examples."


def _mistake(error: typer.TyperException) -> UsageError:
    import difflib

    text = error.format_message()
    context = getattr(error, "ctx", None)
    path = str(getattr(context, "command_path", _PROGRAM))
    help_text = f"`{path} --help` has its options"
    if text.startswith("No such command"):
        word = text.split("'")[1] if "'" in text else ""
        near = difflib.get_close_matches(word, [*COMMANDS], n=1, cutoff=0.5)
        help_text = f"did you mean `pipe {near[0]}`?" if near else "`pipe --help` lists the commands"
        return usage(f"there is no command `{word}`", help=help_text)
    option = getattr(error, "option_name", None)
    if text.startswith("No such option"):
        near = list(getattr(error, "possibilities", None) or ())
        help_text = f"did you mean `{near[0]}`?" if near else help_text
        return usage(f"`{path}` has no option `{option}`", help=help_text)
    known = _declared(error)
    if known is not None and known.kind == "number":
        return usage(f"`{known.flags[-1]}` takes a whole number, 1 or more", help=help_text)
    if known is not None and known.choices:
        return usage(f"`{known.flags[-1]}` is one of {', '.join(known.choices)}", help=help_text)
    return usage((text[:1].lower() + text[1:]).rstrip("."), help=help_text)


def _declared(error: typer.TyperException) -> Option | None:
    """Return the option whose value a mistake is about."""
    name = getattr(getattr(error, "param", None), "name", None)
    options = (option for command in COMMANDS.values() for option in command.options)
    return next((option for option in options if option.name == name), None)
