"""Reports of the verbs: typed results, which the command line renders as text or JSON and scripts use as they are.

Lists of files are `SpilledList`s: they can be read again and again, and are not in memory when they are long. What
failed is a list, as its names may be none that can be encoded.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from s3sync.core.inboxes import Waiting
from s3sync.core.manifest.record import CleanedRecord, ConflictRecord
from s3sync.core.outcome import Problem
from s3sync.core.plan import Policy, Verb
from s3sync.core.receipts import Receipt
from s3sync.core.reconcile import ConflictKind, State
from s3sync.core.team import FileLock
from s3sync.core.unfinished import Direction
from s3sync.spill.sequence import SpilledList

if TYPE_CHECKING:
    from s3sync.core.pins import Difference

EXIT_DONE, EXIT_SOME_FAILED, EXIT_CONFLICTS, EXIT_LOCKED, EXIT_TO_DO = 0, 3, 4, 6, 7


class ProjectAddress(Struct, frozen=True):
    """Address of a project: its name, its repository, its store (as the user named it, credentials masked)."""

    project: str
    repo: str
    store: str
    root: Path
    store_is_default: bool = False
    staging: Path | None = None
    """Folder of its files, by which a command names them as seen from where the user is; None where it is not known."""

    def is_around(self, folder: Path) -> bool:
        """True if a folder lies in the project, so that a command that is typed there need not name it."""
        return folder.is_relative_to(self.root)


class OfProject:
    """The project of a report, by the names of the JSON."""

    __slots__ = ()
    place: ProjectAddress

    @property
    def project(self) -> str:
        return self.place.project

    @property
    def repo(self) -> str:
        return self.place.repo

    @property
    def store(self) -> str:
        return self.place.store


class Moved(Struct, frozen=True, gc=False):
    """A file that went one way: its size, and the bytes that really went over the wire."""

    name: str
    size_bytes: int
    bytes_moved: int


class Uploaded(Moved, frozen=True, gc=False):
    @property
    def bytes_sent(self) -> int:
        return self.bytes_moved


class Downloaded(Moved, frozen=True, gc=False):
    @property
    def bytes_received(self) -> int:
        return self.bytes_moved


class Deleted(Struct, frozen=True):
    """`side` is `local` or `remote`. `in_trash`: it was put into the trash of that side.

    `lives_on`: the other name on the remote that holds its content, so that no copy was made.
    """

    name: str
    side: str
    size_bytes: int
    in_trash: bool = True
    lives_on: str | None = None


class Skipped(Struct, frozen=True, gc=False):
    """A file that this run had nothing to do with: in sync, or changed in a way that this verb leaves alone.

    Its fields are those of the JSON (docs/json.md), which is made of them as they are.
    """

    name: str
    size_bytes: int
    state: State
    uploaded_by: str | None = None
    uploaded_at: str | None = None


class ConflictReport(Struct, frozen=True):
    """A conflict as it was found, with who changed the remote version and when.

    `resolution` is what was done: `kept_both`, `kept_mine`, `kept_theirs`, `kept_edit`, or None for just a warning.
    """

    name: str
    kind: ConflictKind
    policy: Policy
    resolution: str | None
    kept_as: str | None
    uploaded_by: str | None
    uploaded_at: str | None

    @property
    def settled(self) -> bool:
        """True if the user said beforehand whose version wins, so that nothing is left to look at."""
        return self.resolution in ("kept_mine", "kept_theirs")


class Received(Struct, frozen=True):
    """File that a client sent, and this run took in or would: `by` is `client:NAME`, `sent_as` its name with him."""

    name: str
    size_bytes: int
    by: str
    sent_as: str


class RunReport(OfProject, Struct):
    """Report of `up`, `down` or `sync`: what it did, or with `dry_run` would do."""

    verb: Verb
    place: ProjectAddress
    dry_run: bool
    uploaded: SpilledList[Uploaded] = field(default_factory=lambda: SpilledList(Uploaded))
    downloaded: SpilledList[Downloaded] = field(default_factory=lambda: SpilledList(Downloaded))
    deleted: SpilledList[Deleted] = field(default_factory=lambda: SpilledList(Deleted))
    skipped: SpilledList[Skipped] = field(default_factory=lambda: SpilledList(Skipped))
    conflicts: SpilledList[ConflictReport] = field(default_factory=lambda: SpilledList(ConflictReport))
    failed: list[Problem] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    locked: dict[str, FileLock] = field(default_factory=dict)
    """Files that were left alone because somebody else has locked them, or what they would have to replace."""
    unlocked: list[str] = field(default_factory=list)
    """Files whose own locks were released."""
    warnings: list[str] = field(default_factory=list)
    cleaned: CleanedRecord | None = None
    """The last cleanup of the remote, if any."""
    trash_files: int = 0
    trash_bytes: int = 0
    """Files deleted for good from the two trashes, which were beyond the limits of the setting `trash`."""
    deselected: int = 0
    """Files that are only on the remote, and not selected here: they were left alone."""
    elapsed_s: float = 0.0

    @property
    def command(self) -> str:
        """The verb, by the name that it has in the JSON."""
        return self.verb.value

    @property
    def bytes_sent(self) -> int:
        return sum(moved.bytes_moved for moved in self.uploaded)

    @property
    def bytes_received(self) -> int:
        return sum(moved.bytes_moved for moved in self.downloaded)

    @property
    def bytes_saved(self) -> int:
        """Bytes that arrived without going over the wire: parts that were there, copies, broken transfers resumed."""
        arrived = chain(self.uploaded, self.downloaded)
        return sum(max(0, moved.size_bytes - moved.bytes_moved) for moved in arrived)

    def flush(self) -> None:
        """Move full blocks to disk, while other reports are made."""
        for items in (self.uploaded, self.downloaded, self.deleted, self.skipped, self.conflicts):
            items.flush()

    @property
    def exit_code(self) -> int:
        if self.failed:
            return EXIT_SOME_FAILED
        if self.locked:
            return EXIT_LOCKED
        return EXIT_DONE if all(conflict.settled for conflict in self.conflicts) else EXIT_CONFLICTS


class FileStatus(Struct, frozen=True, gc=False, omit_defaults=True):
    """One file's state. Size and MD5 are the newer version's (in a conflict the remote's); an MD5 that nothing had to
    be compared with is not known. The uploader is always the remote version's.

    Its fields are those of the JSON (docs/json.md), which is made of them as they are.
    """

    name: str
    state: State
    size_bytes: int
    md5: str | None
    uploaded_by: str | None
    uploaded_at: str | None
    conflict: ConflictKind | None = None


class TransferStatus(Struct, frozen=True):
    """One unfinished transfer. `ours` is False for uploads in the store that this computer knows nothing of: another
    member's that is under way, or one that nobody will ever finish. `upload_id` is None for downloads.
    """

    name: str
    way: Direction
    done_bytes: int
    size_bytes: int | None
    started_at: str
    ours: bool
    upload_id: str | None

    @property
    def direction(self) -> str:
        """`up` or `down`, by the name that it has in the JSON."""
        return self.way.value

    @property
    def percent(self) -> int | None:
        return None if not self.size_bytes else 100 * self.done_bytes // self.size_bytes


class TransfersReport(OfProject, Struct):
    place: ProjectAddress
    transfers: list[TransferStatus] = field(default_factory=list)
    aborted: list[TransferStatus] = field(default_factory=list)
    dry_run: bool = False


class StatusReport(OfProject, Struct):
    place: ProjectAddress
    files: SpilledList[FileStatus] = field(default_factory=lambda: SpilledList(FileStatus))
    failed: list[Problem] = field(default_factory=list)
    last_sync_at: str | None = None
    last_sync_by: str | None = None
    asked_at: datetime | None = None
    cleaned: CleanedRecord | None = None
    transfers: list[TransferStatus] = field(default_factory=list)
    """Transfers that this computer has begun and not finished."""
    kept_conflicts: list[ConflictRecord] = field(default_factory=list)
    """Conflicts of which both versions were kept, until one of the two is deleted."""
    locks: list[FileLock] = field(default_factory=list)
    """Locks that hold, one's own among them."""
    lacking: dict[str, Receipt] = field(default_factory=dict)
    """Others who have not fetched everything, and what they lack."""
    incoming: list[Waiting] = field(default_factory=list)
    """Files that clients sent, and that nobody has taken in."""
    pin: Difference | None = None
    """Differences of the folder from the pin file, where there is one."""
    verified: str | None = None
    """`records` or `deep` in the answer of `verify`."""
    warnings: list[str] = field(default_factory=list)
    deselected: int = 0
    deselected_bytes: int = 0
    """Files that are only on the remote, and not selected here."""

    def flush(self) -> None:
        """Move full blocks to disk, while other reports are made."""
        self.files.flush()

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(file.state.value for file in self.files))

    @property
    def in_sync(self) -> bool:
        return all(file.state is State.IN_SYNC for file in self.files) and not self.failed

    @property
    def exit_code(self) -> int:
        """Exit code of `status --exit-code`."""
        if self.failed:
            return EXIT_SOME_FAILED
        if self.counts.get(State.CONFLICT):
            return EXIT_CONFLICTS
        done = not self.incoming and (self.in_sync or self.counts.keys() <= {State.IN_SYNC, State.CLEANED_UP})
        return EXIT_DONE if done else EXIT_TO_DO


