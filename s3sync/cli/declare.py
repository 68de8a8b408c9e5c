"""Declaration of a command: a function with its own options, the shared options that it takes, an example, its codes.

`commands/NAME.py` declares the command NAME under that name, with `@command(...)` or as a `Group` of commands with a
second word (`trash list`, `trash restore`). `root.py` finds it there; nothing lists the commands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias, get_type_hints

import typer
from msgspec import Struct
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from s3sync.cli import options
from s3sync.cli.call import CALL

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

EXCHANGE, TEAM, BACK, FINISH = "Exchange files", "Work together", "Take back", "Finish a project"
SET_UP, CHECK = "Set up", "Look closer"
PLACES = "Between any two places"
SECTIONS = {
    EXCHANGE: ("up", "down", "sync", "status"),
    TEAM: (
        *("inbox", "log", "watch", "share", "receive", "conflicts", "resolve"),
        *("lock", "unlock", "locks", "who", "members"),
    ),
    PLACES: ("copy", "move", "check"),
    BACK: ("undo", "trash"),
    FINISH: (),
    SET_UP: ("init",),
    CHECK: (),
}
"""Sections by what people do: the sections of `s3sync --help`, each with the commands that come first in it."""

Function: TypeAlias = Callable[..., int]
"""A command. It gets the call and its own options, and returns the exit code."""


class Command(TyperCommand):
    """A command that fills `CALL` as soon as its arguments are parsed, before they are checked."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        read_leniently(self, ctx, args)
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """A required argument as git shows it, without braces."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


class Words(TyperGroup):
    """A command whose second word says what to do. Without one of these words it is the first of them."""

    @property
    def default(self) -> TyperCommand:
        return next(iter(self.commands.values()))  # type: ignore[return-value]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        before, rest = self._before_the_word(ctx, args)
        if rest and rest[0] in self.commands and "--" not in before:
            args = [rest[0], *before, *rest[1:]]
        elif not {"-h", "--help"} & set(before) and not (ctx.resilient_parsing and not args):
            CALL.meant = f"{self.name} {near[0]}" if (near := _near(rest, self.commands)) else ""
            if rest:
                CALL.meant = ELSEWHERE.get(f"{self.name} {rest[0]}", CALL.meant)
                CALL.second = rest[0]
            args = [str(self.default.name), *args]
        return super().parse_args(ctx, args)

    def _before_the_word(self, ctx: Any, args: list[str]) -> tuple[list[str], list[str]]:
        """The options before the first argument, and the rest: `trash --json list` is `trash list --json`."""
        every = {param.name: param for one in self.commands.values() for param in one.params}
        only_options = [param for param in every.values() if param.param_type_name == "option"]
        probe = TyperCommand(self.name, params=only_options, add_help_option=True)
        _, rest = _parsed(probe, ctx, args, interspersed=False)
        while rest and rest[0].startswith("-"):
            del rest[0]  # an unknown option
        split = len(args) - len(rest)
        return args[:split], args[split:]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        write_commands(formatter, "Commands", self.commands, max(map(len, self.commands)))

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The second words, and what may follow where there is none."""
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            return [*found, *self.default.shell_complete(ctx, incomplete)]
        arguments = [param for param in self.default.params if param.param_type_name == "argument"]
        return [*found, *(one for param in arguments[:1] for one in param.shell_complete(ctx, incomplete))]


class Declared(Struct):
    """A command as its file declares it; `build` makes of it what parses."""

    function: Function
    example: str
    codes: tuple[int, ...]
    takes: frozenset[str]
    verbose: str | None
    section: str = ""

    def build(self, name: str) -> Any:
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        epilog = options.epilog(self.example, *self.codes)
        app.command(name, cls=Command, epilog=epilog, rich_help_panel=self.section or None)(self._run())
        return get_command(app)

    def _run(self) -> Callable[..., int]:
        """The function as typer wants it: with all options in one signature.

        A parameter whose type is a struct stands for that struct's fields, each an option.
        """
        only = inspect.Parameter.KEYWORD_ONLY
        named = list(inspect.signature(self.function, eval_str=True).parameters.values())[1:]
        own = [one for one in named if not _is_struct(one.annotation)]
        grouped = {one.name: one.annotation for one in named if _is_struct(one.annotation)}
        inner = [field for kind in grouped.values() for field in _fields(kind)]
        shared = [self._shared(name) for name in SHARED if name in self.takes]

        def run(**given: Any) -> int:
            for parameter in shared:
                setattr(CALL, parameter.name, given.pop(parameter.name))
            CALL.writes = "dry_run" in self.takes
            if CALL.log_file is not None:
                from s3sync.cli.log_file import start_log

                start_log(CALL.log_file, CALL.command)
            for name, kind in grouped.items():
                given[name] = kind(**{field: given.pop(field) for field in kind.__struct_fields__})
            return self.function(CALL, **given)

        parameters = [*(parameter.replace(kind=only) for parameter in own), *inner, *shared]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {}
        run.__name__, run.__doc__ = self.function.__name__, self.function.__doc__
        return run

    def _shared(self, name: str) -> inspect.Parameter:
        kind, default = SHARED[name]
        if name == "verbose" and self.verbose:
            kind = options.verbose(self.verbose)
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _fields(kind: Any) -> list[inspect.Parameter]:
    """Fields of a struct as options: the type of each with its help, and its default."""
    hints = get_type_hints(kind, include_extras=True)
    only = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(name, only, default=default, annotation=hints[name])
        for name, default in zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True)
    ]


