"""Unfinished transfers, remembered so that another process can resume them."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from s3sync.core.names import path_of_key


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"


_TOKEN = re.compile("[0-9a-f]{32}")


def is_token(name: str) -> bool:
    """True if a name is one that s3sync gives to a file in `partial/`, and leads nowhere else."""
    return _TOKEN.fullmatch(name) is not None


class Unfinished(Struct, frozen=True):
    """An unfinished transfer of one path.

    `token` is the upload id, or the name of the file in `partial/`. `fingerprint` says which version is moving: the
    source file's size, mtime and inode on the way up, the object's ETag on the way down. `md5` and `xxh3` (of the
    whole and of each part) are the source's on the way up; on the way down `md5` is the promised one, if any.
    """

    path: str
    way: Direction
    key: str
    token: str
    fingerprint: str
    size: int
    part_size: int
    started_at: str
    md5: str | None = None
    xxh3: str | None = None
    part_xxh3: tuple[str, ...] = ()
    done_parts: int = 0

    def is_below(self, prefix: str) -> bool:
        """True if its key is the one of its path in the project with this prefix, and no object of another.

        What is remembered may have been written by others. Nothing in the store is touched that does not pass.
        """
        return self.key.startswith(prefix) and path_of_key(prefix, self.key) == self.path

    @property
    def done_bytes(self) -> int:
        """At least so many bytes need not move again."""
        return min(self.size, self.done_parts * self.part_size)
