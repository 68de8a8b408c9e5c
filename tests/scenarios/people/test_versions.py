"""`cleanup` in a bucket with versioning says what stays and is billed, and `--versions` deletes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.transfers.conftest import NewOffice, Office, new_office

__all__ = ["new_office"]


@pytest.fixture(params=[pytest.param("moto"), pytest.param("ministack", marks=pytest.mark.ministack)])
def versioned(request: pytest.FixtureRequest, new_office: NewOffice) -> Iterator[Office]:
    server = request.getfixturevalue(request.param)
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
