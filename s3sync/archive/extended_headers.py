"""Extended headers of a tar, seen before Python's reader takes them: some of those it would read for days, without
being interruptible. They come from whoever wrote the archive.

What is handed on is small and well formed: the records that say where a member goes and how large it is.
"""

from __future__ import annotations

import re
import tarfile
from typing import Any

KEPT = frozenset((b"path", b"linkpath", b"size", b"mtime", b"uid", b"gid", b"uname", b"gname", b"hdrcharset"))
SPARSE = b"GNU.sparse."
"""Beginning of the records that make a member a sparse one."""
_LONGEST_LENGTH = 20
_ENDLESS = re.compile(rb"[0-9]{256}")
"""Digits in a row, more than a name of any disk has: the reader tries each of them as the beginning of a record."""


_GNU_MAGIC = b"ustar  \0"
_MAGIC, _PREFIX = slice(257, 265), slice(345, 500)


class Header(tarfile.TarInfo):
    """A member whose extended header is cut down to what counts."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: Any, errors: Any) -> Any:
        """Header of a block. GNU tar's incremental archives have times where POSIX has the beginning of the name
        (https://www.gnu.org/software/tar/manual/html_node/Standard.html), which Python's reader takes for that."""
        found = super().frombuf(buf, encoding, errors)
        prefix = bytes(buf[_PREFIX]).split(b"\0", 1)[0]
        if prefix and bytes(buf[_MAGIC]) == _GNU_MAGIC and found.type not in tarfile.GNU_TYPES:  # type: ignore[attr-defined,unused-ignore]
            found.name = found.name.removeprefix(f"{prefix.decode(encoding, errors)}/")
        return found

    def _proc_pax(self, archive: Any) -> Any:
        size: int = self._block(self.size)  # type: ignore[attr-defined]
        body = archive.fileobj.read(size)
        archive.fileobj.give_back(counting(body[: self.size]).ljust(len(body), b"\0"))
        return super()._proc_pax(archive)  # type: ignore[misc]


def counting(body: bytes) -> bytes:
    """The records of an extended header that count. Raises `ValueError` for one that no tool writes."""
    kept: list[bytes] = []
    at = 0
    while at < len(body) and body[at]:
        blank = body.find(b" ", at, at + _LONGEST_LENGTH)
        length = int(body[at:blank]) if blank > 0 and body[at:blank].isdigit() else 0
        end = at + length
        equals = body.find(b"=", blank, end)
        if equals < 0 or end > len(body) or body[end - 1] != ord("\n"):
            raise ValueError("an extended header of it is damaged")
        keyword = body[blank + 1 : equals]
        if keyword in KEPT or keyword.startswith(SPARSE):
            record = body[at:end]
            if _ENDLESS.search(record):
                raise ValueError("an extended header of it has a number without end")
            kept.append(record)
        at = end
    return b"".join(kept)
