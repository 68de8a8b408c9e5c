"""Times and cameras of the files that the readers here do not know, by ExifTool where it is installed.

What the readers here know they read everywhere, so that a key does not depend on what a computer has installed.
"""

from __future__ import annotations

import re
import subprocess
from datetime import datetime
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError, json

from s3sync.archive.readers import Unsaid
from s3sync.disk.programs import program

ENDINGS = (".heic", ".heif", ".cr3", ".raf", ".gpr", ".insp", ".mts", ".m2ts", ".avi", ".mpg", ".mxf", ".r3d", ".wmv")
PATIENCE_S = 60
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_WORDS = ("-config", "", "-j", "-G", "-n", "-fast", "-DateTimeOriginal", "-QuickTime:CreateDate", "-Model")


class Told(Struct, frozen=True):
    """`taken` is the time where the camera was, or UTC if `is_utc`; None where the file does not say it."""

    taken: datetime | None
    is_utc: bool
    camera: str | None


def read_by_exiftool(path: Path) -> Told:
    """Raises `Unsaid`, also where the program is not installed."""
    exiftool = program("exiftool")
    if exiftool is None:
        raise Unsaid("ExifTool, which knows this kind of file, is not installed")
    try:
        done = subprocess.run(
            [exiftool, *_WORDS, "--", str(path.absolute())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        [found] = json.decode(done.stdout, type=list[dict[str, str | int | float | bool | None]])
    except (OSError, subprocess.SubprocessError, DecodeError, ValidationError, ValueError):
        raise Unsaid("ExifTool does not know it") from None
    taken = next((_moment(value) for key, value in found.items() if key.endswith(":DateTimeOriginal")), None)
    made = _moment(found.get("QuickTime:CreateDate"))
    model = next((str(value) for key, value in found.items() if key.endswith(":Model") and value), None)
    return Told(taken or made, taken is None, model)


def _moment(value: object) -> datetime | None:
    found = _TIME.match(str(value))
    try:
        return datetime(*map(int, found.groups())) if found else None  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None
