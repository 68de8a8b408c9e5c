"""Names that s3sync syncs, and how keys and paths map to each other.

A path is relative to the staging folder, NFC, with `/` between its segments. The key is the project's prefix and the
path; a foreign key in another normal form keeps its own spelling (`RemoteFile.key`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import datetime, timedelta
from functools import lru_cache

from s3sync.core.spelling import Refusal, obeyed_refusal, stands_for
from s3sync.core.spelling import nfc as nfc

MANIFEST = "metadata.json"
STATE_DIR = ".s3sync"
RESERVED = (MANIFEST, STATE_DIR)

HADOOP_MARKER = "_$folder$"
"""At the end of the name of an empty object that stands for a folder."""

SEGMENT_BYTES = 255
KEY_BYTES = 1024
SHORT_PATH = KEY_BYTES // 2
"""Bytes. A path of so many leaves room in its key for every repository, project and prefix of a bucket."""
EXTENSION_BYTES = 32
"""Longest extension: more after the last dot of a name is none."""
USER_BYTES = 64
"""Bytes of a user's name in the name of a conflict copy."""

MOST_SHOWN = 64
"""Characters of a user's name or a time that are shown: as many as a name may have."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:")
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]", re.IGNORECASE)
"""https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file"""
_SUSPECT = re.compile(r'[<>:"|?*]|[. ](?:/|$)|(?:^|/)(?:con|prn|aux|nul|com|lpt)', re.IGNORECASE)
"""Found in each path that Windows cannot hold, and in few others: one search settles most files."""


def pin_name(staging: str) -> str:
    """Name of the pin file of a project, which stands beside the staging folder of that name."""
    return f"{staging.rstrip('/').rpartition('/')[2]}.lock.yaml"


def without_case(path: str) -> str:
    """Key that is equal for all spellings that a disk which ignores case takes for one name."""
    return nfc(nfc(path).casefold())


def is_text(name: str) -> bool:
    """True if a name was valid UTF-8 on its disk: only such a one can be written down."""
    return _SURROGATE.search(name) is None


def refuse_reason(path: str) -> str | None:
    """Reason why a path cannot be synced; None when it can.

    Reserved names, and names that other programs obey, are refused in every spelling that is one of them on some disk,
    so that no colleague's folder is hit.
    """
    refusal = refuse(path)
    return refusal.reason if refusal else None


@lru_cache(1 << 15)  # each path is asked about on this disk, in the listing and in metadata.json
def refuse(path: str) -> Refusal | None:
    """Refusal of a path, with the folder that is refused as a whole; None when it can be synced."""
    if stands_for(path.partition("/")[0], RESERVED):
        return Refusal(f"the name {path.partition('/')[0]!r} is reserved for s3sync itself", path.partition("/")[0])
    if _DRIVE.match(path):
        return Refusal(f"{path[:2]!r} at its beginning means a drive on Windows", path)
    for segment in path.split("/"):
        reason = _segment_reason(segment)
        if reason:
            return Refusal(reason, path)
    if len(path.encode("utf-8")) > KEY_BYTES:
        return Refusal(f"the path is longer than {KEY_BYTES} bytes", path)
    return obeyed_refusal(path)


def refuse_folder(path: str) -> str | None:
    """Reason why nothing in a folder of this path can be synced; None when it can."""
    reason = refuse_reason(path)
    return reason if reason is None or refuse_reason(f"{path}/-") is not None else None


def windows_reason(path: str) -> str | None:
    """Reason why Windows cannot hold a path that is synced elsewhere; None when it can."""
    if _SUSPECT.search(path) is None:
        return None
    for segment in path.split("/"):
        found = _NOT_ON_WINDOWS.search(segment)
        if found:
            return f"Windows allows no {found[0]!r} in a name"
        if segment[-1:] in (".", " "):
            return "Windows allows no dot and no blank at the end of a name"
        if _DEVICE.fullmatch(segment.split(".")[0].rstrip()):
            return f"{segment!r} is the name of a device on Windows"
    return None


def control_reason(path: str) -> str | None:
    """Reason why a path by somebody else gets no name on a disk: terminals obey it. None for one without."""
    return "the name has a control character in it" if _CONTROL.search(path) else None


def _segment_reason(segment: str) -> str | None:
    if segment == "":
        return "it has an empty folder or file name in it"
    if segment in (".", ".."):
        return f"{segment!r} as a folder name leads elsewhere"
    if not is_text(segment):
        return "the name is not valid UTF-8"
    if reason := control_reason(segment):
        return reason
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


MARKER_BYTES = 16
"""A folder marker is empty, or holds a blank or a word such as "placeholder"."""
MOST_CLASHES = 8
"""Files in whose place a path would need a folder, as far as they are told: no more than a few stand so by mistake."""


def is_folder_marker(path: str, size: int = 0) -> bool:
    """True if an object of this path and size stands for a folder, as consoles and other programs put them."""
    return size <= MARKER_BYTES and (not path or path.endswith("/"))


def clashes(names: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pairs of paths that cannot stand on one disk beside each other.

    Two that the disk takes for one name; or a file and a path in a folder of that name, the file first. `names` are
    all paths, each after what the disk makes of it (`without_case`, where it ignores case); they come in order, so
    that only those are held that the path at hand begins with.

    Of very many files that a path would be below, it is told with the outermost and the nearest: a store names files in
    files hundreds deep, and all pairs of them would fill the memory. Each path of any pair is in one of those told.
    """
    begun: list[tuple[str, str]] = []
    for name, path in names:
        while begun and not name.startswith(begun[-1][0]):
            begun.pop()
        others = [other for short, other in begun if name[len(short) : len(short) + 1] in ("", "/") and other != path]
        del others[MOST_CLASHES - 1 : -1]
        yield from ((other, path) for other in others)
        if not begun or begun[-1][0] != name:
            begun.append((name, path))


