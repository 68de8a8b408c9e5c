"""`cleanup` in a bucket with versioning says what stays and is billed, and `--versions` deletes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from s3sync import CleanupReport, Project
from tests.kit.people import PROJECT, REPO
from tests.kit.proxy import Request
from tests.kit.servers import Moto, Server
from tests.scenarios.transfers.conftest import NewOffice, Office, new_office

__all__ = ["new_office"]


@pytest.fixture(params=[pytest.param("moto"), pytest.param("ministack", marks=pytest.mark.ministack)])
def versioned(request: pytest.FixtureRequest, new_office: NewOffice) -> Iterator[Office]:
    server = request.getfixturevalue(request.param)
    with server.with_new_bucket() if isinstance(server, Moto) else nullcontext():
        office = new_office(server)
        office.s3.put_bucket_versioning(Bucket=server.bucket, VersioningConfiguration={"Status": "Enabled"})
        yield office
        office.s3.put_bucket_versioning(Bucket=server.bucket, VersioningConfiguration={"Status": "Suspended"})


def test_b12_cleanup_tells_the_old_versions_and_deletes_them_when_asked(versioned: Office) -> None:
    david, prefix = versioned.david, f"{versioned.prefix}/"
    for content in ("first", "second"):
        david.write("a.mp4", content)
        david.write("cut/b.mp4", f"{content} b")
        david.ok("up")
    report = david.ok("cleanup", "--yes", "--json").json
    assert report["old_versions"]["count"] >= 6 and report["old_versions"]["size_bytes"] > 20
    david.ok("up", "--again")
    said = david.ok("cleanup", "--yes").out
    assert "stay and are billed" in said and "--versions" in said
    asked = david.expect(5, "cleanup", "--versions", answer="n\n")
    assert (
        "permanently" in asked.err
        and "a.mp4 (an old version" in asked.err
        and "old versions that the bucket" in asked.err
    )
    david.ok("up", "--again")
    report = david.ok("cleanup", "a.mp4", "--yes", "--json").json
    report = david.ok("cleanup", "--versions", "--yes", "--json").json
    assert report["versions_deleted"] > 6 and report["old_versions"]["count"] <= 2
    found = versioned.s3.list_object_versions(Bucket=versioned.server.bucket, Prefix=prefix)
    left = [item for item in found.get("Versions", []) if not item["Key"].endswith("metadata.json")]
    assert left == [] and david.read("a.mp4") == b"second"


def test_b12_what_others_see_and_what_the_neighbour_has_stays(versioned: Office) -> None:
    """A project whose name begins like this one's, a file that nobody cleaned up, and its current version."""
    david = versioned.david
    neighbour = david.repo / f"{PROJECT}-2"
    (neighbour / "s3-staging").mkdir(parents=True)
    for content in ("first", "second", "third"):
        (neighbour / "s3-staging" / "n.mp4").write_text(content)
        david.ok("up", cwd=neighbour)
        for name in ("a.mp4", "cut/b.mp4"):
            david.write(name, f"{content} {name}")
        david.ok("sync")

    def count(project: str) -> int:
        prefix = f"{versioned.prefix}/{REPO}/{project}/"
        found = versioned.s3.list_object_versions(Bucket=versioned.server.bucket, Prefix=prefix)
        return len(found.get("Versions", [])) + len(found.get("DeleteMarkers", []))

    before = count(f"{PROJECT}-2")
    assert before >= 3
    asked = david.expect(5, "cleanup", "a.mp4", "--versions", answer="n\n")
    assert "a.mp4" in asked.err and "n.mp4" not in asked.err
    dry = david.ok("cleanup", "a.mp4", "--versions", "--dry-run", "--json").json
    assert dry["dry_run"] is True and count(f"{PROJECT}-2") == before
    david.ok("cleanup", "a.mp4", "--versions", "--yes")
    assert count(f"{PROJECT}-2") == before
    assert versioned.stored("cut/b.mp4") == b"third cut/b.mp4"
    versioned.jan.ok("down")
    assert versioned.jan.files().keys() == {"cut/b.mp4"}
    david.ok("status", "--exit-code")
    david.ok("status", "--exit-code", cwd=neighbour)


