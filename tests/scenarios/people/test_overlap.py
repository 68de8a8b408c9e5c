"""A store that overlaps the repository: refused by every command before anything is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person


@pytest.fixture
def david(tmp_path: Path) -> Person:
    person = Person("david", tmp_path / "david")
    person.ok("init", PROJECT, "--store", f"file://{tmp_path}/nas", "--repo", REPO, cwd=person.repo)
    person.write("draft.mp4", "draft")
    (person.project / "script.md").write_text("my script")
    return person


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refuse(person: Person, *words: str, cwd: Path | None = None) -> str:
    before = everything(person.root.parent)
    result = person.expect(2, *words, cwd=cwd)
    assert everything(person.root.parent) == before, result
    assert result.err.count("error:") == 1 and "hint:" in result.err, result
    return result.err


@pytest.mark.parametrize("where", ["{repo}/.cache/store", "{staging}/store", "{repo}/..", "{root}"])
def test_f33_init_writes_nothing(tmp_path: Path, where: str) -> None:
    person = Person("david", tmp_path / "david")
    store = os.path.normpath(where.format(repo=person.repo, staging=person.staging, root=person.root))
    for more in ((), ("--dry-run",)):
        err = refuse(person, "init", PROJECT, "--store", f"file://{store}", *more, cwd=person.repo)
        assert "the repository" in err
    assert [path.name for path in person.repo.iterdir()] == [".git"]


@pytest.mark.parametrize("words", [("up",), ("down",), ("sync",), ("status",), ("cleanup", "-y"), ("up", "--dry-run")])
def test_f33_every_command_refuses_it_as_a_flag(david: Person, words: tuple[str, ...]) -> None:
    err = refuse(david, *words, "--store", f"file://{david.root}")
    assert "it contains the repository" in err


def test_f33_a_pulled_setting_is_refused(david: Person) -> None:
    link = david.root / "nas2"
    link.symlink_to(david.staging)
    text = (david.repo / ".s3sync.yaml").read_text()
    (david.repo / ".s3sync.yaml").write_text(text.replace(f"{david.root.parent}/nas", f"localhost{link}/x"))
    for words in (("up",), ("sync",), ("down",)):
        assert "it lies in the repository" in refuse(david, *words)


def test_f33_a_home_that_is_the_repository_is_told_what_to_do(tmp_path: Path) -> None:
    """The embedded store lies in the user's data directory, and with it in this repository."""
    person = Person("david", tmp_path / "david", {"XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""})
    home = person.root / "home"
    (home / ".git").mkdir()
    (home / "films").mkdir()
    err = refuse(person, "init", "films", cwd=home)
    assert "it lies in the repository" in err and "s3sync init --store" in err
    assert [path.name for path in home.iterdir()] == [".git", "films"] or not (home / ".local").exists()
    person.ok("init", "films", "--store", f"file://{tmp_path}/nas", cwd=home)
    assert not (home / ".local").exists()


def test_f33_a_store_in_the_staging_folder_of_another_repository(david: Person, tmp_path: Path) -> None:
    """Its objects would be that project's files, and each run of the two makes more of them."""
    david.ok("up")
    kim = Person("kim", tmp_path / "kim")
    (tmp_path / "link").symlink_to(david.staging)
    for place in (david.staging, david.staging / "new" / "store", tmp_path / "link" / "cut"):
        err = refuse(kim, "init", "b70", "--store", f"file://{place}", "--repo", "other", cwd=kim.repo)
        assert f"it lies in the staging folder {david.staging}" in err
    kim.ok("init", "b70", "--store", f"file://{david.root}/beside", "--repo", "other", cwd=kim.repo)
