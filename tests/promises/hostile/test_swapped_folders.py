"""Another user of a shared disk swaps a folder above what a command works in for another, once it was looked at."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.api import Project
from s3sync.cli.log_file import open_log
from s3sync.config.leading import end_of
from s3sync.config.locate import find_env_file, find_repo_root
from s3sync.config.write import write_repo_config
from s3sync.dashboard.files import write_to
from s3sync.errors import S3syncError
from s3sync.gitconfig import remote_name
from s3sync.key_ring import KeyRing
from s3sync.local.ignore import load_ignore
from s3sync.local.pin_file import write_pins
from s3sync.setup.init import update_gitignore
from s3sync.store.sealed.keys import RepositoryKey
from s3sync.team.githooks.folder import HooksFolder, hooks_folder
from s3sync.team.githooks.install import install, uninstall
from tests.kit.people import PROJECT, Person, tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such links for everybody, nor descriptors")

VERBS: dict[str, Callable[[Project], object]] = {
    "status": lambda project: project.status(),
    "up": lambda project: project.up(),
    "down": lambda project: project.down(),
    "sync": lambda project: project.sync(),
    "cleanup": lambda project: project.cleanup(),
    "cleanup --local": lambda project: project.cleanup(local=True),
    "verify": lambda project: project.verify(),
    "transfers": lambda project: project.transfers(),
}


@pytest.fixture
def other(synced: Person, tmp_path: Path) -> Path:
    """A project of another repository of David's, with the same name and a file of the same name."""
    staging = tmp_path / "private" / PROJECT / "s3-staging"
    staging.mkdir(parents=True)
    (staging / "a.txt").write_text("private")
    (staging / "contract.pdf").write_text("private")
    return tmp_path / "private"


