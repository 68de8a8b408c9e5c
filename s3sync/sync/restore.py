"""`trash`: list what lies in the trashes, bring one file back, empty them. Nothing that stands here is overwritten."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from hashlib import md5
from pathlib import Path

from msgspec import Struct, field

from s3sync.core.executable import is_executable
from s3sync.core.history import RESTORED, Draft
from s3sync.core.names import nfc, refuse_reason, short_text
from s3sync.core.near import near
from s3sync.core.times import parse_ns
from s3sync.core.typed import quoted, typed
from s3sync.disk.errors import local_errors
from s3sync.errors import ChecksumMismatch, Halt, TargetChanged, Unsupported, UsageError, declined
from s3sync.local.digests import digest
from s3sync.local.place import drop_second_name, new_partial, place, prune_empty_folders, standing
from s3sync.local.room import state_room
from s3sync.local.scan import LocalFile, look_at
from s3sync.spill.sequence import SpilledList
from s3sync.state.memory import StateDB
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store.own_word import has_to_be_read
from s3sync.store.port import Store
from s3sync.sync.events import note_event
from s3sync.sync.lives_on import Search, living
from s3sync.sync.recover import recover
from s3sync.sync.report import OfProject, ProjectAddress
from s3sync.sync.same_content import is_vouched
from s3sync.sync.scan import scan
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.sync.trash import Contents, Trashed, age_of, drop_all, md5_of, now_of, trash_here, trash_there


class TrashReport(OfProject, Struct):
    """Report of the trashes: their files, newest first; what was restored (to which name); what was deleted for good.

    `last_copies` are those of `emptied` that exist nowhere else.
    """

    place: ProjectAddress
    dry_run: bool = False
    files: SpilledList[Trashed] = field(default_factory=lambda: SpilledList(Trashed))
    restored: Trashed | None = None
    restored_to: str | None = None
    emptied: SpilledList[Trashed] = field(default_factory=lambda: SpilledList(Trashed))
    last_copies: SpilledList[Trashed] = field(default_factory=lambda: SpilledList(Trashed))


def list_trash(
    session: Session, sides: Iterable[str] = ("local", "remote"), wanted: Selector | None = None
) -> TrashReport:
    """Name what lies in the trashes, or some of it. Raises `UsageError` where a name fits nothing there."""
    report = TrashReport(session.place)
    report.files = _found(session, sides)
    if wanted is not None:
        every = report.files
        wanted.resolve(lambda: (found.name for found in every), absent="nothing in the trash has that name")
        report.files = SpilledList(Trashed)
        report.files.extend(found for found in every if wanted(found.name))
    return report


def _found(session: Session, sides: Iterable[str]) -> SpilledList[Trashed]:
    """What is in the trashes, newest first."""
    found = SpilledList(Trashed)
    if "local" in sides:
        found.extend(trash_here(session.project))
    if "remote" in sides:
        found.extend(trash_there(session.store, session.project.prefix))
    found.sort(_newest_first)
    return found


_REVERSED = str.maketrans("0123456789abcdef", "fedcba9876543210")


def _newest_first(found: Trashed) -> str:
    at, order = found.at or "0", f"{max(found.order, 0):020.6f}"
    run = found.where.translate(_REVERSED)  # in it stands the run, by which those of one second are told apart
    return f"{at} {order} ".translate(_REVERSED) + f"{run} {found.name}"


def restore(
    session: Session, name: str, *, to: str | None = None, when: str | None = None, sides: Iterable[str], dry_run: bool
) -> TrashReport:
    """Bring back the newest version of a name that is in a trash, of those from `when` (the beginning of a time).

    Raises `UsageError` when there is none, and `Halt` when a file stands under the name already.
    """
    name, report = nfc(name), TrashReport(session.place, dry_run)
    target = nfc(to) if to is not None else name
    if reason := refuse_reason(target):
        raise UsageError(f"cannot restore to {target}", why=reason, hint="name a path in the staging folder with --to")
    every, search = _found(session, sides), Search()
    if "remote" in sides and all(one.name != name for one in every):
        search = living(session.store, session.project.prefix, name, every)
        every.extend([search.found] if search.found else [])
    found = _choose(every, name, when, search)
    report.restored, report.restored_to = found, target
    if dry_run:
        _refuse_existing(session, name, target)
        return report
    with session.lock(), session.memory() as state:
        recover(session, state)
        if found.side != "local" or not finish_placing(session, Path(found.where), target):
            _refuse_existing(session, name, target)
            _bring(session, state, found, target)
        draft = Draft("trash restore", session.run)
        draft.add(RESTORED, target, found.size)
        note_event(session, state, draft)
    return report


def _choose(found: Iterable[Trashed], name: str, when: str | None, search: Search) -> Trashed:
    of_name = [one for one in found if one.name == name]
    if not of_name:
        meant = near(name, {one.name for one in found})
        did = f"did you mean {meant[0]!r}? " if meant else ""
        hint = f"{did}`s3sync trash list` shows what is there"
        raise UsageError(f"no {name!r} in the trash", why=_why_not(search), hint=hint)
    start = when.strip().replace(" ", "T", 1) if when is not None else ""
    fitting = [one for one in of_name if (one.at or "").startswith(start)]
    if not fitting:
        times = ", ".join(one.at or "?" for one in of_name[:5])
        raise UsageError(f"no {name!r} of {when} in the trash", hint=f"those that are there are of {times}")
    return fitting[0]


def _why_not(search: Search) -> str | None:
    """What was looked for, of a name that is in no trash; None where nothing says that it was ever deleted."""
    gone = search.deleted
    if gone is None:
        return None
    by = f"{short_text(gone.deleted_by)} deleted it on the remote on {short_text(gone.deleted_at)}"
    if gone.md5 is None:
        return f"{by}, and nothing tells what it held"
    if search.passed_over:
        left = f"{search.passed_over:,} more that may hold it were not"
        return f"{by}; {search.looked_at} objects were asked for its content, {left}"
    return f"{by}, and its content is under no other name there, nor in the trash"


def finish_placing(session: Session, source: Path, target: str) -> bool:
    """True if a file of the trash stands under its name already: a killed run gave it that, and not yet took the other.

    Then the other is taken now.
    """
    staging = session.project.staging
    kept_as = source.relative_to(staging).as_posix()
    with local_errors("cannot read", source):
        kept, placed = standing(staging, kept_as), standing(staging, target)
    if kept is None or placed is None or not os.path.samestat(kept, placed):
        return False
    drop_second_name(staging, kept_as, target)
    prune_empty_folders(source.parent, session.project.state_dir / "trash")
    return True


def _refuse_existing(session: Session, name: str, target: str) -> None:
    if standing(session.project.staging, target) is not None or os.path.lexists(session.project.staging / target):
        raise _exists(name, target)


def _exists(name: str, target: str) -> Halt:
    stem, dot, extension = target.rpartition(".")
    free = f"{stem}.restored.{extension}" if dot and stem else f"{target}.restored"
    return Halt(
        "nothing was restored",
        why=f"{target} exists here, and is not overwritten",
        hint=f"to keep both: s3sync trash restore --to {quoted(free)} {typed(name)}",
    )


def _bring(session: Session, state: StateDB, found: Trashed, target: str) -> None:
    staging = session.project.staging
    trash = session.project.state_dir / "trash"
    temp, mtime_ns, runs = (Path(found.where), None, False) if found.side == "local" else _fetch(session, found)
    depth = len(temp.relative_to(staging).parts)
    try:
        _forget_base(state, target, look_at(os.fspath(temp), depth))
        place(temp, staging, target, expected=None, mtime_ns=mtime_ns, trash=trash, executable=runs)
    except TargetChanged:
        raise _exists(found.name, target) from None
    finally:
        if found.side == "remote":
            _drop(session, temp)


def _drop(session: Session, temp: Path) -> None:
    with state_room(session.project.staging, "partial") as folder:
        folder.unlink(temp.name, missing_ok=True)


def _fetch(session: Session, found: Trashed) -> tuple[Path, int | None, bool]:
    """Its bytes, verified as far as its MD5 is known; its time; whether it may be run. It stays in the remote trash."""
    head = session.store.head(found.where)
    if "key-id" in head.metadata:
        raise Unsupported(f"cannot restore {found.name}", why="it is encrypted", hint="upgrade s3sync")
    temp, whole = new_partial(session.project.staging), md5(usedforsecurity=False)
    try:
        with (
            local_errors("cannot write", temp),
            state_room(session.project.staging, "partial") as folder,
            open(folder.create(temp.name), "wb") as file,
        ):
            with session.store.get(found.where, if_match=head.info.etag) as reader:
                for chunk in reader:
                    session.pace.receive(len(chunk))
                    whole.update(chunk)
                    file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        promised = found.md5 or md5_of(head)
        if promised is not None and whole.hexdigest() != promised:
            why = f"its MD5 is {whole.hexdigest()} instead of {promised}"
            raise ChecksumMismatch(f"cannot restore {found.name}", why=why, hint="nothing was changed here")
    except BaseException:
        _drop(session, temp)
        raise
    return temp, parse_ns(head.metadata.get("mtime", "")), is_executable(head.metadata)


def _forget_base(state: StateDB, path: str, file: LocalFile) -> None:
    """Before it is restored: a base that knows these bytes would have the next sync delete them again."""
    known = next((entry for name, entry in state.each_base() if name == path), None)
    if known is not None and known.size == file.size and known.md5 == digest(file).md5:
        state.save(base={path: None})


def empty(
    session: Session,
    *,
    sides: Iterable[str],
    older_than: timedelta | None,
    confirm: Callable[[TrashReport], bool],
    dry_run: bool,
) -> TrashReport:
    """Delete what lies in the trashes for good, after `confirm` saw what that is and what exists nowhere else."""
    report = TrashReport(session.place, dry_run)
    with session.memory(read_only=True) as state:
        seen, ledger = scan(session, state), UnfinishedTransfers(state)
        live = Contents()
        for decision in seen.decisions():
            digests = seen.digests_of(decision.path)
            if digests is not None and decision.local is not None:
                live.add(decision.local.size, digests.md5)
            remote = seen.there.files.get(decision.path)
            if remote and remote.entry.md5 and is_vouched(ledger, decision.path, remote, decision.base):
                live.add_object(remote)
    report.emptied = _found(session, sides)
    if older_than is not None and report.emptied:
        now = {side: now_of(session, side, dry_run=dry_run) for side in sides}
        old = (one for one in report.emptied if _is_old(one, now[one.side], older_than))
        report.emptied = SpilledList(Trashed, old)
    report.last_copies.extend(one for one in report.emptied if not _is_elsewhere(session.store, live, one))
    if dry_run or not report.emptied:
        return report
    if not confirm(report):
        raise declined("nothing was deleted")
    with session.lock():
        drop_all(session, report.emptied)
    return report


def _is_elsewhere(store: Store, live: Contents, found: Trashed) -> bool:
    """True if what lies in a trash is somewhere else, too. For what is here no object counts that nobody has read."""
    return live.has(store, found, held=found.side == "local" and has_to_be_read(store, found.size))


def _is_old(found: Trashed, now: datetime, older_than: timedelta) -> bool:
    age = age_of(found, now)
    return age is not None and age > older_than
