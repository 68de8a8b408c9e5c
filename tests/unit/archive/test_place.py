"""What is restored on the disk: links are made once, also where another restore makes the same one at that moment, and
small files get their names together."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from pathlib import Path

import pytest

from s3sync.archive.place import Destination, Placed, Target
from s3sync.archive.restore import LITTLE, TOGETHER, _Naming
from s3sync.core.archive.values import Kind, Member
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.tree import kept_folders

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="makes links")
LINK = Member("to", Kind.LINK, 0, 0o777, 0, target="log.txt")


@pytest.mark.parametrize(("meanwhile", "placed"), [("log.txt", Placed.SAME), ("other.txt", Placed.BESIDE)])
def test_a_link_that_another_restore_makes_meanwhile_is_looked_at(
    meanwhile: str, placed: Placed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    symlink = GuardedFolder.symlink

    def late(folder: GuardedFolder, target: str, name: str) -> None:
        (tmp_path / name).symlink_to(meanwhile)
        symlink(folder, target, name)

    monkeypatch.setattr(GuardedFolder, "symlink", late)
    assert Target(Destination(tmp_path), "now").link(LINK) is placed
    assert os.fspath((tmp_path / "to").readlink()) == meanwhile


def received(target: Target, naming: _Naming, path: str, body: bytes) -> None:
    member = Member(path, Kind.FILE, len(body), 0o640, 10**18, hashlib.sha256(body).hexdigest())
    one = target.receive(member, iter([memoryview(body)]))
    assert one is not None
    naming.add(one)


def test_small_files_get_their_names_together_with_their_modes_and_times(tmp_path: Path) -> None:
    with kept_folders():
        target = Target(Destination(tmp_path), "now")
        naming = _Naming(target)
        for number in range(TOGETHER - 1):
            received(target, naming, f"day/{number:02}", b"%d" % number)
        assert not [path for path in (tmp_path / "day").iterdir() if not path.name.startswith(".s3sync-")]
        received(target, naming, "day/last", b"last")
        assert len(naming.placed) == TOGETHER and not naming.problems
        assert {path.name for path in (tmp_path / "day").iterdir()} >= {"00", "last"}
        assert not list((tmp_path / "day").glob(".s3sync-*"))
        status = (tmp_path / "day/00").stat()
        assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, 10**18)
        received(target, naming, "large", bytes(LITTLE + 1))
        assert (tmp_path / "large").stat().st_size == LITTLE + 1, "a large one waits for no other"


def test_of_files_that_wait_for_their_names_one_that_fails_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def broken(descriptor: int) -> None:
        if os.fstat(descriptor).st_size == 3:
            raise OSError(errno.EIO, "bad block")
        fsync(descriptor)

    with kept_folders():
        target = Target(Destination(tmp_path), "now")
        naming = _Naming(target)
        for path, body in (("a", b"a"), ("bad", b"bad"), ("c", b"c")):
            received(target, naming, path, body)
        monkeypatch.setattr(os, "fsync", broken)
        naming.all()
        assert [member.path for member, _ in naming.placed] == ["a", "c"]
        assert [path for path, _ in naming.problems] == ["bad"]
        monkeypatch.undo()
        received(target, naming, "late", b"late")
        naming.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]
