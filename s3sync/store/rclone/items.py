"""Answers of rclone as values, read strictly and within bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from s3sync.core.etag import timed_etag
from s3sync.core.times import moment, parse_ns
from s3sync.store.lanes.headers import size_of
from s3sync.store.port import ObjectInfo

HASHES = ("md5", "sha256", "dropbox", "quickxor", "sha1", "whirlpool", "crc32")
"""Kinds of hashes, the most useful first: an MD5 compares with everything."""
_DIGEST = re.compile("[0-9a-f]{8,128}")
_MD5 = re.compile("[0-9a-f]{32}")


class Item(Struct, frozen=True, rename="pascal", gc=False):
    """One file or folder of a listing. Source: https://rclone.org/commands/rclone_lsjson/"""

    path: str
    size: int
    mod_time: str
    is_dir: bool = False
    id: str = field(default="", name="ID")
    mime_type: str | None = None
    hashes: Mapping[str, str] | None = None

    @property
    def etag(self) -> str:
        """The version: a hash of the content, else time and size, which tell versions of one second apart by size.

        What a server calls a hash, and is none, is no version: it would be kept, compared and sent on as one.
        """
        for kind in HASHES:
            found = (self.hashes or {}).get(kind, "")
            if (_MD5 if kind == "md5" else _DIGEST).fullmatch(found):
                return found if kind == "md5" else f"{kind}:{found}"
        return timed_etag(parse_ns(self.mod_time) or 0, self.size)

    @property
    def has_md5(self) -> bool:
        """True if the version is an MD5."""
        return _MD5.fullmatch(self.etag) is not None

    @property
    def modified(self) -> datetime:
        return moment(parse_ns(self.mod_time) or 0)

    def info(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, size_of(self.size), self.etag, self.modified)


class Listing(Struct, frozen=True):
    """Answer of operations/list."""

    found: list[Item] = field(name="list")


class Stat(Struct, frozen=True):
    """Answer of operations/stat: None for what is not there."""

    item: Item | None


class Said(Struct, frozen=True):
    """Answer of a call that failed."""

    error: str
    status: int = 500


class Features(Struct, frozen=True, rename="pascal"):
    """Abilities of a backend that matter here. Source: https://rclone.org/rc/#operations-fsinfo"""

    copy: bool = False
    move: bool = False
    case_insensitive: bool = False
    duplicate_files: bool = False
    is_local: bool = False
    partial_uploads: bool = False
    slow_hash: bool = False


class Facts(Struct, frozen=True, rename="pascal"):
    """Answer of operations/fsinfo."""

    features: Features
    hashes: tuple[str, ...] = ()
    root: str = ""

    @property
    def hash_kinds(self) -> list[str]:
        """Kind of hash to ask for, if any: none where the backend would have to read each file for it."""
        known = [] if self.features.slow_hash else [kind for kind in HASHES if kind in self.hashes]
        return known[:1]
