"""Whatever stands in a place that others can write: only plain files of our own are opened, with descriptors or not."""

from __future__ import annotations

import errno
import os
import runpy
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.disk import held
from s3sync.disk.durable import sync_folder
from s3sync.disk.errors import Refused, local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import clear, remove_tree
from s3sync.disk.tree import KEPT, folder_below, kept_folders
from s3sync.errors import LocalError

root_only = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """The second is what Windows gets."""
    by_descriptor: bool = request.param and held.BY_DESCRIPTOR
    monkeypatch.setattr(held, "BY_DESCRIPTOR", by_descriptor)
    return by_descriptor


@pytest.fixture
def room(tmp_path: Path) -> Iterator[GuardedFolder]:
    (tmp_path / "room").mkdir()
    (tmp_path / "outside").write_text("private")
    with GuardedFolder.open(tmp_path / "room") as opened:
        yield opened


def test_a_file_is_made_read_renamed_and_removed(room: GuardedFolder, tmp_path: Path) -> None:
    room.write("a", b"one")
    assert room.read("a", 10) == b"one"
    assert stat.S_IMODE(room.lstat("a").st_mode) == 0o600
    room.replace("a", "b")
    assert room.names() == ["b"]
    room.link("b", "c")
    with pytest.raises(FileExistsError):
        room.link("b", "c")
    room.utime("b", 10**18)
    assert (tmp_path / "room/b").stat().st_mtime_ns == 10**18
    for name in ("b", "c"):
        room.unlink(name)
    room.unlink("c", missing_ok=True)
    assert room.entries() == []
    room.sync()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../outside", "/etc/passwd", "a\0b"])
def test_f49_only_plain_names_lead_into_a_folder(room: GuardedFolder, name: str) -> None:
    for call in (room.open_read, room.open_write, room.create, room.unlink, room.mkdir, room.folder, room.lstat):
        with pytest.raises(Refused, match="plain name"):
            call(name)
    with pytest.raises(Refused, match="plain name"):
        room.rename("a", name)


def plant(kind: str, where: Path, outside: Path) -> None:
    if kind == "link":
        where.symlink_to(outside)
    elif kind == "relative link":
        where.symlink_to(os.path.relpath(outside, where.parent))
    elif kind == "dead link":
        where.symlink_to(where.parent.parent / "nowhere")
    elif kind == "fifo":
        os.mkfifo(where)
    elif kind == "folder":
        where.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            os.chdir(where.parent)
            server.bind(where.name)


