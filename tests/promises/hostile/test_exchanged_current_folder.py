"""The folder that a user is in lies where others may write: its name leads elsewhere as soon as the system said it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.all_projects import AllProjects
from s3sync.api import Project
from s3sync.archives import Archives
from s3sync.dashboard.gather import dashboard_of
from s3sync.disk.current import named_folder
from s3sync.errors import S3syncError
from s3sync.key_ring import KeyRing
from s3sync.pairs.api import TwoPlaces
from s3sync.repository import diagnose, init, projects
from tests.kit.people import PROJECT, Person, tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such links for everybody, nor descriptors")

HOW = ["a link", "a folder"]
CALLS: dict[str, Callable[[], object]] = {
    "sync": lambda: Project.open(PROJECT).sync(),
    "up": lambda: Project.open(PROJECT).up(),
    "status": lambda: Project.open(PROJECT).status(),
    "status --all": lambda: AllProjects.open().project(PROJECT).status(),
    "projects": projects,
    "init": lambda: init(PROJECT),
    "keys": lambda: KeyRing.open(flags={}),
    "archive": lambda: Archives.open().init("projects", store="s3://bucket/x", own=False),
    "dashboard": lambda: dashboard_of("."),
    "copy A B": lambda: TwoPlaces(PROJECT, "/nowhere/b").copy(),
}


@pytest.fixture
def twin(synced: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another clone of David's, with the same names in it; he stands in the first one."""
    synced.repo.parent.chmod(0o777)
    other = tmp_path / "private"
    (other / ".git").mkdir(parents=True)
    (other / ".s3sync.yaml").write_text("store: file:///nowhere-else\n")
    (other / PROJECT / "s3-staging").mkdir(parents=True)
    (other / PROJECT / "s3-staging" / "contract.pdf").write_text("private")
    for name in ("HOME", "S3SYNC_USER", "S3SYNC_TRUST", "S3SYNC_STORE"):
        monkeypatch.setenv(name, synced.env()[name])
    return other


def exchanged(folder: Path, other: Path, by: str) -> None:
    folder.rename(folder.with_name("moved"))
    if by == "a link":
        folder.symlink_to(other)
    else:
        other.rename(folder)


def stand_in(folder: Path, other: Path, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go into a folder, whose repository is exchanged as soon as the system has said its name."""
    monkeypatch.chdir(folder)
    said = Path.cwd()

    def cwd() -> Path:
        monkeypatch.setattr(Path, "cwd", lambda: said)
        exchanged(said if (said / ".git").exists() else said.parent, other, by)
        return said

    monkeypatch.setattr(Path, "cwd", cwd)


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize("by", HOW)
@pytest.mark.parametrize("below", [False, True])
def test_f52_the_name_of_the_current_folder_leads_into_no_other_clone(
    what: str, by: str, below: bool, synced: Person, twin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (synced.repo / ".git").mkdir(exist_ok=True)
    before = tree(twin)
    stand_in(synced.project if below else synced.repo, twin, by, monkeypatch)
    with pytest.raises(S3syncError):
        CALLS[what]()
    assert tree(twin if by == "a link" else synced.repo) == before


@pytest.mark.parametrize("by", HOW)
def test_f52_doctor_mends_no_other_clone(by: str, synced: Person, twin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(twin)
    stand_in(synced.repo, twin, by, monkeypatch)
    assert diagnose(PROJECT, fix=True).exit_code != 0
    assert tree(twin if by == "a link" else synced.repo) == before


def test_a_folder_that_is_named_may_be_a_link_of_the_users_own(synced: Person, tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(synced.repo)
    assert named_folder(tmp_path / "mine" / PROJECT) == synced.project


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give links away")
def test_f52_but_of_nobody_else(synced: Person, tmp_path: Path) -> None:
    (tmp_path / "theirs").symlink_to(synced.repo)
    os.lchown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(S3syncError, match="another user"):
        Project.open(PROJECT, path=tmp_path / "theirs")


def test_a_clone_may_be_another_one_once_the_user_has_left_it(
    synced: Person, tmp_path: Path, twin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(synced.project)
    named_folder(".")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(synced.repo, tmp_path / "copy")
    exchanged(synced.repo, tmp_path / "copy", "a folder")
    assert Project.open(PROJECT, path=synced.repo).status().exit_code == 0