class CleanupReport(OfProject, Struct):
    """Report of `cleanup`: what it deleted, or with `dry_run` would delete, and what it kept with the reason."""

    place: ProjectAddress
    side: str
    dry_run: bool
    deleted: SpilledList[Deleted] = field(default_factory=lambda: SpilledList(Deleted))
    kept: SpilledList[Problem] = field(default_factory=lambda: SpilledList(Problem))
    failed: list[Problem] = field(default_factory=list)
    locked: dict[str, FileLock] = field(default_factory=dict)
    """Files that were left alone because somebody else has locked them."""
    lacking: dict[str, Receipt] = field(default_factory=dict)
    """Others who have not fetched some of what would go from the remote."""
    warnings: list[str] = field(default_factory=list)
    trash_files: int = 0
    trash_bytes: int = 0
    """Files that go from the trash."""
    trash_kept_files: int = 0
    trash_kept_bytes: int = 0
    """Last copies, which stay in the trash."""
    old_versions: int = 0
    old_bytes: int = 0
    """Old versions that a bucket with versioning keeps of replaced and deleted objects, and bills."""
    versions_deleted: int = 0
    last_copies: SpilledList[str] = field(default_factory=lambda: SpilledList(str))
    """Files that exist nowhere else, and are deleted for good."""
    elapsed_s: float = 0.0

    @property
    def bytes_freed(self) -> int:
        return sum(item.size_bytes for item in self.deleted if not item.in_trash) + self.trash_bytes

    @property
    def bytes_in_trash(self) -> int:
        """Bytes that the trash of that side holds afterwards, which still cost space or money."""
        return sum(item.size_bytes for item in self.deleted if item.in_trash) + self.trash_kept_bytes

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.failed else EXIT_LOCKED if self.locked else EXIT_DONE
