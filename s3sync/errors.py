"""Every error that s3sync raises on purpose.

S3syncError                     exit 1   the root: what, why, hint
|-- UsageError                  exit 2   the request makes no sense as it stands
|   |-- ConfigError                      a setting is missing, unknown or of the wrong type
|   `-- ProjectError                     no project, or not the one that was named
|-- LocalError                  exit 1   the user's disk
|   |-- ScanError                        the staging folder could not be read completely
|   |-- DiskFull                         no space left, or over quota
|   |-- SourceChanged                    a file changed while it was being read
|   |-- OtherContent                     a file's bytes are not those that a record promises
|   `-- TargetChanged                    a local file is no longer the one that was planned against
|-- StoreError                  exit 1   the object store
|   |-- NotFound                         no such object or upload
|   |-- BucketMissing                    no such bucket (or folder, for the folder store)
|   |-- PreconditionFailed               the object is not the version that was expected (412, 409)
|   |-- Unchanged                        the object is still the version that is known (304): no failure
|   |-- AccessDenied                     known to the store, but not allowed
|   |-- CredentialsError                 missing, wrong or expired credentials
|   |-- ClockSkewed                      the store refuses the signature's time
|   |-- Unreachable                      no network, no such host, connection refused, timed out
|   |-- Throttled                        the store asked to slow down for longer than the budget
|   |-- NotAStore                        something answers at the endpoint, but not as S3 does
|   |-- Unsupported                      the store lacks a capability
|   |-- Archived                         the object is in cold storage and has to be thawed first
|   `-- ChecksumMismatch                 the bytes that came are not the bytes that were promised
|       `-- NotAuthentic                 nobody with the repository's key encrypted them for that place
|-- ManifestError               exit 1   metadata.json cannot be trusted (broken, too large, newer)
|-- ArchiveError                exit 1   an archive or its index cannot be trusted (cut short, altered, newer)
|-- DatabaseError               exit 1   the database of an archive set does not answer, or refuses
|-- Pending                     exit 8   an archive is being thawed, and cannot be read yet
|-- Halt                        exit 5   refused before any write; the hint names the flag that allows it
|   `-- NotTrusted                       a file of the repository names a store, or a database, not agreed to
|-- LockHeld                    exit 6   another s3sync works on this staging folder
|-- LostRace                    exit 6   other writers kept winning the compare-and-swap
`-- Interrupted                 exit 130 Ctrl-C
"""

from __future__ import annotations

from typing import Any, ClassVar


class S3syncError(Exception):
    """Root of all errors: what went wrong (`message`), why (`why`), and what to do about it (`hint`)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, why: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.hint = hint
        self.report: Any = None
        """What a run had done before this ended it, where it had done anything."""

    def __str__(self) -> str:
        return f"{self.message}: {self.why}" if self.why else self.message


class UsageError(S3syncError):
    """`unknown`: the word of the command that names nothing here, where that is what is wrong."""

    exit_code = 2

    def __init__(
        self, message: str, *, why: str | None = None, hint: str | None = None, unknown: str | None = None
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.unknown = unknown


class ConfigError(UsageError):
    pass


class ProjectError(UsageError):
    pass


class LocalError(S3syncError):
    pass


class ScanError(LocalError):
    pass


class DiskFull(LocalError):
    pass


class SourceChanged(LocalError):
    pass


class OtherContent(LocalError):
    pass


class TargetChanged(LocalError):
    pass


class StoreError(S3syncError):
    pass


class NotFound(StoreError):
    pass


class BucketMissing(StoreError):
    pass


class PreconditionFailed(StoreError):
    pass


class Unchanged(StoreError):
    pass


class AccessDenied(StoreError):
    pass


class CredentialsError(StoreError):
    pass


class ClockSkewed(StoreError):
    pass


class Unreachable(StoreError):
    pass


class Throttled(StoreError):
    pass


class NotAStore(StoreError):
    pass


class Unsupported(StoreError):
    pass


class Archived(StoreError):
    pass


class ChecksumMismatch(StoreError):
    pass


class NotAuthentic(ChecksumMismatch):
    """`opens_elsewhere`: another key, or a newer version, may vouch for it."""

    opens_elsewhere = False


class ManifestError(S3syncError):
    pass


class ArchiveError(S3syncError):
    pass


class DatabaseError(S3syncError):
    pass


class Pending(S3syncError):
    exit_code = 8


class Halt(S3syncError):
    exit_code = 5


def declined(what: str) -> Halt:
    """The refusal of a command whose question was not answered with yes; `what` was not done."""
    return Halt(
        what,
        why="the question was not answered with yes",
        hint="to do it after all, run the command again; --yes answers where nobody can",
    )


class NotTrusted(Halt):
    """`place` is the `s3sync.trust.Place` to agree to. `parts`: what a file of the repository names of it, as
    `the server`, where the user named the store himself."""

    def __init__(
        self, message: str, *, why: str | None = None, hint: str | None = None, place: Any = None, parts: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.place, self.parts = place, parts


class LockHeld(S3syncError):
    exit_code = 6


class LostRace(S3syncError):
    exit_code = 6


class Interrupted(S3syncError):
    exit_code = 130


ENDS_THE_RUN = (CredentialsError, ClockSkewed, BucketMissing, Unreachable, Throttled, Interrupted)
"""Errors that would hit every other file too: the run ends, and what was done so far is saved."""
