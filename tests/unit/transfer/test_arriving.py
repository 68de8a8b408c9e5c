"""A body goes on where its connection ended, and nothing of it is fetched twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive import reading
from s3sync.archive.carrier import open_carrier
from s3sync.errors import Interrupted, PreconditionFailed, Unreachable
from s3sync.store import Store
from s3sync.store.lanes import least_rate
from s3sync.transfer.fetch import arriving
from s3sync.transfer.pool import Pool
from tests.unit.transfer.conftest import Altered, fetch, put_whole


class Breaking:
    """An answer whose connection ends after half of its bytes; the last of them comes through."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.info = answer.info

    def __iter__(self) -> Iterator[Any]:
        body = b"".join(self._answer)
        yield body[: len(body) // 2]
        if len(body) > 1:
            raise Unreachable("the line dropped")
        yield body[len(body) // 2 :]

    def __enter__(self) -> Breaking:
        self._answer.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._answer.__exit__(*error)


class Line:
    """A store whose answers to GET break off, and what was asked of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[tuple[int, int | None]] = []

    def get(self, key: str, *, start: int = 0, stop: int | None = None, **more: Any) -> Any:
        self.asked.append((start, stop))
        return Breaking(self._store.get(key, start=start, stop=stop, **more))


@pytest.fixture
def patient(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "PATIENCE_S", 10.0)
    monkeypatch.setattr(arriving, "LONGEST_WAIT_S", 0.0)


@pytest.mark.usefixtures("patient")
def test_each_answer_begins_where_the_one_before_broke_off(
    store: Store, pool: Pool, partial: Path, content: bytes
) -> None:
    wanted, line = put_whole(store, content), Line(store)
    got = fetch(Altered(store, get=line.get), wanted, partial, pool)
    assert got.temp.read_bytes() == content and got.digests.md5 == wanted.md5
    assert got.bytes_received == len(content)
    starts = sorted(start for start, _ in line.asked)
    assert len(starts) == len(set(starts)) and starts[0] == 0, "no byte is asked for twice"
    assert len(starts) > len(content).bit_length() // 2


@pytest.mark.usefixtures("patient")
def test_another_version_is_not_gone_on_with(store: Store, pool: Pool, partial: Path, content: bytes) -> None:
    wanted, line, answers = put_whole(store, content), Line(store), itertools.count(1)

    def get(*args: Any, **more: Any) -> Any:
        if next(answers) == 3:
            put_whole(store, content[::-1])
        return line.get(*args, **more)

    with pytest.raises(PreconditionFailed):
        fetch(Altered(store, get=get), wanted, partial, pool)


def test_a_line_that_brings_nothing_is_given_up(store: Store, pool: Pool, partial: Path, content: bytes) -> None:
    wanted, line = put_whole(store, content), Line(store)
    with pytest.raises(Unreachable):
        fetch(Altered(store, get=line.get), wanted, partial, pool)


class Silent:
    """An answer that brings nothing of its body until half a minute is over."""

    def __init__(self, answer: Any, clock: list[float]) -> None:
        self._answer, self._clock = answer, clock
        self.info = answer.info

    def __iter__(self) -> Iterator[Any]:
        self._clock[0] += 31
        raise Unreachable("nothing came")
        yield b""

    def __enter__(self) -> Silent:
        self._answer.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._answer.__exit__(*error)


@pytest.mark.parametrize(("silences", "arrives"), [(1, True), (2, True), (3, False)])
def test_an_outage_and_a_new_address_after_it_are_two_silences_and_both_are_lived_through(
    store: Store, pool: Pool, partial: Path, monkeypatch: pytest.MonkeyPatch, silences: int, arrives: bool
) -> None:
    monkeypatch.setattr(arriving, "PATIENCE_S", 30.0)
    monkeypatch.setattr(arriving, "SILENCES", 2)
    wanted, clock, asked = put_whole(store, b"small"), [0.0], itertools.count(1)
    monkeypatch.setattr("s3sync.transfer.fetch.arriving.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("s3sync.transfer.fetch.arriving._wait", lambda transport, seconds: None)

    def get(*args: Any, **more: Any) -> Any:
        answer = store.get(*args, **more)
        return Silent(answer, clock) if next(asked) <= silences else answer

    if arrives:
        assert fetch(Altered(store, get=get), wanted, partial, pool).temp.read_bytes() == b"small"
    else:
        with pytest.raises(Unreachable):
            fetch(Altered(store, get=get), wanted, partial, pool)


class Crumbs:
    """An answer whose connection ends after a few bytes, and lasted 45 seconds."""

    def __init__(self, answer: Any, clock: list[float], most: int) -> None:
        self._answer, self._clock, self._most = answer, clock, most
        self.info = answer.info

    def __iter__(self) -> Iterator[Any]:
        body = b"".join(self._answer)
        yield body[: self._most]
        self._clock[0] += 45
        if len(body) > self._most:
            raise Unreachable("the line dropped")

    def __enter__(self) -> Crumbs:
        self._answer.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._answer.__exit__(*error)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(("at_once", "arrives"), [(3, False), (1000, False), (1500, True)])
def test_f42_connections_that_break_after_a_few_bytes_each_are_given_up(
    store: Store, pool: Pool, partial: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, arrives: bool
) -> None:
    """Every byte is one that came, and no connection drips: a file took days."""
    wanted, clock, asked = put_whole(store, bytes(40_000)), [0.0], itertools.count(1)
    monkeypatch.setattr(least_rate, "monotonic", lambda: clock[0])

    def get(*args: Any, **more: Any) -> Any:
        assert arrives or next(asked) < 20
        return Crumbs(store.get(*args, **more), clock, at_once)

    if arrives:
        assert fetch(Altered(store, get=get), wanted, partial, pool).temp.read_bytes() == bytes(40_000)
    else:
        with pytest.raises(Unreachable):
            fetch(Altered(store, get=get), wanted, partial, pool)


@pytest.mark.parametrize(("at_once", "arrives"), [(3, False), (1500, True)])
def test_f42_neither_are_those_of_an_archive_asked_for_without_end(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch, at_once: int, arrives: bool
) -> None:
    wanted, clock, asked = put_whole(store, bytes(40_000)), [0.0], itertools.count(1)
    monkeypatch.setattr(least_rate, "monotonic", lambda: clock[0])
    monkeypatch.setattr(reading, "_LONGEST_WAIT_S", 0.0)

    def get(*args: Any, **more: Any) -> Any:
        assert arrives or next(asked) < 20
        return Crumbs(store.get(*args, **more), clock, at_once)

    with open_carrier(Altered(store, get=get), "ana") as carrier:
        body = reading.object_bytes(carrier, wanted.key, 0, 40_000, wanted.etag)
        if arrives:
            assert b"".join(body) == bytes(40_000)
        else:
            with pytest.raises(Unreachable):
                b"".join(body)


@pytest.mark.usefixtures("patient")
def test_a_computer_that_slept_goes_on(
    store: Store, pool: Pool, partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, clock, answers = put_whole(store, bytes(4000)), [0.0], itertools.count(1)
    monkeypatch.setattr(least_rate, "monotonic", lambda: clock[0])

    def get(*args: Any, **more: Any) -> Any:
        clock[0] += 3600 if next(answers) == 2 else 0
        return Crumbs(store.get(*args, **more), clock, 1000)

    assert fetch(Altered(store, get=get), wanted, partial, pool).temp.read_bytes() == bytes(4000)


@pytest.mark.usefixtures("patient")
def test_a_run_that_is_to_end_does_not_wait_for_the_line(
    store: Store, pool: Pool, partial: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "LONGEST_WAIT_S", 1000.0)
    monkeypatch.setattr(arriving, "FIRST_WAIT_S", 1000.0)
    wanted, line = put_whole(store, content), Line(store)
    monkeypatch.setattr("s3sync.transfer.fetch.arriving.time.sleep", lambda seconds: pool.stop())
    with pytest.raises(Interrupted):
        fetch(Altered(store, get=line.get), wanted, partial, pool)
