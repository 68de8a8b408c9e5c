"""Retention: what a run lets go of in the two trashes, and what it must not, through the real command line."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from s3sync import Project
from s3sync.config.rules import TrashRules
from s3sync.sync import retention
from s3sync.sync import trash as trash_rules
from tests.kit.people import PROJECT, Person, pair

DAY = 86_400
People: TypeAlias = tuple[Person, Person]


@pytest.fixture
def folder(tmp_path: Path) -> People:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


def regret(people: People) -> None:
    """In both trashes, here Jan's: `twin.mp4`, whose content `kept.mp4` has, and `last.mp4`, which is nowhere else."""
    david, jan = people
    for name, content in (("kept.mp4", "twin"), ("twin.mp4", "twin"), ("last.mp4", "last"), ("b", "b"), ("c", "c")):
        david.write(name, content)
    david.ok("sync")
    jan.ok("sync")
    for name in ("twin.mp4", "last.mp4"):
        (david.staging / name).unlink()
    david.ok("sync")
    jan.ok("sync")
    assert trash(jan) == {"twin.mp4", "last.mp4"} == trash(jan, "--remote")


def trash(person: Person, side: str = "--local") -> set[str]:
    return {item["name"] for item in person.ok("trash", "list", side, "--json").json["files"]}


def age_there(people: People, days: float = 31) -> None:
    """Let what is in the remote trash have come there so many days ago, by the store's time."""
    store = people[0].root.parent / "store"
    for path in store.rglob("*"):
        if path.is_file() and "trash" in path.parts:
            os.utime(path, (time.time() - days * DAY,) * 2)


def age_here(person: Person, days: float = 31) -> None:
    """And that in the trash of a person's computer."""
    stamp = datetime.now(UTC) - timedelta(days=days)
    for path in (person.staging / ".s3sync/trash").iterdir():
        path.rename(path.with_name(re.sub(r"^\d{8}-\d{6}", f"{stamp:%Y%m%d-%H%M%S}", path.name)))


def next_day(person: Person) -> None:
    """Let the last look be more than a day ago."""
    with closing(sqlite3.connect(person.staging / ".s3sync/state.db")) as db, db:
        rows = db.execute("SELECT name, value FROM fact WHERE name LIKE 'trash looked through%'").fetchall()
        for name, value in rows:
            at, _, rest = value.partition(" ")
            before = datetime.fromisoformat(at) - timedelta(hours=25)
            value = f"{before:%Y-%m-%dT%H:%M:%SZ} {rest}".rstrip()
            db.execute("UPDATE fact SET value = ? WHERE name = ?", (value, name))
    assert rows


def test_what_is_old_and_exists_elsewhere_goes_and_last_copies_stay(folder: People) -> None:
    david, jan = folder
    regret(folder)
    age_there(folder)
    age_here(jan)
    david.ok("up")
    assert trash(david, "--remote") == {"twin.mp4", "last.mp4"}  # today somebody looked already
    for person in folder:
        next_day(person)
    david.ok("up", "--dry-run")
    david.ok("status")
    assert trash(david, "--remote") == {"twin.mp4", "last.mp4"}
    said = david.ok("up").out
    assert said.count("Trash: deleted 1 file (4 B) beyond its limits") == 1
    assert trash(david, "--remote") == {"last.mp4"} and trash(jan) == {"twin.mp4", "last.mp4"}
    assert jan.ok("down", "--json").json["trash"] == {"files": 1, "bytes": 4}
    assert trash(jan) == {"last.mp4"}
    jan.ok("trash", "restore", "last.mp4")
    assert jan.read("last.mp4") == b"last"
    assert "Trash:" not in david.ok("up").out


def test_down_leaves_the_trash_of_the_others_alone(folder: People) -> None:
    david, jan = folder
    regret(folder)
    age_there(folder)
    next_day(jan)
    jan.ok("down")
    assert trash(david, "--remote") == {"twin.mp4", "last.mp4"}


def test_what_is_young_stays_and_so_does_what_only_a_peer_says_is_elsewhere(folder: People) -> None:
    """Jan's last copy has come back on the remote under another name, which Jan's computer has never agreed with."""
    david, jan = folder
    regret(folder)
    next_day(jan)
    jan.ok("up")
    assert trash(jan) == {"twin.mp4", "last.mp4"}
    david.write("again.mp4", "last")
    david.ok("up")
    age_here(jan)
    next_day(jan)
    jan.ok("up")
    assert trash(jan) == {"last.mp4"}
    jan.ok("down")
    next_day(jan)
    jan.ok("down")
    assert trash(jan) == set()


def test_last_copies_go_only_by_the_users_own_settings(folder: People) -> None:
    david, _ = folder
    regret(folder)
    age_there(folder)
    shared, own = david.repo / ".s3sync.yaml", david.root / "home/.config/s3sync/config.yaml"
    before = shared.read_text()
    shared.write_text(f"{before}trash:\n  days: 7\n  last_copies: true\n")
    refused = david.expect(2, "up")
    line = before.count("\n") + 3
    assert f"'trash.last_copies' in {shared} line {line}" in refused.err and "your own settings file" in refused.err
    shared.write_text(f"{before}trash: {{days: 0, size: 0}}\n")
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(f"{own.read_text() if own.exists() else ''}trash: {{last_copies: true}}\n")
    next_day(david)
    david.ok("up")
    assert trash(david, "--remote") == {"twin.mp4", "last.mp4"}  # days: 0 and size: 0 keep for ever
    shared.write_text(f"{before}trash: {{days: 7}}\n")
    assert "days: 7, size: 20G, last_copies: true" in david.ok("config").out
    david.ok("up")
    assert trash(david, "--remote") == set()


