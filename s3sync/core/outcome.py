"""What really happened: outcomes of actions and problems of single paths. The base is built from these."""

from __future__ import annotations

from msgspec import Struct

from s3sync.core.entries import Entry
from s3sync.core.manifest import FileRecord
from s3sync.core.plan import Action
from s3sync.errors import S3syncError


class Problem(Struct, frozen=True):
    """A failure of one path; the rest goes on. `error` is the message for the user, `hint` what to do."""

    path: str
    error: str
    hint: str | None = None


class Outcome(Struct, frozen=True):
    """A verified effect. `entry` is what both sides hold now (None: gone), `record` what metadata.json shall say."""

    action: Action
    entry: Entry | None
    record: FileRecord | None = None
    bytes_sent: int = 0
    bytes_received: int = 0
    also: tuple[Outcome, ...] = ()
    """Effects on other paths of the same action, as the conflict copy of KEEP_BOTH."""
    problem: Problem | None = None
    """What is left to do about the path all the same."""
    unfinished: tuple[Action, S3syncError] | None = None
    """What is left of the action and why, where the first half of it stands: a conflict copy that was not sent."""


class Raced(Struct, frozen=True):
    """The precondition of an action no longer held; nothing was overwritten, and the path is to be planned again."""

    action: Action
    reason: str
