"""True if git tracks what is this computer's own: read from git's index, without running git."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from s3sync.core.names import STATE_DIR
from s3sync.disk.guarded import GuardedFolder

MOST_BYTES = 128 * 1024 * 1024
"""Bytes of an index, shared parts included, that are looked through: one of a million files has about a hundred MB."""
_POINTER_BYTES = 64 * 1024
SHA1, SHA256 = 20, 32
_LENGTH, _EXTENDED = 0xFFF, 0x40


def tracked_by_git(staging: Path, inside: str = STATE_DIR) -> str | None:
    """A path below `.s3sync` that is in the index of the repository around a staging folder; None when none is.

    With another folder `inside` one below that, with an empty one any in the staging folder. A repository within the
    repository (a submodule) is one entry of the index: also when it is the folder itself, or the staging folder.
    """
    for folder in (staging, *staging.parents):
        found = _git_folder(folder)
        if found is not None:
            return _look(found, f"{(staging.relative_to(folder) / inside).as_posix()}/")
    return None


def _git_folder(folder: Path) -> Path | None:
    """The folder with the index of a repository's own folder; of a worktree or submodule, `.git` is a file."""
    git = folder / ".git"
    try:
        os.lstat(git)
    except OSError:
        return None
    if git.is_dir():
        return Path(os.path.realpath(git))  # whoever cloned may have made it a link; git follows it, too
    try:
        with GuardedFolder.open(folder, shared=True) as here:
            said = here.read(".git", _POINTER_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return None
    if not said.startswith("gitdir:"):
        return None
    try:
        return Path(os.path.realpath(folder / said.removeprefix("gitdir:").strip()))
    except ValueError:  # a NUL in it, which git refuses, too
        return None


def _look(git: Path, prefix: str) -> str | None:
    """Look into the index, and into what a split index shares. One that is too large hides what it tracks, so that
    it counts as if it tracked the folder."""
    try:
        names = [name for name in os.listdir(git) if name == "index" or name.startswith("sharedindex.")]
        stamps = tuple((name, *_stamp(git / name)) for name in names)
    except OSError:
        return None
    if sum(size for _, _, size, _ in stamps) > MOST_BYTES:
        return f"{prefix} (perhaps: git's index is larger than {MOST_BYTES >> 20} MiB, and is not looked through)"
    return _tracked(os.fspath(git), stamps, prefix)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(32)
def _tracked(git: str, stamps: tuple[tuple[str, int, int, int], ...], prefix: str) -> str | None:
    """Asked several times in one command."""
    wanted = _spellings(prefix.rstrip("/"))
    for name, *_ in stamps:
        try:
            with GuardedFolder.open(git, shared=True) as folder:
                index = folder.read(name, MOST_BYTES)
        except OSError:
            continue
        found = _find(index, wanted)
        if found is None and index[4:8] == b"\0\0\0\4":
            found = _find_packed(index, wanted, SHA1) or _find_packed(index, wanted, SHA256)
        if found is not None:
            return found
    return None


def _spellings(folder: str) -> re.Pattern[bytes]:
    """What finds a folder in an index however it is spelled: disks take other capitals for the same name, and Macs
    letters with an accent as one character or as two, of which git keeps the one (core.precomposeUnicode)."""
    composed = unicodedata.normalize("NFC", folder)
    return re.compile(b"".join(map(_letter, composed)) + rb"(?=[/\0]|\Z)", re.IGNORECASE)


def _letter(char: str) -> bytes:
    if char.isascii():
        return re.escape(char.encode())
    cases = dict.fromkeys((char, char.lower(), char.upper(), char.casefold()))
    forms = dict.fromkeys(unicodedata.normalize(form, one) for one in cases for form in ("NFC", "NFD"))
    return b"(?:" + b"|".join(re.escape(os.fsencode(one)) for one in forms) + b")"


def _find(index: bytes, wanted: re.Pattern[bytes]) -> str | None:
    """Versions 2 and 3 hold each path whole, after its length.

    No more is looked at than the length allows: an index may be anybody's, and hold no end of a path at all.
    """
    for found in wanted.finditer(index):
        begin, length = found.start(), int.from_bytes(index[found.start() - 2 : found.start()]) & _LENGTH
        end = index.find(b"\0", begin, begin + length + 1)
        if end == begin + length or (length == _LENGTH and end < 0):
            return os.fsdecode(index[begin : begin + length])
    return None


def _find_packed(index: bytes, wanted: re.Pattern[bytes], digest: int) -> str | None:
    """Version 4 holds of each path what is not as in the one before it, after `digest` bytes of the file's name.

    Of a path only the beginning is put together: whole ones, each longer than the one before, take hours.
    """
    path, length, at = b"", 0, 12
    most = max(len(wanted.pattern), _LENGTH)
    for _ in range(int.from_bytes(index[8:12])):
        flags = at + 40 + digest
        if flags + 2 > len(index):
            return None
        drop, at = _number(index, flags + (4 if index[flags] & _EXTENDED else 2))
        end = index.find(b"\0", at)
        if end < 0 or drop > length:
            return None
        length -= drop
        if length <= len(path):
            path = (path[:length] + index[at : min(end, at + most)])[:most]
        length, at = length + end - at, end + 1
        if wanted.match(path):
            return os.fsdecode(path)
    return None


def _number(index: bytes, at: int) -> tuple[int, int]:
    """A number as git's pack files write offsets, and where it ends; of a longer one than any path no more."""
    value = -1
    while at < len(index) and value <= MOST_BYTES:
        byte = index[at]
        value, at = ((value + 1) << 7) | (byte & 0x7F), at + 1
        if not byte & 0x80:
            break
    return max(value, 0), at
