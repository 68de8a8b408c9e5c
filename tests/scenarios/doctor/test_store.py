"""What the doctor says of stores: good ones, and each way in which one can be wrong. It leaves nothing behind."""

from __future__ import annotations

import os
import re
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from s3sync.api import Project
from s3sync.doctor import bucket as bucket_room
from s3sync.doctor import conditions
from s3sync.doctor.report import DoctorReport
from s3sync.store import StoreOptions, bucket_of, open_store
from tests.kit.people import PROJECT, REPO, Person, tree
from tests.kit.proxy import Proxy
from tests.kit.servers import MiniStack, Moto, SeaweedFS, Server
from tests.scenarios.doctor.conftest import CONDITIONAL, NewPatient, by_name, examine, keys_of, levels, not_ok

DOCS = Path(__file__).parents[3] / "docs"
BUCKET_CHECKS = ["encryption", "public_access", "lifecycle", "versioning", "object_lock", "acceleration"]


def behind(server: Server) -> Proxy:
    return Proxy(server.endpoint_url, {who.access_key: who.secret_key for who in server.users.values()})


def test_a_folder_store_in_order(new_patient: NewPatient, tmp_path: Path) -> None:
    david = new_patient()
    david.ok("up")
    store = tmp_path / "store" / REPO
    before = tree(store), david.files()
    document = david.ok("doctor", "--json").json
    assert list(document) == ["schema", "command", "project", "repo", "store", "checks", "counts", "fixed", "exit_code"]
    assert (document["project"], document["repo"]) == (PROJECT, REPO)
    assert all(list(check) == ["name", "level", "found", "hint"] for check in document["checks"])
    found = {check["name"]: check["level"] for check in document["checks"]}
    documented = (DOCS / "json.md").read_text("utf-8").split("under one of these names:")[1].split("\n\n")[0]
    assert re.findall(r"`(\w+)`", documented) == list(found)
    skipped = {"credentials", "clock", "tags", *BUCKET_CHECKS}
    assert {name for name, level in found.items() if level != "ok"} == skipped
    assert all(found[name] == "ok" for name in CONDITIONAL)
    assert document["counts"] == {"ok": len(found) - 9, "warn": 0, "fail": 0, "skipped": 9}
    assert (tree(store), david.files()) == before
    assert not (store / PROJECT / ".s3sync" / "doctor").exists()
    said = david.ok("doctor", "--verbose").out.splitlines()
    assert len([line for line in said if "hint: " not in line]) == len(found) + 1 and said[-1].startswith("Summary: ")
    assert len(david.ok("doctor").out.splitlines()) < len(found), "what is skipped for one reason takes one line"
    assert david.ok("doctor", "--quiet").out == ""


@pytest.mark.seaweedfs
def test_seaweedfs_in_order(new_patient: NewPatient, seaweedfs: SeaweedFS) -> None:
    david = new_patient(seaweedfs)
    david.ok("up")
    before = keys_of(seaweedfs, david)
    report = examine(david)
    assert not_ok(report) == {"encryption": "skipped", "object_lock": "skipped", "lifecycle": "warn"}
    assert report.exit_code == 0
    assert keys_of(seaweedfs, david) == before


@pytest.mark.ministack
def test_the_rights_of_each_kind_of_member(new_patient: NewPatient, ministack: MiniStack) -> None:
    """How the shared bucket is set up, which other tests change, is none of theirs."""

    def of_rights(report: DoctorReport) -> dict[str, str]:
        return {name: level for name, level in not_ok(report).items() if name not in BUCKET_CHECKS}

    david = new_patient(ministack)
    assert of_rights(examine(david)) == {}
    reader = new_patient(ministack, "reader")
    report = examine(reader)
    writing = dict.fromkeys(["multipart", "tags", *CONDITIONAL], "skipped")
    assert of_rights(report) == {"write": "warn", "delete": "warn", **writing}
    found = by_name(report)
    assert "s3:PutObject" in (found["write"].hint or "") and "`down`" in (found["write"].hint or "")
    assert found["multipart"].found == found["conditional_create"].found == "needs write"
    stranger = new_patient(ministack, "stranger")
    result = stranger.expect(1, "doctor")
    assert "fail    list: could not list" in result.out and "fail    read: could not read" in result.out
    assert "ok      credentials" in result.out and "ok      state database" in result.out
    for person in (david, reader, stranger):
        assert keys_of(ministack, person) == []


