"""`--engine s3-batch`: jobs that a server does by the real manifest, and whose real report is read back."""

from __future__ import annotations

import copy
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
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
    """A bucket with archives, and somebody who sent them."""

    def __init__(self, server: MiniStack, fake: Batch, root: Path, text: str, units: Mapping[str, bytes]) -> None:
        self.bucket, self.fake = f"lab-{uuid.uuid4().hex[:10]}", fake
        server.users["owner"] = server.admin
        self.s3 = server.client("admin")
        self.s3.create_bucket(Bucket=self.bucket)
        environ = {**server.environment("owner"), "AWS_ENDPOINT_URL_S3_CONTROL": fake.address}
        self.person = Person("owner", root, environ)
        settings(self.person, text.format(bucket=self.bucket))
        for path, body in units.items():
            put(self.person.repo, path, body)
        for name in ("packed", "files"):
            self.run("archive", "run", "--set", name)

    def again(self, root: Path) -> Lab:
        """The same bucket, and that person's computer as it was when all had been sent."""
        shutil.copytree(self.person.root, root)
        one = copy.copy(self)
        one.person = copy.copy(self.person)
        one.person.root = root
        self.fake.begin_anew()
        return one

    def run(self, *words: str, code: int = 0, **more: Any) -> Any:
        return self.person.expect(code, *words, cwd=self.person.repo, **more)

    def verify(self, *words: str, code: int = 0) -> Any:
        return self.run("archive", "verify", "--engine", "s3-batch", *words, code=code)

    def tag(self, *words: str, code: int = 0, to: str = "DEEP_ARCHIVE", **more: Any) -> Any:
        return self.run("archive", "transition", *words, "--to", to, "--engine", "s3-batch", code=code, **more)

    def how(self, unit: str) -> str:
        return str(self.run("archive", "show", unit).out)

    def tags(self, key: str) -> dict[str, str]:
        found = self.s3.get_object_tagging(Bucket=self.bucket, Key=f"deep/{key}")["TagSet"]
        return {one["Key"]: one["Value"] for one in found}

    def put_tags(self, key: str, **tags: str) -> None:
        listed = [{"Key": name, "Value": value} for name, value in tags.items()]
        self.s3.put_object_tagging(Bucket=self.bucket, Key=f"deep/{key}", Tagging={"TagSet": listed})

    def index(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=f"deep/{key}.index.json")["Body"].read())


SMALL = {
    **{f"raw/{unit}/light.fits": unit.encode() * 900 for unit in ("m1", "m2", "m 3, ü+%")},
    "flat/f1/a b.txt": b"plain",
    "flat/f1/c.txt": b"more",
}


@pytest.fixture(scope="module")
def server(ministack: MiniStack) -> Iterator[Batch]:
    with batch(ministack) as found:
        yield found


@pytest.fixture
def fake(server: Batch) -> Batch:
    return server


