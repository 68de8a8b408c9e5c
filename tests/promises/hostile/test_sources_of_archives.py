"""Somebody who may write in the source folder of an archive set, or above it, swaps folders for links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3sync.archive import fields
from s3sync.archive.place import Destination, Target
from s3sync.archive.readers import Below, exiftool
from s3sync.archive.restore import require_room
from s3sync.archive.rows.files import Finder
from s3sync.archive.unit_root import real_root
from s3sync.archive.units import find_units
from s3sync.archive.walk import Selection, Unreadable, walk
from s3sync.core.archive.values import ArchiveSet, UnitKind
from s3sync.disk.errors import Refused
from s3sync.disk.looking_in import name_of
from s3sync.disk.own_links import own_end
from s3sync.errors import ConfigError, LocalError
from tests.kit.cameras import frame

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs links")
root_only = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give links away")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A source with one unit, and beside it a folder of the user's alone, with a file of the same name."""
    for folder in ("disk/m31/raw", "private"):
        (tmp_path / folder).mkdir(parents=True)
        frame(tmp_path / folder / "a.fits", {"OBJECT": folder.partition("/")[0], "INSTRUME": "x"})
        (tmp_path / folder / "to").symlink_to(folder.partition("/")[0])
    return tmp_path / "disk"


def swap(folder: Path, target: Path) -> None:
    folder.rename(folder.with_name("before"))
    folder.symlink_to(target)


def swap_by_another(folder: Path, target: Path) -> None:
    swap(folder, target)
    os.lchown(folder, 12345, 12345)


def chosen(disk: Path, **more: object) -> ArchiveSet:
    return ArchiveSet(name="a", store="s3://b", source=str(disk), **more)  # type: ignore[arg-type]


def test_f49_a_folder_that_becomes_a_link_while_it_is_walked_is_not_looked_into(disk: Path) -> None:
    found = walk(str(disk), "m31", Selection(chosen(disk)), [])
    assert next(found).path == "raw"
    swap(disk / "m31" / "raw", disk.parent / "private")
    with pytest.raises(Unreadable, match="raw"):
        list(found)


def test_f49_a_link_that_is_read_is_the_one_that_was_listed(disk: Path) -> None:
    found = walk(str(disk), "m31/raw", Selection(chosen(disk)), [])
    seen = [next(found)]
    swap(disk / "m31" / "raw", disk.parent / "private")
    seen += list(found)
    assert {one.target for one in seen} == {None, "disk"}


def test_f49_no_header_is_read_through_a_folder_that_is_a_link(disk: Path) -> None:
    needs = frozenset({"object", "md5"})
    assert fields.of_file(chosen(disk), str(disk), "m31/raw/a.fits", 0, needs)["object"] == "disk"
    swap(disk / "m31" / "raw", disk.parent / "private")
    with pytest.raises(OSError, match="link"):
        fields.of_file(chosen(disk), str(disk), "m31/raw/a.fits", 0, needs)


@pytest.mark.parametrize("kind", [UnitKind.FOLDER, UnitKind.FILE])
def test_f49_a_unit_whose_folder_became_a_link_is_neither_sent_nor_deleted(disk: Path, kind: UnitKind) -> None:
    more = {} if kind is UnitKind.FOLDER else {"select": ("*.fits",)}
    [unit] = find_units(chosen(disk, unit=kind, layout="{path}", **more), None, due_only=False)
    top = disk / "m31" if kind is UnitKind.FOLDER else disk / "m31" / "raw"
    assert real_root(unit) == str(top)
    swap(disk / "m31", disk.parent / "private" if kind is UnitKind.FOLDER else disk / "before")
    with pytest.raises(LocalError, match="link"):
        real_root(unit)


def test_where_the_users_own_source_leads_is_his_to_say(disk: Path) -> None:
    (disk.parent / "ssd").symlink_to(disk)
    [unit] = find_units(chosen(disk.parent / "ssd"), None, due_only=False)
    assert (unit.root, real_root(unit)) == (str(disk.parent / "ssd" / "m31"), str(disk / "m31"))


