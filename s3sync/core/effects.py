"""Effects: what actions really did. The base, metadata.json and the report are built from these alone."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from s3sync.core.entries import Entry
from s3sync.core.manifest.record import FileRecord
from s3sync.core.plan import Action
from s3sync.errors import S3syncError


class Kind(StrEnum):
    """In which direction something happened."""

    SENT = "sent"
    FETCHED = "fetched"
    DELETED_HERE = "deleted_here"
    DELETED_THERE = "deleted_there"
    MOVED = "moved"
    """Here, to another name: the old one is forgotten."""


class LivesOn(Struct, frozen=True):
    """The other name under which the content of a deleted file is on the remote, and the version that holds it."""

    path: str
    etag: str


class Effect(Struct, frozen=True):
    """One verified change of one path.

    `entry` is what the base is to say of the path from now on (None: nothing), `record` what metadata.json is to say
    of what was sent. `size` is the file's, `bytes` how many really went over the wire. `lives_on`: why what was deleted
    is in no trash.
    """

    kind: Kind
    path: str
    size: int
    entry: Entry | None
    record: FileRecord | None = None
    bytes: int = 0
    lives_on: LivesOn | None = None


class Left(Struct, frozen=True):
    """Rest of an action, and why: a conflict copy that was not sent, a file that changed while it was sent."""

    action: Action
    error: S3syncError


class Outcome(Struct, frozen=True):
    """Outcome of an action: its effects in the order in which they happened, and what it could not finish."""

    action: Action
    effects: tuple[Effect, ...]
    left: Left | None = None
