"""A folder store is made through no link of another user: its marker would make a store of any folder behind it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3sync.errors import StoreError
from s3sync.store.folder import FolderStore
from s3sync.store.folder.layout import Layout
from tests.contract.stores import put, read
from tests.kit.people import tree

pytestmark = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give links away")


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A folder in which others may write; `home` beside it is the user's own."""
    (tmp_path / "share").mkdir()
    (tmp_path / "home" / "store").mkdir(parents=True)
    (tmp_path / "home" / "store" / "diary.txt").write_text("private")
    return tmp_path / "share"


def linked(link: Path, target: Path, owner: int = 12345) -> None:
    link.symlink_to(target)
    os.lchown(link, owner, owner)


@pytest.mark.parametrize("above", [False, True])
def test_f52_no_store_is_made_through_a_link_of_another_user(above: bool, share: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    linked(share / "nas", home if above else home / "store")
    before = tree(home)
    with pytest.raises(StoreError) as refused:
        FolderStore(share / "nas" / "new" / "store" if above else share / "nas", create=True)
    assert "link of another user" in str(refused.value.why) and "name that folder itself" in str(refused.value.hint)
    assert tree(home) == before and sorted(path.name for path in home.iterdir()) == ["store"]


def test_f52_nor_where_such_a_link_was_there_for_a_moment(share: Path, tmp_path: Path) -> None:
    linked(share / "store", tmp_path / "home" / "store")
    before = tree(tmp_path / "home")
    layout = Layout(share / "store")
    (share / "store").unlink()
    (share / "store").mkdir()
    layout.create()
    assert tree(tmp_path / "home") == before
    put(FolderStore(share / "store"), "a", b"new")
    assert (share / "store" / "a").read_bytes() == b"new"


def test_a_link_of_ones_own_leads_to_a_new_store(share: Path, tmp_path: Path) -> None:
    linked(share / "store", tmp_path / "disk" / "store", owner=0)
    put(FolderStore(share / "store", create=True), "a", b"new")
    assert (tmp_path / "disk" / "store" / "a").read_bytes() == b"new"


def test_a_store_that_is_one_already_may_be_behind_a_link_of_the_owner_of_the_nas(share: Path, tmp_path: Path) -> None:
    put(FolderStore(tmp_path / "volume", create=True), "a", b"old")
    linked(share / "store", tmp_path / "volume")
    assert read(FolderStore(share / "store", create=True), "a") == b"old"
