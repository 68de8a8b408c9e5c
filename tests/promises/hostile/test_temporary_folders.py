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


def test_where_no_place_is_better_it_is_the_one_that_was_named(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.disk.temporary.others_may_swap", lambda path: True)
    assert private_base() == str(shared)
