"""Another user of a shared folder store: links, FIFOs, devices and swapped folders lead nowhere and hold nobody up."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import remove_tree
from s3sync.disk.tree import kept_folders
from s3sync.errors import BucketMissing, NotFound, StoreError
from s3sync.store.folder import FolderStore
from s3sync.store.folder.layout import RESERVED
from s3sync.store.port import Create, Headers, Overwrite, Part
from tests.contract.stores import keys, noise, put, read, send

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="links and FIFOs of POSIX"),
    pytest.mark.timeout(30),
]

ODD: dict[str, Callable[[Path, Path], None]] = {
    "link": lambda path, victim: path.symlink_to(victim),
    "link to nothing": lambda path, victim: path.symlink_to(victim.parent / "fresh"),
    "FIFO": lambda path, victim: os.mkfifo(path),
    "zero": lambda path, victim: path.symlink_to("/dev/zero"),
    "folder": lambda path, victim: path.mkdir(),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(root, create=True)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of ours outside of the store, three days old. Whatever the test did, it stays, with nothing beside it."""
    folder = tmp_path / "home"
    folder.mkdir()
    file = folder / "keys"
    file.write_text("private")
    os.utime(file, (file.stat().st_mtime - 3 * 86400,) * 2)
    return file


def untouched(victim: Path) -> bool:
    return [path.name for path in victim.parent.iterdir()] == ["keys"] and victim.read_text() == "private"


def shard(root: Path, key: str) -> tuple[Path, str]:
    name = hashlib.sha256(key.encode()).hexdigest()
    folder = root / RESERVED / "records" / name[:2]
    folder.mkdir(exist_ok=True)
    return folder, name


@pytest.mark.parametrize("name", ["tmp", "uploads", "records", "locks"])
def test_f52_a_linked_folder_of_the_stores_own(root: Path, store: FolderStore, victim: Path, name: str) -> None:
    put(store, "a", b"content")
    folder = root / RESERVED / name
    folder.rename(root.parent / "moved")
    folder.symlink_to(victim.parent)
    again = FolderStore(root)
    for call in (
        lambda: put(again, "a", b"other"),
        lambda: put(again, "b", b"other"),
        lambda: again.start_upload("c", Headers()),
        lambda: again.delete("a"),
    ):
        try:
            call()
        except StoreError as error:
            assert "link" in str(error) and error.hint
    assert untouched(victim)


def test_f52_a_linked_reserved_folder(root: Path, store: FolderStore, victim: Path) -> None:
    (root / RESERVED).rename(root.parent / "moved")
    (root / RESERVED).symlink_to(root.parent / "moved")
    for call in (lambda: keys(store), lambda: put(store, "a"), lambda: FolderStore(root, create=True)):
        with pytest.raises(StoreError, match="link"):
            call()


@pytest.mark.parametrize("kind", ODD)
def test_f52_an_odd_marker(root: Path, store: FolderStore, victim: Path, kind: str) -> None:
    marker = root / RESERVED / "store.json"
    marker.unlink()
    ODD[kind](marker, victim)
    with pytest.raises(BucketMissing, match="marker"):
        put(FolderStore(root, create=True), "a")
    assert untouched(victim)


@pytest.mark.parametrize("suffix", ["", ".next"])
@pytest.mark.parametrize("kind", ODD)
def test_f52_an_odd_record(root: Path, store: FolderStore, victim: Path, kind: str, suffix: str) -> None:
    """It is no record, and the next writer puts a real one in its place."""
    put(store, "film", b"first")
    folder, name = shard(root, "film")
    (folder / f"{name}{suffix}").unlink(missing_ok=True)
    ODD[kind](folder / f"{name}{suffix}", victim)
    assert store.head("film").info.size == 5 and keys(store) == ["film"]
    if kind == "folder":
        return
    put(store, "film", b"second")
    assert read(store, "film") == b"second" and untouched(victim)
    assert all(stat.S_ISREG(path.lstat().st_mode) for path in folder.iterdir())


