"""F51: the staging folder is a real folder of the project with a plain, visible name; every command refuses others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.people import Person, pair, tree

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")

COMMANDS = [
    ("status",), ("up",), ("down",), ("sync",), ("cleanup", "--yes"), ("cleanup", "--local", "--yes"), ("verify",),
    ("transfers",), ("doctor", "--fix"),
]  # fmt: skip


@pytest.fixture
def david(tmp_path: Path) -> Person:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("cut.mp4", "cut")
    david.ok("up")
    keys = david.repo / "private"
    keys.mkdir()
    (keys / "id_ed25519").write_text("KEY")
    return david


@pytest.mark.parametrize("target", ["../private", "../.git", ".."])
def test_f51_a_staging_folder_that_became_a_link(david: Person, tmp_path: Path, target: str) -> None:
    david.staging.rename(tmp_path / "old")
    david.staging.symlink_to(target)
    store, repo = tree(tmp_path / "store"), tree(david.repo)
    for command in (*COMMANDS, ("init", "b63-flivideo")):
        result = david.run(*command)
        assert result.code in (1, 2), result
        assert "it is a link" in result.out + result.err
        assert (tree(tmp_path / "store"), tree(david.repo)) == (store, repo)


@pytest.mark.parametrize("staging", [".ssh", "media/.ssh", "../private", "AWS~1", ".git/hooks", "media\u200b"])
def test_f51_a_staging_folder_by_settings(david: Person, tmp_path: Path, staging: str) -> None:
    with (david.repo / ".s3sync.yaml").open("a") as file:
        file.write(f'staging: "{staging}"\n')
    for folder in (".ssh", "media/.ssh", "AWS~1"):
        (david.project / folder).mkdir(parents=True)
        (david.project / folder / "id").write_text("KEY")
    store = tree(tmp_path / "store")
    for command in (*COMMANDS, ("init", "b63-flivideo"), ("config",)):
        result = david.run(*command)
        assert result.code in (1, 2), result
        assert "cannot be the staging folder" in result.out + result.err
        assert tree(tmp_path / "store") == store


def test_f51_a_project_folder_that_leads_out(david: Person, tmp_path: Path) -> None:
    (tmp_path / "documents" / "s3-staging").mkdir(parents=True)
    (david.repo / "b64").symlink_to(tmp_path / "documents")
    for command in (("up", "b64"), ("init", "b64"), ("status", "--project", "b64"), ("cleanup", "b64", "--yes")):
        assert "it is a link" in david.expect(2, *command, cwd=david.repo).err


def test_f51_several_real_segments_are_allowed(david: Person) -> None:
    with (david.repo / ".s3sync.yaml").open("a") as file:
        file.write("staging: media/heavy\n")
    (david.project / "media" / "heavy").mkdir(parents=True)
    (david.project / "media" / "heavy" / "a.wav").write_text("a")
    assert "a.wav" in david.ok("up").out


@pytest.mark.parametrize("name", ["s3-staging", "S3-Staging"])
@pytest.mark.parametrize("words", [("down", "--project"), ("sync", "--project"), ("init", "-y")])
def test_f51_a_project_called_as_the_staging_folder(
    david: Person, tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    """Its folder would be the root's staging folder: what a peer put there would be sent on as another project's."""
    (tmp_path / "store" / david.repo.name / name).mkdir()
    (tmp_path / "store" / david.repo.name / name / "x.mp4").write_text("x")
    refused = david.expect(2, *words, name, cwd=david.repo)
    assert "staging folders are called that" in refused.err
    assert not (david.repo / name).exists()