@pytest.mark.parametrize("kind", ["link", "relative link", "dead link", "fifo", "folder", "socket"])
def test_f49_what_is_no_regular_file_is_neither_opened_nor_waited_for(
    room: GuardedFolder, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plant(kind, tmp_path / "room/x", tmp_path / "outside")
    for call in (  # one that waited for the other end of a FIFO would wait for ever
        lambda: room.open_read("x"),
        lambda: room.open_write("x"),
        lambda: room.open_write("x", create=0o600),
        lambda: room.read("x", 100),
    ):
        with pytest.raises(Refused):
            call()
    with pytest.raises(FileExistsError):
        room.create("x")
    assert (tmp_path / "outside").read_text() == "private"
    assert not (tmp_path / "nowhere").exists()
    if kind != "folder":
        room.write("x", b"new")  # takes the name, and follows nothing
        assert (tmp_path / "room/x").read_bytes() == b"new"
        assert (tmp_path / "outside").read_text() == "private"


def test_f49_an_endless_device_is_refused(tmp_path: Path) -> None:
    with GuardedFolder.open("/dev", shared=True) as dev, pytest.raises(Refused, match="device"):
        dev.read("zero", 100)


def test_f49_a_second_name_of_a_private_file_is_not_written(room: GuardedFolder, tmp_path: Path) -> None:
    os.link(tmp_path / "outside", tmp_path / "room/x")
    with pytest.raises(Refused, match="hard link"):
        room.open_write("x")
    with pytest.raises(Refused, match="hard link"):
        room.open_read("x", alone=True)


def test_f49_a_file_is_read_no_further_than_it_may_be_long(room: GuardedFolder) -> None:
    room.write("x", b"12345")
    assert room.read("x", 5) == b"12345"
    with pytest.raises(Refused, match="larger than 4 bytes"):
        room.read("x", 4)


@pytest.mark.parametrize("kind", ["link", "dead link", "fifo"])
def test_f49_a_folder_is_a_real_one(room: GuardedFolder, tmp_path: Path, kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    plant(kind, tmp_path / "room/x", tmp_path / "elsewhere")
    with pytest.raises(Refused):
        GuardedFolder.open(tmp_path / "room/x")
    for create in (None, 0o700):
        with pytest.raises(Refused):
            room.folder("x", create=create)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@root_only
def test_f49_files_and_folders_of_another_user_are_refused_unless_the_place_is_shared(
    room: GuardedFolder, tmp_path: Path
) -> None:
    (tmp_path / "room/theirs").write_text("x")
    (tmp_path / "room/folder").mkdir()
    for name in ("theirs", "folder"):
        os.chown(tmp_path / "room" / name, 4321, -1)
    with pytest.raises(Refused, match="another user"):
        room.open_read("theirs")
    with pytest.raises(Refused, match="another user"):
        room.folder("folder")
    with pytest.raises(Refused, match="another user"):
        GuardedFolder.open(tmp_path / "room/folder")
    with GuardedFolder.open(tmp_path / "room", shared=True) as shared:
        assert shared.read("theirs", 10) == b"x"
        shared.folder("folder").close()


@root_only
def test_a_disk_that_gives_our_own_files_to_another_user_keeps_no_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: bool
) -> None:
    """As FAT does, mounted for somebody else. Here everything, also what is new, seems to be root's."""
    if not way:
        pytest.skip("Windows asks for no owner")
    (tmp_path / "a").mkdir()
    monkeypatch.setattr("os.geteuid", lambda: 77)
    monkeypatch.setattr("s3sync.disk.checks.is_ours", lambda status: status.st_uid == 77)
    with GuardedFolder.open(tmp_path) as folder, folder.folder("a") as inner:
        inner.write("x", b"1")
        assert inner.read("x", 1) == b"1"
    assert os.listdir(tmp_path) == ["a"]


def test_f54_a_private_folder_is_closed_to_others(tmp_path: Path, way: bool) -> None:
    (tmp_path / "a").mkdir(mode=0o777)
    (tmp_path / "a").chmod(0o2777)
    with GuardedFolder.open(tmp_path / "a", private=True) as opened:
        opened.folder("b", create=0o700).close()
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) & 0o777 == 0o700
    if way:
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["a file", "a folder"])
def test_f49_what_is_swapped_for_a_link_between_check_and_use_changes_no_mode_outside(
    room: GuardedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, way: bool
) -> None:
    """As somebody can who writes into a folder that an archive is restored to."""
    if not way:
        pytest.skip("Windows has no modes, and no such links for everybody")
    inside, outside = tmp_path / "room/x", tmp_path / "private"
    for path in (inside, outside):
        path.mkdir(mode=0o700) if kind == "a folder" else path.touch(mode=0o600)
    change = os.chmod

    def swapped(*words: object, **more: object) -> None:
        inside.rename(tmp_path / "room/moved")
        inside.symlink_to(outside)
        change(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "chmod", swapped)
    room.chmod("x", 0o777)
    assert stat.S_IMODE(outside.stat().st_mode) in (0o600, 0o700)
    assert stat.S_IMODE((tmp_path / "room/moved").stat().st_mode) == 0o777
    with pytest.raises(Refused):
        room.chmod("x", 0o777)


