"""One file on its way up: a single PUT below the part threshold, a multipart upload above it."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from hashlib import md5

import xxhash

from s3sync.core.etag import PART_SIZE, choose_part_size, part_ranges
from s3sync.core.times import format_ns
from s3sync.errors import PreconditionFailed
from s3sync.local.digests import Digests, digest, read_range
from s3sync.local.scan import LocalFile
from s3sync.store.port import Headers, Part, Store, WriteMode
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Progress, Work


@dataclass(frozen=True, slots=True)
class Source:
    """What to upload: the file, the path it is known by, its digests if a scan made them, and whose it is."""

    path: str
    file: LocalFile
    known: Digests | None
    user: str
    project_id: str

    def headers(self, digests: Digests) -> Headers:
        return Headers(
            metadata={
                "uploaded-by": self.user,
                "project-id": self.project_id,
                "md5": digests.md5,
                "mtime": format_ns(self.file.mtime_ns),
            },
            content_type=mimetypes.guess_type(self.path)[0] or "application/octet-stream",
        )


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A published object: its ETag, the digests of what was sent, and the bytes that went over the wire."""

    etag: str
    digests: Digests
    part_size: int | None
    bytes_sent: int


def upload(store: Store, key: str, source: Source, mode: WriteMode, pool: Pool, progress: Progress) -> Uploaded:
    """Publish a file under a key, if `mode` holds.

    Raises `PreconditionFailed` when another writer was faster, `SourceChanged` when the file did not stand still
    (nothing is published then), `LocalError`, `StoreError`. Memory: one part at a time for each part in flight.
    """
    if source.file.size <= PART_SIZE or not store.capabilities.multipart:
        return _upload_whole(store, key, source, mode, pool, progress)
    return _upload_parts(store, key, source, mode, pool, progress)


def _upload_whole(store: Store, key: str, source: Source, mode: WriteMode, pool: Pool, progress: Progress) -> Uploaded:
    with pool.memory(source.file.size):
        body = read_range(source.file, 0, source.file.size)
        full = md5(body, usedforsecurity=False)
        digests = Digests(xxhash.xxh3_128_hexdigest(body), full.hexdigest())
        etag = store.put(key, body, mode=mode, headers=source.headers(digests), md5=full.digest())
    progress.advance(Work.UPLOAD, source.path, len(body))
    return Uploaded(etag, digests, None, len(body))


def _upload_parts(store: Store, key: str, source: Source, mode: WriteMode, pool: Pool, progress: Progress) -> Uploaded:
    digests = source.known or _hash_first(source, progress)
    part_size = choose_part_size(source.file.size)
    upload_id = store.start_upload(key, source.headers(digests))
    try:
        parts = _send_parts(store, key, upload_id, source, part_size, pool, progress)
        etag = _complete(store, key, upload_id, parts, mode, digests)
    except BaseException:
        store.abort_upload(key, upload_id)
        raise
    return Uploaded(etag, digests, part_size, source.file.size)


def _hash_first(source: Source, progress: Progress) -> Digests:
    """The MD5 goes into the object's metadata, which S3 takes at the start of an upload and never after."""
    progress.expect(Work.HASH, 1, source.file.size)
    digests = digest(source.file, lambda n: progress.advance(Work.HASH, source.path, n))
    progress.finish(Work.HASH, source.path)
    return digests


def _send_parts(
    store: Store, key: str, upload_id: str, source: Source, part_size: int, pool: Pool, progress: Progress
) -> list[Part]:
    """Each part is read, held and sent by one job, so that a job that holds memory never waits for another."""

    def send(numbered: tuple[int, tuple[int, int]]) -> Part:
        number, (start, stop) = numbered
        with pool.memory(stop - start):
            body = read_range(source.file, start, stop)
            etag = store.put_part(key, upload_id, number, body, md5(body, usedforsecurity=False).digest())
        progress.advance(Work.UPLOAD, source.path, len(body))
        return Part(number, len(body), etag)

    return pool.gather(send, list(enumerate(part_ranges(source.file.size, part_size), 1)))


def _complete(store: Store, key: str, upload_id: str, parts: list[Part], mode: WriteMode, digests: Digests) -> str:
    """A Complete whose answer was lost is repeated and refused although it won: the object itself tells."""
    try:
        return store.complete_upload(key, upload_id, parts, mode=mode)
    except PreconditionFailed:
        head = store.head(key)
        if head.metadata.get("md5") == digests.md5 and head.info.size == sum(part.size for part in parts):
            return head.info.etag
        raise
