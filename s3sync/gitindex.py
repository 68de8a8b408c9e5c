"""Git's index, read without git: which files of a folder git has taken up.

The format is described in https://git-scm.com/docs/index-format. As git's settings, it is data here: no program runs,
no link is followed, and no more than `LIMIT` bytes are read.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from s3sync import gitconfig

LIMIT = 64 * 1024 * 1024
"""Bytes of an index that is still read: about 600,000 files."""
_HEADER = struct.Struct(">4sII")
_STAT = 40
"""Bytes of what an entry says of times, mode and size, before the object's name."""
_EXTENDED = 0x4000
_LONGEST = 16 * 1024
"""Bytes of a path: no disk has longer ones, and an index that may be anybody's could make each longer than the last."""


def files_in_git(root: Path, folders: Sequence[str]) -> list[int] | None:
    """Number of files that git has taken up below each folder; a folder is relative to `root`, with `/`.

    `root` lies in a git repository, or is one. None where it does not, or where the index cannot be read.
    """
    top = next((folder for folder in (root, *root.parents) if os.path.lexists(folder / ".git")), None)
    data = None if top is None else gitconfig.read_bytes(gitconfig.git_folder(top) / "index", LIMIT)
    if top is None or data is None:
        return None
    inside = root.relative_to(top)
    wanted = [os.fsencode((inside / folder).as_posix()) for folder in folders]
    counts = dict.fromkeys(wanted, 0)
    depths = sorted({folder.count(b"/") + 1 for folder in wanted})
    try:
        for path in _paths(data, gitconfig.object_name_size(top)):
            names = path.split(b"/", depths[-1]) if depths else []
            for depth in depths:
                above = b"/".join(names[:depth])
                if depth < len(names) and above in counts:
                    counts[above] += 1
    except (struct.error, IndexError, ValueError):
        return None
    return [counts[folder] for folder in wanted]


def _paths(data: bytes, name_size: int) -> Iterator[bytes]:
    """The path of each entry. A file in a merge conflict has up to three entries, and comes once."""
    signature, version, count = _HEADER.unpack_from(data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index of git")
    at, path = _HEADER.size, b""
    for _ in range(count):
        begin, before = at, path
        at += _STAT + name_size
        (flags,) = struct.unpack_from(">H", data, at)
        at += 4 if flags & _EXTENDED else 2
        if version == 4:
            drop, at = _varint(data, at)
            if drop > len(path):
                raise ValueError("a path that drops more than there is")
            path = path[: len(path) - drop]
        else:
            path = b""
        end = data.index(b"\0", at)
        if len(path) + end - at > _LONGEST:
            raise ValueError("a path that no disk has")
        path += data[at:end]
        at = end + 1 if version == 4 else begin + (end - begin + 8) // 8 * 8
        if path != before:
            yield path


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Number in the encoding of git's packs (offsets), and where the next field begins."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
        if value > LIMIT:
            raise ValueError("a number that is too large")
    return value, at + 1
