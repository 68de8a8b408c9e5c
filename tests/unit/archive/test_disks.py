"""Whether the disk that a folder store is meant for can be the one that is there."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from s3sync.archive import disks
from s3sync.archive.disks import NewStore, disk_below, doubt_of, require_disk, unmounted
from s3sync.core.archive.values import ArchiveSet
from s3sync.errors import Halt

pytestmark = pytest.mark.disk
SHM = pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="it needs a second disk")
RULES = ArchiveSet("ssd", "file:///x", "/y")


def test_a_folder_of_this_computer_is_in_no_doubt(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "archive"):
        assert doubt_of(folder) is None
    assert NewStore("ssd", tmp_path / "archive", None).disk == "on this computer's own disk"


def test_a_folder_that_would_be_made_with_those_above_it_is(tmp_path: Path) -> None:
    assert "is not there" in (doubt_of(tmp_path / "T7/archive") or "")
    (tmp_path / "T7").write_text("no folder")
    assert "is not there" in (doubt_of(tmp_path / "T7/archive") or "")


def test_a_disk_of_the_table_that_is_not_mounted(tmp_path: Path) -> None:
    table, point = tmp_path / "fstab", tmp_path / "ssd"
    table.write_text(f"UUID=2 {point} ext4 noauto 0 2\n")
    point.mkdir()
    assert "none is mounted" in (unmounted(point / "archive", table=table) or "")
    assert "none is mounted" in (unmounted(point, table=table) or "")
    assert unmounted(tmp_path / "ssd2", table=table) is None
    table.write_bytes(b"UUID=2 \xff\xfe ext4\n")
    assert unmounted(point, table=table) is None, "a table that cannot be read says nothing"


@pytest.mark.parametrize("place", ["/media", "/mnt", "/run/media", "/Volumes"])
def test_below_such_places_a_disk_has_to_be_mounted(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = uuid.uuid4().hex
    folder = Path(place) / name / "T7" / "archive"
    mounts = {Path("/run"), Path("/")}
    monkeypatch.setattr(Path, "is_mount", lambda path: path in mounts)
    monkeypatch.setattr(Path, "is_dir", lambda path: True)
    assert f"below {place}" in (doubt_of(folder) or "")
    mounts.add(Path(place) / name / "T7")
    assert doubt_of(folder) is None
    assert disk_below(folder) == Path(place) / name / "T7"
    mounts.remove(Path(place) / name / "T7")
    mounts.add(Path(place))
    assert doubt_of(folder) is None, "the disk is mounted at the place itself"


@SHM
def test_a_disk_that_is_mounted_where_the_table_says(tmp_path: Path) -> None:
    table = tmp_path / "fstab"
    table.write_text("UUID=2 /dev/shm tmpfs x 0 0\n")
    folder = Path("/dev/shm") / uuid.uuid4().hex
    assert unmounted(folder, table=table) is None
    assert NewStore("ssd", folder, None).disk == "on the disk at /dev/shm"


def test_what_has_its_marker_is_not_made_and_what_is_in_doubt_only_if_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ssd"
    monkeypatch.setattr(disks, "doubt_of", lambda folder: "it is away")
    with pytest.raises(Halt, match="no folder store") as refused:
        require_disk(RULES, folder, create=False, confirm=None)
    assert "--set ssd --create" in (refused.value.hint or "")
    with pytest.raises(Halt):
        require_disk(RULES, folder, create=False, confirm=lambda new: False)
    for made in (
        require_disk(RULES, folder, create=True, confirm=lambda new: False),
        require_disk(RULES, folder, create=False, confirm=lambda new: new.doubt == "it is away"),
    ):
        assert made is not None and made.folder == folder
    (folder / ".s3sync-store").mkdir(parents=True)
    (folder / ".s3sync-store/store.json").write_text("{}")
    assert require_disk(RULES, folder, create=False, confirm=None) is None
