"""Choices in a conflict, and the report of `resolve`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

from s3sync.core.manifest.edits import KEPT_BOTH, KEPT_COPY, KEPT_NAME
from s3sync.core.outcome import Problem
from s3sync.core.team import FileLock
from s3sync.sync.report import EXIT_DONE, EXIT_LOCKED, EXIT_SOME_FAILED, OfProject, ProjectAddress
from s3sync.team.conflicts import OpenConflict, Version


class Keep(StrEnum):
    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"


HOW = {
    KEPT_NAME: "the version under the name stayed",
    KEPT_COPY: "the copy got the name",
    KEPT_BOTH: "both stay",
}
"""Words for what a record says of a decision."""

Choice: TypeAlias = int | None
"""Index of the version that stays, None for both."""

Choose: TypeAlias = Callable[[OpenConflict], Choice]
"""Asks whose version stays. Raises `Halt` where nobody can answer."""


class ResolveReport(OfProject, Struct):
    """Report of `resolve`. `stays` is the version that has the name in the end, None where both stay."""

    place: ProjectAddress
    conflict: OpenConflict
    dry_run: bool
    stays: Version | None = None
    kept_as: str | None = None
    """Name of the copy, where both stay."""
    failed: list[Problem] = field(default_factory=list)
    locked: dict[str, FileLock] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    was_decided: bool = False
    """True if a run that was killed had decided it, and this one did the rest."""

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.failed else EXIT_LOCKED if self.locked else EXIT_DONE

    def was_changed(self, path: str, reason: str) -> None:
        """Note that somebody else was faster, so that what was shown is not what is there."""
        hint = "look at `s3sync conflicts`, and decide once more"
        self.failed.append(Problem(path, f"was changed while it was being decided: {reason}", hint))
