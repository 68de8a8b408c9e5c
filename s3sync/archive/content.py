"""Content of an object of an archive, as it is about to be sent, and the sizes in which that is done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from operator import attrgetter

from msgspec import Struct

from s3sync.core.archive.tar import BLOCK, END, as_bytes
from s3sync.core.archive.values import Pack, Source
from s3sync.core.batches import batched
from s3sync.core.etag import MAX_PARTS, MIB, PART_SIZE, choose_part_size
from s3sync.core.quantities import size_text
from s3sync.errors import ArchiveError
from s3sync.store.port import Headers

ARCHIVE_ID = "archive-id"
"""Metadata by which an archive is known for the one that an upload made."""
SMALLEST_PART = 8 * MIB
"""Bytes of a container's part, at the least. Each request costs as much processor time as half a MiB of small files."""

MOST_MEMORY = 640 * MIB
"""Bytes of an object's parts that are in memory at once, at the most: a command has a gigabyte."""


class Content(Struct, frozen=True, dict=True):
    """Content of one object: sources below a folder of the disk, and how they are packed.

    `top` is the folder in the container; None: the one source is the object, as it is. `name` is for people.
    """

    key: str
    name: str
    root: str
    top: str | None
    sources: tuple[Source, ...]
    pack: Pack
    level: int | None = None
    storage_class: str | None = None
    tags: Mapping[str, str] = {}
    metadata: Mapping[str, str] = {}
    kind: str | None = None
    """Content type of a file that is an object by itself."""
    md5: str | None = None
    """MD5 that the bytes must have, in hexadecimal: what has another one is not sent."""

    @cached_property
    def size(self) -> int:
        return sum(map(attrgetter("size"), self.sources))

    @property
    def most(self) -> int:
        """Bytes that the object has at most."""
        packed = self.size + 4 * BLOCK * len(self.sources) + len(END)
        return self.size if self.top is None else packed + packed // 32 + MIB

    @property
    def part_size(self) -> int:
        """Size of the parts: of a container as small as 10,000 of them allow, if it is more than one."""
        most = self.most
        if self.top is None or most <= PART_SIZE:
            return choose_part_size(most)
        return max(SMALLEST_PART, -(-most // MAX_PARTS // MIB) * MIB)

    def require_sendable(self) -> None:
        """Raise `ArchiveError` for what is so large that one of its parts takes too much memory: perhaps a hole, which
        whoever may write there makes of any size, and which is to keep no other unit from being sent."""
        if self.part_size > MOST_MEMORY:
            raise ArchiveError(
                f"cannot archive {self.name}: {size_text(self.size)} are too much for one object",
                why=f"of at most {MAX_PARTS:,} parts each would take more memory than a command has",
                hint="look for a file that is far larger than it should be; if all is right, `max_size: 1T` in the set "
                "sends it as several archives",
            )

    def headers(self, archive_id: str) -> Headers:
        kind = self.kind if self.top is None else _CONTENT_TYPES.get(self.pack)
        metadata = {**self.metadata, ARCHIVE_ID: archive_id}
        return Headers(metadata, kind, self.storage_class, self.tags)

    def signature(self, part_size: int) -> str:
        """Digest of everything that decides which bytes are made."""
        digest = hashlib.sha256(as_bytes(f"2 {self.key} {self.pack} {self.level} {part_size} {self.top}\n"))
        for some in batched(self.sources, 1000):
            rows = [f"{a.path}\0{a.target or ''}\0{a.kind} {a.mode} {a.size} {a.mtime_ns}\n" for a in some]
            digest.update(as_bytes("".join(rows)))
        return digest.hexdigest()


_CONTENT_TYPES = {Pack.TAR: "application/x-tar", Pack.TAR_GZ: "application/gzip", Pack.TAR_ZST: "application/zstd"}
