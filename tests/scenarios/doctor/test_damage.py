"""A damaged state.db: every command says so and changes nothing, `doctor --fix` mends it, and nobody loses a byte."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import pytest

from s3sync.api import Project
from s3sync.errors import LocalError
from s3sync.state.memory import VERSION
from s3sync.store import StoreOptions, open_store
from tests.kit.people import Person, tree
from tests.scenarios.doctor.conftest import NewPatient, by_name, examine, levels

Damage: TypeAlias = Callable[[Path], None]
FILES = 120


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero_pages(path: Path) -> None:
    """The middle of the base, so that its beginning and its end can be read."""
    whole = path.read_bytes()
    for found in re.finditer(b"take-060", whole):
        page = found.start() - found.start() % 4096
        path.write_bytes(whole[:page] + bytes(4096) + whole[page + 4096 :])
        with closing(sqlite3.connect(path)) as connection:
            try:
                connection.execute("SELECT count(path || etag) FROM base").fetchone()
            except sqlite3.DatabaseError:
                return
    raise AssertionError("no page of the base has the file in its middle")


def garbage_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[:100] = b"\xde\xad" * 50
    path.write_bytes(data)


def sql(statement: str) -> Damage:
    def act(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(statement)

    return act


WHOLE = {"no table": sql("DROP TABLE parts"), "wrong version": sql("PRAGMA user_version = 0")}
BROKEN = {"truncated": truncated, "zero pages": zero_pages, "garbage header": garbage_header}


def run(person: Person, verb: str) -> int:
    """A verb in this process, as it is quicker."""
    return int(getattr(Project.open(path=person.project, environ=person.env()), verb)().exit_code)


def two_people(new_patient: NewPatient) -> tuple[Person, Person]:
    """Everything agreed on, then a change on each side, and one on both."""
    david, jan = new_patient(user="david"), new_patient(user="jan")
    for number in range(FILES):
        david.write(f"takes/take-{number:03}-of-the-opening-scene.wav", f"take {number}")
    assert run(david, "up") == 0 and run(jan, "down") == 0
    david.write("takes/take-001-of-the-opening-scene.wav", "edited by david")
    jan.write("takes/take-002-of-the-opening-scene.wav", "edited by jan")
    david.write("takes/take-003-of-the-opening-scene.wav", "david's version")
    jan.write("takes/take-003-of-the-opening-scene.wav", "jan's version")
    jan.write("new.wav", "new by jan")
    assert run(jan, "up") == 0
    return david, jan


def contents(person: Person) -> set[str]:
    return set(person.files().values())


def with_trash(*roots: Path) -> set[str]:
    return {sha256(path.read_bytes()).hexdigest() for root in roots for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", [*BROKEN, *WHOLE])
def test_a_damaged_memory_is_rebuilt_and_nothing_is_lost(new_patient: NewPatient, name: str, tmp_path: Path) -> None:
    david, jan = two_people(new_patient)
    file = david.staging / ".s3sync" / "state.db"
    (BROKEN | WHOLE)[name](file)
    damaged = file.read_bytes()
    before, precious = david.files(), contents(david) | contents(jan)
    store = tree(tmp_path / "store" / "v-appydave")
    for verb in ("status", "up", "down", "sync"):
        with pytest.raises(LocalError) as caught:
            run(david, verb)
        assert str(file) in caught.value.message and "s3sync doctor --fix" in (caught.value.hint or "")
    assert (david.files(), tree(tmp_path / "store" / "v-appydave"), file.read_bytes()) == (before, store, damaged)
    report = examine(david)
    assert {check for check, level in levels(report).items() if level == "fail"} == {"state_database"}
    assert "damaged" in by_name(report)["state_database"].found

    report = examine(david, fix=True)
    assert levels(report)["state_database"] == "ok" and report.exit_code == 0
    assert [line for line in report.fixed if "is rebuilt with" in line]
    (aside,) = file.parent.glob("state.corrupt-*.db")
    assert aside.read_bytes() == damaged and david.files() == before
    assert run(david, "sync") == 4
    assert run(jan, "sync") == 0
    assert david.files() == jan.files()
    assert precious <= with_trash(david.staging, tmp_path / "store")
    edits = ("edited by david", "edited by jan", "david's version", "jan's version", "new by jan")
    assert {sha256(edit.encode()).hexdigest() for edit in edits} <= contents(david)
    copies = [path.name for path in david.staging.rglob("*.conflict-*")]
    asked_about = {"zero pages": 2, "truncated": 3, "garbage header": 3}  # what it does not remember
    assert len(copies) == asked_about.get(name, 1), copies


def test_a_missing_table_costs_nothing_of_what_the_base_knew(new_patient: NewPatient) -> None:
    david, jan = two_people(new_patient)
    WHOLE["no table"](david.staging / ".s3sync" / "state.db")
    (david.staging / "draft.mp4").unlink()
    report = examine(david, fix=True)
    assert f"rebuilt with {FILES + 1} files (all that it remembered could be read)" in report.fixed[0]
    assert run(david, "sync") == 4 and run(jan, "sync") == 0
    assert "draft.mp4" not in jan.files()


@pytest.mark.parametrize("lost", ["digest", "place"])
def test_a_rebuilt_base_is_not_taken_for_that_of_another_store(
    new_patient: NewPatient, lost: str, tmp_path: Path
) -> None:
    david, _ = two_people(new_patient)
    sql(f"DROP TABLE {lost}")(david.staging / ".s3sync" / "state.db")
    before, home = david.files(), david.environ
    david.environ = {"S3SYNC_STORE": f"file://{tmp_path / 'another'}"}
    other = Person("other", tmp_path / "other", david.environ)
    for name in list(before)[3:]:
        other.write(name, david.read(name))
    open_store(david.environ["S3SYNC_STORE"], StoreOptions(create=True))
    assert run(other, "up") == 0
    examine(david, fix=True)
    assert run(david, "sync") == 0
    assert david.files() == before
    david.environ = home
    with Project.open(path=david.project, environ=david.env()).session.memory(read_only=True) as state:
        assert state.count_base() == (FILES + 1 if lost == "digest" else 0)


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_broken_memory_may_have_forgotten_is_never_deleted(new_patient: NewPatient, name: str) -> None:
    david, jan = two_people(new_patient)
    jan_deletes, david_deletes = "takes/take-000-of-the-opening-scene.wav", "takes/take-119-of-the-opening-scene.wav"
    (jan.staging / jan_deletes).unlink()
    assert run(jan, "sync") == 0
    (david.staging / david_deletes).unlink()
    BROKEN[name](david.staging / ".s3sync" / "state.db")
    examine(david, fix=True)
    run(david, "sync")
    assert {jan_deletes, david_deletes} <= set(david.files())


def test_without_the_store_nothing_is_certain_and_nothing_is_lost(new_patient: NewPatient, tmp_path: Path) -> None:
    david, jan = two_people(new_patient)
    precious = contents(david) | contents(jan)
    truncated(david.staging / ".s3sync" / "state.db")
    (tmp_path / "store").rename(tmp_path / "unmounted")
    report = examine(david, fix=True)
    assert "rebuilt with 0 files (nothing is certain while the store cannot be asked" in report.fixed[0]
    assert levels(report)["state_database"] == "ok" and levels(report)["bucket"] == "fail"
    (tmp_path / "unmounted").rename(tmp_path / "store")
    assert run(david, "sync") == 4 and run(jan, "sync") == 0
    assert david.files() == jan.files() and precious <= contents(david)


def test_a_newer_memory_is_no_damage(new_patient: NewPatient) -> None:
    david = new_patient()
    david.ok("up")
    file = david.staging / ".s3sync" / "state.db"
    sql(f"PRAGMA user_version = {VERSION + 1}")(file)
    before = file.read_bytes()
    report = examine(david, fix=True)
    check = by_name(report)["state_database"]
    assert (check.level, report.fixed) == ("fail", []) and "upgrade" in (check.hint or "")
    assert file.read_bytes() == before and not list(file.parent.glob("state.corrupt-*"))


def test_the_command_line_says_it_in_three_lines(new_patient: NewPatient) -> None:
    david = new_patient()
    david.ok("up")
    garbage_header(david.staging / ".s3sync" / "state.db")
    result = david.expect(1, "sync")
    assert [line.split(":")[0] for line in result.err.splitlines()] == ["error", "  why", "hint"] and not result.out
    assert "hint: s3sync doctor --fix" in result.err
    fixed = david.ok("doctor", "--fix", "--json").json
    assert len(fixed["fixed"]) == 1 and fixed["counts"]["fail"] == 0
    assert david.states() == {"draft.mp4": "in_sync"}
