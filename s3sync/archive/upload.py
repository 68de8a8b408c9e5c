"""One archive on its way up: made, hashed and sent part by part, resumed from the journal after a crash."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain

from msgspec import Struct

from s3sync.archive.ahead import Ahead
from s3sync.archive.carrier import Carrier, MemoryBody
from s3sync.archive.content import MOST_MEMORY, SMALLEST_PART, Content
from s3sync.archive.journal import Begun, Journal, Sent
from s3sync.archive.parts import Maker, PartBody
from s3sync.archive.sealing import whole_checksums
from s3sync.archive.stream import TarStream
from s3sync.archive.there import is_marked, made_before, may_be_made, opens_as, same_bytes, says_made
from s3sync.core.archive.values import Frame, Member, Pack
from s3sync.core.checksum import Checksum
from s3sync.core.etag import MIB
from s3sync.core.times import format_time
from s3sync.disk.tree import kept_folders
from s3sync.errors import (
    AccessDenied,
    ChecksumMismatch,
    NotFound,
    OtherContent,
    PreconditionFailed,
    SourceChanged,
    StoreError,
)
from s3sync.store.bodies import Remade, Told
from s3sync.store.port import Create, Part, WriteMode, Written
from s3sync.transfer.pool import PARTS_AT_ONCE
from s3sync.transfer.progress import Gauge, Work

AT_ONCE = MIB
"""Bytes of an archive that are handed to the store in one piece: S3 then takes them without botocore, whose start takes
longer than the rest of such a run."""
MOST_AT_ONCE = 4
"""Parts of a container at once, of the smallest size: three are on their way while one is made, in less memory than
the five in which files are sent."""


def parts_at_once(part_size: int) -> int:
    """Parts in memory at once: of an object of terabytes fewer, and one at last."""
    return MOST_AT_ONCE if part_size == SMALLEST_PART else max(1, min(PARTS_AT_ONCE, MOST_MEMORY // part_size))


class Uploaded(Struct, frozen=True):
    """An object that is complete, and what it holds."""

    etag: str
    size: int
    members: Sequence[Member]
    frames: tuple[Frame, ...]
    checksum: str | None
    md5: str | None
    bytes_sent: int
    version_id: str | None = None


def upload(
    carrier: Carrier, journal: Journal, content: Content, mode: WriteMode, ahead: Ahead | None = None
) -> Uploaded:
    """Make an object and put it into the store, if `mode` holds. An upload that was interrupted resumes.

    `ahead` takes the members as they pass.
    Raises `SourceChanged` when a file does not stand still (nothing is there then), `ArchiveError`,
    `PreconditionFailed`, `LocalError`, `StoreError`. Memory: a few parts.
    """
    content.require_sendable()
    with kept_folders():
        job = _resumed(carrier, journal, content)
        try:
            if job is not None:
                try:
                    return job.run(mode, ahead)
                except (NotFound, SourceChanged, OtherContent, ChecksumMismatch):
                    job.abandon()
            job = _Job(carrier, journal, content, content.part_size)
            return job.run(mode, ahead)
        except (SourceChanged, OtherContent, PreconditionFailed, ChecksumMismatch):
            if job is not None:
                job.abandon()
            raise


class _Job:
    """One upload. `begun` is None until the first part turns out not to be the last; `sent` is what was there."""

    def __init__(
        self,
        carrier: Carrier,
        journal: Journal,
        content: Content,
        part_size: int,
        begun: Begun | None = None,
        sent: Sent | None = None,
    ) -> None:
        self.carrier, self.journal, self.content, self.part_size = carrier, journal, content, part_size
        self.begun, self.sent = begun, sent or Sent()
        self.whole = whole_checksums(carrier.store)
        self.stream = TarStream(content.root, content.top, content.sources, carrier.pool.check)
        self.maker: Maker
        self.digest = hashlib.md5(usedforsecurity=False) if content.md5 is not None else None
        self.bytes_sent = 0

    def run(self, mode: WriteMode, ahead: Ahead | None) -> Uploaded:
        """Raises `NotFound` when the upload is gone."""
        content, progress = self.content, self.carrier.progress
        if ahead is not None:
            ahead.begin()
        try:
            self.maker = self._maker()
            if self.sent.parts:
                progress.reuse(Work.UPLOAD, content.name, sum(part.size for part in self.sent.parts))
            made: Iterator[PartBody] = iter(()) if self.sent.last else self.maker.parts()
            if self.begun is None:
                first = next(made)
                if first.last:
                    return self._put(first, mode)
                if not self.carrier.store.capabilities.multipart:
                    del first, made
                    return self._put_whole(mode, ahead)
                self._begin()
                made = chain((first,), made)
                del first
            made = self._noted(self._digested(made), ahead)
            parts = self.carrier.pool.gather(self._send, made, parts_at_once(self.part_size))
            self.maker.let_go()
            self._require_md5(self.digest.hexdigest() if self.digest is not None else None)
            if ahead is not None:
                ahead.finish(self.stream.members())
                ahead.place(content.key, self.carrier.up.measured)
            return self._complete([*self.sent.parts, *parts], mode)
        finally:
            self.stream.close()

    def _maker(self) -> Maker:
        content = self.content
        self.stream.resume(self.sent.position)
        return Maker(
            self.stream,
            content.pack if content.top is not None else Pack.NONE,
            self.part_size,
            level=content.level,
            number=len(self.sent.parts) + 1,
            frames=list(self.sent.frames),
            checksum=self._checksum(),
        )

    def _checksum(self) -> Checksum | None:
        if self.whole is None or (self.sent.parts and not self.sent.checksum):
            return None
        return self.whole.new_checksum(self.sent.checksum or None)

    def _digested(self, made: Iterator[PartBody]) -> Iterator[PartBody]:
        """The parts, of which the MD5 of all is made on the way. Those of an earlier run are read again for it."""
        if self.digest is None:
            yield from made
            return
        if self.sent.parts:
            earlier = TarStream(self.content.root, None, self.content.sources, self.carrier.pool.check)
            try:
                for there in self.sent.parts:
                    piece = memoryview(bytearray(there.size))
                    self.digest.update(piece[: earlier.fill(piece)])
            finally:
                earlier.close()
        for part in made:
            self.digest.update(part.body)
            yield part

    def _noted(self, made: Iterator[PartBody], ahead: Ahead | None) -> Iterator[PartBody]:
        """The parts, the members of each of which are taken in while it travels."""
        for part in made:
            yield part
            if ahead is not None:
                ahead.take(self.stream.members())

    def _require_md5(self, found: str | None) -> None:
        if self.content.md5 not in (None, found):
            raise OtherContent(
                f"{self.content.sources[0].path} is not the file that its row says",
                why=f"its MD5 is {found}, and the row says {self.content.md5}",
                hint="look at which of the two is right: nothing was sent",
            )

    def _put(self, part: PartBody, mode: WriteMode) -> Uploaded:
        """An object of one part is put whole. One that is there already with the same bytes is it."""
        digest = hashlib.md5(part.body, usedforsecurity=False)
        self._require_md5(digest.hexdigest())
        gauge = Gauge(self.carrier.progress, Work.UPLOAD, self.content.name)
        headers = self.content.headers(self._new_id())
        try:
            body = part.body if part.size <= AT_ONCE else MemoryBody(part.body, gauge)
            written = self.carrier.store.put(self.content.key, body, mode=mode, headers=headers, md5=digest.digest())
            self.bytes_sent = part.size
        except PreconditionFailed:
            head = self.carrier.store.head(self.content.key)
            same = same_bytes(self.carrier, head, part.size, digest.hexdigest())
            same = same or opens_as(self.carrier, head, part.body)
            if not (isinstance(mode, Create) and (same or is_marked(self.carrier, head.metadata))):
                raise
            written = Written(head.info.etag)
        gauge(part.size)
        return self._uploaded(written, part.size, part.checksum, digest.hexdigest())

    def _put_whole(self, mode: WriteMode, ahead: Ahead | None) -> Uploaded:
        """An object of many parts in one piece, for a store that takes no parts. Nothing of it resumes.

        It is made twice, the first time for its size and its MD5: what is between is on no disk and in no memory.
        """
        content = self.content
        body = Remade(self._pieces)
        self._require_md5(body.md5.hex())
        members, frames = self.stream.members(), tuple(self.maker.frames)
        if ahead is not None:
            ahead.finish(members)
        gauge = Gauge(self.carrier.progress, Work.UPLOAD, content.name)
        headers = content.headers(self._new_id())
        try:
            written = self.carrier.store.put(content.key, Told(body, gauge), mode=mode, headers=headers, md5=body.md5)
            self.bytes_sent = len(body)
        except PreconditionFailed:
            head = self.carrier.store.head(content.key)
            if not (isinstance(mode, Create) and same_bytes(self.carrier, head, len(body), body.md5.hex())):
                raise
            written = Written(head.info.etag)
        return Uploaded(written.etag, len(body), members, frames, None, body.md5.hex(), self.bytes_sent)

    def _pieces(self) -> Iterator[bytes]:
        """All of it, made anew."""
        self.stream.close()
        self.stream = TarStream(self.content.root, self.content.top, self.content.sources, self.carrier.pool.check)
        self.maker = self._maker()
        for part in self.maker.parts():
            view = memoryview(part.body).cast("B")
            yield from (bytes(view[at : at + MIB]) for at in range(0, len(view), MIB))
            view.release()
            self.maker.give_back(part)

    def _new_id(self) -> str:
        """Id by which the object is known for the one that is made now."""
        return self.carrier.mark or uuid.uuid4().hex

    def _begin(self) -> None:
        content, archive_id = self.content, self._new_id()
        upload_id = self.carrier.store.start_upload(content.key, content.headers(archive_id))
        self.begun = Begun(
            content.key,
            upload_id,
            archive_id,
            content.signature(self.part_size),
            self.part_size,
            format_time(self.carrier.clock()),
        )
        self.journal.begin(self.begun)

    def _send(self, part: PartBody) -> Part:
        assert self.begun is not None
        gauge = Gauge(self.carrier.progress, Work.UPLOAD, self.content.name)
        try:
            with self.carrier.up.body(part.size, self.carrier.pool.check) as moved:

                def told(at: int) -> None:
                    gauge(at)
                    moved(at)

                body = MemoryBody(part.body, told)
                etag = self.carrier.store.put_part(self.content.key, self.begun.upload_id, part.number, body)
        except BaseException:
            gauge(0)
            raise
        gauge(part.size)
        self.journal.arrived(self.content.key, part, etag)
        self.bytes_sent += part.size
        self.maker.give_back(part)
        return Part(part.number, part.size, etag)

    def _complete(self, parts: Sequence[Part], mode: WriteMode) -> Uploaded:
        assert self.begun is not None
        key, upload_id = self.content.key, self.begun.upload_id
        checksum = self.maker.checksum.value() if self.maker.checksum is not None else None
        agreed = self.whole is not None and self.whole.verifies(upload_id)
        try:
            written = self.carrier.store.complete_upload(
                key, upload_id, parts, mode=mode, checksum=checksum if agreed else None
            )
        except (PreconditionFailed, NotFound) as error:
            etag = made_before(self.carrier, self.begun, parts)
            if not etag:
                raise
            if isinstance(error, PreconditionFailed):  # another worker was first with the same: this one is of no use
                with suppress(StoreError):
                    self.carrier.store.abort_upload(key, upload_id)
            written = Written(etag)
        return self._uploaded(written, sum(part.size for part in parts), checksum, self.content.md5)

    def _uploaded(self, written: Written, size: int, checksum: str | None, md5: str | None) -> Uploaded:
        members, frames = self.stream.members(), tuple(self.maker.frames)
        sent = self.bytes_sent
        return Uploaded(written.etag, size, members, frames, checksum or None, md5, sent, written.version_id)

    def abandon(self) -> None:
        """Abort the upload, and forget it."""
        if self.begun is None:
            return
        self.journal.end(self.content.key)
        with suppress(StoreError):
            self.carrier.store.abort_upload(self.content.key, self.begun.upload_id)


def _resumed(carrier: Carrier, journal: Journal, content: Content) -> _Job | None:
    """The upload that an earlier run began of the very same content; one of other content is aborted."""
    begun = journal.find(content.key)
    if begun is None:
        return None
    job = _Job(carrier, journal, content, begun.part_size, begun)
    if begun.signature == content.signature(begun.part_size):
        try:
            listed = {part.number: part for part in carrier.store.list_parts(content.key, begun.upload_id)}
            job.sent = journal.sent(content.key, listed)
            return job
        except NotFound:
            sent = journal.sent(content.key, None)
            if says_made(carrier, begun, sent.parts) is not None or may_be_made(carrier, sent):
                job.sent = sent
                return job
        except AccessDenied:  # without the right to list parts nothing can be resumed
            pass
    job.abandon()
    return None
