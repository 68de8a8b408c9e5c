"""`who` and `members`: who has which version, and who is in the team, by what metadata.json says."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field

from s3sync.core.manifest.record import FileRecord, Manifest, MemberRecord
from s3sync.core.names import nfc, short_text
from s3sync.core.near import near
from s3sync.core.receipts import Receipt
from s3sync.errors import UsageError
from s3sync.shared.manifest import read_manifest, write_edits
from s3sync.sync.report import EXIT_DONE, OfProject, ProjectAddress
from s3sync.sync.select import paths_of
from s3sync.sync.session import Session

MOST_TOLD = 10
"""Members that an error names."""


class Holds(StrEnum):
    """Answer to whether a member has a file, or all of them."""

    SENT = "sent"
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """No receipt tells it: of an older version, or of a member who lacks more than it names."""


class MemberState(Struct, frozen=True):
    """A member, when and where he last wrote metadata.json, and what he has of the files that were asked about."""

    name: str
    last: MemberRecord
    has: Holds
    lacks: tuple[str, ...] = ()
    more: int = 0


class WhoReport(OfProject, Struct):
    """Report of `who` and `members`. `file` is the version that was asked about; without one it is about all."""

    place: ProjectAddress
    command: str
    members: list[MemberState] = field(default_factory=list)
    file: FileRecord | None = None
    removed: str | None = None
    dry_run: bool = False

    @property
    def exit_code(self) -> int:
        return EXIT_DONE


def who(session: Session, word: str | None, cwd: Path) -> WhoReport:
    """Say who has a file in its newest version, or everything. Raises `UsageError` for a name that is none."""
    manifest = read_manifest(session.store, session.project.prefix).manifest
    record = None if word is None else _record(session, manifest, word, cwd)
    return WhoReport(session.place, "who", member_states(manifest, record), record)


def members(session: Session) -> WhoReport:
    """List everybody who has ever written metadata.json, and has not been removed."""
    manifest = read_manifest(session.store, session.project.prefix).manifest
    return WhoReport(session.place, "members", member_states(manifest, None))


def remove_member(session: Session, name: str, *, dry_run: bool = False) -> WhoReport:
    """Drop a member who has left, and his receipt. His files stay; if he runs a command again, he is back."""
    user = session.settings.require_user()
    stored = read_manifest(session.store, session.project.prefix)
    known = stored.manifest.members.keys() | stored.manifest.receipts.keys()
    if name not in known:
        raise UsageError(
            f"no member is called {name!r}",
            why=f"known are {', '.join(map(short_text, sorted(known)[:MOST_TOLD]))}"
            if known
            else "nobody is known yet",
            hint="`s3sync members` lists them",
        )
    if name == user:
        raise UsageError("you cannot remove yourself", why="the write that drops you would bring you back")
    if not dry_run:
        edits = session.edits()
        edits.counts_as_sync, edits.leaves = False, name
        stored = write_edits(session.store, session.project.prefix, stored, edits)
    states = [one for one in member_states(stored.manifest, None) if one.name != name]
    return WhoReport(session.place, "members remove", states, removed=name, dry_run=dry_run)


def _record(session: Session, manifest: Manifest, word: str, cwd: Path) -> FileRecord:
    paths = paths_of(word, session.project.staging, cwd)
    for path in paths:
        record = manifest.files.get(nfc(path))
        if record is not None:
            return record
    meant = near(paths[-1], manifest.files) if paths else []
    raise UsageError(
        f"no file called {word!r} on the remote",
        why="metadata.json knows none of that name; a folder is none",
        hint=f"did you mean {meant[0]!r}?" if meant else "name it as `s3sync status` does; --project names a project",
    )


def member_states(manifest: Manifest, record: FileRecord | None) -> list[MemberState]:
    """Every member, with what he has of that file, or of all."""
    return [
        MemberState(name, last, *_holds(name, manifest.receipts, record))
        for name, last in sorted(manifest.members.items())
    ]


def _holds(name: str, receipts: Mapping[str, Receipt], record: FileRecord | None) -> tuple[Holds, tuple[str, ...], int]:
    receipt = receipts.get(name)
    if record is not None and record.uploaded_by == name:
        return Holds.SENT, (), 0
    if receipt is None:
        return Holds.UNKNOWN, (), 0
    if record is None:
        return Holds.NO if receipt.count else Holds.YES, receipt.lacks, receipt.more
    if record.name in receipt.lacks:
        return Holds.NO, (record.name,), 0
    return Holds.UNKNOWN if receipt.more else Holds.YES, (), 0
