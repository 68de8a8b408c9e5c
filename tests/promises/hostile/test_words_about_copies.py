"""What a peer says of an object's content lets no copy expire, and is not taken for what this computer fetched.

The MD5 in metadata.json and in an object's metadata, the part digests beside it, and a CRC that somebody made fit.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import xxhash

from s3sync.core.etag import PART_SIZE, part_ranges
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite, Part
from s3sync.store.s3.checksums import WholeCrc64nvme
from s3sync.sync import trash as trash_rules
from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import SeaweedFS
from tests.promises.hostile.conftest import Peer
from tests.promises.hostile.test_words_of_peers import SIZE, forge, kept, record
from tests.scenarios.people.test_retention import next_day, opened

TRASHED = f"{REPO}/.s3sync/trash/{PROJECT}"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def mine() -> bytes:
    return os.urandom(SIZE)


def there(tmp_path: Path) -> list[bytes]:
    """Contents of the remote trash."""
    return [path.read_bytes() for path in (tmp_path / "store" / TRASHED).rglob("*") if path.is_file()]


@pytest.fixture
def next_retention(monkeypatch: pytest.MonkeyPatch) -> Callable[[Person], None]:
    """Have a person's next run bring the trash within its limits, however young what is in it is."""
    monkeypatch.setattr(trash_rules, "YOUNG", timedelta(seconds=-5))

    def run(person: Person) -> None:
        next_day(person)
        opened(person, size="1K").up()

    return run


def deleted(peer: Peer, name: str, content: bytes) -> None:
    """David's last copy of a content is in the remote trash, and none is here."""
    david = peer.david
    david.write(name, content)
    david.write("other.txt", "x")
    david.ok("sync")
    (david.staging / name).unlink()
    david.ok("sync")


@pytest.mark.parametrize("word", ["the object's", "metadata.json's"])
@pytest.mark.parametrize("size", [SIZE, 700_000])
def test_f32_a_live_object_that_only_says_so_lets_nothing_expire(
    peer: Peer, store: FolderStore, tmp_path: Path, word: str, size: int, next_retention: Callable[[Person], None]
) -> None:
    """Nor does `cleanup` empty the trash for it, and `trash empty` says what is a last copy."""
    david, last = peer.david, os.urandom(size)
    deleted(peer, "cut/last.mov", last)
    etag = forge(peer, store, "again.mov", bytes(size), last, in_metadata=word == "the object's")
    if word == "metadata.json's":
        record(peer, "again.mov", etag, last)
    next_retention(david)
    assert last in there(tmp_path)
    david.ok("cleanup", "--yes")
    assert last in there(tmp_path)
    assert david.ok("trash", "empty", "--remote", "--dry-run", "--json").json["last_copies"]


def trash_key(tmp_path: Path, name: str) -> str:
    root = tmp_path / "store"
    return next(path for path in (root / TRASHED).rglob(name) if path.is_file()).relative_to(root).as_posix()


def test_f32_the_metadata_of_what_is_in_the_trash_lets_it_not_expire(
    peer: Peer, store: FolderStore, tmp_path: Path, mine: bytes, next_retention: Callable[[Person], None]
) -> None:
    """The last copy says that it has the content of a file that is here. It came in parts: its ETag is no MD5."""
    david, last = peer.david, os.urandom(SIZE)
    david.write("kept.mov", mine)
    deleted(peer, "last.mov", last)
    forge_at(store, trash_key(tmp_path, "last.mov"), last, mine)
    next_retention(david)
    assert last in there(tmp_path)
    david.ok("cleanup", "--yes")
    assert last in there(tmp_path)


def forge_at(store: FolderStore, key: str, body: bytes, said: bytes) -> None:
    upload = store.start_upload(key, Headers(metadata={"md5": hashlib.md5(said).hexdigest()}))
    ranges = enumerate(part_ranges(len(body), PART_SIZE), 1)
    parts = [Part(n, stop - start, store.put_part(key, upload, n, body[start:stop])) for n, (start, stop) in ranges]
    store.complete_upload(key, upload, parts, mode=Overwrite())