@pytest.fixture(scope="module")
def warm(ministack: MiniStack, server: Batch, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    text = SETS.replace("{storage_class}", "STANDARD")
    return Lab(ministack, server, tmp_path_factory.mktemp("warm") / "owner", text, SMALL)


@pytest.fixture(scope="module")
def icy(ministack: MiniStack, server: Batch, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    text = SETS.replace("{storage_class}", "GLACIER")
    more = {f"raw/{unit}/light.fits": b"x" for unit in ("m4", "m5", "m6", "m7", "m8")}
    return Lab(ministack, server, tmp_path_factory.mktemp("icy") / "owner", text, SMALL | more)


@pytest.fixture
def lab(warm: Lab, tmp_path: Path) -> Lab:
    return warm.again(tmp_path / "owner")


@pytest.fixture
def cold(icy: Lab, tmp_path: Path) -> Lab:
    return icy.again(tmp_path / "owner")


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


def test_what_is_cold_is_verified_without_a_thaw_and_thawed_by_a_job(cold: Lab, fake: Batch) -> None:
    """A complete job has begun the thaws: whether they are done is asked of each object."""
    fake.slow = 2
    units = ("m1", "m2")
    first = cold.run("restore", *units, "--to", "back", "--engine", "s3-batch", "--yes", code=8)
    assert "restore --resume --engine s3-batch" in first.err
    assert "m1 is being thawed" in first.err and not (cold.person.repo / "back").exists()
    assert "cold" in cold.run("restore", "--status").out, "the job has not even begun"
    cold.run("restore", "--resume", "--yes", code=8)  # the job's thaws are not asked for once more
    assert "cold" in cold.run("restore", "--status").out
    again = cold.run("restore", "--resume", "--engine", "s3-batch", "--yes", code=8)
    assert "is being thawed" in again.err and len(fake.jobs) == 1
    cold.run("restore", "--resume", "--wait", "--yes")
    assert (cold.person.repo / "back/m2/light.fits").read_bytes() == b"m2" * 900
    expedited = cold.run("restore", "m1", "--engine", "s3-batch", "--tier", "expedited", code=2)
    assert "bulk or standard" in expedited.err


def test_what_is_here_already_is_thawed_by_no_job(cold: Lab, fake: Batch) -> None:
    """As a restore without jobs: neither all of a unit, nor a unit among others; and a folder elsewhere has nothing."""
    by_s3 = ("--engine", "s3-batch", "--yes")
    told = cold.run("restore", "m6", *by_s3)
    assert "1 there already" in told.out and "has to be thawed" in told.out and not fake.jobs
    (cold.person.repo / "raw/m7/light.fits").unlink()
    fake.slow = 1
    cold.run("restore", "m6", "m7", *by_s3, code=8)
    cold.run("restore", "--resume", "--wait", *by_s3)
    assert [job.succeeded for job in fake.jobs.values()] == [1]
    assert (cold.person.repo / "raw/m7/light.fits").read_bytes() == b"x"
    fake.begin_anew()
    cold.run("restore", "m6", "m8", "--to", "back", *by_s3, "--wait")
    assert [job.succeeded for job in fake.jobs.values()] == [2]


def test_a_restore_says_where_no_job_had_anything_to_do(lab: Lab, fake: Batch, tmp_path: Path) -> None:
    by_s3 = ("--engine", "s3-batch", "--yes")
    told = lab.run("restore", "m1", "--to", "back", *by_s3)
    assert (lab.person.repo / "back/m1/light.fits").read_bytes() == b"m1" * 900
    assert "nothing of it has to be thawed" in told.out and not fake.jobs
    found = lab.run("restore", "m2", "--to", "back", *by_s3, "--json").json
    assert found["nothing_cold"] == [f"s3://{lab.bucket}/deep"]
    assert "cold" not in lab.run("restore", "m2", "--to", "back", "--yes").out
    assert "leave --engine out" in lab.run("restore", "--status", *by_s3[:2], code=2).err
    settings(lab.person, f"archives: {{s: {{store: {tmp_path.as_uri()}/v, source: raw}}}}\n")
    lab.run("archive", "run", "m1", "--create", "--yes")
    for words in ((), ("--dry-run",)):
        refused = lab.run("restore", "m1", "--to", "again", *by_s3, *words, code=1)
        assert "no batch operations" in refused.err and not (lab.person.repo / "again").exists()


def test_objects_that_s3_refuses_to_thaw_are_named(cold: Lab, fake: Batch) -> None:
    fake.fails = {"deep/raw/m4.tar"}
    told = cold.run("restore", "m4", "m5", "--to", "back", "--engine", "s3-batch", "--wait", "--yes", code=3)
    assert "m4: S3 could not do it: AccessDenied" in told.err


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


# -- tags, so that a rule moves what has them

LARGE = {f"raw/{unit}/light.fits": bytes(300_000) for unit in ("t1", "t2", "t3", "t4", "t5", "t6", "t7")}
LARGE |= {"raw/tiny/light.fits": b"x", "flat/f1/a b.bin": bytes(200_000), "flat/f1/c.bin": bytes(200_000)}
LARGE |= {"flat/f2/a.bin": bytes(200_000)}


@pytest.fixture(scope="module")
def large(ministack: MiniStack, server: Batch, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    text = SETS.replace("{storage_class}", "STANDARD\n    tags: {{archive: fast}}")
    return Lab(ministack, server, tmp_path_factory.mktemp("large") / "owner", text, LARGE)


@pytest.fixture
def heavy(large: Lab, tmp_path: Path) -> Lab:
    return large.again(tmp_path / "owner")


def test_s3_tags_after_the_question_and_the_same_command_goes_on_with_the_same_jobs(heavy: Lab, fake: Batch) -> None:
    asked = heavy.tag("t1", "f1", code=5, answer="n\n")
    for told in ("+ s3sync-move=DEEP_ARCHIVE", "bill each job", "and set the rule?"):
        assert told in asked.err
    assert not fake.jobs and "s3sync-move" not in heavy.tags("raw/t1.tar")
    dry = heavy.tag("t1", "f1", "--dry-run")
    assert "2 archives" in dry.out and "would be tagged" in dry.out and not fake.jobs
    fake.slow = 1
    begun = heavy.tag("t1", "f1", "--yes", code=8)
    assert "run the same command again" in begun.err and "tagged:" not in begun.out
    assert "s3sync-move" not in heavy.index("raw/t1.tar")["tags"]
    assert "jobs that tag for DEEP_ARCHIVE are under way" in heavy.tag("t1", to="GLACIER", code=1).err
    rules = heavy.s3.get_bucket_lifecycle_configuration(Bucket=heavy.bucket)["Rules"]
    assert [rule["ID"] for rule in rules] == ["s3sync-archive-move-deep_archive@deep/"]
    done = heavy.tag("t1", "t2", "f1", "--json").json
    assert len(fake.jobs) == 2, "one for each set of tags, and none is begun twice"
    (store,) = done["stores"]
    assert sorted(store["done"]) == ["f1", "t1"] and done["left"] == ["t2"] and done["exit_code"] == 0
    assert heavy.tags("raw/t1.tar") == {"archive": "fast", "s3sync-move": "DEEP_ARCHIVE"}
    assert heavy.tags("flat/f1/c.bin") == {"s3sync-move": "DEEP_ARCHIVE"} and heavy.tags("raw/t1.tar.index.json") == {}
    assert heavy.index("raw/t1.tar")["tags"] == {"archive": "fast", "s3sync-move": "DEEP_ARCHIVE"}
    assert heavy.run("archive", "log").out.count("tag for DEEP_ARCHIVE") == 2
    heavy.tag("t1", "f1", "--yes")
    assert len(fake.jobs) == 2, "what is tagged already needs no job"
    heavy.run("archive", "verify", "t1", "f1", "--deep")


def test_tags_of_others_stay_and_objects_of_others_get_none(heavy: Lab, fake: Batch) -> None:
    """A job gives all of its objects the same tags, in place of those that they have."""
    heavy.put_tags("raw/t2.tar", client="voz")
    heavy.put_tags("raw/t3.tar", **{f"n{number}": "x" for number in range(10)})
    body = bytes(300_000)
    heavy.s3.put_object(Bucket=heavy.bucket, Key="deep/raw/t4.tar", Body=body, Metadata={"unit": "other"})
    told = heavy.tag("t2", "t3", "t4", "tiny", "--yes", code=3)
    for said in ("10 are the most", "says of itself that it is something else", "under 128 KB"):
        assert said in told.err
    assert heavy.tags("raw/t2.tar") == {"client": "voz", "s3sync-move": "DEEP_ARCHIVE"}
    assert "s3sync-move" not in heavy.tags("raw/t3.tar") and "s3sync-move" not in heavy.tags("raw/t4.tar")
    assert [job.succeeded for job in fake.jobs.values()] == [1]


def test_what_s3_could_not_tag_is_told_and_its_index_does_not_say_so(heavy: Lab, fake: Batch) -> None:
    fake.fails, fake.silent = {"deep/raw/t5.tar"}, {"deep/raw/t6.tar"}
    told = heavy.tag("t5", "t6", "t7", "--wait", "--yes", code=3)
    assert "t5: S3 could not do it: AccessDenied" in told.err and "says nothing of 1" in told.err
    assert "1 archive" in told.out and heavy.index("raw/t7.tar")["tags"]["s3sync-move"] == "DEEP_ARCHIVE"
    assert {heavy.index(f"raw/{unit}.tar")["tags"].get("s3sync-move") for unit in ("t5", "t6")} == {None}
    fake.fails, fake.silent, fake.cut = set(), set(), "lines"
    assert "cut short" in heavy.tag("t5", "t6", "--yes", code=1).err
    assert "s3sync-move" not in heavy.index("raw/t5.tar")["tags"], "such a report is believed in nothing"
    for job in fake.jobs.values():
        job.status, job.succeeded, job.failed = "Active", 0, 0
    fake.cut = ""
    assert sorted(heavy.tag("t5", "t6", "--json").json["stores"][0]["done"]) == ["t5", "t6"]


def test_an_archive_that_was_sent_again_while_s3_was_at_it_is_told(heavy: Lab, fake: Batch) -> None:
    """What came since has no tag: its index must not say so."""
    fake.slow = 1
    heavy.tag("f2", "--yes", code=8)
    put(heavy.person.repo, "flat/f2/new.bin", bytes(200_000))
    heavy.run("archive", "run", "f2", "--set", "files", "--force")
    told = heavy.tag("f2", code=3)
    assert "it was sent again meanwhile" in told.err and "tagged:" not in told.out
    assert "s3sync-move" not in heavy.tags("flat/f2/new.bin")
    fake.slow = 0
    heavy.tag("f2", "--yes")
    assert "s3sync-move" in heavy.tags("flat/f2/new.bin")


def test_what_no_job_tags_is_refused(lab: Lab, fake: Batch, tmp_path: Path) -> None:
    for words, said in (
        (("--engine", "dask"), "no transition goes by dask"),
        (("--engine", "s3"), "is no engine"),
        (("--wait",), "goes with --engine s3-batch"),
    ):
        assert said in lab.run("archive", "transition", "m1", "--to", "GLACIER", *words, code=2).err
    assert "rules move nothing" not in lab.tag("m1", code=3).err
    put(lab.person.repo, "raw/m1/light.fits", b"m1" * 900)
    settings(lab.person, f"archives: {{s: {{store: {tmp_path.as_uri()}/v, source: 'raw/*'}}}}\n")
    lab.run("archive", "run", "--create")
    assert "no batch operations" in lab.tag("m1", "--yes", code=1).err and not fake.jobs


@pytest.fixture
def kept(ministack: MiniStack, fake: Batch, tmp_path: Path) -> Lab:
    """A bucket that keeps versions, with two archives of which they are known."""
    fake.begin_anew()
    lab = Lab(ministack, fake, tmp_path / "owner", SETS.replace("{storage_class}", "STANDARD"), SMALL)
    lab.s3.put_bucket_versioning(Bucket=lab.bucket, VersioningConfiguration={"Status": "Enabled"})
    for unit in ("n1", "n2"):
        put(lab.person.repo, f"raw/{unit}/light.fits", unit.encode() * 900)
    lab.run("archive", "run", "--set", "packed")
    assert lab.index("raw/n1.tar")["version_id"] and lab.index("raw/n2.tar")["version_id"]
    return lab


@pytest.mark.parametrize("deed", ["replaced", "deleted"])
def test_what_s3_reads_is_what_a_restore_reads(kept: Lab, deed: str) -> None:
    """An older version may be as it was sent: no restore reads it, and the bucket may drop it any day."""
    place = {"Bucket": kept.bucket, "Key": "deep/raw/n1.tar"}
    if deed == "replaced":
        kept.s3.put_object(Body=bytes(kept.index("raw/n1.tar")["size"]), **place)
    else:
        kept.s3.delete_object(**place)
    found = kept.verify("n1", "n2", "--yes", "--json", code=3).json
    assert [one["unit"] for one in found["wrong"]] == ["n1"] and found["verified"] == 1
    assert "never verified" in kept.how("n1") and "never verified" not in kept.how("n2")


def test_a_version_that_somebody_wrote_into_an_index_is_no_object_of_a_job(kept: Lab, fake: Batch) -> None:
    """Else S3 does with the owner's role, and at the owner's cost, what nobody was asked about."""
    for unit in ("n1", "n2"):
        told = kept.index(f"raw/{unit}.tar")
        told["version_id"] += f"\n{kept.bucket},deep/raw/m1.tar,null"
        body = json.dumps(told).encode()
        kept.s3.put_object(Bucket=kept.bucket, Key=f"deep/raw/{unit}.tar.index.json", Body=body)
    kept.run("archive", "catalogue", "rebuild")
    found = kept.verify("n1", "n2", "--yes", "--json").json
    assert found["verified"] == 2 and sum(job.succeeded + job.failed for job in fake.jobs.values()) == 2
