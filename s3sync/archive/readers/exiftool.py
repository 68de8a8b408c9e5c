"""Times and cameras of the files that the readers here do not know, by ExifTool where it is installed.

What the readers here know they read everywhere, so that a key does not depend on what a computer has installed.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections import deque
from datetime import datetime

from msgspec import DecodeError, Struct, ValidationError, json

from s3sync.archive.readers import Place, Unsaid, descriptor_of
from s3sync.disk.looking_in import Bounds, into, name_of, run
from s3sync.disk.programs import program

ENDINGS = (".heic", ".heif", ".cr3", ".raf", ".gpr", ".insp", ".mts", ".m2ts", ".avi", ".mpg", ".mxf", ".r3d", ".wmv")
PATIENCE_S = 60
MOST_TOLD, MOST_DATA = 64 * 1024, 512 << 20
"""Bytes that it may tell of a file, and take of memory: a name of a camera may be as long as the file."""
MOST_IN_VAIN, AGAIN_S = 5, 3600.0
"""Files with which it came to no end, after which it is asked of no other for that time: each costs a minute."""
_OWN = ("HOME", "USERPROFILE", "PERL5LIB")
"""Variables by which it finds its own library."""
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_WORDS = ("-config", "", "-j", "-G", "-n", "-fast", "-DateTimeOriginal", "-QuickTime:CreateDate", "-Model")


class Told(Struct, frozen=True):
    """`taken` is the time where the camera was, or UTC if `is_utc`; None where the file does not say it."""

    taken: datetime | None
    is_utc: bool
    camera: str | None


_in_vain = deque[float](maxlen=MOST_IN_VAIN)
"""Times at which it came to no end."""


def read_by_exiftool(path: Place) -> Told:
    """Raises `Unsaid`, also where the program is not installed; `OSError` where it comes to no end: by another date the
    file would get another key than on another day.
    """
    exiftool = program("exiftool")
    if exiftool is None:
        raise Unsaid("ExifTool, which knows this kind of file, is not installed")
    try:
        [found] = json.decode(_asked(exiftool, path), type=list[dict[str, str | int | float | bool | None]])
    except (DecodeError, ValidationError, ValueError):
        raise Unsaid("ExifTool does not know it") from None
    taken = next((_moment(value) for key, value in found.items() if key.endswith(":DateTimeOriginal")), None)
    made = _moment(found.get("QuickTime:CreateDate"))
    model = next((str(value) for key, value in found.items() if key.endswith(":Model") and value), None)
    return Told(taken or made, taken is None, model)


def _asked(exiftool: str, path: Place) -> bytes:
    """What it tells of a file. Raises `OSError`."""
    if len(_in_vain) == MOST_IN_VAIN and time.monotonic() - _in_vain[0] < AGAIN_S:
        why = f"ExifTool is not asked any more: it came to no end with {MOST_IN_VAIN} other files; move those away"
        raise OSError(errno.ETIMEDOUT, why, str(path))
    told, own = bytearray(), {name: os.environ[name] for name in _OWN if name in os.environ}
    bounds, descriptor = Bounds(PATIENCE_S, 0, MOST_DATA), descriptor_of(path)
    try:
        words = [*_WORDS, "--", name_of(descriptor, os.path.abspath(str(path)))]  # noqa: PTH100 - no link is followed
        ended = run([exiftool, *words], into(told, MOST_TOLD), bounds, files=(descriptor,), environ=own)
    finally:
        os.close(descriptor)
    if ended.late:
        _in_vain.append(time.monotonic())
        raise OSError(errno.ETIMEDOUT, f"ExifTool comes to no end with it within {PATIENCE_S} s", str(path))
    return bytes(told)


def _moment(value: object) -> datetime | None:
    found = _TIME.match(str(value))
    try:
        return datetime(*map(int, found.groups())) if found else None  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None
