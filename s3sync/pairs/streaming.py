"""From store to store: copied on the server where both are in one store, else streamed, range by range into parts.

No local copy is made. What is in memory at once is bounded by `Bounded`, whatever the size and number of files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import md5

from msgspec import Struct

from s3sync.core.etag import MIB, PART_SIZE, choose_part_size, part_ranges, plain_md5
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed, StoreError
from s3sync.pairs.values import Bucket, Found
from s3sync.store.port import Headers, ObjectHead, Part, WriteMode
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.arriving import arriving
from s3sync.transfer.fetch.wanted import Wanted
from s3sync.transfer.pool import PARTS_AT_ONCE
from s3sync.transfer.progress import Work
from s3sync.transfer.send.server_copy import copy_on_server

IN_MEMORY = 48 * MIB
"""Bytes of parts that are under way at once: received, and not yet acknowledged."""


class Bounded:
    """A bound on the bytes in memory, shared by all threads. One body larger than the bound goes alone."""

    def __init__(self, most: int = IN_MEMORY) -> None:
        self._most, self._used = most, 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, n: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + n <= self._most)
            self._used += n
        try:
            yield
        finally:
            with self._changed:
                self._used -= n
                self._changed.notify_all()


class Streamed(Struct, frozen=True):
    """A copy that arrived: its ETag, its MD5 if that is known, and the bytes that went over the line."""

    etag: str
    md5: str | None
    moved: int


class Streamer(Struct, frozen=True):
    """Ways of one file from a store to another. `source` and `target` move the bytes of either side."""

    source: Transport
    target: Transport
    bounded: Bounded

    def copy(self, path: str, found: Found, to: Bucket, mode: WriteMode, *, in_one_store: bool) -> Streamed:
        """Copy the version that was found, if `mode` holds for the target.

        Raises `PreconditionFailed`, `NotFound`, `ChecksumMismatch`, `StoreError`.
        """
        head = self.source.store.head(found.key)
        if head.info.etag != found.etag:
            raise PreconditionFailed(f"{path} was replaced at its source meanwhile", why="it is another version by now")
        headers, key = Headers(metadata=dict(head.metadata), content_type=head.content_type), to.key(path)
        known = _known_md5(head)
        if in_one_store:
            etag = copy_on_server(self.target, found.key, found.etag, found.size, key, mode, headers)
            if etag is not None:
                self.target.progress.reuse(Work.UPLOAD, path, found.size)
                return Streamed(etag, known, 0)
        if found.size <= PART_SIZE or not self.target.store.capabilities.multipart:
            return self._whole(path, found, key, mode, headers, known)
        return self._in_parts(path, found, key, mode, headers, known)

    def _fetch(self, path: str, found: Found, start: int, stop: int) -> bytes:
        wanted = Wanted(path, found.key, found.size, found.etag, None)
        body = bytearray()
        with closing(arriving(self.source, wanted, start, stop)) as chunks:
            for chunk in chunks:
                self.source.pool.check()
                self.source.pace.receive(len(chunk))
                body += chunk
                if len(body) > stop - start:
                    raise StoreError(f"{path} cannot be copied", why="the server ignores which range is asked for")
        if len(body) != stop - start:
            raise ChecksumMismatch(f"{path} did not arrive whole", why=f"{len(body)} of {stop - start} bytes came")
        return bytes(body)

    def _whole(
        self, path: str, found: Found, key: str, mode: WriteMode, headers: Headers, known: str | None
    ) -> Streamed:
        with self.bounded.hold(found.size):
            body = self._fetch(path, found, 0, found.size) if found.size else b""
            digest = md5(body, usedforsecurity=False)
            _verify(path, known, digest.hexdigest())
            headers = _with_md5(headers, digest.hexdigest())
            with self.target.up.body(found.size, self.target.pool.check):
                etag = self.target.store.put(key, body, mode=mode, headers=headers, md5=digest.digest()).etag
        self.target.progress.advance(Work.UPLOAD, path, found.size)
        return Streamed(etag, digest.hexdigest(), found.size)

    def _in_parts(
        self, path: str, found: Found, key: str, mode: WriteMode, headers: Headers, known: str | None
    ) -> Streamed:
        job = self._resumed(path, found, key) or self._begun(path, found, key, headers)
        sent = 0
        lock = threading.Lock()

        def bring(numbered: tuple[int, tuple[int, int]]) -> Part:
            nonlocal sent
            number, (start, stop) = numbered
            there = job.there.get(number)
            if there is not None:
                self.target.progress.reuse(Work.UPLOAD, path, stop - start)
                return there
            with self.bounded.hold(stop - start), self.target.up.body(stop - start, self.target.pool.check, key):
                body = self._fetch(path, found, start, stop)
                etag = self.target.store.put_part(key, job.upload_id, number, body)
            self.target.ledger.part_done(path, Direction.UP, number, etag)
            self.target.progress.advance(Work.UPLOAD, path, stop - start)
            with lock:
                sent += stop - start
            return Part(number, stop - start, etag)

        ranges = list(enumerate(part_ranges(found.size, job.part_size), 1))
        at_once = max(1, min(PARTS_AT_ONCE, IN_MEMORY // job.part_size))
        try:
            parts = self.target.pool.gather(bring, ranges, at_once)
            etag = self.target.store.complete_upload(key, job.upload_id, parts, mode=mode).etag
        except NotFound as error:
            self._abandon(path, key, job.upload_id)
            raise PreconditionFailed(f"the upload of {path} is gone", why=error.message) from error
        except (PreconditionFailed, ChecksumMismatch):
            self._abandon(path, key, job.upload_id)
            raise
        self.target.ledger.end(path, Direction.UP)
        return Streamed(etag, known, sent)

    def _resumed(self, path: str, found: Found, key: str) -> _Job | None:
        """The remembered upload of this very version, with the parts that the store acknowledged; else it is ended."""
        ledger = self.target.ledger
        unfinished = ledger.find(path, Direction.UP)
        if unfinished is None:
            return None
        if unfinished.key != key:  # of no upload of this path here: another's is not ours to end
            ledger.end(path, Direction.UP)
            return None
        try:
            if unfinished.fingerprint == found.etag and unfinished.size == found.size:
                ours = ledger.parts_done(path, Direction.UP)
                listed = self.target.store.list_parts(key, unfinished.token)
                there = {part.number: part for part in listed if ours.get(part.number) == part.etag}
                return _Job(unfinished.token, unfinished.part_size, there)
        except NotFound:
            ledger.end(path, Direction.UP)
            return None
        self._abandon(path, key, unfinished.token)
        return None

    def _begun(self, path: str, found: Found, key: str, headers: Headers) -> _Job:
        part_size = choose_part_size(found.size)
        upload_id = self.target.store.start_upload(key, headers)
        self.target.ledger.begin(
            Unfinished(path, Direction.UP, key, upload_id, found.etag, found.size, part_size, self.target.started_at)
        )
        return _Job(upload_id, part_size, {})

    def _abandon(self, path: str, key: str, upload_id: str) -> None:
        self.target.ledger.end(path, Direction.UP)
        self.target.store.abort_upload(key, upload_id)


class _Job(Struct, frozen=True):
    upload_id: str
    part_size: int
    there: dict[int, Part]


def _known_md5(head: ObjectHead) -> str | None:
    """MD5 of an object by its ETag, or by what its metadata promises."""
    if head.etag_is_md5 and (known := plain_md5(head.info.etag)) is not None:
        return known
    return plain_md5(head.metadata.get("md5", ""))


def _verify(path: str, known: str | None, found: str) -> None:
    if known not in (None, found):
        raise ChecksumMismatch(
            f"{path} did not arrive as it was uploaded",
            why=f"its MD5 is {found} instead of {known}",
            hint="nothing was written; run the command again, and if it stays so, the source is damaged",
        )


def _with_md5(headers: Headers, found: str) -> Headers:
    return Headers(metadata={**headers.metadata, "md5": found}, content_type=headers.content_type)
