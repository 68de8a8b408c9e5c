"""History in the store: one object for each month, `<repo>/.s3sync/events/<project>/2025-11.jsonl`, an event a line.

The newest events are in metadata.json. Whoever writes that next moves the oldest here: appended by compare-and-swap
before the write that takes them from there, so that each is in one place at least. Readers drop what is in both.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import md5
from itertools import islice

import msgspec
from msgspec import Struct, field

from s3sync.aside import Answer, Aside
from s3sync.core.history import Event, Raw, month_of, read_event
from s3sync.core.records import records
from s3sync.decoding import ready
from s3sync.errors import ENDS_THE_RUN, LostRace, NotFound, PreconditionFailed, StoreError
from s3sync.store.aspects import ListsOnce
from s3sync.store.port import Create, Headers, ObjectInfo, Store, Update

HEADERS = Headers(content_type="application/x-ndjson")
MONTH_BYTES = 16 * 1024 * 1024
"""Size up to which the object of a month is read: 40,000 events. A fuller month goes on in another object."""
MONTH_LINES = 100_000
"""Lines up to which it is read: of short ones that are no events 16 MiB are eight million."""
MOST_OBJECTS = 2_400
"""Objects of a project's history that are looked at: two hundred years."""
PER_MONTH = 9
TRIES = 20
READ_AT_ONCE = 16
FULL_BYTES = MONTH_BYTES - 1024 * 1024
"""Size from which an object gets no more events: it need not be read for that."""
MONTHS_AT_ONCE, BYTES_AT_ONCE = 24, 2 * MONTH_BYTES
"""Months to which one run moves events, and what it reads for that: their times are others' words, and each month is
read. The rest moves later."""

_NAME = re.compile(r"(\d{4}-\d\d)(?:-([2-9]))?\.jsonl")
_LINES = msgspec.json.Decoder(ready(Event))


class Months(Struct, frozen=True):
    """Objects of the history, the newest month first."""

    objects: tuple[ObjectInfo, ...] = ()
    warnings: tuple[str, ...] = ()


class Month(Struct, frozen=True):
    """Events of one object, and what it holds beside them."""

    events: list[Event] = field(default_factory=list)
    warnings: tuple[str, ...] = ()


def list_months(store: Store, prefix: str) -> Months:
    """Raises `StoreError`. An empty listing is believed, though it may be an error that looks like one."""
    place = records(prefix, "events")
    found: list[ObjectInfo] = []
    for info in store.list_once(place) if isinstance(store, ListsOnce) else store.list(place):
        if _NAME.fullmatch(info.key.removeprefix(place)):
            found.append(info)
        if len(found) > MOST_OBJECTS:
            break
    found.sort(key=lambda info: info.key, reverse=True)
    warnings = (f"more than {MOST_OBJECTS} months: the oldest are not looked at",) if len(found) > MOST_OBJECTS else ()
    return Months(tuple(found[:MOST_OBJECTS]), warnings)


def month_name(info: ObjectInfo) -> str:
    """`2025-11`."""
    return info.key.rpartition("/")[2][:7]


def read_month(store: Store, info: ObjectInfo) -> Month:
    """One that cannot be read is a warning, and hides no other. Raises what ends a run."""
    name = info.key.rpartition("/")[2]
    try:
        body = None if info.size > MONTH_BYTES else _body(store, info.key)[0]
    except ENDS_THE_RUN:
        raise
    except StoreError as error:
        return Month(warnings=(f"the history in {name} cannot be read: {error}",))
    if body is None:
        most = f"{MONTH_BYTES} bytes or {MONTH_LINES} lines"
        return Month(warnings=(f"the history in {name} is larger than {most}, and is not read",))
    events, bad = read_lines(body)
    return Month(events, (f"{bad} lines in the history of {name} are no events of this version",) if bad else ())


def read_lines(body: bytes) -> tuple[list[Event], int]:
    """The events, and the number of lines that are none."""
    try:
        return _LINES.decode_lines(body), 0
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        lines = [line for line in body.splitlines() if line.strip()]
        events = [event for line in lines if (event := read_event(line)) is not None]
        return events, len(lines) - len(events)


def _body(store: Store, key: str, most: int = MONTH_BYTES) -> tuple[bytes | None, str | None]:
    """Content and ETag; no content for more than `most` bytes, no ETag for an object that is not there."""
    text = bytearray()
    try:
        with store.get(key) as reader:
            if reader.info.size > most:
                return None, reader.info.etag
            for chunk in reader:
                text += chunk
                if len(text) > most:
                    return None, reader.info.etag
            return None if text.count(b"\n") > MONTH_LINES else bytes(text), reader.info.etag
    except NotFound:
        return b"", None


def append(store: Store, prefix: str, events: Sequence[Raw]) -> frozenset[str]:
    """Put events into their months, a few of which at once, and return the ids of those that are there then.

    Raises `StoreError`.
    """
    months: dict[str, list[Raw]] = {}
    for event in events:
        months.setdefault(month_of(event.get("at")), []).append(event)
    done, room = set[str](), BYTES_AT_ONCE
    for month, some in islice(months.items(), MONTHS_AT_ONCE):
        room -= _append(store, records(prefix, "events") + month, some)
        done.update(event["id"] for event in some)
        if room <= 0:
            break
    return frozenset(done)


def _append(store: Store, beginning: str, events: Sequence[Raw]) -> int:
    """Returns the number of bytes that were read for it."""
    number, read = 1, 0
    for attempt in range(TRIES + PER_MONTH):
        key = f"{beginning}-{number}.jsonl" if number > 1 else f"{beginning}.jsonl"
        there, etag = _body(store, key, FULL_BYTES)
        read += len(there or b"")
        body = None if there is None else _with(there, events)
        if body is None or len(body) > MONTH_BYTES:
            number += 1
            if number > PER_MONTH:
                break
            continue
        if body == there:
            return read
        try:
            digest = md5(body, usedforsecurity=False).digest()
            store.put(key, body, mode=Create() if etag is None else Update(etag), headers=HEADERS, md5=digest)
        except PreconditionFailed:
            time.sleep(random.uniform(0, min(0.5, 0.01 * 2**attempt)))
            continue
        return read
    raise LostRace("older events of the history could not be moved", why="others wrote to the same month all the time")


def _with(there: bytes, events: Sequence[Raw]) -> bytes:
    """The lines that are there as they are, and those events that are not among them."""
    known = {event.id for event in read_lines(there)[0]}
    lines = [msgspec.json.encode(event) for event in events if event["id"] not in known]
    written = set(there.split(b"\n")) if lines else set()
    new = [line for line in lines if line not in written]
    if not new:
        return there
    return there + (b"" if not there or there.endswith(b"\n") else b"\n") + b"".join(line + b"\n" for line in new)


class Moving:
    """Move of the oldest events, beside a run. No write waits for it: another run does the rest."""

    def __init__(self, answer: Answer[frozenset[str]] | None = None) -> None:
        self._answer = answer

    def done(self) -> frozenset[str]:
        """Ids of the events that the months have; none while it is under way, or where it failed."""
        if self._answer is None or not self._answer.done() or self._answer.exception() is not None:
            return frozenset()
        return self._answer.result()


@contextmanager
def moving(store: Store, prefix: str, oldest: Sequence[Raw]) -> Iterator[Moving]:
    """Move these events beside what is done inside. Where that fails they stay, and a later run moves them."""
    if not oldest:
        yield Moving()
        return
    with Aside(1, "s3sync-history") as thread:
        yield Moving(thread.submit(append, store, prefix, oldest))
