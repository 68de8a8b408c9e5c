"""Events of a project's history as values: what one run did, as metadata.json and the objects of past months tell it.

An event is written by whoever did it and read by everybody: what is read is hostile, and only ever shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import replace

from s3sync.core.names import nfc
from s3sync.core.times import parse_time
from s3sync.decoding import ready

SCHEMA = 1
MOST_SIZE = 2**62
RECENT = 50
"""Events that stay in metadata.json when older ones have moved to the months."""
MOVE_AT = 75
"""Events in metadata.json from which the oldest are moved: a move takes two requests, so not each run makes one."""
MOST = 500
"""Events that metadata.json holds at all: where nobody may write the months, the oldest go."""
MOST_NAMES, NAMES_BYTES = 20, 1_500
"""Files that an event names: what was done to more is counted."""
MOST_BYTES = 4_000
"""Size of an event as JSON: what is larger is none."""

NEAR = timedelta(seconds=10)
"""Time between what a run says of a file and of itself."""

MOST_WORDS = 32
"""Kinds of what was done that an event counts."""
KEPT_BYTES = 16_000
"""Size up to which an event of a newer version is kept in metadata.json as it is."""

SENT, FETCHED, DELETED, CLEANED = "sent", "fetched", "deleted", "cleaned"
DELETED_HERE, FREED, MOVED, KEPT_BOTH, FOUND = "deleted_here", "freed", "moved", "kept_both", "found"
RESOLVED, LOCKED, UNLOCKED, RESTORED, ARCHIVED = "resolved", "locked", "unlocked", "restored", "archived"
BROUGHT_BACK, REOPENED = "brought_back", "reopened"
RECEIVED = "received"
"""A file that a client sent, and somebody took in: the event is the client's."""

_SUMS = ("sent_bytes", "received_bytes", "writes", "reads")

NO_MONTH = "0000-00"
"""Month of events whose time is none."""

Raw: TypeAlias = dict[str, Any]
"""An event as it stands in metadata.json: what a newer version added stays in it."""

_Word: TypeAlias = Annotated[str, Meta(max_length=64)]
_Name: TypeAlias = Annotated[str, Meta(max_length=1024)]
_User: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
_Count: TypeAlias = Annotated[int, Meta(ge=0, le=MOST_SIZE)]


class EventFile(Struct, frozen=True, omit_defaults=True):
    """One file of an event. `was_by` sent the version that this one replaced."""

    name: _Name
    did: _Word
    size_bytes: _Count = 0
    was_by: _User | None = None


class Event(Struct, frozen=True, omit_defaults=True):
    """Record of what a run did, or of a piece of it: the events of one `run` are shown as one.

    `revision` is that of metadata.json when it was told, which is later than `at` where it had to wait for a write.
    `counts` are all files by what was done, `files` those that are named, `more` how many are not. `sent_bytes` and
    `received_bytes` went over the wire; `writes` and `reads` are requests, of the dearer kind (PUT, COPY, POST, LIST)
    and others. Of a store that bills none, and in events of versions that did not count them, these are 0.
    """

    schema: Annotated[int, Meta(ge=1)]
    id: Annotated[str, Meta(min_length=1, max_length=64)]
    at: _Word
    by: _User
    verb: _Word
    run: Annotated[str, Meta(max_length=64)] = ""
    revision: _Count = 0
    host: Annotated[str, Meta(max_length=256)] | None = None
    files: Annotated[tuple[EventFile, ...], Meta(max_length=100)] = ()
    counts: Annotated[dict[_Word, _Count], Meta(max_length=MOST_WORDS)] = {}
    size_bytes: _Count = 0
    more: _Count = 0
    note: Annotated[str, Meta(max_length=512)] | None = None
    sent_bytes: _Count = 0
    received_bytes: _Count = 0
    writes: _Count = 0
    reads: _Count = 0


class Draft(Struct):
    """An event in the making: collects what a run does, in bounded room."""

    verb: str
    run: str
    files: list[EventFile] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    size_bytes: int = 0
    note: str | None = None
    room: int = NAMES_BYTES
    sent_bytes: int = 0
    received_bytes: int = 0
    writes: int = 0
    reads: int = 0

    @property
    def names_more(self) -> bool:
        """True if the next file would be named, and not only counted."""
        return len(self.files) < MOST_NAMES and self.room > 0

    def add(self, did: str, name: str, size: int = 0, was_by: str | None = None) -> None:
        """Count a file, and name it while there is room. Bytes of a name that are no UTF-8 are escapes."""
        self.counts[did] = self.counts.get(did, 0) + 1
        self.size_bytes = min(self.size_bytes + size, MOST_SIZE)
        size, was_by = min(size, MOST_SIZE), was_by and was_by[:256]
        name = name.encode("utf-8", "backslashreplace").decode()
        long = len(msgspec.json.encode((name, was_by)))
        if self.names_more and long <= self.room:
            self.files.append(EventFile(name, did, size, was_by))
            self.room -= long

    def event(self, id: str, by: str, at: str, host: str) -> Event | None:
        """The event, and None for nothing."""
        if not self.counts:
            return None
        return Event(
            SCHEMA, id, at, by[:256], self.verb, self.run, 0, host[:256], tuple(self.files), dict(self.counts),
            self.size_bytes, sum(self.counts.values()) - len(self.files), self.note,
            min(self.sent_bytes, MOST_SIZE), min(self.received_bytes, MOST_SIZE), self.writes, self.reads,
        )  # fmt: skip


def raw(event: Event) -> Raw:
    found: Raw = msgspec.to_builtins(event)
    return found


