"""Recovery: finish or undo what a killed run left half done. Only while holding the lock."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from s3sync.core.keep_both import Fingerprint, Repair, repair
from s3sync.core.plan import Agreed, InSync, agreed
from s3sync.core.reconcile import State
from s3sync.core.records import part_file_key
from s3sync.core.unfinished import Direction, Unfinished, is_token
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import StoreError, TargetChanged
from s3sync.local.digests import PartDigests
from s3sync.local.place import as_scanned, drop_second_name, rename_aside, standing
from s3sync.local.room import state_room
from s3sync.shared.parts import write_part_file
from s3sync.state.intents import Intents
from s3sync.state.memory import StateDB
from s3sync.state.unfinished import UnfinishedTransfers, partial_names
from s3sync.sync.same_content import is_surely_same
from s3sync.sync.session import Session
from s3sync.sync.view import View


def recover(session: Session, state: StateDB) -> None:
    """Before the scan: bring this disk to where the killed run had not yet begun, or was done."""
    _sweep_partials(session, state)
    _repair_conflicts(session, state)


def stale_partials(folder: GuardedFolder, state: StateDB) -> list[tuple[str, int]]:
    """Names and sizes of what in `partial/` no download resumes from: files, links and the like, but no folders.

    A file with a second name has been placed under that: it is the user's now, and a download that resumed
    from it would write into it.
    """
    tokens = partial_names(state)
    return [
        (name, status.st_size)
        for name, status in folder.entries()
        if not stat.S_ISDIR(status.st_mode)
        and (name not in tokens or status.st_nlink > 1 or not stat.S_ISREG(status.st_mode))
    ]


def _sweep_partials(session: Session, state: StateDB) -> None:
    ledger = UnfinishedTransfers(state)
    with state_room(session.project.staging, "partial") as folder, local_errors("cannot clear", folder.path):
        for name, _ in stale_partials(folder, state):
            folder.unlink(name, missing_ok=True)
        for transfer in ledger.all():
            if transfer.way is Direction.DOWN and not (is_token(transfer.token) and folder.has_file(transfer.token)):
                ledger.end(transfer.path, Direction.DOWN)


def _repair_conflicts(session: Session, state: StateDB) -> None:
    """What the table of `core/keep_both.py` says of each conflict whose run was killed."""
    intents, staging = Intents(state), session.project.staging
    for intent in intents.moves():
        stood_as = intent.stood_as or intent.name
        with local_errors("cannot look at", staging / intent.kept_as):
            copy, original = standing(staging, intent.kept_as), standing(staging, stood_as)
        do = repair(intent, original and fingerprint(original), copy and fingerprint(copy))
        if do is Repair.GO_ON:
            continue
        if do is Repair.DROP_COPY:
            drop_second_name(staging, intent.kept_as, stood_as)
        elif do is Repair.MOVE_BACK and copy is not None:
            try:
                rename_aside(as_scanned(staging, intent.kept_as, copy), staging, stood_as)
            except TargetChanged:
                continue  # somebody is at work there right now: the next run looks again
        elif do is Repair.FORGET_BASE:
            state.save(base={intent.name: None})
            state.forget_elsewhere([intent.name], in_any_case=True)
        intents.forget_move(intent)


def fingerprint(status: os.stat_result) -> Fingerprint:
    return Fingerprint(status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev, status.st_nlink)


def drop_useless_downloads(session: Session, state: StateDB, seen: View) -> None:
    """End downloads that nobody will ask for again: of a version that the remote no longer has, or that is here now."""
    begun = [transfer for transfer in UnfinishedTransfers(state).all() if transfer.way is Direction.DOWN]
    if not begun:
        return
    paths = {transfer.path for transfer in begun}
    differing = (decision for decision in seen.decisions() if decision.state is not State.IN_SYNC)
    wanted = {decision.path: decision.remote for decision in differing if decision.path in paths}
    for transfer in begun:
        there = wanted.get(transfer.path)
        if (there is None or there.etag != transfer.fingerprint) and not seen.is_hidden(transfer.path):
            drop_partial(session, transfer)
            UnfinishedTransfers(state).end(transfer.path, Direction.DOWN)


def drop_partial(session: Session, transfer: Unfinished) -> None:
    """Delete what a download has brought so far. Raises `LocalError`."""
    with state_room(session.project.staging, "partial") as folder, local_errors("cannot clear", folder.path):
        if is_token(transfer.token):
            folder.unlink(transfer.token, missing_ok=True)


def finish_uploads(session: Session, state: StateDB, seen: View, in_sync: Iterable[InSync]) -> list[Agreed]:
    """An upload that is known as unfinished though its file has arrived: the run was killed right after.

    Returns what the base has of those that are known to hold the file's bytes by more than a peer's word.
    """
    ledger, finished = UnfinishedTransfers(state), list[Agreed]()
    known = {transfer.path: transfer for transfer in ledger.all() if transfer.way is Direction.UP}
    for same in in_sync if known else ():
        transfer, remote = known.get(same.path), seen.remote.get(same.path)
        if transfer is None:
            continue
        if remote and remote.etag and remote.md5 and (remote.size, remote.md5) == (transfer.size, transfer.md5):
            there, file = seen.there.files[transfer.path], seen.here.files.get(transfer.path)
            if file is not None and is_surely_same(session.store, ledger, transfer.path, there, file, None):
                parts = PartDigests(transfer.part_size, transfer.part_xxh3)
                ledger.remember_parts(transfer.path, remote.etag, parts)
                key = part_file_key(session.project.prefix, transfer.path)
                write_part_file(session.store, key, remote.etag, remote.size, parts, remote.md5)
                finished.append(Agreed(transfer.path, agreed(remote, None)))
        if transfer.is_below(session.project.prefix):
            with suppress(StoreError):
                session.store.abort_upload(transfer.key, transfer.token)
        ledger.end(transfer.path, Direction.UP)
    return finished