def test_what_is_elsewhere_for_sure_still_expires(
    peer: Peer, tmp_path: Path, mine: bytes, next_retention: Callable[[Person], None]
) -> None:
    """A large file in parts, whose content has another name on the remote, or here."""
    david = peer.david
    for name in ("a.mov", "b.mov"):
        david.write(name, mine)
    david.ok("sync")
    (david.staging / "a.mov").unlink()
    (david.staging / "b.mov").write_bytes(b"edited")
    david.ok("sync")
    assert there(tmp_path).count(mine) == 2
    david.write("c.mov", mine)
    david.ok("up")
    next_retention(david)
    assert there(tmp_path) == []


@pytest.mark.parametrize("said", ["before", "since"])
def test_f32_up_keeps_a_version_that_only_a_peer_calls_the_old_one(
    peer: Peer, store: FolderStore, tmp_path: Path, mine: bytes, said: str
) -> None:
    """Jan's new version is said to have the MD5 of the one that David had, and David's `up` would replace it."""
    david, jans = peer.david, os.urandom(SIZE)
    david.write("a.mov", mine)
    david.ok("up")
    etag = forge(peer, store, "a.mov", jans, jans)
    record(peer, "a.mov", etag, mine)
    if said == "before":
        david.ok("sync")  # takes the two for the same
    david.write("a.mov", b"david's edit")
    david.ok("up")
    assert peer.get("a.mov") == b"david's edit" and there(tmp_path) == [jans]
    david.ok("undo", "--yes")
    assert peer.get("a.mov") == jans


def test_up_makes_no_copy_of_a_version_that_was_had_here(peer: Peer, tmp_path: Path, mine: bytes) -> None:
    david = peer.david
    david.write("a.mov", mine)
    david.write("small.txt", "1")
    david.ok("up")
    for body in (mine[::-1], mine[:PART_SIZE] + b"?" * (SIZE - PART_SIZE)):
        david.write("a.mov", body)
        david.write("small.txt", body[:10])
        david.ok("up")
    assert there(tmp_path) == []


def part_file(peer: Peer, tmp_path: Path, name: str, etag: str, body: bytes) -> None:
    """The digests of another content's parts, beside an object."""
    parts = [xxhash.xxh3_128_hexdigest(body[at : at + PART_SIZE]) for at in range(0, len(body), PART_SIZE)]
    said: dict[str, Any] = {"schema": 1, "etag": etag, "size": len(body), "part_size": PART_SIZE, "xxh3": parts}
    path = f".s3sync/parts/{name}"
    peer.put(path, json.dumps(said | {"md5": hashlib.md5(body).hexdigest()}).encode())


def test_f32_a_version_that_was_put_together_from_an_old_one_is_not_one_that_was_fetched(
    peer: Peer, store: FolderStore, tmp_path: Path, mine: bytes
) -> None:
    """The object holds but one part of what its digests say; the rest was on this disk."""
    david = peer.david
    almost = mine[: 2 * PART_SIZE] + bytes(SIZE - 2 * PART_SIZE)
    david.write("a.mov", almost)
    david.ok("up")
    junk = bytes(2 * PART_SIZE) + mine[2 * PART_SIZE :]
    etag = forge(peer, store, "a.mov", junk, mine)
    record(peer, "a.mov", etag, mine)
    part_file(peer, tmp_path, "a.mov", etag, mine)
    david.ok("down")
    assert david.read("a.mov") == mine, "else nothing is shown"
    david.ok("cleanup", "--local", "--yes")
    david.run("cleanup", "--local", "--yes")
    assert mine in kept(david), "the only copy of it"


def test_a_delta_that_is_what_it_says_is_freed(peer: Peer, tmp_path: Path, mine: bytes) -> None:
    david, jan = peer.david, Person("jan", tmp_path / "jan", peer.david.environ)
    jan.staging.mkdir(parents=True)
    david.write("a.mov", mine)
    david.ok("up")
    jan.ok("down")
    david.write("a.mov", mine[:-5] + b"other")
    david.ok("up")
    down = jan.ok("down", "--json").json
    assert down["bytes_received"] <= PART_SIZE
    before = len(kept(jan))
    jan.ok("cleanup", "--local", "--yes")
    assert jan.files() == {} and len(kept(jan)) <= before


