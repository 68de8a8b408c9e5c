"""What is restored on the disk: links are made once, also where another restore makes the same one at that moment, and
small files get their names together."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest

from s3sync.archive.place import Destination, Placed, Target
from s3sync.archive.restore import LITTLE, TOGETHER, _Naming
from s3sync.core.archive.extraction import link_problem
from s3sync.core.archive.values import Kind, Member
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.tree import kept_folders
from s3sync.errors import ArchiveError
from s3sync.transfer.pool import Pool

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


CHAINS = [
    {"d/up": "..", "out": "d/up/../secret"},
    {"out": "d/up/../secret", "d/up": ".."},
    {"a/b/c/up": "../../..", "out": "a/b/c/up/../secret"},
    {"d/up": "..", "two": "d/up", "out": "two/../secret"},
    {"d/up": "..", "out": "./d//up/./../secret"},
    {"out": "later/../../secret"},
]


@pytest.mark.parametrize("links", CHAINS, ids=str)
def test_links_that_stay_below_the_folder_one_by_one_do_so_together(links: dict[str, str], tmp_path: Path) -> None:
    """`..` behind a link leads to where that one leads, which no text tells."""
    root = tmp_path / "back"
    (tmp_path / "secret").write_text("of somebody")
    for folder in ("d", "a/b/c"):
        (root / folder).mkdir(parents=True)
    made = [Member(path, Kind.LINK, 0, 0o777, 0, target=to) for path, to in links.items()]
    target = Target(Destination(root), "now")
    for member in made:
        if link_problem(member) is None:
            with suppress(ArchiveError):
                target.link(member)
    for path in links:
        end = os.path.realpath(root / path)
        assert end == str(root) or end.startswith(f"{root}{os.sep}"), f"{path} leads to {end}"


def test_a_link_over_a_real_folder_is_made(tmp_path: Path) -> None:
    (tmp_path / "cal").mkdir()
    link = Member("cal/dark", Kind.LINK, 0, 0o777, 0, target="../cal/../log.txt")
    assert Target(Destination(tmp_path), "now").link(link) is Placed.RESTORED


def received(target: Target, naming: _Naming, path: str, body: bytes) -> None:
    member = Member(path, Kind.FILE, len(body), 0o640, 10**18, hashlib.sha256(body).hexdigest())
    one = target.receive(member, iter([memoryview(body)]))
    assert one is not None
    naming.add(one)


def test_small_files_get_their_names_together_with_their_modes_and_times(tmp_path: Path) -> None:
    with Pool(2) as pool, kept_folders():
        target = Target(Destination(tmp_path), "now")
        naming = _Naming(target, pool)
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

    with Pool(2) as pool, kept_folders():
        target = Target(Destination(tmp_path), "now")
        naming = _Naming(target, pool)
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


def test_the_disk_is_asked_for_several_at_the_same_moment_and_no_name_is_given_before_it_holds_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, both, held, early = os.fsync, Barrier(2), set[int](), list[str]()

    def together(descriptor: int) -> None:
        both.wait(30)  # one after the other would never get past this
        fsync(descriptor)
        held.add(os.fstat(descriptor).st_ino)
        early.extend(path.name for path in tmp_path.iterdir() if not path.name.startswith(".s3sync-"))

    with Pool(4) as pool, kept_folders():
        target = Target(Destination(tmp_path), "now")
        naming = _Naming(target, pool)
        monkeypatch.setattr(os, "fsync", together)
        for number in range(TOGETHER):
            received(target, naming, f"{number:02}", b"%d" % number)
        monkeypatch.undo()
    assert not early and len(naming.placed) == TOGETHER and not naming.problems
    assert {path.stat().st_ino for path in tmp_path.iterdir()} == held


@pytest.mark.parametrize("mode", [0, 2**63, 0o4000, 0o055, 0o277])
@pytest.mark.parametrize("mask", [None, 0o022])
def test_whoever_restores_can_read_it_whatever_mode_an_index_says(mode: int, mask: int | None, tmp_path: Path) -> None:
    target = Target(Destination(tmp_path), "now", mask=mask)
    target.folder("cut")
    for member, needed in (
        (Member("cut/a", Kind.FILE, 0, mode, 0), stat.S_IRUSR | stat.S_IWUSR),
        (Member("cut", Kind.FOLDER, 0, mode, 0), stat.S_IRWXU),
    ):
        if member.kind is Kind.FILE:
            (tmp_path / "cut/a").touch(0o600)
        target.dress_folder(member)
        assert (tmp_path / member.path).stat().st_mode & needed == needed


@pytest.mark.parametrize("mode", [0o444, 0o555, 0o500, 0o640])
def test_a_mode_with_which_its_owner_can_read_stays_as_it_is(mode: int, tmp_path: Path) -> None:
    (tmp_path / "a").touch(0o600)
    Target(Destination(tmp_path), "now").dress_folder(Member("a", Kind.FILE, 0, mode, 0))
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode
