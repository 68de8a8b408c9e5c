"""Result of one check, and the report of all."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from s3sync.errors import S3syncError
from s3sync.sync.report import ProjectAddress


class Level(StrEnum):
    """`skipped`: could not be tried, or there is nothing to try; what was found says why."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


class Check(Struct, frozen=True):
    """One line: which check, how it stands, what was found, and what to do about it."""

    name: str
    level: Level
    found: str
    hint: str | None = None


class DoctorReport(Struct):
    """All checks in the order in which they were made, and what `fix` repaired before that.

    `place` is None where the settings or the project cannot be told.
    """

    place: ProjectAddress | None = None
    checks: list[Check] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {level.value: sum(check.level is level for check in self.checks) for level in Level}

    @property
    def exit_code(self) -> int:
        """1 when a check failed. Warnings are for the person to judge."""
        return 1 if any(check.level is Level.FAIL for check in self.checks) else 0


def ok(name: str, found: str, hint: str | None = None) -> Check:
    return Check(name, Level.OK, found, hint)


def warn(name: str, found: str, hint: str | None = None) -> Check:
    return Check(name, Level.WARN, found, hint)


def fail(name: str, found: str, hint: str | None = None) -> Check:
    return Check(name, Level.FAIL, found, hint)


def skipped(name: str, why: str, hint: str | None = None) -> Check:
    return Check(name, Level.SKIPPED, why, hint)


def failed_by(name: str, error: S3syncError, hint: str | None = None) -> Check:
    """Failure of a check, in the error's own words."""
    return Check(name, Level.FAIL, str(error), hint or error.hint)
