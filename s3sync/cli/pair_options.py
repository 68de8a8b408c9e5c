"""Options and arguments of the commands on two places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer
from msgspec import Struct

PlaceA: TypeAlias = Annotated[
    str, typer.Argument(metavar="A", help="A store's address, a folder, or a project's name.", show_default=False)
]
PlaceB: TypeAlias = Annotated[str, typer.Argument(metavar="B", help="The other place.", show_default=False)]
Include: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="PATTERN", help="Only files that match, as in .gitignore; repeat for more."),
]
Exclude: TypeAlias = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="PATTERN", help="No files that match; repeat for more.")
]
FromFile: TypeAlias = Annotated[
    str | None,
    typer.Option("--from-file", "--files-from", metavar="FILE", help="Only the paths listed there; - is stdin."),
]
MinSize: TypeAlias = Annotated[
    str | None, typer.Option("--min-size", metavar="SIZE", help="Only files of at least 10K, 5M or 2G.")
]
MaxSize: TypeAlias = Annotated[str | None, typer.Option("--max-size", metavar="SIZE", help="No file larger than that.")]
Newer: TypeAlias = Annotated[
    str | None, typer.Option("--newer", "--max-age", metavar="AGE", help="Changed in the last 2d, 1w, or since a date.")
]
Older: TypeAlias = Annotated[
    str | None, typer.Option("--older", "--min-age", metavar="AGE", help="Not changed for that long, or since a date.")
]
ProfileB: TypeAlias = Annotated[
    str | None, typer.Option("--profile-b", metavar="NAME", help="The AWS profile for B, if it is another than A's.")
]


class Picks(Struct, frozen=True):
    """Filters as they were typed."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    from_file: str | None = None
    min_size: str | None = None
    max_size: str | None = None
    newer: str | None = None
    older: str | None = None

    @property
    def any(self) -> bool:
        return self != Picks()
