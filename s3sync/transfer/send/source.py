"""Parts of an upload: the file with its headers, and the object that was published."""

from __future__ import annotations

import mimetypes
import threading
from functools import lru_cache

from msgspec import Struct

from s3sync.core.executable import as_metadata
from s3sync.core.media_types import BY_SUFFIX
from s3sync.core.storage_class import class_of_new
from s3sync.core.times import format_ns
from s3sync.local.digests import Digests, PartDigests
from s3sync.local.scan import LocalFile
from s3sync.store.port import Headers

_ONE_READER = threading.Lock()
_PACKED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
"""Types of what is packed, by Python's names: `film.mp4.gz` is no film."""


class Source(Struct, frozen=True):
    """File to upload: its place, the path it is known by, its digests if a scan made them, and whose it is.

    `executable`: whether whoever receives it may run it. `storage_class`: what its object is to have, if it fits.
    `user` or `project_id` empty: its object names none.
    """

    path: str
    file: LocalFile
    known: Digests | None
    user: str
    project_id: str
    executable: bool = False
    storage_class: str | None = None

    def headers(self, digests: Digests | None) -> Headers:
        """Headers of the object. They name its MD5 where it is known before the first byte goes."""
        told = {"uploaded-by": self.user, "project-id": self.project_id, "mtime": format_ns(self.file.mtime_ns)}
        metadata = {name: value for name, value in told.items() if value}
        if digests is not None:
            metadata["md5"] = digests.md5
        return Headers(
            metadata=metadata | as_metadata(self.executable),
            content_type=_content_type(self.path[self.path.rfind("/") + 1 :].partition(".")[2]),
            storage_class=class_of_new(self.file.size, self.storage_class),
        )


@lru_cache(256)
def _content_type(suffixes: str) -> str:
    """Guessed from what follows the first dot of a name; most files of a project share a few of these.

    Other files than media by one thread at a time: the first question has the system's tables read, once for each
    thread that asks it.
    """
    known = BY_SUFFIX.get(suffixes.rpartition(".")[2].lower())
    if known is not None:
        return known
    with _ONE_READER:
        found, packed = mimetypes.guess_type(f"name.{suffixes}")
    found = found if packed is None else _PACKED.get(packed)
    return found or "application/octet-stream"


class Uploaded(Struct, frozen=True):
    """A published object: its ETag, the digests of what it holds, and the bytes of it that went over the wire.

    `checksum` is the whole object's, where the store verified it (`store.aspects.WholeChecksums`).
    `outdated`: the file was changed just when it had been sent, so that the object is whole and its last version.
    `executable`: what the object's metadata says of it, or is to say in metadata.json.
    `sure`: all its bytes were sent from here. Otherwise some were copied from a version of which that is only said.
    """

    etag: str
    digests: Digests
    part_size: int | None
    bytes_sent: int
    parts: PartDigests | None = None
    checksum: str | None = None
    outdated: bool = False
    executable: bool = False
    sure: bool = True
