"""Which names s3sync carries, and how keys and paths map to each other.

A path is relative to the staging folder, NFC, with `/` between its segments. The key is the project's prefix and the
path; a foreign key in another normal form keeps its own spelling (`RemoteFile.key`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterable
from datetime import datetime, timedelta

MANIFEST = "metadata.json"
STATE_DIR = ".s3sync"
RESERVED = (MANIFEST, STATE_DIR)

SEGMENT_BYTES = 255
KEY_BYTES = 1024
EXTENSION_BYTES = 32
"""What follows the last dot of a name and is longer is no extension."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:")


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def without_case(path: str) -> str:
    """What is equal for all spellings that a disk which ignores case takes for one name."""
    return nfc(nfc(path).casefold())


def refuse_reason(path: str) -> str | None:
    """Why a path cannot be carried, None when it can.

    Reserved names are compared without case, because `.S3SYNC` is the state folder on a Mac's or Windows' disk.
    """
    segments = path.split("/")
    if segments[0].casefold() in RESERVED:
        return f"the name {segments[0]!r} is reserved for s3sync itself"
    if _DRIVE.match(path):
        return f"{path[:2]!r} at its beginning means a drive on Windows"
    for segment in segments:
        reason = _segment_reason(segment)
        if reason:
            return reason
    if len(path.encode("utf-8")) > KEY_BYTES:
        return f"the path is longer than {KEY_BYTES} bytes"
    return None


def _segment_reason(segment: str) -> str | None:
    if segment == "":
        return "it has an empty folder or file name in it"
    if segment in (".", ".."):
        return f"{segment!r} as a folder name leads elsewhere"
    if _SURROGATE.search(segment):
        return "the name is not valid UTF-8"
    if _CONTROL.search(segment):
        return "the name has a control character in it"
    if "\\" in segment:
        return "a backslash in a name means a folder on some systems"
    if len(segment.encode("utf-8")) > SEGMENT_BYTES:
        return f"a name in it is longer than {SEGMENT_BYTES} bytes"
    return None


def path_of_key(prefix: str, key: str) -> str | None:
    """The path that a key below the project's prefix stands for, None for s3sync's own objects.

    The result may still be refused: ask `refuse_reason`.
    """
    path = nfc(key.removeprefix(prefix))
    return None if path == MANIFEST or path.startswith(f"{STATE_DIR}/") else path


def part_file_key(prefix: str, path: str) -> str:
    """The key of a path's part digests."""
    return f"{prefix}{STATE_DIR}/parts/{path}"


def twins(paths: Iterable[str], fold: Callable[[str], str] = nfc) -> dict[str, str]:
    """Paths that cannot stand on one disk beside another of them, each with the other's name.

    Two names that `fold` makes equal, as `without_case` does for a disk that ignores case; or a file and a folder of
    the same name: the file is the twin of one path below the folder.
    """
    found: dict[str, str] = {}
    known: dict[str, str] = {}
    for path in sorted(set(paths)):
        other = known.setdefault(fold(path), path)
        if other != path:
            found[other], found[path] = path, other
    for folded, path in known.items():
        for end, char in enumerate(folded):
            if char == "/" and (other := known.get(folded[:end], "")):
                found[other], found[path] = path, other
    return found


def conflict_name(path: str, user: str, when: datetime) -> str:
    """`cut/a.mp4` becomes `cut/a.conflict-jan-20251103-143000.mp4`.

    The stem is shortened to what a name and a key hold; below a path that leaves no room for a name, the copy goes to
    the nearest folder above that does.
    """
    folder, slash, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode("utf-8")) > EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    ending = f".conflict-{user}-{when:%Y%m%d-%H%M%S}{dot}{extension}"
    while folder and len(f"{folder}/{stem[:1]}{ending}".encode()) > KEY_BYTES:
        folder, slash, _ = folder.rpartition("/")
    room = min(SEGMENT_BYTES, KEY_BYTES - len(f"{folder}{slash}".encode())) - len(ending.encode("utf-8"))
    return folder + slash + stem.encode("utf-8")[:room].decode("utf-8", "ignore") + ending


def free_conflict_name(path: str, user: str, when: datetime, taken: Container[str]) -> str:
    """The conflict copy's name, of the first second from `when` on that no other copy has: a second may see two."""
    while (name := conflict_name(path, user, when)) in taken:
        when += timedelta(seconds=1)
    return name
