"""Whatever the other side claims: memory and time stay bounded, and the end is a clear error or the right bytes."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.core import limits
from s3sync.core.entries import Entry
from s3sync.core.etag import MIB
from s3sync.errors import NotAStore, StoreError
from s3sync.shared.scan import scan_remote
from s3sync.spill.table import SpilledDict
from s3sync.store import StoreOptions, open_store
from s3sync.store.aspects import Versions, require_aspect
from s3sync.store.folder import FolderStore
from s3sync.store.lanes import rounds
from s3sync.store.port import ObjectHead
from tests.kit.limits import limit
from tests.kit.peak import peak_mib
from tests.kit.people import PROJECT, REPO, Person
from tests.promises.hostile.checks import said
from tests.promises.hostile.conftest import SECRETS, Peer
from tests.promises.hostile.liar import MD5_OF_X, Answer, Lie, body, error, liar, listing, uploads

PREFIX = f"{REPO}/{PROJECT}/"

TOO_MUCH = {
    "empty lists": b'{"x":[' + b"[]," * 4_100_000 + b"[]]}",
    "a million deep": b'{"x":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
    "tiny records": b'{"files":[' + b"{}," * 2_000_000 + b"{}]}",
    "a number of 10 MB": b'{"revision":' + b"9" * 10_000_000 + b"}",
}


@pytest.mark.parametrize("data", TOO_MUCH.values(), ids=TOO_MUCH)
def test_f26_a_manifest_that_would_be_costly_is_refused_cheaply(peer: Peer, data: bytes) -> None:
    peer.put("metadata.json", data)
    peak, result = peak_mib(peer.david, 1, "status")
    assert "error: metadata.json cannot be read" in result.err and peak < 200
    said(result)


def test_f26_a_file_beyond_the_limit_is_not_even_read(peer: Peer, tmp_path: Path) -> None:
    peer.put("metadata.json", b"{}")
    os.truncate(tmp_path / "store" / PREFIX / "metadata.json", limits.now.manifest_bytes + 1)
    peak, result = peak_mib(peer.david, 1, "status")
    assert "larger than" in result.err and peak < 150


@pytest.mark.seaweedfs
def test_a_compressed_manifest_is_not_unpacked(s3_peer: Peer) -> None:
    bomb = gzip.compress(bytes(200 * MIB), 9)
    s3_peer.put("metadata.json", bomb, ContentEncoding="gzip", ContentType="application/json")
    peak, result = peak_mib(s3_peer.david, 1, "status")
    assert "error: metadata.json cannot be read" in result.err and peak < 150


def test_many_records_without_object_cost_one_more_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(tmp_path / "store", create=True)
    asked: list[str] = []
    head = store.head

    def counted(key: str) -> ObjectHead:
        asked.append(key)
        return head(key)

    monkeypatch.setattr(store, "head", counted)
    names = [f"gone-{number}" for number in range(5_000)]
    where = tmp_path / "store" / PREFIX
    where.mkdir(parents=True)
    (where / "metadata.json").write_text(json.dumps({"files": [Peer.record(name) for name in names]}))
    found = scan_remote(store, PREFIX, SpilledDict(Entry), lambda path: False)
    assert found.vanished.keys() == set(names) and len(asked) < 20


SIZES = [-1, 0, 1, 2**31, 2**63 - 1, 2**63, 10**30]


def test_sizes_that_lie(peer: Peer) -> None:
    """The object itself says how long it is; the record is written anew."""
    files = []
    for number, size in enumerate(SIZES):
        peer.put(f"{number}.mp4", b"four")
        files.append(peer.record(f"{number}.mp4", b"four", size_bytes=size, part_size=size))
    peer.manifest(files=files)
    for words in (["status", "--json"], ["down"], ["verify"]):
        said(peer.david.expect(0, *words))
    assert set(peer.david.files().values()) == {hashlib.sha256(b"four").hexdigest()}
    assert {record["size_bytes"] for record in json.loads(peer.get("metadata.json"))["files"]} == {4}


TIMES = [
    "0001-01-01T00:00:00Z",
    "1600-01-01T00:00:00Z",
    "2400-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "300000-01-01",
    "NaN",
    "-1",
]


def test_times_that_no_disk_holds(peer: Peer, tmp_path: Path) -> None:
    files = []
    for number, when in enumerate(TIMES):
        peer.put(f"{number}.mp4", b"x", mtime=when)
        peer.put(f"object-{number}.mp4", b"x", mtime=when)
        files.append(peer.record(f"{number}.mp4", b"x", modified_at=when, uploaded_at=when))
    peer.manifest(files=files, last_sync=TIMES[0])
    for words in (["down"], ["sync"]):
        said(peer.david.expect(0, *words))
    status = peer.david.ok("status", "--json")
    said(status)
    assert status.json["in_sync"] and len(status.json["files"]) == 2 * len(TIMES)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a disk that holds any time")
def test_files_whose_own_times_no_calendar_holds(david: Person) -> None:
    import shutil
    import tempfile

    root = Path(tempfile.mkdtemp(dir="/dev/shm"))
    try:
        store = FolderStore(root, create=True)
        (root / PREFIX).mkdir(parents=True)
        for name, seconds in (("late", 10**13), ("early", -(10**11))):
            (root / PREFIX / name).write_text(name)
            os.utime(root / PREFIX / name, (seconds, seconds))
        assert {info.key for info in store.list(PREFIX)} == {f"{PREFIX}late", f"{PREFIX}early"}
        david.environ = {"S3SYNC_STORE": f"file://{root}"}
        for verb in ("status", "down", "sync"):
            said(david.expect(0, verb))
        assert david.files().keys() == {"late", "early"}
    finally:
        shutil.rmtree(root)


def test_a_key_512_folders_deep(peer: Peer) -> None:
    peer.put("a/" * 500 + "x", b"deep")
    for words in (["down"], ["status"]):
        said(peer.david.expect(0, *words))
    peer.david.write("a/" * 500 + "x", "changed here, and longer")
    peer.put("a/" * 500 + "x", b"changed there")
    peer.david.expect(0, "down", "--on-conflict", "theirs")
    said(peer.david.expect(0, "cleanup", "--local", "--trash", "--yes"))
    assert not list((peer.david.staging / ".s3sync" / "trash").rglob("x"))


LIES: dict[str, dict[str, object]] = {
    "a million parts": {"part_size": 17, "xxh3": ["a"] * 1_000_000},
    "one giant part": {"part_size": 10**30, "xxh3": ["a"]},
    "of wrong bytes": {"part_size": 16 * MIB, "xxh3": ["0" * 32] * 2},
}


def test_part_digests_that_lie(peer: Peer) -> None:
    """They cost nothing but speed: each time the whole file arrives, and is right."""
    david = peer.david
    for number, lie in enumerate([*LIES.values(), None]):
        whole = bytes([number]) * (17 * MIB)
        etag = hashlib.md5(whole).hexdigest()
        peer.put("film.mp4", whole)
        told = json.dumps({"schema": 1, "etag": etag, "size": len(whole), **(lie or {})}).encode()
        peer.put(".s3sync/parts/film.mp4", told if lie else b'{"x":' + b"[" * 100_000)
        peer.manifest(files=[peer.record("film.mp4", whole, part_size=[10**30, 1, -5][number % 3])])
        said(david.expect(0, "down"))
        assert david.read("film.mp4") == whole


def on_liar(person: Person, address: str) -> None:
    person.environ = {**SECRETS, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": address, "S3SYNC_STORE": "s3://bucket"}


def endless(lie: Lie) -> Answer:
    if lie.kind == "list":
        return listing(lie.prefix, {f"{number}.mp4": 1 for number in range(1000)}, "again")
    if lie.kind == "uploads":
        return uploads(lie.prefix, "again")
    return error(404, "NoSuchKey")


@pytest.mark.parametrize("words", [["sync"], ["transfers"]], ids=lambda words: words[0])
def test_f23_a_listing_that_never_ends(david: Person, words: list[str]) -> None:
    david.write("a.mp4", "a")
    with liar(endless) as address:
        on_liar(david, address)
        result = david.expect(1, *words)
    assert "its listing never ends" in result.err and "hint: check endpoint_url" in result.err
    said(result, *SECRETS.values())
    assert david.files().keys() == {"a.mp4"}


@pytest.mark.parametrize("prefix", ["r/p/", "r//p/"], ids=["obstore", "botocore"])
def test_f23_empty_pages_without_end(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setattr(rounds, "PAGE_PATIENCE_S", 0.5)
    monkeypatch.setattr(rounds, "MOST_EMPTY_PAGES", 50)
    with liar(lambda lie: listing(lie.prefix, {}, f"T{lie.number}")) as address:
        env = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/nonexistent"}
        store = open_store("s3://bucket", StoreOptions(region="us-east-1", endpoint_url=address, env=env))
        with pytest.raises(NotAStore, match="never ends"):
            list(store.list(prefix))


@pytest.mark.parametrize("kind", ["uploads", "parts", "folders", "versions"])
def test_f23_empty_pages_of_what_is_no_object_end_soon(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A page of uploads or parts that holds none is the last one: ten thousand of them took a command minutes."""
    monkeypatch.setattr(rounds, "PAGE_PATIENCE_S", 1.0)
    monkeypatch.setattr(rounds, "MOST_EMPTY_PAGES", 50)
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    asked: list[int] = []

    def answer(lie: Lie) -> Answer:
        asked.append(lie.number)
        return listing(lie.prefix, {}, f"T{lie.number}")

    with liar(answer) as address:
        env = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/nonexistent"}
        store = open_store("s3://bucket", StoreOptions(region="us-east-1", endpoint_url=address, env=env))
        ask: dict[str, Callable[[], object]] = {
            "uploads": lambda: list(store.list_uploads("r/p/")),
            "parts": lambda: list(store.list_parts("r/p/a", "id")),
            "versions": lambda: list(require_aspect(store, Versions).list_versions("r/p/")),
            "folders": lambda: list(store.folders("r/")),
        }
        with pytest.raises(StoreError, match=r"never ends|not as S3|does not end"):
            ask[kind]()
    assert len(asked) < 4 or kind == "folders"


