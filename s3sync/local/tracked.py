"""True if git tracks what is this computer's own: read from git's index, without running git."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

from s3sync.core.names import STATE_DIR
from s3sync.core.spelling import plain, stands_for
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
    wanted = _Wanted(prefix.rstrip("/"))
    for name, *_ in stamps:
        try:
            with GuardedFolder.open(git, shared=True) as folder:
                index = folder.read(name, MOST_BYTES)
        except OSError:
            continue
        look = _find_packed if index[4:8] == b"\0\0\0\4" else _find
        found = look(index, wanted, SHA1) or look(index, wanted, SHA256)
        if found is not None:
            return found
    return None


class _Wanted:
    """A folder, however some disk takes another name for it.

    Disks take other capitals for the same name, and Macs letters with an accent as one character or as two, of which
    git keeps the one (core.precomposeUnicode); old disks of Macs leave out characters that are not seen, and Windows
    what stands at the end, and it knows long names by short ones, too: as git's own checks of `.git` do
    (core.protectHFS, core.protectNTFS: https://git-scm.com/docs/git-config).
    """

    def __init__(self, folder: str) -> None:
        names = folder.split("/")
        self._names = [(plain(name), () if _KEPT_WHOLE.fullmatch(name) else (_as_short(name),)) for name in names]
        self.known: list[dict[bytes, bool]] = [{} for _ in names]
        """Answers of `is_name`."""

    def has(self, path: bytes) -> bool:
        """True if a path is below the folder, or is it. `path` may be cut off, within a segment below it."""
        at, last = 0, len(self.known) - 1
        for n, known in enumerate(self.known):
            cut = path.find(b"/", at)
            if cut < 0 and n < last:
                return False
            name = path[at:] if cut < 0 else path[at:cut]
            found = known.get(name)
            if not (self.is_name(name, n) if found is None else found):
                return False
            at = cut + 1
        return True

    def is_name(self, part: bytes, n: int) -> bool:
        """True if a segment is a name of the folder's segment `n`."""
        (name, short), text = self._names[n], os.fsdecode(part)
        if len(self.known[n]) > _MOST_KNOWN:
            self.known[n].clear()
        found = plain(text) == name or (bool(short) and stands_for(text, short) is not None)
        self.known[n][part] = found
        return found


_MOST_KNOWN = 100_000
_KEPT_WHOLE = re.compile(r"[\w!#$%&'()@^{}~-]{1,8}(?:\.[\w!#$%&'()@^{}~-]{1,3})?", re.ASCII)
"""Names that are short ones."""
_IN_SHORT = str.maketrans({" ": None, **dict.fromkeys("+,;=[]", "_")})


def _as_short(name: str) -> str:
    """A name without what short names have not."""
    return plain(name).translate(_IN_SHORT)


def _find(index: bytes, wanted: _Wanted, digest: int) -> str | None:
    """Versions 2 and 3 hold each path whole, after its length: an entry is filled up to a multiple of eight bytes."""
    at, first, search = 12, wanted.known[0], index.find
    for _ in range(int.from_bytes(index[8:12])):
        begin = at + digest + 42
        if begin > len(index):
            return None
        length = (index[begin - 2] & 0xF) << 8 | index[begin - 1]
        begin += 2 if index[begin - 2] & _EXTENDED else 0
        end = begin + length
        if length == _LENGTH and (end := search(b"\0", begin)) < 0:
            end = len(index)
        cut = search(b"/", begin, end)
        name = index[begin : end if cut < 0 else cut]
        known = first.get(name)
        is_begun = wanted.is_name(name, 0) if known is None else known
        if is_begun and wanted.has(index[begin:end]) and index[end : end + 1] in (b"\0", b""):
            return os.fsdecode(index[begin : min(end, begin + _LENGTH)])
        at += (end - at + 8) // 8 * 8
    return None


def _find_packed(index: bytes, wanted: _Wanted, digest: int) -> str | None:
    """Version 4 holds of each path what is not as in the one before it, after `digest` bytes of the file's name.

    Of a path only the beginning is put together: whole ones, each longer than the one before, take hours.
    """
    path, length, at = b"", 0, 12
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
            path = (path[:length] + index[at : min(end, at + _LENGTH)])[:_LENGTH]
        length, at = length + end - at, end + 1
        if wanted.has(path):
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