def kept(found: object) -> list[Raw]:
    """The events in metadata.json as they stand there: what is none is dropped, and so is what would fill it."""
    if not isinstance(found, list):
        return []
    return [one for one in found[-MOST:] if isinstance(one, dict) and isinstance(one.get("id"), str)]


def added(known: Sequence[Raw], new: Iterable[Event], moved: Collection[str], revision: int) -> list[Raw]:
    """Events of metadata.json with the new ones in it, in their order.

    `moved` are the ids of those that the months have: they go, unless they are among the newest. An event that is there
    already is not told twice: the answer to an earlier write may have been lost.
    """
    cut = max(0, len(known) - RECENT)
    there = [one for number, one in enumerate(known) if number >= cut or one["id"] not in moved]
    ids = {one["id"] for one in there} | set(moved)
    there = [one for one in there if len(msgspec.json.encode(one)) <= KEPT_BYTES]
    there += [raw(replace(event, revision=revision)) for event in new if event.id not in ids]
    return there[-MOST:]


def going(known: Sequence[Raw]) -> list[Raw]:
    """Events that are to move to the months: none, or all but the newest."""
    return [*known[:-RECENT]] if len(known) > MOVE_AT else []


def month_of(at: object) -> str:
    """The month that an event belongs to, by its own time: `2025-11`; those without a time have one of their own."""
    when = parse_time(at) if isinstance(at, str) else None
    return NO_MONTH if when is None else f"{when:%Y}".rjust(4, "0") + f"-{when:%m}"


def read_event(found: object) -> Event | None:
    """An event as anybody wrote it; None for what is none, or larger than any."""
    try:
        if isinstance(found, (bytes, memoryview)):
            return msgspec.json.decode(found, type=ready(Event)) if len(found) <= MOST_BYTES else None
        return msgspec.convert(found, ready(Event)) if len(msgspec.json.encode(found)) <= MOST_BYTES else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError, OverflowError):
        return None


class Known:
    """Knowledge of what metadata.json says of files: what was done to each last, by whom and when.

    It tells an event that means one of them without naming it, as both are written by one run. Of two runs of one
    person within `NEAR` that name it not, either may be meant.
    """

    def __init__(self, done: Iterable[tuple[str, str, str]]) -> None:
        self._times: dict[tuple[str, str], list[datetime]] = {}
        for did, by, at in dict.fromkeys(done):
            when = parse_time(at)
            if when is not None:
                self._times.setdefault((did, by), []).append(when)
        for times in self._times.values():
            times.sort()

    def __call__(self, event: Event) -> bool:
        """True if the event has one of them among the files that it does not name."""
        at = parse_time(event.at) if event.more and self._times else None
        return at is not None and any(self._has(at, self._times.get((did, event.by), ())) for did in event.counts)

    def told_by(self, did: str, event: Event) -> None:
        """Forget what an event tells by name: no other one means that."""
        at, key = parse_time(event.at), (did, event.by)
        if at is not None and key in self._times:
            self._times[key] = [when for when in self._times[key] if abs(when - at) > NEAR]

    @staticmethod
    def _has(at: datetime, times: Sequence[datetime]) -> bool:
        place = bisect_left(times, at)
        return any(abs(when - at) <= NEAR for when in times[max(0, place - 1) : place + 1])


class Wanted(Struct, frozen=True):
    """Choice of events. `paths` are what a name may mean, as a file or as a folder."""

    paths: frozenset[str] = frozenset()
    by: str | None = None
    not_by: str | None = None
    since: str = ""
    """The earliest time, as events have it: `2025-11-03T10:00:00Z`."""
    after: int = -1
    """The last revision that is not asked for."""

    def __call__(self, event: Event) -> bool:
        if event.revision <= self.after or event.at < self.since or event.by == self.not_by:
            return False
        if self.by is not None and event.by.casefold() != self.by.casefold():
            return False
        return not self.paths or any(self.means(file.name) for file in event.files)

    def means(self, name: str) -> bool:
        """True if a file's name is one of those that are asked for, or in such a folder."""
        name = nfc(name)
        return any(name == path or name.startswith(f"{path}/") for path in self.paths)

    def may_hide(self, event: Event) -> bool:
        """True for an event that does not name all its files, so that what is asked for may be among them."""
        return bool(self.paths) and event.more > 0 and not self(event) and replace(self, paths=frozenset())(event)


def newest_first(events: Iterable[Event]) -> list[Event]:
    """Each run once, by its time. The same event may come from metadata.json and from a month."""
    runs: dict[tuple[str, str, str], Event] = {}
    seen = set[str]()
    for event in sorted(events, key=lambda one: (one.at, one.revision)):
        if event.id in seen:
            continue
        seen.add(event.id)
        key = (event.run or event.id, event.by, event.verb)
        before = runs.get(key)
        runs[key] = event if before is None else _joined(before, event)
    return sorted(runs.values(), key=lambda one: (one.at, one.revision))[::-1]


def _joined(first: Event, second: Event) -> Event:
    """Two pieces of one run. It has no more words than a piece: pieces are as many as others write."""
    files = (*first.files, *second.files)
    named = files[:MOST_NAMES]
    words = [*dict.fromkeys([*first.counts, *second.counts])][:MOST_WORDS]
    counts = {did: first.counts.get(did, 0) + second.counts.get(did, 0) for did in words}
    return replace(
        second,
        files=named,
        counts=counts,
        size_bytes=first.size_bytes + second.size_bytes,
        more=first.more + second.more + len(files) - len(named),
        note=second.note or first.note,
        **{name: getattr(first, name) + getattr(second, name) for name in _SUMS},
    )
