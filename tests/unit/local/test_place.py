"""Verified bytes get their name: whole or not at all, and nothing that stood there is lost."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import LocalError, TargetChanged
from s3sync.local import place as place_module
from s3sync.local.digests import Digests, digest
from s3sync.local.fingerprint import ctime_tells
from s3sync.local.holds import ignores_case
from s3sync.local.modes import may_be_run
from s3sync.local.place import (
    delete_for_good,
    move_to_trash,
    new_partial,
    place,
    prune_empty_folders,
    rename_aside,
)
from s3sync.local.room import state_folder
from s3sync.local.scan import LocalFile, look_at
from tests.unit.local.conftest import Put, local_file

MTIME = 1_762_163_892_123_456_789
links = pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")


@pytest.fixture
def trash(staging: Path) -> Path:
    return staging / ".s3sync" / "trash" / "20251103-143000"


@pytest.fixture
def temp(staging: Path) -> Path:
    """A finished download."""
    path = new_partial(staging)
    path.write_bytes(b"new bytes")
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """Every file and link below a folder, our own left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".s3sync" not in path.parts
    }


Refusing: TypeAlias = "Callable[..., None]"


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Refusing:
    """Have the disk refuse to replace a file, after something else has happened to it."""

    def refuse(error: OSError, before: Callable[[], None], links: bool = True) -> None:
        def replaced(self: GuardedFolder, name: str, new: str, into: GuardedFolder | None = None) -> None:
            before()
            raise error

        def linked(self: GuardedFolder, name: str, new: str, into: GuardedFolder | None = None) -> None:
            raise PermissionError(errno.EPERM, "no hard links")

        monkeypatch.setattr(GuardedFolder, "replace", replaced)
        if not links:
            monkeypatch.setattr(GuardedFolder, "link", linked)

    return refuse


def kept(trash: Path) -> dict[str, bytes]:
    return {path.relative_to(trash).as_posix(): path.read_bytes() for path in trash.rglob("*") if path.is_file()}


def test_a_new_file(staging: Path, temp: Path, trash: Path) -> None:
    file = place(temp, staging, "cut/deep/a.mp4", expected=None, mtime_ns=MTIME, trash=trash)
    assert tree(staging) == {"cut/deep/a.mp4": b"new bytes"}
    assert file == local_file(staging / "cut/deep/a.mp4")
    assert file.mtime_ns == MTIME
    assert not temp.exists() and not trash.exists()


def test_without_a_time_the_file_is_of_now(staging: Path, temp: Path, trash: Path) -> None:
    before = temp.stat().st_mtime_ns
    file = place(temp, staging, "a.mp4", expected=None, mtime_ns=None, trash=trash)
    assert file.mtime_ns == before


def test_the_old_version_goes_to_the_trash_with_its_time(staging: Path, temp: Path, trash: Path, put: Put) -> None:
    old = put("cut/a.mp4", b"old bytes", mtime_ns=MTIME - 7)
    file = place(temp, staging, "cut/a.mp4", expected=old, mtime_ns=MTIME, trash=trash)
    assert tree(staging) == {"cut/a.mp4": b"new bytes"}
    assert (file.mtime_ns, file.size) == (MTIME, 9)
    assert kept(trash) == {"cut/a.mp4": b"old bytes"}
    assert (trash / "cut/a.mp4").stat().st_mtime_ns == MTIME - 7
    assert not temp.exists()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: path.write_bytes(b"edited since"), id="edited"),
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: os.utime(path, ns=(1, 1)), id="touched"),
        pytest.param(lambda path: (path.unlink(), path.mkdir()), id="a folder now"),
    ],
)
def test_a_target_that_changed_is_left_alone(
    staging: Path, temp: Path, trash: Path, put: Put, change: Callable[[Path], object]
) -> None:
    old = put("a.mp4", b"old bytes")
    was = digest(old)
    change(old.disk_path)
    before = tree(staging)
    acts: list[Callable[[], object]] = [
        lambda: place(temp, staging, "a.mp4", expected=old, mtime_ns=MTIME, trash=trash),
        lambda: move_to_trash(old, staging, "a.mp4", trash),
        lambda: rename_aside(old, staging, "b.mp4"),
    ]
    if not old.disk_path.is_file() or old.disk_path.read_bytes() != b"old bytes":
        acts.append(lambda: delete_for_good(old, staging, was))
    for act in acts:
        with pytest.raises(TargetChanged) as caught:
            act()
        assert "nothing was overwritten" in (caught.value.hint or "")
    assert tree(staging) == before
    assert temp.read_bytes() == b"new bytes"
    assert not trash.exists() or kept(trash) == {}


