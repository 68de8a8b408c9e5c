"""A large file that changed in places: only those travel, and whatever the helpers say, the bytes are right."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

NAME = "day 1/a.mp4"
SIZE = 4 * PART
DELTA = PART + 200_000
"""The changed part and a little for heads, listings, metadata.json and part digests."""


def change(data: bytes, start: int, size: int) -> bytes:
    return data[:start] + content(size, seed=7) + data[start + size :]


@pytest.fixture
def shared(office: Office) -> tuple[Office, bytes]:
    """David's file, which Jan has too."""
    data = content(SIZE)
    office.david.write(NAME, data)
    office.david.ok("up")
    office.jan.ok("down")
    office.proxy.reset_counts()
    return office, data


def part_file(office: Office) -> str:
    return f".s3sync/parts/{NAME}"


def test_only_what_changed_travels_up_and_down(each_office: Office) -> None:
    office = each_office
    whole = SIZE if office.server.name == "seaweedfs" else 2 * PART
    data = content(whole)
    office.david.write(NAME, data)
    office.david.ok("up")
    office.jan.ok("down")
    office.proxy.reset_counts()
    data = change(data, PART, PART)
    office.david.write(NAME, data)
    up = office.david.ok("up", "--json").json
    assert PART <= office.proxy.sent < DELTA
    assert office.proxy.counts["UploadPartCopy"].requests == whole // PART - 1
    assert (up["bytes_sent"], up["bytes_saved"]) == (PART, whole - PART)
    assert office.stored(NAME) == data
    office.proxy.reset_counts()
    down = office.jan.ok("down", "--json").json
    assert PART <= office.proxy.received < DELTA
    assert down["bytes_saved"] >= whole - DELTA
    assert office.jan.files() == office.david.files()
    office.jan.ok("verify", "--deep")


def test_a_few_bytes_in_the_middle_cost_a_part(shared: tuple[Office, bytes]) -> None:
    office, data = shared
    data = change(data, 2 * PART + 5, 10)
    office.david.write(NAME, data)
    office.david.ok("up")
    assert office.proxy.sent < DELTA and office.stored(NAME) == data
    office.jan.ok("sync")
    assert office.jan.read(NAME) == data


@pytest.mark.parametrize("how", ["front", "cut", "append", "shorter than a part"])
def test_what_moved_is_still_right(shared: tuple[Office, bytes], how: str) -> None:
    office, data = shared
    changed = {
        "front": b"one more byte" + data,
        "cut": data[: PART + 5],
        "append": data + content(MIB, seed=3),
        "shorter than a part": data[:MIB],
    }[how]
    office.david.write(NAME, changed)
    office.david.ok("up")
    assert office.stored(NAME) == changed
    if how == "append":
        assert office.proxy.sent < MIB + 200_000
    office.jan.ok("down")
    assert office.jan.read(NAME) == changed


def test_a_delta_goes_on_after_a_change_by_the_other(shared: tuple[Office, bytes]) -> None:
    """Jan received it as a delta, and sends her change as one."""
    office, data = shared
    for person, other, start in ((office.david, office.jan, 0), (office.jan, office.david, 3 * PART)):
        data = change(data, start, 100)
        person.write(NAME, data)
        office.proxy.reset_counts()
        person.ok("up")
        assert office.proxy.sent < DELTA
        office.proxy.reset_counts()
        other.ok("down")
        assert office.proxy.received < DELTA
        assert other.read(NAME) == data


