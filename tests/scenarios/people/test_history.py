"""Two people and what was done: `log` tells it, and `inbox` tells what the other did since one last looked."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from s3sync.core import history
from s3sync.core.history import SENT, Draft
from tests.kit.people import PROJECT, REPO, Person, pair

EVENTS = f"{REPO}/.s3sync/events/{PROJECT}"


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


def entries(person: Person, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.ok(*words, "--json").json["events"]
    return found


def did(person: Person, *words: str) -> list[tuple[str, str, list[str]]]:
    """Who did what to which files, the oldest first."""
    return [
        (one["by"], one["verb"], [f"{file['did']} {file['name']}" for file in one["files"]])
        for one in reversed(entries(person, *words))
    ]


def test_each_hears_once_what_the_other_did(people: tuple[Person, Person]) -> None:
    david, jan = people
    david.write("cut/color.mp4", "ungraded")
    david.ok("up")
    assert did(jan, "inbox") == [("david", "up", ["sent cut/color.mp4"])]
    jan.ok("down")
    jan.write("cut/color.mp4", "graded by jan")
    jan.ok("up")
    told = david.ok("inbox")
    assert "jan uploaded cut/color.mp4 (13 B) just now, it replaces yours" in told.out
    assert "jan downloaded cut/color.mp4 (8 B) just now" in told.out
    assert "nothing new of others since you last looked" in david.ok("inbox").out
    assert did(jan, "inbox") == []
    assert did(david, "log") == [
        ("david", "up", ["sent cut/color.mp4"]),
        ("jan", "down", ["fetched cut/color.mp4"]),
        ("jan", "up", ["sent cut/color.mp4"]),
    ]


def test_a_look_that_is_not_to_count_is_told_again(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("a.txt", "a")
    david.ok("up")
    assert did(jan, "inbox", "--keep") == did(jan, "inbox") == [("david", "up", ["sent a.txt"])]
    assert did(jan, "inbox", "--keep") == []


def test_every_verb_leaves_an_event(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("a.txt", "one")
    david.write("b.txt", "b")
    david.ok("up")
    jan.ok("down")
    david.ok("lock", "a.txt", "--why", "cutting")
    david.ok("unlock", "a.txt")
    david.write("a.txt", "two")
    jan.write("a.txt", "three")
    david.ok("up")
    jan.expect(4, "sync")
    (copy,) = [name for name in jan.files() if "conflict" in name]
    jan.ok("resolve", copy, "--mine")
    david.ok("sync")
    (david.staging / "b.txt").unlink()
    david.ok("sync")
    david.ok("trash", "restore", "b.txt")
    david.ok("up")
    david.ok("undo", "--yes")
    david.ok("cleanup", "--yes")
    verbs = [(by, verb) for by, verb, _ in did(david, "log", "--most", "0")]
    assert sorted(verbs) == sorted(
        [
            ("david", "up"), ("jan", "down"), ("david", "lock"), ("david", "unlock"), ("david", "up"), ("jan", "sync"),
            ("jan", "resolve"), ("david", "sync"), ("david", "sync"), ("david", "trash restore"), ("david", "up"),
            ("david", "undo"), ("david", "cleanup"),
        ]
    )  # fmt: skip
    told = david.ok("log", "--most", "0").out
    assert "david locked a.txt just now: cutting" in told
    assert "jan decided the conflict of a.txt" in told, told
    assert "kept as a conflict copy" in told
    assert "david cleaned up" in told


def test_one_file_one_person_or_a_time_can_be_asked_for(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("cut/a.mp4", "a")
    david.write("notes.txt", "n")
    david.ok("up", "cut")
    david.ok("up")
    jan.ok("down")
    assert did(david, "log", "cut/a.mp4") == did(david, "log", "cut")
    assert [verb for _, verb, _ in did(david, "log", "cut")] == ["up", "down"]
    assert [by for by, _, _ in did(david, "log", "--by", "JAN")] == ["jan"]
    assert len(entries(david, "log", "--since", "1d")) == 3
    page = david.ok("log", "--most", "1")
    assert "Summary: 1 entry; there are older ones" in page.out and "jan" in page.out
    assert david.expect(2, "log", "--since", "yesterday").err.startswith("error: --since cannot be 'yesterday'")


def test_a_file_among_many_is_found_or_said(both: tuple[Person, Person]) -> None:
    david, jan = both
    names = {f"clip {number:02d}.mp4" for number in range(60)}
    for name in names:
        david.write(name, name)
    david.ok("up")
    (event,) = entries(david, "log")
    assert event["counts"] == {"sent": 60} and len(event["files"]) + event["more_files"] == 60
    unnamed = sorted(names - {file["name"] for file in event["files"]})
    told = david.ok("log", unnamed[0])
    assert "david uploaded 60 files" in told.out and told.err == ""
    assert f"it is among the {event['more_files']} files that are not named" in told.out
    (found,) = entries(david, "log", unnamed[0])
    assert found["id"] == event["id"] and found["among_more"] is True and event["among_more"] is False
    shown = david.ok("log", "-v").out
    assert f"and {event['more_files']} files more" in shown and shown.count(" - uploaded") == len(event["files"])
    lines = david.ok("log", "--json").out.splitlines()
    assert [json.loads(line.strip().rstrip(",")) for line in lines if '"id"' in line] == [event], "an event a line"
    jan.ok("down")
    fetched = {file["name"] for file in entries(david, "log")[0]["files"]}
    unnamed = [name for name in unnamed if name not in fetched]
    told = david.ok("log", unnamed[0])
    assert "jan" not in told.out and "1 entry more of many files may mean it, too" in told.err
    david.write(unnamed[0], "another version")
    david.ok("up")
    report = david.ok("log", unnamed[0], "--json").json
    assert report["not_named"] == 2 and [one["among_more"] for one in report["events"]] == [False]


def test_what_a_reader_of_another_tool_put_there_is_told(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    david.write("a.txt", "a")
    david.ok("up")
    (tmp_path / "store" / REPO / PROJECT / "client.mov").write_bytes(b"from a client")
    jan.ok("down")
    (found,) = [one for one in entries(david, "inbox") if one["by"] == "jan"]
    assert {file["did"] for file in found["files"] if file["name"] == "client.mov"} == {"fetched", "found"}


def long_story(store: Path, count: int, start: int = 0) -> list[str]:
    """Put so many events into metadata.json, as many runs of Jan would have."""
    path = store / REPO / PROJECT / "metadata.json"
    document = json.loads(path.read_text("utf-8"))
    for number in range(start, start + count):
        draft = Draft("up", f"run{number}")
        draft.add(SENT, f"take {number}.mp4", 10)
        event = draft.event(f"id{number}", "jan", f"2025-{1 + number % 12:02d}-03T10:00:00Z", "mac")
        assert event is not None
        document.setdefault("events", []).append(history.raw(event) | {"revision": 1})
    path.write_text(json.dumps(document), "utf-8")
    return [f"id{number}" for number in range(start, start + count)]


def test_old_events_move_to_their_months_and_none_is_lost(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    david.write("a.txt", "a")
    david.ok("up")
    ids = long_story(tmp_path / "store", 90)
    for number in range(3):
        david.write("a.txt", f"version {number}")
        david.ok("up")
        told = [one["id"] for one in entries(jan, "log", "--most", "0")]
        assert set(ids) <= set(told) and len(told) == len(set(told)) == 91 + number + 1
    recent = json.loads((tmp_path / "store" / REPO / PROJECT / "metadata.json").read_text("utf-8"))["events"]
    assert 50 <= len(recent) <= 55
    assert len(list((tmp_path / "store" / EVENTS).glob("2025-*.jsonl"))) == 12
    assert [one["id"] for one in entries(jan, "log", "take 1.mp4")] == ["id1"]


def test_an_inbox_not_opened_for_long_tells_what_has_moved_since(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    david.write("a.txt", "a")
    david.ok("up")
    jan.ok("down")
    david.ok("inbox")
    long_story(tmp_path / "store", 100)
    document = json.loads((tmp_path / "store" / REPO / PROJECT / "metadata.json").read_text("utf-8"))
    document["events"] = [one | {"revision": 50} if one["id"].startswith("id") else one for one in document["events"]]
    document["revision"] = 50
    (tmp_path / "store" / REPO / PROJECT / "metadata.json").write_text(json.dumps(document), "utf-8")
    for number in range(2):
        jan.write("a.txt", f"version {number}")
        jan.ok("up")
    assert len(entries(david, "inbox")) == 102


HOSTILE = "\x1b]0;owned\x07<script>alert(1)</script>\u202e.mp4"


def test_hostile_events_are_shown_harmlessly(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = both
    david.write("a.txt", "a")
    david.ok("up")
    path = tmp_path / "store" / REPO / PROJECT / "metadata.json"
    document = json.loads(path.read_text("utf-8"))
    document["events"] += [
        {"schema": 9, "id": "new", "at": "2025-11-03T10:00:00Z", "by": "jan", "verb": "\x1b[1mteleport", "x": {"y": 1}},
        {"schema": 1, "id": "bad", "at": HOSTILE, "by": HOSTILE, "verb": "up", "counts": {HOSTILE: 1},
         "files": [{"name": HOSTILE, "did": HOSTILE, "was_by": HOSTILE}], "note": HOSTILE, "host": HOSTILE},
        {"id": "no event"},
        7,
    ]  # fmt: skip
    path.write_text(json.dumps(document), "utf-8")
    for words in (["log", "-v"], ["inbox", "-v", "--keep"], ["inbox"]):
        told = david.ok(*words)
        assert "\x1b" not in told.out + told.err and "\x07" not in told.out and "\u202e" not in told.out
        assert "jan did " in told.out and "teleport" in told.out
        assert told.err.count("cannot be read by this version") == 1
    assert "\\u001b" in david.ok("log", "--json").out
    david.write("a.txt", "two")
    david.ok("up")
    assert {one["id"] for one in json.loads(path.read_text("utf-8"))["events"]} >= {"new", "bad", "no event"}


def test_an_object_of_100_mb_is_one_warning(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = both
    david.write("a.txt", "a")
    david.ok("up")
    folder = tmp_path / "store" / EVENTS
    folder.mkdir(parents=True)
    with (folder / "2025-11.jsonl").open("wb") as file:
        file.truncate(100_000_000)
    told = david.ok("log")
    assert told.err.count("warning:") == 1
    assert "the history in 2025-11.jsonl is larger than 16777216 bytes or 100000 lines, and is not read" in told.err
    assert "david uploaded a.txt" in told.out


def test_a_mark_of_the_first_day_of_the_calendar_is_one_like_any_other(
    both: tuple[Person, Person], tmp_path: Path
) -> None:
    """The mark is a row of state.db, which others may have written."""
    david, jan = both
    david.write("a.txt", "a")
    david.ok("up")
    jan.ok("inbox")
    with closing(sqlite3.connect(jan.staging / ".s3sync" / "state.db")) as database, database:
        (table,) = {
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            if any("inbox of" in str(row) for row in database.execute(f"SELECT * FROM {name}").fetchall())
        }
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        mark = json.dumps({"revision": 0, "at": "0001-01-01T00:00:00Z"})
        sets, where = f"UPDATE {table} SET {columns[1]} = ?", f"WHERE {columns[0]} LIKE 'inbox of%'"
        assert database.execute(f"{sets} {where}", (mark,)).rowcount == 1
    folder = tmp_path / "store" / EVENTS
    folder.mkdir(parents=True)
    (folder / "2025-11.jsonl").write_text('{"schema":1,"id":"o","at":"2025-11-03T10:00:00Z","by":"eve","verb":"up"}\n')
    assert "uploaded a.txt" in jan.ok("inbox").out


def test_metadata_json_that_was_lost_begins_the_inbox_anew(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    for number in range(3):
        david.write("a.txt", f"version {number}")
        david.ok("up")
    jan.ok("inbox")
    (tmp_path / "store" / REPO / PROJECT / "metadata.json").unlink()
    david.write("b.txt", "b")
    david.ok("up")
    assert any("sent b.txt" in files for _, _, files in did(jan, "inbox"))


def test_what_was_done_within_a_second_is_told_in_its_order(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("a.txt", "a")
    david.ok("up")
    done = [verb for _ in range(6) for verb in ("lock", "unlock")]
    for verb in done:
        david.ok(verb, "a.txt")
    david.write("b.txt", "b")
    david.ok("up")
    assert [verb for _, verb, _ in did(jan, "inbox")] == ["up", *done, "up"]


def test_a_lock_waits_for_the_next_write_and_costs_none(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    david.write("a.txt", "a")
    david.ok("up")
    before = (tmp_path / "store" / REPO / PROJECT / "metadata.json").read_bytes()
    david.ok("lock", "a.txt")
    david.ok("up")
    assert (tmp_path / "store" / REPO / PROJECT / "metadata.json").read_bytes() == before
    david.write("b.txt", "b")
    david.ok("up")
    assert [verb for _, verb, _ in did(jan, "inbox")] == ["up", "lock", "up"]
    david.write("c.txt", "c")
    david.ok("up")
    assert [verb for _, verb, _ in did(jan, "inbox")] == ["up"]


def ten_years(store: Path, a_month: int) -> None:
    """A busy project: 120 months, the oldest half of them garbage."""
    folder = store / EVENTS
    folder.mkdir(parents=True)
    for month in range(120):
        name = f"{2015 + month // 12}-{1 + month % 12:02d}"
        lines = [
            json.dumps({"schema": 1, "id": f"{name}.{number}", "at": f"{name}-{1 + number % 28:02d}T10:00:00Z",
                        "by": "jan", "verb": "up", "revision": 1, "counts": {"sent": 1},
                        "files": [{"name": f"take {number}.mp4", "did": "sent", "size_bytes": 10}]})
            for number in range(a_month)
        ]  # fmt: skip
        (folder / f"{name}.jsonl").write_text("\n".join(lines) if month >= 60 else "garbage\n", "utf-8")


def test_of_ten_years_only_the_months_of_a_page_are_read(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = both
    david.write("a.txt", "a")
    david.ok("up")
    ten_years(tmp_path / "store", 20)
    page = david.ok("log", "--json").json
    assert len(page["events"]) == 50 and page["more"] and page["warnings"] == []
    times = [event["at"] for event in page["events"][1:]]
    assert times == sorted(times, reverse=True) and times[0] == "2024-12-20T10:00:00Z" and times[-1][:7] == "2024-10"
    everything = david.ok("log", "--json", "--most", "0").json
    assert len(everything["events"]) == 60 * 20 + 1 and len(everything["warnings"]) == 60
    assert david.ok("log", "--json", "--most", "0", "--since", "30d").json["warnings"] == []
    assert len(david.ok("log", "take 7.mp4", "--json").json["events"]) == 50
