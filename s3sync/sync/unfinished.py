"""Interrupted transfers: ours, which resume by themselves, and foreign uploads, which cost money unseen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from s3sync.aside import Aside
from s3sync.core.times import format_time
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.errors import NotFound, UsageError, declined
from s3sync.shared.scan import LOOKUPS_AT_ONCE
from s3sync.state.memory import StateDB
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store.port import Upload
from s3sync.sync.report import TransfersReport, TransferStatus
from s3sync.sync.session import Session


def known_transfers(state: StateDB) -> list[TransferStatus]:
    """List the transfers that this computer remembers, without asking the store."""
    return [_ours(transfer) for transfer in UnfinishedTransfers(state).all()]


def list_transfers(session: Session) -> TransfersReport:
    """Ours and, from the store, all others below the project's prefix. Raises `StoreError`."""
    with session.memory(read_only=True) as state:
        return TransfersReport(session.place, _all(session, state))


def abort_transfers(
    session: Session,
    names: list[str],
    *,
    everything: bool,
    confirm: Callable[[list[TransferStatus]], bool],
    dry_run: bool = False,
) -> TransfersReport:
    """End the transfers of these files (or all), and free what they hold in the store and on this disk.

    Raises `UsageError` for a name without transfer, `Halt` when `confirm` says no.
    """
    if dry_run:
        with session.memory(read_only=True) as state:
            found = _all(session, state)
        chosen = _choose(found, names, everything)
        return TransfersReport(session.place, [t for t in found if t not in chosen], chosen, dry_run=True)
    with session.lock(), session.memory() as state:
        found = _all(session, state)
        chosen = _choose(found, names, everything)
        if chosen and not confirm(chosen):
            raise declined("nothing was aborted")
        for transfer in chosen:
            _abort(session, state, transfer)
    return TransfersReport(session.place, [t for t in found if t not in chosen], chosen)


def _choose(found: list[TransferStatus], names: list[str], everything: bool) -> list[TransferStatus]:
    known = {transfer.name for transfer in found}
    for name in names:
        if name not in known:
            raise UsageError(
                f"no unfinished transfer of {name!r}",
                why="neither this computer nor the store knows one",
                hint="`s3sync transfers` lists them",
            )
    return [transfer for transfer in found if everything or transfer.name in names]


def _all(session: Session, state: StateDB) -> list[TransferStatus]:
    ours = known_transfers(state)
    ids = {transfer.upload_id for transfer in ours}
    prefix = session.project.prefix
    foreign = [upload for upload in session.store.list_uploads(prefix) if upload.upload_id not in ids]
    with Aside(LOOKUPS_AT_ONCE, "s3sync-uploads") as threads:
        found = list(threads.map(partial(_foreign, session), foreign))
    return ours + [transfer for transfer in found if transfer is not None]


def _ours(transfer: Unfinished) -> TransferStatus:
    upload_id = transfer.token if transfer.way is Direction.UP else None
    return TransferStatus(
        transfer.path, transfer.way, transfer.done_bytes, transfer.size, transfer.started_at, True, upload_id
    )


def _foreign(session: Session, upload: Upload) -> TransferStatus | None:
    """None for one that ended since it was listed."""
    try:
        sent = sum(part.size for part in session.store.list_parts(upload.key, upload.upload_id))
    except NotFound:
        return None
    name = upload.key.removeprefix(session.project.prefix)
    return TransferStatus(name, Direction.UP, sent, None, format_time(upload.started), False, upload.upload_id)


def _abort(session: Session, state: StateDB, transfer: TransferStatus) -> None:
    ledger = UnfinishedTransfers(state)
    known = ledger.find(transfer.name, transfer.way) if transfer.ours else None
    if transfer.upload_id is not None:
        key = known.key if known else session.project.prefix + transfer.name
        if known is None or known.is_below(session.project.prefix):
            session.store.abort_upload(key, transfer.upload_id)
    elif known is not None:
        from s3sync.sync.recover import drop_partial

        drop_partial(session, known)
    if known is not None:
        ledger.end(transfer.name, transfer.way)
