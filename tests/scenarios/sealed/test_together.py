"""Everything that two people do, in an encrypted repository: nothing of it is to be read in the store."""

from __future__ import annotations

import os
from pathlib import Path

from tests.kit.people import PROJECT, Person
from tests.kit.servers import SeaweedFS
from tests.scenarios.transfers.commands import parts_remembered, started, until

MIB = 1024 * 1024
People = tuple[Person, Person]


def readable(root: Path, *words: bytes) -> list[str]:
    """Files of the store in which one of the words can be read."""
    return [
        path.name for path in root.rglob("*") if path.is_file() and any(word in path.read_bytes() for word in words)
    ]


def test_nothing_but_names_and_sizes_can_be_read(people: People, bucket: Path) -> None:
    david, jan = people
    david.write("cut/secret.txt", "the plaintext of david")
    david.write("film.mp4", b"the plaintext of david" * 500_000)
    david.write("empty", "")
    david.ok("sync")
    jan.ok("sync")
    assert jan.files() == david.files()
    assert all(state == "in_sync" for state in jan.states().values())
    david.write("cut/secret.txt", "the plaintext of david, again")
    david.ok("sync")
    (david.staging / "film.mp4").rename(david.staging / "renamed.mp4")
    david.ok("sync")
    david.ok("lock", "renamed.mp4")
    jan.ok("sync")
    assert jan.files() == david.files()
    assert readable(bucket, b"the plaintext", b"uploaded_by", b"xxh3", b"size_bytes") == []
    assert (bucket / PROJECT / "film.mp4").exists() is False
    assert "david uploaded 3 files" in jan.ok("log").out


def test_metadata_of_objects_is_the_keys_id_alone(on_s3: People, seaweedfs: SeaweedFS) -> None:
    david, jan = on_s3
    david.write("cut/secret.txt", "the plaintext of david")
    david.write("film.mp4", os.urandom(9 * MIB))
    david.ok("sync")
    david.write("cut/secret.txt", "the plaintext of david, again")
    david.ok("sync")
    jan.ok("sync")
    assert jan.files() == david.files()
    key_id = david.ok("keys", "list", "--json").json["key_id"]
    store = david.ok("status", "--json").json["store"].removeprefix(f"s3://{seaweedfs.bucket}/")
    client, seen = seaweedfs.client(), 0
    for listed in client.list_objects_v2(Bucket=seaweedfs.bucket, Prefix=f"{store}/")["Contents"]:
        head = client.head_object(Bucket=seaweedfs.bucket, Key=listed["Key"])
        if "/.s3sync/keys/" not in listed["Key"]:
            assert head["Metadata"] == {"key-id": key_id}
            seen += 1
    assert seen >= 5  # two files, metadata.json, part digests, the trash and what lies beside it
    assert [file["name"] for file in david.ok("trash", "list", "--remote", "--json").json["files"]] == [
        "cut/secret.txt"
    ]
    jan.ok("trash", "restore", "--remote", "cut/secret.txt", "--to", "old.txt")
    assert jan.read("old.txt") == b"the plaintext of david"
    assert jan.ok("verify", "--deep").code == 0


def test_few_bytes_change_and_few_bytes_travel(on_s3: People) -> None:
    david, jan = on_s3
    body = bytearray(os.urandom(40 * MIB))
    david.write("film.mp4", bytes(body))
    assert david.ok("up", "--json").json["bytes_sent"] == len(body)
    jan.ok("down")
    body[17 * MIB] ^= 1
    david.write("film.mp4", bytes(body))
    assert david.ok("up", "--json").json["bytes_sent"] == 8 * MIB
    assert jan.ok("down", "--json").json["bytes_received"] < 8 * MIB + 10_000
    assert jan.files() == david.files()
    (david.staging / "film.mp4").rename(david.staging / "final.mp4")
    assert david.ok("sync", "--json").json["bytes_sent"] == 0
    assert jan.ok("sync", "--json").json["bytes_received"] == 0
    assert jan.files() == david.files()


def test_an_upload_that_was_killed_resumes(on_s3: People) -> None:
    david, jan = on_s3
    david.write("film.mp4", os.urandom(48 * MIB))
    with started(david, "up", "--bwlimit", "8M") as command:
        until(lambda: parts_remembered(david) > 0, "a first part")
        command.kill()
    sent = david.ok("up", "--json").json["bytes_sent"]
    assert 0 < sent <= 40 * MIB
    jan.ok("down")
    assert jan.files() == david.files()


def test_a_conflict_is_kept_for_both(people: People) -> None:
    david, jan = people
    david.write("a.txt", "one")
    david.ok("sync")
    jan.ok("sync")
    david.write("a.txt", "two of david")
    jan.write("a.txt", "two of jan!!")
    david.ok("up")
    jan.expect(4, "up")
    jan.expect(4, "sync")
    david.ok("sync")
    assert david.files() == jan.files() and len(david.files()) == 2
    assert david.read("a.txt") == b"two of david"


def test_versions_undo_and_cleanup(people: People) -> None:
    david, jan = people
    for body in ("one", "two", "three"):
        david.write("a.txt", body)
        david.ok("sync")
    assert len(david.ok("versions", "a.txt", "--json").json["versions"]) == 3
    david.ok("undo", "--yes")
    jan.ok("sync")
    assert jan.read("a.txt") == b"two"
    jan.ok("cleanup", "--yes", "--force")
    jan.ok("sync")
    assert (jan.read("a.txt"), david.read("a.txt")) == (b"two", b"three")


def test_links_and_pages_are_refused_with_the_reason_whatever_is_asked_for(on_s3: People, seaweedfs: SeaweedFS) -> None:
    """On a store that could make them. Nothing is written, and a dry run says the same."""
    david, _ = on_s3
    david.write("a.txt", "one")
    david.ok("up")
    place = david.ok("status", "--json").json["store"].removeprefix(f"s3://{seaweedfs.bucket}/")

    def held() -> list[str]:
        client = seaweedfs.client()
        return [one["Key"] for one in client.list_objects_v2(Bucket=seaweedfs.bucket, Prefix=place)["Contents"]]

    before = held()
    for words in (
        "share a.txt", "share a.txt --download", "share --page a.txt", "receive", "dashboard --publish-to pages",
        "dashboard --publish",
    ):  # fmt: skip
        refused = david.expect(1, *words.split())
        assert "encrypted" in refused.err and refused.err.count("error:") == 1, words
        if david.run(*words.split(), "--dry-run").code != 2:
            assert "encrypted" in david.expect(1, *words.split(), "--dry-run").err
    assert held() == before
