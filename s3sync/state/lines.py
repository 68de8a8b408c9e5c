"""Memory of this user's computer of lines: what large files went up with to each server, for all projects and clones.

A new project's first large file has parts for the line that there is. It decides nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from s3sync.state.books import read_book, write_book

FILE = "lines.json"
MOST = 200
SCHEMA = 1
_LIKELY = range(1, 1 << 40)
_NOTABLE = 1.25
"""A rate that differs by less is not written down again."""


class Carried(Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes a second that went up to a server."""

    server: str
    rate: int


class Book(Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    carried: tuple[Carried, ...]


def known_rate(environ: Mapping[str, str], server: str) -> float | None:
    """Bytes a second that went up to this server last time; None where nobody knows."""
    return next((float(one.rate) for one in _read(environ) if one.server == server), None)


def note_rate(environ: Mapping[str, str], server: str, rate: float | None) -> None:
    """Remember a rate, for as long as the file can be written; the one that was noted first is dropped."""
    if rate is None or int(rate) not in _LIKELY:
        return
    before = known_rate(environ, server)
    if before is not None and 1 / _NOTABLE < rate / before < _NOTABLE:
        return
    kept = [one for one in _read(environ) if one.server != server]
    write_book(environ, FILE, Book(SCHEMA, (*kept, Carried(server, int(rate)))[-MOST:]))


def _read(environ: Mapping[str, str]) -> tuple[Carried, ...]:
    book = read_book(environ, FILE, Book)
    if book is None or book.schema != SCHEMA:
        return ()
    return tuple(one for one in book.carried[-MOST:] if one.rate in _LIKELY)
