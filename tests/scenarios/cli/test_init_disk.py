"""A repository whose store is a folder of a disk that is not plugged in just then."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

import pytest

from s3sync.errors import Halt, UsageError
from s3sync.repository import init
from tests.kit.people import Person
from tests.scenarios.cli.terminal import on_terminal


@pytest.fixture
def david(tmp_path: Path) -> Person:
    return Person("david", tmp_path / "david", {})


@pytest.mark.parametrize("place", ["/media/david", "/Volumes", "a folder that is away"])
def test_a_disk_that_is_not_plugged_in_is_said(place: str, david: Person) -> None:
    away = Path(place) if place.startswith("/") else david.root / "disks"
    disk = away / uuid.uuid4().hex / "shared"
    for words in ((), ("--yes",), ("--dry-run",)):
        refused = david.expect(5, "init", "b63-film", "--store", disk.as_uri(), *words, cwd=david.repo)
        assert f"no folder store at {disk} yet" in refused.err and "connect the disk" in refused.err
        assert "on this computer's own disk" in refused.err and "the same command with --create" in refused.err
    told = david.expect(5, "init", "--store", disk.as_uri(), "--json", cwd=david.repo).json
    assert told["error"]["type"] == "Halt" and told["exit_code"] == 5
    assert not os.path.lexists(disk.parent) and not os.path.lexists(david.repo / ".s3sync.yaml"), "nothing was made"
    with pytest.raises(Halt, match="no folder store"):
        init(path=david.repo, settings={"store": disk.as_uri()}, environ=david.env())
    assert not os.path.lexists(disk.parent)


def test_it_is_made_where_that_is_said_and_nobody_else_makes_it(david: Person) -> None:
    disk = david.root / "T7/shared"
    words = ("init", "b63-film", "--store", disk.as_uri(), "--user", "david")
    question = "own disk? [y/N]"
    declined = on_terminal(david, *words, answers=[(question, "n")], cwd=david.repo)
    assert declined.code == 5 and not disk.parent.exists(), declined
    made = on_terminal(david, *words, answers=[(question, "y")], cwd=david.repo)
    assert made.code == 0 and f"folder store: {disk}, on this computer's own disk" in made.out, made
    assert "folder store" not in david.ok(*words, "--verbose", cwd=david.repo).out, "it is there"
    shutil.rmtree(disk.parent)
    again = david.expect(5, *words, cwd=david.repo)
    assert "connect the disk" in again.err and not disk.parent.exists()
    david.write("draft.mp4", b"x")
    away = david.run("up", cwd=david.repo / "b63-film")
    assert away.code == 1 and "connect the disk" in away.err and not disk.parent.exists(), away


def test_with_create_nobody_is_asked(david: Person) -> None:
    disk = david.root / "T7/shared"
    words = ("init", "b63-film", "--store", disk.as_uri(), "--create", "--json")
    planned = david.ok(*words, "--dry-run", cwd=david.repo).json
    assert planned["steps"][0]["what"].startswith(f"folder store: {disk}") and not disk.parent.exists()
    assert david.ok(*words, cwd=david.repo).json["steps"][0] == planned["steps"][0] and disk.exists()


def test_create_is_of_folders(david: Person) -> None:
    refused = david.expect(2, "init", "--store", "s3://some-bucket/x", "--create", cwd=david.repo)
    assert "leave out --create" in refused.err
    with pytest.raises(UsageError):
        init(path=david.repo, settings={}, environ=david.env(), create=True)
