"""Who may read and write what a folder store writes, which store it is, and how it spells names."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.names import windows_reason
from s3sync.errors import BucketMissing, StoreError
from s3sync.store.folder import FolderStore, spelling
from s3sync.store.folder.layout import RESERVED
from s3sync.store.port import Create, Headers
from tests.contract.stores import keys, put, read, send

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")


@pytest.fixture(params=[0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> int:
    before = os.umask(request.param)
    request.addfinalizer(lambda: os.umask(before))
    mask: int = request.param
    return mask


def work(root: Path) -> None:
    store = FolderStore(root, create=True)
    put(store, "r/p/a", b"content")
    upload_id = store.start_upload("r/big/b", Headers())
    send(store, "r/big/b", upload_id, 1, b"part")
    store.complete_upload("r/big/b", upload_id, list(store.list_parts("r/big/b", upload_id)), mode=Create())
    store.start_upload("r/open/c", Headers())


def modes(root: Path) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"folder": set(), "file": set()}
    for path in root.rglob("*"):
        found["folder" if path.is_dir() else "file"].add(stat.S_IMODE(path.stat().st_mode) & 0o777)
    return found


@posix
def test_f54_a_folder_of_a_group_is_open_to_the_group(tmp_path: Path, umask: int) -> None:
    root = tmp_path / "nas"
    root.mkdir()
    root.chmod(0o2770)
    work(root)
    assert modes(root) == {"folder": {0o770}, "file": {0o660}}
    assert all(path.stat().st_mode & stat.S_ISGID for path in root.rglob("*") if path.is_dir())
    assert {path.stat().st_gid for path in root.rglob("*")} == {root.stat().st_gid}


@posix
@pytest.mark.parametrize("place", ["store", "films/2026/store"])
def test_b11_a_store_made_below_a_folder_of_a_group_is_the_groups(tmp_path: Path, umask: int, place: str) -> None:
    shared = tmp_path / "nas"
    shared.mkdir()
    if os.geteuid() == 0:
        os.chown(shared, -1, 4242)
    shared.chmod(0o2775)
    FolderStore(shared / place, create=True)
    work(shared / place)
    assert modes(shared) == {"folder": {0o775}, "file": {0o664}}
    assert {path.stat().st_gid for path in shared.rglob("*")} == {shared.stat().st_gid}


@posix
@pytest.mark.parametrize("above", [0o755, 0o2755, 0o1777, 0o3777])
def test_f54_below_any_other_folder_a_store_follows_the_umask(tmp_path: Path, above: int) -> None:
    shared = tmp_path / "nas"
    shared.mkdir()
    shared.chmod(above)
    before = os.umask(0o027)
    try:
        FolderStore(shared / "store", create=True)
        work(shared / "store")
    finally:
        os.umask(before)
    assert modes(shared) == {"folder": {0o750}, "file": {0o640}}


@posix
def test_f54_a_private_store_is_closed(tmp_path: Path, umask: int) -> None:
    root = tmp_path / "data" / "store"
    FolderStore(root, create=True, private=True)
    work(root)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700 and modes(root) == {"folder": {0o700}, "file": {0o600}}


@posix
def test_f54_a_default_store_of_an_older_version_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "store"
    work(root)
    root.chmod(0o755)
    FolderStore(root, create=True, private=True)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


@posix
def test_f54_other_folders_follow_the_umask(tmp_path: Path) -> None:
    root = tmp_path / "nas"
    root.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        work(root)
    finally:
        os.umask(before)
    assert modes(root) == {"folder": {0o755}, "file": {0o644}}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that other users reach: pytest's own are for one user, and another session closes them again."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@posix
def test_b11_two_users_share_a_folder(open_folder: Path) -> None:
    """Each with a umask that closes what is new to others: the folder's setgid bit and group decide."""
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    root = open_folder / "nas"
    root.mkdir()
    os.chown(root, 0, 4242)
    root.chmod(0o2770)

    def as_user(user: int, code: str) -> str:
        start = f"import os; os.umask(0o077); os.setgroups([4242]); os.setgid({user}); os.setuid({user})\n"
        imports = "from tests.contract.stores import *\nfrom s3sync.store.folder import FolderStore\n"
        made = f"store = FolderStore(__import__('pathlib').Path({str(root)!r}), create=True)\n"
        done = subprocess.run(
            [sys.executable, "-c", imports + start + made + code], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    as_user(4001, "put(store, 'r/p/a', b'davids'); put(store, 'r/p/b', b'x')")
    as_user(4002, "put(store, 'r/p/a', b'jans'); store.delete('r/p/b'); put(store, 'r/p/new/c', b'c')")
    assert as_user(4001, "put(store, 'r/p/new/c', b'd'); print(read(store, 'r/p/a'))").strip() == "b'jans'"


def test_b11_a_missing_disk_invites_nobody_to_make_another_store(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "nas")
    for there in (False, True):
        if there:
            (tmp_path / "nas").mkdir()
        with pytest.raises(BucketMissing) as caught:
            keys(store)
        assert "init" not in str(caught.value.hint) and "mount" in str(caught.value.hint)


def test_a_store_has_an_identity(tmp_path: Path) -> None:
    one, other = (FolderStore(tmp_path / name, create=True) for name in ("one", "other"))
    assert one.identity() and one.identity() != other.identity()
    before = one.identity()
    (tmp_path / "one").rename(tmp_path / "moved")
    assert FolderStore(tmp_path / "moved").identity() == before


def test_a_store_of_an_older_version_gets_one_when_it_is_written_to(tmp_path: Path) -> None:
    root = tmp_path / "store"
    FolderStore(root, create=True)
    marker = root / RESERVED / "store.json"
    marker.write_text('{"format": "s3sync folder store", "schema": 1}\n')
    assert FolderStore(root).identity() is None and keys(FolderStore(root)) == []
    put(FolderStore(root), "a")
    first = FolderStore(root).identity()
    put(FolderStore(root), "b")
    assert first is not None and FolderStore(root).identity() == first
    assert json.loads(marker.read_text())["names"] == "plain"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2}', '{"names": "other"}', "\0" * 100_000])
def test_a_marker_that_is_not_understood_is_refused(tmp_path: Path, text: str) -> None:
    root = tmp_path / "store"
    put(FolderStore(root, create=True), "a")
    (root / RESERVED / "store.json").write_text(text)
    for call in (lambda: keys(FolderStore(root)), lambda: put(FolderStore(root), "b")):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.hint


def test_names_on_a_disk_that_holds_them_stay_as_they_are(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("this disk cannot")
    store = FolderStore(tmp_path / "store", create=True)
    put(store, "r/what?.mp4", b"x")
    put(store, "r/%{3F}", b"y")
    assert (tmp_path / "store/r/what?.mp4").read_bytes() == b"x" and read(store, "r/%{3F}") == b"y"


@given(st.text(min_size=1).filter(lambda name: "/" not in name) | st.text('%{}3FA2 .:?\\conul"', min_size=1))
def test_every_spelling_leads_back(name: str) -> None:
    spelled = spelling.encode(name)
    assert spelling.decode(spelled) == name and windows_reason(spelled) is None


@pytest.mark.parametrize("name", ["a%{41}", "%{7A}b", "x%{2E}.y"])
def test_a_spelling_that_is_nobodys_is_refused(name: str) -> None:
    assert spelling.decode(name) is None
