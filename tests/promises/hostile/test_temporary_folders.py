"""Another user may rename what is in the folder that `TMPDIR` names, and put a folder of his own in its place."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from s3sync.disk.confined import others_may_swap
from s3sync.disk.temporary import private_base
from s3sync.state.trusted import private_copy
from s3sync.store.rclone.daemon import _fresh_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_f52_the_socket_of_rclone_lies_where_nobody_swaps_its_folder(shared: Path) -> None:
    folder = Path(_fresh_folder())
    try:
        assert not folder.is_relative_to(shared)
        assert not others_may_swap(folder)
    finally:
        shutil.rmtree(folder)


def test_f52_so_does_a_copy_of_a_database(shared: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as made:
        made.execute("CREATE TABLE a (b)")
    with private_copy(tmp_path / "state.db") as copy:
        assert not copy.is_relative_to(shared)
        assert not others_may_swap(copy.parent)


def test_f52_a_folder_with_the_sticky_bit_is_as_good_as_any(shared: Path) -> None:
    shared.chmod(0o1777)
    assert private_base() == str(shared)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give folders away")
def test_f52_but_not_that_of_another_user(shared: Path) -> None:
    shared.chmod(0o1777)
    os.chown(shared, 12345, 12345)
    assert private_base() != str(shared)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give folders away")
@pytest.mark.parametrize("name", ["s3sync-", "s3sync-rclone-"])
def test_f52_no_name_that_another_user_takes_first_makes_a_place_unfit(
    name: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He made it in the system's folders, too, so that the one in which he may rename was as good as those."""
    system = tmp_path / "system"
    system.mkdir()
    system.chmod(0o1777)
    (system / name).mkdir()
    os.chown(system / name, 12345, 12345)
    monkeypatch.setattr("s3sync.disk.temporary._ELSEWHERE", (str(system),))
    assert private_base() == str(system)


def test_f52_a_link_that_another_user_may_turn_is_followed_once(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, link = tmp_path / "good", shared / "tmp"
    good.mkdir()
    link.symlink_to(good)
    monkeypatch.setattr(tempfile, "tempdir", str(link))
    assert private_base() == str(good)


def test_where_no_place_is_better_it_is_the_one_that_was_named(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.disk.temporary.others_may_swap", lambda path: True)
    assert private_base() == str(shared)
