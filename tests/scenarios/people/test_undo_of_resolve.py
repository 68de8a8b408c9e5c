"""`undo` of a decided conflict: both versions are there again, for both people, and the conflict is open."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.manifest.edits import KEPT_BOTH, KEPT_COPY
from s3sync.sync.carry_out import carry_out
from s3sync.team import undoing
from tests.kit.people import Person, pair, tree
from tests.scenarios.people.test_conflicts import (
    DAVIDS,
    FILM,
    JANS,
    clash,
    keep_both,
    manifest_of,
    open_ones,
    project_of,
    records,
)


@pytest.fixture
def here(tmp_path: Path) -> tuple[Person, Person]:
    """Both changed the film, and David has sent his, on a folder store."""
    return clash(*pair(tmp_path, f"file://{tmp_path / 'store'}", {}))


@pytest.fixture
def kept(here: tuple[Person, Person]) -> tuple[Person, Person, str]:
    """Jan has synced since: both have both versions, and the copy is Jan's."""
    return (*here, keep_both(*here))


def states(person: Person) -> set[str]:
    return set(person.states().values())


@pytest.mark.parametrize("option", ["--mine", "--theirs"])
def test_a_decision_between_two_kept_versions_is_taken_back_for_both(
    people: tuple[Person, Person], option: str
) -> None:
    david, jan = clash(*people)
    copy = keep_both(david, jan)
    before = jan.files()
    jan.ok("resolve", FILM, option)
    planned = jan.ok("undo", "--dry-run", "--json").json
    assert planned["verb"] == "resolve" and planned["undone"][-1]["what"] == "reopened"
    jan.expect(5, "undo", answer="n\n")
    assert jan.files() != before
    shown = jan.ok("undo", "--yes").out
    assert "the conflict is open again" in shown and "undid resolve of just now for 2 files" in shown
    assert jan.files() == before and states(jan) == {"in_sync"}
    david.ok("sync")
    assert david.files() == before and states(david) == {"in_sync"}
    for person in people:
        (found,) = open_ones(person)
        assert (found["name"], found["kept_as"], found["by"]) == (FILM, copy, "jan")
    assert "jan opened again the conflict of" in david.ok("log").out
    assert "Nothing to undo" in jan.ok("undo", "--yes").out
    jan.ok("resolve", FILM, "--mine")
    david.ok("sync")
    assert david.read(FILM) == jan.read(FILM) == JANS


def test_that_both_stay_is_taken_back_too(kept: tuple[Person, Person, str]) -> None:
    david, jan, copy = kept
    files = jan.files()
    jan.ok("resolve", copy, "--both")
    assert records(jan)[0]["resolution"] == KEPT_BOTH
    jan.ok("undo", "--yes")
    (record,) = records(jan)
    assert record["resolved"] is False and not {"resolved_by", "resolved_at", "resolution"} & set(record)
    assert jan.files() == files and len(open_ones(david)) == 1


@pytest.mark.parametrize("option", ["--mine", "--theirs", "--both"])
def test_a_decision_of_what_only_clashed_is_taken_back(here: tuple[Person, Person], option: str) -> None:
    david, jan = here
    before = jan.files(), jan.states()
    jan.ok("resolve", FILM, option)
    assert "undid resolve of just now for " in jan.ok("undo", "--yes").out
    assert (jan.files(), jan.states()) == before and jan.read(FILM) == JANS
    (found,) = open_ones(jan)
    assert found["kind"] == "live"
    david.ok("down")
    assert david.read(FILM) == DAVIDS