def test_f49_a_folder_swapped_for_a_link_between_check_and_use_puts_nothing_outside(
    room: GuardedFolder, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    inner = room.folder("in", create=0o700)
    (tmp_path / "room/in").rename(tmp_path / "room/moved")
    (tmp_path / "room/in").symlink_to(tmp_path / "elsewhere")
    assert not inner.is_in_place
    try:
        inner.write("x", b"1")
    except Refused:
        pass
    else:
        assert (tmp_path / "room/moved/x").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_f49_a_link_above_the_root_of_a_tree_leads_nowhere(tmp_path: Path, way: bool) -> None:
    if not way:
        pytest.skip("without descriptors only the root itself is checked")
    (tmp_path / "share" / "clone" / "room").mkdir(parents=True)
    (tmp_path / "home" / "clone" / "room" / "in").mkdir(parents=True)
    root = str(tmp_path / "share" / "clone" / "room")
    with kept_folders():
        folder_below(root).write("x", b"1")
        (tmp_path / "share").rename(tmp_path / "moved")
        (tmp_path / "share").symlink_to(tmp_path / "home")
        for names in ((), ("in",)):
            with pytest.raises(Refused, match="link") as refused:
                folder_below(root, names)
            assert refused.value.filename == str(tmp_path / "share")


def test_f49_a_folder_that_is_swapped_all_the_time_puts_nothing_outside(tmp_path: Path, way: bool) -> None:
    if not way:
        pytest.skip("without descriptors it is checked before and after, which a race can win")
    real, link, stage = tmp_path / "real", tmp_path / "link", tmp_path / "stage"
    (tmp_path / "elsewhere").mkdir()
    stage.mkdir()
    (stage / "sub").mkdir()
    link.symlink_to(tmp_path / "elsewhere")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (stage / "sub").rename(real)
            link.rename(stage / "sub")
            (stage / "sub").rename(link)
            real.rename(stage / "sub")

    thread = threading.Thread(target=swap)
    thread.start()
    placed = refused = 0
    try:
        give_up = time.monotonic() + 60
        while (placed < 200 or not refused) and time.monotonic() < give_up:  # which it meets is chance
            try:
                folder_below(str(stage), ["sub"]).write(f"f{placed % 1000}", b"x", durable=False)
                placed += 1
            except OSError:
                refused += 1
    finally:
        stop.set()
        thread.join()
    assert placed
    assert refused
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_f49_clearing_a_folder_follows_nothing_at_any_depth(room: GuardedFolder, tmp_path: Path) -> None:
    (tmp_path / "canary").mkdir()
    (tmp_path / "canary/keep").write_text("keep")
    deep = tmp_path / "room/t"
    for _ in range(400):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "l").symlink_to(tmp_path / "canary")
    (tmp_path / "room/t/l").symlink_to(tmp_path / "canary")
    (tmp_path / "room/t/f").write_text("x")
    os.mkfifo(tmp_path / "room/t/p")
    (tmp_path / "room/direct").symlink_to(tmp_path / "canary")
    remove_tree(room, "t")
    remove_tree(room, "direct")
    assert room.names() == []
    (tmp_path / "room/again").mkdir()
    clear(room)
    assert room.names() == []
    assert (tmp_path / "canary/keep").read_text() == "keep"


def test_folders_of_a_tree_are_reused_and_opened_anew_when_they_changed(tmp_path: Path) -> None:
    with kept_folders():
        _look_again(tmp_path)
    assert folder_below(str(tmp_path), ["a"]) is not folder_below(str(tmp_path), ["a"])


def _look_again(tmp_path: Path) -> None:
    first = folder_below(str(tmp_path), ["a", "b"], create=0o777)
    assert folder_below(str(tmp_path), ["a", "b"]) is first
    (tmp_path / "a/b").rename(tmp_path / "a/old")
    with pytest.raises(FileNotFoundError):
        folder_below(str(tmp_path), ["a", "b"])
    (tmp_path / "a/b").symlink_to(tmp_path)
    with pytest.raises(Refused, match="symbolic link"):
        folder_below(str(tmp_path), ["a", "b"], create=0o777)
    for number in range(3 * KEPT):
        folder_below(str(tmp_path), [f"n{number}"], create=0o777).write("x", b"")
    assert len(list(tmp_path.glob("n*/x"))) == 3 * KEPT


def test_what_is_refused_is_one_clear_error(room: GuardedFolder, tmp_path: Path) -> None:
    (tmp_path / "room/x").symlink_to(tmp_path / "outside")
    with pytest.raises(LocalError) as caught, local_errors("cannot read", tmp_path, hint="move it away"):
        room.open_read("x")
    assert caught.value.message == f"cannot read {tmp_path}/room/x"
    assert caught.value.why == "it is a symbolic link, and links are not followed"
    assert caught.value.hint == "move it away"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EACCES])
def test_f52_a_folder_that_cannot_be_synced_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError):
        sync_folder(tmp_path)
    for forgiven in (errno.EINVAL, errno.ENOTSUP):
        number = forgiven
        sync_folder(tmp_path)


def test_where_the_system_knows_texts_files_are_opened_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows turns line ends into others in a file that is opened without this."""
    monkeypatch.setattr(os, "O_BINARY", 0x8000, raising=False)
    flags = runpy.run_path(held.__file__)
    assert all(flags[name] & 0x8000 for name in ("BINARY", "PLAIN", "FOLDER"))
