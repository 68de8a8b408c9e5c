"""Two people and a file that cannot be merged: who works on it says so, and the others' commands leave it alone."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.team import MOST_BYTES, lock_body, lock_id
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.servers import MiniStack, Rclone, SeaweedFS

FILM = "cut/color.mp4"
LOCKS = f"{REPO}/.s3sync/locks/{PROJECT}"


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    return changed_by_jan(*pair(tmp_path, f"file://{tmp_path / 'store'}", {}))


@pytest.fixture
def both_anywhere(people: tuple[Person, Person]) -> tuple[Person, Person]:
    """The same on each kind of store."""
    return changed_by_jan(*people)


def changed_by_jan(david: Person, jan: Person) -> tuple[Person, Person]:
    """Each has the film and the notes; Jan has changed both."""
    david.write(FILM, "ungraded")
    david.write("notes.txt", "take 2")
    david.ok("up")
    jan.ok("down")
    jan.write(FILM, "graded by jan")
    jan.write("notes.txt", "take 3")
    return david, jan


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Person, Person, Path]:
    """The same on a folder store, with the place of the film's lock."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write(FILM, "ungraded")
    david.ok("up")
    jan.ok("down")
    return david, jan, tmp_path / "store" / LOCKS / lock_id(FILM)


def locks(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.ok("locks", "--json").json["locks"]
    return found


def test_up_leaves_alone_what_another_has_locked_and_sends_the_rest(both_anywhere: tuple[Person, Person]) -> None:
    david, jan = both_anywhere
    told = david.ok("lock", FILM, "--for", "8h", "--why", "grading")
    assert f"{FILM} - locked until" in told.out and "(8 h 0 min from now)" in told.out
    refused = jan.expect(6, "up")
    assert "notes.txt" in refused.out and "1 locked by others" in refused.out
    assert f"{FILM}: locked by david until" in refused.err and "grading; left alone" in refused.err
    assert f"`s3sync unlock --force {FILM}` breaks the lock" in refused.err
    report = jan.expect(6, "up", "--json").json
    (kept_out,) = report["locked"]
    assert (kept_out["name"], kept_out["by"], kept_out["why"]) == (FILM, "david", "grading")
    assert report["uploaded"] == [] and report["exit_code"] == 6
    david.ok("down")
    assert david.read(FILM) == b"ungraded" and david.read("notes.txt") == b"take 3"
    david.ok("unlock", FILM)
    jan.ok("up")
    david.ok("down")
    assert david.read(FILM) == b"graded by jan"


def test_sync_cleanup_and_mine_leave_it_alone_too(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.ok("lock", FILM)
    (jan.staging / FILM).unlink()
    assert [one["name"] for one in jan.expect(6, "sync", "--json").json["locked"]] == [FILM]
    assert [one["name"] for one in jan.expect(6, "cleanup", "--force", "--yes", "--json").json["locked"]] == [FILM]
    david.write(FILM, "graded by david")
    david.ok("up")
    jan.write(FILM, "graded by jan")
    for verb in ("up", "down", "sync"):
        report = jan.expect(6, verb, "--on-conflict", "mine", "--json").json
        assert [one["resolution"] for one in report["conflicts"]] == [None]
    assert jan.read(FILM) == b"graded by jan"
    jan.expect(4, "sync")  # keeps both: nothing of the locked name changes
    assert jan.read(FILM) == b"graded by david"


def test_an_undo_leaves_it_alone(both: tuple[Person, Person]) -> None:
    david, jan = both
    jan.ok("sync")
    david.ok("lock", FILM)
    report = jan.expect(3, "undo", "--yes", "--json").json
    assert [one["name"] for one in report["refused"]] == [FILM] and "locked by david" in report["refused"][0]["error"]


def test_status_shows_locks_and_ones_own_keep_nobody_out(both: tuple[Person, Person]) -> None:
    david, jan = both
    jan.ok("lock", FILM, "--why", "grading")
    for person in both:
        assert f"{FILM}  locked by jan until" in person.ok("status").out
        assert [lock["by"] for lock in person.ok("status", "--json").json["locks"]] == ["jan"]
    assert david.ok("status", "notes.txt", "--json").json["locks"] == []
    jan.ok("up")
    assert [lock["by"] for lock in locks(david)] == ["jan"], "up says nothing of ending it"
    report = jan.ok("up", "--unlock", "--json").json
    assert report["unlocked"] == [FILM]
    assert locks(david) == []


def test_up_unlocks_what_it_sent_and_nothing_else(both_anywhere: tuple[Person, Person]) -> None:
    david, jan = both_anywhere
    david.ok("lock", FILM)
    jan.ok("lock", "notes.txt")
    assert jan.expect(6, "up", "--unlock", "--json").json["unlocked"] == ["notes.txt"]
    assert [lock["name"] for lock in locks(jan)] == [FILM]
    jan.ok("up", "notes.txt", "--unlock")
    assert [lock["name"] for lock in locks(jan)] == [FILM]


def test_who_comes_second_is_told_and_can_break_it(both_anywhere: tuple[Person, Person]) -> None:
    david, jan = both_anywhere
    david.ok("lock", FILM)
    for words in (("lock", FILM), ("unlock", FILM), ("lock", FILM, "--dry-run")):
        refused = jan.expect(6, *words)
        assert f"{FILM}: locked by david" in refused.err and "--force" in refused.err
    jan.ok("unlock", FILM, "--force", "--dry-run")
    jan.expect(6, "up", FILM)
    assert "(the lock of david)" in jan.ok("unlock", FILM, "--force").out
    jan.ok("lock", FILM)
    assert [lock["by"] for lock in locks(david)] == ["jan"]
    david.expect(6, "unlock", FILM)


def test_an_unlock_needs_no_file_and_says_where_there_is_no_lock(both: tuple[Person, Person]) -> None:
    _, jan = both
    jan.ok("lock", FILM)
    (jan.staging / FILM).unlink()
    (jan.staging / "cut").rmdir()
    assert "unlocked" in jan.ok("unlock", FILM).out
    assert jan.ok("unlock", FILM, "--json").json["absent"] == [FILM]


def test_a_name_is_found_from_where_one_stands(both: tuple[Person, Person]) -> None:
    _, jan = both
    jan.ok("lock", "color.mp4", cwd=jan.staging / "cut")
    assert [lock["name"] for lock in locks(jan)] == [FILM]
    jan.ok("unlock", str(jan.staging / FILM))
    assert locks(jan) == []
    for wrong in ("nosuch.mp4", "cut", "*.mp4", "../notes.txt", ""):
        jan.expect(2, "lock", wrong)
    for wrong in ("0", "5s", "31d", "soon", "-4h"):
        jan.expect(2, "lock", FILM, f"--for={wrong}")
    for wrong in ("w" * 300, "two\nlines", "\x1b[2J"):
        jan.expect(2, "lock", FILM, "--why", wrong)
    assert locks(jan) == []


def test_a_file_that_is_only_in_the_store_can_be_locked(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("new.mp4", "new")
    david.ok("up", "new.mp4")
    jan.ok("lock", "new.mp4")
    assert [lock["name"] for lock in locks(david)] == ["new.mp4"]


def test_every_project_has_its_own_locks(both_anywhere: tuple[Person, Person]) -> None:
    david, jan = both_anywhere
    for name in ("b64-trailer", "b65-teaser"):
        jan.ok("init", name, cwd=jan.repo)
        (jan.repo / name / "s3-staging" / FILM).parent.mkdir()
        (jan.repo / name / "s3-staging" / FILM).write_text("trailer")
    david.ok("lock", FILM)
    jan.ok("lock", FILM, "--project", "b64-trailer")
    told = {one["project"]: one for one in jan.run("up", "--all", "--json").json["projects"]}
    assert [len(told[name]["locked"]) for name in (PROJECT, "b64-trailer", "b65-teaser")] == [1, 0, 0]
    told = {one["project"]: one for one in jan.ok("status", "--all", "--json").json["projects"]}
    assert [len(told[name]["locks"]) for name in (PROJECT, "b64-trailer", "b65-teaser")] == [1, 1, 0]


def age(lock: Path, by: timedelta) -> None:
    then = (datetime.now(UTC) - by).timestamp()
    os.utime(lock, (then, then))


def test_a_lock_ends_by_itself(folder: tuple[Person, Person, Path]) -> None:
    david, jan, lock = folder
    david.ok("lock", FILM)
    jan.write(FILM, "graded by jan")
    jan.expect(6, "up")
    age(lock, timedelta(hours=4, seconds=1))
    assert [found["state"] for found in locks(jan)] == ["expired"]
    assert "was locked by david until" in jan.ok("locks").out
    assert jan.ok("status", "--json").json["locks"] == []
    jan.ok("up")
    jan.ok("lock", FILM)
    assert [(found["state"], found["by"]) for found in locks(jan)] == [("held", "jan")]
    age(lock, timedelta(days=1))
    david.ok("unlock", FILM)
    assert locks(jan) == []


def test_the_clock_of_the_computer_plays_no_part(folder: tuple[Person, Person, Path]) -> None:
    """What a lock object itself says of times is nobody's word, and no clock is asked but that of the disk."""
    david, jan, lock = folder
    david.ok("lock", FILM)
    record = json.loads(lock.read_bytes())
    assert not any(str(datetime.now(UTC).year) in str(value) for value in record.values())
    jan.write(FILM, "graded by jan")
    age(lock, timedelta(hours=-10))  # a disk whose clock was set back
    jan.expect(6, "up")
    age(lock, timedelta(days=-400))
    told = jan.ok("up")
    assert "written in the future" in told.err


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"garbage", "no lock as s3sync writes it"),
        (b"[" * 4000, "no lock as s3sync writes it"),
        (lock_body("other.mp4", "david", 3600, "n", None, None), "names another file"),
        (b" " * (MOST_BYTES + 1), "more than"),
    ],
)
def test_a_broken_lock_keeps_nobody_out(folder: tuple[Person, Person, Path], body: bytes, reason: str) -> None:
    _, jan, lock = folder
    lock.parent.mkdir(parents=True)
    lock.write_bytes(body)
    jan.write(FILM, "graded by jan")
    for words in (("status",), ("locks",), ("up",)):
        told = jan.ok(*words)
        assert reason in told.err and f"s3sync unlock --force {lock_id(FILM)}" in told.err, words
    jan.expect(6, "unlock", FILM)
    jan.ok("unlock", "--force", lock_id(FILM))
    assert jan.ok("up").err == ""


