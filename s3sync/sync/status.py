"""`status`: scan and reconcile, and say it. Nothing is changed but this computer's digest cache."""

from __future__ import annotations

import os
from collections.abc import Callable

from s3sync.core.names import pin_name
from s3sync.core.reconcile import Decision, State
from s3sync.core.team import LockState
from s3sync.errors import LocalError
from s3sync.local.room import state_folder
from s3sync.spill.sequence import SpilledList
from s3sync.state.memory import StateDB
from s3sync.sync.lacking import lacking
from s3sync.sync.locked import warnings_of
from s3sync.sync.places import first_time, names_warning
from s3sync.sync.report import FileStatus, StatusReport, TransferStatus
from s3sync.sync.scan import scan
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.sync.silenced import silence_warning
from s3sync.sync.unfinished import known_transfers
from s3sync.sync.view import View, select, uploader


def status(session: Session, selector: Selector | None = None) -> StatusReport:
    """Raises `StoreError`, `ScanError`, `ManifestError`; `UsageError` for a name that is none."""
    with open_state(session) as state:
        seen = scan(session, state, locks=True)
        if selector:
            seen.limit_to(selector)
        unfinished, told = known_transfers(state), first_time(state, session)
        names, silence = names_warning(session, state), silence_warning(state, seen)
    report = make_report(session, seen, unfinished, selector)
    report.lacking = {} if selector else lacking(seen.there.stored.manifest, session.settings.user)
    flood = list[str]()
    if not selector and seen.there.stored.manifest.inboxes:
        from s3sync.sync.incoming import waiting

        report.incoming = waiting(session, seen.there.stored.manifest, flood)
    unreadable = None if selector else _compare_with_pins(session, seen, report)
    found = filter(None, (names, silence, unreadable, _unprotected(session)))
    report.warnings = list(dict.fromkeys([*found, *told, *warnings_of(seen.locks), *flood]))
    return report


def _unprotected(session: Session) -> str | None:
    if session.store.capabilities.conditional_writes:
        return None
    from s3sync.sync.store_facts import UNPROTECTED

    return UNPROTECTED


def _compare_with_pins(session: Session, seen: View, report: StatusReport) -> str | None:
    """Fill in how the folder differs from the pin file; say why that cannot be read. Without one it is one look."""
    path = session.project.root / pin_name(session.settings.staging)
    if not os.path.lexists(path):
        return None
    from s3sync.sync.pinned import compare_with_pins

    report.pin, unreadable = compare_with_pins(path, seen)
    return unreadable


def make_report(
    session: Session, seen: View, unfinished: list[TransferStatus], wanted: Callable[[str], bool] | None = None
) -> StatusReport:
    manifest = seen.there.stored.manifest
    decisions = select(seen.decisions(), wanted)
    kept = (record for record in manifest.conflicts if not record.resolved and record.kept_as in seen.there.files)
    return StatusReport(
        place=session.place,
        files=SpilledList(FileStatus, (_file(seen, decision) for decision in decisions if not decision.gone)),
        failed=list(seen.problems),
        transfers=[transfer for transfer in unfinished if wanted is None or wanted(transfer.name)],
        kept_conflicts=[record for record in kept if wanted is None or wanted(record.name) or wanted(record.kept_as)],
        locks=[
            lock
            for name, lock in sorted(seen.locks.by_name.items())
            if lock.state is LockState.HELD and (wanted is None or wanted(name))
        ],
        last_sync_at=manifest.last_sync,
        last_sync_by=manifest.last_sync_by,
        cleaned=manifest.cleaned,
        asked_at=session.clock(),
        warnings=[warning] if (warning := names_warning(session)) else [],
        deselected=len(seen.deselected),
        deselected_bytes=seen.deselected_bytes,
    )


def open_state(session: Session) -> StateDB:
    """On a folder that cannot be written, or is not there yet, a memory that lasts for this run."""
    try:
        if session.project.staging.is_dir():
            state_folder(session.project.staging)
            return session.memory(locked=False)
    except LocalError:
        pass
    return session.memory(read_only=True)


def _file(seen: View, decision: Decision) -> FileStatus:
    newer_here = decision.state in (State.LOCAL_NEW, State.LOCAL_MODIFIED)
    entry = (decision.local if newer_here else decision.remote) or decision.local or decision.base
    assert entry is not None
    by, at = uploader(seen, decision.path)
    return FileStatus(decision.path, decision.state, entry.size, entry.md5, by, at, decision.conflict_kind)
