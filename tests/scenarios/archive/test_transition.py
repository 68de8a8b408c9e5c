"""`archive transition` through the command line: by tag and rule, and where a copy would need a thaw."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.proxy import Proxy, Request
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_catalogue import FOREIGN, SET, Place

MIB = 1024 * 1024


@pytest.fixture
def place(moto: Server, tmp_path: Path) -> Place:
    return Place(moto, tmp_path)


def sent(place: Place, *, more: str = "") -> Person:
    """Ana, with a large unit and a small one in the bucket, which has a rule of somebody else."""
    ana = place.person("ana")
    text = SET.format(endpoint=place.server.environment()["AWS_ENDPOINT_URL"], bucket=place.bucket)
    settings(ana, text.replace("    tags:", f"{more}    tags:"))
    put(ana.repo, "raw/m31/light_1.fits", bytes(300_000))
    put(ana.repo, "raw/m42/light_2.fits", b"dark")
    ana.ok("archive", "run", "--set", "sessions", cwd=ana.repo)
    place.client.put_bucket_lifecycle_configuration(Bucket=place.bucket, LifecycleConfiguration={"Rules": [FOREIGN]})
    return ana


def tags(place: Place, key: str) -> dict[str, str]:
    found = place.client.get_object_tagging(Bucket=place.bucket, Key=key)["TagSet"]
    return {one["Key"]: one["Value"] for one in found}


def test_by_tag_the_rule_is_shown_and_asked_about_before_anything_is_tagged(place: Place) -> None:
    ana = sent(place)
    words = ("archive", "transition", "m31", "--to", "DEEP_ARCHIVE", "--by-tag", "--region", "us-east-1")
    asked = ana.expect(5, *words, cwd=ana.repo)
    for told in (
        "m31 (", "by tag and rule", "price: ", "once", "+ s3sync-move=DEEP_ARCHIVE", "after 0 days to DEEP_ARCHIVE",
        "below logs/: deleted after 30 days [logs: stays]", "and set the rule?", "at least 180 days are billed",
    ):  # fmt: skip
        assert told in asked.err
    assert [rule["ID"] for rule in place.rules()] == ["logs"] and tags(place, "raw/m31.tar") == {"archive": "fast"}
    done = ana.ok(*words, "--yes", cwd=ana.repo)
    assert "tagged: the store moves what is tagged to DEEP_ARCHIVE" in done.out and "moved to" not in done.out
    assert {rule["ID"] for rule in place.rules()} == {"logs", "s3sync-archive-move-deep_archive"}
    assert tags(place, "raw/m31.tar") == {"archive": "fast", "s3sync-move": "DEEP_ARCHIVE"}
    assert tags(place, "raw/m31.tar.index.json") == {}
    assert place.class_of("raw/m31.tar") == "STANDARD", "it is the store that moves it"
    assert "tag for DEEP_ARCHIVE" in ana.ok("archive", "log", cwd=ana.repo).out
    ana.ok("archive", "lifecycle", "apply", "--yes", cwd=ana.repo)
    assert {"logs", "s3sync-archive-move-deep_archive"} < {rule["ID"] for rule in place.rules()}
    ana.ok("archive", "verify", "m31", "--deep", cwd=ana.repo)


def test_what_no_rule_moves_is_told_and_left(place: Place) -> None:
    ana = sent(place)
    refused = ana.expect(3, "archive", "transition", "m*", "--to", "GLACIER", "--by-tag", "--yes", cwd=ana.repo)
    assert "m42" in refused.err and "under 128 KB" in refused.err and "copied in place" in refused.err
    assert "s3sync-move" in tags(place, "raw/m31.tar") and "s3sync-move" not in tags(place, "raw/m42.tar")
    ana.ok("archive", "transition", "m42", "--to", "STANDARD_IA", "--yes", cwd=ana.repo)
    warmer = ana.expect(3, "archive", "transition", "m42", "--to", "STANDARD", "--by-tag", "--dry-run", cwd=ana.repo)
    assert "rules move nothing from STANDARD_IA to STANDARD" in warmer.err


def test_from_cold_to_colder_a_rule_moves_it_without_a_thaw(place: Place) -> None:
    ana = sent(place, more="    storage_class: GLACIER\n")
    assert place.class_of("raw/m31.tar") == "GLACIER"
    dry = ana.ok("archive", "transition", "m31", "--to", "DEEP_ARCHIVE", "--dry-run", cwd=ana.repo)
    assert "by tag and rule" in dry.out and "would be tagged" in dry.out
    ana.ok("archive", "transition", "m31", "--to", "DEEP_ARCHIVE", "--yes", cwd=ana.repo)
    assert "s3sync-archive-move-deep_archive" in {rule["ID"] for rule in place.rules()}
    cold = ana.expect(3, "archive", "transition", "m31", "--to", "STANDARD", "--yes", cwd=ana.repo)
    assert "m31" in cold.err


def test_a_bucket_that_keeps_versions_is_told_before_a_copy(place: Place) -> None:
    ana = sent(place)
    place.client.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    asked = ana.expect(5, "archive", "transition", "m31", "--to", "GLACIER_IR", cwd=ana.repo)
    assert "keeps versions: a copy leaves the old one" in asked.err and "by tag and rule" not in asked.err


PLAIN = """
archives:
  sessions: {{store: 's3://{bucket}', source: 'raw/*', layout: 'raw/{{id}}', sidecars: ['*.md'], {more}}}
