"""One file on its way up: a single PUT below the part threshold, a resumable multipart upload above it."""

from __future__ import annotations

from hashlib import md5

import xxhash

from s3sync.core.etag import MIB, PART_SIZE
from s3sync.errors import SourceChanged
from s3sync.local.digests import Digests, digest, file_checksum, read_range
from s3sync.local.slice import open_slice
from s3sync.store.aspects import aspect
from s3sync.store.port import WriteMode
from s3sync.store.seals import Seals
from s3sync.transfer.context import Transport
from s3sync.transfer.progress import Gauge, Work, both
from s3sync.transfer.send.source import Source, Uploaded

IN_MEMORY = MIB
"""Up to this size one read gives digest and body; a larger body is read from the disk while it is sent."""


def upload(transport: Transport, key: str, source: Source, mode: WriteMode, old_etag: str | None = None) -> Uploaded:
    """Publish a file under a key, if `mode` holds.

    `old_etag` is the version that is replaced: parts of it that are known to be the same are copied on the server.
    Raises `PreconditionFailed` when another writer was faster, `SourceChanged` when the file did not stand still
    (nothing is published then), `LocalError`, `StoreError`. An interrupted upload is remembered, and resumes when
    this is called again. Memory: 1 MiB for each request under way.
    """
    if source.file.size <= PART_SIZE or not transport.store.capabilities.multipart:
        return _upload_whole(transport, key, source, mode)
    from s3sync.transfer.send.large import upload_parts

    return upload_parts(transport, key, source, mode, old_etag)


def _upload_whole(transport: Transport, key: str, source: Source, mode: WriteMode) -> Uploaded:
    size, store = source.file.size, transport.store
    etag, outdated = "", False
    seals = aspect(store, Seals)
    sums = seals.content_sum() if seals is not None else None
    checksum = None
    gauge = Gauge(transport.progress, Work.UPLOAD, source.path)
    if size <= IN_MEMORY:
        body = read_range(source.file, 0, size)
        full = md5(body, usedforsecurity=False)
        digests = Digests(xxhash.xxh3_128_hexdigest(body), full.hexdigest())
        if sums is not None:
            sums.update(body)
            checksum = sums.value()
        etag = store.put(key, body, mode=mode, headers=source.headers(digests), md5=full.digest()).etag
    else:
        digests = source.known or digest(source.file)
        checksum = None if sums is None else file_checksum(source.file, sums)
        try:
            with (
                transport.up.body(size, transport.pool.check) as moved,
                open_slice(source.file, 0, size, both(gauge, moved)) as stream,
            ):
                etag = store.put(
                    key, stream, mode=mode, headers=source.headers(digests), md5=bytes.fromhex(digests.md5)
                ).etag
        except SourceChanged:
            if not etag:
                raise
            outdated = True
    gauge(size)
    return Uploaded(etag, digests, None, size, checksum=checksum, outdated=outdated)
