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
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ChecksumMismatch, DiskFull, PreconditionFailed
from s3sync.local.digests import Digests, PartDigests, digest, local_etag, open_file
from s3sync.local.holds import require_holdable
from s3sync.local.modes import NEW, PRIVATE, copy_descriptor
from s3sync.local.scan import LocalFile, look_at
from s3sync.store.port import Reader, Store
from s3sync.transfer.context import Transport
from s3sync.transfer.progress import Work

SPARE_BYTES = 16 * 1024 * 1024


class Wanted(Struct, frozen=True):
    """Which version to fetch, and what is known of its content. `md5` None: the ETag has to vouch for it.

    `private`: it replaces a file, whose mode it gets in the end; until then nobody else may read it.
    """

    path: str
    key: str
    size: int
    etag: str
    md5: str | None
    part_size: int | None = None
    private: bool = False


class Temp(Struct, frozen=True):
    """A file on its way: the folder for those, held open, and its name there."""

    folder: GuardedFolder
    name: str

    @property
    def path(self) -> Path:
        return Path(f"{self.folder.path}{os.sep}{self.name}")

    def create(self, wanted: Wanted) -> int:
        """Make it, open for writing. Raises `OSError`, also when something has that name."""
        return self.folder.create(self.name, PRIVATE if wanted.private else NEW)

    def open(self) -> int:
        """Open it for reading and writing. Raises `OSError`; a link, or a second name of a file, is refused."""
        return self.folder.open_write(self.name)

    def drop(self) -> None:
        with suppress(OSError):
            self.folder.unlink(self.name, missing_ok=True)


class Downloaded(Struct, frozen=True):
    """A verified temp file with the digests of its content."""

    temp: Path
    digests: Digests
    bytes_received: int
    parts: PartDigests | None = None


def download(transport: Transport, wanted: Wanted, folder: GuardedFolder, old: LocalFile | None = None) -> Downloaded:
    """Fetch exactly that version into a file in `folder`.

    `old` is an earlier version on this disk, whose parts are used where they are the same. Raises
    `PreconditionFailed` or `NotFound` when the object is another one by now, `ChecksumMismatch` when the bytes are
    not those promised, `DiskFull`, `LocalError`, `StoreError`. No file is left then, except that of a large download
    that was broken off: it is remembered, and goes on when this is called again. Memory: 1 MiB for each request.
    """
    from s3sync.transfer.fetch.small import SMALL, download_together

    if wanted.size <= SMALL:
        return download_together(transport, [wanted], folder)[0].result()
    FreeSpace(folder).take(wanted)
    if wanted.size <= PART_SIZE:
        return download_whole(transport, wanted, Temp(folder, uuid.uuid4().hex))
    from s3sync.transfer.fetch.large import download_parts

    return download_parts(transport, wanted, folder, old)


def download_whole(transport: Transport, wanted: Wanted, temp: Temp) -> Downloaded:
    """In one request, from the first byte to the last."""
    try:
        with transport.store.get(wanted.key, if_match=wanted.etag) as reader:
            check_version(reader, wanted)
            digests, received = _receive(transport, reader, wanted, temp)
        verify(transport.store, wanted, temp, digests, received)
    except BaseException:
        temp.drop()
        raise
    return Downloaded(temp.path, digests, received)


def copy_local(transport: Transport, wanted: Wanted, folder: GuardedFolder, twin: LocalFile) -> Downloaded | None:
    """The content from another file on this disk that is said to hold it; None if it does not after all."""
    FreeSpace(folder).take(wanted)
    temp = Temp(folder, uuid.uuid4().hex)
    try:
        with local_errors("cannot copy", twin.where):
            copy_file(twin, temp, wanted)
        digests = digest(look_at(temp.path))
        if digests.md5 == wanted.md5:
            transport.progress.advance(Work.DOWNLOAD, wanted.path, wanted.size)
            return Downloaded(temp.path, digests, 0)
    except BaseException:
        temp.drop()
        raise
    temp.drop()
    return None


def copy_file(source: LocalFile, target: Temp, wanted: Wanted) -> None:
    reader = open_file(source)
    try:
        writer = target.create(wanted)
        try:
            copy_descriptor(reader, writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


class FreeSpace:
    """What the disk of a folder can take: the bytes and the names of one file, or of a few that come together."""

    def __init__(self, folder: GuardedFolder) -> None:
        """Raises `LocalError`."""
        self._folder = folder
        with local_errors("cannot look at", folder.path):
            self._free = shutil.disk_usage(folder.path).free

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


def _receive(transport: Transport, reader: Reader, wanted: Wanted, temp: Temp) -> tuple[Digests, int]:
    fast, full, received = xxhash.xxh3_128(), md5(usedforsecurity=False), 0
    with local_errors("cannot write", temp.path):
        descriptor = temp.create(wanted)
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


def verify(store: Store, wanted: Wanted, temp: Temp, digests: Digests, received: int) -> None:
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


def _etag_vouches(store: Store, wanted: Wanted, temp: Temp, digests: Digests) -> bool | None:
    """Whether the ETag is that of these bytes; None when it cannot tell."""
    parts = part_count(wanted.etag)
    if parts is None:
        head = store.head(wanted.key)
        same_version = head.info.etag == wanted.etag
        return wanted.etag == digests.md5 if same_version and head.etag_is_md5 else None
    part_size = wanted.part_size or store.first_part_size(wanted.key)
    if part_size is None or not is_part_size(wanted.size, parts, part_size):
        return None
    return local_etag(look_at(temp.path), part_size) == wanted.etag
