"""Months of the history that others wrote: a run that moves events reads few of them, and none that is full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from s3sync.core.history import Raw
from s3sync.core.records import records
from s3sync.shared import history
from s3sync.shared.history import MONTHS_AT_ONCE, append, list_months, month_name, read_month
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite, Reader
from s3sync.store.wrapped import Wrapped
from tests.kit.effort import lines_of

PREFIX = "r/p/"
PLACE = records(PREFIX, "events")


class Counted(Wrapped):
    """A store that notes which objects were read, and how many pieces of them."""

    def __init__(self, inner: FolderStore) -> None:
        super().__init__(inner)
        self.read: dict[str, int] = {}

    def get(self, key: str, **how: Any) -> Reader:
        self.read.setdefault(key, 0)
        return Pieces(self, key, self.inner.get(key, **how))


class Pieces:
    def __init__(self, store: Counted, key: str, reader: Reader) -> None:
        self._store, self._key, self._reader, self.info = store, key, reader, reader.info

    def __enter__(self) -> Pieces:
        self._reader.__enter__()
        return self

    def __exit__(self, *told: Any) -> None:
        self._reader.__exit__(*told)

    def __iter__(self) -> Iterator[Any]:
        for piece in self._reader:
            self._store.read[self._key] += len(piece)
            yield piece


@pytest.fixture
def store(tmp_path: Path) -> Counted:
    return Counted(FolderStore(tmp_path / "store", create=True))


def event(number: int, month: str = "2025-11") -> Raw:
    return {"schema": 1, "id": f"e{number}", "at": f"{month}-03T10:00:00Z", "by": "jan", "verb": "up"}


def put(store: Counted, name: str, body: bytes) -> None:
    from hashlib import md5

    store.inner.put(PLACE + name, body, mode=Overwrite(), headers=Headers(), md5=md5(body).digest())


def told(store: Counted) -> dict[str, list[str]]:
    months = list_months(store, PREFIX).objects
    return {info.key.rpartition("/")[2]: [one.id for one in read_month(store, info).events] for info in months}


def test_the_times_of_events_lead_to_few_months_at_once(store: Counted) -> None:
    """A peer may give each of 450 events a month of its own, and each month is read before it is written."""
    events = [event(number, f"{1900 + number}-01") for number in range(60)]
    done = append(store, PREFIX, events)
    assert done == {f"e{number}" for number in range(MONTHS_AT_ONCE)} and len(store.read) == MONTHS_AT_ONCE
    left = [one for one in events if one["id"] not in done]
    assert append(store, PREFIX, left) == {f"e{number}" for number in range(MONTHS_AT_ONCE, 2 * MONTHS_AT_ONCE)}
    assert sum(map(len, told(store).values())) == 2 * MONTHS_AT_ONCE


def test_large_months_are_fewer_at_once(store: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BYTES_AT_ONCE", 5000)
    events = [event(number, f"{1990 + number}-01") for number in range(9)]
    for number in range(9):
        put(store, f"{1990 + number}-01.jsonl", json.dumps(event(100 + number)).encode() + b"\n" + b" " * 2000 + b"\n")
    assert append(store, PREFIX, events) == {"e0", "e1", "e2"} and sum(store.read.values()) < 8000


def test_a_full_month_is_not_read_to_find_that_it_is_full(store: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "FULL_BYTES", 4000)
    full = b"".join(json.dumps(event(number)).encode() + b"\n" for number in range(100, 160))
    for name in ("2025-11.jsonl", "2025-11-2.jsonl"):
        put(store, name, full)
    assert append(store, PREFIX, [event(1)]) == {"e1"}
    assert store.read == {PLACE + "2025-11.jsonl": 0, PLACE + "2025-11-2.jsonl": 0, PLACE + "2025-11-3.jsonl": 0}
    found = told(store)
    assert found["2025-11-3.jsonl"] == ["e1"] and len(found["2025-11.jsonl"]) == 60
    assert {month_name(info) for info in list_months(store, PREFIX).objects} == {"2025-11"}


def test_an_event_is_looked_for_among_the_lines_and_not_in_all_bytes(store: Counted) -> None:
    """Each of those to move was looked for in 16 MiB, whose lines may be anything."""
    odd = [{"id": f"odd{number}", "schema": 9, "by": "x" * 50} for number in range(300)]
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in odd)
    put(store, "2025-11.jsonl", lines)
    moved = [{**one, "at": "2025-11-03T10:00:00Z"} for one in odd[:2]]
    body = history._with(lines, [*odd, *moved])
    assert body.count(b"\n") == 302, "what is there as it is comes once"
    assert lines_of(lambda: history._with(lines, odd), history) < 10 * len(odd)
