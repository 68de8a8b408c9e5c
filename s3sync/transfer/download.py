"""One file on its way down: streamed into `partial/`, verified, synced. Its name comes later (`local.place`)."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import xxhash

from s3sync.core.etag import is_part_size, part_count
from s3sync.errors import ChecksumMismatch, DiskFull
from s3sync.local.digests import Digests, local_etag
from s3sync.local.errors import local_errors
from s3sync.local.scan import LocalFile
from s3sync.store.port import Reader, Store
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Progress, Work

SPARE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which version to fetch, and what is known of its content. `md5` None: the ETag has to vouch for it."""

    path: str
    key: str
    size: int
    etag: str
    md5: str | None
    part_size: int | None = None


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A verified temp file with the digests of its content."""

    temp: Path
    digests: Digests
    bytes_received: int


def download(store: Store, wanted: Wanted, temp: Path, pool: Pool, progress: Progress) -> Downloaded:
    """Fetch exactly that version into `temp`. Whatever goes wrong, no file is left there.

    Raises `PreconditionFailed` or `NotFound` when the object is another one by now, `ChecksumMismatch` when the bytes
    are not those promised, `DiskFull`, `LocalError`, `StoreError`. Memory: one chunk.
    """
    _check_room(temp.parent, wanted)
    try:
        with store.get(wanted.key, if_match=wanted.etag) as reader:
            digests, received = _receive(reader, wanted, temp, pool, progress)
        _verify(store, wanted, temp, digests, received)
    except BaseException:
        with suppress(OSError):
            temp.unlink(missing_ok=True)
        raise
    return Downloaded(temp, digests, received)


def _check_room(folder: Path, wanted: Wanted) -> None:
    with local_errors("cannot look at", folder):
        free = shutil.disk_usage(folder).free
    if free < wanted.size + SPARE_BYTES:
        raise DiskFull(
            f"cannot download {wanted.path}",
            why=f"it has {wanted.size} bytes and the disk has {free} bytes free",
            hint="make room and run the command again; what was there before is untouched",
        )


def _receive(reader: Reader, wanted: Wanted, temp: Path, pool: Pool, progress: Progress) -> tuple[Digests, int]:
    fast, full, received = xxhash.xxh3_128(), md5(usedforsecurity=False), 0
    with local_errors("cannot write", temp), open(temp, "xb", buffering=0) as stream:
        for chunk in reader:
            pool.check()
            _write_all(stream.fileno(), chunk)
            fast.update(chunk)
            full.update(chunk)
            received += len(chunk)
            progress.advance(Work.DOWNLOAD, wanted.path, len(chunk))
        os.fsync(stream.fileno())
    return Digests(fast.hexdigest(), full.hexdigest()), received


def _write_all(descriptor: int, chunk: bytes | bytearray | memoryview) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]


def _verify(store: Store, wanted: Wanted, temp: Path, digests: Digests, received: int) -> None:
    """The promised MD5 decides; without one, or against one that may lie, the ETag that S3 made itself does.

    When neither is known (an object under KMS that another tool put there), its size has to do.
    """
    if received == wanted.size and digests.md5 == wanted.md5:
        return
    if received == wanted.size:
        verdict = _etag_vouches(store, wanted, temp, digests)
        if verdict or (verdict is None and wanted.md5 is None):
            return
    raise ChecksumMismatch(
        f"{wanted.path} did not arrive as it was uploaded",
        why=f"{received} of {wanted.size} bytes came, with MD5 {digests.md5} instead of {wanted.md5 or 'the promised'}",
        hint="nothing was written; run the command again, and if it stays so, ask for the file to be uploaded again",
    )


def _etag_vouches(store: Store, wanted: Wanted, temp: Path, digests: Digests) -> bool | None:
    """Whether the ETag is that of these bytes; None when it cannot tell."""
    parts = part_count(wanted.etag)
    if parts is None:
        head = store.head(wanted.key)
        same_version = head.info.etag == wanted.etag
        return wanted.etag == digests.md5 if same_version and head.etag_is_md5 else None
    part_size = wanted.part_size or store.first_part_size(wanted.key)
    if part_size is None or not is_part_size(wanted.size, parts, part_size):
        return None
    status = temp.stat()
    file = LocalFile(temp, status.st_size, status.st_mtime_ns, status.st_ino)
    return local_etag(file, part_size) == wanted.etag
