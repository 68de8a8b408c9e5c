"""Archive sets on Azure, on Google Cloud and on remotes of rclone, with each one's own classes or none."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

import pytest

from tests.kit.azurite import Azurite
from tests.kit.google import FakeGcs
from tests.kit.people import Person
from tests.kit.remotes import Remotes
from tests.scenarios.archive.conftest import own_settings, put

MIB = 1024 * 1024
OLD = 1_577_880_000


def person(tmp_path: Path, environment: dict[str, str] | None = None) -> Person:
    found = Person("david", tmp_path / "david", environment or {})
    found.repo.mkdir(parents=True, exist_ok=True)
    return found


def sets(david: Person, source: Path, store: str, more: str = "", of_first: str = "") -> None:
    """Two sets: `tars`, and `files` without containers."""
    own_settings(
        david,
        f"user: david\narchives:\n"
        f"  tars: {{store: '{store}', source: '{source}', layout: '{{id}}', older_than: 1d{more}{of_first}}}\n"
        f"  files: {{store: '{store}/single', source: '{source}', layout: '{{id}}', pack: none{more}}}\n",
    )


def classes(david: Person) -> dict[str, str]:
    found = david.ok("archive", "list", "--set", "tars", "--json").json["archives"]
    return {one["unit"]: one["storage_class"] for one in found}


@pytest.mark.azurite
def test_the_whole_way_on_azure(azurite: Azurite, tmp_path: Path) -> None:
    """Into Archive, verified, deleted here by this computer's own record, thawed for good, and back into the cold."""
    david, source = person(tmp_path, azurite.environment()), tmp_path / "shelf"
    small, large = os.urandom(200_000), os.urandom(17 * MIB)
    put(source, "b40/a.mp4", small)
    put(source, "b41/a.mp4", large)
    store = f"{azurite.url}/{uuid.uuid4().hex}"
    sets(david, source, store, of_first=", storage_class: Archive, tags: {archive: fast}")
    david.ok("archive", "run", "--set", "tars")
    blobs = {one.name: one.blob_tier for one in azurite.container().list_blobs(store.rpartition("/")[2])}
    assert {name.rpartition("/")[2]: tier for name, tier in blobs.items()} == {
        "b40.tar": "Archive", "b41.tar": "Archive", "b40.tar.index.json": "Hot", "b41.tar.index.json": "Hot"
    }  # fmt: skip
    shown = david.ok("archive", "show", "b40", "--json").json
    assert shown["archives"][0]["expected_storage_class"] is None  # the rules of the tag are S3's

    refused = david.run("archive", "transition", "b40", "--to", "Cool", "--yes")
    assert refused.code == 3 and "comes back by a thaw alone" in refused.err
    david.ok("archive", "catalogue", "check")  # the index is as it was before that
    assert david.run("archive", "verify", "--deep").code == 3
    david.ok("archive", "verify")
    david.ok("archive", "run", "--set", "tars", "b40", "b41", "--delete-local", "--yes")
    assert not (source / "b40").exists()

    david.ok("restore", "b40", "b41", "--yes")
    assert (source / "b40/a.mp4").read_bytes() == small and (source / "b41/a.mp4").read_bytes() == large
    assert classes(david) == {"b40": "Hot", "b41": "Hot"}  # for good: nothing there is a copy for some days
    david.ok("archive", "catalogue", "check")
    david.ok("archive", "verify", "--deep", "--yes")
    david.ok("archive", "transition", "b40", "--to", "archive", "--yes")
    assert classes(david) == {"b40": "Archive", "b41": "Hot"}
    assert [one["unit"] for one in david.ok("archive", "list", "--class", "ARCHIVE", "--json").json["archives"]] == [
        "b40"
    ]

    other = david.run("archive", "transition", "b41", "--to", "GLACIER", "--yes")
    assert other.code == 2 and "did you mean Archive?" in other.err
    for words, told in ((("cost",), "none of Azure"), (("lifecycle", "diff"), "buckets on S3 alone")):
        found = david.run("archive", *words)
        assert found.code in (1, 2) and told in found.err
    own = david.root / "home/.config/s3sync/config.yaml"
    own.write_text(own.read_text() + "prices: {az-de: {storage: {Hot: 1.9, Archive: 0.2}}}\n")
    report = david.ok("archive", "cost", "--region", "az-de", "--set", "tars", "--json").json["stores"][0]
    assert list(report["scenarios"]) == ["Hot", "Archive", "hybrid"] and report["month"]["amount"] > 0
    assert report["month"]["without_price"] == []


