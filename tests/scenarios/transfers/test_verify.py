"""`s3sync verify`: every object against metadata.json and the local files."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

LARGE, SMALL = "film.mp4", "notes/today.txt"


@pytest.fixture
def shared(office: Office) -> Office:
    office.david.write(LARGE, content(PART + MIB))
    office.david.write(SMALL, "some words")
    office.david.ok("up")
    office.jan.ok("down")
    return office


def failed(office: Office, *words: str) -> dict[str, str]:
    found = office.jan.expect(3, "verify", "--json", *words).json
    assert found["exit_code"] == 3
    return {item["name"]: item["error"] for item in found["failed"]}


def flip(office: Office, name: str) -> bytes:
    body = bytearray(office.stored(name))
    body[-1] ^= 1
    return bytes(body)


def test_all_is_well(shared: Office) -> None:
    office = shared
    for words, deep in (((), False), (("--deep",), True)):
        office.proxy.reset_counts()
        found = office.jan.ok("verify", "--json", *words).json
        assert (office.proxy.received > PART) == deep
        assert not any(office.proxy.counts[name].requests for name in ("PutObject", "DeleteObject", "CopyObject"))
        assert found["deep"] is deep and (found["failed"], found["exit_code"], found["in_sync"]) == ([], 0, True)
    found = office.jan.ok("verify", "--deep", "--json").json
    status = office.jan.ok("status", "--json").json
    assert found.keys() == status.keys() | {"deep", "exit_code"}
    assert found["command"] == "verify" and found["files"] == status["files"]
    assert "Verified every byte: 2 files, 0 problems" in office.jan.ok("verify", "--deep").out


def test_a_lost_object_is_named(shared: Office) -> None:
    shared.s3.delete_object(Bucket=shared.server.bucket, Key=shared.key(LARGE))
    assert "its object is not there" in failed(shared)[LARGE]
    assert LARGE in shared.jan.expect(3, "verify").err


def test_a_replaced_object_is_named(shared: Office) -> None:
    shared.put(SMALL, b"other words of another length")
    assert "not the object that metadata.json describes" in failed(shared)[SMALL]


@pytest.mark.parametrize("name", [LARGE, SMALL])
def test_flipped_content_of_the_same_size_is_named(shared: Office, name: str) -> None:
    shared.put(name, flip(shared, name), Metadata=shared.head(name)["Metadata"])
    assert list(failed(shared)) == [name]


def test_deep_reads_what_the_server_gives(shared: Office) -> None:
    """The store says that all is as it was, and gives other bytes."""
    shared.proxy.on("GetObject", key=shared.key(LARGE)).flip_byte(PART)
    shared.jan.ok("verify")
    assert "not those that were uploaded" in failed(shared, "--deep")[LARGE]


def hidden_edit(path: Path) -> None:
    """Change bytes, and put mtime back."""
    before = path.stat()
    time.sleep(0.02)
    with path.open("r+b") as stream:
        stream.seek(MIB)
        stream.write(b"rot")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_f32_a_hidden_edit_is_called_an_edit(shared: Office) -> None:
    hidden_edit(shared.jan.staging / LARGE)
    result = shared.jan.ok("verify", "--deep")
    assert shared.jan.states()[LARGE] == "local_modified"
    assert "delete" not in result.out + result.err and "failing" not in result.out + result.err


def test_f32_deep_reads_the_local_files_where_their_times_tell_nothing(shared: Office) -> None:
    """As on a disk whose ctime does not move: the digest cache believes that the file is the one it hashed."""
    path = shared.jan.staging / LARGE
    hidden_edit(path)
    with closing(sqlite3.connect(shared.jan.staging / ".s3sync" / "state.db")) as state, state:
        state.execute("UPDATE digest SET ctime_ns = ? WHERE path = ?", (path.stat().st_ctime_ns, LARGE))
    shared.jan.ok("verify")
    assert "was edited here" in failed(shared, "--deep")[LARGE]
    assert "delete" not in shared.jan.expect(3, "verify", "--deep").err
