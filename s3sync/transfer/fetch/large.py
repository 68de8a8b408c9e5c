"""A large file on its way down: parts by range, or from this disk where it has them, over as many runs as it takes."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256

import xxhash

from s3sync.core.etag import choose_part_size, may_be_part_size, part_count, part_ranges
from s3sync.core.unfinished import Direction, Unfinished, is_token
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ChecksumMismatch, LocalError, NotFound, PreconditionFailed, Unsupported
from s3sync.local.digests import CHUNK, PartDigests, open_file, range_xxh3
from s3sync.local.scan import LocalFile
from s3sync.store.port import Buffer
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.arriving import arriving
from s3sync.transfer.fetch.follower import Follower
from s3sync.transfer.fetch.wanted import Downloaded, Temp, Wanted
from s3sync.transfer.fetch.whole import download_whole, verify
from s3sync.transfer.line import ABOUT_TO_BEGIN
from s3sync.transfer.pool import PARTS_AT_ONCE
from s3sync.transfer.progress import Work

_fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows lack it


def download_parts(transport: Transport, wanted: Wanted, folder: GuardedFolder, old: LocalFile | None) -> Downloaded:
    """See `download`. Raises what it raises."""
    temp = Temp(folder, sha256(f"{wanted.path}\n{wanted.etag}".encode()).hexdigest()[:32])
    assisted = old is not None or transport.ledger.find(wanted.path, Direction.DOWN) is not None
    try:
        try:
            return _assemble(transport, wanted, temp, old)
        except ChecksumMismatch:
            if not assisted:
                raise
            _forget(transport, wanted, temp)
            return _assemble(transport, wanted, temp, None)
    except Unsupported:
        _forget(transport, wanted, temp)
        return download_whole(transport, wanted, temp)
    except (ChecksumMismatch, PreconditionFailed, NotFound):
        _forget(transport, wanted, temp)
        raise


def _forget(transport: Transport, wanted: Wanted, temp: Temp) -> None:
    transport.ledger.end(wanted.path, Direction.DOWN)
    temp.drop()


def _assemble(transport: Transport, wanted: Wanted, temp: Temp, old: LocalFile | None) -> Downloaded:
    job = _begin(transport, wanted, temp, old)
    missing = [number for number in range(len(job.ranges)) if number not in job.digests]
    here = sum(stop - start for number, (start, stop) in enumerate(job.ranges) if number in job.digests)
    transport.progress.reuse(Work.DOWNLOAD, wanted.path, here)
    for number in list(job.digests):
        job.follower.arrived(number)
    transport.pool.gather(job.bring, missing, PARTS_AT_ONCE + ABOUT_TO_BEGIN)
    digests = job.follower.finish()
    with local_errors("cannot write", temp.path), open(temp.open(), "r+b") as stream:
        os.fsync(stream.fileno())
    verify(transport.store, wanted, temp, digests, wanted.size)
    parts = PartDigests(job.part_size, tuple(job.digests[number] for number in range(len(job.ranges))))
    return Downloaded(temp.where, digests, job.received, parts, sure=job.is_sure())


def _begin(transport: Transport, wanted: Wanted, temp: Temp, old: LocalFile | None) -> _Job:
    """A new job, or the remembered one of this very version with the parts on the disk that are still right."""
    ledger = transport.ledger
    known = ledger.find(wanted.path, Direction.DOWN)
    if known and (known.fingerprint != wanted.etag or known.size != wanted.size or not _is_there(temp)):
        if is_token(known.token):
            Temp(temp.folder, known.token).drop()
        _forget(transport, wanted, temp)
        known = None
    theirs, received = None, 0
    if old is not None:
        theirs, received = transport.read_parts(wanted.path, wanted.etag, wanted.size)
    part_size = theirs.part_size if theirs else wanted.part_size or 0
    if known:
        part_size = known.part_size
    elif not may_be_part_size(wanted.size, part_size):
        part_size = choose_part_size(wanted.size)
    if theirs and theirs.part_size != part_size:
        theirs = None
    job = _Job(transport, wanted, temp, part_size, part_ranges(wanted.size, part_size), old, theirs, received=received)
    if known:
        job.recall()
    else:
        job.start()
    return job


def _is_there(temp: Temp) -> bool:
    """True if a download can resume from it: a regular file with this one name."""
    with local_errors("cannot look at", temp.path):
        found = temp.folder.find(temp.name)
    return found is not None and stat.S_ISREG(found.st_mode) and found.st_nlink == 1


@dataclass(slots=True)
class _Job:
    """One download. `digests` are the xxh3 of the parts that are in the temp file, by index from 0."""

    transport: Transport
    wanted: Wanted
    temp: Temp
    part_size: int
    ranges: list[tuple[int, int]]
    old: LocalFile | None
    theirs: PartDigests | None
    digests: dict[int, str] = field(default_factory=dict)
    received: int = 0
    from_old: set[int] = field(default_factory=set)
    follower: Follower = field(init=False)
    _count: threading.Lock = field(default_factory=threading.Lock)
    _flushing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        helped = self.old is not None and self.theirs is not None
        with_md5 = helped and part_count(self.wanted.etag) == len(self.ranges)
        self.follower = Follower(self.temp, self.ranges, with_md5=with_md5)

    def is_sure(self) -> bool:
        """True if the object holds these bytes, whatever a peer says: all came from there, or its ETag tells."""
        return not self.from_old or self.follower.etag == self.wanted.etag

    def start(self) -> None:
        """Make the temp file, at its full length, and remember it; nothing stays of one that the disk cannot hold."""
        try:
            self.temp.drop()
            with local_errors("cannot write", self.temp.path), open(self.temp.create(self.wanted), "wb") as stream:
                stream.truncate(self.wanted.size)
        except LocalError:
            self.temp.drop()
            raise
        self.transport.ledger.begin(
            Unfinished(
                self.wanted.path,
                Direction.DOWN,
                self.wanted.key,
                self.temp.name,
                self.wanted.etag,
                self.wanted.size,
                self.part_size,
                self.transport.started_at,
                self.wanted.md5,
            )
        )

    def recall(self) -> None:
        """Believe the parts that are remembered, as far as their bytes on the disk still have the same digest."""
        remembered = self.transport.ledger.parts_done(self.wanted.path, Direction.DOWN)
        with local_errors("cannot read", self.temp.path), open(self.temp.open(), "r+b") as stream:
            if os.fstat(stream.fileno()).st_size != self.wanted.size:
                stream.truncate(self.wanted.size)
            for number, digest in remembered.items():
                self.transport.pool.check()
                if 0 <= number < len(self.ranges) and range_xxh3(stream, *self.ranges[number]) == digest:
                    self.digests[number] = digest

    def bring(self, number: int) -> None:
        """Put one part into the temp file, from the old version on this disk or from the store.

        Only what came from the store is remembered for a later run, which can copy the rest again.
        """
        start, stop = self.ranges[number]
        digest = self._from_old(number, start, stop)
        if digest is None:
            with self.follower.following(number) as hear:
                digest = self._fetch(start, stop, hear)
            self.transport.ledger.part_done(self.wanted.path, Direction.DOWN, number, digest)
        else:
            self.from_old.add(number)
        self.digests[number] = digest
        self.follower.arrived(number)

    def _from_old(self, number: int, start: int, stop: int) -> str | None:
        if self.old is None or self.theirs is None or self.old.size < stop:
            return None
        with local_errors("cannot read", self.old.where), open(open_file(self.old), "rb", buffering=0) as source:
            if range_xxh3(source, start, stop) != self.theirs.xxh3[number]:
                return None
            source.seek(start)
            digest = xxhash.xxh3_128()
            with local_errors("cannot write", self.temp.path), open(self.temp.open(), "r+b", buffering=0) as target:
                target.seek(start)
                left = stop - start
                while left and (chunk := source.read(min(CHUNK, left))):
                    write_all(target.fileno(), chunk)
                    digest.update(chunk)
                    left -= len(chunk)
        if left or digest.hexdigest() != self.theirs.xxh3[number]:
            return None  # it was edited while it was read
        self.transport.progress.reuse(Work.DOWNLOAD, self.wanted.path, stop - start)
        return digest.hexdigest()

    def _fetch(self, start: int, stop: int, hear: Callable[[Buffer], None]) -> str:
        digest, left = xxhash.xxh3_128(), stop - start
        wanted = self.wanted
        with (
            self.transport.down.body(left, self.transport.pool.check, wanted.key) as moved,
            closing(arriving(self.transport, wanted, start, stop)) as chunks,
            local_errors("cannot write", self.temp.path),
            open(self.temp.open(), "r+b", buffering=0) as target,
        ):
            target.seek(start)
            for chunk in chunks:
                self.transport.pool.check()
                self.transport.pace.receive(len(chunk))
                left -= len(chunk)
                if left < 0:
                    raise Unsupported("the server ignores which range is asked for")
                write_all(target.fileno(), chunk)
                digest.update(chunk)
                hear(chunk)
                moved(stop - start - left)
                self.transport.progress.advance(Work.DOWNLOAD, wanted.path, len(chunk))
            self._flush(target.fileno())
        if left:
            raise ChecksumMismatch(f"{wanted.path} did not arrive whole", why=f"{left} bytes of a part are missing")
        with self._count:
            self.received += stop - start
        return digest.hexdigest()

    def _flush(self, descriptor: int) -> None:
        """Write to the disk what has arrived, one thread at a time while the others receive: at the end there is little
        left to wait for."""
        if self._flushing.acquire(blocking=False):
            try:
                _fdatasync(descriptor)
            finally:
                self._flushing.release()