@pytest.mark.azurite
def test_auto_moves_to_the_coldest_tier_what_is_old(azurite: Azurite, tmp_path: Path) -> None:
    david, source = person(tmp_path, azurite.environment()), tmp_path / "shelf"
    put(source, "b40/a.mp4", os.urandom(300_000), OLD)
    sets(david, source, f"{azurite.url}/{uuid.uuid4().hex}")
    david.ok("archive", "run", "--set", "tars", "--delete-local", "--yes")
    assert classes(david) == {"b40": "Hot"}
    plan = david.ok("archive", "auto", "--clock-is-right", "--set", "tars", "--dry-run", "--json").json
    assert [(one["unit"], one["class"]) for one in plan["steps"]] == [("b40", "Archive")]
    cooler = david.ok("archive", "auto", "--clock-is-right", "--cold", "Cool", "--set", "tars", "--dry-run", "--json")
    assert [one["class"] for one in cooler.json["steps"]] == ["Cool"]
    david.ok("archive", "auto", "--clock-is-right", "--set", "tars")
    assert classes(david) == {"b40": "Archive"}


@pytest.mark.gcs
def test_the_whole_way_on_google(gcs: FakeGcs, tmp_path: Path) -> None:
    """Every class is read at once: a restore asks for no thaw."""
    david, source = person(tmp_path), tmp_path / "shelf"
    small, large = os.urandom(200_000), os.urandom(17 * MIB)
    put(source, "b40/a.mp4", small, OLD)
    put(source, "b41/a.mp4", large, OLD)
    store = f"gs://{gcs.bucket}/{uuid.uuid4().hex}"
    server = f", endpoint_url: '{gcs.endpoint_url}'"
    sets(david, source, store, server, ", storage_class: ARCHIVE")
    david.ok("archive", "run", "--set", "tars")
    there = {one["name"].rpartition("/")[2]: one["storageClass"] for one in gcs.objects(store.rpartition("/")[2])}
    assert there["b40.tar"] == "ARCHIVE" and there["b40.tar.index.json"] == "STANDARD"
    david.ok("archive", "run", "--set", "files", "b40")
    david.ok("archive", "verify", "--deep")
    david.ok("archive", "run", "--set", "tars", "b40", "b41", "--delete-local", "--yes")
    assert not (source / "b41").exists()
    back = david.ok("restore", "b40", "b41", "--set", "tars", "--yes")
    assert "thaw" not in back.out + back.err
    assert (source / "b40/a.mp4").read_bytes() == small and (source / "b41/a.mp4").read_bytes() == large
    david.ok("archive", "transition", "b41", "--set", "tars", "--to", "coldline", "--yes")
    assert classes(david) == {"b40": "ARCHIVE", "b41": "COLDLINE"}
    david.ok("archive", "verify", "--set", "tars")
    other = david.run("archive", "transition", "b41", "--to", "DEEP_ARCHIVE", "--yes")
    assert other.code == 2 and "did you mean ARCHIVE?" in other.err
    david.ok("archive", "remove", "b40", "--set", "tars", "--yes")
    assert classes(david) == {"b41": "COLDLINE"}


@pytest.mark.gcs
def test_auto_copies_in_a_bucket_of_google_that_keeps_versions(gcs: FakeGcs, tmp_path: Path) -> None:
    """On S3 a tag and a rule move archives there, so that no old version is billed; Google has no tags."""
    david, source = person(tmp_path), tmp_path / "shelf"
    put(source, "b40/a.mp4", os.urandom(300_000), OLD)
    bucket = f"kept-{uuid.uuid4().hex[:12]}"
    gcs.ask("POST", "/storage/v1/b?project=p", {"name": bucket, "versioning": {"enabled": True}})
    sets(david, source, f"gs://{bucket}/films", f", endpoint_url: '{gcs.endpoint_url}'")
    david.ok("archive", "run", "--set", "tars", "--delete-local", "--yes")
    assert classes(david) == {"b40": "STANDARD"}
    plan = david.ok("archive", "auto", "--clock-is-right", "--set", "tars", "--dry-run")
    told = f"gs://{bucket}/films keeps versions: what an archive was before it moved stays there, and is billed"
    assert plan.out.count(told) == 1 and "daysSinceNoncurrentTime" in plan.out
    asked = david.ok("archive", "transition", "b40", "--set", "tars", "--to", "COLDLINE", "--dry-run").out
    assert "is billed" in asked and "--by-tag" not in asked  # there are no tags on Google
    done = david.ok("archive", "auto", "--clock-is-right", "--set", "tars", "--json").json
    assert done["keeps_versions"] == [f"gs://{bucket}/films"]
    assert classes(david) == {"b40": "ARCHIVE"}
    assert david.ok("archive", "auto", "--clock-is-right", "--set", "tars", "--json").json["keeps_versions"] == []
    removed = david.run("archive", "remove", "b40", "--set", "tars", "--dry-run", "--last-copies")
    assert removed.code == 0 and "versions" in removed.out