@pytest.mark.parametrize("linked", [True, False], ids=["hard links", "copies"])
@pytest.mark.parametrize(
    ("error", "stays"), [(errno.EACCES, False), (errno.EPERM, False), (errno.EIO, True), (errno.ETIMEDOUT, True)]
)
def test_what_may_not_be_replaced_leaves_no_copy_in_the_trash(
    error: int, stays: bool, linked: bool, staging: Path, temp: Path, trash: Path, put: Put, refusing: Refusing
) -> None:
    """In a folder of another user each attempt of a watch would leave one. After an error of a network disk the server
    may have replaced the file, or does so later: there it stays."""
    old = put("cut/a.mp4", b"old bytes")
    refusing(OSError(error, "refused"), lambda: None, links=linked)
    with pytest.raises(LocalError):
        place(temp, staging, "cut/a.mp4", expected=old, mtime_ns=MTIME, trash=trash)
    assert tree(staging) == {"cut/a.mp4": b"old bytes"}
    assert kept(trash) == ({"cut/a.mp4": b"old bytes"} if stays else {})


def test_the_last_copy_stays_in_the_trash_when_somebody_replaced_the_file(
    staging: Path, temp: Path, trash: Path, put: Put, refusing: Refusing
) -> None:
    old = put("cut/a.mp4", b"old bytes")

    def swap() -> None:
        old.disk_path.unlink()
        old.disk_path.write_bytes(b"others'")

    refusing(PermissionError(errno.EACCES, "refused"), swap)
    with pytest.raises(LocalError):
        place(temp, staging, "cut/a.mp4", expected=old, mtime_ns=MTIME, trash=trash)
    assert kept(trash) == {"cut/a.mp4": b"old bytes"}


@pytest.mark.parametrize("kind", ["file", pytest.param("link", marks=links)])
def test_a_target_that_appeared_is_left_alone(staging: Path, temp: Path, trash: Path, kind: str) -> None:
    target = staging / "a.mp4"
    match kind:
        case "file":
            target.write_bytes(b"mine")
        case _:
            target.symlink_to("nowhere")
    with pytest.raises(TargetChanged):
        place(temp, staging, "a.mp4", expected=None, mtime_ns=MTIME, trash=trash)
    assert tree(staging) == ({"a.mp4": b"mine"} if kind == "file" else {})
    assert target.is_symlink() == (kind == "link")
    assert temp.read_bytes() == b"new bytes"