def twins(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The paths of all such pairs, each with the name of one that it cannot stand beside."""
    found: dict[str, str] = {}
    for one, other in clashes(names):
        found[one], found[other] = other, one
    return found


def note_spellings(
    spelled: MutableMapping[str, tuple[str, ...]], unmatched: Iterable[str], remote: Iterable[str]
) -> None:
    """Fill `spelled`: by its name without case, how the remote spells each of these paths and the folders above it."""
    for prefix in _with_folders(unmatched):
        spelled[without_case(prefix)] = ()
    for prefix in _with_folders(remote):
        name = without_case(prefix)
        there = spelled.get(name)
        if there is not None and prefix not in there:
            spelled[name] = (*there, prefix)


def _with_folders(paths: Iterable[str]) -> Iterator[str]:
    """Each path and the folders above it, those of neighbours only once."""
    known = ""
    for path in paths:
        folder = path[: path.rfind("/") + 1]
        if folder != known:
            yield from (folder[:end] for end, char in enumerate(folder) if char == "/")
            known = folder
        yield path


def respelled(path: str, spelled: Mapping[str, tuple[str, ...]]) -> str | None:
    """The path as the remote spells as much of it as it has; None if that leaves it as it is."""
    end = len(path)
    while end > 0:
        there = spelled[without_case(path[:end])]
        if path[:end] in there:
            return None
        if len(there) == 1:
            return there[0] + path[end:]
        end = path.rfind("/", 0, end)
    return None


def conflict_name(path: str, user: str, when: datetime) -> str:
    """`cut/a.mp4` becomes `cut/a.conflict-jan-20251103-143000.mp4`. Of the user's name, what any disk can hold.

    The stem is shortened to what a name and a key hold; below a path that leaves no room for a name, the copy goes to
    the nearest folder above that does. What stands before a path in its key nobody tells here: a copy of a long path is
    no longer than that, as the store holds it.
    """
    most = max(len(path.encode("utf-8")), SHORT_PATH)
    folder, slash, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode("utf-8")) > EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    ending = f".conflict-{name_part(user)}-{when:%Y%m%d-%H%M%S}{dot}{extension}"
    while folder and len(f"{folder}/{stem[:1]}{ending}".encode()) > most:
        folder, slash, _ = folder.rpartition("/")
    room = min(SEGMENT_BYTES, most - len(f"{folder}{slash}".encode())) - len(ending.encode("utf-8"))
    return folder + slash + stem.encode("utf-8")[:room].decode("utf-8", "ignore") + ending


_COPY_TIME = re.compile(r"-(\d{8}-\d{6})(?:\.[^./]+)?\Z", re.ASCII)


def is_conflict_name(name: str, path: str, user: str) -> bool:
    """True if that is the name of a conflict copy of the path that this user made at some second."""
    found = _COPY_TIME.search(name)
    try:
        when = datetime.strptime(f"{found[1]}+0000", "%Y%m%d-%H%M%S%z") if found else None
    except ValueError:
        return False
    return when is not None and conflict_name(path, user, when) == name


def short_text(text: str) -> str:
    """A user's name or a time for a message, bounded: whoever uploads may write anything there."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def name_part(user: str) -> str:
    """A user's name as a part of a file's name: letters and digits of any script, `_`, `-` and inner dots."""
    kept = (char if char in "_.-" or unicodedata.category(char)[0] in "LMN" else "-" for char in nfc(user))
    return "".join(kept).encode("utf-8")[:USER_BYTES].decode("utf-8", "ignore").strip(".") or "someone"


def free_conflict_name(path: str, user: str, when: datetime, is_taken: Callable[[str], bool]) -> str:
    """The conflict copy's name, of the first second from `when` on that no other copy has: a second may see two."""
    while is_taken(name := conflict_name(path, user, when)):
        when += timedelta(seconds=1)
    return name