@pytest.mark.parametrize("text", ["{days: -1}", "{size: 20}", "{size: lots}", "{last_copies: 'no'}", "{day: 3}", "30"])
def test_bad_limits_are_refused(folder: People, text: str) -> None:
    david, _ = folder
    own = david.root / "home/.config/s3sync/config.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(f"trash: {text}\n")
    assert "setting 'trash" in david.expect(2, "status").err


def test_the_oldest_beyond_the_size_go(folder: People) -> None:
    david, _ = folder
    regret(folder)
    david.write("big.mov", "x" * 4000)
    david.write("kept.mov", "x" * 4000)
    david.ok("up")
    (david.staging / "big.mov").unlink()
    david.ok("sync")
    shared = david.repo / ".s3sync.yaml"
    shared.write_text(f"{shared.read_text()}trash: {{size: 1K}}\n")
    next_day(david)
    david.ok("up")
    assert trash(david, "--remote") == {"twin.mp4", "last.mp4", "big.mov"}  # younger than a day
    age_there(folder, days=2)
    next_day(david)
    assert "Trash: deleted" in david.ok("up").out
    left = trash(david, "--remote")
    assert "last.mp4" in left and "big.mov" not in left


def opened(person: Person, **rules: object) -> Project:
    project = Project.open(PROJECT, path=person.project, environ=person.env())
    settings = project.session.settings
    object.__setattr__(settings, "trash", TrashRules(**rules))  # type: ignore[arg-type]
    return project


def ahead(project: Project, days: int) -> Project:
    """The project on a computer whose clock is wrong."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC) + timedelta(days=days)  # noqa: E731
    return replace(project, session=replace(project.session, clock=clock))


def test_f19_the_clock_of_this_computer_does_not_age_what_is_on_the_remote(people: People) -> None:
    """On a real server as well: Jan's clock is a year ahead, his own trash is old, the team's is not."""
    david, jan = people
    regret(people)
    project = ahead(opened(jan), 365)
    assert project.up().trash_files == 1
    assert trash(jan) == {"last.mp4"} and trash(david, "--remote") == {"twin.mp4", "last.mp4"}
    emptied = project.empty_trash(side="remote", older_than=timedelta(days=30))
    assert not emptied.emptied and trash(david, "--remote") == {"twin.mp4", "last.mp4"}
    emptied = ahead(opened(jan), -365).empty_trash(side="remote", older_than=timedelta(seconds=-5))
    assert {one.name for one in emptied.emptied} == {"twin.mp4", "last.mp4"}


def test_the_remote_trash_keeps_its_size_on_each_store(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    david, _ = people
    regret(people)
    david.write("big.mov", "x" * 4000)
    david.write("kept.mov", "x" * 4000)
    david.ok("up")
    (david.staging / "big.mov").unlink()
    david.ok("sync")
    next_day(david)
    monkeypatch.setattr(trash_rules, "YOUNG", timedelta(seconds=-5))
    assert opened(david, size="1K").up().trash_files  # which is the oldest is told by seconds alone
    left = trash(david, "--remote")
    assert "last.mp4" in left and "big.mov" not in left


def test_much_is_done_over_several_days(folder: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of last copies whose size is also that of another file each costs a look: they do not stop the others."""
    david, _ = folder
    names = [f"{number}.mp4" for number in range(8)]
    for name in names:
        david.write(name, f"content {'of all' if name > '5' else name}")
    for name in ("kept.mp4", "b.mp4", "d.mp4"):
        david.write(name, "content of all")
    for name in ("other.mp4", "e.mp4", "f.mp4"):
        david.write(name, "content x.mp4")
    david.ok("up")
    for name in names:
        (david.staging / name).unlink()
    david.ok("sync", "--max-delete", "20")
    age_there(folder)
    monkeypatch.setattr(retention, "MOST_FILES", 3)
    gone = []
    for _ in range(4):
        next_day(david)
        gone.append(opened(david).up().trash_files)
    assert sum(gone) == 3 and max(gone) < 3 + 1 and gone[-1] == 0
    assert trash(david, "--remote") == {name for name in names if name < "5"}


def test_a_store_that_refuses_is_a_warning(folder: People) -> None:
    david, _ = folder
    regret(folder)
    age_there(folder)
    next_day(david)
    room = next(path for path in (david.root.parent / "store").rglob("trash") if path.is_dir())
    kept = {path: path.stat().st_mode for path in room.rglob("*") if path.is_dir()}
    for path in kept:
        path.chmod(0o500)
    try:
        result = david.run("up")
    finally:
        for path, mode in kept.items():
            path.chmod(mode)
    if os.geteuid() != 0:
        assert result.code == 0 and "the trash was not brought within its limits" in result.err
    assert "last.mp4" in trash(david, "--remote")