def opened(david: Person, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("HOME", "S3SYNC_USER", "S3SYNC_TRUST", "S3SYNC_STORE"):
        monkeypatch.setenv(name, david.env()[name])
    return Project.open(PROJECT, path=david.repo)


def swapped(folder: Path, target: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(target)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("which", ["project", "repository"])
def test_f52_a_link_above_the_staging_folder_leads_into_no_other_project(
    verb: str, which: str, synced: Person, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = opened(synced, monkeypatch)
    if which == "project":
        swapped(synced.project, other / PROJECT)
    else:
        swapped(synced.repo, other)
    before, stored = tree(other), tree(tmp_path / "store")
    with pytest.raises(S3syncError):
        VERBS[verb](project)
    assert tree(other) == before
    assert {name: body for name, body in tree(tmp_path / "store").items() if "contract" in name or "a.txt" in name} == {
        name: body for name, body in stored.items() if "a.txt" in name
    }


@pytest.mark.parametrize("verb", VERBS)
def test_f52_a_real_folder_in_the_place_of_the_clone_is_not_the_clone(
    verb: str, synced: Person, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.repo.parent.chmod(0o777)
    project = opened(synced, monkeypatch)
    synced.repo.rename(synced.repo.with_name("moved"))
    other.rename(synced.repo)
    before, stored = tree(synced.repo), tree(tmp_path / "store")
    with pytest.raises(S3syncError):
        VERBS[verb](project)
    assert tree(synced.repo) == before
    assert tree(tmp_path / "store") == stored


def test_a_clone_that_nobody_else_can_swap_may_be_another_one_later(
    synced: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = opened(synced, monkeypatch)
    shutil.copytree(synced.repo, synced.repo.with_name("copy"))
    synced.repo.rename(synced.repo.with_name("moved"))
    synced.repo.with_name("copy").rename(synced.repo)
    project.status()


@pytest.mark.parametrize("by", ["a link", "a folder"])
def test_f52_no_ignore_rules_are_missed_in_the_place_of_the_clone(
    by: str, synced: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.repo.parent.chmod(0o777)
    (synced.repo / ".s3syncignore").write_text("*.key\n")
    opened(synced, monkeypatch)
    assert load_ignore((), synced.repo, synced.project / "s3-staging")("my.key")
    (tmp_path / "empty" / PROJECT / "s3-staging").mkdir(parents=True)
    if by == "a link":
        (tmp_path / "empty").rename(tmp_path / synced.repo.name)
        swapped(synced.repo.parent, tmp_path)
    else:
        synced.repo.rename(synced.repo.with_name("moved"))
        (tmp_path / "empty").rename(synced.repo)
    with pytest.raises(S3syncError):
        load_ignore((), synced.repo, synced.project / "s3-staging")


def test_f52_the_git_folder_of_another_clone_gives_no_name(
    synced: Person, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.repo.parent.chmod(0o777)
    for root, name in ((synced.repo, "film"), (other, "private")):
        (root / ".git").mkdir(exist_ok=True)
        (root / ".git" / "config").write_text(f'[remote "origin"]\n\turl = https://h/{name}.git\n')
    opened(synced, monkeypatch)
    assert remote_name(synced.repo) == "film"
    synced.repo.rename(synced.repo.with_name("moved"))
    other.rename(synced.repo)
    assert remote_name(synced.repo) is None


WRITES: dict[str, Callable[[Path], object]] = {
    "pins": lambda repo: write_pins(repo / PROJECT / "s3-staging.lock.yaml", {}, "s3-staging"),
    "settings": lambda repo: write_repo_config(repo / ".s3sync.yaml", {"project": "stolen"}),
    ".gitignore": lambda repo: update_gitignore(repo, "s3-staging"),
}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give links away")
@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("by", ["a link", "a folder"])
def test_f52_what_is_written_beside_the_staging_folders_is_written_in_no_other_clone(
    what: str, by: str, synced: Person, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (".s3sync.yaml", ".gitignore"):
        (other / name).write_text("# private\n")
    synced.repo.parent.chmod(0o777)
    opened(synced, monkeypatch)
    before = tree(other)
    if by == "a link":
        swapped(synced.repo, other)
        os.lchown(synced.repo, 12345, 12345)
    else:
        synced.repo.rename(synced.repo.with_name("moved"))
        other.rename(synced.repo)
    with pytest.raises(S3syncError):
        WRITES[what](synced.repo)
    assert tree(synced.repo) == before


@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize("by", ["a link", "a folder"])
def test_f52_hooks_of_another_clone_are_neither_made_nor_taken_away(
    verb: str, by: str, synced: Person, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.repo.parent.chmod(0o777)
    for root in (synced.repo, other):
        subprocess.run(["git", "init", "-q", str(root)], check=True)
    if verb == "uninstall":
        install(other, "/usr/bin/s3sync", "s3-staging")
    opened(synced, monkeypatch)
    before = {path.name: path.read_bytes() for path in (other / ".git" / "hooks").iterdir()}
    if by == "a link":
        swapped(synced.repo, other)
    else:
        synced.repo.rename(synced.repo.with_name("moved"))
        other.rename(synced.repo)
    with pytest.raises(S3syncError):
        install(synced.repo, "/usr/bin/s3sync", "s3-staging") if verb == "install" else uninstall(synced.repo)
    assert {path.name: path.read_bytes() for path in (synced.repo / ".git" / "hooks").iterdir()} == before


def test_f52_nor_are_they_once_git_has_answered(synced: Person, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced.repo.parent.chmod(0o777)
    for root in (synced.repo, other):
        subprocess.run(["git", "init", "-q", str(root)], check=True)
    before = {path.name: path.read_bytes() for path in (other / ".git" / "hooks").iterdir()}

    def answered(root: Path, staging: str | None) -> HooksFolder:
        found = hooks_folder(root, staging)
        synced.repo.rename(synced.repo.with_name("moved"))
        other.rename(synced.repo)
        return found

    monkeypatch.setattr("s3sync.team.githooks.install.hooks_folder", answered)
    with pytest.raises(S3syncError):
        install(synced.repo, "/usr/bin/s3sync", "s3-staging")
    assert {path.name: path.read_bytes() for path in (synced.repo / ".git" / "hooks").iterdir()} == before


def test_f52_a_link_above_the_current_folder_leads_to_no_settings(synced: Person, other: Path) -> None:
    root = find_repo_root(synced.project)
    assert root is not None
    swapped(synced.repo, other)
    assert find_env_file(synced.project, root, "s3-staging") is None


def test_f52_no_folder_is_made_behind_a_link_above(
    synced: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = opened(synced, monkeypatch)
    (tmp_path / "documents").mkdir()
    swapped(synced.project, tmp_path / "documents")
    with pytest.raises(S3syncError):
        project.up()
    assert list((tmp_path / "documents").iterdir()) == []


def test_f52_a_link_above_the_store_leads_into_no_other_store(
    synced: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (tmp_path / "store").rename(share / "store")
    synced.environ = {"S3SYNC_STORE": f"file://{share / 'store'}"}
    project = opened(synced, monkeypatch)
    project.status()
    swapped(share, tmp_path / "home")
    (tmp_path / "home").mkdir()
    shutil.copytree(tmp_path / "moved" / "store", tmp_path / "home" / "store")
    before = tree(tmp_path / "home")
    synced.write("new.txt", "new")
    with pytest.raises(S3syncError):
        project.up()
    assert tree(tmp_path / "home") == before


TYPED: dict[str, tuple[str, ...]] = {
    "copy to": ("copy", "mine", "{share}/album"),
    "copy from": ("copy", "{share}/album", "mine"),
    "move": ("move", "mine", "{share}/album"),
    "sync": ("sync", "mine", "{share}/album", "--delete"),
    "check": ("check", "mine", "{share}/album"),
    "organize": ("organize", "mine", "{share}/album", "--layout", "{{name}}"),
    "by a link of one's own": ("copy", "mine", "{own}/album"),
    "a file": ("status", "--log-file", "{share}/album/log"),
}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give links away")
@pytest.mark.parametrize("words", TYPED.values(), ids=TYPED)
def test_f52_no_typed_path_is_led_by_a_link_of_another_user(
    words: tuple[str, ...], synced: Person, tmp_path: Path
) -> None:
    share, private, mine = tmp_path / "share", tmp_path / "private", synced.project / "mine"
    for folder in (share, private / "album", mine):
        folder.mkdir(parents=True)
    (private / "album" / "a.jpg").write_bytes(b"private")
    (mine / "a.jpg").write_bytes(b"mine")
    (tmp_path / "own").symlink_to(share)
    (share / "album").symlink_to(private / "album")
    os.lchown(share / "album", 12345, 12345)
    before = tree(tmp_path / "private"), tree(mine)
    said = synced.expect(2, *(word.format(share=share, own=tmp_path / "own") for word in words), cwd=synced.project)
    assert "link of another user" in said.err
    assert (tree(tmp_path / "private"), tree(mine)) == before


NAMED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "keys export": ("s3sync.key_ring", lambda file: KeyRing.open(flags={}).export(file)),
    "dashboard --out": ("s3sync.dashboard.files", lambda file: write_to(file, b"page", force=True, staging=[])),
    "--log-file": ("s3sync.cli.log_file", lambda file: open_log(file).close()),
}


@pytest.mark.parametrize("option", NAMED)
def test_f52_a_file_that_is_named_is_written_behind_no_link_of_a_moment(
    option: str, synced: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind it may be a staging folder, from which the next `up` would send a key, or a page of the user's own."""
    opened(synced, monkeypatch)
    monkeypatch.chdir(synced.repo)
    monkeypatch.setattr("s3sync.key_ring.read_key", lambda settings: RepositoryKey(bytes(32)))
    room, write = NAMED[option]
    share, private = tmp_path / "share", tmp_path / "private"
    for folder in (share, private):
        (folder / "pages").mkdir(parents=True)

    def looked_at(path: Path, shown: str) -> Path:
        end = end_of(path, shown)
        swapped(share, private)
        return end

    monkeypatch.setattr(f"{room}.end_of", looked_at)
    with pytest.raises(S3syncError):
        write(share / "pages" / "today")
    assert tree(private) == {}
