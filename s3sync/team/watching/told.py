"""Events that a watch tells of: values, for whoever shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from s3sync.core.outcome import Problem
from s3sync.core.team import FileLock
from s3sync.errors import S3syncError
from s3sync.sync.report import ConflictReport, ProjectAddress, RunReport
from s3sync.team.githooks.waiting import Waits


class Started(Struct, frozen=True):
    """`has_events`: the library that wakes us is installed."""

    place: ProjectAddress
    staging: str
    down: bool
    has_events: bool


class Begun(Struct, frozen=True):
    """An upload that will take a while. `names` are the first of the files."""

    names: Sequence[str]
    files: int
    size_bytes: int


class Ran(Struct, frozen=True):
    """A run that moved something, or met something that was not told yet."""

    report: RunReport
    problems: Sequence[Problem] = ()
    conflicts: Sequence[ConflictReport] = ()
    locked: Sequence[FileLock] = ()


class Waiting(Struct, frozen=True):
    """Files on the remote that are not fetched, because nobody asked for that."""

    place: ProjectAddress
    waits: Waits


class Left(Struct, frozen=True):
    """Files that cannot be uploaded as they are."""

    problems: Sequence[Problem]


class Deleted(Struct, frozen=True):
    """Number of files that are gone on one side: a watch deletes none."""

    here: int
    there: int


class Thaws(Struct, frozen=True):
    """Archives that can be read now, each until a time or None, and those whose thaw is over: news for a restore."""

    ready: Sequence[tuple[str, str | None]] = ()
    over: Sequence[str] = ()


class Trouble(Struct, frozen=True):
    """An error that keeps the watch from working. It is told once, however often it is met."""

    error: S3syncError


class Works(Struct, frozen=True):
    """The trouble is over."""


class Gone(Struct, frozen=True):
    """The staging folder is not there."""

    staging: str


class Back(Struct, frozen=True):
    staging: str


Told: TypeAlias = Started | Begun | Ran | Waiting | Left | Deleted | Thaws | Trouble | Works | Gone | Back