@pytest.mark.ministack
def test_nothing_is_written_that_may_not_be_deleted_again(new_patient: NewPatient, ministack: MiniStack) -> None:
    with behind(ministack) as proxy:
        david = new_patient(ministack, endpoint=proxy.endpoint_url)
        proxy.on("DeleteObject").reply(403, "AccessDenied")
        found = by_name(examine(david))
        assert proxy.counts["PutObject"].requests == 0
    assert (found["write"].level, found["delete"].level, found["multipart"].level) == ("ok", "warn", "ok")
    assert "s3:DeleteObject" in (found["delete"].hint or "")
    assert {found[name].found for name in CONDITIONAL} == {"needs delete"}
    assert keys_of(ministack, david) == []


@pytest.mark.seaweedfs
def test_conditions_that_are_accepted_and_ignored(new_patient: NewPatient, seaweedfs: SeaweedFS) -> None:
    cases = {
        "PutObject": ["conditional_create", "conditional_replace"],
        "DeleteObject": ["conditional_delete"],
        "CompleteMultipartUpload": ["conditional_complete"],
        "CopyObject": ["conditional_copy"],
    }
    with behind(seaweedfs) as proxy:
        david = new_patient(seaweedfs, endpoint=proxy.endpoint_url)
        session = Project.open(path=david.project, environ=david.env()).session
        for operation, expected in cases.items():
            rule = proxy.on(operation).ignore_conditions()
            made = conditions.checks(session.store, f"{session.project.prefix}.s3sync/doctor/", None)
            found = {check.name: check for check in made}
            proxy.remove(rule)
            assert [name for name in CONDITIONAL if found[name].level == "warn"] == expected
            assert all("accepted and ignored" in found[name].found and found[name].hint for name in expected)
            assert all(found[name].level == "ok" for name in CONDITIONAL if name not in expected)
        proxy.on("CopyObject").reply(403, "AccessDenied")
        copy = by_name(examine(david))["conditional_copy"]
        assert copy.level == "warn" and "could not be tried" in copy.found
    assert keys_of(seaweedfs, david) == []


@pytest.mark.ministack
def test_the_clock(new_patient: NewPatient, ministack: MiniStack) -> None:
    with behind(ministack) as proxy:
        david = new_patient(ministack, endpoint=proxy.endpoint_url)

        def told(minutes: int) -> str:
            return format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)

        for minutes, level, words in ((6, "warn", "6 minutes behind"), (-20, "fail", "20 minutes ahead of")):
            rule = proxy.on().response_header("Date", told(minutes))
            report = examine(david)
            proxy.remove(rule)
            clock = by_name(report)["clock"]
            assert clock.level == level and (level == "warn" or report.exit_code == 1)
            assert words in clock.found and "set this computer's clock" in (clock.hint or "")
        proxy.on("ListObjectsV2").reply(403, "RequestTimeTooSkewed", headers={"Date": told(20)})
        found = by_name(examine(david))
    assert found["clock"].level == "fail" and "20 minutes behind" in found["clock"].found
    assert found["bucket"].found == found["write"].found == "needs clock"


@pytest.mark.ministack
def test_what_keeps_the_rest_away_is_named_once(new_patient: NewPatient, ministack: MiniStack, moto: Moto) -> None:
    david = new_patient(ministack)
    good = dict(david.environ)
    david.environ = {**good, "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXA"}
    result = david.expect(1, "doctor", "--json")
    found = {check["name"]: check for check in result.json["checks"]}
    assert found["credentials"]["level"] == "fail" and "check AWS_ACCESS_KEY_ID" in found["credentials"]["hint"]
    assert found["bucket"]["found"] == found["list"]["found"] == "needs credentials"
    assert found["state_database"]["level"] == found["disk"]["level"] == "ok"
    assert "wJalrXUtnFEMI" not in result.out + result.err
    david.environ = {**moto.environment(), "S3SYNC_STORE": "s3://no-such-bucket/team"}
    report = examine(david)
    assert [name for name, level in levels(report).items() if level == "fail"] == ["bucket"]
    assert by_name(report)["bucket"].found.endswith(f"there is no bucket no-such-bucket at {moto.endpoint_url}")
    assert by_name(report)["write"].found == "needs bucket"
    (david.repo / ".s3sync.yaml").write_text("stoer: s3://x\n")
    report = examine(david)
    assert [name for name, level in levels(report).items() if level in ("fail", "ok")] == ["versions", "settings"]
    assert "stoer" in by_name(report)["settings"].found and report.exit_code == 1


