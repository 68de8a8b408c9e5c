"""Files that clients put into an inbox: `status` tells of them, `down` and `sync` take them into the project.

A file is taken in by four steps, each of which may be the last one of a killed run or be made by two people at once:

1. metadata.json says under which name (`Claim`): the first to write it decides, by compare-and-swap.
2. The object is copied to that name, if nothing stands there; the copy says of which object it is one.
3. metadata.json records the file, and that the claim is done: once, however many copied it.
4. The object in the inbox is deleted, if it is still the version that was copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from s3sync.aside import Aside
from s3sync.core.batches import batched
from s3sync.core.etag import plain_md5
from s3sync.core.inboxes import MARK, Claim, InboxChange, Waiting, inbox_page, mark_of
from s3sync.core.manifest.record import FileRecord, Manifest
from s3sync.core.media_types import shown_type
from s3sync.core.outcome import Problem
from s3sync.core.quantities import files_text
from s3sync.core.storage_class import class_of_new
from s3sync.core.times import format_ns, format_time
from s3sync.errors import ENDS_THE_RUN, AccessDenied, LocalError, NotFound, PreconditionFailed, StoreError
from s3sync.shared.inboxes import ASKED_AT_ONCE, GLANCE, Lying, Sent, describe, entry_of, glance, list_inboxes, summed
from s3sync.shared.manifest import StoredManifest, write_edits
from s3sync.state.memory import StateDB
from s3sync.store.port import Create, Headers, ObjectInfo
from s3sync.sync.free_names import Names
from s3sync.sync.report import Received, RunReport
from s3sync.sync.session import Session
from s3sync.sync.store_facts import guarded
from s3sync.sync.view import View

BATCH = 500
ROUNDS = 5
"""Times that another name is looked for when others were faster."""
ASKED = 20
"""Files that `status` asks whose they are; others are counted."""
EMPTIES = "where they are no files of yours, `s3sync receive --list` shows whose, and `--end ID --discard` empties one"
CLAIMS_KEPT = 20
"""Claims that are done and wait for the next write to be forgotten."""


def waiting(session: Session, manifest: Manifest, warnings: list[str]) -> list[Waiting]:
    """Tell what clients sent and nobody has taken in, and change nothing. What cannot be seen is not told."""
    try:
        lying = glance(session.store, session.project.prefix, manifest.inboxes)
        known = describe(session.store, session.project.prefix, lying.waiting[:ASKED])
    except ENDS_THE_RUN:
        raise
    except (StoreError, LocalError):
        return []
    if lying.more:
        warnings.append(f"clients sent more than {GLANCE:,} files, which are not all counted here: {EMPTIES}")
    return summed(known.sent, [*known.unknown, *lying.waiting[ASKED:]])


def take_in(session: Session, state: StateDB, seen: View, report: RunReport, *, dry_run: bool) -> bool:
    """Take in what waits; True if the store has other files than were seen. Raises what ends a run, `LostRace`.

    Whoever may not write leaves it to the others, and is told. So is whoever finds what nobody can read: the files of
    clients hold up no others.
    """
    manifest, prefix = seen.there.stored.manifest, session.project.prefix
    try:
        lying = list_inboxes(session.store, prefix, manifest.inboxes)
    except ENDS_THE_RUN:
        raise
    except (StoreError, LocalError) as error:
        report.warnings.append(f"it cannot be seen whether clients sent files: {error}")
        return False
    if dry_run or session.settings.user is None:
        with _aside(report, lying):
            _foretell(session, seen, report, lying, dry_run=dry_run)
        return False
    names = Names(session, seen)
    with guarded(session, state, (), report.warnings.append) as own:
        work = _TakingIn(own, seen.there.stored, names, report)
        with _aside(report, lying):
            for some in batched(lying.waiting, BATCH):
                work.take(_known(own, report, some))
            work.tidy(lying)
    if lying.more:
        report.warnings.append(f"clients sent more files than one run takes in: run the command again; {EMPTIES}")
    return work.changed


def _known(session: Session, report: RunReport, some: Sequence[ObjectInfo]) -> list[Sent]:
    """Files that clients sent, as far as they can be asked; the others are told and stay."""
    found = describe(session.store, session.project.prefix, some)
    if found.error is not None:
        report.warnings.append(f"{files_text(len(found.unknown))} of clients cannot be read: {found.error}")
    return found.sent


@contextmanager
def _aside(report: RunReport, lying: Lying) -> Iterator[None]:
    """Tell why files of clients cannot be taken in, where that concerns no others."""
    try:
        yield
    except ENDS_THE_RUN:
        raise
    except AccessDenied as error:
        report.warnings.append(f"{files_text(len(lying.waiting))} of clients cannot be taken in by you: {error}")
    except (StoreError, LocalError) as error:
        report.warnings.append(f"{files_text(len(lying.waiting))} of clients cannot be taken in: {error}")


def _foretell(session: Session, seen: View, report: RunReport, lying: Lying, *, dry_run: bool) -> None:
    if not lying.waiting:
        return
    if not dry_run:
        report.warnings.append(
            f"{files_text(len(lying.waiting))} of clients wait: set `user` to your name to take them in"
        )
        return
    names = Names(session, seen)
    for one in _known(session, report, lying.waiting):
        claim = seen.there.stored.manifest.arriving.get(one.entry)
        name = claim.name if claim is not None and claim.etag == one.etag else names.free(one)
        if name is not None:
            report.received.append(Received(name, one.size, one.client, one.name))


class _Copied(Struct, frozen=True):
    """Result of a copy. `record` None: the object is gone; `collides`: another file has the name by now, or none."""

    sent: Sent
    claim: Claim
    record: FileRecord | None = None
    is_new: bool = False
    collides: bool = False


class _TakingIn:
    """The four steps, for some files at a time. `changed`: the project has other files than before."""

    def __init__(self, session: Session, stored: StoredManifest, names: Names, report: RunReport) -> None:
        self._session, self._stored, self._names, self._report = session, stored, names, report
        self._prefix = session.project.prefix
        self._first, self._at_once = stored.manifest.arriving, min(ASKED_AT_ONCE, session.workers)
        self._deleted = set[str]()
        self.changed = False

    def take(self, sent: Sequence[Sent]) -> None:
        pending = list(sent)
        for _ in range(ROUNDS):
            if not pending:
                return
            pending = self._carry_out(self._claim(pending))
        for one in pending:
            self._report.failed.append(Problem(one.name, "others took every name for it", "run the command again"))

    def tidy(self, lying: Lying) -> None:
        """Forget inboxes that are over, and claims whose object was not there any more when it was looked for.

        A claim that others made since then is theirs: its object may be there.
        """
        if lying.more:
            return
        manifest, change = self._stored.manifest, InboxChange()
        there = {entry_of(self._prefix, info) for info in lying.waiting}
        used = {entry.partition("/")[0] for entry in there - self._deleted}
        now = self._session.clock()
        change.gone = {key for key, one in manifest.inboxes.items() if key not in used and one.is_over(now)}
        for entry, claim in manifest.arriving.items():
            if entry in self._deleted or (entry not in there and self._first.get(entry) == claim):
                change.dropped[entry] = claim
        if len(change.dropped) > CLAIMS_KEPT or change.gone:
            self._write(change)
        for inbox in change.gone:
            self._session.store.delete(inbox_page(self._prefix, inbox))

    def _claim_of(self, sent: Sent) -> Claim | None:
        claim = self._stored.manifest.arriving.get(sent.entry)
        return claim if claim is not None and claim.etag == sent.etag else None

    def _claim(self, sent: Sequence[Sent]) -> list[Sent]:
        """Have metadata.json say a name for each; those that others were faster with have theirs. Returns which can
        have one."""
        change, ignored = InboxChange(), list[Sent]()
        for one in sent:
            if self._claim_of(one) is None:
                name = self._names.free(one)
                if name is None:
                    ignored.append(one)
                else:
                    change.claimed[one.entry] = Claim(one.etag, name)
        if change:
            self._write(change)
        if ignored:
            told = f"the settings ignore files of such names ({ignored[0].name})"
            self._report.warnings.append(f"{files_text(len(ignored))} of clients cannot be taken in: {told}")
        return [one for one in sent if one not in ignored]

    def _carry_out(self, sent: Sequence[Sent]) -> list[Sent]:
        """Copy, record and delete what has a claim. Returns what has none, or one of no use."""
        claims = [(one, claim) for one in sent if (claim := self._claim_of(one)) is not None]
        unclaimed = [one for one in sent if self._claim_of(one) is None]
        with Aside(self._at_once, "s3sync-incoming") as threads:
            copied = self._permitted([*threads.map(lambda pair: self._copied(*pair), claims)])
        change, arrived = InboxChange(), dict[str, FileRecord]()
        for found in copied:
            if found.record is None:
                change.dropped[found.sent.entry] = found.claim
            elif not found.claim.done:
                arrived[found.sent.entry] = found.record
        if change or arrived:
            self._write(change, arrived)
        standing = [found.sent for found in copied if found.record is not None and self._settles(found, found.record)]
        with Aside(self._at_once, "s3sync-incoming") as threads:
            gone = list(threads.map(lambda one: self._gone(one.key, one.etag), standing))
        self._deleted.update(one.entry for one, is_gone in zip(standing, gone, strict=True) if is_gone)
        return [*unclaimed, *(found.sent for found in copied if found.collides)]

    def _permitted(self, tried: Sequence[_Copied | AccessDenied | None]) -> list[_Copied]:
        """What was copied. Raises `AccessDenied` where all of them are denied: then it is this user who may not."""
        denied = [one for one in tried if isinstance(one, AccessDenied)]
        if denied and len(denied) == len(tried):
            raise denied[0]
        if denied:
            self._report.warnings.append(f"{files_text(len(denied))} of clients cannot be taken in: {denied[0]}")
        return [one for one in tried if isinstance(one, _Copied)]

    def _settles(self, found: _Copied, record: FileRecord) -> bool:
        """True if a file is recorded and its object may go. Reports what was taken in.

        Takes back a copy that came after somebody had recorded and deleted the file; the object is left to him.
        """
        claim, known = self._claim_of(found.sent), self._stored.manifest.files
        is_done = claim is not None and claim.done
        if found.is_new and record.name not in known and is_done:
            self._gone(self._prefix + record.name, record.etag)
            return False
        if not found.claim.done:
            self.changed = True
            self._report.received.append(Received(record.name, record.size_bytes, record.uploaded_by, found.sent.name))
        return is_done

    def _copied(self, sent: Sent, claim: Claim) -> _Copied | AccessDenied | None:
        """Copy a file to its name, or find the copy that is there. None for what failed, which is told.

        That a claim is done is only said: the copy has to be there before the object goes.
        """
        try:
            key, mark = self._prefix + claim.name, mark_of(sent.entry, sent.etag)
            etag = None if claim.done else self._copy(sent, key, mark)
            is_new = etag is not None
            if etag is None:
                etag = self._copy_at(key, sent, mark)
            if etag is None:
                return _Copied(sent, claim, collides=True)
            return _Copied(sent, claim, self._record(sent, claim.name, etag), is_new)
        except NotFound:  # the object was taken in by somebody else, or replaced by its sender; or nothing was done
            return _Copied(sent, claim, collides=claim.done)
        except ENDS_THE_RUN:
            raise
        except AccessDenied as error:
            return error
        except StoreError as error:
            self._report.failed.append(Problem(claim.name, f"from {sent.client}: {error.message}", error.hint))
            return None

    def _copy_at(self, key: str, sent: Sent, mark: str) -> str | None:
        """The ETag of the copy of a file; None where something else stands there. Raises `NotFound`.

        Its bytes are compared by what the store itself says of both.
        """
        there = self._session.store.head(key)
        md5 = plain_md5(there.info.etag) if there.etag_is_md5 else None
        is_same = there.info.size == sent.size and (None in (md5, sent.md5) or md5 == sent.md5)
        return there.info.etag if is_same and there.metadata.get(MARK) == mark else None

    def _copy(self, sent: Sent, key: str, mark: str) -> str | None:
        """The ETag of a new copy; None where something stands there, or the object is another one by now."""
        said = {
            "uploaded-by": sent.client,
            "project-id": self._session.project.name,
            "mtime": "" if sent.modified_ns is None else format_ns(sent.modified_ns),
            "md5": sent.md5 or "",
            MARK: mark,
        }
        headers = Headers(
            {name: value for name, value in said.items() if value},
            content_type=shown_type(sent.name),
            storage_class=class_of_new(sent.size, self._session.settings.storage_class),
        )
        try:
            return self._session.store.copy(sent.key, key, source_etag=sent.etag, mode=Create(), headers=headers)
        except PreconditionFailed:
            return None

    def _record(self, sent: Sent, name: str, etag: str) -> FileRecord:
        at = format_time(sent.at)
        modified = at if sent.modified_ns is None else format_ns(sent.modified_ns)
        return FileRecord(name, sent.size, sent.client, at, md5=sent.md5, etag=etag, modified_at=modified)

    def _gone(self, key: str, etag: str | None) -> bool:
        """Delete one version of an object; False where another stands there by now, or none."""
        try:
            self._session.store.delete(key, if_match=etag)
        except (PreconditionFailed, NotFound):
            return False
        return True

    def _write(self, change: InboxChange, arrived: dict[str, FileRecord] | None = None) -> None:
        edits = self._session.edits()
        edits.counts_as_sync, edits.inboxes, edits.arrived = False, change, arrived or {}
        self._stored = write_edits(self._session.store, self._prefix, self._stored, edits)
