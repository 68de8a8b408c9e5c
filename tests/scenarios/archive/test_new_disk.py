"""An SSD that is used for the first time: away, it is said; and what a restore brings to it is known to be there."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.conftest import own_settings, put
from tests.scenarios.cli.terminal import on_terminal

SETS = """
archives:
  ssd:
    store: {ssd}
    source: {video}
    layout: "{{range}}/{{id}}"
    pack: none
    light: ["*.srt"]
  vault:
    store: {vault}
    source: {source}
    pack: {pack}
"""


def disk_of(david: Person, disk: Path, *, source: str | None = None, pack: str = "tar") -> Path:
    """Somebody's projects, an SSD's folder, and a store to which they are sent, too."""
    video, vault = david.root / "video", david.root / "vault"
    told = SETS.format(ssd=disk.as_uri(), video=video, vault=vault.as_uri(), source=source or video / "*", pack=pack)
    own_settings(david, told)
    put(video, "b40-old/cut/a.mp4", os.urandom(300_000)).chmod(0o640)
    put(video, "b40-old/b40.srt", b"1 hello\n")
    put(video, "b41-older/x.mp4", os.urandom(200_000))
    return video


@pytest.mark.parametrize("place", ["/mnt", "/media/david", "/Volumes", "/run/media/david", "a folder that is away"])
def test_a_disk_that_is_not_plugged_in_at_the_first_run_is_said(place: str, david: Person) -> None:
    away = Path(place) if place.startswith("/") else david.root / "disks"
    disk = away / uuid.uuid4().hex / "archive"
    disk_of(david, disk)
    for words in ((), ("--yes",), ("--dry-run",), ("b40-old", "--delete-local")):
        refused = david.expect(5, "archive", "run", "--set", "ssd", *words, cwd=david.root)
        assert f"no folder store at {disk} yet" in refused.err and "connect the disk" in refused.err
        assert "on this computer's own disk" in refused.err and "--set ssd --create" in refused.err
    told = david.expect(5, "archive", "run", "--set", "ssd", "--json", cwd=david.root).json
    assert told["error"]["type"] == "Halt" and told["exit_code"] == 5
    assert not os.path.lexists(disk.parent), "nothing was made"
    assert not list((david.root / "home").rglob("*.db")), "and nothing is taken for known"


def test_it_is_made_where_that_is_said(david: Person) -> None:
    disk = david.root / "T7/archive"
    disk_of(david, disk)
    question = "own disk? [y/N]"
    declined = on_terminal(david, "archive", "run", "--set", "ssd", answers=[(question, "n")], cwd=david.root)
    assert declined.code == 5 and not disk.parent.exists(), declined
    made = on_terminal(david, "archive", "run", "b40-old", "--set", "ssd", answers=[(question, "y")], cwd=david.root)
    assert made.code == 0 and (disk / "b00-b49/b40-old/cut/a.mp4").exists(), made
    again = david.ok("archive", "run", "--set", "ssd", cwd=david.root)
    assert "Made the folder store" not in again.out and "1 archived already" in again.out
    shutil.rmtree(disk.parent)
    away = david.expect(1, "archive", "run", "--set", "ssd", "--create", cwd=david.root)
    assert "connect the disk" in away.err and not disk.parent.exists(), "it was there, and is away now"


def test_with_create_nobody_is_asked_and_the_disk_is_named(david: Person) -> None:
    disk = david.root / "T7/archive"
    disk_of(david, disk)
    told = david.ok("archive", "run", "--set", "ssd", "--create", cwd=david.root).out
    assert f"Made the folder store {disk}, on this computer's own disk" in told
    planned = david.ok("archive", "run", "--set", "vault", "--dry-run", "--json", cwd=david.root).json
    assert planned["makes_store"] is True, "the folder above it is there"
    assert "would make" in david.ok("archive", "run", "--set", "vault", "--dry-run", cwd=david.root).out.casefold()
    told = david.ok("archive", "run", "--set", "vault", "--json", cwd=david.root).json
    assert told["makes_store"] is True
    assert david.ok("archive", "run", "--set", "vault", "--json", cwd=david.root).json["makes_store"] is False


def test_create_is_of_folders(david: Person) -> None:
    own_settings(david, f"archives:\n  vault: {{store: 's3://some-bucket/x', source: '{david.root}'}}\n")
    refused = david.expect(2, "archive", "run", "--set", "vault", "--create", cwd=david.root)
    assert "sends to no folder" in refused.err


def whereabouts(david: Person) -> dict[str, dict[str, dict[str, Any]]]:
    told = david.ok("projects", "--everywhere", "--json", cwd=david.root).json["projects"]
    return {one["id"]: one["storage"] for one in told}


@pytest.mark.parametrize("pack", ["tar", "tar.gz", "none"])
def test_what_was_restored_to_the_ssd_is_known_to_be_there(pack: str, david: Person) -> None:
    disk = david.root / "ssd"
    video = disk_of(david, disk, pack=pack)
    david.ok("archive", "run", "b41-older", "--set", "ssd", cwd=david.root)
    david.ok("archive", "run", "--set", "vault", cwd=david.root)
    sent = video / "b40-old"
    kept = sent.rename(david.root / "kept")
    assert whereabouts(david)["b40-old"]["ssd"]["path"] == str(david.root / "vault"), "a folder, too"
    david.ok("restore", "b40-old", "--set", "vault", "--to", "ssd", "--member", "b40.srt", cwd=david.root)
    there = whereabouts(david)["b40-old"]["ssd"]
    assert (there["path"], there["size_bytes"]) == (str(disk), 8)
    david.ok("restore", "b40-old", "--set", "vault", "--to", "ssd", cwd=david.root)
    there = whereabouts(david)["b40-old"]
    assert (there["local"], there["ssd"]["key"]) == ({"exists": False}, "b00-b49/b40-old")
    assert (there["ssd"]["path"], there["ssd"]["size_bytes"]) == (str(disk), 300_008)
    listed = david.ok("archive", "show", "b40-old", "--set", "ssd", "--json", cwd=david.root).json
    assert "cut/a.mp4" in str(listed)
    david.ok("archive", "verify", "--set", "ssd", "--deep", cwd=david.root)
    assert "it came here" in str(david.ok("archive", "log", "--json", cwd=david.root).json)
    for path in david.root.rglob("archive/*.db*"):
        path.unlink()
    david.ok("archive", "catalogue", "rebuild", cwd=david.root)
    assert whereabouts(david)["b40-old"]["ssd"]["size_bytes"] == 300_008, "others see it, too"
    shutil.rmtree(david.root / "vault")
    david.ok("restore", "b40-old", "--set", "ssd", "--to", "local", cwd=david.root)
    assert (sent / "cut/a.mp4").read_bytes() == (kept / "cut/a.mp4").read_bytes()
    assert (sent / "cut/a.mp4").stat().st_mode & 0o777 == 0o640
    again = david.ok("archive", "run", "--set", "ssd", cwd=david.root).out
    assert "archived 0 units" in again and "2 archived already" in again


def test_files_that_stand_beside_others_are_not_taken_for_the_units_own(david: Person) -> None:
    disk = david.root / "ssd"
    disk_of(david, disk)
    david.ok("archive", "run", "b41-older", "--set", "ssd", cwd=david.root)
    david.ok("archive", "run", "--set", "vault", cwd=david.root)
    put(disk, "b00-b49/b40-old/cut/a.mp4", b"another cut")
    david.ok("restore", "b40-old", "--set", "vault", "--to", "ssd", cwd=david.root)
    assert whereabouts(david)["b40-old"]["ssd"]["size_bytes"] == 8, "the subtitles alone"
    rows = (disk / ".s3sync/archive/ssd.jsonl").read_text()
    assert "b40.srt" in rows and "a.mp4" not in rows.replace("x.mp4", "")


def test_in_a_chain_the_ssd_is_not_taken_for_this_computer(david: Person) -> None:
    disk = david.root / "ssd"
    video = disk_of(david, disk, source=f"{disk}/*/*")
    david.ok("archive", "run", "--set", "ssd", "--delete-local", cwd=david.root)
    david.ok("archive", "run", "--set", "vault", "--delete-local", cwd=david.root)
    shutil.rmtree(video)
    video.mkdir()
    put(disk, "b00-b49/b44-by-hand/y.mp4", b"copied")
    before = whereabouts(david)
    assert [name for name, one in before.items() if one["local"]["exists"]] == []
    assert before["b44-by-hand"]["ssd"]["exists"]
    david.ok("restore", "b00-b49/b41-older", "--to", "ssd", cwd=david.root)
    rows = (disk / ".s3sync/archive/ssd.jsonl").read_text()
    assert "x.mp4" in rows
    assert whereabouts(david)["b41-older"]["ssd"]["size_bytes"] == 200_000
    told = david.ok("archive", "run", "--set", "vault", "--delete-local", cwd=david.root).out
    assert "deleted here 1 file" in told
    assert "x.mp4" not in (disk / ".s3sync/archive/ssd.jsonl").read_text()
