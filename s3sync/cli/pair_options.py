"""Options and arguments of the commands on two places."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer
from msgspec import Struct

PlaceA: TypeAlias = Annotated[
    str, typer.Argument(metavar="A", help="A store's address, a folder, or a project's name.", show_default=False)
]
PlaceB: TypeAlias = Annotated[str, typer.Argument(metavar="B", help="The other place.", show_default=False)]


class Picks(Struct, frozen=True):
    """Filters as they were typed, and the profile of B. A command with a parameter of this type has all of them."""

    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="PATTERN", help="Only files that match, as in .gitignore; repeat for more."),
    ] = None
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="PATTERN", help="No files that match; repeat for more.")
    ] = None
    from_file: Annotated[
        str | None,
        typer.Option("--from-file", "--files-from", metavar="FILE", help="Only the paths listed there; - is stdin."),
    ] = None
    min_size: Annotated[
        str | None, typer.Option("--min-size", metavar="SIZE", help="Only files of at least 10K, 5M or 2G.")
    ] = None
    max_size: Annotated[str | None, typer.Option("--max-size", metavar="SIZE", help="No file larger than that.")] = None
    newer: Annotated[
        str | None,
        typer.Option("--newer", "--max-age", metavar="AGE", help="Changed in the last 2d, 1w, or since a date."),
    ] = None
    older: Annotated[
        str | None,
        typer.Option("--older", "--min-age", metavar="AGE", help="Not changed for that long, or since a date."),
    ] = None
    profile_b: Annotated[
        str | None,
        typer.Option("--profile-b", metavar="NAME", help="The AWS profile for B, if it is another than A's."),
    ] = None

    @property
    def any(self) -> bool:
        """True if a filter was typed."""
        return any(getattr(self, name) not in (None, []) for name in self.__struct_fields__ if name != "profile_b")
