"""Folders that a command makes in a folder where others may write: never behind what they put there meanwhile."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive.disks import folder_at
from s3sync.archive.place import Destination, Target
from s3sync.archive.workers.sight import marked
from s3sync.config.write import write_repo_config
from s3sync.config.write_sets import write_sets
from s3sync.disk import held
from s3sync.disk.confined import keep_to_it
from s3sync.disk.current import current_folder
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import LocalError, S3syncError
from s3sync.repository import init
from s3sync.store.folder import FolderStore
from s3sync.store.folder.modes import make_root
from s3sync.store.options import StoreOptions
from s3sync.store.schemes import open_store
from s3sync.sync.change_setting import change_setting
from tests.kit.people import tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such links for everybody, nor descriptors")


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder that a group shares, in one where everybody writes."""
    (tmp_path / "nas" / "team").mkdir(parents=True)
    (tmp_path / "nas").chmod(0o777)
    (tmp_path / "nas" / "team").chmod(0o2775)
    return tmp_path / "nas" / "team"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    (tmp_path / "private" / "film").mkdir(parents=True, mode=0o700)
    (tmp_path / "private" / "film").chmod(0o700)
    (tmp_path / "private" / "film" / "contract.pdf").write_text("private")
    return tmp_path / "private"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    held._kept.clear()


