"""Both ways: edits, conflicts and deletions on either side, by what the two agreed on last."""

from __future__ import annotations

import hashlib

import pytest

from tests.scenarios.pairs.desk import Desk, Place

pytestmark = pytest.mark.seaweedfs

PAIRS = [("folder", "store"), ("folder", "folder"), ("folder", "sea"), ("sea", "moto")]


def synced(desk: Desk, one: str, two: str) -> tuple[Place, Place]:
    """Two places of these kinds that agreed on four files."""
    a, b = desk.place(one, "a"), desk.place(two, "b")
    for name in ("edited a", "edited b", "sub/gone a", "gone b", "both", "stays 1", "stays 2", "stays 3"):
        a.put(name, f"{name}, first".encode())
    desk.run("sync", a, b, "--bidirectional")
    assert a.files() == b.files() and len(b.files()) == 8
    return a, b


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=lambda kind: kind)
def test_changes_go_both_ways(desk: Desk, one: str, two: str) -> None:
    a, b = synced(desk, one, two)
    a.put("edited a", b"by a")
    b.put("edited b", b"by b")
    a.put("new a", b"new")
    b.put("deep/er/new b", b"new")
    a.drop("sub/gone a")
    b.drop("gone b")
    a.put("both", b"both, by a")
    b.put("both", b"both: by b")

    told = desk.run("sync", a, b, "--bidirectional", "--json", code=4).json
    (clash,) = told["conflicts"]
    kept_as = clash["kept_as"]
    assert clash["name"] == "both" and clash["kind"] == "both_edited"
    assert {item["name"]: item["why"] for item in told["left"]} == {"sub/gone a": "deleted_a", "gone b": "deleted_b"}
    for place in (a, b):
        held = place.files()
        assert held["both"] == b"both: by b" and held[kept_as] == b"both, by a"
        assert (held["edited a"], held["edited b"]) == (b"by a", b"by b")
        assert (held["new a"], held["deep/er/new b"]) == (b"new", b"new")
    assert "sub/gone a" in b.files() and "gone b" in a.files()
    assert b.trash() == {"edited a": b"edited a, first"}
    assert a.trash() == {"edited b": b"edited b, first", "both": b"both, by a"}

    gone = desk.run("sync", a, b, "--bidirectional", "--delete", "--json").json
    assert {(item["name"], item["at"]) for item in gone["deleted"]} == {("sub/gone a", "b"), ("gone b", "a")}
    assert a.files() == b.files() and "gone b" not in a.files()
    assert b.trash()["sub/gone a"] == b"sub/gone a, first" and a.trash()["gone b"] == b"gone b, first"

    nothing = desk.run("sync", b, a, "--bidirectional", "--delete", "--json").json
    assert (nothing["copied"], nothing["deleted"], nothing["conflicts"]) == ([], [], [])


def test_an_edit_survives_a_deletion_on_the_other_side(desk: Desk) -> None:
    a, b = synced(desk, "folder", "store")
    a.put("both", b"an edit of another length")
    b.drop("both")
    desk.run("sync", a, b, "--bidirectional", "--delete", code=4)
    assert b.files()["both"] == a.files()["both"] == b"an edit of another length"


def test_without_the_memory_nothing_counts_as_deleted(desk: Desk) -> None:
    a, b = synced(desk, "folder", "folder")
    b.drop("both")
    memory = desk.person.root / "home" / ".local" / "share" / "s3sync" / "pairs"
    for file in memory.rglob("state.db*"):
        file.unlink()
    told = desk.run("sync", a, b, "--bidirectional", "--delete", "--json").json
    assert (told["deleted"], [item["name"] for item in told["copied"]]) == ([], ["both"])


def test_what_a_move_took_away_is_deleted_nowhere_for_it(desk: Desk) -> None:
    a, b = synced(desk, "folder", "store")
    held = b.files()
    moved = desk.run("move", a, b, "--json").json
    assert {item["name"] for item in moved["deleted"]} == set(held) and a.files() == {}
    assert b.files() == held
    a.put("another", b"x")
    told = desk.run("sync", a, b, "--bidirectional", "--delete", "--json").json
    assert told["deleted"] == [] and b.files() == a.files() == {**held, "another": b"x"}


@pytest.mark.parametrize("looked", [False, True])
def test_what_somebody_says_of_an_object_takes_no_file_away(desk: Desk, looked: bool) -> None:
    """B has other bytes of that size, which say in their metadata to be A's. `looked`: a run before believed it."""
    a, b = desk.place("folder", "a"), desk.place("moto", "b")
    a.put("last copy", b"what nobody else has")
    a.put("same", b"in both")
    for name, body, said in (("last copy", b"x" * 20, b"what nobody else has"), ("same", b"in both", b"in both")):
        at = {"Bucket": b.bucket, "Key": b.prefix + name}
        md5 = hashlib.md5(said, usedforsecurity=False).hexdigest()
        begun = b.client.create_multipart_upload(**at, Metadata={"md5": md5})["UploadId"]
        etag = b.client.upload_part(**at, UploadId=begun, PartNumber=1, Body=body)["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        b.client.complete_multipart_upload(**at, UploadId=begun, MultipartUpload=parts)
    if looked:
        desk.run("copy", a, b)
    told = desk.run("move", a, b, code=3)
    assert "bytes are others" in told.err
    assert a.files() == {"last copy": b"what nobody else has"}
    assert b.files() == {"last copy": b"x" * 20, "same": b"in both"}


def test_a_side_that_is_suddenly_empty_halts(desk: Desk) -> None:
    a, b = synced(desk, "folder", "folder")
    held = b.files()
    for name in held:
        a.drop(name)
    told = desk.run("sync", a, b, "--bidirectional", "--delete", code=5)
    assert "./a is empty" in told.err and "--max-delete 8" in told.err
    assert b.files() == held
    assert a.root is not None
    for path in sorted(a.root.rglob("*"), reverse=True):
        path.rmdir()
    a.root.rmdir()
    told = desk.run("sync", a, b, "--bidirectional", "--delete", code=2)
    assert "it was there when the two were last synced" in told.err
    told = desk.run("sync", b, a, "--bidirectional", code=2)
    assert "it was there when the two were last synced" in told.err and b.files() == held
