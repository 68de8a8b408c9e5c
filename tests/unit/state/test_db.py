"""state.db: what is saved is there again, and what is only looked at stays as it was."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from s3sync.core.entries import Entry
from s3sync.errors import LocalError
from s3sync.state.memory import FILE, VERSION, CachedDigest, StateDB
from s3sync.state.places import StorePlace

PLACE = StorePlace("s3://team/v-app/b63/")
BASE = {
    "a.mp4": Entry(1, "a" * 32, "etag-2"),
    "été/🎬.wav": Entry(0, None, None),
    "huge.mov": Entry(5 * 1024**4, None, "e"),
}
DIGESTS = {
    "a.mp4": CachedDigest(1, 1_700_000_000_123_456_789, 2**63 - 1, "c" * 32, "a" * 32),
    "été/🎬.wav": CachedDigest(0, -1, 0, None, "b" * 32),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / ".s3sync"
    path.mkdir()
    return path


def on_disk(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_there_and_back(folder: Path) -> None:
    with StateDB(folder, PLACE) as db:
        assert (db.load_base(), db.load_digests()) == ({}, {})
        db.save(base=BASE, digests=DIGESTS)
        assert (db.load_base(), db.load_digests()) == (BASE, DIGESTS)
    with StateDB(folder, PLACE) as db:
        assert (db.load_base(), db.load_digests()) == (BASE, DIGESTS)


def test_entries_are_replaced_and_dropped(folder: Path) -> None:
    with StateDB(folder, PLACE) as db:
        db.save(base=BASE, digests=DIGESTS)
        newer = Entry(2, "b" * 32, "f")
        db.save(base={"a.mp4": newer, "huge.mov": None, "never there": None}, forget_digests=["a.mp4", "never there"])
        assert db.load_base() == {"a.mp4": newer, "été/🎬.wav": BASE["été/🎬.wav"]}
        assert db.load_digests() == {"été/🎬.wav": DIGESTS["été/🎬.wav"]}


def test_a_digest_that_is_forgotten_and_set_is_set(folder: Path) -> None:
    with StateDB(folder, PLACE) as db:
        db.save(digests={"a.mp4": DIGESTS["a.mp4"]}, forget_digests=["a.mp4"])
        assert db.load_digests() == {"a.mp4": DIGESTS["a.mp4"]}


def test_a_save_that_fails_saves_nothing(folder: Path) -> None:
    with StateDB(folder, PLACE) as db:
        db.save(base=BASE)
        nameless = {"a.mp4": None, "new": Entry(1), None: Entry(1)}
        with pytest.raises(LocalError):
            db.save(base=nameless)  # type: ignore[arg-type]
        assert db.load_base() == BASE
        db.save(base={"a.mp4": None})
        assert "a.mp4" not in db.load_base()


def test_looking_leaves_no_trace_of_a_closed_database(folder: Path) -> None:
    with StateDB(folder, PLACE) as db:
        db.save(base=BASE)
    before = on_disk(folder)
    with StateDB(folder, PLACE, read_only=True) as db:
        assert db.load_base() == BASE
        db.save(base={"a.mp4": None, "new": Entry(1)}, digests=DIGESTS)
        assert db.load_base().keys() == {"été/🎬.wav", "huge.mov", "new"}
        assert db.load_digests() == DIGESTS
        assert on_disk(folder) == before
    assert on_disk(folder) == before


def test_looking_sees_what_another_has_just_saved(folder: Path) -> None:
    """The last commits may still stand in the write-ahead log alone."""
    with StateDB(folder, PLACE) as writer:
        writer.save(base=BASE)
        before = on_disk(folder)
        assert f"{FILE}-wal" in before
        with StateDB(folder, PLACE, read_only=True) as db:
            assert db.load_base() == BASE
        assert on_disk(folder) == before


def test_looking_leaves_no_trace_after_a_crash(folder: Path, tmp_path: Path) -> None:
    with StateDB(folder, PLACE) as writer:
        writer.save(base=BASE)
        crashed = shutil.copytree(folder, tmp_path / "crashed")
    before = on_disk(crashed)
    with StateDB(crashed, PLACE, read_only=True) as db:
        assert db.load_base() == BASE
    assert on_disk(crashed) == before


def test_looking_at_nothing_makes_nothing(tmp_path: Path) -> None:
    with StateDB(tmp_path / "nowhere", PLACE, read_only=True) as db:
        assert (db.load_base(), db.load_digests()) == ({}, {})
        db.save(base=BASE)
        assert db.load_base() == BASE
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_version_is_refused_and_left_alone(folder: Path, read_only: bool) -> None:
    with StateDB(folder, PLACE) as db:
        db.save(base=BASE)
    with sqlite3.connect(folder / FILE) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = (folder / FILE).read_bytes()
    with pytest.raises(LocalError) as caught:
        StateDB(folder, PLACE, read_only=read_only)
    assert "newer" in caught.value.message
    assert "upgrade" in (caught.value.hint or "")
    assert (folder / FILE).read_bytes() == before


def broken_pages(good: bytes) -> bytes:
    return good[:100] + b"\xff" * (len(good) - 100)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda good: b"this is no database, but long enough to be one" * 100, id="not a database"),
        pytest.param(broken_pages, id="broken pages"),
        pytest.param(lambda good: good[:5000], id="truncated"),
    ],
)
def test_a_broken_database_is_an_error_and_never_empty(folder: Path, read_only: bool, damage: object) -> None:
    with StateDB(folder, PLACE) as db:
        db.save(base={f"{n}.mp4": Entry(n, "a" * 32) for n in range(500)})
    good = (folder / FILE).read_bytes()
    assert callable(damage)
    (folder / FILE).write_bytes(damage(good))
    with pytest.raises(LocalError) as caught, StateDB(folder, PLACE, read_only=read_only) as db:
        db.load_base()
    assert str(folder / FILE) in caught.value.message
    assert "s3sync doctor --fix" in (caught.value.hint or "")


def test_an_empty_file_is_a_new_database(folder: Path) -> None:
    """A crash may leave one before anything was saved."""
    (folder / FILE).touch()
    with StateDB(folder, PLACE) as db:
        db.save(base=BASE)
        assert db.load_base() == BASE


def test_a_folder_in_its_place_is_an_error(folder: Path) -> None:
    (folder / FILE).mkdir()
    with pytest.raises(LocalError):
        StateDB(folder, PLACE)
    with pytest.raises(LocalError):
        StateDB(folder, PLACE, read_only=True)


def test_two_connections_see_each_other(folder: Path) -> None:
    with StateDB(folder, PLACE) as one, StateDB(folder, PLACE) as other:
        one.save(base={"a": Entry(1)})
        other.save(base={"b": Entry(2)})
        assert one.load_base() == other.load_base() == {"a": Entry(1), "b": Entry(2)}


def test_two_threads_save_at_once(folder: Path) -> None:
    def save(name: str) -> None:
        with StateDB(folder, PLACE) as db:
            for number in range(30):
                db.save(base={f"{name}{number}": Entry(number)})

    with StateDB(folder, PLACE):
        threads = [threading.Thread(target=save, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with StateDB(folder, PLACE) as db:
        assert len(db.load_base()) == 60


def test_many_that_make_the_database_at_once(tmp_path: Path) -> None:
    """Switching a database to its write-ahead log is refused, not waited for, while another does the same."""
    folders = [tmp_path / str(n) for n in range(40)]
    users = 8
    together = threading.Barrier(users)
    failed: list[LocalError] = []

    def open_each(name: str) -> None:
        for folder in folders:
            together.wait()
            try:
                with StateDB(folder, PLACE) as db:
                    db.save(base={name: Entry(1)})
            except LocalError as error:
                failed.append(error)

    for folder in folders:
        folder.mkdir()
    threads = [threading.Thread(target=open_each, args=(str(n),)) for n in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    for folder in folders:
        with StateDB(folder, PLACE) as db:
            assert len(db.load_base()) == users