@links
@pytest.mark.parametrize("parent", ["cut", "cut/deep"])
def test_f27_nothing_is_written_through_a_linked_folder(
    staging: Path, temp: Path, trash: Path, tmp_path: Path, parent: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (staging / parent).parent.mkdir(exist_ok=True)
    (staging / parent).symlink_to(outside)
    with pytest.raises(LocalError, match="symbolic link"):
        place(temp, staging, "cut/deep/a.mp4", expected=None, mtime_ns=MTIME, trash=trash)
    assert list(outside.iterdir()) == []


@links
def test_f27_a_link_swapped_in_for_the_target_is_not_followed(
    staging: Path, temp: Path, trash: Path, put: Put, tmp_path: Path
) -> None:
    old = put("a.mp4", b"old bytes")
    secret = tmp_path / "secret"
    secret.write_bytes(b"a secret!")
    os.utime(secret, ns=(old.mtime_ns, old.mtime_ns))
    old.disk_path.unlink()
    old.disk_path.symlink_to(secret)
    with pytest.raises(TargetChanged):
        place(temp, staging, "a.mp4", expected=old, mtime_ns=MTIME, trash=trash)
    with pytest.raises(TargetChanged):
        move_to_trash(old, staging, "a.mp4", trash)
    assert secret.read_bytes() == b"a secret!"
    assert old.disk_path.is_symlink()


@links
@pytest.mark.parametrize("linked", [".s3sync", ".s3sync/trash", ".s3sync/partial"])
def test_f27_our_own_folder_is_no_link(staging: Path, put: Put, tmp_path: Path, linked: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (staging / linked).parent.mkdir(exist_ok=True)
    (staging / linked).symlink_to(outside)
    file = put("a.mp4")
    with pytest.raises(LocalError, match="symbolic link"):
        if linked == ".s3sync/trash":
            move_to_trash(file, staging, "a.mp4", staging / ".s3sync" / "trash" / "now")
        else:
            new_partial(staging)
    assert list(outside.iterdir()) == []
    assert file.disk_path.exists()


@pytest.mark.parametrize("kind", ["file", pytest.param("link", marks=links)])
def test_who_finds_something_else_as_our_own_folder_hears_what_to_do(staging: Path, kind: str) -> None:
    if kind == "file":
        (staging / ".s3sync").write_bytes(b"")
    else:
        (staging / ".s3sync").symlink_to(staging)
    with pytest.raises(LocalError) as caught:
        state_folder(staging, "partial")
    assert "s3sync keeps its memory there" in (caught.value.hint or "")


def test_whether_the_disk_ignores_case(staging: Path) -> None:
    assert not ignores_case(staging)
    state_folder(staging)
    assert ignores_case(staging) == (staging / ".s3SYNC").exists()
    if not ignores_case(staging):
        (staging / ".S3SYNC").mkdir()
        assert not ignores_case(staging)


def test_f28_a_file_where_a_folder_should_be(staging: Path, temp: Path, trash: Path, put: Put) -> None:
    put("cut", b"a file")
    with pytest.raises(LocalError, match="a file of that name stands there"):
        place(temp, staging, "cut/a.mp4", expected=None, mtime_ns=MTIME, trash=trash)
    assert tree(staging) == {"cut": b"a file"}


def test_a_path_that_leads_out_of_the_folder_is_never_written(staging: Path, temp: Path, trash: Path) -> None:
    """Names are refused long before; this is the last line."""
    before = {path.name for path in staging.parent.iterdir()}
    for path in ("../x", "../outside/x", str(staging.parent / "x")):
        with pytest.raises(LocalError):
            place(temp, staging, path, expected=None, mtime_ns=MTIME, trash=trash)
    assert {path.name for path in staging.parent.iterdir()} == before
    assert temp.read_bytes() == b"new bytes"


def test_to_the_trash(staging: Path, trash: Path, put: Put) -> None:
    file = put("cut/deep/a.mp4", b"old bytes")
    put("b.mp4")
    move_to_trash(file, staging, "cut/deep/a.mp4", trash)
    assert tree(staging) == {"b.mp4": b"content"}
    assert not (staging / "cut").exists()
    assert kept(trash) == {"cut/deep/a.mp4": b"old bytes"}
    assert (trash / "cut/deep/a.mp4").stat().st_mtime_ns == file.mtime_ns


def test_the_last_two_files_of_a_folder_go_at_once(
    staging: Path, trash: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one prunes the folder before this one makes its own removal durable."""
    file, replace_file = put("cut/a.mp4", b"old"), os.replace

    def replace_and_prune(source: str, target: str, **folders: int | None) -> None:
        replace_file(source, target, **folders)
        (staging / "cut").rmdir()

    monkeypatch.setattr(os, "replace", replace_and_prune)
    move_to_trash(file, staging, "cut/a.mp4", trash)
    assert tree(staging) == {} and kept(trash) == {"cut/a.mp4": b"old"}


def test_the_trash_holds_every_version(staging: Path, trash: Path, put: Put) -> None:
    for content in (b"first", b"second", b"third"):
        move_to_trash(put("a.mp4", content), staging, "a.mp4", trash)
    old = put("a.mp4", b"fourth")
    temp = new_partial(staging)
    temp.write_bytes(b"new")
    place(temp, staging, "a.mp4", expected=old, mtime_ns=None, trash=trash)
    assert sorted(kept(trash.parent).values()) == [b"first", b"fourth", b"second", b"third"]
    assert kept(trash)["a.mp4"] == b"first"


def test_a_file_goes_to_a_trash_that_has_a_folder_of_that_name(staging: Path, trash: Path, put: Put) -> None:
    move_to_trash(put("cut/a.mp4", b"below"), staging, "cut/a.mp4", trash)
    move_to_trash(put("cut", b"a file"), staging, "cut", trash)
    assert sorted(kept(trash.parent).values()) == [b"a file", b"below"]


def test_a_file_goes_to_a_trash_that_has_a_file_of_its_folders_name(staging: Path, trash: Path, put: Put) -> None:
    move_to_trash(put("cut", b"a file"), staging, "cut", trash)
    move_to_trash(put("cut/a.mp4", b"below"), staging, "cut/a.mp4", trash)
    assert sorted(kept(trash.parent).values()) == [b"a file", b"below"]


def test_a_long_name_goes_to_the_trash_twice(staging: Path, trash: Path, put: Put) -> None:
    name = "x" * 251 + ".mp4"
    for content in (b"first", b"second"):
        move_to_trash(put(name, content), staging, name, trash)
    assert sorted(kept(trash.parent).values()) == [b"first", b"second"]


@pytest.mark.parametrize("path", ["..", "../x", "/x", "a/../../x"])
def test_no_path_leads_out_of_the_trash(staging: Path, trash: Path, put: Put, path: str) -> None:
    file = put("a.mp4")
    with pytest.raises(LocalError, match="outside"):
        move_to_trash(file, staging, path, trash)
    assert file.disk_path.exists()


def test_delete_for_good(staging: Path, put: Put) -> None:
    put("b.mp4")
    file = put("cut/a.mp4")
    delete_for_good(file, staging, digest(file))
    assert tree(staging) == {"b.mp4": b"content"}
    assert not (staging / "cut").exists()


def copy_of(status: os.stat_result) -> SimpleNamespace:
    return SimpleNamespace(**{key: getattr(status, key) for key in dir(status) if key.startswith("st_")})


def hidden_edit(file: LocalFile, data: bytes) -> None:
    """Write other bytes, and put mtime back."""
    time.sleep(0.02)
    file.disk_path.write_bytes(data)
    os.utime(file.where, ns=(file.mtime_ns, file.mtime_ns))


@pytest.mark.parametrize("tells", [True, False], ids=["ctime tells", "ctime tells nothing"])
def test_f32_a_hidden_edit_is_not_deleted_for_good(
    staging: Path, put: Put, monkeypatch: pytest.MonkeyPatch, tells: bool
) -> None:
    file = put("a.mp4", b"old bytes")
    was = digest(file)
    hidden_edit(file, b"new bytes")
    if not tells:  # the disk reports the same ctime as before
        file = look_at(file.where)
        monkeypatch.setattr(place_module, "ctime_tells", lambda *_: False)
    for digests in (was, Digests("", was.md5)):
        with pytest.raises(TargetChanged):
            delete_for_good(file, staging, digests)
    assert tree(staging) == {"a.mp4": b"new bytes"}


def test_f32_what_is_the_same_after_all_is_deleted(staging: Path, put: Put) -> None:
    file = put("a.mp4", b"old bytes")
    was = digest(file)
    time.sleep(0.02)
    file.disk_path.chmod(0o600)
    assert not file.is_still(file.disk_path.stat())
    delete_for_good(file, staging, was)
    assert tree(staging) == {}


@pytest.mark.parametrize("name", ["st_ctime_ns", "st_ino"])
def test_f32_every_part_of_the_fingerprint_counts(put: Put, name: str) -> None:
    file = put("a.mp4", b"old bytes")
    changed = copy_of(file.disk_path.stat())
    assert file.is_still(changed)  # type: ignore[arg-type]
    setattr(changed, name, getattr(changed, name) + 1)
    assert not file.is_still(changed)  # type: ignore[arg-type]


def test_f32_a_disk_is_asked_whether_its_ctime_tells(staging: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device, real = staging.stat().st_dev, os.fstat
    ctime_tells.cache_clear()
    assert ctime_tells(staging, device)
    assert not ctime_tells(staging, device + 1)
    ctime_tells.cache_clear()

    def like_fat(descriptor: int) -> SimpleNamespace:
        """A clock that goes in long steps."""
        status = copy_of(real(descriptor))
        status.st_ctime_ns -= status.st_ctime_ns % 10**12
        return status

    monkeypatch.setattr(os, "fstat", like_fat)
    assert not ctime_tells(staging, device)
    ctime_tells.cache_clear()
    assert list((staging / ".s3sync").iterdir()) == []


def test_rename_aside(staging: Path, put: Put) -> None:
    file = put("cut/a.mp4", b"mine")
    aside = rename_aside(file, staging, "cut/a.conflict-jan.mp4")
    assert tree(staging) == {"cut/a.conflict-jan.mp4": b"mine"}
    assert aside == local_file(staging / "cut/a.conflict-jan.mp4")
    assert aside == look_at(aside.where, 2) and aside.inode == file.inode


def test_rename_aside_takes_no_name_that_is_taken(staging: Path, put: Put) -> None:
    file = put("a.mp4", b"mine")
    put("b.mp4", b"another")
    with pytest.raises(TargetChanged):
        rename_aside(file, staging, "b.mp4")
    assert tree(staging) == {"a.mp4": b"mine", "b.mp4": b"another"}


def test_prune_empty_folders(staging: Path, put: Put) -> None:
    (staging / "a/b/c").mkdir(parents=True)
    put("a/full.mp4")
    prune_empty_folders(staging / "a/b/c", staging)
    assert (staging / "a").exists() and not (staging / "a/b").exists()
    (staging / "a/full.mp4").unlink()
    prune_empty_folders(staging / "a", staging)
    assert list(staging.iterdir()) == []
    prune_empty_folders(staging, staging)
    prune_empty_folders(staging.parent / "elsewhere", staging)
    assert staging.exists()


def test_partial_names_are_new_and_in_our_own_folder(staging: Path) -> None:
    names = {new_partial(staging) for _ in range(10)}
    assert len(names) == 10
    assert {name.parent for name in names} == {staging / ".s3sync" / "partial"}
    assert not any(name.exists() for name in names)


def test_state_folder_is_made_with_the_staging_folder(tmp_path: Path) -> None:
    staging = tmp_path / "b63" / "s3-staging"
    assert state_folder(staging, "trash", "now") == staging / ".s3sync" / "trash" / "now"
    assert (staging / ".s3sync" / "trash" / "now").is_dir()


@links
@pytest.mark.parametrize(
    ("path", "mode"), [("run.sh", 0o111), (".envrc", 0), ("cut/.vscode/run.sh", 0), ("a.desktop", 0)]
)
def test_f48_what_programs_obey_is_never_executable(
    staging: Path, temp: Path, trash: Path, path: str, mode: int
) -> None:
    place(temp, staging, path, expected=None, mtime_ns=MTIME, trash=trash, executable=True)
    assert bool((staging / path).stat().st_mode & 0o111) is bool(mode)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("old", [None, 0o600, 0o640, 0o444, 0o000, 0o711])
@pytest.mark.parametrize("path", ["cut/run.sh", ".envrc", ".vscode/run.sh"])
def test_a14_executable_for_those_who_may_read(
    staging: Path, temp: Path, trash: Path, put: Put, old: int | None, path: str
) -> None:
    expected = None
    if old is not None:
        put(path)
        (staging / path).chmod(old)
        expected = local_file(staging / path)
    base = temp.stat().st_mode & 0o777 if old is None else old
    place(temp, staging, path, expected=expected, mtime_ns=MTIME, trash=trash, executable=True)
    wanted = base | (base & 0o444) >> 2 if path == "cut/run.sh" else base
    assert (staging / path).stat().st_mode & 0o7777 == wanted


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("otherwise", [False, True])
@pytest.mark.parametrize("kind", ["keeps modes", "all may be run", "none may be run", "another disk"])
def test_a14_what_a_disk_says_of_a_file_counts_where_it_keeps_modes(
    staging: Path, put: Put, monkeypatch: pytest.MonkeyPatch, kind: str, otherwise: bool
) -> None:
    """Disks of FAT's kind show one mode for all files, whatever they are given."""
    shown = {"all may be run": 0o755, "none may be run": 0o644}
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        mode, inode, device, *rest = tuple(real(descriptor))
        mode = int(mode) & ~0o777 | shown[kind] if kind in shown else mode
        return os.stat_result((mode, inode, device + (kind == "another disk"), *rest))

    for name, mode in (("yes", 0o700), ("no", 0o644)):
        put(name)
        (staging / name).chmod(mode)
    monkeypatch.setattr("s3sync.local.modes.os.fstat", fstat)
    found = {name: may_be_run(local_file(staging / name), staging, otherwise) for name in ("yes", "no")}
    assert found == ({"yes": True, "no": False} if kind == "keeps modes" else {"yes": otherwise, "no": otherwise})
    assert not list((staging / ".s3sync").iterdir())


def test_a14_what_cannot_be_looked_at_is_as_it_was(staging: Path, put: Put) -> None:
    file = put("cut/gone")
    (staging / "cut/gone").unlink()
    assert (may_be_run(file, staging, True), may_be_run(file, staging, False)) == (True, False)
    (staging / "cut").rmdir()
    (staging / "cut").symlink_to("/usr/bin")
    assert may_be_run(replace(file, where=str(staging / "cut/env")), staging, False) is False
