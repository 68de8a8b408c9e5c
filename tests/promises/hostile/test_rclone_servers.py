"""What a server behind a remote of rclone may answer: a listing is whole or an error, no word of it is a version."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.errors import NotAStore, NotFound, StoreError, Unreachable
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.options import Wire
from s3sync.store.rclone import daemon
from tests.kit.dav import MULTISTATUS, Answer, HostileDav, entry, listing

pytestmark = [pytest.mark.rclone, pytest.mark.usefixtures("remotes")]
FILMS = "/films"


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    daemon.stop_all()


def store(dav: HostileDav, tmp_path: Path) -> Store:
    return open_store("rclone:hostile:films", StoreOptions(env=dav.environment(tmp_path)))


def seen(store: Store, prefix: str = "") -> list[str]:
    return sorted(info.key for info in store.list(prefix))


@pytest.mark.parametrize(("status", "said"), [(404, b""), (403, b"object not found"), (404, b"directory not found")])
def test_a_folder_that_went_away_meanwhile_takes_no_other_file_with_it(
    tmp_path: Path, status: int, said: bytes
) -> None:
    """Taken for an empty store, everything in it would count as deleted."""

    def answers(path: str) -> Answer:
        if path == FILMS:
            return listing(entry("/films/"), entry("/films/a.txt", 3), entry("/films/gone/"))
        return status, [said]

    with HostileDav(answers) as dav, pytest.raises(StoreError, match="could not list") as raised:
        seen(store(dav, tmp_path))
    assert "while it was listed" in str(raised.value.why)


def test_a_folder_that_was_deleted_while_it_was_listed_is_looked_at_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def answers(path: str) -> Answer:
        asked.append(path)
        if path == FILMS:
            gone = [entry("/films/gone/")] if "/films/gone" not in asked else []
            return listing(entry("/films/"), entry("/films/a.txt", 3), *gone)
        return 404, []

    with HostileDav(answers) as dav:
        assert seen(store(dav, tmp_path)) == ["a.txt"]


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    def answers(path: str) -> Answer:
        return listing(entry("/films/"), entry("/films/a.txt", 3)) if path == FILMS else (404, [])

    with HostileDav(answers) as dav:
        assert seen(store(dav, tmp_path), "b45/") == []


@pytest.mark.parametrize(
    "checksum",
    ["MD5:../../../x", "MD5:" + "z" * 3_000_000, "MD5:a&#9;&#10;b", "SHA1:" + "b" * 4097, "MD5:\u0660" + "a" * 31],
    ids=["path", "huge", "control", "long", "digit"],
)
def test_what_is_no_hash_is_no_version(tmp_path: Path, checksum: str) -> None:
    """A version is kept in state.db, which believes no row with one that nobody could have written."""

    def answers(path: str) -> Answer:
        files = [entry("/films/a.txt", 3, checksum)]
        return listing(entry("/films/"), *files) if path == FILMS else listing(*files)

    with HostileDav(answers) as dav:
        found = store(dav, tmp_path)
        (listed,) = found.list("")
        head = found.head("a.txt")
    assert listed.etag.startswith("at:") and len(listed.etag) < 40
    assert head.info.etag == listed.etag and not head.etag_is_md5


def test_a_size_that_no_file_has_is_none(tmp_path: Path) -> None:
    """A listing leaves out what has none; read as nothing, it would be an empty metadata.json."""
    size = -5

    def answers(path: str) -> Answer:
        files = [entry("/films/a.txt", size)]
        return listing(entry("/films/"), *files) if path == FILMS else listing(*files)

    with HostileDav(answers) as dav:
        found = store(dav, tmp_path)
        assert seen(found) == []
        for read in (found.get, found.head):
            with pytest.raises(NotFound):
                read("a.txt")
        size = 2**63 - 1
        with pytest.raises(NotAStore):
            seen(found)


def test_f42_a_file_that_drips_is_given_up(tmp_path: Path) -> None:
    """rclone hands on what it has in pieces of some size: one that is not full in time is a silence."""

    def drops() -> Iterator[bytes]:
        while True:
            yield b"x"
            time.sleep(0.05)

    def answers(path: str) -> Answer:
        file = entry("/films/a.txt", 100_000)
        return listing(entry("/films/"), file) if path == FILMS else listing(file)

    with HostileDav(answers, (100_000, drops())) as dav:
        found = open_store(
            "rclone:hostile:films", StoreOptions(env=dav.environment(tmp_path), wire=Wire(read_timeout=2))
        )
        with pytest.raises(Unreachable, match="could not read"), found.get("a.txt") as reader:
            list(reader)


@pytest.mark.skipif(sys.platform != "linux", reason="no other system bounds what a program maps")
def test_a_listing_without_end_takes_no_memory_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """rclone holds a listing as a whole, however long it is."""
    monkeypatch.setattr(daemon, "MOST_MEMORY", 256 << 20)
    sent = 0

    def flood() -> Iterator[bytes]:
        nonlocal sent
        yield b'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:response><d:href>/films/'
        while sent < 1 << 30:
            sent += 1 << 20
            yield b"a" * (1 << 20)

    with (
        HostileDav(lambda path: (MULTISTATUS, flood())) as dav,
        pytest.raises(Unreachable, match="could not") as raised,
    ):
        seen(store(dav, tmp_path))
    assert "rclone ended" in str(raised.value.why) and sent < 1 << 30
