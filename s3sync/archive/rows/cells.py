"""Cells of an answer: numbers, and all else as text, of bounded length, whatever a database has for it."""

from __future__ import annotations

from typing import Any

from s3sync.core.archive.rows import MOST_TEXT

_AS_THEY_ARE = frozenset({"bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "bytea", "uuid"})


def bounded(cell: Any) -> Any:
    """A cell that is no longer than one that says too much: a page holds a thousand rows."""
    return cell[: MOST_TEXT + 1] if isinstance(cell, (str, bytes)) and len(cell) > MOST_TEXT else cell


def take_as_text(library: Any, driver: Any) -> None:
    """Have a connection of psycopg give lists, documents, ranges and times as the text that the server has for them.

    Made into Python's own, one that Python has no place for (a day before Christ, `infinity`, a document of three
    thousand brackets) would end the answer instead of its row, and a list is no id that can be looked up.
    """
    text = library.types.string.TextLoader
    for one in library.adapters.types:
        if one.name not in _AS_THEY_ARE:
            driver.adapters.register_loader(one.oid, text)
        if one.array_oid:
            driver.adapters.register_loader(one.array_oid, text)
