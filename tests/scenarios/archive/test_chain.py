"""Tiers on disk: local -> SSD -> bucket -> cold storage, each step verified before the one before is emptied."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import own_settings, put
from tests.scenarios.archive.test_restore import tree_of

SETS = """
archives:
  ssd:
    store: {ssd}
    source: {video}
    layout: "{{id}}"
    pack: none
    light: ["*.srt"]
  vault:
    store: {vault}
    source: {disk}
    layout: "{{range}}/{{id}}"
{light}{more}
"""
LIGHT = '    light: ["*.srt"]\n'


class Desk:
    """Somebody with projects on the computer, an SSD, and a store behind it."""

    def __init__(self, root: Path, vault: str, environ: dict[str, str], more: str = "", light: str = LIGHT) -> None:
        self.david = Person("david", root / "david", environ)
        self.video, self.mount = root / "video", root / "media/T7"
        self.disk = self.mount / "projects"
        self.mount.mkdir(parents=True)
        text = SETS.format(
            ssd=self.disk.as_uri(), video=self.video, disk=self.disk, vault=vault, light=light, more=more
        )
        own_settings(self.david, text)
        put(self.video, "b40-old/cut/a.mp4", os.urandom(300_000))
        put(self.video, "b40-old/b40.srt", b"1 hello\n")
        put(self.video, "b41-older/x.mp4", os.urandom(200_000)).chmod(0o640)

    def ok(self, *words: str) -> str:
        return self.david.ok(*words, cwd=self.david.root).out

    def json(self, *words: str) -> dict[str, object]:
        found: dict[str, object] = self.david.ok(*words, "--json", cwd=self.david.root).json
        return found

    def refused(self, code: int, *words: str) -> str:
        return self.david.expect(code, *words, cwd=self.david.root).err

    def on_disk(self) -> list[str]:
        found = (path.relative_to(self.disk).as_posix() for path in self.disk.rglob("*") if path.is_file())
        return sorted(name for name in found if not name.startswith(".s3sync"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, (tmp_path / "bucket").as_uri(), {})


def files_of(root: Path) -> dict[str, tuple[object, ...]]:
    return {name: one for name, one in tree_of(root).items() if one[0] != "folder"}


@pytest.mark.moto
def test_projects_go_down_the_tiers_and_come_back(moto: Server, tmp_path: Path) -> None:
    prefix = uuid.uuid4().hex
    endpoint = moto.environment()["AWS_ENDPOINT_URL"]
    desk = Desk(
        tmp_path,
        f"s3://{moto.bucket}/{prefix}",
        dict(moto.environment("david")),
        f"    endpoint_url: {endpoint}\n    region: us-east-1\n    tags: {{archive: normal}}\n",
    )
    before = files_of(desk.video)
    said = desk.ok("archive", "run", "--set", "ssd", "--delete-local")
    assert "archived 2 units" in said and "kept 1 light" in said
    assert desk.on_disk() == ["b40-old/b40.srt", "b40-old/cut/a.mp4", "b41-older/x.mp4"]
    assert [path.name for path in desk.video.rglob("*") if path.is_file()] == ["b40.srt"]
    desk.ok("archive", "run", "--set", "vault", "--delete-local")
    assert desk.on_disk() == ["b40-old/b40.srt"]
    keys = {one["Key"] for one in moto.client("admin").list_objects_v2(Bucket=moto.bucket, Prefix=prefix)["Contents"]}
    assert f"{prefix}/b00-b49/b40-old.tar" in keys
    desk.ok("archive", "transition", "b4*", "--set", "vault", "--to", "DEEP_ARCHIVE", "--yes")
    listed = desk.json("archive", "list")["archives"]
    assert [(one["set"], one["unit"], one["storage_class"]) for one in listed] == [  # type: ignore[attr-defined]
        ("ssd", "b40-old", "STANDARD"),
        ("vault", "b40-old", "DEEP_ARCHIVE"),
        ("vault", "b41-older", "DEEP_ARCHIVE"),
    ]
    for name in ("ssd", "vault"):  # a night later there is nothing to do, and nothing is missing
        assert "archived 0 units" in desk.ok("archive", "run", "--set", name, "--delete-local")
    desk.ok("archive", "verify")
    first = desk.david.run("restore", "b4*", "--yes", cwd=desk.david.root)
    assert first.code in (0, 8), first
    desk.ok("restore", "--resume", "--wait", "--yes")
    assert files_of(desk.video) == before
    assert "No restore waits" in desk.ok("restore", "--status")


def test_a_unit_comes_back_from_the_nearest_step_that_has_it_whole(desk: Desk) -> None:
    before = files_of(desk.video)
    desk.ok("archive", "run", "--set", "ssd", "--delete-local")
    desk.ok("archive", "run", "--set", "vault")
    shutil.rmtree(desk.david.root.parent / "bucket")
    desk.ok("restore", "b4*")
    assert files_of(desk.video) == before


def test_restored_to_the_ssd_and_from_there_to_the_computer(desk: Desk) -> None:
    before = files_of(desk.video)
    desk.ok("archive", "run", "--set", "ssd", "--delete-local")
    whole = files_of(desk.disk)
    desk.ok("archive", "run", "--set", "vault", "--delete-local")
    desk.ok("restore", "b4*", "--to", "ssd")
    after = files_of(desk.disk)
    assert {name: one for name, one in after.items() if not name.startswith(".s3sync")} == {
        name: one for name, one in whole.items() if not name.startswith(".s3sync")
    }
    assert [path.name for path in desk.video.rglob("*") if path.is_file()] == ["b40.srt"]
    assert "archived 0 units" in desk.ok("archive", "run", "--set", "vault", "--delete-local")
    assert desk.on_disk() == ["b40-old/b40.srt"]
    desk.ok("restore", "b4*", "--to", "local")
    assert files_of(desk.video) == before
    assert "on that disk already" in desk.refused(2, "restore", "b40-old", "--to", "ssd", "--set", "ssd")


def test_light_files_are_pulled_from_the_ssd_without_a_thaw(desk: Desk) -> None:
    desk.ok("archive", "run", "--set", "ssd", "--delete-local")
    desk.ok("archive", "run", "--set", "vault", "--delete-local")
    shutil.rmtree(desk.video / "b40-old")
    shutil.rmtree(desk.david.root.parent / "bucket")
    desk.ok("restore", "b40-old", "--light")
    assert [path.name for path in desk.video.rglob("*") if path.is_file()] == ["b40.srt"]


def test_light_files_left_on_the_computer_are_not_sent_again_each_night(tmp_path: Path) -> None:
    """The last step keeps no light files on the SSD; those on the computer are archived, further on."""
    desk = Desk(tmp_path, (tmp_path / "bucket").as_uri(), {}, light="")
    for sent in (2, 0):
        assert f"archived {sent} units" in desk.ok("archive", "run", "--set", "ssd", "--delete-local")
        desk.ok("archive", "run", "--set", "vault", "--delete-local")
        assert desk.on_disk() == []
    put(desk.video, "b40-old/b40.srt", b"1 hello, everybody\n")
    assert "archived 1 unit " in desk.ok("archive", "run", "--set", "ssd")


def test_what_was_adopted_on_the_ssd_and_went_on_is_no_longer_said_to_be_there(desk: Desk) -> None:
    """Only what a run had brought there was taken out of the catalogue: lists said that the SSD still had the rest."""
    put(desk.disk, "b12-by-hand/c.mp4", os.urandom(5000))
    put(desk.disk, "b12-by-hand/c.srt", b"1 hello\n")
    put(desk.disk, "b13-whole/d.mp4", os.urandom(4000))
    put(desk.disk, "b14-stays/cut/e.mp4", os.urandom(4000))
    (desk.disk / "b14-stays/latest").symlink_to("cut/e.mp4")
    told = desk.david.ok("archive", "adopt", "--set", "ssd", "--yes", cwd=desk.david.root)
    assert "b14-stays has 1 link, such as latest: a restore makes them again" in told.err
    assert "leaves" not in told.out + told.err
    assert "verified 3 archives" in desk.ok("archive", "verify", "--set", "ssd"), "one with a link hides no other"
    desk.ok("archive", "run", "b12", "b13", "--set", "vault", "--delete-local")
    assert "e.mp4" in "".join(desk.on_disk()) and "c.mp4" not in "".join(desk.on_disk())
    listed = desk.david.ok("archive", "list", "--json", cwd=desk.david.root).json["archives"]
    assert [(one["unit"], one["size_bytes"]) for one in listed if one["set"] == "ssd"] == [
        ("b12-by-hand", 8), ("b14-stays", 4000),
    ]  # fmt: skip
    desk.ok("archive", "verify")
    desk.ok("restore", "b12", "b13")
    assert (desk.video / "b12-by-hand/c.mp4").stat().st_size == 5000
    assert (desk.video / "b13-whole/d.mp4").stat().st_size == 4000


def test_what_is_not_on_the_next_step_whole_stays_on_the_ssd(desk: Desk) -> None:
    desk.ok("archive", "run", "--set", "ssd", "--delete-local")
    desk.ok("archive", "run", "--set", "vault")
    archive = desk.david.root.parent / "bucket/b00-b49/b40-old.tar"
    body = bytearray(archive.read_bytes())
    body[1000:1010] = b"0123456789"
    archive.write_bytes(body)
    assert "b40-old" in desk.refused(3, "archive", "run", "--set", "vault", "--delete-local")
    assert desk.on_disk() == ["b40-old/b40.srt", "b40-old/cut/a.mp4"]
    rows = (desk.disk / ".s3sync/archive/ssd.jsonl").read_text()
    assert "a.mp4" in rows and "b41-older" not in rows


@pytest.mark.parametrize("state", ["away", "empty mount point", "empty folder", "another disk", "somebody's folder"])
def test_an_ssd_that_is_not_plugged_in_is_said_and_never_taken_for_empty(state: str, desk: Desk) -> None:
    desk.ok("archive", "run", "--set", "ssd", "--delete-local")
    desk.ok("archive", "run", "--set", "vault")
    desk.mount.rename(desk.mount.with_name("in the drawer"))
    if state != "away":
        desk.mount.mkdir()
    if state in ("empty folder", "another disk"):
        desk.disk.mkdir()
    if state == "somebody's folder":
        put(desk.disk, "holiday/1.jpg")
    if state == "another disk":
        other = Person("other", desk.david.root.parent / "other")
        own_settings(
            other,
            SETS.format(ssd=desk.disk.as_uri(), video=desk.video, disk="/x", vault="s3://xyz/y", light="", more=""),
        )
        put(desk.video, "b77/x.mp4")
        other.ok("archive", "run", "b77", "--set", "ssd", cwd=other.root)
        shutil.rmtree(desk.video / "b77")
    before = desk.on_disk() if desk.disk.exists() else None
    said = "another disk" if state == "another disk" else "connect the disk"
    for words in (
        ("archive", "run", "--set", "vault", "--delete-local"),
        ("archive", "run", "--set", "vault", "--dry-run"),
        ("archive", "run", "--set", "ssd"),
        ("archive", "analyze", "--set", "vault"),
        ("archive", "list", "--not-archived", "--set", "vault"),
        ("archive", "verify", "--set", "ssd"),
        ("archive", "remove", "b40-old", "--set", "ssd", "--last-copies", "--yes"),
        ("restore", "b40-old"),
        ("restore", "b40-old", "--to", "ssd"),
    ):
        result = desk.david.run(*words, cwd=desk.david.root)
        assert result.code in (1, 2, 3), (words, result)
        assert said in result.err, (words, result)
    assert (desk.on_disk() if desk.disk.exists() else None) == before
    desk.ok("restore", "b40-old", "--set", "vault", "--to", "local")
    assert (desk.video / "b40-old/cut/a.mp4").exists()
    if desk.mount.exists():
        shutil.rmtree(desk.mount)
    desk.mount.with_name("in the drawer").rename(desk.mount)
    desk.ok("archive", "verify")


@pytest.mark.disk
@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="it needs a second disk")
def test_a_new_disk_at_the_old_path_is_told_apart_and_taken_under_a_folder_of_its_own(tmp_path: Path) -> None:
    """The old SSD broke. What was on it alone is in the bucket."""
    desk = Desk(tmp_path, (tmp_path / "bucket").as_uri(), {})
    own = desk.david.root / "home/.config/s3sync/config.yaml"
    disk = Path("/dev/shm") / f"s3sync-{uuid.uuid4().hex}"  # a small file system of its own
    text = own.read_text().replace(str(desk.disk), str(disk / "old"))
    own.write_text(text)
    try:
        disk.mkdir()
        before = files_of(desk.video)
        desk.ok("archive", "run", "--set", "ssd", "--delete-local")
        desk.ok("archive", "run", "--set", "vault")
        shutil.rmtree(disk / "old")
        for words in (("run", "--set", "ssd"), ("run", "--set", "vault"), ("verify", "--set", "ssd")):
            said = desk.david.run("archive", *words, cwd=desk.david.root).err
            assert "another disk is at" in said and "a disk is connected at /dev/shm" in said and "new folder" in said
        own.write_text(text.replace(str(disk / "old"), str(disk / "new")))
        desk.ok("restore", "b4*", "--set", "vault")
        assert files_of(desk.video) == before
        assert "archived 2 units" in desk.ok("archive", "run", "--set", "ssd")
        assert "2 archived already" in desk.ok("archive", "run", "--set", "vault")
    finally:
        shutil.rmtree(disk)


def test_a_disk_that_takes_the_place_of_another_is_taken_when_that_is_said(desk: Desk) -> None:
    desk.ok("archive", "run", "--set", "ssd")
    shutil.rmtree(desk.disk / ".s3sync-store")
    other = desk.david.root.parent / "other"
    shutil.copytree(desk.disk, other)
    own = desk.david.root / "home/.config/s3sync/config.yaml"
    text = own.read_text()
    shutil.rmtree(desk.disk)
    assert "connect the disk" in desk.refused(1, "archive", "run", "--set", "ssd")
    own.write_text(text.replace(desk.disk.as_uri(), other.as_uri()))
    desk.ok("archive", "run", "--set", "ssd")
    other.rename(desk.disk)
    own.write_text(text)
    assert "another disk" in desk.refused(1, "archive", "run", "--set", "ssd")
    desk.ok("archive", "catalogue", "rebuild", "--anew", "--set", "ssd")
    assert "archived already" in desk.ok("archive", "run", "--set", "ssd")


@pytest.mark.parametrize("more", ["", "  nas:\n    store: file:///srv/nas\n    source: /x\n"])
def test_a_disk_that_no_set_names_alone_is_asked_for(more: str, tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    text = f"archives:\n  usb:\n    store: {(tmp_path / 'usb').as_uri()}\n    source: {tmp_path / 'video'}\n{more}"
    own_settings(david, text if more else text.replace("file://", "s3://b").replace(str(tmp_path / "usb"), "/usb"))
    put(tmp_path / "video", "b40/x.mp4")
    if more:
        david.ok("archive", "run", "--set", "usb", cwd=david.root)
        refused = david.expect(2, "restore", "b40", "--set", "usb", "--to", "ssd", cwd=david.root)
        assert "usb, nas" in refused.err and "--to DIR" in refused.err
