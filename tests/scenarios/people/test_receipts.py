"""Two people: `who`, `status`, a cleanup that waits for whoever has not fetched, and who has left."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import PROJECT, REPO, Person, pair


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    return with_receipts(*pair(tmp_path, f"file://{tmp_path / 'store'}", {}))


def with_receipts(david: Person, jan: Person) -> tuple[Person, Person]:
    """Each has written metadata.json, so that the other knows of him."""
    david.write("notes.txt", "n")
    david.ok("up")
    jan.ok("down")
    return david, jan


def lacking(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = person.ok("status", "--json").json["lacking"]
    return found


def has(person: Person, *words: str) -> dict[str, str]:
    return {one["name"]: one["has"] for one in person.ok("who", *words, "--json").json["members"]}


def test_who_has_not_fetched_is_seen_until_he_has(people: tuple[Person, Person]) -> None:
    david, jan = with_receipts(*people)
    assert lacking(david) == lacking(jan) == {}
    david.write("a.mp4", "a")
    david.write("b.mp4", "b")
    david.ok("up")
    assert "jan has not fetched 2 files yet" in david.ok("status").out
    assert lacking(david) == {"jan": {"files": ["a.mp4", "b.mp4"], "more": 0}} and lacking(jan) == {}
    assert has(david, "a.mp4") == {"david": "sent", "jan": "no"}
    assert has(david) == {"david": "yes", "jan": "no"}
    jan.ok("down", "a.mp4")
    assert lacking(david) == {"jan": {"files": ["b.mp4"], "more": 0}}
    assert has(david, "a.mp4") == {"david": "sent", "jan": "yes"}
    jan.ok("down")
    assert lacking(david) == {} and has(david) == {"david": "yes", "jan": "yes"}
    assert "jan  has everything" in david.ok("who").out


def test_an_up_that_leaves_what_others_sent_says_so(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("a.mp4", "a")
    david.ok("up")
    jan.write("own.mp4", "j")
    jan.ok("up")
    assert lacking(david) == {"jan": {"files": ["a.mp4"], "more": 0}}
    assert lacking(jan) == {"david": {"files": ["own.mp4"], "more": 0}}
    jan.write("a.mp4", "j")
    david.write("a.mp4", "a2")
    david.ok("up")
    jan.expect(4, "down")
    assert lacking(david) == {"jan": {"files": ["a.mp4"], "more": 0}}


def test_a_new_version_is_lacking_again_and_equal_content_is_not(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("a.mp4", "a")
    david.ok("up")
    jan.ok("down")
    david.write("a.mp4", "other")
    david.ok("up")
    assert lacking(david) == {"jan": {"files": ["a.mp4"], "more": 0}}
    (david.staging / "a.mp4").unlink()
    david.ok("sync")
    assert lacking(david) == {}


def test_cleanup_waits_for_whoever_has_not_fetched(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("film.mp4", "f")
    david.ok("up")
    told = david.expect(5, "cleanup", "--yes")
    assert "did not clean up: jan has not fetched everything" in told.err and "jan lacks 'film.mp4'" in told.err
    assert "s3sync down" in told.err and "--force" in told.err
    assert "jan has not fetched 1 file that would go" in david.ok("cleanup", "--dry-run").err
    david.ok("cleanup", "notes.txt", "--yes")
    david.ok("cleanup", "--local", "--yes")
    david.ok("down")
    jan.ok("down")
    david.ok("cleanup", "--yes")
    assert lacking(jan) == {}


def test_force_cleans_up_all_the_same(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("film.mp4", "f")
    david.ok("up")
    assert david.expect(5, "cleanup", "--yes", "--json").json["error"]["type"] == "Halt"
    david.ok("cleanup", "--yes", "--force")
    assert lacking(jan) == {} and jan.states() == {"notes.txt": "cleaned_up"}


def test_who_has_left_is_waited_for_no_more(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("film.mp4", "f")
    david.ok("up")
    assert "jan - would be removed" in david.ok("members", "remove", "jan", "--dry-run").out
    david.expect(5, "cleanup", "--yes")
    assert "jan - removed" in david.ok("members", "remove", "jan").out
    assert [one["name"] for one in david.ok("members", "--json").json["members"]] == ["david"]
    assert "no member is called 'jan'" in david.expect(2, "members", "remove", "jan").err
    assert "cannot remove yourself" in david.expect(2, "members", "remove", "david").err
    david.write("more.mp4", "m")
    david.ok("up")
    assert lacking(david) == {}
    jan.ok("down")
    assert has(david) == {"david": "yes", "jan": "yes"}
    david.ok("cleanup", "--yes")


def test_down_ack_says_what_is_here_where_nothing_was_to_fetch(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("a.mp4", "a")
    david.ok("up")
    jan.write("a.mp4", "a")
    jan.ok("down")
    assert has(david) == {"david": "yes"}
    jan.ok("down", "--ack")
    assert has(david) == {"david": "yes", "jan": "yes"}


def test_many_lacking_files_are_counted(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    for number in range(120):
        david.write(f"clip {number:03d}.mp4", str(number))
    david.ok("up")
    found = lacking(david)["jan"]
    assert (len(found["files"]), found["more"]) == (100, 20)
    assert "jan has not fetched about 120 files yet" in david.ok("status").out
    assert has(david, "clip 000.mp4")["jan"] == "no" and has(david, "clip 119.mp4")["jan"] == "unknown"
    david.expect(5, "cleanup", "clip 119.mp4", "--yes")
    jan.ok("down")
    assert lacking(david) == {}
    text = (tmp_path / "store" / REPO / PROJECT / "metadata.json").read_text("utf-8")
    assert json.loads(text)["receipts"] == {"david": {}, "jan": {}}


def test_receipts_of_garbage_stop_nobody(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    path = tmp_path / "store" / REPO / PROJECT / "metadata.json"
    document: dict[str, Any] = {}
    every: tuple[Any, ...] = (
        7,
        [],
        {"jan": 7},
        {"jan": {"lacks": "x"}},
        {"jan": {"lacks": ["x"] * 101}},
        {"jan": {"more": -1}},
    )
    for garbage in every:
        document = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**document, "receipts": garbage}), "utf-8")
        assert lacking(david) == {} and has(david)["jan"] == "unknown"
    document["receipts"] = {"\x1b[2Jeve": {"lacks": ["notes.txt"]}}
    path.write_text(json.dumps(document), "utf-8")
    told = david.ok("status")
    assert "\x1b" not in told.out and "eve has not fetched 1 file yet" in told.out
    jan.write("c.mp4", "c")
    jan.ok("up")


def test_an_earlier_version_that_was_brought_back_is_not_the_newest(both: tuple[Person, Person]) -> None:
    david, jan = both
    jan.ok("pin")
    for content in ("second", "the third"):
        david.write("notes.txt", content)
        david.ok("up")
        if content == "second":
            jan.ok("down")
    assert lacking(david) == {"jan": {"files": ["notes.txt"], "more": 0}}
    jan.ok("down", "--pinned")
    assert jan.read("notes.txt") == b"n"
    assert lacking(david) == {"jan": {"files": ["notes.txt"], "more": 0}}
    assert "jan has not fetched" in david.expect(5, "cleanup", "--yes").err
    told = david.ok("log", "--by", "jan").out
    assert "jan brought back notes.txt (1 B)" in told and told.count("downloaded") == 2, told
    jan.ok("down", "--on-conflict", "theirs")
    assert jan.read("notes.txt") == b"the third" and has(david, "notes.txt")["jan"] == "yes"
    jan.ok("down", "--pinned")
    assert has(david, "notes.txt")["jan"] == "yes", "he has had it"


def test_receipts_of_two_who_fetch_at_once_are_both_kept(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    eva = Person("eva", tmp_path / "eva")
    eva.ok("init", PROJECT, "--store", f"file://{tmp_path / 'store'}", "--user", "eva", "--repo", REPO, cwd=eva.repo)
    eva.ok("down")
    for number in range(3):
        david.write(f"clip {number}.mp4", str(number))
    david.ok("up")
    assert lacking(david).keys() == {"eva", "jan"}
    with ThreadPoolExecutor(2) as at_once:
        for done in [at_once.submit(one.ok, "down") for one in (jan, eva)]:
            done.result()
    assert lacking(david) == {} and has(david) == {"david": "yes", "eva": "yes", "jan": "yes"}


def test_ack_is_about_all_files_in_their_newest_version(both: tuple[Person, Person]) -> None:
    _, jan = both
    assert "--ack is about all files" in jan.expect(2, "down", "notes.txt", "--ack").err
    assert "--pinned and --ack exclude each other" in jan.expect(2, "down", "--pinned", "--ack").err


def test_whoever_records_what_another_tool_put_there_has_not_fetched_it(
    both: tuple[Person, Person], tmp_path: Path
) -> None:
    """A command about another file is the first to see it, and enters it for everybody."""
    david, jan = both
    there = tmp_path / "store" / REPO / PROJECT
    (there / "music.wav").write_text("dropped there")
    jan.ok("down", "notes.txt")
    assert lacking(david).keys() == {"jan"} and lacking(jan).keys() == {"david"}
    david.ok("down")
    assert "jan lacks 'music.wav'" in david.expect(5, "cleanup", "--yes").err
    jan.ok("down", "music.wav")
    assert lacking(david) == {} and has(david, "music.wav") == {"david": "yes", "jan": "yes"}


def test_what_cannot_be_fetched_for_what_stands_in_its_way_is_lacking(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("cut/a.mp4", "a")
    david.ok("up")
    jan.write("cut", "a file")
    jan.expect(3, "down")
    jan.write("own.mp4", "j")
    jan.expect(3, "up")
    assert lacking(david) == {"jan": {"files": ["cut/a.mp4"], "more": 0}}


def test_an_undo_gives_nobody_what_he_never_had(both: tuple[Person, Person]) -> None:
    """Jan replaced a version unseen, and takes that back: David's is there again, and not with Jan."""
    david, jan = both
    david.write("notes.txt", "of david")
    david.ok("up")
    jan.write("notes.txt", "of jan, longer")
    jan.ok("sync", "--on-conflict", "mine")
    jan.ok("undo", "--yes")
    assert has(jan, "notes.txt") == {"david": "sent", "jan": "no"}
    jan.ok("sync", "--on-conflict", "theirs")
    (jan.staging / "notes.txt").unlink()
    jan.ok("sync", "--max-delete", "1")
    jan.ok("undo", "--yes")
    assert has(jan, "notes.txt") == {"david": "sent", "jan": "yes"}
