"""Two repositories of one name do not become one in the default store: that would bring files of one into the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.cli.terminal import on_terminal

QUESTION = "Do you trust this place? [y/N]"


@pytest.fixture
def mine(david: Person) -> Person:
    """David's repository, kept in the default store; nothing agrees for him."""
    david.environ = {**david.environ, "S3SYNC_TRUST": ""}
    david.write("salaries.csv", "secret")
    david.ok("up")
    return david


def stranger(person: Person, settings: str = "", name: str = "") -> Path:
    """A clone of somebody's repository: of the same name, or with that name in its settings; its project's folder."""
    clone = person.root / "downloads" / (name or person.repo.name)
    project = clone / person.project.name
    (project / "s3-staging").mkdir(parents=True)
    (clone / ".git").mkdir()
    (project / "s3-staging" / "run-me.sh").write_text("evil")
    if settings:
        (clone / ".s3sync.yaml").write_text(settings)
    return project


def kinds(person: Person) -> dict[str, Path]:
    return {
        "the same folder": stranger(person),
        "a setting": stranger(person, f"repo: {person.repo.name}\n", "cats"),
    }


@pytest.mark.parametrize("kind", ["the same folder", "a setting"])
@pytest.mark.parametrize("words", [("status",), ("up",), ("down",), ("sync",), ("sync", "--all"), ("projects",)])
def test_f47_a_name_of_another_repository_is_not_taken(mine: Person, kind: str, words: tuple[str, ...]) -> None:
    there = kinds(mine)[kind]
    refused = mine.expect(5, *words, cwd=there).err
    assert str(mine.repo) in refused and "`s3sync init --repo NAME`" in refused and "`s3sync trust`" in refused
    assert [path.name for path in (there / "s3-staging").iterdir()] == ["run-me.sh"]
    mine.ok("sync")
    assert mine.files().keys() == {"salaries.csv"}


@pytest.mark.parametrize("kind", ["the same folder", "a setting"])
def test_f47_init_does_not_take_it_either(mine: Person, kind: str) -> None:
    there = kinds(mine)[kind]
    for words in (("init",), ("init", "-y"), ("init", "--dry-run")):
        assert str(mine.repo) in mine.expect(5, *words, cwd=there).err
    mine.ok("init", "-y", "--repo", "cats-of-others", cwd=there)
    mine.ok("sync", cwd=there)
    assert [path.name for path in (there / "s3-staging").glob("[!.]*")] == ["run-me.sh"]
    mine.ok("down")
    assert mine.files().keys() == {"salaries.csv"}


def test_f47_a_remote_of_the_same_name_is_not_the_same_repository(mine: Person) -> None:
    """`init` names a repository by its remote, which another folder's name does not show."""
    there = stranger(mine, name="cats")
    (there.parent / ".git" / "config").write_text(
        f'[remote "origin"]\n\turl = https://h.example/x/{mine.repo.name}.git\n'
    )
    assert str(mine.repo) in mine.expect(5, "init", "-y", cwd=there).err


def test_f47_who_agrees_shares_the_name_and_is_asked_once(mine: Person) -> None:
    there = kinds(mine)["the same folder"]
    shown = on_terminal(mine, "status", answers=[(QUESTION, "n")], cwd=there)
    assert shown.code == 5 and f"also of:    {mine.repo}" in shown.out and "the same name" in shown.out
    mine.ok("trust", "--yes", cwd=there)
    mine.ok("down", cwd=there)
    assert (there / "s3-staging" / "salaries.csv").read_text() == "secret"
    mine.ok("trust", "--forget", cwd=there)
    mine.expect(5, "down", cwd=there)
    mine.ok("status")


def test_f47_the_first_use_needs_no_question_and_the_user_may_name_it(mine: Person) -> None:
    listed = json.loads(mine.ok("trust", "--list", "--json").out)["places"]
    assert [(place["repository"], place["name"]) for place in listed] == [(str(mine.repo), mine.repo.name)]
    assert mine.ok("trust").out.startswith("nothing to agree to")
    other = stranger(mine, name="cats")
    mine.ok("status", cwd=other)
    third = stranger(mine, name="dogs")
    mine.ok("status", cwd=third, env={"S3SYNC_REPO": mine.repo.name})


def test_f47_a_store_that_is_named_later_is_asked_about_as_the_first(mine: Person) -> None:
    """Nobody agreed to the default store: it is no place that changed."""
    (mine.repo / ".s3sync.yaml").write_text("store: s3://theirs\nregion: eu-west-1\n")
    shown = on_terminal(mine, "status", answers=[(QUESTION, "n")])
    assert "that you have not used with it before" in shown.out and "changed:" not in shown.out
