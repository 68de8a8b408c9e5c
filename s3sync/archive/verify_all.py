"""Verification of many archives: of all at once by one listing, or of some one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from threading import Lock

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.extras import sidecars_of
from s3sync.archive.catalogue.listed import objects, places_of
from s3sync.archive.catalogue.turns import COLD, LOOK, READ, RIGHT, WRONG, note_turn
from s3sync.archive.foreign import foreign_index
from s3sync.archive.indexes import Rows, index_of, usable_rows
from s3sync.archive.journal import Looks
from s3sync.archive.looks import Watched, looks_of
from s3sync.archive.verify import Proof, verify_archive
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.records import FOREIGN, Archived, LogEntry
from s3sync.core.archive.turns import Turn
from s3sync.core.archive.values import Index, Kind, Pack, index_key
from s3sync.core.batches import batched
from s3sync.core.times import format_time
from s3sync.core.typed import typed
from s3sync.errors import ENDS_THE_RUN, ArchiveError, BucketMissing, S3syncError, StoreError, Unreachable
from s3sync.errors import Archived as Cold
from s3sync.transfer.progress import Work


class Verified(Struct, frozen=True):
    """Result of one archive: the proof, or what is wrong. `cold`: it has to be thawed before it can be read."""

    unit: str
    key: str
    size: int
    proof: Proof | None = None
    error: str | None = None
    hint: str | None = None
    cold: bool = False


class VerifyReport(Struct):
    """Result of a verification. Of one by turns: how each set stands, and units that were wrong before and are not
    among these."""

    archives: list[Verified] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    still_wrong: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[Verified]:
        return [one for one in self.archives if one.proof is None]

    @property
    def exit_code(self) -> int:
        return 3 if self.failed else 0


Told = Callable[[Verified], None]

_OTHER = "it has another ETag than its index says"
NOTED_AT_ONCE = 1000
"""Results that are written together: one by one, each waits for the disk."""


def verify_listed(carrier: Carrier, catalogue: Catalogue, archives: list[Archived], told: Told) -> None:
    """Compare archives of the catalogue with one listing of the store: size, ETag, and that each has its index.

    One with another ETag is looked at by itself: a copy of it has the same checksum.
    """
    ours = {one.set for one in archives if one.pack is Pack.NONE and one.status not in FOREIGN}
    rows = {name: usable_rows(carrier.store, name) for name in ours}
    wanted: dict[str, tuple[int, str | None]] = {}
    parts: dict[str, list[str]] = {}
    for one in archives:
        if one.pack is Pack.NONE:
            expected = _expected_files(catalogue, one, rows)
        else:
            volumes = catalogue.parts(one.key) or [(one.key, one.size, one.etag)]
            expected = {key: (size, etag) for key, size, etag in volumes}
            if one.status not in FOREIGN:
                expected[index_key(one.key)] = (-1, None)
        wanted |= expected
        parts[one.key] = list(expected)
    try:
        wrong = _wrong_in(carrier, wanted, places_of(catalogue))
    except StoreError as error:
        if not scheme_of(carrier.store.url).is_folder or isinstance(error, BucketMissing | Unreachable):
            raise
        # A folder with a link or the like in it is not listed: it is no reason to look at none of the others.
        verify_each(carrier, catalogue, archives, deep=False, told=told)
        return
    found: list[tuple[Verified, Archived]] = []
    for one in archives:
        why = next((f"{carrier.store.url}/{key}: {wrong[key]}" for key in parts[one.key] if key in wrong), None)
        if why is None and not one.is_complete:
            why = f"{one.unit} is not complete: {one.volume} of {one.volumes} volumes are sent"
        if why is None and one.pack is Pack.NONE and one.status not in FOREIGN:
            why = _without_row(carrier, one, rows[one.set])
        if why is not None and any(wrong.get(key) == _OTHER for key in parts[one.key]):
            found.append((_verified(carrier, catalogue, one, False, lambda index, looks: None), one))
        else:
            found.append((Verified(one.unit, one.key, one.size, None if why else Proof.LISTED, why), one))
    for block in batched(found, NOTED_AT_ONCE):
        with catalogue.transaction():
            for verified, one in block:
                tell(carrier, catalogue, verified, one, LOOK, told)


def _without_row(carrier: Carrier, one: Archived, rows: Rows) -> str | None:
    """Reason why an archive has no index; None for one that has one. A line that cannot be used may be its."""
    if one.key in rows.indexes:
        return None
    return str(rows.unusable[0]) if rows.unusable else f"{carrier.store.url}/{one.key} has no index any more"


def _expected_files(catalogue: Catalogue, one: Archived, rows: Mapping[str, Rows]) -> dict[str, tuple[int, str | None]]:
    """Objects of a unit without container, each with its size and ETag. The catalogue knows no ETags of members."""
    row = rows[one.set].indexes.get(one.key) if one.set in rows else None
    members = catalogue.members(one.key) if row is None else row.members
    files = [member for member in members if member.kind is Kind.FILE and member.key is not None]
    alone = one.etag if len(files) == 1 else None
    return {str(file.key): (file.size, file.etag or alone) for file in files}


def _wrong_in(carrier: Carrier, wanted: Mapping[str, tuple[int, str | None]], places: Sequence[str]) -> dict[str, str]:
    """What is wrong with objects by the listing. Before any is called gone, all is listed again, page by page."""
    gone = "it is gone"
    wrong = dict.fromkeys(wanted, gone)
    for info in objects(carrier.store, places):
        carrier.pool.check()
        if info.key not in wanted:
            continue
        size, etag = wanted[info.key]
        if size >= 0 and info.size != size:
            wrong[info.key] = f"it has {info.size} bytes instead of {size}"
        elif etag is not None and info.etag != etag:
            wrong[info.key] = _OTHER
        else:
            wrong.pop(info.key, None)
    return _wrong_in(carrier, wanted, ()) if places and gone in wrong.values() else wrong


def verify_each(
    carrier: Carrier,
    catalogue: Catalogue,
    archives: list[Archived],
    *,
    deep: bool,
    told: Told,
    note_read: Callable[[Index, Looks], None] = lambda index, looks: None,
) -> None:
    """Verify archives one by one, by their indexes in the store; `deep` reads every byte.

    `note_read` hears of each that was read, with how its objects looked before.
    """
    for one in archives:
        found = _verified(carrier, catalogue, one, deep, note_read)
        tell(carrier, catalogue, found, one, READ if deep else LOOK, told)


def reading(carrier: Carrier, note_read: Callable[[Index, Looks], None]) -> Callable[[Archived], Verified]:
    """A function that reads an archive of ours, for threads. All of them keep the bounds of the carrier's pool.

    It raises what ends a run. Any other error is in its result.
    """
    one_at_a_time = Lock()

    def note(index: Index, looks: Looks) -> None:
        with one_at_a_time:
            note_read(index, looks)

    def read(one: Archived) -> Verified:
        with carrier.pool.beside() as pool:
            pool.check()
            own = replace(carrier, pool=pool)
            return _looked_at(own, one, lambda: index_of(own.store, one, only_reads=True), True, note)

    return read


def _verified(
    carrier: Carrier, catalogue: Catalogue, one: Archived, deep: bool, note_read: Callable[[Index, Looks], None]
) -> Verified:
    def found() -> Index | None:
        if one.status in FOREIGN:
            return foreign_index(one, catalogue.members(one.key), sidecars_of(catalogue, one.key))
        return index_of(carrier.store, one, only_reads=True)

    return _looked_at(carrier, one, found, deep, note_read)


def _looked_at(
    carrier: Carrier,
    one: Archived,
    found: Callable[[], Index | None],
    deep: bool,
    note_read: Callable[[Index, Looks], None],
) -> Verified:
    try:
        index = found()
        if index is None:
            raise ArchiveError(f"{carrier.store.url}/{one.key} has no index any more")
        looks = looks_of(carrier, index) if deep else {}
        watched = Watched(carrier.store, looks)
        with _shown(carrier, index) if deep else nullcontext():
            proof = verify_archive(replace(carrier, store=watched), index, deep=deep, copies=True)
        if watched.is_same and proof is Proof.READ:
            note_read(index, looks)
        return Verified(one.unit, one.key, one.size, proof)
    except ENDS_THE_RUN:
        raise
    except Cold as error:
        hint = f"`s3sync restore {typed(one.unit)}` thaws it; without --deep it is verified as it is"
        return Verified(one.unit, one.key, one.size, None, str(error), hint, cold=True)
    except S3syncError as error:
        return Verified(one.unit, one.key, one.size, None, str(error), error.hint)


@contextmanager
def _shown(carrier: Carrier, index: Index) -> Iterator[None]:
    """The progress of an archive that is read."""
    carrier.progress.begin(Work.DOWNLOAD, index.unit, index.original_size)
    try:
        yield
    finally:
        carrier.progress.finish(Work.DOWNLOAD, index.unit)


def tell(carrier: Carrier, catalogue: Catalogue, found: Verified, one: Archived, kind: str, told: Told) -> None:
    """Note the result of a look at an archive, of the `kind` of its turn, and tell it."""
    at = format_time(carrier.clock())
    with catalogue.transaction():
        if found.proof is not None:
            catalogue.note_verified(one.key, at, str(found.proof))
        else:
            why = found.error or ""
            entry = LogEntry(at, carrier.user, "verify", one.set, one.unit, one.key, one.size, "failed", why)
            catalogue.note(entry)
        note_turn(catalogue, one.key, kind, at, RIGHT if found.proof is not None else COLD if found.cold else WRONG)
    told(found)
