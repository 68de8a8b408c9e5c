"""Values of a pair: what a place holds, and the places themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field

from s3sync.config import Settings
from s3sync.core.names import STATE_DIR
from s3sync.core.outcome import Problem
from s3sync.core.records import bounded
from s3sync.local.scan import LocalFile
from s3sync.spill.table import SpilledDict
from s3sync.store.port import Store


class Found(Struct, frozen=True, gc=False):
    """One file of a place: in a folder with its directory entry, in a store with the object's key and ETag."""

    size: int
    key: str = ""
    etag: str = ""
    mtime_ns: int | None = None
    file: LocalFile | None = None


class Seen(Struct):
    """Everything that a place holds. `complete` False after any error: nothing may be deleted then."""

    files: SpilledDict[Found] = field(default_factory=lambda: SpilledDict(Found))
    problems: list[Problem] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    """Paths and folders about whose content nothing is known: left out of every decision."""
    complete: bool = True
    left_out: int = 0
    """Files that a filter by name left out."""


class Folder(Struct, frozen=True):
    """A folder of this computer. `shown` is what output calls it; `project` the name of one whose files it has.

    `only`: the one file of it that was named. `silenced`: paths that only a `.s3syncignore` in it ignores, as far as
    they were asked about.
    """

    root: Path
    shown: str
    ignored: Callable[[str], bool]
    settings: Settings
    project: str | None = None
    only: str | None = None
    silenced: set[str] = field(default_factory=set)

    @property
    def identity(self) -> str:
        return f"folder:{self.root}" if self.only is None else f"folder:{self.root / self.only}"


class Bucket(Struct, frozen=True):
    """Objects below a prefix (empty, or ending in `/`) of a store.

    `address` is the whole address, without credentials. `endpoint` is the server, where one is named.
    """

    store: Store
    prefix: str
    shown: str
    settings: Settings
    endpoint: str = ""
    only: str | None = None

    @property
    def identity(self) -> str:
        return f"{self.shown} {self.endpoint}".rstrip()

    def key(self, path: str) -> str:
        return self.prefix + path

    def trash_key(self, stamp: str, path: str) -> str:
        return f"{self.prefix}{STATE_DIR}/trash/{stamp}/{bounded(path)}"


Place: TypeAlias = "Folder | Bucket"