def test_what_somebody_changed_since_is_left_alone_and_said(kept: tuple[Person, Person, str]) -> None:
    david, jan, copy = kept
    jan.ok("resolve", FILM, "--mine")
    david.ok("sync")
    david.write(FILM, "david went on with jan's")
    david.ok("up")
    files = jan.files()
    report = jan.expect(3, "undo", "--yes", "--json").json
    assert report["undone"] == [] and [one["name"] for one in report["refused"]] == [FILM]
    assert "by david" in report["refused"][0]["error"]
    assert jan.files() == files and records(jan)[0]["resolution"] == KEPT_COPY
    jan.write(copy, "something else under the copy's name")
    assert {one["name"] for one in jan.expect(3, "undo", "--yes", "--json").json["refused"]} == {FILM, copy}


def test_what_was_changed_here_since_stays(kept: tuple[Person, Person, str]) -> None:
    _, jan, _ = kept
    jan.ok("resolve", FILM, "--mine")
    jan.write(FILM, "graded since")
    assert "was changed here since" in jan.expect(3, "undo", "--yes").err
    assert jan.read(FILM) == b"graded since"


def test_locks_of_others_are_respected(kept: tuple[Person, Person, str]) -> None:
    david, jan, _ = kept
    jan.ok("resolve", FILM, "--mine")
    david.ok("sync")
    david.ok("lock", FILM)
    assert "locked by david" in jan.expect(3, "undo", "--yes").err
    assert jan.read(FILM) == JANS


def test_another_decision_since_stands(kept: tuple[Person, Person, str]) -> None:
    """As David's computer would have written it."""
    _, jan, _ = kept
    jan.ok("resolve", FILM, "--both")
    path = manifest_of(jan)
    path.write_text(path.read_text("utf-8").replace('"resolved_by": "jan"', '"resolved_by": "david"'), "utf-8")
    assert "decided by somebody else" in jan.expect(3, "undo", "--yes").err
    assert records(jan)[0]["resolved"] is True


def test_the_run_after_a_decision_is_what_is_undone(kept: tuple[Person, Person, str]) -> None:
    _, jan, _ = kept
    jan.ok("resolve", FILM, "--mine")
    jan.write("new.txt", "x")
    jan.ok("sync")
    assert jan.ok("undo", "--yes", "--json").json["verb"] == "sync"
    assert "Nothing to undo" in jan.ok("undo", "--yes").out and jan.read(FILM) == JANS


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_in_between_nothing_is_lost_and_the_same_command_goes_on(
    kept: tuple[Person, Person, str], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    david, jan, copy = kept
    before = jan.files()
    jan.ok("resolve", FILM, "--mine")

    def dies(*given: Any, **more: Any) -> dict[str, str]:
        if when == "after":
            carry_out(*given, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(undoing, "carry_out", dies)
        project_of(jan).undo()
    jan.ok("undo", "--yes")
    jan.ok("sync")
    david.ok("sync")
    assert jan.files() == david.files() == before
    (found,) = open_ones(david)
    assert found["kept_as"] == copy


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../../elsewhere.mp4"},
        {"name": ".git/hooks/pre-commit"},
        {"path": "notes.txt"},
        {"path": "../../elsewhere.mp4"},
        {"stamp": "../../elsewhere"},
    ],
    ids=str,
)
def test_a_row_of_state_db_that_no_decision_wrote_takes_nothing_back(
    kept: tuple[Person, Person, str], change: dict[str, str]
) -> None:
    """Whoever made the archive of a clone may have written it."""
    _, jan, _ = kept
    jan.ok("resolve", FILM, "--mine")
    with closing(sqlite3.connect(jan.staging / ".s3sync/state.db")) as database, database:
        ((text,),) = database.execute("SELECT value FROM intent WHERE kind = 'decided'").fetchall()
        row = json.loads(text)
        for part in [row] if "name" in change else row["done"]:
            part.update(change)
        database.execute("UPDATE intent SET value = ? WHERE kind = 'decided'", (json.dumps(row),))
    before = jan.files(), tree(manifest_of(jan).parent)
    assert "Nothing to undo" in jan.ok("undo", "--yes").out
    assert (jan.files(), tree(manifest_of(jan).parent)) == before