"""
SHAPES = {
    "none": "pack: none",
    "tar": "pack: tar",
    "tar.gz": "pack: tar.gz",
    "split": "pack: tar, max_size: 9M",
}


def vaulted(place: Place, name: str, shape: str) -> Person:
    """Somebody with the same unit, which is large enough to go up in parts: the ETag of its copy is another one."""
    person = place.person(name)
    settings(person, PLAIN.format(bucket=place.bucket, more=SHAPES[shape]))
    put(person.repo, "raw/m42/light_1.fits", random.Random(1).randbytes(9 * MIB))
    put(person.repo, "raw/m42/light_2.fits", random.Random(2).randbytes(2000))
    put(person.repo, "raw/m42/notes.md", b"# M42\n")
    return person


@pytest.mark.parametrize("shape", SHAPES)
def test_what_this_computer_sent_and_moved_to_the_cold_is_its_own_without_a_thaw(place: Place, shape: str) -> None:
    ana = vaulted(place, "ana", shape)
    ana.ok("archive", "run", cwd=ana.repo)
    ana.ok("archive", "verify", "m42", "--deep", cwd=ana.repo)
    ana.ok("archive", "transition", "m42", "--to", "DEEP_ARCHIVE", "--yes", cwd=ana.repo)
    shown = ana.ok("archive", "show", "m42", "--json", cwd=ana.repo).json["archives"][0]
    assert (shown["storage_class"], shown["verified_how"]) == ("DEEP_ARCHIVE", "read")
    ana.ok("archive", "verify", cwd=ana.repo)
    ana.ok("archive", "catalogue", "check", cwd=ana.repo)
    shutil.copytree(ana.repo / "raw/m42", ana.root / "kept")
    done = ana.ok("archive", "run", "--delete-local", "--json", cwd=ana.repo).json["units"][0]
    assert done["state"] == "archived" and not (ana.repo / "raw/m42").exists()
    ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo)
    shutil.copytree(ana.root / "kept", ana.repo / "raw/m42")
    ana.ok("archive", "remove", "m42", "--yes", cwd=ana.repo)
    assert not any("m42" in key for key in place.held())


@pytest.mark.parametrize("mover", ["a rule", "a colleague", "a tag"])
def test_what_a_rule_or_a_colleague_moved_is_known_by_its_etag(place: Place, mover: str) -> None:
    """Its class, and in the index a tag, are all that changed: neither is content."""
    ana, jan = vaulted(place, "ana", "tar"), vaulted(place, "jan", "tar")
    for person in (ana, jan):
        put(person.repo, "raw/m42/light_1.fits", bytes(300_000))  # goes up as a whole: a copy has the same ETag
    ana.ok("archive", "run", cwd=ana.repo)
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    if mover == "a colleague":
        jan.ok("archive", "transition", "m42", "--to", "GLACIER", "--yes", cwd=jan.repo)
    elif mover == "a tag":
        jan.ok("archive", "transition", "m42", "--to", "GLACIER", "--by-tag", "--yes", cwd=jan.repo)
    if mover != "a colleague":
        place.client.copy_object(
            Bucket=place.bucket, Key="raw/m42.tar", CopySource=f"{place.bucket}/raw/m42.tar", StorageClass="GLACIER"
        )
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    assert place.class_of("raw/m42.tar") == "GLACIER"
    assert "GLACIER" in ana.ok("archive", "list", cwd=ana.repo).out
    ana.ok("archive", "remove", "m42", "--dry-run", cwd=ana.repo)
    jan.expect(5, "archive", "remove", "m42", "--yes", cwd=jan.repo)
    ana.ok("archive", "run", "--delete-local", cwd=ana.repo)
    assert not (ana.repo / "raw/m42").exists()


@pytest.mark.parametrize("shape", ["tar", "split", "none"])
def test_a_move_makes_nothing_of_somebody_elses_ones_own(place: Place, shape: str) -> None:
    """Garbage with an index that fits it is moved, and is still no copy: neither before the move nor after it."""
    ana = vaulted(place, "ana", shape)
    ana.ok("archive", "run", cwd=ana.repo)
    key = {"tar": "raw/m42.tar", "split": "raw/m42.001.tar", "none": "raw/m42/light_1.fits"}[shape]
    head = place.client.head_object(Bucket=place.bucket, Key=key)
    placed = place.client.put_object(
        Bucket=place.bucket, Key=key, Body=bytes(head["ContentLength"]), Metadata=head["Metadata"]
    )
    name = ".s3sync/archive/sessions.jsonl" if shape == "none" else "raw/m42.tar.index.json"
    text = place.client.get_object(Bucket=place.bucket, Key=name)["Body"].read().decode()
    forged = text.replace(head["ETag"].strip('"'), placed["ETag"].strip('"'))
    assert forged != text
    index = json.loads(forged)
    for one in (index, *index.get("parts", ())):
        one |= {"crc64nvme": None, "md5": None}
    place.client.put_object(Bucket=place.bucket, Key=name, Body=json.dumps(index).encode() + b"\n")
    ana.ok("archive", "transition", "m42", "--to", "DEEP_ARCHIVE", "--yes", cwd=ana.repo)
    assert "--last-copies" in ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo).err
    assert "cold storage" in ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo).err
    assert (ana.repo / "raw/m42/light_1.fits").exists()


@pytest.mark.parametrize("shape", ["none", "tar", "split"])
def test_a_store_that_takes_a_move_and_does_not_make_it_is_told(place: Place, shape: str) -> None:
    """Its word alone is not believed: the object is looked at."""
    lies = True

    def back(request: Request) -> None:
        if lies:
            source = {"Bucket": place.bucket, "Key": request.key}
            place.client.copy_object(CopySource=source, StorageClass="STANDARD", **source)

    with Proxy(place.server.endpoint_url) as proxy:
        proxy.on("CopyObject").after(back)
        ana = vaulted(place, "ana", shape)
        ana.environ = {**ana.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        ana.ok("archive", "run", cwd=ana.repo)
        move = ("archive", "transition", "m42", "--to", "GLACIER_IR", "--yes")
        told = ana.expect(3, *move, cwd=ana.repo)
        assert "m42 is not in GLACIER_IR" in told.err and "says that it is in STANDARD" in told.err
        shown = ana.ok("archive", "show", "m42", "--json", cwd=ana.repo).json["archives"][0]
        assert (shown["storage_class"], shown["transitioned_at"]) == ("STANDARD", None)
        ana.ok("archive", "verify", "m42", "--deep", cwd=ana.repo)
        ana.ok("archive", "catalogue", "check", cwd=ana.repo)
        lies = False
        ana.ok(*move, cwd=ana.repo)
        shown = ana.ok("archive", "show", "m42", "--json", cwd=ana.repo).json["archives"][0]
        assert shown["storage_class"] == "GLACIER_IR"


@pytest.mark.parametrize("word", ["COLD", "cold", "Hot"])
def test_a_class_of_another_kind_of_store_is_told_as_it_was_typed(place: Place, word: str) -> None:
    ana = sent(place)
    told = ana.expect(2, "archive", "transition", "m31", "--to", word, "--yes", cwd=ana.repo)
    assert f"has no storage class {word}\n" in told.err
    assert "did you mean" in told.err
