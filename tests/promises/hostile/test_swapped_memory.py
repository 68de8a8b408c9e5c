"""Another user, who may write in the staging folder, swaps `.s3sync` for a folder of his own while SQLite opens it."""

from __future__ import annotations

import ctypes
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from s3sync.api import Project
from s3sync.archive.rows.sqlite_file import SQLiteFile
from s3sync.config.databases import Database
from s3sync.disk import checks, confined
from s3sync.errors import LocalError, S3syncError
from s3sync.state import sqlite as ours
from s3sync.state import trusted
from tests.kit.journals import plant_journal
from tests.kit.people import PROJECT, Person


def has_bounds() -> bool:
    """True if this kernel bounds a thread (Landlock)."""
    return sys.platform == "linux" and bool(ctypes.CDLL(None).syscall(444, None, 0, 1) > 0)


pytestmark = pytest.mark.skipif(not has_bounds(), reason="the system bounds no thread")


def folder_of_another(folder: Path, victim: Path) -> Path:
    """A database with a journal that names a file, which SQLite deletes once it has played the journal back."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
    plant_journal(folder / "state.db", str(victim))
    return folder


def test_f52_a_folder_that_is_swapped_for_another_deletes_no_file_of_the_users(
    synced: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thesis = tmp_path / "thesis"
    thesis.write_text("the only copy")
    memory = synced.staging / ".s3sync"
    evil = folder_of_another(synced.staging / "evil", thesis)
    synced.staging.chmod(0o777)
    connect, swaps = ours.connect, list[Path]()

    def too_late(path: Path) -> sqlite3.Connection:
        if path.parent == memory.resolve() and not swaps:
            swaps.append(memory.rename(memory.with_name("away")))
            evil.rename(memory)
        return connect(path)

    for name in ("HOME", "S3SYNC_USER", "S3SYNC_TRUST", "S3SYNC_STORE"):
        monkeypatch.setenv(name, synced.env()[name])
    project = Project.open(PROJECT, path=synced.repo)
    monkeypatch.setattr(ours, "connect", too_late)
    (synced.staging / "b.txt").write_text("new")
    with pytest.raises(LocalError):
        project.up()
    assert swaps
    assert thesis.read_text() == "the only copy"
    assert (memory / "state.db-journal").exists()


def test_f52_nor_does_a_journal_that_comes_beside_a_table_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thesis, table = tmp_path / "thesis", tmp_path / "shared" / "media.db"
    thesis.write_text("the only copy")
    table.parent.mkdir()
    with closing(sqlite3.connect(table)) as connection:
        connection.execute("CREATE TABLE media (id INTEGER PRIMARY KEY, url)")
        connection.execute("INSERT INTO media VALUES (1, '')")
        connection.commit()
    table.parent.chmod(0o777)
    file, update = SQLiteFile(Database(f"sqlite:///{table}", "a test", True, path=table)), "UPDATE media SET url = :u"
    assert file.update(update, [{"u": "a"}], proves=False) == [1]
    assert file.page("SELECT url FROM media", {}, 10) == [{"url": "a"}]
    check = trusted.require_harmless

    def too_early(path: Path) -> None:
        check(path)
        plant_journal(path, str(thesis))

    monkeypatch.setattr(trusted, "require_harmless", too_early)
    with pytest.raises(S3syncError):
        file.update(update, [{"u": "b"}], proves=False)
    assert thesis.read_text() == "the only copy"


def test_who_else_may_swap_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    assert not confined.others_may_swap(folder)
    is_own = checks.is_own_group((tmp_path / "a").stat().st_gid)
    for mode, may in ((0o777, True), (0o775, not is_own), (0o1777, False), (0o755, False)):
        (tmp_path / "a").chmod(mode)
        assert confined.others_may_swap(folder) is may
    folder.chmod(0o777)  # what is in it is looked at by its descriptor
    assert not confined.others_may_swap(folder)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives a folder to any group")
def test_a_group_with_others_in_it_may_swap_a_folder_and_a_group_of_ones_own_may_not(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    for group in (os.getegid(), 4711):
        os.chown(tmp_path / "a", -1, group)
        (tmp_path / "a").chmod(0o775)
        assert confined.others_may_swap(folder) is (group == 4711 or not checks.is_own_group(group))
    assert not checks.is_own_group(4711)