@pytest.mark.rclone
def test_the_whole_way_on_a_remote(remotes: Remotes, tmp_path: Path) -> None:
    """It takes whole files and keeps nothing beside them: a large archive is one body, and what goes is one's own."""
    david, source = person(tmp_path, {"RCLONE_CONFIG": str(remotes.config)}), tmp_path / "shelf"
    small, large = os.urandom(200_000), os.urandom(17 * MIB)
    put(source, "b40/a.mp4", small)
    put(source, "b41/a.mp4", large)
    name = uuid.uuid4().hex
    sets(david, source, remotes.url("dav", name), of_first=", pack: tar.gz")
    david.ok("archive", "run", "--set", "tars")
    david.ok("archive", "run", "--set", "files", "b41")
    assert (remotes.root / "dav" / name / "single/b41/a.mp4").read_bytes() == large
    david.ok("archive", "verify", "--deep")
    assert not list((remotes.root / "dav" / name).rglob(".s3sync-store/tmp/*"))
    held = remotes.root / "dav" / name / "b40.tar.gz"
    whole, before = held.read_bytes(), held.stat()
    for body, code in ((whole[:-9_000] + bytes(9_000), 3), (whole, 0)):  # a time and a length are no proof of bytes
        held.write_bytes(body)
        os.utime(held, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert david.run("archive", "run", "--set", "tars", "b40", "--delete-local", "--yes").code == code
        assert (source / "b40").exists() is (code == 3)
    david.ok("restore", "b40", "--set", "tars", "--yes")
    david.ok("archive", "run", "--set", "tars", "b40", "b41", "--delete-local", "--yes")
    david.ok("restore", "b40", "b41", "--set", "tars", "--yes")
    assert (source / "b40/a.mp4").read_bytes() == small and (source / "b41/a.mp4").read_bytes() == large
    david.ok("archive", "catalogue", "rebuild")
    told = david.run("archive", "transition", "b40", "--to", "GLACIER", "--yes")
    assert told.code == 1 and "has no storage classes" in told.err
    david.ok("archive", "remove", "b40", "--set", "tars", "--yes")
    assert not (remotes.root / "dav" / name / "b40.tar.gz").exists()

    jan = person(tmp_path / "jan", {"RCLONE_CONFIG": str(remotes.config)})
    sets(jan, tmp_path / "none", remotes.url("dav", name))
    (tmp_path / "none").mkdir()
    jan.ok("archive", "catalogue", "rebuild")
    left = jan.run("archive", "remove", "b41", "--set", "tars", "--last-copies", "--yes")
    assert left.code == 3 and "keeps nothing beside a file's bytes" in left.err
    assert (remotes.root / "dav" / name / "b41.tar.gz").exists()


@pytest.mark.rclone
def test_a_share_that_is_mounted_here_is_no_archive_of_itself(remotes: Remotes, tmp_path: Path) -> None:
    """A folder, and the same folder by a remote: each file is its archive, and the only copy."""
    david, name = person(tmp_path, {"RCLONE_CONFIG": str(remotes.config)}), uuid.uuid4().hex
    share = remotes.folder("dav", name)
    assert share is not None
    put(share, "single/b40/a.mp4", b"a")
    put(share, "single/b40/day 1/b.mp4", b"b")
    sets(david, share / "single", remotes.url("dav", name))
    ran = david.run("archive", "run", "--set", "files", "b40", "--delete-local", "--yes")
    assert ran.code == 3 and "is its own copy" in ran.err
    kept = david.run("archive", "remove", "b40", "--set", "files", "--yes")
    assert kept.code == 5 and "nothing proves that this disk has a copy" in kept.err
    assert [(share / "single/b40" / path).read_bytes() for path in ("a.mp4", "day 1/b.mp4")] == [b"a", b"b"]
    assert not list(share.rglob(".s3sync-apart-*"))
    put(tmp_path / "card", "b41/a.mp4", b"a")
    sets(david, tmp_path / "card", remotes.url("dav", name))
    david.ok("archive", "run", "--set", "files", "b41", "--delete-local", "--yes")
    assert not (tmp_path / "card/b41").exists()


@pytest.mark.rclone
def test_an_answer_that_was_lost_leaves_an_archive_that_is_known_again(remotes: Remotes, tmp_path: Path) -> None:
    """Killed between the archive and its index, the next run reads what is there, and it is it."""
    david, source = person(tmp_path, {"RCLONE_CONFIG": str(remotes.config)}), tmp_path / "shelf"
    put(source, "b40/a.mp4", os.urandom(9 * MIB))
    name = uuid.uuid4().hex
    sets(david, source, remotes.url("loc", name))
    david.ok("archive", "run", "--set", "tars")
    (remotes.root / "loc" / name / "b40.tar.index.json").unlink()
    again = david.ok("archive", "run", "--set", "tars", "--json").json
    assert [one["state"] for one in again["units"]] == ["sent"]
    (remotes.root / "loc" / name / "b40.tar.index.json").unlink()
    there = (remotes.root / "loc" / name / "b40.tar").read_bytes()
    (remotes.root / "loc" / name / "b40.tar").write_bytes(there[:-600] + b"other" + there[-595:])
    taken = david.run("archive", "run", "--set", "tars")
    assert taken.code == 3 and "is there already" in taken.err
    assert b"other" in (remotes.root / "loc" / name / "b40.tar").read_bytes()


BAD = (
    ("store: 'az://films/shared', storage_class: GLACIER", "no storage class of Azure", "did you mean Archive?"),
    ("store: 'az://films/shared', storage_class: standard_ia", "no storage class of Azure", "did you mean Cool?"),
    ("store: 'gs://films', storage_class: Archive", "no storage class of Google Cloud", "did you mean ARCHIVE?"),
    ("store: 'gs://films', storage_class: Hot", "no storage class of Google Cloud", "did you mean STANDARD?"),
    ("store: 's3://films', storage_class: Cool", "no storage class of S3", "did you mean STANDARD_IA?"),
    ("store: 'gs://films', storage_class: Lukewarm", "no storage class", "STANDARD, NEARLINE, COLDLINE, ARCHIVE"),
    ("store: 'rclone:box:films', storage_class: STANDARD", "rclone has no storage classes", "leave it out"),
    ("store: 'gs://films', tags: {a: b}", "Google Cloud has no tags", "leave it out"),
    ("store: 'rclone:box:films', tags: {a: b}", "rclone has no tags", "leave it out"),
    ("store: 'file:///mnt/films', tags: {a: b}", "a folder has no tags", "leave it out"),
    ("store: 'az://films/shared', lifecycle_days: 3, lifecycle_class: Cool", "buckets on S3 alone", "archive auto"),
    ("store: 'gs://films', replica_region: eu-west-1", "only a bucket on S3 is replicated", ""),
)


@pytest.mark.parametrize(("said", "why", "hint"), BAD, ids=[one[0][7:60] for one in BAD])
def test_a_set_names_what_its_own_store_has(tmp_path: Path, said: str, why: str, hint: str) -> None:
    david = person(tmp_path)
    own_settings(david, f"user: david\narchives: {{a: {{{said}, source: /tmp}}}}\n")
    found = david.run("archive", "list")
    assert found.code == 2 and why in found.err and hint in found.err, found.err


@pytest.mark.parametrize(
    ("store", "kept"),
    [("az://films/shared", "Archive"), ("gs://films", "ARCHIVE"), ("rclone:box:films", None)],
)
def test_a_preset_is_written_in_the_words_of_its_store(tmp_path: Path, store: str, kept: str | None) -> None:
    david = person(tmp_path)
    words = ("archive", "init", "--preset", "processing", "--store", store, "--own", "--source", "/tmp", "--json")
    text = json.dumps(david.ok(*words).json)
    assert (f"storage_class: {kept}" in text) == (kept is not None)
    assert "tags" not in text and "GLACIER" not in text and "lifecycle" not in text
