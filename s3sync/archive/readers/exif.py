"""Time and camera of a photo, from the EXIF part of a JPEG, or of a TIFF and the raw files made like one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import BinaryIO

from msgspec import Struct

from s3sync.archive.readers import Place, Unsaid, open_file

JPEG = (".jpg", ".jpeg")
TIFF = (".tif", ".tiff", ".dng", ".cr2", ".nef", ".arw", ".pef", ".orf", ".rw2", ".srw")
ENDINGS = (*JPEG, *TIFF)
MOST_SEGMENTS, MOST_ENTRIES, MOST_TEXT = 200, 1000, 256
_MODEL, _CHANGED, _EXIF, _TAKEN = 0x0110, 0x0132, 0x8769, 0x9003
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")


class Photo(Struct, frozen=True):
    """`taken` is the time where the camera was, as it was set; None where it is not said."""

    taken: datetime | None
    camera: str | None


def read_photo(path: Place) -> Photo:
    """Raises `Unsaid` and `OSError`."""
    with open_file(path) as file:
        return photo_in(file, path.name)


def photo_in(file: BinaryIO, name: str) -> Photo:
    """The same of an open file, whose name says what it is."""
    start = _exif_of_jpeg(file) if name.casefold().endswith(JPEG) else 0
    return _Tiff(file, start).photo()


def _exif_of_jpeg(file: BinaryIO) -> int:
    """Where the TIFF in the EXIF segment begins."""
    if file.read(2) != b"\xff\xd8":
        raise Unsaid("it is no JPEG")
    for _ in range(MOST_SEGMENTS):
        marker = file.read(4)
        if len(marker) < 4 or marker[0] != 0xFF or marker[1] == 0xDA:
            break
        length, at = int.from_bytes(marker[2:], "big"), file.tell()
        if marker[1] == 0xE1 and file.read(6) == b"Exif\0\0":
            return file.tell()
        if length < 2:  # it counts itself
            break
        file.seek(at + length - 2)
    raise Unsaid("there is no EXIF in it")


class _Tiff:
    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file, self._start = file, start
        head = self._at(0, 8)
        if head[:2] not in (b"II", b"MM"):
            raise Unsaid("it is no TIFF")
        self._little = head[:2] == b"II"
        self._first = self._number(head[4:8])

    def photo(self) -> Photo:
        top = self._entries(self._first)
        inner = self._entries(self._number(top[_EXIF][2])) if _EXIF in top else {}
        taken = self._text(inner.get(_TAKEN)) or self._text(top.get(_CHANGED))
        return Photo(_moment(taken), self._text(top.get(_MODEL)) or None)

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(self._start + offset)
        data = self._file.read(size)
        if len(data) < size:
            raise Unsaid("it is cut off")
        return data

    def _number(self, data: bytes) -> int:
        return int.from_bytes(data, "little" if self._little else "big")

    def _entries(self, offset: int) -> dict[int, tuple[int, int, bytes]]:
        """Type, count and the four bytes of each entry of a directory."""
        count = min(self._number(self._at(offset, 2)), MOST_ENTRIES)
        data = self._at(offset + 2, 12 * count)
        found: dict[int, tuple[int, int, bytes]] = {}
        for at in range(0, len(data), 12):
            tag, kind, number = (self._number(data[at + a : at + b]) for a, b in ((0, 2), (2, 4), (4, 8)))
            found.setdefault(tag, (kind, number, data[at + 8 : at + 12]))
        return found

    def _text(self, entry: tuple[int, int, bytes] | None) -> str:
        if entry is None or entry[0] != 2:
            return ""
        size = min(entry[1], MOST_TEXT)
        data = entry[2][:size] if size <= 4 else self._at(self._number(entry[2]), size)
        return data.split(b"\0")[0].decode("utf-8", "replace").strip()


def _moment(text: str) -> datetime | None:
    found = _TIME.match(text)
    try:
        return datetime(*map(int, found.groups())) if found else None  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None
