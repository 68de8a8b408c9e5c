"""Proof that a worker sees the disk of whoever asked it: a file as it is there, or a mark that was just left there."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from s3sync.archive import underway
from s3sync.archive.place import Destination
from s3sync.core.archive.values import Kind, Source
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors, reason_of
from s3sync.disk.own_links import own_end
from s3sync.disk.tree import folder_below, make_straight
from s3sync.errors import ArchiveError, SourceChanged

EDGE = 64 * 1024
"""Bytes at both ends of a file that are compared."""
MARK_BYTES = 64
HINT = "mount the same disk at the same path on every worker, or leave --engine out"


class Sight(Struct, frozen=True):
    """Largest file of a unit, as whoever asked sees it: its size, its time, and a digest of both of its ends."""

    root: str
    path: str
    size: int
    mtime_ns: int
    digest: str


class Mark(Struct, frozen=True):
    """File with a random text, in the folder that members are restored into."""

    base: str
    names: tuple[str, ...]
    name: str
    text: str


class Unseen(Struct, frozen=True):
    """Answer of a worker that does not see the disk. `host`: its name."""

    host: str
    where: str
    why: str


def sight_of(root: str, sources: Sequence[Source]) -> Sight:
    """Look at a unit on this disk. Raises `LocalError`, `SourceChanged` for a file that is not as it was."""
    top = os.path.realpath(root)
    largest = max((one for one in sources if one.kind is Kind.FILE), key=lambda one: one.size)
    where = f"{top}{os.sep}{largest.path}"
    with local_errors("cannot read", where):
        found = _look(top, largest.path)
    if found is None or (found.size, found.mtime_ns) != (largest.size, largest.mtime_ns):
        raise SourceChanged(f"{where} changed", why="it is not what it was a moment ago", hint="run it again")
    return found


def unseen(sight: Sight) -> Unseen | None:
    """Difference from what whoever asked sees; None where it is the same."""
    where = f"{sight.root}{os.sep}{sight.path}"
    try:
        found = _look(sight.root, sight.path)
    except OSError as error:
        return _told(where, reason_of(error))
    return None if found == sight else _told(where, "it is another file there")


def refusal(found: Unseen) -> ArchiveError:
    """Error for a worker that does not see the disk."""
    host = found.host[:80]
    return ArchiveError(f"a worker does not see {found.where}", why=f"on {host}: {found.why[:200]}", hint=HINT)


def _look(root: str, path: str) -> Sight | None:
    *names, name = path.split("/")
    descriptor, status = folder_below(root, names).open_looked_at(name)
    with open(descriptor, "rb", buffering=0) as file:
        digest = hashlib.sha256(_all(file.fileno(), 0))
        if status.st_size > EDGE:
            digest.update(_all(file.fileno(), max(EDGE, status.st_size - EDGE)))
    return Sight(root, path, status.st_size, status.st_mtime_ns, digest.hexdigest())


def _all(descriptor: int, at: int) -> bytes:
    """Up to `EDGE` bytes from a place on."""
    os.lseek(descriptor, at, os.SEEK_SET)
    found = bytearray()
    while len(found) < EDGE and (piece := os.read(descriptor, EDGE - len(found))):
        found += piece
    return bytes(found)


def _told(where: str, why: str) -> Unseen:
    return Unseen(socket.gethostname()[:80], where, why)


@contextmanager
def marked(to: Destination) -> Iterator[Mark]:
    """Leave a mark in the folder that members go into, which is made, for as long as the block. Raises `LocalError`."""
    with local_errors("cannot restore to", to.path):
        base = own_end(to.base)
        make_straight(Path(base))
        folder = folder_below(base, to.names, create=0o777)
        name, descriptor = underway.begin(folder)
        try:
            text = secrets.token_hex(MARK_BYTES // 2)
            write_all(descriptor, text.encode())
            os.fsync(descriptor)
            yield Mark(base, to.names, name, text)
        finally:
            os.close(descriptor)
            with suppress(OSError):
                folder.unlink(name, missing_ok=True)


def unmarked(mark: Mark) -> Unseen | None:
    """Reason why a mark is not seen; None where it is. Makes nothing."""
    where = str(Path(mark.base, *mark.names))
    try:
        text = folder_below(mark.base, mark.names).read(mark.name, MARK_BYTES)
    except OSError as error:
        return _told(where, reason_of(error))
    return None if text == mark.text.encode() else _told(where, "it is another folder there")
