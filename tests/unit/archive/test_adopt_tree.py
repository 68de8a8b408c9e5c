"""A plain tree on an SSD is adopted as it lies."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync import Archives
from s3sync.archives.adopting import Unmarked
from s3sync.core.archive.records import Status
from s3sync.errors import BucketMissing, Halt
from tests.scenarios.archive.conftest import put

SET = """
user: ana
archives:
  ssd:
    store: file://{ssd}
    source: {root}/projects/*
    layout: "{layout}"
    unit: {unit}
    pack: none
"""
YES: Callable[[Unmarked], bool] = lambda folder: True  # noqa: E731


class Desk:
    """A computer whose set has an SSD as its store."""

    def __init__(self, root: Path, layout: str = "{id}", unit: str = "folder") -> None:
        self.root, self.ssd = root, root / "ssd"
        config = root / "home/config/s3sync/config.yaml"
        config.parent.mkdir(parents=True)
        config.write_text(SET.format(ssd=self.ssd, root=root, layout=layout, unit=unit))
        (root / "projects").mkdir()
        home = str(root / "home")
        self.environ = {"HOME": home, "XDG_CONFIG_HOME": f"{home}/config", "XDG_DATA_HOME": f"{home}/data"}

    def archives(self) -> Archives:
        return Archives.open(path=self.root, environ=self.environ)

    def tree(self) -> dict[str, tuple[int, int]]:
        """All files of the SSD but the marker's, with size and time."""
        found = (path for path in self.ssd.rglob("*") if ".s3sync-store" not in path.parts)
        return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in found}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    put(made.ssd, "b40-old/cut/final.mp4", b"final" * 100)
    put(made.ssd, "b40-old/notes.txt", b"take two", 1_600_000_000)
    put(made.ssd, "b41-new/raw.mov", b"raw")
    put(made.ssd, "loose.txt", b"of no project")
    return made


def test_it_is_adopted_as_it_lies(desk: Desk) -> None:
    before = desk.tree()
    planned = desk.archives().adopt(dry_run=True)
    assert [(one.archive.unit, one.archive.files) for one in planned.adopted] == [("b40-old", 2), ("b41-new", 1)]
    assert "no folder store yet" in planned.warnings[0]
    assert not (desk.ssd / ".s3sync-store").exists() and desk.archives().archives() == []
    asked: list[Unmarked] = []

    def no(folder: Unmarked) -> bool:
        asked.append(folder)
        return False

    with pytest.raises(Halt):
        desk.archives().adopt(confirm=no)
    assert asked == [Unmarked(desk.ssd, ("b40-old", "b41-new", "loose.txt"))]
    assert not (desk.ssd / ".s3sync-store").exists()
    report = desk.archives().adopt(confirm=YES)
    assert [(one.archive.unit, one.archive.size, one.archive.files) for one in report.adopted] == [
        ("b40-old", 508, 2),
        ("b41-new", 3, 1),
    ]
    assert desk.tree() == before
    (first, _) = (one.archive for one in desk.archives().archives())
    assert (first.status, first.uploaded_at) == (Status.ADOPTED, "2024-01-15T12:00:00Z")
    assert (desk.archives().adopt().adopted, desk.archives().adopt().known) == ([], 2)


def test_where_everything_lives_knows_it(desk: Desk) -> None:
    desk.archives().adopt(confirm=YES)
    found, unseen = desk.archives().everywhere()
    assert [(one.id, one.ssd is not None, one.local) for one in found] == [
        ("b40-old", True, None),
        ("b41-new", True, None),
    ]
    assert unseen == []
    desk.ssd.rename(desk.root / "unplugged")
    found, unseen = desk.archives().everywhere()
    assert [one.id for one in found] == ["b40-old", "b41-new"]
    assert len(unseen) == 1 and "connect the disk" in unseen[0]


def test_it_comes_back_and_what_changed_there_is_seen(desk: Desk) -> None:
    (desk.ssd / "b40-old/latest").symlink_to("cut/final.mp4")
    report = desk.archives().adopt(confirm=YES)
    assert report.adopted[0].left_out == () and "1 link, such as latest" in report.warnings[-1]
    assert desk.archives().verify().exit_code == 0
    (restored,) = desk.archives().restore("b40-old").units
    assert restored.by_size, "no digest of it was ever known"
    back = desk.root / "projects/b40-old"
    assert (back / "cut/final.mp4").read_bytes() == b"final" * 100
    assert (back / "notes.txt").stat().st_mtime == 1_600_000_000
    assert (back / "latest").readlink() == Path("cut/final.mp4")
    (desk.ssd / "b40-old/latest").unlink()
    assert desk.archives().verify().exit_code == 0
    put(desk.ssd, "b41-new/raw.mov", b"longer")
    assert desk.archives().verify().exit_code == 3
    again = desk.archives().adopt()
    assert [(one.archive.unit, one.archive.size) for one in again.adopted] == [("b40-old", 508), ("b41-new", 6)]


@pytest.mark.parametrize("how", ["missing", "empty", "only what the system makes"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_disk_that_is_not_plugged_in_is_never_taken_for_empty(tmp_path: Path, how: str, dry_run: bool) -> None:
    desk = Desk(tmp_path)
    if how != "missing":
        desk.ssd.mkdir()
    if how.startswith("only"):
        (desk.ssd / ".Trashes").mkdir()
    with pytest.raises(BucketMissing) as caught:
        desk.archives().adopt(confirm=YES, dry_run=dry_run)
    assert "connect the disk" in (caught.value.hint or "")


def test_another_folder_in_its_place_is_not_adopted_for_it(desk: Desk) -> None:
    desk.archives().adopt(confirm=YES)
    desk.ssd.rename(desk.root / "unplugged")
    put(desk.ssd, "something/else.txt")
    with pytest.raises(BucketMissing):
        desk.archives().adopt(confirm=YES)
    assert not (desk.ssd / ".s3sync-store").exists() and len(desk.archives().archives()) == 2


def test_folders_that_the_layout_sorts_are_found_below_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, layout="{range}/{id}")
    put(desk.ssd, "b00-b49/b40-old/a.mp4", b"a")
    put(desk.ssd, "b00-b49/b77-astray/a.mp4", b"a")
    put(desk.ssd, "elsewhere/b41/a.mp4", b"a")
    (desk.ssd / "b00-b49/b42-empty").mkdir()
    report = desk.archives().adopt(confirm=YES)
    assert [(one.archive.unit, one.archive.key) for one in report.adopted] == [("b40-old", "b00-b49/b40-old")]
    assert sorted(report.unfit) == ["b00-b49/b77-astray", "elsewhere/b41"]


def test_single_files_are_adopted_one_by_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, layout="{year}/{date}/{name}", unit="file")
    put(desk.ssd, "2024/20240115/GX012299.MP4", b"footage")
    put(desk.ssd, "2024/readme.txt", b"no footage")
    report = desk.archives().adopt(confirm=YES)
    assert [one.archive.unit for one in report.adopted] == ["GX012299.MP4"] and report.unfit == ["2024/readme.txt"]
    desk.archives().restore("GX012299.MP4")
    assert (tmp_path / "projects/GX012299.MP4").read_bytes() == b"footage"


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be closed there")
def test_what_cannot_be_looked_into_is_told_and_the_rest_is_taken(desk: Desk) -> None:
    os.mkfifo(desk.ssd / "b41-new/pipe")
    report = desk.archives().adopt(confirm=YES)
    assert {one.archive.unit: len(one.left_out) for one in report.adopted} == {"b40-old": 0, "b41-new": 1}
