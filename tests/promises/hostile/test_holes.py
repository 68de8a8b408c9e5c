"""Holes in a folder store: files of next to nothing, which another user of the NAS has every command read in full."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from s3sync.errors import StoreError
from s3sync.store.folder import FolderStore, files
from s3sync.store.folder import hollow as holes
from s3sync.store.folder.layout import RESERVED
from tests.contract.stores import keys, put

MIB = 1 << 20

pytestmark = [pytest.mark.skipif(os.name == "nt", reason="Windows does not say what a file takes on the disk")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = FolderStore(tmp_path / "store", create=True)
    put(store, "a", b"x")
    return tmp_path / "store"


def hole(root: Path, name: str, size: int, when: float) -> None:
    with (root / name).open("wb") as file:
        file.truncate(size)
    os.utime(root / name, (when, when))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of what is read to be hashed."""
    found: list[int] = []
    honest = files.digest_file

    def counted(file: object, size: int) -> str:
        found.append(size)
        return honest(file, size)  # type: ignore[arg-type]

    monkeypatch.setattr("s3sync.store.folder.objects.digest_file", counted)
    return found


def test_f52_many_holes_are_read_up_to_a_bound(root: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holes, "MOST", 3 * MIB)
    for number in range(8):
        hole(root, f"{number}.mov", MIB, time.time())
    with pytest.raises(StoreError) as refused:
        keys(FolderStore(root))
    assert "the rest are holes" in str(refused.value.why) and sum(reads) <= 3 * MIB


def test_f52_a_hole_is_read_once_by_a_command(root: Path, reads: list[int]) -> None:
    hole(root, "fresh.mov", MIB, time.time())
    store = FolderStore(root)
    for _ in range(3):
        assert keys(store) == ["a", "fresh.mov"] and store.head("fresh.mov").info.size == MIB
    assert reads == [MIB]


def test_f52_a_time_in_the_future_has_no_file_read_for_ever(root: Path, reads: list[int]) -> None:
    hole(root, "later.mov", MIB, time.time() + 10 * 365 * 86400)
    (root / "real.mov").write_bytes(b"real")
    os.utime(root / "real.mov", (4e9, 4e9))
    for _ in range(3):
        assert keys(FolderStore(root)) == ["a", "later.mov", "real.mov"]
    assert sorted(reads) == [4, MIB]


def test_a_sparse_file_of_the_teams_own_is_an_object(root: Path, reads: list[int]) -> None:
    with (root / "disk.img").open("wb") as file:
        file.write(b"boot" * 4096)
        file.truncate(12 * MIB)
    os.utime(root / "disk.img", (1.7e9, 1.7e9))
    assert keys(FolderStore(root)) == keys(FolderStore(root)) == ["a", "disk.img"]
    assert reads == [12 * MIB]


def test_where_the_disk_does_not_say_what_a_file_takes_all_are_read(
    root: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holes, "MOST", MIB)
    monkeypatch.setattr("s3sync.store.folder.layout.Layout.tells_blocks", False)
    for number in range(3):
        hole(root, f"{number}.mov", MIB, 1.7e9)
    assert len(keys(FolderStore(root))) == 4 and reads == [MIB] * 3


def test_what_others_are_writing_outlasts_a_clock_that_is_days_ahead(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One's own: by the disk's clock nothing there is old."""
    being_written = root / RESERVED / "tmp" / f"{int(time.time())}-{'0' * 32}"
    being_written.write_bytes(b"half")
    honest = time.time
    monkeypatch.setattr(time, "time", lambda: honest() + 3 * 86400)
    put(FolderStore(root), "b", b"y")
    assert being_written.exists()
    os.utime(being_written, (1.7e9, 1.7e9))
    being_written.rename(being_written.with_name(f"1700000000-{'0' * 32}"))
    put(FolderStore(root), "c", b"z")
    assert [path.name for path in being_written.parent.iterdir()] == []
