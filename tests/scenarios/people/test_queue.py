"""Files that are to go up when the line is back: who sends them, and that nobody's work is lost by waiting."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from s3sync import Project
from s3sync.store.folder import FolderStore
from s3sync.store.port import ObjectInfo
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.scenarios.team.test_git_hooks import commit, git
from tests.scenarios.team.test_watch import Moments, names, watch

PATIENCE_S = 60


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


def away(tmp_path: Path) -> Callable[[], None]:
    """Take the store away, and give back what brings it back."""
    store = tmp_path / "store"
    store.rename(tmp_path / "away")

    def back() -> None:
        (tmp_path / "away").rename(store)

    return back


def waiting(person: Person) -> list[str | None]:
    return [wish["name"] for wish in person.ok("queue", "--json").json["waiting"]]


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_waits_is_sent_as_it_is_when_the_line_is_back(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    for name in ("draft.mp4", "audio/take 1.wav", "audio/take 2.wav", "grade.cube", "notes.txt"):
        david.write(name, "of the morning")
    back = away(tmp_path)
    said = david.ok("up", "--queue", "draft.mp4", "audio").out
    assert "draft.mp4 - waits since" in said and "s3sync queue run" in said
    david.ok("up", "--queue", "s3-staging/*.cube")
    david.ok("up", "--queue", "draft.mp4")
    assert sorted(map(str, waiting(david))) == ["/*.cube", "audio", "draft.mp4"]
    failed = david.run("queue", "run")
    assert failed.code != 0 and len(waiting(david)) == 3, failed
    david.write("draft.mp4", "of the evening")
    back()
    assert "uploaded 4 files" in david.ok("queue", "run").out
    assert waiting(david) == [] and "Nothing waits" in david.ok("queue", "run").out
    jan.ok("down")
    assert jan.read("draft.mp4") == b"of the evening"
    assert not (jan.staging / "notes.txt").exists(), "nobody asked for it"


def test_what_somebody_sent_meanwhile_is_a_conflict_of_that_moment(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("draft.mp4", "the first cut")
    david.ok("up")
    jan.ok("down")
    david.write("draft.mp4", "David's cut")
    david.ok("up", "--queue")
    assert waiting(david) == [None]
    jan.write("draft.mp4", "Jan's cut")
    jan.ok("up")
    said = david.expect(4, "queue", "run")
    assert "draft.mp4" in said.err and "jan" in said.err
    assert david.read("draft.mp4") == b"David's cut"
    jan.ok("down")
    assert jan.read("draft.mp4") == b"Jan's cut"
    assert david.states() == {"draft.mp4": "conflict"}


def test_what_is_locked_waits_on(both: tuple[Person, Person]) -> None:
    david, jan = both
    for name in ("draft.mp4", "other.mp4"):
        david.write(name, "the first cut")
    david.ok("up")
    jan.ok("down")
    jan.ok("lock", "draft.mp4")
    for name in ("draft.mp4", "other.mp4"):
        david.write(name, "the second cut")
    david.ok("up", "--queue", "draft.mp4", "other.mp4")
    david.run("queue", "run")
    assert waiting(david) == ["draft.mp4"]
    jan.ok("unlock", "draft.mp4")
    david.ok("queue", "run")
    assert waiting(david) == []


def test_a_file_that_is_gone_is_named_and_the_others_go(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("draft.mp4", "x").rename(david.write("cut.mp4", "y"))
    david.write("draft.mp4", "x")
    david.ok("up", "--queue", "draft.mp4", "cut.mp4")
    (david.staging / "draft.mp4").unlink()
    dry = david.run("queue", "run", "--dry-run")
    assert dry.code == 1 and len(waiting(david)) == 2
    said = david.expect(1, "queue", "run")
    assert "draft.mp4 is not here any more" in said.err and "`s3sync queue clear draft.mp4`" in said.err
    jan.ok("down")
    assert sorted(jan.files()) == ["cut.mp4"]
    assert david.run("queue", "run").code == 1, "it may lie on a disk that is not plugged in"
    assert "waits no more" in david.ok("queue", "clear", "draft.mp4").out
    assert waiting(david) == [] and david.ok("queue", "run").code == 0


def test_what_is_ignored_since_or_empty_keeps_no_other_from_going(both: tuple[Person, Person]) -> None:
    """Ignore rules arrive from the team: one that named a queued file held the whole queue up, unseen behind a hook."""
    david, jan = both
    for name in ("draft.mp4", "cut.mp4", "stills/a.jpg"):
        david.write(name, "x")
    david.ok("up", "--queue", "draft.mp4", "cut.mp4", "stills")
    jan.write(".s3syncignore", "draft.mp4\n")
    jan.ok("up")
    david.ok("down")
    (david.staging / "stills/a.jpg").unlink()
    dry = david.expect(1, "queue", "run", "--dry-run")
    assert "1 file" in dry.out and len(waiting(david)) == 3
    said = david.expect(1, "queue", "run")
    assert "draft.mp4 is ignored now" in said.err and "`s3sync queue clear stills`" in said.err
    assert waiting(david) == ["draft.mp4", "stills"]
    jan.ok("down")
    assert "cut.mp4" in jan.files() and "draft.mp4" not in jan.files()
    assert david.expect(1, "queue", "run").err.count("cannot be sent") == 2


def test_a_run_lists_the_store_once_however_many_names_fit_nothing(
    both: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    david, jan = both
    names = [f"take{number}" for number in range(5)]
    for name in (*names, "draft.mp4"):
        david.write(f"{name}/x.wav" if name in names else name, "x")
    david.ok("up", "--queue", *(f"{name}*" for name in names[:3]), *names[3:], "draft.mp4")
    for name in names:
        (david.staging / name / "x.wav").unlink()
    listed: list[str] = []
    plain = FolderStore.list

    def counted(store: FolderStore, prefix: str, **more: str) -> Iterator[ObjectInfo]:
        listed.append(prefix)
        return plain(store, prefix, **more)

    monkeypatch.setattr(FolderStore, "list", counted)
    report = Project.open(path=david.project, environ=david.env()).run_queue()
    assert [prefix for prefix in listed if PROJECT in prefix and ".s3sync" not in prefix] == [f"{REPO}/{PROJECT}/"]
    assert len(report.gone) == len(report.ignored) == 5 and report.exit_code == 1
    jan.ok("down")
    assert "draft.mp4" in jan.files() and len(waiting(david)) == 5, "the others went, and these wait on"


def test_words_that_the_queue_cannot_take(both: tuple[Person, Person]) -> None:
    david, _ = both
    david.write("draft.mp4", "x")
    assert "no file called 'draft.mov'" in david.expect(2, "up", "--queue", "draft.mov").err
    for more in (["--dry-run"], ["--all"], ["--on-conflict", "mine"], ["--again"]):
        assert "--queue goes with no other option" in david.expect(2, "up", "--queue", *more).err
    assert "does not wait in the queue" in david.expect(2, "queue", "clear", "draft.mp4").err
    david.ok("up", "--queue", "draft.mp4")
    david.ok("queue", "clear", "--dry-run")
    assert waiting(david) == ["draft.mp4"]


def test_up_without_a_network_queues_where_the_user_says_so(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = both
    david.write("draft.mp4", "x")
    back = away(tmp_path)
    assert david.run("up", "draft.mp4").code != 0 and waiting(david) == []
    david.ok("config", "set", "offline", "queue")
    failed = david.run("up", "draft.mp4")
    assert failed.code != 0 and "it waits in the queue" in failed.err
    assert waiting(david) == ["draft.mp4"]
    david.run("up", "--dry-run")
    assert waiting(david) == ["draft.mp4"]
    back()
    david.ok("queue", "run", "--all")
    assert waiting(david) == [] and david.states() == {"draft.mp4": "in_sync"}


def test_up_of_all_projects_without_a_network_queues_each(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = both
    other = david.repo / "b64" / "s3-staging"
    other.mkdir(parents=True)
    (other / "late.mp4").write_text("y")
    david.write("draft.mp4", "x")
    david.ok("config", "set", "offline", "queue")
    back = away(tmp_path)
    assert "it waits in the queue" in david.run("up", "--all").err
    assert waiting(david) == [None]
    back()
    sent = david.ok("queue", "run", "--all", "--json").json["projects"]
    assert sorted(one["project"] for one in sent) == [PROJECT, "b64"]
    assert david.states() == {"draft.mp4": "in_sync"}


def test_no_server_is_no_network_and_no_right_is_none(tmp_path: Path) -> None:
    """What waiting does not change is not queued: it would fail again for ever, and nobody would see it."""
    nobody = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    david = Person("david", tmp_path / "david", {**nobody, "S3SYNC_STORE": "s3://film/team", "S3SYNC_REPO": "r"})
    david.write("draft.mp4", "x")
    david.ok("config", "set", "offline", "queue")
    david.ok("config", "set", "retries", "0")
    failed = david.run("up")
    assert failed.code != 0 and "it waits in the queue" in failed.err and waiting(david) == [None]
    david.ok("queue", "clear")
    failed = david.run("up", env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
    assert failed.code != 0 and "queue" not in failed.err and waiting(david) == []


def test_a_watch_sends_what_waits(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = both
    david.write("draft.mp4", "x")
    david.ok("up")
    david.write("late.mp4", "y")
    david.ok("up", "--queue")
    back = away(tmp_path)
    clock = Moments(900)
    clock.at(120, back)
    told = watch(david, clock)
    assert names(told) == ["late.mp4"] and waiting(david) == []


@pytest.mark.parametrize("hook", ["pre-push", "post-merge"])
def test_git_hooks_send_what_waits_beside_git(both: tuple[Person, Person], tmp_path: Path, hook: str) -> None:
    david, jan = both
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "origin.git")], check=True)
    git(david, "init", "-q")
    git(david, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(david, "add", ".")
    commit(david, "first")
    git(david, "push", "-q", "origin", "HEAD:main")
    david.ok("hooks", "install")
    david.write("draft.mp4", "x")
    david.ok("up", "--queue")
    if hook == "pre-push":
        commit(david, "second")
        git(david, "push", "-q", "origin", "HEAD:main")
    else:
        git(david, "checkout", "-q", "-b", "other")
        commit(david, "on a branch")
        git(david, "checkout", "-q", "-")
        david.write("late.mp4", "y")
        git(david, "merge", "-q", "other")
    until(lambda: waiting(david) == [])
    jan.ok("down")
    assert jan.read("draft.mp4") == b"x"


def test_a_queue_that_was_written_by_nobody_of_ours_harms_nothing(both: tuple[Person, Person]) -> None:
    david, _ = both
    david.write("draft.mp4", "x")
    david.ok("up", "--queue", "draft.mp4")
    rows = {
        "queued to go up: 1": "[]",
        "queued to go up: 2": '{"word": "../../../etc/passwd", "at": "2026-11-26T08:00:00Z"}',
        "queued to go up: 3": '{"word": "/etc/passwd", "at": "2026-11-26T08:00:00Z"}',
        "queued to go up: 4": '{"word": "x", "at": "\\u001b[2J"}',
        "queued to go up: 5": "\x00",
    }
    with sqlite3.connect(david.staging / ".s3sync" / "state.db") as database:
        database.executemany("INSERT INTO fact VALUES (?, ?)", rows.items())
    assert waiting(david) == ["draft.mp4"]
    david.ok("queue", "run")
    assert david.states() == {"draft.mp4": "in_sync"} and PROJECT in david.ok("queue", "--json").out


PLANTED: dict[str | bytes, str | bytes | int] = {
    "../../x": '{"word": "../../x", "at": "2026-11-26T08:00:00Z"}',
    "another word": '{"word": "draft.mp4", "at": "2026-11-26T08:00:00Z"}',
    "\x1b[2Jno text": b"\xff\x00",
    b"\xffname": "{}",
    "a number": 7,
    "w" * 5000: '{"word": "w", "at": "2026-11-26T08:00:00Z"}',
    "half a letter": '{"word": "\\ud800", "at": "2026-11-26T08:00:00Z"}',
}


def plant(person: Person, beginning: str, rows: dict[str | bytes, str | bytes | int]) -> None:
    with sqlite3.connect(person.staging / ".s3sync" / "state.db") as database:
        for name, value in rows.items():
            cell = name.encode() if isinstance(name, str) else name
            database.execute("INSERT INTO fact VALUES (? || CAST(? AS TEXT), ?)", (beginning, cell, value))


def rows_of(person: Person, beginning: str) -> int:
    with sqlite3.connect(person.staging / ".s3sync" / "state.db") as database:
        query = "SELECT count(*) FROM fact WHERE substr(name, 1, ?) = ?"
        return int(database.execute(query, (len(beginning), beginning)).fetchone()[0])


def test_whatever_stands_in_the_queue_can_be_taken_off(both: tuple[Person, Person]) -> None:
    """Rows of names that no s3sync takes stayed for ever: they came with a state.db, and no verb reached them."""
    david, _ = both
    david.write("draft.mp4", "x")
    david.ok("up", "--queue", "draft.mp4")
    plant(david, "queued to go up: ", PLANTED)
    told = david.ok("queue")
    assert told.err.count("no s3sync wrote") == 1 and "7 entries" in told.err and "\x1b" not in told.err, told
    assert waiting(david) == ["draft.mp4"]
    assert "../../x" in david.ok("queue", "clear", "../../x").out
    assert david.ok("queue", "clear", "--json", "--dry-run").json["foreign"] and waiting(david) == ["draft.mp4"]
    plant(david, "queued to go up: ", {f"more {number}": "x" for number in range(3000)})
    cleared = david.ok("queue", "clear")
    assert "a number" in cleared.out and "draft.mp4" in cleared.out and "\x1b" not in cleared.out + cleared.err
    assert rows_of(david, "queued to go up: ") == 0 and david.ok("queue").err == ""


def test_patterns_that_cannot_be_used_keep_nothing_else_from_going(both: tuple[Person, Person]) -> None:
    """One that cannot be compiled ended the run; long ones took half a minute each time."""
    david, jan = both
    david.write("draft.mp4", "x")
    david.ok("up", "--queue", "draft.mp4")
    odd = ["*/**/a/**/b/**/c", "?\\", *(f"[a]*{number:03}{'?' * 4000}" for number in range(60))]
    at = '"at": "2026-11-26T08:00:00Z"'
    plant(david, "queued to go up: ", {word: f'{{"word": {json.dumps(word)}, {at}}}' for word in odd})
    said = david.expect(1, "queue", "run")
    assert "*/**/a/**/b/**/c cannot be used as a pattern" in said.err and "s3sync queue clear" in said.err, said
    assert "draft.mp4" not in waiting(david)
    jan.ok("down")
    assert jan.read("draft.mp4") == b"x"
    david.ok("queue", "clear", odd[1])
    assert odd[1] not in waiting(david)
