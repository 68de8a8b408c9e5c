"""`--engine s3-batch`: jobs that a server does by the real manifest, and whose real report is read back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.batch import Batch, batch
from tests.kit.people import Person
from tests.kit.servers import MiniStack
from tests.scenarios.archive.conftest import put, settings

pytestmark = pytest.mark.ministack

SETS = """
archives:
  packed:
    store: s3://{bucket}/deep
    source: raw/*
    layout: "raw/{{id}}"
    storage_class: {storage_class}
  files:
    store: s3://{bucket}/deep
    source: flat/*
    layout: "flat/{{id}}"
    pack: none
"""


class Lab:
    def __init__(self, server: MiniStack, fake: Batch, root: Path, storage_class: str = "STANDARD") -> None:
        self.bucket, self.fake = f"lab-{uuid.uuid4().hex[:10]}", fake
        server.users["owner"] = server.admin
        self.s3 = server.client("admin")
        self.s3.create_bucket(Bucket=self.bucket)
        environ = {**server.environment("owner"), "AWS_ENDPOINT_URL_S3_CONTROL": fake.address}
        self.person = Person("owner", root / "owner", environ)
        settings(self.person, SETS.format(bucket=self.bucket, storage_class=storage_class))
        for unit in ("m1", "m2", "m 3, ü+%"):
            put(self.person.repo, f"raw/{unit}/light.fits", unit.encode() * 900)
        put(self.person.repo, "flat/f1/a b.txt", b"plain")
        put(self.person.repo, "flat/f1/c.txt", b"more")
        for name in ("packed", "files"):
            self.run("archive", "run", "--set", name)

    def run(self, *words: str, code: int = 0, **more: Any) -> Any:
        return self.person.expect(code, *words, cwd=self.person.repo, **more)

    def verify(self, *words: str, code: int = 0) -> Any:
        return self.run("archive", "verify", "--engine", "s3-batch", *words, code=code)

    def how(self, unit: str) -> str:
        return str(self.run("archive", "show", unit).out)


@pytest.fixture
def fake(ministack: MiniStack) -> Iterator[Batch]:
    with batch(ministack) as found:
        yield found


@pytest.fixture
def lab(ministack: MiniStack, fake: Batch, tmp_path: Path) -> Lab:
    return Lab(ministack, fake, tmp_path)


def test_s3_reads_every_byte_and_the_report_is_believed_line_by_line(lab: Lab, fake: Batch) -> None:
    asked = lab.run("archive", "verify", "--engine", "s3-batch", code=5, answer="n\n")
    assert "5 objects" in asked.err and not fake.jobs
    fake.slow = 1
    told = lab.verify("--yes", code=8)
    assert "active" in told.out and "run the same command again" in told.err
    kinds = len(fake.jobs)
    done = lab.verify("--json").json
    assert len(fake.jobs) == kinds, "it goes on with the same jobs"
    assert (done["verified"], done["wrong"], done["unknown"]) == (4, [], 0)
    assert all(job["status"] == "Complete" for job in done["jobs"])
    assert "the store's checksum is right" in lab.how("m1") or "verified" in lab.how("m1")
    assert {role.rpartition("/")[2] for role in fake.roles} == {f"s3sync-batch-{lab.bucket}"}


def test_what_was_altered_or_failed_or_is_not_in_the_report_is_told_and_the_rest_is_verified(
    lab: Lab, fake: Batch
) -> None:
    fake.altered, fake.fails = {"deep/raw/m1.tar"}, {"deep/raw/m2.tar"}
    fake.silent = {"deep/flat/f1/a b.txt"}
    found = lab.verify("--yes", "--json", code=3).json
    wrong = {one["unit"]: one["error"] for one in found["wrong"]}
    assert "its checksum is another one" in wrong["m1"] and "AccessDenied" in wrong["m2"]
    assert "says nothing of 1" in wrong["f1"] and found["verified"] == 1
    fake.altered, fake.fails, fake.silent = set(), set(), set()
    assert lab.verify("--yes", "--json").json["verified"] == 4, "the next run makes a new job"


@pytest.mark.parametrize("cut", ["list", "lines"])
def test_a_report_that_is_cut_short_is_believed_in_nothing_and_read_again(cut: str, lab: Lab, fake: Batch) -> None:
    fake.cut = cut
    told = lab.verify("--yes", code=1)
    assert "cut short" in told.err and "never verified" in lab.how("m1") and "never verified" in lab.how("f1")
    jobs = set(fake.jobs)
    assert "cut short" in lab.verify(code=1).err and set(fake.jobs) == jobs
    for job in fake.jobs.values():
        job.status, job.succeeded, job.failed = "Active", 0, 0
    fake.cut = ""
    assert lab.verify("--json").json["verified"] == 4


def test_a_report_that_leads_elsewhere_or_is_of_others_is_not_followed(lab: Lab, fake: Batch) -> None:
    fake.list_names = "deep/raw/m1.tar"
    assert "not of this job" in lab.verify("--yes", code=1).err
    fake.list_names = None
    for job in fake.jobs.values():
        job.status, job.succeeded = "Active", 0
    fake.extra_lines = [[lab.bucket, "deep/raw/nobody.tar", "", "succeeded", "", "200", "{}"]]
    found = lab.verify("--json").json
    assert found["verified"] == 4 and {job["foreign_lines"] for job in found["jobs"]} == {1}
    fake.extra_lines = [["elsewhere", "deep/raw/m1.tar", "", "succeeded", "", "200", "{}"]]
    assert "a line of it is not of this job" in lab.verify("--yes", code=1).err


def test_a_job_that_is_refused_or_fails_says_which_rights_it_needs(lab: Lab, fake: Batch) -> None:
    fake.refuses = True
    assert "setup policy --batch" in lab.verify("--yes", code=1).err
    fake.refuses, fake.ends = False, "Failed"
    told = lab.verify(code=3)
    assert "ManifestFailed: it cannot be read" in told.err and "setup policy --batch" in told.err
    fake.ends = "Complete"
    assert lab.verify("--yes", "--json").json["verified"] == 4


def test_what_is_cold_is_verified_without_a_thaw_and_thawed_by_a_job(
    ministack: MiniStack, fake: Batch, tmp_path: Path
) -> None:
    """A complete job has begun the thaws: whether they are done is asked of each object."""
    lab = Lab(ministack, fake, tmp_path, "GLACIER")
    fake.slow = 1
    units = ("m1", "m2")
    first = lab.run("restore", *units, "--to", "back", "--engine", "s3-batch", "--yes", code=8)
    assert "restore --resume --engine s3-batch" in first.err
    assert "m1 is being thawed" in first.err and not (lab.person.repo / "back").exists()
    assert "cold" in lab.run("restore", "--status").out, "the job has not even begun"
    again = lab.run("restore", "--resume", "--engine", "s3-batch", "--yes", code=8)
    assert "is being thawed" in again.err and len(fake.jobs) == 1
    lab.run("restore", "--resume", "--wait", "--yes")
    assert (lab.person.repo / "back/m2/light.fits").read_bytes() == b"m2" * 900
    expedited = lab.run("restore", "m1", "--engine", "s3-batch", "--tier", "expedited", code=2)
    assert "bulk or standard" in expedited.err


def test_objects_that_s3_refuses_to_thaw_are_named(ministack: MiniStack, fake: Batch, tmp_path: Path) -> None:
    lab = Lab(ministack, fake, tmp_path, "GLACIER")
    fake.fails = {"deep/raw/m1.tar"}
    told = lab.run("restore", "m1", "m2", "--to", "back", "--engine", "s3-batch", "--wait", "--yes", code=3)
    assert "m1: S3 could not do it: AccessDenied" in told.err


def test_rights_are_printed_and_bad_words_begin_nothing(lab: Lab, fake: Batch, tmp_path: Path) -> None:
    found = json.loads(lab.run("setup", "policy", "--batch", "--store", f"s3://{lab.bucket}/deep").out)
    assert found["role"] == f"s3sync-batch-{lab.bucket}"
    assert found["trust"]["Statement"][0]["Principal"] == {"Service": "batchoperations.s3.amazonaws.com"}
    passes = found["user_policy"]["Statement"][1]
    assert passes["Action"] == "iam:PassRole" and passes["Condition"]
    assert "Delete" not in json.dumps(found)
    for words, said in (
        (("--engine", "s3-bath"), "no engine"),
        (("--engine", "dask=http://x"), "no engine"),
        (("--engine", "s3-batch", "--deep"), "reads every byte"),
        (("--wait",), "goes with"),
    ):
        assert said in lab.run("archive", "verify", *words, code=2).err
    other = f"archives: {{s: {{store: {tmp_path.as_uri()}/v, source: raw}}}}\n"
    settings(lab.person, other)
    assert "no batch operations" in lab.run("archive", "verify", "--engine", "s3-batch", "--yes", code=1).err
    assert not fake.jobs
