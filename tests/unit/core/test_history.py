"""Events as values: what metadata.json keeps of them, what moves, what is asked for, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core import history
from s3sync.core.history import (
    FETCHED,
    KEPT_BYTES,
    MOST,
    MOST_BYTES,
    MOST_NAMES,
    MOVE_AT,
    RECENT,
    SENT,
    Draft,
    Event,
    EventFile,
    Raw,
    Wanted,
    added,
    going,
    kept,
    month_of,
    newest_first,
    read_event,
)
from s3sync.core.manifest.edits import Edits, apply
from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import Manifest, render

AT = "2025-11-03T10:00:00Z"


def event(id: str, at: str = AT, by: str = "jan", **more: Any) -> Event:
    return Event(1, id, at, by, "up", **more)


def raws(count: int, start: int = 0) -> list[Raw]:
    return [history.raw(event(f"e{number}", revision=number)) for number in range(start, start + count)]


def edits(*events: Event, moved: frozenset[str] = frozenset()) -> Edits:
    return Edits("jan", AT, "jans-mac", events=list(events), moved=moved)


def read_back(manifest: Manifest) -> Manifest:
    return parse(b"".join(render(manifest)))


def test_an_event_gets_the_revision_of_the_write_that_tells_it() -> None:
    manifest = apply(Manifest("p", "r", revision=41), edits(event("a")), "w")
    (told,) = read_back(manifest).events
    assert (told["id"], told["revision"], manifest.revision) == ("a", 42, 42)


def test_told_again_after_a_lost_answer_it_is_there_once() -> None:
    first = apply(Manifest("p", "r"), edits(event("a")), "w1")
    others = apply(first, edits(event("b", by="david")), "w2")
    again = apply(others, edits(event("a")), "w3")
    assert [one["id"] for one in again.events] == ["a", "b"]
    assert again.events[0]["revision"] == 1


def test_only_what_the_months_have_goes_and_never_the_newest() -> None:
    there = raws(MOVE_AT + 5)
    moved = frozenset(one["id"] for one in there)
    left = added(there, [event("new")], moved, 99)
    assert [one["id"] for one in left] == [*(one["id"] for one in there[-RECENT:]), "new"]
    assert len(added(there, [], frozenset(), 99)) == len(there)
    some = frozenset({"e0", "e2"})
    assert [one["id"] for one in added(there, [], some, 99)][:3] == ["e1", "e3", "e4"]


@pytest.mark.parametrize(("count", "moves"), [(0, 0), (MOVE_AT, 0), (MOVE_AT + 1, MOVE_AT + 1 - RECENT)])
def test_the_oldest_move_some_at_a_time(count: int, moves: int) -> None:
    assert going(raws(count)) == raws(moves)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=300))
def test_whoever_writes_and_moves_each_event_is_in_one_place_at_least(story: list[tuple[int, bool]]) -> None:
    """Four people write in any order; each knows what it has moved itself, perhaps from an older metadata.json."""
    manifest, months = Manifest("p", "r"), dict[str, Raw]()
    moved: dict[int, frozenset[str]] = dict.fromkeys(range(4), frozenset())
    told = []
    for number, (who, moves) in enumerate(story):
        if moves:
            oldest = going(manifest.events)
            months.update((one["id"], one) for one in oldest)
            moved[who] = frozenset(one["id"] for one in oldest)
        manifest = apply(manifest, edits(event(f"e{number}", by=f"w{who}"), moved=moved[who]), f"w{number}")
        told.append(f"e{number}")
    seen = [one.id for one in newest_first(map(must_read, [*months.values(), *manifest.events]))]
    assert sorted(seen) == sorted(told)
    assert len(manifest.events) <= MOST


def must_read(raw: Raw) -> Event:
    found = read_event(raw)
    assert found is not None
    return found


@pytest.mark.parametrize("found", [None, 7, "x", {"id": "a"}, [1, None, "x"], [{"id": 7}, {"at": AT}]])
def test_what_is_no_list_of_events_is_none(found: Any) -> None:
    assert kept(found) == []
    text = json.dumps({"files": [], "events": found}).encode()
    assert apply(parse(text), edits(event("a")), "w").events[0]["id"] == "a"


def test_what_a_newer_version_added_stays() -> None:
    newer = {"id": "n", "schema": 2, "at": AT, "by": "jan", "verb": "teleport", "colour": {"deep": [1, 2]}}
    text = json.dumps({"files": [], "events": [newer]}).encode()
    assert read_back(apply(parse(text), edits(event("a")), "w")).events[0] == newer
    found = read_event(newer)
    assert found is not None and found.verb == "teleport"


def test_a_metadata_json_full_of_events_does_not_grow() -> None:
    huge = {"id": "huge", "x": "y" * KEPT_BYTES}
    text = json.dumps({"files": [], "events": [huge, *raws(3 * MOST)]}).encode()
    manifest = apply(parse(text), edits(event("a")), "w")
    assert len(manifest.events) == MOST and manifest.events[-1]["id"] == "a"
    assert "huge" not in {one["id"] for one in manifest.events}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"null",
        b"[[[[",
        b'{"schema":0,"id":"a","at":"x","by":"j","verb":"up"}',
        b'{"schema":1,"id":"","at":"x","by":"j","verb":"up"}',
        b'{"schema":1,"id":"a","at":"x","by":"","verb":"up"}',
        b'{"schema":1,"id":"a","at":"x","by":"j","verb":"up","more":-1}',
        b'{"schema":1,"id":"a","at":"x","by":"j","verb":"up","files":7}',
        b'{"schema":1,"id":"a","at":"x","by":"j","verb":"up","note":"' + b"n" * 600 + b'"}',
        b'{"schema":1,"id":"a","at":"x","by":"j","verb":"up","pad":"' + b"p" * MOST_BYTES + b'"}',
        b'{"schema":1,"id":"\xff","at":"x","by":"j","verb":"up"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_none(text: bytes) -> None:
    assert read_event(text) is None


def test_many_files_are_counted_and_some_are_named() -> None:
    draft = Draft("up", "run")
    for number in range(1000):
        draft.add(SENT, f"clip {number:04d}.mp4", 10, "david" if number == 0 else None)
    draft.add(FETCHED, "x" * 1024, 5)
    found = draft.event("a", "jan", AT, "mac")
    assert found is not None
    assert len(found.files) == MOST_NAMES and found.more == 1001 - MOST_NAMES
    assert (found.counts, found.size_bytes) == ({SENT: 1000, FETCHED: 1}, 10_005)
    assert found.files[0] == EventFile("clip 0000.mp4", SENT, 10, "david")


@given(st.lists(st.tuples(st.text(min_size=1, max_size=1024), st.text(max_size=256)), max_size=40))
def test_whatever_the_names_an_event_can_be_read(names: list[tuple[str, str]]) -> None:
    draft = Draft("up", "run")
    for name, was_by in names:
        draft.add(SENT, name, 2**60, was_by or None)
    found = draft.event("a", "jan", AT, "mac")
    assert (found is None) == (not names)
    if found is not None:
        assert read_event(history.raw(found)) == found


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (AT, "2025-11"),
        ("1970-01-01T00:00:00Z", "1970-01"),
        ("2025-12-31T23:30:00-02:00", "2026-01"),
        ("../../etc", "0000-00"),
        ("", "0000-00"),
        (None, "0000-00"),
        (7, "0000-00"),
        ("9999-12-31T23:59:59Z", "9999-12"),
    ],
)
def test_the_month_is_that_of_the_event(at: object, month: str) -> None:
    assert month_of(at) == month


def test_pieces_of_one_run_are_one_entry() -> None:
    first = event("a", run="r1", files=(EventFile("x", SENT, 1),), counts={SENT: 1}, size_bytes=1)
    second = event("b", "2025-11-03T10:00:30Z", run="r1", counts={SENT: 4}, more=4, size_bytes=8)
    same_name = event("c", run="r1", by="david")
    (one, other) = newest_first([second, same_name, first, first])
    assert (one.by, one.counts, one.more, one.size_bytes, one.at) == ("jan", {SENT: 5}, 4, 9, second.at)
    assert other.by == "david"


FILM = EventFile("cut/film.mp4", SENT, 1)


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (Wanted(), True),
        (Wanted(frozenset({"cut/film.mp4"})), True),
        (Wanted(frozenset({"cut"})), True),
        (Wanted(frozenset({"cut/fil"})), False),
        (Wanted(by="Jan"), True),
        (Wanted(by="david"), False),
        (Wanted(not_by="jan"), False),
        (Wanted(since=AT), True),
        (Wanted(since="2025-11-03T10:00:01Z"), False),
        (Wanted(after=6), True),
        (Wanted(after=7), False),
    ],
)
def test_who_asks_gets_what_is_asked_for(wanted: Wanted, is_wanted: bool) -> None:
    assert wanted(event("a", revision=7, files=(FILM,), counts={SENT: 1})) is is_wanted


def test_an_event_that_names_not_all_its_files_may_hide_the_one() -> None:
    many = event("a", files=(FILM,), more=3)
    assert Wanted(frozenset({"other"})).may_hide(many)
    assert not Wanted(frozenset({"cut"})).may_hide(many)
    assert not Wanted(frozenset({"other"}), by="david").may_hide(many)
    assert not Wanted(frozenset({"other"})).may_hide(event("b", files=(FILM,)))


def test_pieces_of_one_run_have_no_more_words_than_one_piece() -> None:
    """Joined without a bound, 2,000 pieces that count 32 other words each took 15 s, and a month holds 40,000."""
    pieces = [
        Event(1, f"i{number}", AT, "eve", "up", "one run", number, counts={f"{number}.{word}": 1 for word in range(32)})
        for number in range(64)
    ]
    (found,) = newest_first(pieces)
    assert len(found.counts) == history.MOST_WORDS and found.id == "i63"
