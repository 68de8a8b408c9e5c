"""Only `disk/current.py` asks where the user is, and nothing follows its answer again."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.disk.current import current_folder, named_folder, on_the_way, typing_folder
from tests.unit.disk.one_room import sources

ASKED = {"cli/app.py"}
"""The look whether the folder is still there."""
FOLLOWED = {
    "config/write.py",
    "config/write_sets.py",  # the user's own file
    "services/timers.py",
    "project.py",
    "state/places.py",
    "api.py",
    "cli/completed.py",
}


def test_one_room_asks_for_the_current_folder() -> None:
    assert _calling("cwd", "getcwd") == ASKED


def test_no_folder_is_followed_that_the_system_named() -> None:
    assert _calling("resolve") == FOLLOWED


SOMEBODY = 12345


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, which this user may not enter: as with `sudo -u` in the folder of another."""
    folder = tmp_path / "closed"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(SOMEBODY)
    yield folder
    if os.getuid() == 0:
        os.seteuid(0)
    folder.chmod(0o700)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such folders")
def test_a_current_folder_that_is_closed_to_this_user_stops_nothing(closed: Path) -> None:
    with pytest.raises(PermissionError):
        os.stat(".")  # noqa: PTH116
    assert current_folder() == closed
    assert on_the_way(os.fspath(closed)) is None
    assert named_folder("/") == Path("/")


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes no folder that somebody is in")
def test_a_whole_path_needs_no_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert named_folder(tmp_path) == tmp_path
    assert typing_folder() == Path("/")
    with pytest.raises(FileNotFoundError):
        named_folder("below")


def _calling(*names: str) -> set[str]:
    return {
        name
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
        and not node.args
    }
