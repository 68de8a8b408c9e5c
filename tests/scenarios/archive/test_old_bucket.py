"""A bucket as four older tools left it: adopted, listed, found, shown, verified and restored, and nothing sent."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_adopt import leave, packed
from tests.scenarios.archive.test_catalogue import Place
from tests.unit.archive.old_tool import old_database, row

SETS = """
region: us-east-1
endpoint_url: {endpoint}
archives:
  projects:
    store: s3://{bucket}
    source: videos/*
    layout: "{{range}}/{{id}}"
    pack: tar.gz
  sessions:
    store: s3://{bucket}/backups
    source: raw/*
    layout: "raw/{{year}}/{{id}}"
    sidecars: ["*.md"]
  media:
    store: s3://{bucket}
    source: photos
    unit: file
    layout: "cache/{{year}}/{{month}}/{{md5}}.{{ext}}"
    pack: none
  footage:
    store: s3://{bucket}
    source: cards
    unit: file
    layout: "{{year}}/{{date}}/{{name}}"
    pack: none
"""
PHOTO, CLIP = os.urandom(3000), os.urandom(5000)
PHOTO_KEY = f"cache/2025/12/{hashlib.md5(PHOTO).hexdigest()}.jpg"
SESSION, COLD = "M31_20240115", "M42_20231202"


@pytest.fixture
def place(moto: Server, tmp_path: Path) -> Place:
    return Place(moto, tmp_path)


def left(place: Place, old: Path) -> Path:
    """Fill the bucket as the older tools did; give back the database of the one that had one."""
    put(old, "b40-old-project/cut/final.mp4", b"final" * 1000)
    put(old, "b40-old-project/script.md", b"# take two")
    leave(place, "b00-b49/b40-old-project.tar.gz", packed(old, "b40-old-project", "-z"))
    for session in (SESSION, COLD):
        put(old, f"{session}/light_001.fits", session.encode() * 500)
        where = {"StorageClass": "DEEP_ARCHIVE"} if session == COLD else {}
        leave(place, f"backups/raw/{session[4:8]}/{session}.tar", packed(old, session), **where)
        leave(place, f"backups/sessions/{session[4:8]}/{session}_notes.md", f"# {session}".encode())
    leave(place, PHOTO_KEY, PHOTO)
    leave(place, "2024/20240115/GX012299.MP4", CLIP)
    leave(place, "team/b63/draft.mp4", b"a colleague's, and no archive")
    return old_database(
        old / "catalog.db",
        [recorded(place, SESSION), recorded(place, COLD), recorded(place, "NGC7000_20220801", gone=True)],
        [note(place, SESSION)],
        [{"operation_type": "upload", "operation_status": "success", "session_id": SESSION,
          "timestamp": "2024-01-16 02:00:00.000000", "bytes_transferred": 10240}],
    )  # fmt: skip


def recorded(place: Place, session: str, *, gone: bool = False) -> dict[str, Any]:
    key = f"backups/raw/{session.rpartition('_')[2][:4]}/{session}.tar"
    head = {"ETag": '"0"', "ContentLength": 1} if gone else place.client.head_object(Bucket=place.bucket, Key=key)
    return {
        **row(session, key, s3_etag=head["ETag"], compressed_size_bytes=head["ContentLength"], file_count=7),
        "s3_bucket": place.bucket,
        "session_date": "2024-01-15",
        "backup_policy": "deep-archive",
        "expected_storage_class": "DEEP_ARCHIVE",
        "restore_requested_at": "2024-03-01 10:00:00",
        "restore_expires_at": "2024-03-08 10:00:00",
        "restore_tier": "Bulk",
        "camera_name": "ASI2600MM",
        "notes": "clouds after 2",
    }


def note(place: Place, session: str) -> dict[str, Any]:
    key = f"backups/sessions/{session[4:8]}/{session}_notes.md"
    return {"session_id": session, "s3_bucket": place.bucket, "s3_key": key}


def adopted_without(place: Place, root: Path) -> list[dict[str, Any]]:
    """The sessions as who lacks the old tool's database adopts them."""
    jan = Person("jan", root / "jan", place.server.environment(), fresh=True)
    settings(jan, SETS.format(endpoint=place.server.environment()["AWS_ENDPOINT_URL"], bucket=place.bucket))
    jan.ok("archive", "adopt", "--set", "sessions", cwd=jan.repo)
    listed: list[dict[str, Any]] = jan.ok("archive", "list", "--json", cwd=jan.repo).json["archives"]
    return listed


def test_it_is_adopted_and_comes_back(place: Place, tmp_path: Path) -> None:
    ana = Person("ana", tmp_path / "ana", place.server.environment(), fresh=True)
    settings(ana, SETS.format(endpoint=place.server.environment()["AWS_ENDPOINT_URL"], bucket=place.bucket))
    database = left(place, tmp_path / "old")
    before = place.held()

    def adopt(name: str, *more: str) -> dict[str, Any]:
        found: dict[str, Any] = ana.ok("archive", "adopt", "--set", name, *more, "--json", cwd=ana.repo).json
        return found

    for name, unit in (("projects", "b40-old-project"), ("media", PHOTO_KEY), ("footage", "GX012299.MP4")):
        assert [one["unit"] for one in adopt(name)["adopted"]] == [unit]
    taken = adopt("sessions", "--from", str(database))
    assert {one["unit"] for one in taken["adopted"]} == {SESSION, COLD}
    assert [one["unit"] for one in taken["gone"]] == ["NGC7000_20220801"] and taken["log"] == 1
    assert adopt("sessions", "--from", str(database))["log"] == 0
    assert place.held() == before

    told = ana.ok("projects", "--everywhere", "b40*", "--json", cwd=ana.repo).json["projects"][0]
    assert list(told) == ["id", "storage"] and list(told["storage"]) == ["local", "ssd", "s3"]
    there = told["storage"]["s3"]
    assert list(there) == ["exists", "bucket", "key", "tier", "size_bytes", "uploaded_at", "transitioned_at"]
    key = "b00-b49/b40-old-project.tar.gz"
    assert (there["exists"], there["bucket"], there["key"], there["tier"]) == (True, place.bucket, key, "STANDARD")
    assert told["storage"]["local"] == told["storage"]["ssd"] == {"exists": False}

    assert "team/b63" not in ana.ok("archive", "list", "--verbose", cwd=ana.repo).out
    listed = ana.ok("archive", "list", "--json", cwd=ana.repo).json["archives"]
    assert {one["unit"] for one in listed} == {"b40-old-project", SESSION, COLD, PHOTO_KEY, "GX012299.MP4"}
    found = ana.ok("archive", "find", "--md5", hashlib.md5(PHOTO).hexdigest(), "--json", cwd=ana.repo).json["files"]
    assert [one["key"] for one in found] == [PHOTO_KEY]
    for name in ("final.mp4", "light_001", "GX01"):
        assert ana.ok("archive", "find", name, "--json", cwd=ana.repo).json["files"]
    shown = ana.ok("archive", "show", SESSION, "--json", cwd=ana.repo).json["archives"][0]
    assert (shown["camera"], shown["notes"], shown["expected_storage_class"]) == (
        "ASI2600MM",
        "clouds after 2",
        "DEEP_ARCHIVE",
    )
    said = ana.ok("archive", "show", SESSION, cwd=ana.repo).out
    assert "clouds after 2" in said and "ASI2600MM" in said and f"{SESSION}_notes.md" in said
    ana.ok("archive", "verify", cwd=ana.repo)
    assert "older tool" in ana.ok("archive", "log", "--unit", SESSION, cwd=ana.repo).out

    days = {one["unit"]: one["archive_date"] for one in adopted_without(place, tmp_path)}
    assert days == {SESSION: "2024-01-15", COLD: "2023-12-02"}, "as their names say"
    cold = next(one for one in listed if one["unit"] == COLD)
    assert (cold["status"], cold["storage_class"], cold["files"]) == ("not indexed", "DEEP_ARCHIVE", 7)
    assert cold["retrieval"]["tier"] == "Bulk" and cold["retrieval"]["state"] == "cold"
    for name, unit in (("projects", "b40"), ("media", "cache*"), ("footage", "GX01*"), ("sessions", "M*")):
        ana.ok("restore", f"{unit}*", "--set", name, "--to", "back", "--yes", "--wait", cwd=ana.repo)
    back = ana.repo / "back"
    assert (back / "b40-old-project/cut/final.mp4").read_bytes() == b"final" * 1000
    assert (back / f"{COLD}/light_001.fits").read_bytes() == COLD.encode() * 500
    assert (back / f"{SESSION}/{SESSION}_notes.md").read_text() == f"# {SESSION}"
    assert (back / PHOTO_KEY.rpartition("/")[2]).read_bytes() == PHOTO
    assert (back / "GX012299.MP4").read_bytes() == CLIP
    assert place.held() == before


def test_a_note_beside_a_cold_archive_that_was_never_read_comes_without_a_thaw(place: Place, tmp_path: Path) -> None:
    ana = Person("ana", tmp_path / "ana", place.server.environment(), fresh=True)
    settings(ana, SETS.format(endpoint=place.server.environment()["AWS_ENDPOINT_URL"], bucket=place.bucket))
    left(place, tmp_path / "old")
    database = old_database(tmp_path / "old/two.db", [recorded(place, COLD)], [note(place, COLD)], [])
    ana.ok("archive", "adopt", "--set", "sessions", "--from", str(database), cwd=ana.repo)
    name = f"{COLD}_notes.md"
    shown = ana.ok("archive", "show", COLD, "--json", cwd=ana.repo).json["archives"][0]
    assert (shown["status"], [one["path"] for one in shown["sidecars"]]) == ("not indexed", [name])
    words = ("restore", COLD, "--to", "back", "--member")
    dry = ana.ok(*words, name, "--dry-run", cwd=ana.repo)
    assert "1 file" in dry.out and "thaw" not in dry.out
    ana.ok(*words, name, cwd=ana.repo)
    assert (ana.repo / f"back/{COLD}/{name}").read_text() == f"# {COLD}"
    after = ana.ok("archive", "list", "--json", cwd=ana.repo).json["archives"][0]
    assert (after["status"], after["storage_class"]) == ("not indexed", "DEEP_ARCHIVE")
    assert "cold" in ana.ok("restore", COLD, "--status", cwd=ana.repo).out, "nothing was asked for"
    ana.expect(5, *words, "*_notes.md", cwd=ana.repo)  # the archive may have more of them
    ana.expect(5, *words, name, "--member", "light_001.fits", cwd=ana.repo)


def test_a_note_beside_an_adopted_archive_is_not_taken_for_the_file_of_its_name_in_it(
    place: Place, tmp_path: Path
) -> None:
    """No digest is known of either."""
    ana = Person("ana", tmp_path / "ana", place.server.environment(), fresh=True)
    settings(ana, SETS.format(endpoint=place.server.environment()["AWS_ENDPOINT_URL"], bucket=place.bucket))
    old, name = tmp_path / "old", f"{SESSION}_notes.md"
    put(old, f"{SESSION}/{name}", b"as it was packed")
    leave(place, f"backups/raw/2024/{SESSION}.tar", packed(old, SESSION))
    leave(place, f"backups/sessions/2024/{name}", b"as it was later")
    database = old_database(old / "catalog.db", [recorded(place, SESSION)], [note(place, SESSION)], [])
    ana.ok("archive", "adopt", "--set", "sessions", "--from", str(database), cwd=ana.repo)
    ana.ok("restore", SESSION, "--member", name, "--to", "back", "--yes", cwd=ana.repo)
    assert (ana.repo / f"back/{SESSION}/{name}").read_bytes() == b"as it was packed"