@pytest.mark.ministack
def test_how_the_bucket_is_set_up(new_patient: NewPatient, ministack: MiniStack) -> None:
    admin, bucket = ministack.client("admin"), "doctors-bucket"
    admin.create_bucket(Bucket=bucket)
    ministack.users["root"] = ministack.admin
    david = new_patient(ministack, "root")
    del ministack.users["root"]
    david.environ = {**david.environ, "S3SYNC_STORE": f"s3://{bucket}"}

    def rule(**more: object) -> None:
        rules = [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, **more}]
        admin.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    session = Project.open(path=david.project, environ=david.env()).session

    def looks(name: str) -> tuple[str, str]:
        made = bucket_room.checks(bucket_of(session.store), session.project.prefix)
        return next((check.level.value, check.found) for check in made if check.name == name)

    aborting = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
    rule(**aborting)
    assert looks("lifecycle") == ("ok", "interrupted uploads end after 7 days")
    rule(**aborting, Filter={"Prefix": f"{REPO}/another/"})
    assert looks("lifecycle")[0] == "warn"
    rule(**aborting, Expiration={"Days": 30})
    assert looks("lifecycle") == ("warn", "a rule deletes the project's files when they are old")
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert looks("versioning")[1].startswith("on:") and "NoncurrentVersionExpiration" in looks("versioning")[1]
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert looks("object_lock") == looks("acceleration") == ("ok", "off")
    admin.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"})
    assert "s3sync config set accelerate true" in looks("acceleration")[1]
    admin.delete_public_access_block(Bucket=bucket)
    assert looks("public_access")[0] == "warn"
    ownership = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    admin.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=ownership)
    admin.put_bucket_acl(Bucket=bucket, ACL="public-read")
    report = examine(david)
    assert not_ok(report) == {"public_access": "fail", "lifecycle": "warn"} and report.exit_code == 1
    assert "by its ACL" in by_name(report)["public_access"].found


def test_what_object_lock_keeps_is_said(moto: Moto) -> None:
    admin, bucket = moto._client(moto.admin), f"locked-{uuid.uuid4().hex}"
    admin.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    options = StoreOptions(endpoint_url=moto.endpoint_url, env=moto.environment("david"))

    def said() -> str:
        made = bucket_room.checks(bucket_of(open_store(f"s3://{bucket}", options)), "film/")
        return next(check.found for check in made if check.name == "object_lock" and check.level.value == "ok")

    assert said() == "on, and keeps only what somebody locks"
    for period, words in (({"Days": 1}, "during 1 day,"), ({"Years": 2}, "during 730 days,")):
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", **period}}
        locked = {"ObjectLockEnabled": "Enabled", "Rule": rule}
        admin.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=locked)
        assert said().startswith("on (COMPLIANCE): each version") and words in said()


@pytest.mark.seaweedfs
def test_a_server_that_knows_no_such_settings(new_patient: NewPatient, seaweedfs: SeaweedFS) -> None:
    with behind(seaweedfs) as proxy:
        david = new_patient(seaweedfs, endpoint=proxy.endpoint_url)
        for operation in ("GetBucket*", "GetPublicAccessBlock", "GetObjectLock*"):
            proxy.on(operation).reply(501, "NotImplemented")
        report = examine(david)
    found = by_name(report)
    assert not_ok(report) == dict.fromkeys(BUCKET_CHECKS, "skipped") and report.exit_code == 0
    assert {found[name].found for name in BUCKET_CHECKS} == {"this store does not say (NotImplemented)"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o2770, "that its group may write"), (0o700, "of yours alone"), (0o755, "and everybody may read")],
)
def test_f54_a_folder_store_says_who_may_read_and_write(tmp_path: Path, mode: int, words: str) -> None:
    nas = tmp_path / "nas"
    nas.mkdir()
    nas.chmod(mode)
    david = Person("david", tmp_path / "david")
    david.ok("init", PROJECT, "--store", f"file://{nas}", "--repo", REPO, cwd=david.repo)
    assert words in david.run("doctor").out