@root_only
@pytest.mark.parametrize("kind", UnitKind)
def test_f49_no_link_of_another_user_leads_to_the_source(disk: Path, kind: UnitKind) -> None:
    swap_by_another(disk, disk.parent / "private")
    more = {} if kind is UnitKind.FOLDER else {"select": ("*.fits",)}
    if kind is UnitKind.GROUP:
        more["group"] = ("{object}",)
    with pytest.raises(ConfigError, match="does not look into"):
        list(find_units(chosen(disk, unit=kind, layout="{path}", **more), None, due_only=False))


@root_only
def test_f49_nor_to_the_files_of_rows(disk: Path) -> None:
    swap_by_another(disk, disk.parent / "private")
    with pytest.raises(ConfigError, match="does not look into"):
        Finder(chosen(disk), None)


@root_only
def test_f49_a_source_that_became_a_link_of_another_user_is_neither_sent_nor_deleted(disk: Path) -> None:
    (disk.parent / "private").rename(disk.parent / "m31")
    [unit] = find_units(chosen(disk), None, due_only=False)
    swap_by_another(disk, disk.parent)
    with pytest.raises(LocalError, match="link"):
        real_root(unit)


@root_only
@pytest.mark.parametrize("names", [(), ("m32",)])
def test_f49_nothing_is_restored_by_a_link_of_another_user(disk: Path, names: tuple[str, ...]) -> None:
    swap_by_another(disk, disk.parent / "private")
    with pytest.raises(LocalError, match="link"):
        Target(Destination(disk, names), "x")
    assert sorted(os.listdir(disk.parent / "private")) == ["a.fits", "to"]


def test_links_of_the_users_own_end_where_the_system_says(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = disk.parent
    for name, target in (("up", "disk/m31/../../private"), ("two", "up/../two/../disk"), ("whole", top / "up")):
        (top / name).symlink_to(target)
    (top / "disk" / "back").symlink_to("../up/to")
    monkeypatch.chdir(top)
    for path in (
        "up",
        "whole/a.fits",
        "disk/back",
        "disk/./m31//raw",
        "up/..",
        "none/of/it",
        f"{top}/whole/../disk",
        "/",
    ):
        assert own_end(path) == os.path.realpath(path)
    with pytest.raises(OSError, match="circle"):
        own_end(top / "two")


def test_f49_exiftool_gets_the_very_file_that_was_opened(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = disk.parent / "exiftool"
    program.write_text('#!/bin/sh\nfor last; do :; done\nprintf \'[{"a:Model": "%s"}]\' "$(cat "$last")"\n')
    program.chmod(0o755)
    monkeypatch.setattr(exiftool, "program", lambda name: str(program))
    (disk / "m31" / "raw" / "a.heic").write_text("listed")
    (disk.parent / "private" / "a.heic").write_text("private")

    def too_late(descriptor: int, path: str) -> str:
        swap(disk / "m31" / "raw", disk.parent / "private")
        return name_of(descriptor, path)

    monkeypatch.setattr(exiftool, "name_of", too_late)
    assert exiftool.read_by_exiftool(Below(str(disk), "m31/raw/a.heic")).camera == "listed"
    with pytest.raises(OSError, match="link"):
        exiftool.read_by_exiftool(Below(str(disk), "m31/raw/a.heic"))


def test_a_folder_that_goes_while_its_room_is_asked_for_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot restore to"):
        require_room(tmp_path / "gone", [])


@root_only
def test_a_link_that_is_exchanged_while_it_is_refused_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "theirs"
    link.symlink_to(tmp_path)
    os.chown(link, 12345, 12345, follow_symlinks=False)

    def exchanged(path: object) -> str:
        raise OSError(22, "Invalid argument")  # of `readlink`, for what is a folder by now

    monkeypatch.setattr("s3sync.disk.own_links.os.path.realpath", exchanged)
    with pytest.raises(Refused, match="link of another user"):
        own_end(link)
