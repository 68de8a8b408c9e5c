"""One call of the command line: which command, and the options that all commands share.

The parser fills it, nothing else looks at the arguments. It is filled before a command line is judged, so that an
error in it is said as the person wants it, too: with `--json` as JSON, with `--debug` with a traceback.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct
from typer.core import TyperCommand

from s3sync.cli import options

if TYPE_CHECKING:
    from s3sync.cli.progress import Lines

SHARED: dict[str, tuple[Any, Any]] = {
    "dry_run": (options.DryRun, False),
    "json": (options.Json, False),
    "verbose": (options.Verbose, False),
    "quiet": (options.Quiet, False),
    "wait": (options.Wait, 0.0),
    "transfers": (options.Transfers, None),
    "bwlimit": (options.Bandwidth, None),
    "user": (options.User, None),
    "store": (options.StoreUrl, None),
    "profile": (options.Profile, None),
    "debug": (options.Debug, False),
    "log_file": (options.LogFile, None),
}
"""Options with one meaning in every command that takes them: type and help, default. Shown in this order."""
ASKS = frozenset({"json", "verbose", "quiet", "debug", "log_file"})
OPENS = ASKS | {"user", "store", "profile"}
WRITES = OPENS | {"dry_run", "wait"}
MOVES = WRITES | {"transfers", "bwlimit"}

EXCHANGE, BACK, FINISH = "Exchange files", "Take back", "Finish a project"
SET_UP, CHECK = "Set up", "Look closer"
"""What people do: the sections of `s3sync --help`."""


class Call(Struct):
    """The command being run, and its shared options. Options that a command does not take keep their default."""

    command: str = ""
    """With a group's second word: `trash restore`."""
    json: bool = False
    verbose: bool = False
    quiet: bool = False
    debug: bool = False
    log_file: str | None = None
    help: bool = False
    dry_run: bool = False
    wait: float = 0.0
    user: str | None = None
    store: str | None = None
    profile: str | None = None
    transfers: str | None = None
    bwlimit: str | None = None
    writes: bool = False
    """Whether the command can change anything."""
    progress: Lines | None = None
    """What arrived so far, for whoever interrupts."""

    @property
    def flags(self) -> dict[str, str | None]:
        """Settings that were given as options."""
        names = ("user", "store", "profile", "transfers", "bwlimit")
        return {name: getattr(self, name) for name in names}

    @property
    def shows_progress(self) -> bool:
        return not self.quiet and not self.json

    def reset(self) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(_FRESH, name))


_FRESH = Call()
CALL = Call()
"""The call of this process: one command line each."""


class Command(TyperCommand):
    """A command that fills `CALL` as soon as its arguments are parsed, before they are checked."""

    words: tuple[str, ...] = ()
    """Second words, each of which does something else: `list`, `restore`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        read_leniently(self, ctx, args)
        return super().parse_args(ctx, args)


def read_leniently(command: Any, ctx: Any, args: Sequence[str], name: str | None = None) -> None:
    """Fill `CALL` from arguments that may be wrong: as far as the command's own parser understands them."""
    was = ctx.resilient_parsing
    ctx.resilient_parsing = True
    try:
        parser = command.make_parser(ctx)
        parser.ignore_unknown_options = True
        found, rest, _ = parser.parse_args(list(args))
    finally:
        ctx.resilient_parsing = was
    CALL.json, CALL.debug, CALL.help = (bool(found.get(option)) for option in ("json", "debug", "help"))
    path = ctx.command_path.partition(" ")[2] if name is None else name
    second = (found.get("words") or rest or ("",))[0]
    CALL.command = f"{path} {second}" if second and second in getattr(command, "words", ()) else path


def command(
    app: typer.Typer,
    function: Callable[..., int],
    example: str,
    *codes: int,
    takes: frozenset[str] = WRITES,
    group: str = "",
    words: tuple[str, ...] = (),
    verbose: str | None = None,
) -> None:
    """Add a command. The function gets the call and its own options; `takes` names the shared ones it has besides.

    `verbose` is what `--verbose` does here, where that is not to name every file.
    """
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    only = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(
            name, only, default=default, annotation=options.verbose(verbose) if verbose and name == "verbose" else kind
        )
        for name, (kind, default) in SHARED.items()
        if name in takes
    ]

    def run(**given: Any) -> int:
        for parameter in shared:
            setattr(CALL, parameter.name, given.pop(parameter.name))
        CALL.writes = "dry_run" in takes
        if CALL.log_file is not None:
            from s3sync.cli.log_file import start_log

            start_log(CALL.log_file, CALL.command)
        return function(CALL, **given)

    parameters = [*(parameter.replace(kind=only) for parameter in own), *shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {}
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    kind = type("Command", (Command,), {"words": words})
    app.command(cls=kind, epilog=options.epilog(example, *codes), rich_help_panel=group or None)(run)
