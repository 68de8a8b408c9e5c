"""A folder store shares no folder with the repository whose files it is to hold, however the two are named."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from s3sync.errors import ConfigError
from s3sync.store import StoreOptions, open_store
from s3sync.store.folder.apart import require_apart

posix = pytest.mark.skipif(os.name == "nt", reason="links and mounts of POSIX")
Mount = Callable[[Path, Path], Path]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "work" / "films"
    (root / ".git").mkdir(parents=True)
    (root / "b63" / "s3-staging").mkdir(parents=True)
    return root


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Show a folder at a second place; skips where that is not permitted."""
    with ExitStack() as undo:

        def bind(source: Path, point: Path) -> Path:
            point.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(["mount", "--bind", source, point], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"mounts are not permitted: {done.stderr.strip()}")
            undo.callback(lambda: subprocess.run(["umount", "--lazy", point], check=True))
            return point

        if os.name == "nt":
            pytest.skip("Windows has no bind mounts")
        try:
            yield bind
        except FileNotFoundError:
            pytest.skip("there is no `mount` here")


def refused(store: Path, repository: Path, words: str) -> None:
    listing = sorted(repository.parents[1].rglob("*"))
    with pytest.raises(ConfigError, match=words) as caught:
        open_store(f"file://{store}", StoreOptions(create=True, repository=repository, repo="films"))
    assert caught.value.exit_code == 2 and "s3sync init --store" in str(caught.value.hint)
    assert sorted(repository.parents[1].rglob("*")) == listing


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("work/films", "it is the repository"),
        ("work/films/store", "it lies in the repository"),
        ("work/films/.git/annex/store", "it lies in the repository"),
        ("work/films/b63/s3-staging", "it lies in the repository"),
        ("work/films/b63/s3-staging/deep/store", "it lies in the repository"),
        ("work", "it contains the repository"),
        ("", "it contains the repository"),
    ],
)
def test_f33_a_store_in_or_around_the_repository(tmp_path: Path, repository: Path, place: str, words: str) -> None:
    refused(tmp_path / place, repository, words)


@pytest.mark.parametrize("place", ["work/films-store", "work/film", "store", "work/.films/b63"])
def test_f33_a_store_beside_the_repository_is_used(tmp_path: Path, repository: Path, place: str) -> None:
    open_store(f"file://{tmp_path / place}", StoreOptions(create=True, repository=repository, repo="films"))
    open_store(f"file://localhost{tmp_path / place}", StoreOptions(repository=repository, repo="films"))


@posix
@pytest.mark.parametrize(
    ("target", "rest", "words"),
    [
        ("work/films/b63/s3-staging", "", "it lies in the repository"),
        ("work/films/b63", "new/store", "it lies in the repository"),
        ("work/films", "", "it is the repository"),
        ("work/films/b63", "..", "it is the repository"),
        ("work/films", "..", "it contains the repository"),
    ],
)
def test_f33_links_do_not_hide_it(tmp_path: Path, repository: Path, target: str, rest: str, words: str) -> None:
    link = tmp_path / "nas" / "link"
    link.parent.mkdir()
    link.symlink_to(tmp_path / target)
    refused(link / rest, repository, words)


@posix
def test_f33_a_repository_reached_through_a_link(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "short").symlink_to(repository.parent)
    refused(repository / "store", tmp_path / "short" / "films", "it lies in the repository")
    refused(repository.parent, tmp_path / "short" / "films", "it contains the repository")


@pytest.mark.parametrize(
    ("source", "store", "words"),
    [
        ("work/films", "", "it is the repository"),
        ("work/films", "store", "it lies in the repository"),
        ("work/films/b63/s3-staging", "", "it lies in the repository"),
        ("work/films/b63", "store/new", "it lies in the repository"),
        ("work", "", "it contains the repository"),
    ],
)
def test_f33_a_mount_of_the_repository(
    tmp_path: Path, repository: Path, mount: Mount, source: str, store: str, words: str
) -> None:
    point = mount(tmp_path / source, tmp_path / "nas" / "a point")
    refused(point / store, repository, words)


def test_f33_a_staging_folder_that_is_a_mount_of_what_the_store_holds(
    tmp_path: Path, repository: Path, mount: Mount
) -> None:
    (tmp_path / "disk" / "films" / "b63").mkdir(parents=True)
    mount(tmp_path / "disk" / "films" / "b63", repository / "b63" / "s3-staging")
    refused(tmp_path / "disk", repository, "it contains the repository .*by way of a mount")
    refused(tmp_path / "disk" / "films" / "b63" / "new", repository, "by way of a mount")


def test_f33_a_store_in_which_a_part_of_the_repository_is_mounted(
    tmp_path: Path, repository: Path, mount: Mount
) -> None:
    mount(repository / "b63", tmp_path / "store" / "films" / "b63")
    refused(tmp_path / "store", repository, "by way of a mount")


def test_f33_another_folder_of_the_same_disk_is_no_overlap(tmp_path: Path, repository: Path, mount: Mount) -> None:
    (tmp_path / "disk" / "one").mkdir(parents=True)
    mount(tmp_path / "disk" / "one", tmp_path / "nas")
    require_apart(tmp_path / "nas", repository, "films")
    require_apart(tmp_path / "nas" / "new", repository, "films")


def test_f33_a_place_in_the_store_that_is_another_clone(tmp_path: Path, repository: Path) -> None:
    """The folder of all clones as the store: its `films/` is a clone of the repository, edited by somebody."""
    (tmp_path / "clones" / "films" / ".git").mkdir(parents=True)
    refused(tmp_path / "clones", repository, "is itself a git repository")


def test_f33_a_worktree_keeps_clear_of_the_main_one(tmp_path: Path, repository: Path) -> None:
    tree = tmp_path / "trees" / "hotfix"
    tree.mkdir(parents=True)
    (repository / ".git" / "worktrees" / "hotfix").mkdir(parents=True)
    (tree / ".git").write_text(f"gitdir: {repository}/.git/worktrees/hotfix\n")
    for store, words in (
        (repository.parent, "it contains git's own folder"),
        (repository / ".git" / "store", "it lies in git's own folder"),
        (repository / "b63" / "s3-staging", "it lies in the main worktree"),
        (tree, "it is the repository"),
    ):
        refused(store, tree, words)