def test_f52_a_linked_shard_of_records(root: Path, store: FolderStore, victim: Path) -> None:
    folder, _ = shard(root, "film")
    folder.rmdir()
    folder.symlink_to(victim.parent)
    (root / "film").write_bytes(b"dropped in")
    assert store.head("film").info.size == 10
    with pytest.raises(StoreError, match="link"):
        put(store, "film", b"second")
    assert untouched(victim)


def test_f52_a_record_without_end(root: Path, store: FolderStore) -> None:
    put(store, "film", b"first")
    folder, name = shard(root, "film")
    with (folder / name).open("r+b") as file:
        file.truncate(1 << 40)
    assert store.head("film").info.size == 5


@pytest.mark.parametrize("size", [8 * 1024**3, 8 * 1024**4])
def test_f52_a_file_that_is_a_hole(root: Path, store: FolderStore, size: int) -> None:
    """It costs whoever makes it nothing, and would cost hours to read."""
    put(store, "a", b"x")
    with (root / "big.mov").open("wb") as file:
        file.truncate(size)
    for ask in (lambda: keys(store), lambda: store.head("big.mov"), lambda: read(store, "big.mov")):
        with pytest.raises(StoreError) as refused:
            ask()
        assert "holds 0 B: the rest is a hole" in str(refused.value.why)
        assert "it may be the only copy" in str(refused.value.hint), "a disk image is one, too"
    (root / "big.mov").unlink()
    assert keys(store) == ["a"]


def chain(folder: Path, depth: int) -> None:
    """Folders in one another, which no path is long enough to name."""
    held = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=held)
        held, above = os.open("d", os.O_RDONLY, dir_fd=held), held
        os.close(above)
    os.close(os.open("end", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=held))
    os.close(held)


@pytest.mark.parametrize("below", ["", "film/cut"])
def test_f52_folders_in_one_another_without_end_are_refused_at_once(root: Path, store: FolderStore, below: str) -> None:
    """Each listing of six thousand took minutes, for everybody."""
    put(store, "a", b"x")
    (root / below).mkdir(parents=True, exist_ok=True)
    chain(root / below, 1000)
    try:
        with pytest.raises(StoreError) as refused:
            keys(store)
        assert "more than 512 folders lie in one another" in str(refused.value.why)
    finally:
        with GuardedFolder.open(root / below, shared=True) as folder:
            remove_tree(folder, "d")
    assert keys(store) == ["a"]


def test_a_key_of_as_many_folders_as_one_can_have_is_listed(root: Path, store: FolderStore) -> None:
    chain(root, 511)
    with kept_folders():  # as all commands do
        assert keys(store) == ["d/" * 511 + "end"]


def test_a_file_with_holes_that_somebody_may_have_made_is_read(root: Path, store: FolderStore) -> None:
    with (root / "image.raw").open("wb") as file:
        file.write(b"x" * 10_000)
        file.truncate(30_000_000)
    assert store.head("image.raw").info.size == 30_000_000


@pytest.mark.parametrize("kind", ["link", "link to nothing", "FIFO", "zero"])
def test_f52_an_odd_lock(root: Path, store: FolderStore, victim: Path, kind: str) -> None:
    ODD[kind](root / RESERVED / "locks" / shard(root, "film")[1][:2], victim)
    with pytest.raises(StoreError):
        put(store, "film")
    assert untouched(victim)


@pytest.mark.parametrize("kind", ["link", "FIFO", "zero"])
def test_f52_an_odd_object(root: Path, store: FolderStore, victim: Path, kind: str) -> None:
    put(store, "fine")
    ODD[kind](root / "film", victim)
    for call in (
        lambda: read(store, "film"),
        lambda: store.head("film"),
        lambda: put(store, "film"),
        lambda: put(store, "film", mode=Create()),
        lambda: store.delete("film"),
        lambda: keys(store),
    ):
        with pytest.raises(StoreError):
            call()
    assert untouched(victim) and (root / "film").lstat()


