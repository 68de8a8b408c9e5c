"""One file on its way up: a single PUT below the part threshold, a resumable multipart upload above it."""

from __future__ import annotations

import mimetypes
from functools import lru_cache
from hashlib import md5

import xxhash
from msgspec import Struct

from s3sync.core.etag import MIB, PART_SIZE
from s3sync.core.executable import as_metadata
from s3sync.core.times import format_ns
from s3sync.errors import SourceChanged
from s3sync.local.digests import Digests, PartDigests, digest, read_range
from s3sync.local.scan import LocalFile
from s3sync.local.slice import open_slice
from s3sync.store.port import Headers, WriteMode
from s3sync.transfer.context import Transport
from s3sync.transfer.progress import Gauge, Work

IN_MEMORY = MIB
"""Up to this size one read gives digest and body; a larger body is read from the disk while it is sent."""


class Source(Struct, frozen=True):
    """What to upload: the file, the path it is known by, its digests if a scan made them, and whose it is.

    `executable`: whether whoever receives it may run it.
    """

    path: str
    file: LocalFile
    known: Digests | None
    user: str
    project_id: str
    executable: bool = False

    def headers(self, digests: Digests) -> Headers:
        return Headers(
            metadata={
                "uploaded-by": self.user,
                "project-id": self.project_id,
                "md5": digests.md5,
                "mtime": format_ns(self.file.mtime_ns),
                **as_metadata(self.executable),
            },
            content_type=_content_type(self.path[self.path.rfind("/") + 1 :].partition(".")[2]),
        )


@lru_cache(256)
def _content_type(suffixes: str) -> str:
    """Guessed from what follows the first dot of a name; most files of a project share a few of these."""
    return mimetypes.guess_type(f"name.{suffixes}")[0] or "application/octet-stream"


class Uploaded(Struct, frozen=True):
    """A published object: its ETag, the digests of what it holds, and the bytes of it that went over the wire.

    `outdated`: the file was changed just when it had been sent, so that the object is whole and its last version.
    `executable`: what the object's metadata says of it, or is to say in metadata.json.
    """

    etag: str
    digests: Digests
    part_size: int | None
    bytes_sent: int
    parts: PartDigests | None = None
    outdated: bool = False
    executable: bool = False


def upload(transport: Transport, key: str, source: Source, mode: WriteMode, old_etag: str | None = None) -> Uploaded:
    """Publish a file under a key, if `mode` holds.

    `old_etag` is the version that is replaced: parts of it that are known to be the same are copied on the server.
    Raises `PreconditionFailed` when another writer was faster, `SourceChanged` when the file did not stand still
    (nothing is published then), `LocalError`, `StoreError`. A broken upload is remembered, and goes on when this is
    called again. Memory: 1 MiB for each request under way.
    """
    if source.file.size <= PART_SIZE or not transport.store.capabilities.multipart:
        return _upload_whole(transport, key, source, mode)
    from s3sync.transfer.send.large import upload_parts

    return upload_parts(transport, key, source, mode, old_etag)


def _upload_whole(transport: Transport, key: str, source: Source, mode: WriteMode) -> Uploaded:
    size, store = source.file.size, transport.store
    etag, outdated = "", False
    gauge = Gauge(transport.progress, Work.UPLOAD, source.path)
    if size <= IN_MEMORY:
        body = read_range(source.file, 0, size)
        full = md5(body, usedforsecurity=False)
        digests = Digests(xxhash.xxh3_128_hexdigest(body), full.hexdigest())
        etag = store.put(key, body, mode=mode, headers=source.headers(digests), md5=full.digest()).etag
    else:
        digests = source.known or digest(source.file)
        try:
            with open_slice(source.file, 0, size, gauge) as stream:
                etag = store.put(
                    key, stream, mode=mode, headers=source.headers(digests), md5=bytes.fromhex(digests.md5)
                ).etag
        except SourceChanged:
            if not etag:
                raise
            outdated = True
    gauge(size)
    return Uploaded(etag, digests, None, size, outdated=outdated)
