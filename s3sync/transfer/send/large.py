"""A large file on its way up: in parts that are sent, copied on the server, or there already from a broken upload.

It is read once: hashed from front to back, and each part sent as soon as it is hashed, while the next ones are.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass, field

from s3sync.core.checksum import Checksum
from s3sync.core.etag import MIB, choose_part_size, may_be_part_size, plain_md5
from s3sync.core.executable import HEADER
from s3sync.core.names import nfc
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.errors import AccessDenied, ChecksumMismatch, NotFound, PreconditionFailed, SourceChanged, StoreError
from s3sync.local.digests import Digests, HashedPart, OrderedHash, PartDigests, open_unchanged
from s3sync.local.scan import LocalFile
from s3sync.local.slice import open_slice
from s3sync.store.aspects import WholeChecksums, aspect
from s3sync.store.port import Part, Update, WriteMode
from s3sync.store.seals import Seals
from s3sync.store.whole_md5 import note_md5
from s3sync.transfer.context import Transport
from s3sync.transfer.line import ABOUT_TO_BEGIN
from s3sync.transfer.pool import COPIES_AT_ONCE, PARTS_AT_ONCE
from s3sync.transfer.progress import Gauge, Work, both
from s3sync.transfer.send.source import Source, Uploaded

MIN_PART = 5 * MIB
"""S3 takes no smaller part, the last one excepted."""


class PartsGone(UserWarning):
    """An upload has to begin again, as its store dropped the parts that it had acknowledged."""


def upload_parts(transport: Transport, key: str, source: Source, mode: WriteMode, old_etag: str | None) -> Uploaded:
    """See `upload`. Raises what it raises."""
    old = transport.ledger.parts_of(source.path, old_etag) if old_etag else None
    job = _resume(transport, key, source) or _begin(transport, key, source, old)
    try:
        try:
            job.run(old, old_etag)
            etag = job.complete(mode)
        except (NotFound, SourceChanged, ChecksumMismatch) as error:
            if not (job.resumed or isinstance(error, NotFound)):
                raise
            job.abandon()
            job = _begin(transport, key, source, old)
            job.run(old, old_etag)
            etag = job.complete(mode)
    except (SourceChanged, PreconditionFailed, ChecksumMismatch):
        job.abandon()
        raise
    return job.uploaded(etag)


@dataclass(slots=True)
class _Job:
    """One multipart upload: its file is hashed from front to back, and each part sent as soon as it is hashed.

    `there` are the parts that the server listed, by number, and `remembered` the ETags that it acknowledged to us:
    both empty unless the upload is `resumed`. `known` are digests of the file from an earlier pass. `sure`: nothing but
    bytes of this file is in the object, by more than a peer's word.
    """

    transport: Transport
    key: str
    source: Source
    upload_id: str
    part_size: int
    known: Digests | None
    resumed: bool = False
    there: dict[int, Part] = field(default_factory=dict)
    remembered: dict[int, str] = field(default_factory=dict)
    sent: list[tuple[Part, int]] = field(default_factory=list)
    checksum: Checksum | None = None
    whole: WholeChecksums | None = None
    seals: Seals | None = None
    hashed: tuple[Digests, PartDigests] | None = None
    sure: bool = True

    def __post_init__(self) -> None:
        self.seals = aspect(self.transport.store, Seals)
        self.whole = aspect(self.transport.store, WholeChecksums)
        if self.whole is not None and self.whole.verifies(self.upload_id):
            self.checksum = self.whole.new_checksum()

    def run(self, old: PartDigests | None, old_etag: str | None) -> None:
        """Hash the file, and bring every part that is not there. Raises `NotFound` when the upload is gone,
        `SourceChanged` when the file did not stand still, or is not the one that `known` speaks of."""

        def bring(part: HashedPart) -> tuple[Part, int]:
            there, sent = self._kept(part) or self._copied(part, old, old_etag), 0
            if there is None:
                there, sent = self._send(part), part.stop - part.start
            else:
                self.transport.progress.reuse(Work.UPLOAD, self.source.path, part.stop - part.start)
            if self.remembered.get(part.number) != there.etag:
                self.transport.ledger.part_done(self.source.path, Direction.UP, part.number, there.etag)
            return there, sent

        with_md5 = {part.number for part in self.there.values() if plain_md5(part.etag)}
        hashing = OrderedHash(
            self.source.file,
            self.part_size,
            known=self.known,
            with_md5=with_md5,
            checksum=self.checksum,
            new_checksum=self.whole.new_checksum if self.whole is not None else lambda: None,
            progress=self.transport.pool.check,
        )
        with hashing as parts:
            at_once = COPIES_AT_ONCE if self._may_copy(old) else PARTS_AT_ONCE + ABOUT_TO_BEGIN
            self.sent = self.transport.pool.gather(bring, parts, at_once)
        self.hashed = hashing.result()
        self.transport.ledger.digested(self.source.path, Direction.UP, *self.hashed)

    def _kept(self, part: HashedPart) -> Part | None:
        """The part that the server has already, if it holds the bytes that the file has there now.

        Its ETag is their MD5; or, where ETags say nothing, it is the one that was acknowledged to us, and the server
        compares the whole object's checksum in the end. What is encrypted is made anew, which tells for sure.
        """
        there = self.there.get(part.number)
        if there is None or there.size != part.stop - part.start:
            return None
        if self.seals is not None:
            with open_slice(self.source.file, part.start, part.stop) as body:
                return there if self.seals.sealed_etag(self.key, body, None) == there.etag else None
        acknowledged = self.checksum is not None and self.remembered.get(part.number) == there.etag
        return there if acknowledged or there.etag == part.md5 else None

    def _send(self, part: HashedPart) -> Part:
        gauge, size = Gauge(self.transport.progress, Work.UPLOAD, self.source.path), part.stop - part.start
        try:
            with (
                self.transport.up.body(size, self.transport.pool.check, self.key) as moved,
                open_slice(self.source.file, part.start, part.stop, both(gauge, moved), part.checksum) as body,
            ):
                etag = self.transport.store.put_part(self.key, self.upload_id, part.number, body)
        except BaseException:
            gauge(0)
            raise
        gauge(size)
        return Part(part.number, size, etag)

    def _copied(self, part: HashedPart, old: PartDigests | None, old_etag: str | None) -> Part | None:
        """The part from the version that is being replaced, if that has the same bytes in the same place.

        `old` was made on this computer when it sent or verified that version. Where some of that was only said to be
        the same, the ETag of the part has to tell, or the object is not `sure`.
        """
        store, index = self.transport.store, part.number - 1
        if old is None or old_etag is None or not self._may_copy(old) or old.xxh3[index : index + 1] != (part.xxh3,):
            return None
        try:
            etag = store.copy_part(
                self.key,
                self.upload_id,
                part.number,
                source=self.key,
                source_etag=old_etag,
                start=part.start,
                stop=part.stop,
            )
        except (PreconditionFailed, NotFound):
            raise
        except StoreError:
            return None  # a server that cannot copy parts gets them sent
        if etag != part.md5 and not self.transport.ledger.is_sure_of(self.source.path, old_etag):
            self.sure = False
        return Part(part.number, part.stop - part.start, etag)

    def _may_copy(self, old: PartDigests | None) -> bool:
        """True if parts of the version that is replaced can be parts of this one."""
        return old is not None and old.part_size == self.part_size and self.transport.store.capabilities.copy_part

    def complete(self, mode: WriteMode) -> str:
        """A Complete whose answer was lost is repeated and refused although it won: the object itself tells."""
        parts = [part for part, _ in self.sent]
        checksum = self.checksum.value() if self.checksum else None
        try:
            store = self.transport.store
            if self.hashed is not None:
                note_md5(store, self.upload_id, self.hashed[0].md5)
            return store.complete_upload(self.key, self.upload_id, parts, mode=mode, checksum=checksum).etag
        except (PreconditionFailed, NotFound) as error:
            etag = self._published(mode, checksum)
            if etag is not None:
                self.sure = False  # no part vouches for it, or the store itself had known it as ours
                return etag
            if isinstance(error, NotFound):
                raise PreconditionFailed(f"the upload of {self.source.path} is gone", why=error.message) from error
            raise

    def _published(self, mode: WriteMode, checksum: str | None) -> str | None:
        """The object's ETag, if it is what this upload was to make: the same content, by the same user.

        It is not the version that was to be replaced, which may look the same: a large file's headers have no MD5, and
        an edit may have had its time put back. Its metadata is from when the upload began: the file may have become
        executable since.
        """
        try:
            head = self.transport.store.head(self.key)
        except NotFound:
            return None
        ours = dict(self.source.headers(self.known).metadata)
        ours.pop(HEADER, None)
        if isinstance(mode, Update) and head.info.etag == mode.etag:
            return None
        if head.info.size != self.source.file.size or not dict(head.metadata).items() >= ours.items():
            return None
        if checksum and self.whole and self.whole.checksum_of(self.key) not in (checksum, None):
            return None
        return head.info.etag

    def uploaded(self, etag: str) -> Uploaded:
        """What became of it, after `complete`."""
        assert self.hashed is not None
        digests, parts = self.hashed
        sent = sum(size for _, size in self.sent)
        checksum = self.checksum.value() if self.checksum else None
        return Uploaded(etag, digests, self.part_size, sent, parts, checksum, sure=self.sure)

    def abandon(self) -> None:
        _abandon(self.transport, self.source.path, self.key, self.upload_id)


def fingerprint(file: LocalFile) -> str:
    return f"{file.size} {file.mtime_ns} {file.inode}"


def _begin(transport: Transport, key: str, source: Source, old: PartDigests | None) -> _Job:
    size = source.file.size
    part_size = choose_part_size(size, transport.up.rate)
    if old and old.part_size >= MIN_PART and may_be_part_size(size, old.part_size):
        part_size = old.part_size
    known = source.known if source.known and source.known.xxh3 else None
    with open_unchanged(source.file):  # nothing is begun for a file that cannot be read
        pass
    upload_id = transport.store.start_upload(key, source.headers(known))
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
            known.md5 if known else None,
            known.xxh3 if known else None,
        )
    )
    return _Job(transport, key, source, upload_id, part_size, known)


def _resume(transport: Transport, key: str, source: Source) -> _Job | None:
    """The remembered upload of this very file, with the parts that arrived; else it is aborted."""
    unfinished = transport.ledger.find(source.path, Direction.UP)
    if unfinished is None:
        return None
    if nfc(unfinished.key) != nfc(key):  # of no upload of this path: another's is not ours to end
        transport.ledger.end(source.path, Direction.UP)
        return None
    upload_id = unfinished.token
    try:
        if unfinished.key == key and unfinished.fingerprint == fingerprint(source.file):
            there = {part.number: part for part in transport.store.list_parts(key, upload_id)}
            remembered = transport.ledger.parts_done(source.path, Direction.UP)
            if remembered and not there:
                text = f"{source.path}: what was sent of it is gone from the store, and is sent again"
                warnings.warn(f"{text}: somebody else published this file meanwhile", PartsGone, stacklevel=2)
            return _Job(
                transport,
                key,
                source,
                upload_id,
                unfinished.part_size,
                Digests(unfinished.xxh3, unfinished.md5) if unfinished.xxh3 and unfinished.md5 else None,
                True,
                there,
                remembered,
            )
    except NotFound:
        transport.ledger.end(source.path, Direction.UP)
        return None
    except AccessDenied:  # without the right to list parts nothing can be resumed
        pass
    _abandon(transport, source.path, unfinished.key, upload_id)
    return None


def _abandon(transport: Transport, path: str, key: str, upload_id: str) -> None:
    """Abort an upload that must not be resumed: the file is another by now, or the object is."""
    transport.ledger.end(path, Direction.UP)
    with suppress(StoreError):
        transport.store.abort_upload(key, upload_id)
