"""What a peer says of an object's content destroys no last copy, and publishes nothing under another name.

The MD5 in metadata.json and in an object's metadata is whatever somebody wrote there: out of malice, or as programs do
that keep an object's metadata when they write other bytes into it.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from s3sync.core.entries import Entry
from s3sync.core.etag import PART_SIZE, part_ranges
from s3sync.core.plan import Agreed, Verb, steps_of
from s3sync.core.reconcile import decide
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite, Part
from tests.kit.people import Person
from tests.promises.hostile.conftest import Peer

SIZE = 2 * PART_SIZE + 12345


def forge(peer: Peer, store: FolderStore, name: str, body: bytes, said: bytes, *, in_metadata: bool = True) -> str:
    """Another content under a name, in parts, so that its ETag is no MD5, which is said to be `said`."""
    key, md5 = f"{peer.david.repo.name}/{peer.david.project.name}/{name}", hashlib.md5(said).hexdigest()
    upload = store.start_upload(key, Headers(metadata={"md5": md5} if in_metadata else {}))
    ranges = part_ranges(len(body), PART_SIZE)
    parts = [
        Part(number, stop - start, store.put_part(key, upload, number, body[start:stop]))
        for number, (start, stop) in enumerate(ranges, 1)
    ]
    return store.complete_upload(key, upload, parts, mode=Overwrite()).etag


def record(peer: Peer, name: str, etag: str, said: bytes) -> None:
    manifest = json.loads(peer.get("metadata.json"))
    known = [file for file in manifest["files"] if file["name"] != name]
    manifest["files"] = [*known, {**peer.record(name, said), "etag": etag}]
    peer.put("metadata.json", json.dumps(manifest).encode())


def kept(person: Person) -> list[bytes]:
    return [path.read_bytes() for path in (person.staging / ".s3sync" / "trash").rglob("*") if path.is_file()]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def mine() -> bytes:
    return os.urandom(SIZE)


@pytest.mark.parametrize(
    ("word", "before"),
    [("metadata.json's", one) for one in ((), ("sync",), ("down",), ("up",))] + [("the object's", ("sync",))],
)
def test_f32_an_edit_that_was_never_sent_is_kept_whatever_is_said_of_the_version_that_was(
    peer: Peer, store: FolderStore, mine: bytes, word: str, before: tuple[str, ...]
) -> None:
    """The object is what this computer sent; only the MD5 that is given for it is that of the edit."""
    david, edit = peer.david, os.urandom(SIZE)
    david.write("a.mov", mine)
    david.ok("up")
    manifest = json.loads(peer.get("metadata.json"))
    etag = next(file["etag"] for file in manifest["files"] if file["name"] == "a.mov")
    david.write("a.mov", edit)
    if word == "metadata.json's":
        record(peer, "a.mov", etag, edit)
    else:
        manifest["files"] = [file for file in manifest["files"] if file["name"] != "a.mov"]
        peer.put("metadata.json", json.dumps(manifest).encode())
        assert forge(peer, store, "a.mov", mine, edit) == etag
    if before:
        david.ok(*before)
    for _ in range(2):
        david.run("cleanup", "--local", "--yes")
        here = [path.read_bytes() for path in david.staging.glob("*.mov")]
        assert edit in (*here, *kept(david), peer.get("a.mov")), "it was sent, or it is here"


@pytest.mark.parametrize("word", ["the object's", "metadata.json's"])
@pytest.mark.parametrize("before", [(), ("sync",), ("down",)])
def test_f32_a_peers_word_frees_no_disk(
    peer: Peer, store: FolderStore, mine: bytes, word: str, before: tuple[str, ...]
) -> None:
    """Also when a run in between took the two for the same."""
    david = peer.david
    david.write("a.mov", mine)
    david.ok("up")
    etag = forge(peer, store, "a.mov", bytes(SIZE), mine, in_metadata=word == "the object's")
    if word == "metadata.json's":
        record(peer, "a.mov", etag, mine)
    if before:
        david.ok(*before)
    david.ok("cleanup", "--local", "--yes")
    assert kept(david) == [mine]
    david.run("cleanup", "--local", "--yes")
    assert kept(david) == [mine], "the trash is emptied of what a peer says is elsewhere"


def test_f32_what_the_store_vouches_for_is_freed(peer: Peer, mine: bytes) -> None:
    """Whatever this computer remembers: its own upload, and one that it only compared."""
    david = peer.david
    david.write("a.mov", mine)
    david.write("small.mov", b"small")
    david.ok("up")
    (david.staging / ".s3sync" / "state.db").unlink()
    david.ok("cleanup", "--local", "--yes")
    assert david.files() == {} and kept(david) == []
    david.ok("down")
    david.ok("cleanup", "--local", "--yes")
    assert david.files() == {} and kept(david) == []
    assert peer.get("a.mov") == mine


def test_f32_a_cleanup_keeps_the_bytes_of_an_object_that_only_says_to_be_here(
    peer: Peer, store: FolderStore, mine: bytes, tmp_path: Path
) -> None:
    """A colleague's program wrote other bytes into it, and kept the metadata."""
    david = peer.david
    david.write("a.mov", mine)
    david.ok("up")
    theirs = os.urandom(SIZE)
    forge(peer, store, "a.mov", theirs, mine)
    david.ok("cleanup", "--yes")
    there = [path.read_bytes() for path in (tmp_path / "store").rglob("*a.mov*") if path.is_file()]
    assert theirs in there and david.read("a.mov") == mine


