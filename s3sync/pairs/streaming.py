"""From store to store: copied on the server where both are in one store, else streamed, range by range into parts.

No local copy is made. What is in memory at once is bounded by `Bounded`, whatever the size and number of files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import md5

from msgspec import Struct

from s3sync.core.etag import MIB, PART_SIZE, choose_part_size, part_ranges, plain_md5
from s3sync.core.quantities import size_text
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed, StoreError
from s3sync.pairs.bodies import IN_MEMORY, Bounded, InOrder, Range, StreamedBody, fetch
from s3sync.pairs.values import Bucket, Found
from s3sync.store.port import Headers, ObjectHead, Part, WriteMode
from s3sync.store.whole_md5 import note_md5
from s3sync.transfer.context import Transport
from s3sync.transfer.pool import PARTS_AT_ONCE
from s3sync.transfer.progress import Work
from s3sync.transfer.send.server_copy import copy_on_server

MOST_MEMORY = 640 * MIB
"""Bytes of one part, which is held as a whole: with it an object has 6.7 TB."""


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

    def copy(
        self, path: str, found: Found, to: Bucket, mode: WriteMode, *, in_one_store: bool, renamed: bool = False
    ) -> Streamed:
        """Copy the version that was found, if `mode` holds for the target. What is `renamed` was sent by nobody so.

        Raises `PreconditionFailed`, `NotFound`, `ChecksumMismatch`, `StoreError`.
        """
        head = self.source.store.head(found.key)
        if head.info.etag != found.etag:
            raise PreconditionFailed(f"{path} was replaced at its source meanwhile", why="it is another version by now")
        told = {name: value for name, value in head.metadata.items() if not (renamed and name == "project-id")}
        headers, key = Headers(metadata=told, content_type=head.content_type), to.key(path)
        known = _known_md5(head)
        if in_one_store:
            etag = copy_on_server(self.target, found.key, found.etag, found.size, key, mode, headers)
            if etag is not None:
                self.target.progress.reuse(Work.UPLOAD, path, found.size)
                return Streamed(etag, known, 0)
        if found.size <= PART_SIZE:
            return self._whole(path, found, key, mode, headers, known)
        if not self.target.store.capabilities.multipart:
            return self._in_one(path, found, key, mode, headers, known)
        _require_parts(path, found.size)
        return self._in_parts(path, found, key, mode, headers, known)

    def _whole(
        self, path: str, found: Found, key: str, mode: WriteMode, headers: Headers, known: str | None
    ) -> Streamed:
        with self.bounded.hold(found.size):
            body = fetch(self.source, path, found, 0, found.size) if found.size else b""
            digest = md5(body, usedforsecurity=False)
            _verify(path, known, digest.hexdigest())
            headers = _with_md5(headers, digest.hexdigest())
            with self.target.up.body(found.size, self.target.pool.check):
                etag = self.target.store.put(key, body, mode=mode, headers=headers, md5=digest.digest()).etag
        self.target.progress.advance(Work.UPLOAD, path, found.size)
        return Streamed(etag, digest.hexdigest(), found.size)

    def _in_one(
        self, path: str, found: Found, key: str, mode: WriteMode, headers: Headers, known: str | None
    ) -> Streamed:
        """Stream a large object to a store that takes no parts. One of unknown MD5 is read once before, to be told."""
        moved = 0 if known else found.size
        known = known or self._digest(path, found)
        headers = _with_md5(headers, known)
        with (
            self.target.up.body(found.size, self.target.pool.check),
            StreamedBody(self.source, path, found) as body,
        ):
            etag = self.target.store.put(key, body, mode=mode, headers=headers, md5=bytes.fromhex(known)).etag
        self.target.progress.advance(Work.UPLOAD, path, found.size)
        return Streamed(etag, known, found.size + moved)

    def _digest(self, path: str, found: Found) -> str:
        running = md5(usedforsecurity=False)
        with StreamedBody(self.source, path, found) as body:
            while chunk := body.read(MIB):
                running.update(chunk)
        return running.hexdigest()

    def _in_parts(
        self, path: str, found: Found, key: str, mode: WriteMode, headers: Headers, known: str | None
    ) -> Streamed:
        job = self._resumed(path, found, key) or self._begun(path, found, key, headers)
        hashed = None if job.there else InOrder(self.target.pool.check)
        sent = 0
        lock = threading.Lock()

        def bring(part: Range) -> Part:
            nonlocal sent
            there = job.there.get(part.number)
            if there is not None:
                self.target.progress.reuse(Work.UPLOAD, path, part.size)
                return there
            try:
                with self.target.up.body(part.size, self.target.pool.check, key):
                    body = fetch(self.source, path, found, part.start, part.stop)
                    etag = self.target.store.put_part(key, job.upload_id, part.number, body)
                self.target.ledger.part_done(path, Direction.UP, part.number, etag)
                if hashed is not None:
                    hashed.feed(part.number, body)
            except BaseException:
                if hashed is not None:
                    hashed.give_up()
                raise
            finally:
                self.bounded.release(part.size)
            self.target.progress.advance(Work.UPLOAD, path, part.size)
            with lock:
                sent += part.size
            return Part(part.number, part.size, etag)

        at_once = max(1, min(PARTS_AT_ONCE, IN_MEMORY // job.part_size))
        try:
            parts = self.target.pool.gather(bring, self._ranges(found.size, job), at_once)
            if hashed is not None:
                _verify(path, known, hashed.hexdigest())
                known = hashed.hexdigest()
            if known is not None:
                note_md5(self.target.store, job.upload_id, known)
            etag = self.target.store.complete_upload(key, job.upload_id, parts, mode=mode).etag
        except NotFound as error:
            self._abandon(path, key, job.upload_id)
            raise PreconditionFailed(f"the upload of {path} is gone", why=error.message) from error
        except (PreconditionFailed, ChecksumMismatch):
            self._abandon(path, key, job.upload_id)
            raise
        self.target.ledger.end(path, Direction.UP)
        return Streamed(etag, known, sent)

    def _ranges(self, size: int, job: _Job) -> Iterator[Range]:
        """The parts in order, each once there is memory for it: no earlier one waits for what a later one holds."""
        for number, (start, stop) in enumerate(part_ranges(size, job.part_size), 1):
            if number not in job.there:
                self.bounded.take(stop - start)
            yield Range(number, start, stop)

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


def _require_parts(path: str, size: int) -> None:
    """Raise `StoreError` for an object of which one part would take more memory than a command has. Its size is the
    word of its server, which may say any."""
    if choose_part_size(size) > MOST_MEMORY:
        raise StoreError(
            f"{path} cannot be copied: its store says that it has {size_text(size)}",
            why="each of its parts would take more memory than a command has",
            hint="look at it there: it is far larger than it should be",
        )


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
