"""A download in one request, and the check of its bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import md5

import xxhash

from s3sync.core.etag import is_part_size, part_count
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.errors import ChecksumMismatch
from s3sync.local.digests import Digests, file_checksum, local_etag
from s3sync.local.scan import look_at
from s3sync.store.aspects import WholeChecksums, aspect
from s3sync.store.port import Buffer, Store
from s3sync.store.seals import Seals
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.arriving import arriving
from s3sync.transfer.fetch.wanted import Downloaded, Temp, Wanted
from s3sync.transfer.progress import Work


def download_whole(transport: Transport, wanted: Wanted, temp: Temp) -> Downloaded:
    """In one request from the first byte to the last, and in more where the line breaks."""
    try:
        with (
            transport.down.body(wanted.size, transport.pool.check) as moved,
            closing(arriving(transport, wanted, 0, None)) as chunks,
        ):
            digests, received = _receive(transport, chunks, wanted, temp, moved)
        verify(transport.store, wanted, temp, digests, received)
    except BaseException:
        temp.drop()
        raise
    return Downloaded(temp.where, digests, received)


def _receive(
    transport: Transport, chunks: Iterator[Buffer], wanted: Wanted, temp: Temp, moved: Callable[[int], None]
) -> tuple[Digests, int]:
    fast, full, received = xxhash.xxh3_128(), md5(usedforsecurity=False), 0
    with local_errors("cannot write", temp.path):
        descriptor = temp.create(wanted)
        try:
            for chunk in chunks:
                transport.pool.check()
                transport.pace.receive(len(chunk))
                write_all(descriptor, chunk)
                fast.update(chunk)
                full.update(chunk)
                received += len(chunk)
                moved(received)
                transport.progress.advance(Work.DOWNLOAD, wanted.path, len(chunk))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return Digests(fast.hexdigest(), full.hexdigest()), received


def verify(store: Store, wanted: Wanted, temp: Temp, digests: Digests, received: int) -> None:
    """The promised MD5 decides; without one, or against one that may lie, the ETag that S3 made itself does.

    Where an ETag says nothing (under KMS), or is of parts of other sizes, the checksum does that the store keeps of the
    whole; where it keeps none, and no ETag says another content, the size has to do. Raises `ChecksumMismatch`.
    """
    sealed = aspect(store, Seals) if wanted.content_sum is not None else None
    if sealed is not None and file_checksum(look_at(temp.path), sealed.content_sum()) != wanted.content_sum:
        raise ChecksumMismatch(
            f"{wanted.path} is not the content that metadata.json names",
            why="pieces of other files or of older versions were put into it in the store",
            hint="nothing was written; have the file uploaded again by whoever has it, and see docs/encryption.md",
        )
    if received == wanted.size and digests.md5 == wanted.md5:
        return
    if received == wanted.size:
        verdict = _etag_vouches(store, wanted, temp, digests)
        if not verdict and (by_checksum := _checksum_vouches(store, wanted, temp)) is not None:
            verdict = by_checksum
        if verdict or (verdict is None and wanted.md5 is None):
            return
    raise ChecksumMismatch(
        f"{wanted.path} did not arrive as it was uploaded",
        why=f"{received} of {wanted.size} bytes came, with MD5 {digests.md5} instead of {wanted.md5 or 'the promised'}",
        hint="nothing was written; run the command again, and if it stays so, ask for the file to be uploaded again",
    )


def _etag_vouches(store: Store, wanted: Wanted, temp: Temp, digests: Digests) -> bool | None:
    """True if the ETag is that of these bytes, in equal parts if it is one of parts; None when it cannot tell."""
    parts = part_count(wanted.etag)
    if parts is None:
        head = store.head(wanted.key)
        same_version = head.info.etag == wanted.etag
        return wanted.etag == digests.md5 if same_version and head.etag_is_md5 else None
    part_size = wanted.part_size or store.first_part_size(wanted.key)
    if part_size is None or not is_part_size(wanted.size, parts, part_size):
        return None
    return local_etag(look_at(temp.path), part_size) == wanted.etag


def _checksum_vouches(store: Store, wanted: Wanted, temp: Temp) -> bool | None:
    """True if the checksum that the store keeps of the whole is that of these bytes; None where it keeps none."""
    whole = aspect(store, WholeChecksums)
    told = whole.checksum_of(wanted.key) if whole is not None else None
    running = whole.new_checksum() if whole is not None and told is not None else None
    return None if running is None else file_checksum(look_at(temp.path), running) == told
