"""A hash that whoever wrote a file has chosen takes no copy of its content away: the bytes are read.

A folder store notes hashes, and a remote of rclone tells what the sender of a file said.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from tests.kit.dav import HostileDav, entry, listing
from tests.kit.people import PROJECT, REPO, Person
from tests.promises.hostile.test_words_about_copies import next_retention as next_retention

MINE, OTHERS = b"the only copy of a film" * 99, b"something else entirely" * 99
assert len(MINE) == len(OTHERS)


def swapped(file: Path) -> None:
    """Other bytes in a folder store, so that its record of them stands."""
    at = file.stat().st_mtime_ns
    file.write_bytes(OTHERS)
    os.utime(file, ns=(at, at))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with the only copy."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "a.mov").write_bytes(MINE)
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder store that has it, too: its file."""
    digest = hashlib.md5(MINE).digest()
    FolderStore(tmp_path / "nas", create=True).put("a.mov", MINE, mode=Overwrite(), headers=Headers(), md5=digest)
    return tmp_path / "nas" / "a.mov"


def test_f32_a_note_in_a_folder_store_takes_no_file_away_with_a_move(own: Path, shared: Path, david: Person) -> None:
    swapped(shared)
    assert "another file under its name" in str(david.expect(3, "move", str(own), f"file://{shared.parent}"))
    assert (own / "a.mov").read_bytes() == MINE


def test_what_a_folder_store_holds_is_moved(own: Path, shared: Path, david: Person) -> None:
    david.ok("move", str(own), f"file://{shared.parent}")
    assert not (own / "a.mov").exists() and shared.read_bytes() == MINE


@pytest.mark.rclone
@pytest.mark.usefixtures("remotes")
def test_f32_a_hash_that_a_remote_was_told_takes_no_file_away_with_a_move(
    own: Path, david: Person, tmp_path: Path
) -> None:
    """As Nextcloud keeps what a client says, and S3 the `md5chksum` that rclone writes."""
    file = entry("/films/a.mov", len(OTHERS), f"MD5:{hashlib.md5(MINE).hexdigest()}")

    def answers(path: str) -> tuple[int, object]:
        found = {"/films": [entry("/films/"), file], "/films/a.mov": [file]}.get(path)
        return (404, []) if found is None else listing(*found)

    with HostileDav(answers, OTHERS) as dav:  # type: ignore[arg-type]
        david.environ = {"RCLONE_CONFIG": dav.environment(tmp_path)["RCLONE_CONFIG"]}
        assert "another file under its name" in str(david.expect(3, "move", str(own), "rclone:hostile:films"))
    assert (own / "a.mov").read_bytes() == MINE


def sent(david: Person, tmp_path: Path) -> Path:
    """The file of an object that David sent to a folder store."""
    david.environ = {"S3SYNC_STORE": f"file://{tmp_path / 'nas'}"}
    FolderStore(tmp_path / "nas", create=True)
    david.write("a.mov", MINE)
    david.ok("up")
    return tmp_path / "nas" / REPO / PROJECT / "a.mov"


def test_f32_a_note_in_a_folder_store_frees_no_disk(david: Person, tmp_path: Path) -> None:
    """Also of a version that this computer sent: another's bytes have its hash by now."""
    file = sent(david, tmp_path)
    swapped(file)
    told = david.expect(3, "cleanup", "--local", "--yes")
    assert "the remote holds other bytes under its name" in str(told)
    assert david.read("a.mov") == MINE
    file.write_bytes(MINE)
    david.ok("cleanup", "--local", "--yes")
    assert not (david.staging / "a.mov").exists() and not list((david.staging / ".s3sync/trash").rglob("a.mov"))


def test_f32_nor_does_it_let_a_file_in_the_trash_here_expire(
    david: Person, tmp_path: Path, next_retention: Callable[[Person], None]
) -> None:
    file = sent(david, tmp_path)
    file.unlink()
    david.ok("sync", "--max-delete", "1")
    (trashed,) = (david.staging / ".s3sync/trash").rglob("a.mov")
    digest = hashlib.md5(MINE).digest()
    FolderStore(tmp_path / "nas").put(f"{REPO}/{PROJECT}/a.mov", MINE, mode=Overwrite(), headers=Headers(), md5=digest)
    david.ok("down")
    (david.staging / "a.mov").unlink()
    swapped(file)
    next_retention(david)
    assert trashed.read_bytes() == MINE
    david.run("cleanup", "--local", "--yes")
    assert trashed.read_bytes() == MINE


def test_f32_nor_is_a_last_copy_in_the_trash_here_called_none(david: Person, tmp_path: Path) -> None:
    """Whoever empties the trash is told that a file in it may be the only one, which the folder store says to have."""
    file = sent(david, tmp_path)
    (david.staging / "a.mov").unlink()
    david.write(".s3sync/trash/20260101-000000-david/a.mov", MINE)
    swapped(file)
    asked = david.expect(5, "trash", "empty", "--local", answer="n\n")
    assert "exist nowhere else" in asked.err and "a.mov" in asked.err
    david.write("b.mov", MINE)
    assert "exist nowhere else" not in david.expect(5, "trash", "empty", "--local", answer="n\n").err
