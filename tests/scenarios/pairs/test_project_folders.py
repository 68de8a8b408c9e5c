"""What a command on two places takes out of a project: nobody's wish to delete it in a store of the project."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync.disk.guarded import GuardedFolder
from s3sync.state.lock import project_lock
from s3sync.store import StoreOptions, open_store
from tests.kit.people import PROJECT, REPO, Person, pair

FILES = ("a.mp4", "cut/b.mp4", "cut/c.mp4", "d.mp4", "e.mp4")


@pytest.fixture
def david(tmp_path: Path) -> Person:
    """Five files of a project, which two stores have."""
    person, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    for name in FILES:
        person.write(name, name)
    person.ok("up")
    open_store(f"file://{tmp_path / 'other'}", StoreOptions(create=True))
    person.ok("up", "--store", f"file://{tmp_path / 'other'}")
    return person


def in_store(root: Path) -> set[str]:
    """Files of the project that a store has."""
    top = root / REPO / PROJECT
    found = (path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file())
    return {name for name in found if name != "metadata.json"}


def deletes_nothing(person: Person, root: Path) -> None:
    """Sync with both stores. They have all that they had, and all is here again."""
    for store in (root / "store", root / "other"):
        had = in_store(store)
        synced = person.ok("sync", "--json", "--store", f"file://{store}").json
        assert synced["deleted"] == [] and had <= in_store(store)
    assert set(FILES) <= set(person.files())


@pytest.mark.parametrize("by", ["name", "path", "file"])
def test_what_is_moved_out_of_a_project_is_deleted_in_no_store(david: Person, tmp_path: Path, by: str) -> None:
    word = {"name": PROJECT, "path": str(david.staging / "cut"), "file": str(david.staging / "cut" / "b.mp4")}[by]
    more = ("--include", "cut/") if by == "name" else ()
    gone = {"cut/b.mp4"} if by == "file" else {"cut/b.mp4", "cut/c.mp4"}
    david.ok("move", word, str(tmp_path / "nas"), *more)
    assert set(david.files()) == set(FILES) - gone
    states = david.states()
    assert {name for name, state in states.items() if state == "remote_new"} == gone
    deletes_nothing(david, tmp_path)


def test_what_is_moved_into_the_projects_own_store_stays_there(david: Person, tmp_path: Path) -> None:
    """The next sync deleted what had just been moved to safety."""
    david.ok("move", PROJECT, f"file://{tmp_path / 'store' / REPO / PROJECT}", "--include", "cut/")
    assert "cut/b.mp4" not in david.files()
    deletes_nothing(david, tmp_path)


def test_what_a_mirror_deletes_in_a_project_is_deleted_in_no_store(david: Person, tmp_path: Path) -> None:
    nas = tmp_path / "nas"
    david.ok("copy", PROJECT, str(nas))
    (nas / "a.mp4").unlink()
    done = david.ok("sync", str(nas), PROJECT, "--delete", "--json").json
    assert [one["name"] for one in done["deleted"]] == ["a.mp4"] and "a.mp4" not in david.files()
    deletes_nothing(david, tmp_path)


def test_what_is_organized_out_of_a_project_and_back_is_deleted_in_no_store(david: Person, tmp_path: Path) -> None:
    nas = tmp_path / "nas"
    nas.mkdir()
    david.ok("organize", PROJECT, str(nas), "--layout", "x/{name}", "--move", "--yes", "--include", "cut/")
    assert sorted(path.name for path in nas.rglob("*.mp4")) == ["b.mp4", "c.mp4"]
    deletes_nothing(david, tmp_path)
    (nas / "new.mp4").write_text("new")
    david.ok("organize", str(nas), PROJECT, "--layout", "in/{name}", "--include", "new.mp4")
    david.ok("up")
    david.ok("organize", "--undo", "--yes")
    assert "in/new.mp4" not in david.files() and (nas / "new.mp4").read_text() == "new"
    deletes_nothing(david, tmp_path)


def test_a_new_name_within_a_project_is_a_rename_in_each_store(david: Person, tmp_path: Path) -> None:
    """As by hand: the bytes stay in the project."""
    david.ok("organize", PROJECT, PROJECT, "--layout", "all/{name}", "--move", "--yes", cwd=david.repo)
    for store in (tmp_path / "store", tmp_path / "other"):
        david.ok("sync", "--store", f"file://{store}")
        assert in_store(store) == {f"all/{Path(name).name}" for name in FILES}
    david.ok("organize", "--undo", "--yes", cwd=david.repo)
    david.ok("sync")
    assert in_store(tmp_path / "store") == set(FILES)


def test_nothing_leaves_while_another_run_works_on_the_project(david: Person, tmp_path: Path) -> None:
    words = ("move", str(david.staging / "cut"), str(tmp_path / "nas"))
    with GuardedFolder.open(david.staging / ".s3sync") as room, project_lock(room, now=datetime.now(UTC)):
        told = david.expect(6, *words)
        assert "another s3sync is working on this project" in told.err
        assert set(david.files()) == set(FILES)
    david.ok(*words)
    assert "cut/b.mp4" not in david.files()