def lies(found: dict[str, Any], old: dict[str, Any]) -> dict[str, bytes]:
    """Part digests as they might be wrong."""
    wrong = [digest[::-1] for digest in found["xxh3"]]
    return {
        "wrong digests": json.dumps({**found, "xxh3": wrong}).encode(),
        "those of the old version under the new ETag": json.dumps({**found, "xxh3": old["xxh3"]}).encode(),
        "of another version": json.dumps(old).encode(),
        "truncated": json.dumps(found).encode()[:-20],
        "nothing": b"",
        "not UTF-8": b"\xff\xfe\x00" * 50,
        "of another size": json.dumps({**found, "size": 1}).encode(),
        "another part size": json.dumps({**found, "part_size": 8 * MIB}).encode(),
        "a tiny part size": json.dumps({**found, "part_size": 1, "xxh3": wrong * 10}).encode(),
        "a negative part size": json.dumps({**found, "part_size": -PART}).encode(),
        "twice as many": json.dumps({**found, "part_size": PART // 2, "xxh3": found["xxh3"] * 2}).encode(),
        "10,001 parts": json.dumps({**found, "xxh3": found["xxh3"][:1] * 10_001}).encode(),
        "giant": json.dumps({**found, "more": "x" * 3 * MIB}).encode(),
        "of another type": json.dumps([found]).encode(),
        "a newer schema": json.dumps({**found, "schema": 99}).encode(),
    }


@pytest.mark.slow
def test_part_digests_that_lie_cost_only_bytes(office: Office) -> None:
    """A file for each lie: all arrive as they are."""
    names = {f"{lie}.mp4": lie for lie in lies({"xxh3": []}, {"xxh3": []})}
    data = {name: content(PART + MIB, seed) for seed, name in enumerate(names)}
    for name, body in data.items():
        office.david.write(name, body)
    office.david.ok("up")
    office.jan.ok("down")
    old = {name: json.loads(office.stored(f".s3sync/parts/{name}")) for name in names}
    for name in names:
        data[name] = change(data[name], 0, 10)
        office.david.write(name, data[name])
    office.david.ok("up")
    for name, lie in names.items():
        found = json.loads(office.stored(f".s3sync/parts/{name}"))
        office.put(f".s3sync/parts/{name}", lies(found, old[name])[lie])
    office.jan.ok("down")
    assert [name for name in names if office.jan.read(name) != data[name]] == []
    assert list((office.jan.staging / ".s3sync" / "partial").iterdir()) == []
    office.jan.ok("verify")


@pytest.mark.parametrize("gone", [False, True])
def test_part_digests_that_lie_about_a_resent_file(shared: tuple[Office, bytes], gone: bool) -> None:
    """The sender believes only what it knows itself: what lies beside the object is not asked."""
    office, data = shared
    if gone:
        office.s3.delete_object(Bucket=office.server.bucket, Key=office.key(part_file(office)))
    else:
        office.put(part_file(office), b'{"schema": 1}')
    data = change(data, PART, 5)
    office.david.write(NAME, data)
    office.david.ok("up")
    assert office.stored(NAME) == data
    office.jan.ok("down")
    assert office.jan.read(NAME) == data


def test_without_part_digests_the_whole_comes(shared: tuple[Office, bytes]) -> None:
    office, data = shared
    data = change(data, PART, 5)
    office.david.write(NAME, data)
    office.david.ok("up")
    office.s3.delete_object(Bucket=office.server.bucket, Key=office.key(part_file(office)))
    office.proxy.reset_counts()
    office.jan.ok("down")
    assert office.proxy.received > SIZE and office.jan.read(NAME) == data


def edit_unseen(office: Office) -> None:
    """Change a byte of Jan's old file and put its time back."""
    path = office.jan.staging / NAME
    before = path.stat()
    with path.open("r+b") as stream:
        stream.write(b"!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def edit(office: Office) -> None:
    with (office.jan.staging / NAME).open("r+b") as stream:
        stream.write(b"?")


@pytest.mark.parametrize(("act", "mark"), [(edit_unseen, b"!"), (edit, b"?")])
def test_an_old_version_edited_meanwhile_is_not_built_upon(
    shared: tuple[Office, bytes], act: Callable[[Office], None], mark: bytes
) -> None:
    office, data = shared
    data = change(data, PART, 5)
    office.david.write(NAME, data)
    office.david.ok("up")
    office.proxy.on("GetObject", key=office.key(part_file(office)), nth=1).before(lambda request: act(office))
    office.jan.expect(4, "down")
    assert office.jan.read(NAME)[:1] == mark, "her edit survives"


def test_a_store_that_cannot_copy_parts_gets_the_whole(shared: tuple[Office, bytes]) -> None:
    office, data = shared
    office.proxy.on("UploadPartCopy").reply(501, "NotImplemented")
    data = change(data, PART, 5)
    office.david.write(NAME, data)
    office.david.ok("up")
    assert office.proxy.sent > SIZE and office.stored(NAME) == data and office.uploads() == {}


def test_the_version_that_is_copied_from_is_replaced_meanwhile(shared: tuple[Office, bytes]) -> None:
    """Its parts are pinned: never a mixture, and the other's version survives."""
    office, data = shared
    theirs = content(SIZE, seed=9)
    office.david.write(NAME, change(data, PART, 5))
    office.proxy.on("UploadPartCopy", nth=2).before(lambda request: office.put(NAME, theirs))
    office.david.expect(4, "up")
    assert office.stored(NAME) == theirs and office.uploads() == {}


def side_by_side(office: Office, operation: str) -> list[int]:
    """How many requests of a kind were under way whenever one began. Each is held for a moment."""
    under_way, seen, lock = [0], [], threading.Lock()

    def begin(request: object) -> None:
        with lock:
            under_way[0] += 1
            seen.append(under_way[0])
        time.sleep(0.5)

    def end(request: object) -> None:
        with lock:
            under_way[0] -= 1

    for rule, act in (("before", begin), ("after", end)):
        getattr(office.proxy.on(operation, key=office.key(NAME)), rule)(act)
    return seen


def test_copies_go_side_by_side_and_sent_parts_as_before(office: Office) -> None:
    """A copy costs a round trip and nothing of the line. All parts but the last have one size."""
    data = content(12 * PART + 1000)
    office.david.write(NAME, data)
    office.david.ok("up")
    office.david.write(NAME, data := change(data, 3 * PART, 1000))
    copied = side_by_side(office, "UploadPartCopy")
    office.david.ok("up")
    assert len(copied) == 12 and max(copied) == 10
    assert office.stored(NAME) == data
    head = office.s3.head_object(Bucket=office.server.bucket, Key=office.key(NAME), PartNumber=1)
    assert head["ContentLength"] == PART and head["PartsCount"] == 13
    office.david.write(NAME, bytes(12 * PART + 1000))
    sent = side_by_side(office, "UploadPart")
    office.david.ok("up")
    assert len(sent) == 13 and max(sent) < max(copied), "five, and those that wait for an answer when theirs have left"
