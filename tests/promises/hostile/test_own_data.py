"""Other users of the computer: what s3sync keeps for its user is his alone, whichever command was the first one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.kit.people import Person

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")

FIRST = [
    ["archive", "run"],
    ["archive", "auto", "install", "--with", "systemd"],
    ["config", "set", "user", "david"],
    ["copy", "films", "./elsewhere"],
    ["keys", "me"],
    ["up", "cut"],
]


@pytest.fixture
def david(tmp_path: Path) -> Person:
    """Somebody whose umask lets everybody do everything, as it is on some NAS, and who never ran s3sync."""
    david = Person("david", tmp_path / "desk", launcher=("sh", "-c", 'umask 0; exec "$@"', "sh"))
    for name in ("films/b40/a.mov", "cut/s3-staging/a.mov"):
        path = david.repo / name
        path.parent.mkdir(parents=True, mode=0o755)
        path.write_text("film")
    david.repo.chmod(0o755)
    settings = david.repo / ".s3sync.yaml"
    settings.write_text(f'archives: {{films: {{store: "file://{tmp_path}/archive", source: "films/*"}}}}\n')
    settings.chmod(0o644)
    return david


def open_to_others(home: Path) -> list[str]:
    found = []
    for folder in (home / ".local/share/s3sync", home / ".config/s3sync"):
        for path in (folder, *folder.rglob("*")) if folder.exists() else ():
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) & 0o077:
                found.append(f"{path.relative_to(home)} {stat.S_IMODE(mode):o}")
    return found


def written_by_others(home: Path) -> list[str]:
    """Folders and files of the home that others may write: of a folder above ours they move ours away."""
    modes = ((path.relative_to(home), path.lstat().st_mode) for path in home.rglob("*"))
    return [f"{path} {stat.S_IMODE(mode):o}" for path, mode in modes if not stat.S_ISLNK(mode) and mode & 0o022]


@pytest.mark.parametrize("words", [*FIRST, ["watch", "install", "cut"]], ids=" ".join)
def test_f54_nobody_else_writes_what_the_first_command_makes_in_the_home(david: Person, words: list[str]) -> None:
    """The folder of the units of systemd: whoever may write there has programs run as this user."""
    david.ok(*words, cwd=david.repo)
    assert not written_by_others(david.root / "home")


@pytest.mark.parametrize("words", FIRST, ids=" ".join)
def test_f54_what_the_first_command_makes_is_the_users_alone(david: Person, words: list[str]) -> None:
    """Whoever may write into that folder moves what the user agreed to out of it, or other files of his to its name."""
    home = david.root / "home"
    david.ok(*words, cwd=david.repo)
    assert not open_to_others(home)
    assert (home / ".local/share/s3sync").is_dir() or (home / ".config/s3sync").is_dir()


def test_f54_a_data_folder_that_was_open_is_closed(david: Person) -> None:
    data = david.root / "home/.local/share/s3sync"
    (data / "archive").mkdir(parents=True)
    for folder in (data, data / "archive"):
        folder.chmod(0o775)
    david.ok("status", "cut", cwd=david.repo)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


@pytest.mark.parametrize("umask", ["0", "002"])
def test_f46_what_init_writes_is_read_in_a_folder_of_a_group(tmp_path: Path, umask: str) -> None:
    """On a NAS or a shared disk the folders are a group's, and a file that the group may write counts for nothing."""
    david = Person("david", tmp_path / "desk", launcher=("sh", "-c", f'umask {umask}; exec "$@"', "sh"))
    david.environ = {"S3SYNC_TRUST": ""}
    if os.geteuid() == 0:
        os.chown(david.repo, 0, 65534)
    david.repo.chmod(0o2775)
    david.ok("init", "cut", "--user", "david", "--store", f"file://{tmp_path}/store", "--create", cwd=david.repo)
    david.ok("config", "set", "--repo", "transfers", "3", cwd=david.repo)
    assert stat.S_IMODE((david.repo / ".s3sync.yaml").stat().st_mode) == 0o644
    david.ok("status", "cut", cwd=david.repo)