@pytest.mark.parametrize("kind", ["link", "FIFO", "zero", "link to nothing"])
def test_f52_a_part_that_was_replaced(root: Path, store: FolderStore, victim: Path, kind: str) -> None:
    upload_id = store.start_upload("film", Headers())
    parts = [send(store, "film", upload_id, number, noise(10)) for number in (1, 2)]
    file = root / RESERVED / "uploads" / upload_id / f"00001-{parts[0].etag}"
    file.unlink()
    ODD[kind](file, victim)
    with pytest.raises(StoreError):
        store.complete_upload("film", upload_id, parts, mode=Create())
    assert not (root / "film").exists() and untouched(victim)
    assert [part.number for part in store.list_parts("film", upload_id)] == [2]


@pytest.mark.parametrize("other", [b"0123456789", b"shorter", b"and a longer one"])
def test_f52_a_part_whose_bytes_are_others(root: Path, store: FolderStore, other: bytes) -> None:
    """By its name it is the part that was sent: only its bytes tell."""
    upload_id = store.start_upload("film", Headers())
    part = send(store, "film", upload_id, 1, noise(10))
    (root / RESERVED / "uploads" / upload_id / f"00001-{part.etag}").write_bytes(other)
    with pytest.raises(StoreError, match="changed after it was sent"):
        store.complete_upload("film", upload_id, [Part(1, 10, part.etag)], mode=Overwrite())
    assert keys(store) == [] and store._layout.tmp.names() == []


@pytest.mark.parametrize("kind", ["link", "FIFO", "zero"])
def test_f52_an_odd_upload(root: Path, store: FolderStore, victim: Path, kind: str) -> None:
    upload_id = store.start_upload("film", Headers())
    record = root / RESERVED / "uploads" / upload_id / "upload.json"
    record.unlink()
    ODD[kind](record, victim)
    (root / RESERVED / "uploads" / ("0" * 32)).symlink_to(victim.parent)
    assert list(store.list_uploads("")) == []
    for name in (upload_id, "0" * 32):
        with pytest.raises(NotFound):
            send(store, "film", name, 1, b"part")
        store.abort_upload("film", name)
    assert untouched(victim)


def test_f52_a_folder_swapped_for_a_link(root: Path, store: FolderStore, victim: Path) -> None:
    """After the folder was used once, and while a file is on its way into it."""
    put(store, "day/cut/a", b"a")
    swapped = root / "day" / "cut"

    class Swapping:
        """A body that swaps the folder when its first bytes are read: checks made before that are over."""

        def __init__(self) -> None:
            self.left = b"content"

        def __len__(self) -> int:
            return 7

        def read(self, size: int | None = None) -> bytes:
            if swapped.is_dir() and not swapped.is_symlink():
                swapped.rename(root / "day" / "old")
                swapped.symlink_to(victim.parent)
            given, self.left = self.left, b""
            return given

        def seek(self, offset: int, whence: int = 0) -> int:
            self.left = b"content"
            return 0

        def tell(self) -> int:
            return 0

    with pytest.raises(StoreError):
        store.put("day/cut/b", Swapping(), mode=Create(), headers=Headers(), md5=hashlib.md5(b"content").digest())
    for call in (lambda: put(store, "day/cut/keys", b"x"), lambda: store.delete("day/cut/keys")):
        with pytest.raises(StoreError):
            call()
    with pytest.raises(StoreError):
        read(store, "day/cut/keys")
    assert untouched(victim)


def test_f52_a_listing_does_not_follow_a_folder_swapped_while_it_runs(
    root: Path, store: FolderStore, victim: Path
) -> None:
    put(store, "a/one")
    put(store, "b/two")
    listing = store.list("")
    first = next(listing).key.split("/")[0]
    other = root / ("b" if first == "a" else "a")
    other.rename(root.parent / "away")
    other.symlink_to(victim.parent)
    with pytest.raises(StoreError):
        list(listing)


def test_f52_old_temporary_folders_are_swept_and_links_in_them_not_followed(
    root: Path, store: FolderStore, victim: Path
) -> None:
    left = root / RESERVED / "tmp" / "left"
    left.mkdir()
    (left / "link").symlink_to(victim.parent)
    (left / "file").symlink_to(victim)
    os.utime(left, (1, 1))
    (root / RESERVED / "tmp" / "direct").symlink_to(victim.parent)
    put(FolderStore(root), "a")
    assert not left.exists() and untouched(victim)
