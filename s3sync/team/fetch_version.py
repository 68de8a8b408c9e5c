"""The bytes of an older version, fetched into `partial/` and verified. It gets its name later."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from hashlib import md5

from s3sync.core.executable import is_executable
from s3sync.core.spelling import obeyed_reason
from s3sync.core.times import FILE_TIMES, parse_ns
from s3sync.core.versions import FileVersion
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ChecksumMismatch, PreconditionFailed, Unsupported
from s3sync.local.modes import NEW, PRIVATE
from s3sync.store.aspects import Versions, require_aspect
from s3sync.store.port import Buffer, ObjectHead, Reader
from s3sync.sync.session import Session
from s3sync.sync.trash import md5_of
from s3sync.team.versions import head_of
from s3sync.transfer.fetch.wanted import FreeSpace, Wanted
from s3sync.transfer.progress import Work

RUNS = 0o111


def fetch_version(
    session: Session, version: FileVersion, promised: str | None, folder: GuardedFolder, *, private: bool
) -> tuple[str, str]:
    """Name of the file in `folder` that holds the version, and its MD5. Its times and its mode are those that it had.

    Raises `ChecksumMismatch`, `DiskFull`, `StoreError`, `LocalError`; no file is left then. It is one request from the
    first byte to the last: a broken one begins anew.
    """
    head = head_of(session, version)
    if "key-id" in head.metadata:
        raise Unsupported(f"cannot bring back {version.name}", why="it is encrypted", hint="upgrade s3sync")
    if head.info.size != version.size or (version.etag or head.info.etag) != head.info.etag:
        raise PreconditionFailed(f"{version.name} was replaced in the store meanwhile", hint="run the command again")
    FreeSpace(folder).take(Wanted(version.name, version.key, version.size, head.info.etag, None))
    name, where = uuid.uuid4().hex, version.name
    session.progress.expect(Work.DOWNLOAD, 1, version.size)
    session.progress.begin(Work.DOWNLOAD, where, version.size)
    try:
        runs = is_executable(head.metadata) and obeyed_reason(where) is None
        with local_errors("cannot write", f"{folder.path}{os.sep}{name}"):
            descriptor = folder.create(name, (PRIVATE if private else NEW) | (RUNS if runs else 0))
            try:
                found, size = _receive(session, version, descriptor)
            finally:
                os.close(descriptor)
            _set_time(folder, name, head)
        _verify(version, head, promised, found, size)
    except BaseException:
        with suppress(OSError):
            folder.unlink(name, missing_ok=True)
        raise
    finally:
        session.progress.finish(Work.DOWNLOAD, where)
    return name, found


def _open(session: Session, version: FileVersion) -> Reader:
    if version.version_id is not None:
        return require_aspect(session.store, Versions).get_version(version.key, version.version_id)
    return session.store.get(version.key, if_match=version.etag)


def _receive(session: Session, version: FileVersion, descriptor: int) -> tuple[str, int]:
    whole, size = md5(usedforsecurity=False), 0
    with _open(session, version) as reader:
        for chunk in _limited(reader, version.size):
            session.pace.receive(len(chunk))
            write_all(descriptor, chunk)
            whole.update(chunk)
            size += len(chunk)
            session.progress.advance(Work.DOWNLOAD, version.name, len(chunk))
    os.fsync(descriptor)
    return whole.hexdigest(), size


def _limited(reader: Iterator[Buffer] | Reader, most: int) -> Iterator[Buffer]:
    """The chunks of an answer, up to the first one that is too much."""
    left = most
    for chunk in reader:
        yield chunk
        left -= len(chunk)
        if left < 0:
            return


def _set_time(folder: GuardedFolder, name: str, head: ObjectHead) -> None:
    edited = parse_ns(head.metadata.get("mtime", ""))
    if edited is not None and edited in FILE_TIMES:
        folder.utime(name, edited)


def _verify(version: FileVersion, head: ObjectHead, promised: str | None, found: str, size: int) -> None:
    """The MD5 that was promised decides, else that which the store made of the bytes, else that which they were said to
    have."""
    told = promised or md5_of(head) or found
    if size == version.size and found == told:
        return
    raise ChecksumMismatch(
        f"{version.name} did not arrive as it was stored",
        why=f"{size} of {version.size} bytes came, with MD5 {found} instead of {told}",
        hint="nothing was changed here; run the command again",
    )