def command(
    section: str, example: str, *codes: int, takes: frozenset[str] = WRITES, verbose: str | None = None
) -> Callable[[Function], Declared]:
    """Declare a command: its section of the help, an example, the exit codes that it can return.

    `takes` names the shared options that it has. `verbose` is what `--verbose` does here, where that is not to name
    every file.
    """
    return lambda function: Declared(function, example, codes, takes, verbose, section)


MOST_IN_USAGE = 8
"""Second words that fit into the line of a command's usage; more are in the list below it."""


class Group:
    """A command with second words. Without any it does what `default` does, else the first one declared."""

    def __init__(self, section: str, help: str, default: str | None = None) -> None:
        self.section, self._help, self._default = section, help, default
        self._words: dict[str, Declared] = {}

    def word(
        self, name: str, example: str, *codes: int, takes: frozenset[str] = WRITES, verbose: str | None = None
    ) -> Callable[[Function], Function]:
        """Declare what the command does with this second word."""

        def declare(function: Function) -> Function:
            self._words[name] = Declared(function, example, codes, takes, verbose)
            return function

        return declare

    def build(self, name: str) -> Any:
        default = self._default or next(iter(self._words))
        words = sorted(self._words, key=lambda word: word != default)
        return Words(
            name=name,
            commands={word: self._words[word].build(word) for word in words},
            help=f"{self._help}\n\nWithout a command it is `{name} {default}`.",
            epilog="\b\nExamples:\n  " + "\n  ".join(one.example.replace("\n", "\n  ") for one in self._words.values()),
            rich_markup_mode=None,
            rich_help_panel=self.section,
            subcommand_metavar=f"[{'|'.join(words) if len(words) <= MOST_IN_USAGE else 'COMMAND'}] ...",
        )


def write_commands(formatter: Any, title: str, commands: Mapping[str, Any], widest: int) -> None:
    """A section of a help: each command with its first paragraph, in full."""
    rows = [
        (name.ljust(widest), (command.help or "").partition("\n\n")[0].replace("\n", " "))
        for name, command in commands.items()
    ]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


MEANT = {
    **dict.fromkeys(("get", "cat"), ("show", "list")),
    **dict.fromkeys(("ls", "list"), ("list", "show")),
    **dict.fromkeys(("rm", "remove", "delete", "drop", "del"), ("unset", "forget", "remove")),
    **dict.fromkeys(("clear", "purge"), ("clear", "unset", "empty")),
    **dict.fromkeys(("recover", "undelete", "pop", "back"), ("restore",)),
    **dict.fromkeys(("add", "edit", "change"), ("set",)),
}
"""Second words of git, rclone and the like, with what they are called here in one group or another. None that is said
of one file leads to what deletes them all."""
ELSEWHERE = dict.fromkeys((f"archive {word}" for word in ("restore", "thaw", "unpack", "extract")), "restore")
"""Second words for which there is a command of its own."""


def _near(rest: Sequence[str], words: Iterable[str]) -> list[str]:
    """The second word that somebody may have meant by the first argument."""
    if not rest:
        return []
    return [word for word in MEANT.get(rest[0], ()) if word in words] or get_close_matches(rest[0], words, 1, 0.7)


def read_leniently(command: Any, ctx: Any, args: Sequence[str], name: str | None = None) -> None:
    """Fill `CALL` from arguments that may be wrong: as far as the command's own parser understands them."""
    found, _ = _parsed(command, ctx, args)
    CALL.json, CALL.debug, CALL.help = (bool(found.get(option)) for option in ("json", "debug", "help"))
    CALL.command = ctx.command_path.partition(" ")[2] if name is None else name


def _parsed(command: Any, ctx: Any, args: Sequence[str], *, interspersed: bool = True) -> tuple[Any, list[str]]:
    """Options by name, and what is left. Nothing in the arguments is an error."""
    was = ctx.resilient_parsing
    ctx.resilient_parsing = True
    try:
        parser = command.make_parser(ctx)
        parser.ignore_unknown_options, parser.allow_interspersed_args = True, interspersed
        found, rest, _ = parser.parse_args(list(args))
    finally:
        ctx.resilient_parsing = was
    return found, rest
