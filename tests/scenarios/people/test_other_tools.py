"""The bucket is shared with other tools and older versions: their objects and their metadata.json are respected."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.servers import MiniStack, SeaweedFS

MIB = 1024 * 1024

pytestmark = pytest.mark.seaweedfs


class Team:
    """David and Jan on one server, and the bucket as another S3 client sees it."""

    def __init__(self, server: SeaweedFS | MiniStack, root: Path) -> None:
        self.prefix = uuid.uuid4().hex
        self.bucket = server.bucket
        self.s3 = server.client("david")
        environments = {name: server.environment(name) for name in ("david", "jan")}
        self.david, self.jan = pair(root, f"s3://{server.bucket}/{self.prefix}", environments)

    def key(self, name: str) -> str:
        return f"{self.prefix}/{REPO}/{PROJECT}/{name}"

    def put(self, name: str, body: bytes, **more: object) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=self.key(name), Body=body, **more)

    def put_in_parts(self, name: str, body: bytes, sizes: list[int], algorithm: str | None = None) -> None:
        """With `algorithm` the store keeps a checksum of the whole."""
        kept = {"ChecksumAlgorithm": algorithm} if algorithm else {}
        whole = {"ChecksumType": "FULL_OBJECT"} if algorithm else {}
        at = {"Bucket": self.bucket, "Key": self.key(name)}
        at["UploadId"] = self.s3.create_multipart_upload(**at, **kept, **whole)["UploadId"]
        parts, start = [], 0
        for number, size in enumerate(sizes, 1):
            sent = self.s3.upload_part(**at, PartNumber=number, Body=body[start : start + size], **kept)
            told = {name: value for name, value in sent.items() if name in ("ETag", f"Checksum{algorithm}")}
            parts.append({"PartNumber": number, **told})
            start += size
        self.s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})

    def get(self, name: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=self.key(name))["Body"].read())

    def manifest(self) -> dict[str, object]:
        loaded: dict[str, object] = json.loads(self.get("metadata.json"))
        return loaded


@pytest.fixture
def team(seaweedfs: SeaweedFS, tmp_path: Path) -> Team:
    return Team(seaweedfs, tmp_path)


def test_an_object_put_by_another_client_is_new_on_the_remote(team: Team) -> None:
    team.put("foreign.mp4", b"from elsewhere")
    (file,) = team.david.ok("status", "--json").json["files"]
    assert file["state"] == "remote_new" and file["uploaded_by"] == "unknown"
    team.david.ok("down")
    assert team.david.read("foreign.mp4") == b"from elsewhere"
    assert team.david.states() == {"foreign.mp4": "in_sync"}
    entries = {entry["name"]: entry for entry in team.manifest()["files"]}  # type: ignore[attr-defined]
    assert entries["foreign.mp4"]["uploaded_by"] == "unknown"


def test_an_object_replaced_by_another_client_is_newer_there_and_never_overwritten(team: Team) -> None:
    team.david.write("a.mp4", "ours")
    team.david.ok("up")
    team.put("a.mp4", b"theirs, behind our back")
    team.david.write("a.mp4", "ours, edited")
    team.david.expect(4, "up")
    assert team.get("a.mp4") == b"theirs, behind our back"
    team.jan.ok("down")
    assert team.jan.read("a.mp4") == b"theirs, behind our back"


def test_a_foreign_multipart_object_is_recognised_by_its_composite_etag(team: Team) -> None:
    content = bytes(range(256)) * (4 * 1024 * 13)
    team.put_in_parts("big.mov", content, [5 * MIB, 5 * MIB, 3 * MIB])
    team.david.write("big.mov", content)
    assert team.david.states() == {"big.mov": "in_sync"}
    team.jan.ok("down")
    assert team.jan.read("big.mov") == content
    team.jan.write("big.mov", content[:-1] + b"\x00")
    assert team.jan.states() == {"big.mov": "local_modified"}


def test_a_foreign_object_of_uneven_parts_comes_down_by_the_checksum_of_the_whole(team: Team) -> None:
    """Its ETag is none of equal parts, of which it might have as many."""
    content = os.urandom(17 * MIB)
    team.put_in_parts("big.mov", content, [7 * MIB, 5 * MIB, 5 * MIB], "CRC64NVME")
    team.jan.ok("down")
    assert team.jan.read("big.mov") == content


def test_objects_carry_who_what_and_when(team: Team) -> None:
    path = team.david.write("clip.mp4", b"x" * 10)
    big = team.david.write("big.mov", b"y" * (17 * 1024 * 1024))
    team.david.ok("up")
    for local, name, kind in ((path, "clip.mp4", "video/mp4"), (big, "big.mov", "video/quicktime")):
        head = team.s3.head_object(Bucket=team.bucket, Key=team.key(name))
        assert head["ContentType"] == kind
        entry = next(item for item in team.manifest()["files"] if item["name"] == name)  # type: ignore[attr-defined]
        known = {"md5": entry["md5"]} if local == path else {}  # a large one is hashed while it is sent
        assert head["Metadata"] == {
            "uploaded-by": "david", "project-id": PROJECT, "mtime": entry["modified_at"], **known,
        }  # fmt: skip
        assert entry["size_bytes"] == local.stat().st_size
        assert entry["etag"] == head["ETag"].strip('"')


OLD_FORMAT = {
    "project_id": PROJECT,
    "repo": REPO,
    "last_sync": "2025-11-03T14:30:00Z",
    "files": [
        {
            "name": "draft.mp4", "size_bytes": 5, "uploaded_by": "jan", "uploaded_at": "2025-11-03T10:00:00Z",
            "md5": "5d41402abc4b2a76b9719d911017c592",
        }
    ],
}  # fmt: skip


def test_metadata_of_the_older_format_is_read(team: Team) -> None:
    team.put("draft.mp4", b"hello")
    team.put("metadata.json", json.dumps(OLD_FORMAT).encode())
    status = team.david.ok("status", "--json").json
    (file,) = status["files"]
    assert (file["state"], file["uploaded_by"]) == ("remote_new", "jan")
    assert status["last_sync"]["at"] == "2025-11-03T14:30:00Z"
    assert "by jan" in team.david.ok("status").out
    team.david.write("new.wav", "sound")
    team.david.ok("up")
    entries = {entry["name"]: entry for entry in team.manifest()["files"]}  # type: ignore[attr-defined]
    assert entries["draft.mp4"]["uploaded_by"] == "jan"
    assert team.manifest()["schema"] == 1


def test_unknown_fields_survive_a_rewrite(team: Team) -> None:
    team.put("draft.mp4", b"hello")
    newer = json.loads(json.dumps(OLD_FORMAT))
    newer["colour"] = {"space": "rec2020"}
    newer["files"][0]["review"] = ["looks good"]
    newer["members"] = {"ana": {"revision": 3, "at": "2025-11-03T14:30:00Z", "host": "x", "phone": "+49"}}
    team.put("metadata.json", json.dumps(newer).encode())
    team.david.write("new.wav", "sound")
    team.david.ok("up")
    manifest = team.manifest()
    assert manifest["colour"] == {"space": "rec2020"}
    files = {entry["name"]: entry for entry in manifest["files"]}  # type: ignore[attr-defined]
    assert files["draft.mp4"]["review"] == ["looks good"]
    assert manifest["members"]["ana"]["phone"] == "+49"  # type: ignore[index]
    assert manifest["members"]["david"]["revision"] == manifest["revision"]  # type: ignore[index]


@pytest.mark.parametrize("verb", ["status", "up", "down", "sync"])
def test_f26_a_newer_schema_or_a_broken_file_is_refused_and_nothing_changes(team: Team, verb: str) -> None:
    team.david.write("a.mp4", "bytes")
    for body, words in (
        (b'{"schema": 99, "files": []}', "upgrade s3sync"),
        (b'{"schema": 1, "files": [', "metadata.json cannot be read"),
        (b'{"files": {"a": 1}}', "metadata.json cannot be read"),
    ):
        team.put("metadata.json", body)
        result = team.david.expect(1, verb)
        assert words in result.err
        assert team.get("metadata.json") == body
    assert team.david.read("a.mp4") == b"bytes"


def test_f25_odd_keys_are_reported_and_never_written_to_disk(ministack: MiniStack, tmp_path: Path) -> None:
    team = Team(ministack, tmp_path)
    with ministack.with_odd_keys() as admin:
        team.s3 = admin
        odd = ["sub/../../../escape.txt", "a\x01b.txt", "/abs.txt", "a//b.txt", "..", f"{'x' * 256}.txt", "new\nline"]
        for name in ("ok.txt", ".s3sync/ours", *odd):
            team.put(name, b"x")
        result = team.david.expect(3, "down")
        assert set(team.david.files()) == {"ok.txt"}
        assert len(team.david.expect(3, "status", "--json").json["failed"]) == len(odd)
        assert "\\x01" in result.err and "cannot be downloaded" in result.err
        assert not list(team.david.root.rglob("escape.txt"))


def test_a_folder_that_shares_a_prefix_with_a_file_is_another_thing(team: Team) -> None:
    for name in ("test/a.txt", "test-123.txt", "foo.txt", "foo/bar.txt"):
        team.david.write(name, name)
    team.david.ok("sync")
    (team.david.staging / "test/a.txt").unlink()
    team.david.ok("sync")
    team.jan.ok("sync")
    assert set(team.jan.files()) == {"test-123.txt", "foo.txt", "foo/bar.txt"}


def test_both_upload_different_files_at_the_same_moment_and_both_appear(team: Team) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(10):
        team.david.write(f"david-{number}.txt", f"{number}")
        team.jan.write(f"jan-{number}.txt", f"{number}")
    with ThreadPoolExecutor(2) as threads:
        for result in threads.map(lambda person: person.run("up"), (team.david, team.jan)):
            assert result.code == 0, result
    names = {entry["name"] for entry in team.manifest()["files"]}  # type: ignore[attr-defined]
    assert len(names) == 20
    team.david.ok("sync")
    team.jan.ok("sync")
    assert team.david.files() == team.jan.files()


def test_f16_both_put_one_path_at_once_and_nobody_loses_bytes(team: Team) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def up(person: Person) -> int:
        return person.run("up").code

    team.david.write("same.mp4", "david's bytes")
    team.jan.write("same.mp4", "jan's bytes")
    with ThreadPoolExecutor(2) as threads:
        codes = list(threads.map(up, (team.david, team.jan)))
    assert sorted(codes) == [0, 4]
    assert team.david.read("same.mp4") == b"david's bytes"
    assert team.jan.read("same.mp4") == b"jan's bytes"
    winner = team.get("same.mp4")
    assert winner == (b"david's bytes" if codes[0] == 0 else b"jan's bytes")
