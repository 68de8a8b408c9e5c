"""A second region: `setup bucket --replicate-to` and `archive verify --replica`, on a server that replicates."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.kit.people import Person
from tests.kit.servers import MiniStack, Moto, Server
from tests.scenarios.archive.conftest import put, settings

SET = """
store: s3://{bucket}
archives:
  deep:
    store: s3://{bucket}/deep
    source: raw/*
    layout: "raw/{{id}}"
    pack: {pack}
    storage_class: DEEP_ARCHIVE
    replica_region: eu-west-1
"""


class Lab:
    """Somebody who looks after an account, and a bucket in it that is not there yet."""

    def __init__(self, server: Server, root: Path, pack: str = "tar") -> None:
        self.bucket = f"lab-{uuid.uuid4().hex[:10]}"
        self.there = f"{self.bucket}-replica"
        server.users["owner"] = server.admin
        self.s3, self.iam = server.client("admin"), server.client("admin", "iam")
        self.person = Person("owner", root / "owner", server.environment("owner"))
        settings(self.person, SET.format(bucket=self.bucket, pack=pack))
        put(self.person.repo, "raw/m42/light.fits", b"x" * 5000)
        put(self.person.repo, "raw/m31/light.fits", b"y" * 50)

    def setup(self, *words: str, code: int = 0) -> Any:
        store = f"s3://{self.bucket}/deep"
        given = ("setup", "bucket", "--store", store, "--replicate-to", "eu-west-1", *words)
        return self.person.expect(code, *given, cwd=self.person.repo)

    def run(self, *words: str, code: int = 0) -> Any:
        return self.person.expect(code, *words, cwd=self.person.repo)

    def rules(self) -> dict[str, Any]:
        found = self.s3.get_bucket_replication(Bucket=self.bucket)["ReplicationConfiguration"]["Rules"]
        return {rule["ID"]: rule for rule in found}

    def classes(self, bucket: str) -> dict[str, str]:
        found = self.s3.list_objects_v2(Bucket=bucket).get("Contents", ())
        return {one["Key"].removeprefix("deep/"): one.get("StorageClass", "STANDARD") for one in found}


@pytest.fixture
def lab(ministack: MiniStack, tmp_path: Path) -> Lab:
    return Lab(ministack, tmp_path)


@pytest.mark.ministack
def test_what_is_sent_after_the_rules_is_in_the_replica_in_its_class(lab: Lab) -> None:
    told = lab.setup("--dry-run")
    for said in (
        f"create {lab.there} in eu-west-1",
        "which S3 alone may take",
        f"s3:ReplicateObject, s3:ReplicateTags on arn:aws:s3:::{lab.there}/deep/*",
        "in DEEP_ARCHIVE there",
        "no deletion is replicated",
    ):
        assert said in told.out, said
    with pytest.raises(ClientError):
        lab.s3.head_bucket(Bucket=lab.bucket)
    asked = lab.person.expect(5, "setup", "bucket", "--replicate-to", "eu-west-1", answer="n\n", cwd=lab.person.repo)
    assert "[y/N]" in asked.err
    done = lab.setup("--yes", "--json").json
    assert done["done"][-3:] == ["replica", "role", "replication"] and done["failed"] == []
    assert lab.s3.get_bucket_versioning(Bucket=lab.bucket)["Status"] == "Enabled"
    assert lab.s3.get_bucket_versioning(Bucket=lab.there)["Status"] == "Enabled"
    assert lab.s3.get_bucket_location(Bucket=lab.there)["LocationConstraint"] == "eu-west-1"
    assert "nothing to change" in lab.setup("--check-only").out
    lab.run("archive", "run")
    assert lab.classes(lab.bucket)["raw/m42.tar"] == "STANDARD", "what is cold at once is replicated by nobody"
    assert lab.classes(lab.there) == {
        "raw/m31.tar": "DEEP_ARCHIVE",
        "raw/m31.tar.index.json": "STANDARD",
        "raw/m42.tar": "DEEP_ARCHIVE",
        "raw/m42.tar.index.json": "STANDARD",
    }
    assert "s3sync-move=DEEP_ARCHIVE" in lab.run("archive", "lifecycle", "diff").out
    good = lab.run("archive", "verify", "--replica", "--json").json
    assert (good["exit_code"], good["replicas"][0]["objects"], good["replicas"][0]["lacking"]) == (0, 4, [])


@pytest.mark.ministack
def test_what_was_there_before_or_is_cold_is_listed_with_the_reason(lab: Lab) -> None:
    lab.s3.create_bucket(Bucket=lab.bucket)
    lab.run("archive", "run", "m42")
    source = {"Bucket": lab.bucket, "Key": "deep/raw/m42.tar"}
    lab.s3.copy_object(CopySource=source, StorageClass="DEEP_ARCHIVE", **source)
    lab.setup("--yes")
    lab.run("archive", "run", "m31")
    put(lab.person.repo, "raw/m1/a.fits", b"z")
    lab.run("archive", "run", "m1")
    lab.s3.put_object(Bucket=lab.there, Key="deep/raw/m31.tar", Body=b"rotten")
    lab.s3.delete_object(Bucket=lab.there, Key="deep/raw/m1.tar")
    lab.s3.delete_object(Bucket=lab.bucket, Key="deep/raw/m1.tar.index.json")
    said = lab.run("archive", "verify", "--replica", code=3)
    for line in (
        "raw/m42.tar (",
        "DEEP_ARCHIVE) - missing: it was cold before there was a rule",
        "raw/m42.tar.index.json",
        "missing: it was there before there was a rule",
        "STANDARD) - differs: it has 6 bytes there",
        "- missing: it was replicated, and is gone there",
        "raw/m1.tar.index.json",
        "- only there: it is gone here, and the replica has it",
    ):
        assert line in said.err, (line, said.err)
    assert "docs/at-scale.md" in said.err and "1 of 5 objects" in said.out
    assert "Traceback" not in lab.run("archive", "verify", "--replica", "--json", code=3).out


@pytest.mark.ministack
def test_files_without_a_container_and_their_record_are_compared_too(ministack: MiniStack, tmp_path: Path) -> None:
    lab = Lab(ministack, tmp_path, "none")
    lab.setup("--yes")
    lab.run("archive", "run")
    assert lab.classes(lab.there)["raw/m42/light.fits"] == "DEEP_ARCHIVE"
    assert lab.run("archive", "verify", "--replica", "--json").json["replicas"][0]["objects"] == 3
    lab.s3.delete_object(Bucket=lab.there, Key="deep/raw/m42/light.fits")
    assert "m42: raw/m42/light.fits" in lab.run("archive", "verify", "--replica", code=3).err


@pytest.mark.ministack
def test_rules_of_others_and_their_role_stay(lab: Lab) -> None:
    for bucket in (lab.bucket, "elsewhere-" + lab.bucket):
        lab.s3.create_bucket(Bucket=bucket)
        lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = lab.iam.create_role(RoleName=f"theirs-{lab.bucket}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    theirs = {
        "ID": "theirs",
        "Priority": 5,
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Destination": {"Bucket": f"arn:aws:s3:::elsewhere-{lab.bucket}"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
    }
    lab.s3.put_bucket_replication(Bucket=lab.bucket, ReplicationConfiguration={"Role": role, "Rules": [theirs]})
    told = lab.setup("--yes")
    assert "replication - set" in told.out
    assert lab.rules()["theirs"] == theirs and len(lab.rules()) == 3
    found = lab.s3.get_bucket_replication(Bucket=lab.bucket)["ReplicationConfiguration"]
    assert found["Role"] == role, "all rules share one role"
    assert "that role is not changed here" in lab.setup("--check-only").out
    old = {"ID": "old", "Status": "Enabled", "Prefix": "", "Destination": theirs["Destination"]}
    lab.s3.put_bucket_replication(Bucket=lab.bucket, ReplicationConfiguration={"Role": role, "Rules": [old]})
    assert "older form" in lab.setup("--yes").out
    assert list(lab.rules()) == ["old"]


@pytest.mark.ministack
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--replicate-to", "us-east-1"], "where the bucket is"),
        (["--replicate-to", "Europe!"], "not a region"),
        (["--replica-bucket", "x"], "goes with --replicate-to"),
        (["--replicate-to", "eu-west-1", "--replica-bucket", "No_Bucket"], "not a bucket"),
    ],
)
def test_what_makes_no_replica_is_refused_before_anything_is_asked(words: list[str], said: str, lab: Lab) -> None:
    assert said in lab.run("setup", "bucket", *words, code=2).err


def test_a_set_without_a_replica_says_how_it_gets_one(david: Person, tmp_path: Path) -> None:
    settings(david, f"archives: {{s: {{store: {tmp_path.as_uri()}/v, source: raw}}}}\n")
    assert "docs/at-scale.md" in david.expect(2, "archive", "verify", "--replica", cwd=david.repo).err
    for words in (["m1"], ["--deep"], ["--sample", "2%"], ["--all"]):
        assert "stands by itself" in david.expect(2, "archive", "verify", "--replica", *words, cwd=david.repo).err


@pytest.mark.moto
def test_a_server_that_drops_part_of_a_rule_is_noticed(moto: Moto, tmp_path: Path) -> None:
    """It would replicate all of the bucket, and everything into the coldest class."""
    lab = Lab(moto, tmp_path)
    assert "is not what was set" in lab.setup("--yes", code=1).err
