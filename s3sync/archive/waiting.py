"""Restores that wait for a thaw: remembered in the catalogue, told by `--status`, resumed by `--resume`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, ValidationError, json
from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.indexes import row_of
from s3sync.archive.thaw import ThawLook, has_expired, objects_of
from s3sync.core.archive.costs import COLD
from s3sync.core.archive.records import EXPIRED, FOREIGN, Archived, ThawNote
from s3sync.core.archive.values import Index, Kind, Pack
from s3sync.core.times import format_time, parse_time
from s3sync.decoding import ready
from s3sync.store.aspects import Thaw, Thaws, ThawState, aspect


class Request(Struct, frozen=True):
    """Options of a restore that goes on when the thaw is done. `to` is an absolute path, or the name of a place."""

    to: str | None = None
    members: tuple[str, ...] = ()
    light: bool = False
    obeyed: bool = False
    notify: bool = False
    """A notice is sent when it can go on, and when the thaw is over."""
    told: str = ""
    """State of the thaw that was told last by `poll`; empty while it is under way."""


class ThawLine(Struct, frozen=True):
    """State of one object in cold storage. `until`: when its thawed copy ends, or has ended, as the store said."""

    unit: str
    key: str
    state: str
    storage_class: str
    until: str | None


def remember(catalogue: Catalogue, key: str, request: Request, at: str) -> None:
    """Keep a restore that waits; of several of one archive the last."""
    catalogue.execute("INSERT OR REPLACE INTO request VALUES (?, ?, ?)", key, at, json.encode(request).decode())


def note_told(catalogue: Catalogue, key: str, request: Request, told: str) -> None:
    """Note the state that was told of a restore that waits; one that is done meanwhile stays forgotten."""
    options = json.encode(replace(request, told=told)).decode()
    catalogue.execute("UPDATE request SET options = ? WHERE key = ?", options, key)


def forget(catalogue: Catalogue, key: str) -> None:
    """Drop a restore that is done."""
    catalogue.execute("DELETE FROM request WHERE key = ?", key)


def requests_in(catalogue: Catalogue) -> dict[str, Request]:
    """Restores that wait, by the key of their archive. One that cannot be read counts as one without options."""
    found = {}
    for key, options in catalogue.execute("SELECT key, options FROM request ORDER BY asked_at, key"):
        try:
            found[str(key)] = json.decode(options, type=ready(Request))
        except ValidationError:
            found[str(key)] = Request()
    return found


def note_thaws(catalogue: Catalogue, key: str, thaws: Iterable[Thaw], tier: str, days: int, at: str) -> None:
    """Note how the thaw of an archive stands: as the slowest of its objects, until the first of them ends."""
    thaws = list(thaws)
    state = next((one for one in _SLOWEST if any(thaw.state is one for thaw in thaws)), None)
    if state is None:
        return
    until = min((thaw.until for thaw in thaws if thaw.until is not None), default=None)
    catalogue.note_thaw(key, ThawNote(tier, days, at, str(state), format_time(until) if until else None))


def note_back(catalogue: Catalogue, key: str, thaws: Iterable[Thaw], at: str) -> None:
    """Note the class of a cold archive that came back for good, as on Azure: all its objects are in a warm one."""
    thaws = list(thaws)
    classes, known = {one.storage_class for one in thaws}, catalogue.archive(key)
    if known is None or known.storage_class not in COLD or len(classes) != 1:
        return
    if all(one.state is ThawState.WARM for one in thaws):
        catalogue.note_class(key, classes.pop(), at)


def note_done(catalogue: Catalogue, index: Index, look: ThawLook, objects: list[tuple[str, int]]) -> None:
    """Note that a thaw is done which was noted as under way, where all objects of an archive were looked at."""
    known = catalogue.archive(index.key)
    note = known.thaw if known is not None else None
    whole = {key for key, _ in objects_of(index, index.members)}
    if note is not None and note.state == ThawState.THAWING and whole == {key for key, _ in objects}:
        states = [one.thaw for one in look.states(objects)]
        note_thaws(catalogue, index.key, states, note.tier, note.days, note.requested_at)


_SLOWEST = (ThawState.COLD, ThawState.THAWING, ThawState.THAWED)


def thaw_lines(carrier: Carrier, catalogue: Catalogue, archived: Archived) -> list[ThawLine]:
    """State of an archive's thaw, of each object, as the store has it now."""
    if aspect(carrier.store, Thaws) is None:
        return [ThawLine(archived.unit, archived.key, str(ThawState.WARM), archived.storage_class, None)]
    found = ThawLook(carrier).states(archive_objects(carrier, catalogue, archived))
    now, note = carrier.clock(), archived.thaw
    note_back(catalogue, archived.key, (one.thaw for one in found), format_time(now))
    if note is not None:
        note_thaws(catalogue, archived.key, (one.thaw for one in found), note.tier, note.days, note.requested_at)
    return [_line(archived, one.key, one.thaw, note, now) for one in found]


def archive_objects(carrier: Carrier, catalogue: Catalogue, archived: Archived) -> list[tuple[str, int]]:
    """Keys and sizes of the objects that an archive consists of."""
    objects = [(key, size) for key, size, _ in catalogue.parts(archived.key)] or [(archived.key, archived.size)]
    if archived.status in FOREIGN and archived.pack is Pack.NONE:
        members = (one for one in catalogue.members(archived.key) if one.kind is Kind.FILE and one.key is not None)
        objects = [(str(one.key), one.size) for one in members]
    elif archived.pack is Pack.NONE:
        index = row_of(carrier.store, archived, only_reads=True)
        objects = objects_of(index, index.members) if index is not None else []
    return objects


def _line(archived: Archived, key: str, thaw: Thaw, note: ThawNote | None, now: datetime) -> ThawLine:
    until = thaw.until
    state = EXPIRED if has_expired(thaw, now) else str(thaw.state)
    if thaw.state is ThawState.COLD and note is not None and note.until is not None:
        before = parse_time(note.until)
        if before is not None and before <= now:
            state, until = EXPIRED, before
    return ThawLine(archived.unit, key, state, thaw.storage_class, format_time(until) if until else None)
