"""The table of settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from s3sync.cli.output import SCHEMA, printable, say
from s3sync.cli.show.words import Json

Row = tuple[str, str | None, str]
"""A setting's name, its value, and where that comes from."""


def config_json(rows: Sequence[Row]) -> Json:
    settings = {name: {"value": value, "origin": origin} for name, value, origin in rows}
    return {"schema": SCHEMA, "command": "config", "settings": settings}


def change_json(file: Path, changed: bool) -> Json:
    return {"schema": SCHEMA, "command": "config", "file": str(file), "changed": changed}


def print_config(rows: Sequence[Row], *, verbose: bool) -> None:
    if not verbose:
        rows = [(name, _beginning(value) if name == "ignore" else value, origin) for name, value, origin in rows]
    widths = [max([len(printable(_text(row[column]))) for row in rows] or [0]) for column in (0, 1)]
    for name, value, origin in rows:
        say(f"{printable(name).ljust(widths[0])}  {printable(_text(value)).ljust(widths[1])}  {printable(origin)}")


def _beginning(patterns: str | None) -> str | None:
    """The first of many patterns: all of them would make every line of the table as long."""
    found = (patterns or "").split(", ")
    return patterns if len(found) <= 4 else f"{', '.join(found[:3])} and {len(found) - 3} more"


def _text(value: str | None) -> str:
    return "-" if value is None else value