def fresh(lie: Lie) -> Answer:
    """Another page of a listing, with names that no page before it had."""
    names = [f"{lie.number:06}{number:03}" for number in range(100)]
    if lie.kind == "list":
        status, headers, text = listing(lie.prefix, dict.fromkeys(names, 1), f"T{lie.number}")
        folders = "".join(f"<CommonPrefixes><Prefix>{lie.prefix}{name}/</Prefix></CommonPrefixes>" for name in names)
        return status, headers, text.replace(b"</ListBucketResult>", f"{folders}</ListBucketResult>".encode())
    at = "<Initiated>2025-11-03T10:00:00.000Z</Initiated>"
    if lie.kind == "uploads":
        found = "".join(f"<Upload><Key>r/p/{name}</Key><UploadId>x</UploadId>{at}</Upload>" for name in names)
        marks = f"<NextKeyMarker>r/p/{names[-1]}</NextKeyMarker><NextUploadIdMarker>x</NextUploadIdMarker>"
        root = "ListMultipartUploadsResult"
    else:
        when = "<LastModified>2025-11-03T10:00:00.000Z</LastModified>"
        parts = [f"<PartNumber>{lie.number * 100 + number + 1}</PartNumber>" for number in range(100)]
        found = "".join(f"<Part>{part}{when}<ETag>x</ETag><Size>1</Size></Part>" for part in parts)
        found += "".join(
            f"<Version><Key>r/p/{name}</Key><VersionId>v</VersionId><IsLatest>false</IsLatest>{when}<ETag>x</ETag>"
            "<Size>1</Size></Version>"
            for name in names
        )
        marks = f"<NextPartNumberMarker>{lie.number * 100 + 100}</NextPartNumberMarker><NextKeyMarker>{names[-1]}"
        marks += "</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>"
        root = "ListPartsResult"
    page = f"<{root}><IsTruncated>true</IsTruncated>{marks}{found}</{root}>"
    return 200, {}, f'<?xml version="1.0" encoding="UTF-8"?>{page}'.encode()