def test_a_hundred_megabytes_are_not_read(folder: tuple[Person, Person, Path]) -> None:
    _, jan, lock = folder
    lock.parent.mkdir(parents=True)
    with lock.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    jan.write(FILM, "graded by jan")
    assert "more than" in jan.ok("up").err
    jan.ok("lock", FILM)
    assert [found["state"] for found in locks(jan)] == ["held"]


def test_a_lock_of_a_newer_version_is_honoured(folder: tuple[Person, Person, Path]) -> None:
    _, jan, lock = folder
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"schema": 9, "name": FILM, "by": "david", "hold": {"days": 3}}))
    jan.write(FILM, "graded by jan")
    assert "locked by david" in jan.expect(6, "up").err
    age(lock, timedelta(days=1))
    jan.ok("up")


def test_what_others_wrote_moves_no_cursor(folder: tuple[Person, Person, Path]) -> None:
    _, jan, lock = folder
    lock.parent.mkdir(parents=True)
    lock.write_bytes(lock_body(FILM, "d\x1b[2Jvid\u202e", 3600, "n", "\x1b]0;owned\x07 grading\r", None))
    jan.write(FILM, "graded by jan")
    for words in (("status",), ("locks", "-v"), ("up",), ("lock", FILM), ("unlock", FILM)):
        told = jan.run(*words)
        assert "grading" in told.out + told.err, words
        assert not set("\x1b\x07\r\u202e") & set(told.out + told.err), words


