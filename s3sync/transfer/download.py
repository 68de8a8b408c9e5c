"""One file on its way down: into `partial/`, verified, synced. Its name comes later (`local.place`)."""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from hashlib import md5
from pathlib import Path

import xxhash
from msgspec import Struct

from s3sync.core.etag import PART_SIZE, is_part_size, part_count
from s3sync.errors import ChecksumMismatch, DiskFull, PreconditionFailed
from s3sync.local.digests import Digests, PartDigests, digest, local_etag
from s3sync.local.errors import local_errors
from s3sync.local.holds import require_holdable
from s3sync.local.scan import LocalFile, look_at
from s3sync.store.port import Reader, Store
from s3sync.transfer.context import Transport
from s3sync.transfer.progress import Work

SPARE_BYTES = 16 * 1024 * 1024


class Wanted(Struct, frozen=True):
    """Which version to fetch, and what is known of its content. `md5` None: the ETag has to vouch for it."""

    path: str
    key: str
    size: int
    etag: str
    md5: str | None
    part_size: int | None = None


class Downloaded(Struct, frozen=True):
    """A verified temp file with the digests of its content."""

    temp: Path
    digests: Digests
    bytes_received: int
    parts: PartDigests | None = None


def download(transport: Transport, wanted: Wanted, folder: Path, old: LocalFile | None = None) -> Downloaded:
    """Fetch exactly that version into a file in `folder`.

    `old` is an earlier version on this disk, whose parts are used where they are the same. Raises
    `PreconditionFailed` or `NotFound` when the object is another one by now, `ChecksumMismatch` when the bytes are
    not those promised, `DiskFull`, `LocalError`, `StoreError`. No file is left then, except that of a large download
    that was broken off: it is remembered, and goes on when this is called again. Memory: 1 MiB for each request.
    """
    from s3sync.transfer.small_download import SMALL, download_together

    if wanted.size <= SMALL:
        return download_together(transport, [wanted], folder)[0].result()
    Room(folder).take(wanted)
    if wanted.size <= PART_SIZE:
        return download_whole(transport, wanted, folder / uuid.uuid4().hex)
    from s3sync.transfer.large_download import download_parts

    return download_parts(transport, wanted, folder, old)


def download_whole(transport: Transport, wanted: Wanted, temp: Path) -> Downloaded:
    """In one request, from the first byte to the last."""
    try:
        with transport.store.get(wanted.key, if_match=wanted.etag) as reader:
            check_version(reader, wanted)
            digests, received = _receive(transport, reader, wanted, temp)
        verify(transport.store, wanted, temp, digests, received)
    except BaseException:
        with suppress(OSError):
            temp.unlink(missing_ok=True)
        raise
    return Downloaded(temp, digests, received)


def copy_local(transport: Transport, wanted: Wanted, folder: Path, twin: LocalFile) -> Downloaded | None:
    """The content from another file on this disk that is said to hold it; None if it does not after all."""
    Room(folder).take(wanted)
    temp = folder / uuid.uuid4().hex
    try:
        with local_errors("cannot copy", twin.disk_path):
            copy_file(twin.disk_path, temp)
        digests = digest(look_at(temp))
        if digests.md5 == wanted.md5:
            transport.progress.advance(Work.DOWNLOAD, wanted.path, wanted.size)
            return Downloaded(temp, digests, 0)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    temp.unlink()
    return None


def copy_file(source: Path, target: Path) -> None:
    """Copy by reference where the file system can (Btrfs, XFS: `copy_file_range`), else the bytes; synced."""
    with open(source, "rb", buffering=0) as reader, open(target, "xb", buffering=0) as writer:
        copied = 0
        with suppress(OSError, AttributeError):
            while n := os.copy_file_range(reader.fileno(), writer.fileno(), 1 << 30):
                copied += n
        reader.seek(copied)
        writer.seek(copied)
        shutil.copyfileobj(reader, writer, 1024 * 1024)
        os.fsync(writer.fileno())


class Room:
    """What the disk of a folder can take: the bytes and the names of one file, or of a few that come together."""

    def __init__(self, folder: Path) -> None:
        """Raises `LocalError`."""
        self._folder = folder
        with local_errors("cannot look at", folder):
            self._free = shutil.disk_usage(folder).free

    def take(self, wanted: Wanted) -> None:
        """Raises `DiskFull` or `LocalError` before the first byte of a file, rather than after its last."""
        require_holdable(wanted.path, self._folder)
        if self._free < wanted.size + SPARE_BYTES:
            raise DiskFull(
                f"cannot download {wanted.path}",
                why=f"it has {wanted.size} bytes, {SPARE_BYTES} are kept in reserve, and the disk has {self._free} "
                "bytes free",
                hint="make room and run the command again; what was there before is untouched",
            )
        self._free -= wanted.size


def check_version(reader: Reader, wanted: Wanted) -> None:
    """A server that ignores If-Match would mix two versions."""
    if reader.info.etag != wanted.etag or reader.info.size != wanted.size:
        raise PreconditionFailed(f"{wanted.path} was replaced on the remote meanwhile")


def _receive(transport: Transport, reader: Reader, wanted: Wanted, temp: Path) -> tuple[Digests, int]:
    fast, full, received = xxhash.xxh3_128(), md5(usedforsecurity=False), 0
    with local_errors("cannot write", temp):
        descriptor = create(temp)
        try:
            for chunk in reader:
                transport.pool.check()
                transport.pace.receive(len(chunk))
                write_all(descriptor, chunk)
                fast.update(chunk)
                full.update(chunk)
                received += len(chunk)
                transport.progress.advance(Work.DOWNLOAD, wanted.path, len(chunk))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return Digests(fast.hexdigest(), full.hexdigest()), received


def create(temp: str | Path) -> int:
    """A new file, open for writing. Raises `OSError`, also if something stands there."""
    return os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)


def write_all(descriptor: int, chunk: bytes | bytearray | memoryview) -> None:
    """All of it: a system call may take less than it is given."""
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]


def verify(store: Store, wanted: Wanted, temp: str | Path, digests: Digests, received: int) -> None:
    """The promised MD5 decides; without one, or against one that may lie, the ETag that S3 made itself does.

    When neither is known (an object under KMS that another tool put there), its size has to do. Raises
    `ChecksumMismatch`.
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


def _etag_vouches(store: Store, wanted: Wanted, temp: str | Path, digests: Digests) -> bool | None:
    """Whether the ETag is that of these bytes; None when it cannot tell."""
    parts = part_count(wanted.etag)
    if parts is None:
        head = store.head(wanted.key)
        same_version = head.info.etag == wanted.etag
        return wanted.etag == digests.md5 if same_version and head.etag_is_md5 else None
    part_size = wanted.part_size or store.first_part_size(wanted.key)
    if part_size is None or not is_part_size(wanted.size, parts, part_size):
        return None
    return local_etag(look_at(temp), part_size) == wanted.etag