@pytest.mark.timeout(100)
@pytest.mark.parametrize("kind", ["objects", "odd objects", "folders", "uploads", "parts", "versions"])
def test_f23_new_names_without_end(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Objects of a trash, projects or uploads of which more come for ever: a run filled the disk with their names."""
    limit(monkeypatch, names_listed=1000, uploads_listed=1000)
    with liar(fresh) as address:
        env = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/nonexistent"}
        store = open_store("s3://bucket", StoreOptions(region="us-east-1", endpoint_url=address, env=env))
        ask: dict[str, Callable[[], object]] = {
            "objects": lambda: list(store.list("r/.s3sync/trash/p/")),
            "odd objects": lambda: list(store.list("r//p/")),
            "folders": lambda: list(store.folders("r/")),
            "uploads": lambda: list(store.list_uploads("r/p/")),
            "parts": lambda: list(store.list_parts("r/p/a", "id")),
            "versions": lambda: list(require_aspect(store, Versions).list_versions("r/p/")),
        }
        with pytest.raises(NotAStore, match="never ends"):
            ask[kind]()


def test_f23_more_objects_than_anybody_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, objects_listed=3)
    store = FolderStore(tmp_path / "store", create=True)
    for number in range(5):
        (tmp_path / "store" / PREFIX).mkdir(parents=True, exist_ok=True)
        (tmp_path / "store" / PREFIX / f"{number}").write_text("x")
    with pytest.raises(StoreError, match="more than 3 objects") as refused:
        scan_remote(store, PREFIX, SpilledDict(Entry), lambda path: False)
    assert "trash empty --remote" in str(refused.value.hint), "`cleanup` would delete the project's files, too"


def test_a_listing_of_what_was_not_asked_for(david: Person) -> None:
    david.write("a.mp4", "a")
    with liar(
        lambda lie: listing("elsewhere/", {"a": 1}) if lie.kind == "list" else error(404, "NoSuchKey")
    ) as address:
        on_liar(david, address)
        for verb in ("status", "sync"):
            result = david.expect(1, verb)
            assert "names 'elsewhere/a'" in result.err
    assert david.files().keys() == {"a.mp4"}


@pytest.mark.parametrize("length", [10**6, 10**15], ids=["longer", "much longer"])
def test_an_object_that_is_longer_than_was_said_is_not_written(david: Person, length: int) -> None:
    """The listing says one byte. What then comes is refused by its length, before the first byte."""

    def answer(lie: Lie) -> Answer:
        if lie.kind == "list":
            return listing(lie.prefix, {"x.mp4": 1})
        if lie.kind.endswith("x.mp4") and "range" not in lie.headers:
            return body(
                b"x" * 100_000, **{"Content-Length": str(length), "Connection": "close", "x-amz-meta-md5": MD5_OF_X}
            )
        return error(404, "NoSuchKey")

    with liar(answer) as address:
        on_liar(david, address)
        result = david.run("down")
        said(result, *SECRETS.values())
    assert result.code in (1, 3) and not david.files()
    assert sum(path.stat().st_size for path in david.staging.rglob("*") if path.is_file()) < 500_000


def test_a_server_that_throws_everything_back_learns_and_shows_nothing(david: Person) -> None:
    """The session token travels with each request: one that puts it into its errors does not get it onto the screen."""

    def answer(lie: Lie) -> Answer:
        told = " ".join(
            [*SECRETS.values(), lie.headers.get("authorization", ""), lie.headers.get("x-amz-security-token", "")]
        )
        return (
            error(301, "PermanentRedirect", told, f"<Region>{told}</Region>")
            if lie.number % 2
            else error(403, told[:40], told)
        )

    david.write("a.mp4", "a")
    with liar(answer) as address:
        on_liar(david, address)
        for words in (["up", "--debug"], ["down", "--json"], ["transfers"], ["doctor"]):
            said(david.run(*words), *SECRETS.values())
    for path in david.root.rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        assert not any(secret.encode() in held for secret in SECRETS.values()), path