def test_a_link_in_place_of_a_lock_is_not_followed(folder: tuple[Person, Person, Path], tmp_path: Path) -> None:
    _, jan, lock = folder
    secret = tmp_path / "secret.json"
    secret.write_bytes(lock_body(FILM, "SECRET", 3600, "n", None, None))
    lock.parent.mkdir(parents=True)
    lock.symlink_to(secret)
    told = jan.run("locks", "--json")
    assert "SECRET" not in told.out + told.err
    jan.run("unlock", FILM, "--force")
    jan.run("lock", FILM)
    assert b"SECRET" in secret.read_bytes()


@pytest.fixture(scope="module")
def rclone() -> Iterator[Rclone]:
    with Rclone() as server:
        yield server


def test_a_store_without_conditions_keeps_no_locks(rclone: Rclone, tmp_path: Path) -> None:
    environments = {name: rclone.environment(name) for name in ("david", "jan")}
    david, jan = pair(tmp_path, f"s3://{rclone.bucket}", environments)
    david.write(FILM, "ungraded")
    error = david.expect(1, "lock", FILM, "--json").json["error"]
    assert error["type"] == "Unsupported" and "conditional writes" in error["message"]
    david.ok("up")
    assert locks(jan) == []


def test_a_member_who_may_only_read_sees_locks_and_makes_none(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    prefix = f"s3://{seaweedfs.bucket}/{time.time_ns()}"
    environments = {name: seaweedfs.environment(name) for name in ("david", "jan")}
    david, jan = pair(tmp_path, prefix, environments)
    david.write(FILM, "ungraded")
    david.ok("up")
    david.ok("lock", FILM)
    rights = seaweedfs.environment("reader")
    assert [lock["by"] for lock in jan.ok("locks", "--json", env=rights).json["locks"]] == ["david"]
    refused = jan.expect(1, "unlock", FILM, "--force", "--json", env=rights)
    assert refused.json["error"]["type"] == "AccessDenied"


@pytest.mark.ministack
def test_on_a_store_that_deletes_without_looking(ministack: MiniStack, tmp_path: Path) -> None:
    environments = {name: ministack.environment(name) for name in ("david", "jan")}
    david, jan = pair(tmp_path, f"s3://{ministack.bucket}/{time.time_ns()}", environments)
    david.write(FILM, "ungraded")
    david.ok("up")
    jan.ok("down")
    jan.write(FILM, "graded by jan")
    david.ok("lock", FILM)
    jan.expect(6, "up")
    jan.expect(6, "lock", FILM)
    david.ok("unlock", FILM)
    jan.ok("lock", FILM)
    assert jan.ok("up", "--unlock", "--json").json["unlocked"] == [FILM]
    assert locks(david) == []