def test_b12_what_became_an_old_version_after_the_question_was_asked_stays(versioned: Office) -> None:
    """Others replace and delete while David reads it, and rely on the bucket. What his own run deletes goes."""
    david, prefix, s3 = versioned.david, f"{versioned.prefix}/{REPO}/{PROJECT}/", versioned.s3
    for name in ("a.mp4", "b.mp4"):
        david.write(name, f"first {name}")
    david.ok("up")
    david.write("a.mp4", "second a.mp4")
    david.ok("up")
    bucket = versioned.server.bucket
    for name in ("theirs.mp4", "gone.mp4", "back.mp4"):
        s3.put_object(Bucket=bucket, Key=prefix + name, Body=f"only {name}".encode())

    def meanwhile(report: CleanupReport) -> bool:
        assert report.old_versions >= 1
        s3.put_object(Bucket=bucket, Key=f"{prefix}theirs.mp4", Body=b"edited")
        s3.delete_object(Bucket=bucket, Key=f"{prefix}gone.mp4")
        s3.put_object(Bucket=bucket, Key=f"{prefix}b.mp4", Body=b"another b.mp4")
        return True

    project = Project.open(PROJECT, path=david.project, environ=david.env())
    done = project.cleanup(versions=True, confirm=meanwhile)
    assert [item.name for item in done.deleted] == ["a.mp4"] and done.versions_deleted >= 2
    found = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
    left = {
        s3.get_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])["Body"].read().decode()
        for item in found["Versions"]
        if item["Key"].endswith(".mp4")
    }
    assert left == {"only theirs.mp4", "edited", "only gone.mp4", "only back.mp4", "first b.mp4", "another b.mp4"}
    assert "gone.mp4" not in versioned.jan.states(), "what they deleted is not seen again"


def test_b12_the_question_names_no_record_of_ours_and_no_file_of_a_users_is_taken_for_one(versioned: Office) -> None:
    david = versioned.david
    for content in ("first", "second"):
        david.write("a.mp4", content)
        david.write("exports/metadata.json", f"{content} export")
        david.ok("up")
    david.ok("doctor")
    asked = david.expect(5, "cleanup", "--versions", answer="n\n").err
    assert "a.mp4 (an old version" in asked and "exports/metadata.json (an old version" in asked
    assert ".s3sync" not in asked and "/parts/" not in asked and "\n  metadata.json" not in asked


def test_b4_versions_that_object_lock_keeps_are_said_and_nothing_becomes_visible_again(
    moto: Server, new_office: NewOffice
) -> None:
    """Also what a copy needs there: a checksum, though it has no body."""
    office = new_office(moto)
    bucket, david, jan = "kept-by-rule", office.david, office.jan
    office.s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    office.s3.put_object_lock_configuration(
        Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    for person in (david, jan):
        person.environ = {**person.environ, "S3SYNC_STORE": f"s3://{bucket}/{office.prefix}"}
    david.write("a.mp4", "the film")
    david.write("b.mov", os.urandom(20_000_000))
    david.write("stays.wav", "sound")
    david.ok("up")
    jan.ok("down")
    (jan.staging / "a.mp4").unlink()
    jan.write("b.mov", jan.read("b.mov") + b"longer")
    report = jan.ok("sync", "--json").json
    assert report["failed"] == [] and len(report["deleted"]) == 1 and report["bytes_sent"] < 15_000_000
    assert {one["name"] for one in jan.ok("trash", "list", "--remote", "--json").json["files"]} == {"a.mp4", "b.mov"}
    jan.ok("trash", "restore", "a.mp4")
    jan.ok("up")
    ended = jan.expect(3, "cleanup", "--versions", "--force", "--yes")
    assert "some cannot be deleted: Access Denied" in ended.err and "Object Lock" in ended.err
    assert "b.mov (20.0 MB) - deleted on the remote permanently" in ended.out
    assert set(jan.states().values()) == {"cleaned_up"}


@pytest.mark.ministack
@pytest.mark.parametrize(("is_marker", "nth"), [(False, 2), (True, 3)], ids=["a version", "a delete marker"])
def test_b12_what_others_send_under_the_id_of_an_old_version_stays(
    ministack: Server, new_office: NewOffice, is_marker: bool, nth: int
) -> None:
    """Where versioning is not enabled, what is written has one id, and takes the place of what had it."""
    office = new_office(ministack)
    david, jan, listings = office.david, office.jan, list[str]()

    def set_versioning(status: str) -> None:
        office.s3.put_bucket_versioning(Bucket=ministack.bucket, VersioningConfiguration={"Status": status})

    def send(request: Request) -> None:
        """Jan sends once it was listed what is to go."""
        if request.query.get("prefix", "").endswith(f"/{REPO}/{PROJECT}/"):
            listings.append(request.query["prefix"])
            if len(listings) == nth:
                jan.write("a.mp4", "what Jan sends meanwhile")
                jan.ok("up", "--again")

    david.write("a.mp4", "one")
    david.ok("up")
    jan.ok("down")
    set_versioning("Enabled")
    jan.write("a.mp4", "two")
    jan.ok("up")
    if is_marker:
        david.ok("down")
    set_versioning("Suspended")
    office.proxy.on("ListObjectVersions").after(send)
    david.ok("cleanup", "--versions", "--yes")
    assert len(listings) >= nth
    assert office.stored("a.mp4") == b"what Jan sends meanwhile"
