"""Pieces of names: by them a name is found in whose middle somebody remembers something, among millions.

Of each block of members the table `piece` has a filter of the pieces of their names, of one to four bytes. A name is
looked for only in blocks whose filter has all pieces of what was typed. A trigram index of SQLite would need a virtual
table, which no database of ours may hold (`state/trusted`), and a row for each piece would be ten times the members.
Archives of a few members, which are many, share filters by their numbers. What was in one of them and is no more leaves
its bits there: a name is looked for in vain, and none is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from sqlite3 import Connection
from struct import unpack_from
from typing import NamedTuple
from zlib import crc32

BLOCK = 1000
"""Members of a block, by their number in the archive."""
_SIGNS = re.compile(r"\[\^?\]?[^\]]*\]|[*?]")
"""Signs of a glob of SQLite that stand for other characters."""
_LONGEST = 4
"""Bytes of the longest pieces."""
_THREES = 8192
"""Bits of the first part of a filter, which has the pieces of three bytes: all that one of an earlier version is. Names
with three running digits and some words have about 1,500 of them."""
_FOURS, _TWOS, _ONES = 5632, 2048, 256
"""Bits of the other parts, one behind the other. Of four bytes only digits are noted: a thousand running numbers have
every piece of three digits, and a tenth of those of four. With all parts two rows fit on a page of SQLite."""
_PRIMES = {4: 5623, 2: 2039, 1: _ONES}
"""By the length of a piece, the divisor that leaves its bit: the largest prime, and for one byte each has its own."""
_HIGH, _DIGITS = 0xF0F0F0F0, 0x30303030
"""Bits of four bytes, and what these are in digits (and in six other characters)."""
_BEGINS = {3: 0, 4: _THREES, 2: _THREES + _FOURS, 1: _THREES + _FOURS + _TWOS}
_BITS = _BEGINS[1] + _ONES
_END = "\n"
"""Stands between names."""
EARLIER_BYTES = _THREES // 8
"""Size of a filter of an earlier version."""
_SPANS = (256, 16)
"""Archives, by their numbers, of which the small ones share a filter: those of that many could make up one block."""
SCHEMA = """
CREATE TABLE piece (
    archive INTEGER NOT NULL, first INTEGER NOT NULL, bits BLOB NOT NULL, PRIMARY KEY (archive, first)
);
"""


class Place(NamedTuple):
    """Place of a filter in the table. `archive` is negative where small archives share it, and `first` then a span."""

    archive: int
    first: int

    @property
    def archives(self) -> tuple[int, int]:
        """Numbers of the archives that share it: from one, and up to another."""
        begin = (-1 - self.archive) * self.first
        return begin, begin + self.first


def place_of(archive: int, first: int, count: int) -> Place:
    """Place of the filter of `count` members, which begin with number `first`."""
    span = next((span for span in _SPANS if first == 0 and count * span <= BLOCK), 0)
    return Place(-1 - archive // span, span) if span else Place(archive, first)


def filter_of(names: Iterable[str]) -> bytes:
    """Filter of a block's names. What all of them begin or end with is looked at once."""
    whole = list(names) or [""]
    start, cut = _common(whole), _common([name[::-1] for name in whole])
    text = _END.join([whole[0], *(name[start : len(name) - cut] for name in whole)]).encode()
    bits = bytearray(_BITS // 8)
    for length, found in _pieces(text + _END.encode() * (_LONGEST - 1)):
        for number in _numbers(found, length):
            bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def _common(names: list[str]) -> int:
    """Number of characters that all names begin with, less those that a piece across the end of that has of it."""
    first, last = min(names), max(names)
    same = next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return max(0, same - _LONGEST + 1)


def numbers_of(glob: str) -> list[int]:
    """Numbers of the bits that a name's filter has if the name fits a glob; none where the glob is signs alone.

    Those that tell the most come first.
    """
    runs = [run.encode() for run in _SIGNS.split(glob)]
    found = dict[int, None]()
    for length in range(_LONGEST, 0, -1):
        pieces = (run[at : at + length] for run in runs for at in range(len(run) - length + 1))
        found.update(dict.fromkeys(_numbers({int.from_bytes(one, "little") for one in pieces}, length)))
    return list(found)


def has_all(bits: bytes, numbers: Iterable[int]) -> bool:
    """True if a filter has these bits, as far as it tells: one of a size that is not ours tells nothing."""
    most = 8 * len(bits)
    if most not in (_BITS, _THREES):
        return True
    for number in numbers:  # noqa: SIM110 - `all` takes three times as long
        if number < most and not bits[number >> 3] & (1 << (number & 7)):
            return False
    return True


def _pieces(text: bytes) -> Iterator[tuple[int, set[int]]]:
    """Length of pieces, and those of a text as integers, the first byte lowest; what begins in the last three bytes is
    left out."""
    found = set[int]()
    for start in range(min(_LONGEST, len(text))):
        found.update(unpack_from(f"<{(len(text) - start) // _LONGEST}I", text, start))
    yield _LONGEST, found
    for length in range(_LONGEST - 1, 0, -1):
        mask = (1 << 8 * length) - 1
        found = {piece & mask for piece in found}
        yield length, found


def _numbers(pieces: set[int], length: int) -> set[int]:
    """Numbers of the bits of pieces of one length."""
    begin = _BEGINS[length]
    if length == 3:
        return {begin + crc32(piece.to_bytes(3, "little")) % _THREES for piece in pieces}
    prime = _PRIMES[length]
    return {begin + piece % prime for piece in pieces if length < 4 or piece & _HIGH == _DIGITS}


def joined(one: bytes, other: bytes) -> bytes:
    """Filter of the names of two. One of a size that is not ours tells nothing, and neither do both."""
    if len(one) != len(other):
        return other
    return (int.from_bytes(one, "little") | int.from_bytes(other, "little")).to_bytes(len(one), "little")


def add_pieces(connection: Connection) -> None:
    """Make the filters of all members that a catalogue of an earlier version has."""
    connection.execute(SCHEMA)
    rows = connection.execute("SELECT archive, n, name FROM member ORDER BY archive, n")
    connection.executemany("INSERT INTO piece VALUES (?, ?, ?)", _filters(rows))


def _filters(rows: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, bytes]]:
    shared = dict[int, tuple[Place, bytes]]()
    for (archive, first), block in groupby(rows, lambda row: (row[0], row[1] - row[1] % BLOCK)):
        names = [str(name) for _, _, name in block]
        place, bits = place_of(archive, first, len(names)), filter_of(names)
        if place.archive >= 0:
            yield *place, bits
            continue
        known = shared.pop(place.first, None)
        if known is not None and known[0] != place:
            yield *known[0], known[1]
            known = None
        shared[place.first] = place, joined(bits, known[1]) if known is not None else bits
    for place, bits in shared.values():
        yield *place, bits
