"""Git's index is read as git writes it, in each of its versions; anything else is no answer, and quickly none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync import gitindex
from s3sync.gitindex import files_in_git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

FOLDERS = ["b40/s3-staging", "b41/s3-staging", "Ütüb/s3-staging"]
FILES = ["b40/s3-staging/a.mp4", "b40/s3-staging/deep/er/b.mp4", "b40/notes.txt", "b40/s3-staging.txt", "README.md"]


def git(folder: Path, *words: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True, text=True).stdout


def repository(folder: Path, *options: str) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main", *options)
    git(folder, "config", "user.name", "d")
    git(folder, "config", "user.email", "d@example.com")
    for name in (*FILES, "Ütüb/s3-staging/grüße.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    git(folder, "add", ".")
    return folder


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
def test_each_version_and_each_hash(tmp_path: Path, version: str, options: tuple[str, ...]) -> None:
    repo = repository(tmp_path / "repo", *options)
    git(repo, "update-index", "--index-version", version)
    assert files_in_git(repo, FOLDERS) == [2, 0, 1]
    git(repo, "commit", "-qm", "all")
    git(repo, "rm", "-q", "--cached", FILES[0])
    assert files_in_git(repo, FOLDERS) == [1, 0, 1]


def test_a_file_that_is_only_announced_makes_it_version_3(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (repo / "b41/s3-staging").mkdir(parents=True)
    (repo / "b41/s3-staging/later.mp4").write_text("x")
    git(repo, "add", "--intent-to-add", "b41/s3-staging/later.mp4")
    assert (repo / ".git/index").read_bytes()[4:8] == b"\0\0\0\x03"
    assert files_in_git(repo, FOLDERS) == [2, 1, 1]


def test_a_worktree_has_an_index_of_its_own(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    git(repo, "commit", "-qm", "all")
    git(repo, "worktree", "add", "-q", str(tmp_path / "other"))
    git(tmp_path / "other", "rm", "-q", "--cached", FILES[0])
    assert files_in_git(repo, FOLDERS) == [2, 0, 1]
    assert files_in_git(tmp_path / "other", FOLDERS) == [1, 0, 1]


def test_a_repository_of_ours_inside_a_larger_one_of_git(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    assert files_in_git(repo / "b40", ["s3-staging", "other"]) == [2, 0]


def test_a_file_in_a_merge_conflict_is_one_file(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    git(repo, "commit", "-qm", "all")
    git(repo, "checkout", "-qb", "theirs")
    (repo / FILES[0]).write_text("theirs")
    git(repo, "commit", "-qam", "theirs")
    git(repo, "checkout", "-q", "main")
    (repo / FILES[0]).write_text("ours")
    git(repo, "commit", "-qam", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(repo, "merge", "-q", "theirs")
    assert len(git(repo, "ls-files", "--stage", FILES[0]).splitlines()) == 3
    assert files_in_git(repo, FOLDERS) == [2, 0, 1]


def test_nothing_tells_where_there_is_no_repository_or_no_index(tmp_path: Path) -> None:
    assert files_in_git(tmp_path, FOLDERS) is None
    git(tmp_path, "init", "-q")
    assert files_in_git(tmp_path, FOLDERS) is None


def test_no_link_and_no_fifo_is_opened(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    index = repo / ".git/index"
    index.rename(tmp_path / "elsewhere")
    index.symlink_to(tmp_path / "elsewhere")
    assert files_in_git(repo, FOLDERS) is None
    index.unlink()
    os.mkfifo(index)
    assert files_in_git(repo, FOLDERS) is None


def test_a_large_one_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = repository(tmp_path / "repo")
    monkeypatch.setattr(gitindex, "LIMIT", 64)
    assert files_in_git(repo, FOLDERS) is None


@given(
    at=st.integers(0, 2000), put=st.binary(max_size=12), cut=st.integers(0, 2000), version=st.sampled_from([2, 3, 4, 9])
)
def test_whatever_it_holds_is_an_answer_or_none(
    tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes, cut: int, version: int
) -> None:
    repo = tmp_path_factory.getbasetemp() / "hostile-index"
    if not repo.exists():
        repository(repo)
        shutil.copy(repo / ".git/index", repo / "honest")
    honest = (repo / "honest").read_bytes()
    body = bytearray(honest)
    body[7] = version
    body[at : at + len(put)] = put
    (repo / ".git/index").write_bytes(bytes(body[: max(cut, 1)]))
    found = files_in_git(repo, FOLDERS)
    assert found is None or all(0 <= count <= len(FILES) + 1 for count in found)