@pytest.mark.parametrize("word", ["the object's", "metadata.json's"])
def test_f32_no_object_is_copied_on_a_peers_word(peer: Peer, store: FolderStore, mine: bytes, word: str) -> None:
    """It would be published under David's name, and everybody else's download would fail."""
    david = peer.david
    david.write("first.txt", b"x")
    david.ok("up")
    etag = forge(peer, store, "twin.mov", bytes(SIZE), mine, in_metadata=word == "the object's")
    if word == "metadata.json's":
        record(peer, "twin.mov", etag, mine)
    david.write("a.mov", mine)
    david.ok("up")
    assert peer.get("a.mov") == mine


def test_f32_a_renamed_file_is_still_copied_on_the_server(peer: Peer, mine: bytes) -> None:
    david = peer.david
    david.write("a.mov", mine)
    david.ok("up")
    (david.staging / "a.mov").rename(david.staging / "b.mov")
    (david.staging / ".s3sync" / "state.db").unlink()
    done = david.ok("up", "--json").json
    assert peer.get("b.mov") == mine and done["bytes_sent"] < SIZE // 2


MD5, OPAQUE = "9dd4e461268c8034f5c8564e155c67a6", "0" * 32


@pytest.mark.parametrize(("etag", "remembered"), [(MD5, MD5), (OPAQUE, None), (f"{OPAQUE}-2", None)])
def test_f32_a_version_is_not_remembered_as_ours_on_a_peers_word(etag: str, remembered: str | None) -> None:
    """Under KMS no ETag tells what is in an object, and one of parts tells it only to who has the parts.

    The base has it only of what was sent or fetched here.
    """

    def agreed(base: Entry | None) -> list[Entry | None]:
        decision = decide("a", base, Entry(1, MD5), Entry(1, MD5, etag))
        steps = steps_of([decision], Verb.SYNC, None, lambda path: path)
        return [step.entry for step in steps if isinstance(step, Agreed)]

    told = Entry(1, MD5, remembered)
    assert agreed(None) == [told]
    assert agreed(told) == [], "it is said once"
    assert agreed(Entry(1, MD5, etag)) == [], "what this computer sent stays known"
    assert agreed(Entry(1, MD5, "f" * 32)) == [told]
