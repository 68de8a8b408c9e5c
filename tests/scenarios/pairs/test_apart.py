"""Two names of one place: `move` and `organize --move` delete nothing there, as it would be the only copy."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.remotes import Remotes
from tests.scenarios.pairs.desk import Desk, Place
from tests.scenarios.pairs.test_choosing import age

pytestmark = [pytest.mark.seaweedfs, pytest.mark.rclone]
FILES = {"card.mov": b"only here", "day 1/two.mov": b"and here"}


@pytest.fixture
def both(desk: Desk, remotes: Remotes) -> tuple[Place, Place]:
    """A folder, and the same by a remote of rclone."""
    desk.remotes = remotes
    desk.environ["RCLONE_CONFIG"] = str(remotes.config)
    remote = desk.place("rclone", "a")
    assert remote.root is not None
    folder = Place("folder", str(remote.root), remote.root)
    for name, body in FILES.items():
        folder.put(name, body)
    return folder, remote


@pytest.mark.parametrize("turned", [False, True], ids=["from the folder", "from the remote"])
def test_a_folder_that_is_a_remote_as_well_is_moved_nowhere(
    desk: Desk, both: tuple[Place, Place], turned: bool
) -> None:
    a, b = reversed(both) if turned else both
    assert "one place under two names" in desk.run("move", a, b, code=2).err
    desk.run("organize", a, b, "--layout", "{folder}/{name}", "--move", "-y", code=2)
    assert both[0].files() == FILES
    assert not [name for name in both[0].everything() if "apart-" in name]
    if not turned:
        both[0].put(".s3sync/apart-0123456789abcdef", b"")  # of a run that was killed
        age(both[0], ".s3sync/apart-0123456789abcdef", 2)
        desk.run("move", a, b, code=2)
        assert not [name for name in both[0].everything() if "apart-" in name]
    desk.run("move", a, desk.place("folder", "elsewhere"))
    assert both[0].files() == {} and desk.place("folder", "elsewhere").files() == FILES


def test_a_folder_that_is_a_store_as_well_is_organized_nowhere(desk: Desk) -> None:
    a = desk.place("folder", "songs")
    a.put("card.mov", b"only here")
    b = Place("store", f"file://{a.root}", a.root)
    for more in ("--dry-run",), ("-y",):
        told = desk.run("organize", a, b, "--layout", "{name}", "--move", *more, code=2)
        assert "one place under two names" in told.err
    assert a.files() == {"card.mov": b"only here"}


@pytest.fixture
def mounted(desk: Desk) -> Iterator[tuple[Path, Path]]:
    """A folder of each place that is one, as a disk that is mounted twice. Skips where nobody may mount."""
    one, two = desk.work / "one" / "card", desk.work / "two" / "card"
    one.mkdir(parents=True)
    two.mkdir(parents=True)
    as_root = [] if os.name == "posix" and os.geteuid() == 0 else ["sudo", "-n"]
    try:
        done = subprocess.run([*as_root, "mount", "--bind", one, two], capture_output=True, timeout=60, check=False)
    except OSError:
        done = None
    if done is None or done.returncode:
        pytest.skip("nobody may mount a folder here")
    yield one, two
    subprocess.run([*as_root, "umount", "--lazy", two], capture_output=True, timeout=60, check=True)


def test_a_disk_that_is_mounted_twice_is_moved_nowhere(desk: Desk, mounted: tuple[Path, Path]) -> None:
    a, b = desk.place("folder", "one"), desk.place("folder", "two")
    a.put("card/only.mov", b"only here")
    os.link(mounted[0] / "only.mov", mounted[0] / "second name.mov")
    a.put("beside.mov", b"beside")
    said = desk.run("move", a, b, code=3).err
    assert "card/only.mov stays: it is the very file that the other place holds" in said
    assert "card/second name.mov stays" in said
    assert a.files() == {"card/only.mov": b"only here", "card/second name.mov": b"only here"}
    assert b.files() == {**a.files(), "beside.mov": b"beside"}
    inner = Place("folder", str(mounted[0]), mounted[0]), Place("folder", str(mounted[1]), mounted[1])
    for more in ("--dry-run",), ():
        assert "one place under two names" in desk.run("move", *inner, *more, code=2).err


def test_hard_links_in_two_folders_are_two_names_and_one_may_go(desk: Desk) -> None:
    a, b = desk.place("folder", "a"), desk.place("folder", "b")
    a.put("clip.mov", b"clip")
    (desk.work / "b").mkdir()
    os.link(desk.work / "a" / "clip.mov", desk.work / "b" / "clip.mov")
    desk.run("move", a, b)
    assert a.files() == {} and b.files() == {"clip.mov": b"clip"}