def rights(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def swap_before(monkeypatch: pytest.MonkeyPatch, team: Path, private: Path, call: str, number: int = 1) -> None:
    """Put a link in the place of the team's folder right before a call of the system, the first or a later one."""
    real, calls = getattr(os, call), []

    def swapped(*args: object, **options: object) -> object:
        calls.append(args)
        if len(calls) == number and not team.is_symlink():
            team.rename(team.with_name("moved"))
            team.symlink_to(private)
        return real(*args, **options)

    monkeypatch.setattr(os, call, swapped)


@pytest.mark.parametrize("below", ["film", "film/new"])
@pytest.mark.parametrize(("call", "number"), [("mkdir", 1), ("mkdir", 2), ("open", 1), ("open", 2), ("fstat", 1)])
def test_f52_no_private_folder_is_shared_for_one_that_a_store_makes(
    call: str, number: int, below: str, team: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(private)
    with monkeypatch.context() as patched:
        swap_before(patched, team, private, call, number)
        with suppress(OSError):
            make_root(team / below, private=False)
    assert tree(private) == before
    assert rights(private / "film") == 0o700


def test_f52_nor_one_that_has_its_name_by_then(team: Path, private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = GuardedFolder.mkdir

    def exchanged(folder: GuardedFolder, name: str, mode: int = 0o700) -> None:
        real(folder, name, mode)
        (team / name).rename(team / "moved")
        (private / "film").rename(team / name)

    monkeypatch.setattr(GuardedFolder, "mkdir", exchanged)
    make_root(team / "film", private=False)
    assert rights(team / "film") == 0o700


def test_a_new_store_is_shared_as_the_folder_above_it_is(team: Path) -> None:
    make_root(team / "a" / "b", private=False)
    for made in (team / "a", team / "a" / "b"):
        assert made.stat().st_gid == team.stat().st_gid
        assert rights(made) == 0o2775


@pytest.mark.parametrize("room", ["store", "restore", "a worker"])
def test_a_folder_is_made_in_one_that_this_user_may_only_put_things_into(
    room: str, tmp_path: Path, bound_by_rights: list[str]
) -> None:
    makes = {
        "store": "from s3sync.store.folder.modes import make_root; make_root(Path(sys.argv[1]), private=False)",
        "restore": "from s3sync.archive.place import Destination, Target\nTarget(Destination(Path(sys.argv[1])), 'x')",
        "a worker": "from s3sync.archive.place import Destination\n"
        "from s3sync.archive.workers.sight import marked\n"
        "with marked(Destination(Path(sys.argv[1]))): pass",
    }
    drop = tmp_path / "drop"
    drop.mkdir()
    drop.chmod(0o333)
    code = f"import sys\nfrom pathlib import Path\n{makes[room]}"
    try:
        subprocess.run([*bound_by_rights, sys.executable, "-c", code, os.fspath(drop / "a" / "b")], check=True)
    finally:
        drop.chmod(0o755)
    assert (drop / "a" / "b").is_dir()


@pytest.mark.parametrize("room", ["restore", "a worker"])
def test_f52_no_folder_is_made_behind_a_link_of_a_moment(
    room: str, team: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(private)
    swap_before(monkeypatch, team, private, "mkdir")
    with pytest.raises(S3syncError):
        if room == "restore":
            Target(Destination(team / "back" / "u1"), "x")
        else:
            with marked(Destination(team / "back" / "u1")):
                pass
    assert tree(private) == before
    assert not (private / "back").exists()


@pytest.fixture
def clone(team: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (team / "mine" / ".git").mkdir(parents=True)
    (team / "mine" / ".s3sync.yaml").write_text("store: s3://mine/x\n")
    team.chmod(0o777)
    monkeypatch.chdir(team / "mine")
    return team / "mine"


@pytest.fixture
def twin(private: Path) -> Path:
    (private / "film" / ".git").mkdir()
    (private / "film" / ".s3sync.yaml").write_text("store: s3://private/x\n")
    return private / "film"


SETTINGS: dict[str, Callable[[Path], object]] = {
    "config set --repo": lambda root: change_setting(["set", "region", "eu-west-1"], root, {}, in_repo=True),
    "config unset --repo": lambda root: change_setting(["unset", "store"], root, {}, in_repo=True),
    "init --store": lambda root: write_repo_config(root / ".s3sync.yaml", {"project": "stolen"}),
    "archive init": lambda root: write_sets(
        root / ".s3sync.yaml", {"films": {"store": "s3://bucket/x"}}, committed=True
    ),
}


@pytest.mark.parametrize("what", SETTINGS)
def test_f52_a_setting_goes_into_no_other_clone(what: str, clone: Path, twin: Path) -> None:
    root = current_folder()
    clone.rename(clone.with_name("moved"))
    twin.rename(clone)
    with pytest.raises(S3syncError):
        SETTINGS[what](root)
    assert (clone / ".s3sync.yaml").read_text() == "store: s3://private/x\n"


def test_f52_a_folder_that_everybody_writes_lets_no_clone_off(
    clone: Path, twin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood in the clone's place while that was looked at, and another clone does afterwards."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    root, real = current_folder(), os.stat

    def stat_of(path: Any, **options: Any) -> os.stat_result:
        return real(tmp_path / "open" if str(path) == str(clone) else path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", stat_of)
        keep_to_it(root)
    assert held.is_kept(os.fspath(root))


@pytest.mark.parametrize("which", ["film2", "s3-staging"])
def test_f52_init_makes_no_project_in_another_clone(
    which: str, clone: Path, twin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / ".s3sync.yaml").write_text(f"store: {(tmp_path / 'store').as_uri()}\nrepo: mine\n")
    (twin / "film2").mkdir()
    for name, value in {"HOME": str(tmp_path / "home"), "S3SYNC_USER": "david", "S3SYNC_TRUST": "1"}.items():
        monkeypatch.setenv(name, value)
    real, before = os.mkdir, tree(twin)

    def mkdir(path: str | Path, *args: int, **options: int) -> None:
        if Path(path).name == which and not clone.is_symlink():
            clone.rename(clone.with_name("moved"))
            clone.symlink_to(twin)
        real(path, *args, **options)

    monkeypatch.setattr(os, "mkdir", mkdir)
    with suppress(S3syncError):
        init("film2")
    assert tree(twin) == before
    assert [path.name for path in (twin / "film2").iterdir()] == []
    assert clone.is_symlink()


def test_f52_a_link_that_is_exchanged_above_a_store_is_told_in_words(
    team: Path, clone: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (team / "link").symlink_to(private)

    def gone(path: object) -> str:
        raise OSError(errno.EINVAL, "Invalid argument", path)

    monkeypatch.setattr(os, "readlink", gone)
    address = (team / "link" / "film").as_uri()
    for call in (
        lambda: open_store(address, StoreOptions(repository=clone, repo="mine")),
        lambda: FolderStore(team / "link" / "film"),
        lambda: folder_at(address),
    ):
        with pytest.raises(LocalError, match="cannot follow"):
            call()
