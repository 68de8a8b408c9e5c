"""Pieces of names: by them a name is found in whose middle somebody remembers something, among millions.

Of each block of members the table `piece` has a Bloom filter of the three-byte pieces of their names. A name is looked
for only in blocks whose filter has all pieces of what was typed. A trigram index of SQLite would need a virtual table,
which no database of ours may hold (`state/trusted`), and a row for each piece would be ten times the members.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from sqlite3 import Connection
from struct import iter_unpack
from zlib import crc32

BLOCK = 1000
"""Members of a block, by their number in the archive."""
_BITS = 8192
"""Names with three running digits and some words have about 1,500 pieces: a filter of 1 kB is a fifth full."""
_LENGTH = 3
_SIGNS = re.compile(r"\[\^?\]?[^\]]*\]|[*?]")
"""Signs of a glob of SQLite that stand for other characters."""
SCHEMA = """
CREATE TABLE piece (
    archive INTEGER NOT NULL, first INTEGER NOT NULL, bits BLOB NOT NULL, PRIMARY KEY (archive, first)
);
"""


def filter_of(names: Iterable[str]) -> bytes:
    """Filter of a block's names. What all of them begin or end with is looked at once."""
    whole = list(names) or [""]
    start, cut = _common(whole), _common([name[::-1] for name in whole])
    text = "\n".join([whole[0], *(name[start : len(name) - cut] for name in whole)]).encode()
    bits = bytearray(_BITS // 8)
    for number in _numbers(text):
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def _common(names: list[str]) -> int:
    """Number of characters that all names begin with, less those that a piece across the end of that has of it."""
    first, last = min(names), max(names)
    same = next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return max(0, same - _LENGTH + 1)


def numbers_of(glob: str) -> list[int]:
    """Numbers of the bits that a name's filter has if the name fits a glob; none where the glob has no such piece."""
    return sorted({number for run in _SIGNS.split(glob) for number in _numbers(run.encode())})


def has_all(bits: bytes, numbers: list[int]) -> bool:
    """True if a filter has these bits. One of another size has them all: nothing is known of its names."""
    return len(bits) != _BITS // 8 or all(bits[number >> 3] & (1 << (number & 7)) for number in numbers)


def _numbers(text: bytes) -> set[int]:
    found = set[tuple[bytes]]()
    for start in range(min(_LENGTH, len(text))):
        found.update(iter_unpack(f"{_LENGTH}s", text[start : len(text) - (len(text) - start) % _LENGTH]))
    return {crc32(piece) % _BITS for (piece,) in found}


def add_pieces(connection: Connection) -> None:
    """Make the filters of all members that a catalogue of an earlier version has."""
    connection.execute(SCHEMA)
    rows = connection.execute("SELECT archive, n, name FROM member ORDER BY archive, n")
    connection.executemany("INSERT INTO piece VALUES (?, ?, ?)", _filters(rows))


def _filters(rows: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, bytes]]:
    place, names = (-1, -1), list[str]()
    for archive, n, name in rows:
        if (archive, n - n % BLOCK) != place:
            if names:
                yield *place, filter_of(names)
            place, names = (archive, n - n % BLOCK), []
        names.append(str(name))
    if names:
        yield *place, filter_of(names)
