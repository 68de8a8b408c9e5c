"""Parts of a download: the version that is wanted, the file on its way, and room for it on the disk."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from s3sync.core.quantities import size_text
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import DiskFull, PreconditionFailed
from s3sync.local.digests import Digests, PartDigests
from s3sync.local.holds import require_holdable
from s3sync.local.modes import NEW, PRIVATE
from s3sync.store.port import Reader

SPARE_BYTES = 16 * 1024 * 1024


class Wanted(Struct, frozen=True):
    """Version to fetch, and what is known of its content. `md5` None: the ETag has to vouch for it.

    `private`: it replaces a file, whose mode it gets in the end; until then nobody else may read it.
    `content_sum`: the digest that metadata.json of an encrypted project has of it, which nothing but the content meets.
    """

    path: str
    key: str
    size: int
    etag: str
    md5: str | None
    part_size: int | None = None
    private: bool = False
    content_sum: str | None = None


class Temp(Struct, frozen=True):
    """A file on its way: the folder for those, held open, and its name there."""

    folder: GuardedFolder
    name: str

    @property
    def where(self) -> str:
        return f"{self.folder.path}{os.sep}{self.name}"

    @property
    def path(self) -> Path:
        return Path(self.where)

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
    """A verified temp file, by its place as text (a `Path` for each small file costs more), with its digests.

    `sure`: all of it came from the store. Otherwise some is from this disk, which a peer said to be the same.
    """

    where: str
    digests: Digests
    bytes_received: int
    parts: PartDigests | None = None
    sure: bool = True

    @property
    def temp(self) -> Path:
        return Path(self.where)


class FreeSpace:
    """Room on the disk of a folder for the bytes and the names of one file, or of a few that come together."""

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
                f"there is no room for {wanted.path}",
                why=f"it has {size_text(wanted.size)}, the disk has {size_text(self._free)} free, and "
                f"{size_text(SPARE_BYTES)} are kept in reserve",
                hint="make room and run the command again; what was there before is untouched",
            )
        self._free -= wanted.size


def check_version(reader: Reader, wanted: Wanted) -> None:
    """A server that ignores If-Match would mix two versions."""
    if reader.info.etag != wanted.etag or reader.info.size != wanted.size:
        raise PreconditionFailed(f"{wanted.path} was replaced on the remote meanwhile")
