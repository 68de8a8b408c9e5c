"""In an encrypted repository, too, a copy goes only for bytes that were read, where the store has no word of its own.

Without the key nobody makes an object that opens. Anybody who writes there puts something else under its name, though,
with the hash that was noted of it, and it is found out by being opened alone.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from s3sync.core.etag import PART_SIZE
from s3sync.store.folder import FolderStore
from s3sync.store.own_word import has_open_parts, has_to_be_read
from s3sync.store.sealed import RepositoryKey, SealedStore, seal
from s3sync.store.wrapped import Wrapped
from tests.kit.people import PROJECT, REPO, Person

MINE, OTHER = b"the only copy of a film" * 99, b"an authentic other film" * 99
assert len(MINE) == len(OTHER)


@pytest.fixture
def nas(david: Person, tmp_path: Path) -> Path:
    """The folder of David's encrypted project in a folder store, with two files that he sent."""
    FolderStore(tmp_path / "nas", create=True)
    david.environ = {"S3SYNC_STORE": f"file://{tmp_path / 'nas'}"}
    david.ok("config", "set", "--repo", "encrypt", "yes")
    david.ok("keys", "create")
    david.write("a.mov", MINE)
    david.write("b.mov", OTHER)
    david.ok("up")
    return tmp_path / "nas" / REPO / PROJECT


def swapped(file: Path, content: bytes) -> None:
    """Other bytes in a folder store, so that its record of them stands."""
    before = file.stat()
    assert len(content) == before.st_size
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("kind", ["what opens with no key", "another file of the project"])
def test_f32_nothing_frees_the_disk_for_what_opens_as_something_else(david: Person, nas: Path, kind: str) -> None:
    sealed = (nas / "a.mov").read_bytes()
    swapped(nas / "a.mov", (nas / "b.mov").read_bytes() if kind.startswith("another") else bytes(len(sealed)))
    david.expect(3, "cleanup", "--local", "--yes")
    assert david.read("a.mov") == MINE
    swapped(nas / "a.mov", sealed)
    david.ok("cleanup", "--local", "--yes")
    assert not (david.staging / "a.mov").exists() and not list((david.staging / ".s3sync/trash").rglob("a.mov"))


def test_f32_nor_does_a_file_leave_the_trash_here_for_it(david: Person, nas: Path) -> None:
    """What a file of the store is said to hold, and nothing else on this disk does."""
    (david.staging / "a.mov").unlink()
    trashed = ".s3sync/trash/20260101-000000-david/a.mov"
    david.write(trashed, MINE)
    swapped(nas / "a.mov", bytes((nas / "a.mov").stat().st_size))
    david.run("cleanup", "--local", "--yes")
    assert david.read(trashed) == MINE


class _OnAzure(Wrapped):
    @property
    def url(self) -> str:
        return "az://account/container"


def test_f32_what_is_sent_to_azure_in_blocks_is_read_when_it_is_encrypted(tmp_path: Path) -> None:
    """A block that waits is anybody's: what he puts there opens with no key, and has the ETag of a commit of ours."""
    inner = _OnAzure(FolderStore(tmp_path / "nas", create=True))
    store: SealedStore = seal(inner, REPO, lambda: RepositoryKey(hashlib.sha256(b"key").digest()))
    assert has_to_be_read(store, PART_SIZE + 1) and has_open_parts(store, PART_SIZE + 1)
    assert not has_to_be_read(store, PART_SIZE)