def test_f32_an_undo_brings_back_nothing_that_only_says_so(
    peer: Peer, store: FolderStore, tmp_path: Path, mine: bytes
) -> None:
    """The content of a renamed file is gone from its new name, and another object is said to hold it."""
    david = peer.david
    david.write("old.mov", mine)
    david.write("kept.txt", "x")
    david.ok("sync")
    (david.staging / "old.mov").rename(david.staging / "new.mov")
    david.ok("sync")
    assert there(tmp_path) == [], "no copy was made: the new name has it"
    store.delete(f"{REPO}/{PROJECT}/new.mov")
    record(peer, "said.mov", forge(peer, store, "said.mov", bytes(SIZE), mine), mine)
    david.run("undo", "--yes")
    assert not (tmp_path / "store" / REPO / PROJECT / "old.mov").exists()
    assert david.read("new.mov") == mine


def same_crc(target: bytes, size: int) -> bytes:
    """Other bytes of that length with the CRC64NVME of `target`: the last eight are solved for, as CRCs are linear."""

    def crc(data: bytes) -> int:
        running = WholeCrc64nvme()
        running.update(data)
        return running._crc

    start = b"junk" + bytes(size - 12)
    zero, wanted = crc(start + bytes(8)), crc(target)
    columns = [crc(start + (1 << bit).to_bytes(8, "little")) ^ zero for bit in range(64)]
    rows: list[tuple[int, int]] = []
    for bit, column in enumerate(columns):
        mask = 1 << bit
        for pivot, used in rows:
            if column ^ pivot < column:
                column, mask = column ^ pivot, mask ^ used
        if column:
            rows.append((column, mask))
            rows.sort(reverse=True)
    left, solution = zero ^ wanted, 0
    for pivot, used in rows:
        if left ^ pivot < left:
            left, solution = left ^ pivot, solution ^ used
    assert left == 0
    made = start + solution.to_bytes(8, "little")
    assert crc(made) == wanted and made != target
    return made


def put_with_crc(client: Any, key: dict[str, str], body: bytes, said: dict[str, str]) -> None:
    """In parts, with the checksum that the server keeps of the whole."""
    upload = client.create_multipart_upload(
        **key, Metadata=said, ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT"
    )["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(body), PART_SIZE), 1):
        sent = client.upload_part(
            **key, UploadId=upload, PartNumber=number, Body=body[start : start + PART_SIZE],
            ChecksumAlgorithm="CRC64NVME",
        )  # fmt: skip
        parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC64NVME": sent["ChecksumCRC64NVME"]})
    client.complete_multipart_upload(**key, UploadId=upload, MultipartUpload={"Parts": parts})
    crcs = client.head_object(**key, ChecksumMode="ENABLED").get("ChecksumCRC64NVME")
    assert crcs, "else nothing is shown"


@pytest.mark.seaweedfs
def test_f32_a_crc_that_was_made_to_fit_frees_no_disk(david: Person, seaweedfs: SeaweedFS, mine: bytes) -> None:
    prefix, client = uuid.uuid4().hex, seaweedfs.client("jan")
    david.environ = {**seaweedfs.environment("david"), "S3SYNC_STORE": f"s3://{seaweedfs.bucket}/{prefix}"}
    david.write("a.mov", mine)
    david.ok("up")
    key, junk = {"Bucket": seaweedfs.bucket, "Key": f"{prefix}/{REPO}/{PROJECT}/a.mov"}, same_crc(mine, SIZE)
    said = {"md5": hashlib.md5(mine).hexdigest()}
    put_with_crc(client, key, junk, said)
    david.run("sync")
    david.run("cleanup", "--local", "--yes")
    david.run("cleanup", "--local", "--yes")
    assert mine in [*kept(david), *(path.read_bytes() for path in david.staging.glob("*.mov"))]


@pytest.mark.seaweedfs
def test_f32_a_crc_that_was_made_to_fit_takes_no_file_away_with_a_move(
    david: Person, seaweedfs: SeaweedFS, mine: bytes
) -> None:
    """Two places: `move` deletes what the other place holds, by its bytes; and it says what they are."""
    prefix, client = uuid.uuid4().hex, seaweedfs.client("jan")
    david.environ = seaweedfs.environment("david")
    (david.repo / "card").mkdir()
    (david.repo / "card/a.mov").write_bytes(mine)
    junk = same_crc(mine, SIZE)
    put_with_crc(client, {"Bucket": seaweedfs.bucket, "Key": f"{prefix}/a.mov"}, junk, {})
    told = david.expect(3, "move", "./card", f"s3://{seaweedfs.bucket}/{prefix}", cwd=david.repo)
    assert "bytes are others" in told.err, told
    assert (david.repo / "card/a.mov").read_bytes() == mine
