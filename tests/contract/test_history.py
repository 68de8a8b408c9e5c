"""The history on every store: four write and move at once, and each event is told once; hostile months are survived."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from threading import Barrier

import pytest

from s3sync.core import history
from s3sync.core.history import SENT, Draft, Event, going, newest_first, read_event
from s3sync.core.manifest.edits import Edits
from s3sync.core.records import records
from s3sync.errors import StoreError
from s3sync.shared import history as months
from s3sync.shared.history import append, list_months, month_name, moving, read_month
from s3sync.shared.manifest import read_manifest, write_edits
from s3sync.store import Store
from s3sync.store.port import Headers, Overwrite

PREFIX = "repo/project/"
PLACE = records(PREFIX, "events")


def put(store: Store, key: str, body: bytes) -> None:
    store.put(key, body, mode=Overwrite(), headers=Headers(), md5=md5(body, usedforsecurity=False).digest())


def event(id: str, at: str = "2025-11-03T10:00:00Z") -> Event:
    draft = Draft("up", id)
    draft.add(SENT, f"{id}.mp4", 10)
    found = draft.event(id, "jan", at, "mac")
    assert found is not None
    return found


def everything(store: Store) -> list[Event]:
    """All events as they lie in the store, those that lie there twice twice."""
    found = [event for info in list_months(store, PREFIX).objects for event in read_month(store, info).events]
    for one in read_manifest(store, PREFIX).manifest.events:
        recent = read_event(one)
        assert recent is not None
        found.append(recent)
    return found


def test_four_write_and_move_at_once_and_no_event_is_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    if not store.capabilities.conditional_writes:
        pytest.skip("two writers are not protected there")
    monkeypatch.setattr(history, "RECENT", 2)
    monkeypatch.setattr(history, "MOVE_AT", 4)
    start, rounds = Barrier(4), 8

    def write(who: int) -> None:
        start.wait()
        for number in range(rounds):
            known = read_manifest(store, PREFIX)
            with moving(store, PREFIX, going(known.manifest.events)) as moved:
                edits = Edits(f"w{who}", "2025-11-03T10:00:00Z", "mac", events=[event(f"e{who}-{number}")])
                if number % 2:
                    append(store, PREFIX, going(known.manifest.events))
                edits.moved = moved.done()
                write_edits(store, PREFIX, known, edits)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    told = sorted(one.id for one in newest_first(everything(store)))
    assert told == sorted(f"e{who}-{number}" for who in range(4) for number in range(rounds))


def test_each_goes_to_its_own_month_and_is_there_once(store: Store) -> None:
    old = [history.raw(event("a", "2024-02-01T00:00:00Z")), history.raw(event("b")), history.raw(event("c", "never"))]
    assert append(store, PREFIX, old) == {"a", "b", "c"}
    append(store, PREFIX, [*old[1:], history.raw(event("d"))])
    found = list_months(store, PREFIX).objects
    assert [month_name(info) for info in found] == ["2025-11", "2024-02", "0000-00"]
    assert [[one.id for one in read_month(store, info).events] for info in found] == [["b", "d"], ["a"], ["c"]]


def test_garbage_is_passed_over_and_kept(store: Store) -> None:
    key = f"{PLACE}2025-11.jsonl"
    put(store, key, b"<html>\n\xff\xfe\n{}\n" + b"[" * 5000)
    put(store, f"{PLACE}2025-11.jsonl.bak", b"none of ours")
    append(store, PREFIX, [history.raw(event("a"))])
    (info,) = list_months(store, PREFIX).objects
    month = read_month(store, info)
    assert [one.id for one in month.events] == ["a"]
    assert month.warnings == ("4 lines in the history of 2025-11.jsonl are no events of this version",)
    with store.get(key) as reader:
        assert b"".join(map(bytes, reader)).startswith(b"<html>\n\xff\xfe\n{}\n[[[")


@pytest.mark.parametrize("body", [b"x" * 1001, b"x\n" * 101, b"\n" * 101])
def test_what_is_larger_than_a_month_is_not_read_and_the_next_events_go_beside_it(
    store: Store, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "MONTH_BYTES", 1000)
    monkeypatch.setattr(months, "MONTH_LINES", 100)
    put(store, f"{PLACE}2025-11.jsonl", body)
    append(store, PREFIX, [history.raw(event("a"))])
    found = list_months(store, PREFIX).objects
    assert [info.key.removeprefix(PLACE) for info in found] == ["2025-11.jsonl", "2025-11-2.jsonl"]
    told = [read_month(store, info) for info in found]
    assert [one.id for month in told for one in month.events] == ["a"]
    assert "larger than 1000 bytes or 100 lines, and is not read" in told[0].warnings[0]


def test_a_move_that_fails_takes_nothing_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the line broke")

    monkeypatch.setattr(months, "append", fail)
    with moving(store, PREFIX, [history.raw(event("a"))]) as moved:
        pass
    assert moved.done() == frozenset()


def test_what_somebody_appends_meanwhile_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    if not store.capabilities.conditional_writes:
        pytest.skip("two writers are not protected there")
    key, others, real = f"{PLACE}2025-11.jsonl", iter(["b"]), months._with
    append(store, PREFIX, [history.raw(event("a"))])

    def slow(there: bytes, events: Sequence[history.Raw]) -> bytes:
        """Let somebody else be faster, once."""
        for other in others:
            put(store, key, real(there, [history.raw(event(other))]))
        return real(there, events)

    monkeypatch.setattr(months, "_with", slow)
    append(store, PREFIX, [history.raw(event("c"))])
    assert [one.id for one in everything(store)] == ["a", "b", "c"]
