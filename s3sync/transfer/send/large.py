"""A large file on its way up: in parts that are sent, copied on the server, or there already from a broken upload."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import md5

from s3sync.core.etag import MIB, choose_part_size, part_ranges, plain_md5
from s3sync.core.executable import HEADER
from s3sync.core.names import nfc
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.errors import AccessDenied, NotFound, PreconditionFailed, SourceChanged, StoreError
from s3sync.local.digests import Digests, PartDigests, changed, digest_parts, open_unchanged, range_xxh3, read_range
from s3sync.local.scan import LocalFile
from s3sync.local.slice import open_slice
from s3sync.store.port import Part, WriteMode
from s3sync.transfer.context import Transport
from s3sync.transfer.progress import Gauge, Work
from s3sync.transfer.send.source import Source, Uploaded

MIN_PART = 5 * MIB
"""S3 takes no smaller part, the last one excepted."""


def upload_parts(transport: Transport, key: str, source: Source, mode: WriteMode, old_etag: str | None) -> Uploaded:
    """See `upload`. Raises what it raises."""
    old = transport.ledger.parts_of(source.path, old_etag) if old_etag else None
    job = _resume(transport, key, source) or _begin(transport, key, source, old)
    try:
        try:
            job.run(old, old_etag)
        except (NotFound, SourceChanged) as error:
            if isinstance(error, SourceChanged) and not job.resumed:
                raise
            job.abandon()
            job = _begin(transport, key, source, old)
            job.run(old, old_etag)
        etag = job.complete(mode)
    except (SourceChanged, PreconditionFailed):
        job.abandon()
        raise
    return Uploaded(etag, job.digests, job.parts.part_size, job.bytes_sent, job.parts)


@dataclass(slots=True)
class _Job:
    """One multipart upload. `arrived` are the parts that the server has, by number.

    `resumed` says that another run made the digests, so that the file's bytes are compared with them once more.
    """

    transport: Transport
    key: str
    source: Source
    upload_id: str
    digests: Digests
    parts: PartDigests
    resumed: bool = False
    arrived: dict[int, Part] = field(default_factory=dict)
    bytes_sent: int = 0

    def run(self, old: PartDigests | None, old_etag: str | None) -> None:
        """Bring every part that has not arrived. Raises `NotFound` when the upload itself is gone, `SourceChanged`."""
        ranges = list(enumerate(part_ranges(self.source.file.size, self.parts.part_size), 1))
        missing = [numbered for numbered in ranges if numbered[0] not in self.arrived]
        here = self.source.file.size - sum(stop - start for _, (start, stop) in missing)
        self.transport.progress.advance(Work.UPLOAD, self.source.path, here)

        def bring(numbered: tuple[int, tuple[int, int]]) -> tuple[Part, int]:
            number, (start, stop) = numbered
            if self.resumed:
                self.check(number, start, stop)
            part = self._copy(number, start, stop, old, old_etag)
            sent = 0
            if part is None:
                part, sent = self._send(number, start, stop), stop - start
            self.transport.ledger.part_done(self.source.path, Direction.UP, number, part.etag)
            return part, sent

        for part, sent in self.transport.pool.gather(bring, missing):
            self.arrived[part.number] = part
            self.bytes_sent += sent

    def check(self, number: int, start: int, stop: int) -> None:
        """Raises `SourceChanged` when a part of the file has other bytes than its digest says."""
        with open_unchanged(self.source.file) as stream:
            if range_xxh3(stream, start, stop) != self.parts.xxh3[number - 1]:
                raise changed(self.source.file)

    def _send(self, number: int, start: int, stop: int) -> Part:
        gauge = Gauge(self.transport.progress, Work.UPLOAD, self.source.path)
        try:
            with open_slice(self.source.file, start, stop, gauge) as body:
                etag = self.transport.store.put_part(self.key, self.upload_id, number, body)
        except BaseException:
            gauge(0)
            raise
        gauge(stop - start)
        return Part(number, stop - start, etag)

    def _copy(self, number: int, start: int, stop: int, old: PartDigests | None, old_etag: str | None) -> Part | None:
        """The part from the version that is being replaced, if that has the same bytes in the same place.

        `old` was made on this computer when it sent or verified that version, so it does not lie.
        """
        store = self.transport.store
        if old is None or old_etag is None or not store.capabilities.copy_part:
            return None
        index = number - 1
        if old.part_size != self.parts.part_size or old.xxh3[index : index + 1] != self.parts.xxh3[index : index + 1]:
            return None
        try:
            etag = store.copy_part(
                self.key, self.upload_id, number, source=self.key, source_etag=old_etag, start=start, stop=stop
            )
        except (PreconditionFailed, NotFound):
            raise
        except StoreError:
            return None  # a server that cannot copy parts gets them sent
        self.transport.progress.advance(Work.UPLOAD, self.source.path, stop - start)
        return Part(number, stop - start, etag)

    def complete(self, mode: WriteMode) -> str:
        """A Complete whose answer was lost is repeated and refused although it won: the object itself tells."""
        parts = [self.arrived[number] for number in sorted(self.arrived)]
        try:
            return self.transport.store.complete_upload(self.key, self.upload_id, parts, mode=mode)
        except (PreconditionFailed, NotFound) as error:
            etag = self._published()
            if etag is not None:
                return etag
            if isinstance(error, NotFound):
                raise PreconditionFailed(f"the upload of {self.source.path} is gone", why=error.message) from error
            raise

    def _published(self) -> str | None:
        """The object's ETag, if it is what this upload was to make: the same content, by the same user.

        Its metadata is from when the upload began: the file may have become executable since.
        """
        try:
            head = self.transport.store.head(self.key)
        except NotFound:
            return None
        ours = dict(self.source.headers(self.digests).metadata)
        ours.pop(HEADER, None)
        same = head.info.size == self.source.file.size and dict(head.metadata).items() >= ours.items()
        return head.info.etag if same else None

    def abandon(self) -> None:
        """End an upload that must not go on: the file is another by now, or the object is."""
        self.transport.ledger.end(self.source.path, Direction.UP)
        with suppress(StoreError):
            self.transport.store.abort_upload(self.key, self.upload_id)


def fingerprint(file: LocalFile) -> str:
    return f"{file.size} {file.mtime_ns} {file.inode}"


def _begin(transport: Transport, key: str, source: Source, old: PartDigests | None) -> _Job:
    size = source.file.size
    part_size = choose_part_size(size)
    if old and old.part_size >= MIN_PART and part_size <= old.part_size:
        part_size = old.part_size
    progress = transport.progress
    progress.expect(Work.HASH, 1, size)
    progress.begin(Work.HASH, source.path, size)
    try:
        digests, parts = digest_parts(source.file, part_size, lambda n: _tick(transport, source.path, n))
    finally:
        progress.finish(Work.HASH, source.path)
    upload_id = transport.store.start_upload(key, source.headers(digests))
    transport.ledger.begin(
        Unfinished(
            source.path,
            Direction.UP,
            key,
            upload_id,
            fingerprint(source.file),
            size,
            part_size,
            transport.started_at,
            digests.md5,
            digests.xxh3,
            parts.xxh3,
        )
    )
    return _Job(transport, key, source, upload_id, digests, parts)


def _tick(transport: Transport, path: str, n: int) -> None:
    transport.pool.check()
    transport.progress.advance(Work.HASH, path, n)


def _resume(transport: Transport, key: str, source: Source) -> _Job | None:
    """The remembered upload of this very file, with the parts that arrived whole; else it is aborted."""
    known = transport.ledger.find(source.path, Direction.UP)
    if known is None or known.md5 is None or known.xxh3 is None:
        return None
    parts = PartDigests(known.part_size, known.part_xxh3)
    job = _Job(transport, known.key, source, known.token, Digests(known.xxh3, known.md5), parts, resumed=True)
    if nfc(known.key) != nfc(key):  # of no upload of this path: another's is not ours to end
        transport.ledger.end(source.path, Direction.UP)
        return None
    if known.key != key or known.fingerprint != fingerprint(source.file):
        job.abandon()
        return None
    try:
        listed = list(transport.store.list_parts(key, known.token))
    except NotFound:
        transport.ledger.end(source.path, Direction.UP)
        return None
    except AccessDenied:  # without the right to list parts nothing can be resumed
        job.abandon()
        return None
    remembered = transport.ledger.parts_done(source.path, Direction.UP)
    try:
        job.arrived = {part.number: part for part in listed if _is_ours(job, part, remembered.get(part.number))}
    except SourceChanged:
        job.abandon()
        return None
    return job


def _is_ours(job: _Job, part: Part, etag: str | None) -> bool:
    """True if a listed part holds the bytes that the file has there now.

    The file's part must still have its digest; and the server's part must be the one that was acknowledged to us or,
    when that answer was lost, have the MD5 of the bytes as its ETag.
    """
    file, size = job.source.file, job.parts.part_size
    job.transport.pool.check()
    if not 1 <= part.number <= len(job.parts.xxh3):
        return False
    start = (part.number - 1) * size
    stop = min(start + size, file.size)
    if part.size != stop - start:
        return False
    job.check(part.number, start, stop)
    if part.etag == etag:
        return True
    if plain_md5(part.etag) is None:
        return False
    return md5(read_range(file, start, stop), usedforsecurity=False).hexdigest() == part.etag
