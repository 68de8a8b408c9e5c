"""The command `s3sync` itself: which commands there are, `help`, and what is said of a command that is none."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from typer.core import TyperGroup

from s3sync.cli import commands
from s3sync.cli.call import CALL
from s3sync.cli.declare import SECTIONS, read_leniently, write_commands


class Commands(MutableMapping[str, Any]):
    """Commands by name, each loaded from its file when it is asked for: a start pays for one only."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}
        self._names: frozenset[str] | None = None

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            if name not in self._known():
                raise KeyError(name)
            declared = getattr(import_module(f"{commands.__name__}.{name}"), name)
            self._built[name] = declared.build(name)
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        raise TypeError("commands are files")

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._known()))

    def __len__(self) -> int:
        return len(self._known())

    def _known(self) -> frozenset[str]:
        if self._names is None:
            self._names = frozenset(found.name for found in iter_modules(commands.__path__))
        return self._names


class Root(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = Commands()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        read_leniently(self, ctx, args)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] == "help":
            if len(args) == 1 or args[1].startswith("-"):
                CALL.help = True
                print(ctx.get_help())
                ctx.exit()
            args = [*args[1:], "--help"]
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            read_leniently(self.get_command(ctx, "status"), ctx, args[1:], name=args[0])  # has every option of an error
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """In sections of what people do, each help in full."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        for section, first in SECTIONS.items():
            of_it = [name for name, command in found.items() if getattr(command, "rich_help_panel", None) == section]
            ordered = sorted(of_it, key=lambda name: (first.index(name) if name in first else len(first), name))
            write_commands(formatter, section, {name: found[name] for name in ordered}, max(map(len, found)))
