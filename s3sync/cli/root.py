"""The command `s3sync` itself: which commands there are, `help`, and what is said of a command that is none."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from s3sync.cli.call import BACK, CALL, CHECK, EXCHANGE, FINISH, SET_UP, read_leniently

SECTIONS = (EXCHANGE, BACK, FINISH, SET_UP, CHECK)


class Root(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        read_leniently(self, ctx, args)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] == "help":
            if len(args) == 1 or args[1].startswith("-"):
                CALL.help = True
                print(ctx.get_help())
                ctx.exit()
            args = [args[1], "--help"]
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            read_leniently(self.get_command(ctx, "status"), ctx, args[1:], name=args[0])  # has every option of an error
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """In sections of what people do, each help in full."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        widest = max(map(len, found))
        for section in SECTIONS:
            rows = [
                (name.ljust(widest), (command.help or "").partition("\n\n")[0].replace("\n", " "))
                for name, command in found.items()
                if command is not None and getattr(command, "rich_help_panel", None) == section
            ]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)
