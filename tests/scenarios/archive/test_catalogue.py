"""The catalogue, its costs and its rules through the command line, on a bucket with storage classes."""

from __future__ import annotations

import csv
import io
import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import own_settings, put, settings

SET = """
region: us-east-1
endpoint_url: {endpoint}
archives:
  sessions:
    store: s3://{bucket}
    source: raw/*
    layout: "raw/{{id}}"
    pack: tar
    tags: {{archive: fast}}
  media:
    store: s3://{bucket}
    source: shots
    unit: file
    layout: "cache/{{path}}"
    pack: none
    lifecycle_days: 90
    lifecycle_class: GLACIER
"""
FOREIGN = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}


class Place:
    """A bucket of its own on a server, and its people."""

    def __init__(self, server: Server, root: Path) -> None:
        self.server, self.root = server, root
        self.bucket = f"vault-{uuid.uuid4().hex[:12]}"
        self.client: Any = server.client()
        self.client.create_bucket(Bucket=self.bucket)

    def person(self, name: str) -> Person:
        made = Person(name, self.root / name, self.server.environment())
        endpoint = self.server.environment()["AWS_ENDPOINT_URL"]
        settings(made, SET.format(endpoint=endpoint, bucket=self.bucket))
        return made

    def rules(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get_bucket_lifecycle_configuration(Bucket=self.bucket)["Rules"]
        return found

    def class_of(self, key: str) -> str:
        return str(self.client.head_object(Bucket=self.bucket, Key=key).get("StorageClass", "STANDARD"))

    def held(self) -> set[str]:
        return {one["Key"] for one in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", ())}


@pytest.fixture
def place(moto: Server, tmp_path: Path) -> Place:
    return Place(moto, tmp_path)


def sent(place: Place) -> Person:
    ana = place.person("ana")
    put(ana.repo, "raw/m31/light_1.fits", bytes(300_000))
    put(ana.repo, "raw/m31/log.txt", b"clear")
    put(ana.repo, "raw/m42/light_2.fits", b"dark")
    put(ana.repo, "shots/DSC_0001.JPG", b"jpeg")
    ana.ok("archive", "run", "--set", "sessions", cwd=ana.repo)
    ana.ok("archive", "run", "--set", "media", cwd=ana.repo)
    return ana


def units(person: Person, *words: str) -> list[str]:
    listed = person.ok("archive", "list", "--json", *words, cwd=person.repo).json
    return [one["unit"] for one in listed["archives"]]


def test_two_people_see_the_same_and_find_any_file(place: Place) -> None:
    ana = sent(place)
    jan = place.person("jan")
    put(jan.repo, "raw/mine/x", b"x")
    put(jan.repo, "shots/x", b"x")
    assert units(jan) == []
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    assert units(jan) == units(ana) and "m31" in units(jan)
    assert units(jan, "--set", "media") == units(ana, "--set", "media")
    assert len(units(jan, "--set", "media")) == 1
    found = jan.ok("archive", "find", "LIGHT_1", "--json", cwd=jan.repo).json["files"]
    assert [(one["unit"], one["path"], one["size_bytes"]) for one in found] == [("m31", "light_1.fits", 300_000)]
    assert "light_1.fits" in jan.ok("archive", "show", "m31", cwd=jan.repo).out
    jan.ok("archive", "catalogue", "check", cwd=jan.repo)
    rows = list(csv.DictReader(io.StringIO(jan.ok("archive", "catalogue", "export", "--csv", cwd=jan.repo).out)))
    assert {row["unit"] for row in rows} >= {"m31", "m42"}
    missing = jan.ok("archive", "list", "--not-archived", "--json", cwd=jan.repo).json["not_archived"]
    assert [(one["set"], one["unit"]) for one in missing] == [("sessions", "mine"), ("media", "x")]


def test_a_lost_or_damaged_catalogue_is_made_anew(place: Place) -> None:
    ana = sent(place)
    before = ana.ok("archive", "catalogue", "export", "--members", cwd=ana.repo).json
    (path,) = (ana.root / "home").rglob("archive/*.db")
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    path.write_bytes(b"SQLite format 3\0" + bytes(5000))
    refused = ana.expect(1, "archive", "list", cwd=ana.repo)
    assert "catalogue rebuild --anew" in refused.err
    ana.ok("archive", "catalogue", "rebuild", "--anew", cwd=ana.repo)
    assert ana.ok("archive", "catalogue", "export", "--members", cwd=ana.repo).json == before


def test_what_is_gone_is_told_and_forgotten_only_after_a_question(place: Place) -> None:
    ana = sent(place)
    place.client.delete_object(Bucket=place.bucket, Key="raw/m42.tar")
    checked = ana.expect(3, "archive", "catalogue", "check", cwd=ana.repo)
    assert "raw/m42.tar" in checked.err
    assert "gone from the store: raw/m42.tar" in ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo).err
    ana.expect(5, "archive", "catalogue", "prune", cwd=ana.repo)
    assert "raw/m42.tar" in ana.ok("archive", "catalogue", "export", cwd=ana.repo).out
    ana.ok("archive", "catalogue", "prune", "--yes", cwd=ana.repo)
    assert "raw/m42.tar" not in ana.ok("archive", "catalogue", "export", cwd=ana.repo).out


def test_rules_are_set_beside_those_of_others_and_taken_away_again(place: Place) -> None:
    ana = sent(place)
    place.client.put_bucket_lifecycle_configuration(Bucket=place.bucket, LifecycleConfiguration={"Rules": [FOREIGN]})
    assert "+ archive=fast" in ana.ok("archive", "lifecycle", "diff", cwd=ana.repo).out
    ana.expect(5, "archive", "lifecycle", "apply", cwd=ana.repo)
    assert [rule["ID"] for rule in place.rules()] == ["logs"]
    ana.ok("archive", "lifecycle", "apply", "--yes", cwd=ana.repo)
    by_id = {rule["ID"]: rule for rule in place.rules()}
    assert by_id["logs"]["Expiration"]["Days"] == 30
    fast = by_id["s3sync-archive-archive-fast"]
    assert fast["Filter"] == {"Tag": {"Key": "archive", "Value": "fast"}}
    assert [(one["Days"], one["StorageClass"]) for one in fast["Transitions"]] == [(7, "DEEP_ARCHIVE")]
    assert by_id["s3sync-archive-set-media"]["Filter"] == {"Prefix": "cache/"}
    assert "nothing to change" in ana.ok("archive", "lifecycle", "diff", cwd=ana.repo).out
    ana.ok("archive", "lifecycle", "remove", "--yes", cwd=ana.repo)
    assert [rule["ID"] for rule in place.rules()] == ["logs"]


def test_rules_written_by_hand_are_corrected_before_they_are_set(place: Place) -> None:
    ana = place.person("ana")
    move = {"Days": 30, "StorageClass": "GLACIER_FLEXIBLE_RETRIEVAL"}
    rule = {"Id": "old", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Transitions": [move]}
    (ana.repo / "rules.json").write_text(json.dumps({"Rules": [rule]}))
    refused = ana.expect(2, "archive", "lifecycle", "apply", "--file", "rules.json", "--yes", cwd=ana.repo)
    assert "it is 'ID'" in refused.err and "it is called GLACIER" in refused.err
    move["StorageClass"], rule["ID"] = "GLACIER", rule.pop("Id")
    (ana.repo / "rules.json").write_text(json.dumps({"Rules": [rule]}))
    ana.ok("archive", "lifecycle", "apply", "--file", "rules.json", "--yes", cwd=ana.repo)
    assert "old" in {one["ID"] for one in place.rules()}


def test_a_transition_moves_the_archive_and_keeps_its_index_true(place: Place) -> None:
    ana = sent(place)
    planned = ana.ok("archive", "transition", "m31", "--to", "glacier-ir", "--dry-run", cwd=ana.repo)
    assert "would be moved to GLACIER_IR" in planned.out and place.class_of("raw/m31.tar") == "STANDARD"
    ana.expect(5, "archive", "transition", "m31", "--to", "GLACIER_IR", cwd=ana.repo)
    ana.ok("archive", "transition", "m31", "--to", "GLACIER_IR", "--yes", "--region", "us-east-1", cwd=ana.repo)
    assert place.class_of("raw/m31.tar") == "GLACIER_IR"
    assert place.class_of("raw/m31.tar.index.json") == "STANDARD"
    tags = place.client.get_object_tagging(Bucket=place.bucket, Key="raw/m31.tar")["TagSet"]
    assert tags == [{"Key": "archive", "Value": "fast"}]
    assert units(ana, "--class", "GLACIER_IR") == ["m31"]
    for more in ((), ("--dry-run",)):
        again = ana.ok("archive", "transition", "m31", "--to", "GLACIER_IR", *more, cwd=ana.repo)
        assert again.out == "Nothing to move: what was asked for is in GLACIER_IR already\n"
    ana.ok("archive", "catalogue", "check", cwd=ana.repo)
    ana.ok("restore", "m31", "--set", "sessions", "--to", "back", "--yes", cwd=ana.repo)
    assert (ana.repo / "back/m31/light_1.fits").read_bytes() == bytes(300_000)
    jan = place.person("jan")
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    assert units(jan, "--class", "GLACIER_IR") == ["m31"]


def test_a_set_without_containers_moves_file_by_file(place: Place) -> None:
    ana = sent(place)
    unit = units(ana, "--set", "media")[0]
    ana.ok("archive", "transition", unit, "--to", "DEEP_ARCHIVE", "--yes", cwd=ana.repo)
    assert place.class_of("cache/DSC_0001.JPG") == "DEEP_ARCHIVE"
    assert place.class_of(".s3sync/archive/media.jsonl") == "STANDARD"
    cold = ana.expect(3, "archive", "transition", unit, "--to", "STANDARD", "--yes", cwd=ana.repo)
    assert unit in cold.err
    assert place.class_of("cache/DSC_0001.JPG") == "DEEP_ARCHIVE"


@pytest.mark.parametrize("pack", ["none", "tar"])
def test_an_index_has_no_object_of_others_moved(pack: str, place: Place) -> None:
    """Who may write an index may not send a colleague's draft into cold storage by the hands of another."""
    ana, theirs = sent(place), "team/b63/draft.mp4" if pack == "none" else "raw/m31.tar"
    place.client.put_object(Bucket=place.bucket, Key="team/b63/draft.mp4", Body=b"jpeg")
    name = ".s3sync/archive/media.jsonl" if pack == "none" else "raw/m31.tar.index.json"
    index = json.loads(place.client.get_object(Bucket=place.bucket, Key=name)["Body"].read())
    if pack == "none":
        index["key"] = index["members"][0]["key"] = theirs
    index["unit"] = "ours"
    place.client.put_object(Bucket=place.bucket, Key=name, Body=json.dumps(index).encode() + b"\n")
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    refused = ana.expect(3, "archive", "transition", "ours", "--to", "DEEP_ARCHIVE", "--yes", cwd=ana.repo)
    assert "something else" in refused.err
    assert place.class_of(theirs) == "STANDARD"


def test_only_what_this_disk_still_holds_is_removed_without_a_word_more(place: Place) -> None:
    ana = sent(place)
    (ana.repo / "raw/m42/light_2.fits").write_bytes(b"else")
    refused = ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo)
    assert "--last-copies" in refused.err and "raw/m42.tar" in place.held()
    ana.expect(5, "archive", "remove", "m31", cwd=ana.repo)
    ana.ok("archive", "remove", "m31", "--yes", cwd=ana.repo)
    assert not {key for key in place.held() if "m31" in key}
    assert units(ana, "--set", "sessions") == ["m42"]
    ana.ok("archive", "remove", "m42", "--yes", "--last-copies", cwd=ana.repo)
    assert not {key for key in place.held() if key.startswith("raw/")}
    assert "remove m42" in ana.ok("archive", "log", cwd=ana.repo).out


def test_a_file_of_the_same_size_and_time_is_no_copy(place: Place) -> None:
    """Edited in place, with its time put back: only reading tells."""
    ana = sent(place)
    path = ana.repo / "raw/m31/light_1.fits"
    status, body = path.stat(), path.read_bytes()
    path.write_bytes(bytes(255 - byte for byte in body))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    refused = ana.expect(5, "archive", "remove", "m31", "--yes", cwd=ana.repo)
    assert "the last ones" in refused.err and "raw/m31.tar" in place.held()
    path.write_bytes(body)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    ana.ok("archive", "remove", "m31", "--yes", cwd=ana.repo)


def test_an_object_that_somebody_else_put_there_is_not_removed(place: Place) -> None:
    ana = sent(place)
    place.client.put_object(Bucket=place.bucket, Key="raw/m31.tar", Body=b"another one")
    for code, *more in ((5,), (3, "--last-copies")):
        failed = ana.expect(code, "archive", "remove", "m31", "--yes", *more, cwd=ana.repo)
        assert "m31" in failed.err
    assert {"raw/m31.tar", "raw/m31.tar.index.json"} <= place.held()


def test_costs_count_with_the_rules_of_the_bucket(place: Place) -> None:
    ana = sent(place)
    refused = ana.expect(2, "archive", "cost", cwd=ana.repo)
    assert "no prices" in refused.err
    without = ana.ok("archive", "cost", "--region", "us-east-1", "--json", cwd=ana.repo).json["stores"][0]
    ana.ok("archive", "lifecycle", "apply", "--yes", cwd=ana.repo)
    rules = ana.ok("archive", "cost", "--region", "us-east-1", "--json", cwd=ana.repo).json["stores"][0]
    assert rules["month"] == without["month"]
    m31 = next(one["size_bytes"] for one in rules["units"] if one["unit"] == "m31")
    assert m31 > 300_000
    assert rules["months"][0] == without["months"][0]
    assert rules["months"][-1]["amount"] < without["months"][-1]["amount"], "m31 is in DEEP_ARCHIVE by then"
    assert rules["small_archives"] == 2, "one that a rule would move by its tag, and one by its prefix"
    assert "eu-nowhere-1" in ana.expect(2, "archive", "cost", "--region", "eu-nowhere-1", cwd=ana.repo).err


def test_small_objects_that_a_rule_of_a_prefix_would_move_are_told_in_costs(place: Place) -> None:
    ana = place.person("ana")
    put(ana.repo, "shots/2024/GX01.MP4", b"clip" * 100)
    ana.ok("archive", "run", "--set", "media", cwd=ana.repo)
    cost = ("archive", "cost", "--region", "us-east-1")
    assert "128 KB" not in ana.ok(*cost, cwd=ana.repo).out
    ana.ok("archive", "lifecycle", "apply", "--set", "media", "--yes", cwd=ana.repo)
    assert "1 archive under 128 KB: rules do not move these by default" in ana.ok(*cost, cwd=ana.repo).out


def test_the_days_that_are_billed_after_a_removal_are_told_first(place: Place) -> None:
    """Also where no prices are known."""
    ana = sent(place)
    for target, days in (("DEEP_ARCHIVE", 180), ("STANDARD_IA", 30)):
        ana.ok("archive", "transition", "m31" if days == 180 else "m42", "--to", target, "--yes", cwd=ana.repo)
    said = ana.ok("archive", "remove", "m*", "--dry-run", cwd=ana.repo)
    assert "180 days of at least 180 are still billed" in said.out and "price: not known" in said.out
    assert "30 days of at least 30 are still billed" in said.out
    asked = ana.expect(5, "archive", "remove", "m31", "--region", "us-east-1", cwd=ana.repo)
    assert "180 days of at least 180 are still billed" in asked.err
    (found,) = ana.ok("archive", "remove", "m31", "--dry-run", "--json", cwd=ana.repo).json["stores"]
    assert found["days_still_billed"] == {"m31": 180}


def test_a_digest_that_is_none_is_no_answer(place: Place) -> None:
    ana = sent(place)
    for words, why in ((("--md5", "xyz"), "32 digits"), (("--sha256", "ab" * 16), "64 digits")):
        refused = ana.expect(2, "archive", "find", *words, cwd=ana.repo)
        assert why in refused.err and "No archive" not in refused.out
    (one,) = ana.ok("archive", "find", "light_1.fits", "--json", cwd=ana.repo).json["files"][:1]
    assert ana.ok("archive", "find", "--sha256", one["sha256"].upper(), "--json", cwd=ana.repo).json["files"]


def test_where_everything_lives_is_the_manifest_of_earlier_tools(place: Place) -> None:
    ana = sent(place)
    ssd = ana.root / "ssd"
    own_settings(ana, f"archives:\n  ssd: {{store: '{ssd.as_uri()}', source: '{ana.repo}/raw/*', pack: none}}\n")
    ana.ok("archive", "run", "m42", "--set", "ssd", cwd=ana.repo)
    (ana.repo / "raw/m31/light_1.fits").unlink()
    (ana.repo / "raw/m31/log.txt").unlink()
    (ana.repo / "raw/m31").rmdir()
    told = ana.ok("projects", "--everywhere", "m*", "--json", cwd=ana.repo).json["projects"]
    by_id = {one["id"]: one["storage"] for one in told}
    assert list(by_id) == ["m31", "m42"]
    assert not by_id["m31"]["local"]["exists"] and not by_id["m31"]["ssd"]["exists"]
    there = by_id["m31"]["s3"]
    assert (there["exists"], there["bucket"], there["key"]) == (True, place.bucket, "raw/m31.tar")
    assert (there["tier"], there["transitioned_at"]) == ("STANDARD", None)
    assert there["size_bytes"] > 300_000 and there["uploaded_at"].endswith("Z")
    assert by_id["m42"]["local"] == {
        "exists": True, "path": str(ana.repo / "raw/m42"), "size_bytes": 4, "files": 1,
    }  # fmt: skip
    assert by_id["m42"]["ssd"]["exists"] and by_id["m42"]["s3"]["exists"]
    ana.expect(2, "projects", "--everywhere", "nosuch", cwd=ana.repo)


def test_a_disk_that_is_not_connected_hides_no_other_store(place: Place) -> None:
    ana = sent(place)
    ssd = ana.root / "ssd"
    own_settings(ana, f"archives:\n  ssd: {{store: '{ssd.as_uri()}', source: '{ana.repo}/raw/*', pack: none}}\n")
    ana.ok("archive", "run", "--set", "ssd", cwd=ana.repo)
    both = units(ana)
    ssd.rename(ana.root / "elsewhere")
    rebuilt = ana.expect(3, "archive", "catalogue", "rebuild", cwd=ana.repo)
    assert "connect the disk" in rebuilt.err and f"s3://{place.bucket}: " in rebuilt.out
    assert units(ana) == both, "a disk that is not there is not taken for an empty one"
    assert "connect the disk" in ana.expect(3, "archive", "catalogue", "check", cwd=ana.repo).err
    ana.expect(1, "archive", "catalogue", "rebuild", "--anew", "--set", "ssd", cwd=ana.repo)
    assert units(ana, "--set", "ssd")
    told = ana.ok("archive", "cost", "--region", "us-east-1", cwd=ana.repo)
    assert "is not counted" in told.err and "m31" in told.out
    ana.ok("archive", "lifecycle", "diff", cwd=ana.repo)


def test_a_bucket_that_keeps_versions_is_told_before_the_question(place: Place) -> None:
    place.client.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    ana = sent(place)
    asked = ana.expect(5, "archive", "remove", "m31", cwd=ana.repo)
    assert "the bucket keeps versions" in asked.err
    ana.ok("archive", "remove", "m31", "--yes", cwd=ana.repo)
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    assert "m31" not in units(ana)


def test_without_a_word_archives_are_listed_and_one_that_is_none_is_told(place: Place) -> None:
    ana = sent(place)
    assert ana.ok("archive", cwd=ana.repo).out == ana.ok("archive", "list", cwd=ana.repo).out != ""
    assert "its commands are list, " in ana.expect(2, "archive", "nosuch", cwd=ana.repo).err
