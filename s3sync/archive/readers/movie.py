"""Time and camera of a movie in the family of MP4 and QuickTime, from its `moov` box."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO

from msgspec import Struct

from s3sync.archive.readers import Place, Unsaid, open_file

ENDINGS = (".mp4", ".mov", ".m4v", ".3gp", ".360", ".lrv", ".insv", ".osv", ".braw", ".crm")
MOST_BOXES = 10_000
"""Boxes of one file, those inside of others with them: each `udta` could have as many again."""
MOST_BYTES = 1 << 16
"""Bytes of a small box that is read as a whole."""
_EPOCH = datetime(1904, 1, 1)  # noqa: DTZ001 - times in the file are UTC, without a zone
_FIRMWARE = re.compile(rb"(HD(\d)|H(\d\d))\.\d\d\.[\d.]*")
_MODELS = {"21": 10, "22": 11, "23": 12, "24": 13}
_FIRST_WITH_UTC = 11
"""GoPros before the HERO11 write the local time where the format wants UTC."""


class Movie(Struct, frozen=True):
    """`taken` is in UTC, or where the camera was if `is_local`."""

    taken: datetime
    is_local: bool
    camera: str | None


def read_movie(path: Place) -> Movie:
    """Raises `Unsaid` and `OSError`."""
    with open_file(path) as file:
        return movie_in(file, os.fstat(file.fileno()).st_size)


def movie_in(file: BinaryIO, size: int) -> Movie:
    """The same of an open file of that many bytes."""
    left = iter(range(MOST_BOXES))
    moov = next((box for box in _boxes(file, 0, size, left) if box[0] == b"moov"), None)
    if moov is None:
        raise Unsaid("there is no moov box in it")
    taken: datetime | None = None
    firmware: re.Match[bytes] | None = None
    for kind, begin, end in _boxes(file, moov[1], moov[2], left):
        if kind == b"mvhd":
            taken = _time(_read(file, begin, end))
        elif kind == b"udta":
            firm = next((box for box in _boxes(file, begin, end, left) if box[0] == b"FIRM"), None)
            firmware = _FIRMWARE.search(_read(file, firm[1], firm[2])) if firm else None
    if taken is None:
        raise Unsaid("the movie does not say when it was taken")
    number = None if firmware is None else int(firmware[2] or _MODELS.get(firmware[3].decode(), 99))
    camera = None if number is None else f"HERO{number}" if number < 99 else "GoPro"
    return Movie(taken, number is not None and number < _FIRST_WITH_UTC, camera)


def _boxes(file: BinaryIO, at: int, end: int, left: Iterator[int]) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of each box's content. `left`: an item for each box of the file that is still looked at."""
    for _ in left:
        if at + 8 > end:
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size, begin = int.from_bytes(head[:4], "big"), at + 8
        if size == 1:
            size, begin = int.from_bytes(head[8:16], "big"), at + 16
        elif size == 0:
            size = end - at
        if size < begin - at or at + size > end:
            return
        yield head[4:8], begin, at + size
        at += size


def _read(file: BinaryIO, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(min(end - begin, MOST_BYTES))


def _time(mvhd: bytes) -> datetime | None:
    width = 8 if mvhd[:1] == b"\x01" else 4
    seconds = int.from_bytes(mvhd[4 : 4 + width], "big")
    if not 0 < seconds < 1 << 33 or len(mvhd) < 4 + width:
        return None
    taken = _EPOCH + timedelta(seconds=seconds)
    return taken if taken.year >= 1990 else None  # programs that do not know it write the epoch of some system
