"""Bad input in the middle of things: one clear error each, nothing lost, nothing removed."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.servers import MiniStack, Server
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_rights import member
from tests.scenarios.archive.test_servers import on


@pytest.mark.moto
def test_a_class_that_does_not_exist_is_refused_before_anything_is_sent(moto: Server, tmp_path: Path) -> None:
    david = on(moto, tmp_path, prefix := uuid.uuid4().hex, "    storage_class: GLACIER_FLEXIBLE_RETRIEVAL\n")
    put(david.repo, "raw/m42/a.fits", b"light")
    refused = david.run("archive", "run", "--delete-local", cwd=david.repo)
    assert refused.code in (1, 2, 3) and "GLACIER" in refused.err and "Traceback" not in refused.err
    assert (david.repo / "raw/m42/a.fits").exists()
    assert not moto.client("admin").list_objects_v2(Bucket=moto.bucket, Prefix=prefix).get("Contents")


@pytest.mark.ministack
def test_without_the_right_to_thaw_a_cold_unit_stays_cold_and_that_is_said(
    ministack: MiniStack, tmp_path: Path
) -> None:
    ana, admin, bucket = member(ministack, tmp_path, without="s3:RestoreObject")
    path = ana.repo / ".s3sync.yaml"
    path.write_text(path.read_text() + "    storage_class: DEEP_ARCHIVE\n")
    ana.ok("archive", "run", cwd=ana.repo)
    refused = ana.run("restore", "m31", "--to", "back", "--yes", cwd=ana.repo)
    assert refused.code in (1, 3) and "m31" in refused.err and "Traceback" not in refused.err
    assert "hint: " in refused.err and not list((ana.repo / "back").rglob("*.fits"))
    assert "Restore" not in admin.head_object(Bucket=bucket, Key="archives/m31.tar")


@pytest.mark.ministack
def test_without_the_right_to_tag_nothing_leaves_the_disk(ministack: MiniStack, tmp_path: Path) -> None:
    ana, _, _ = member(ministack, tmp_path, without="s3:PutObjectTagging")
    refused = ana.run("archive", "run", "--delete-local", cwd=ana.repo)
    if refused.code == 0:
        pytest.skip("ministack asks for no right to tag with an upload")
    assert "m31" in refused.err and "Traceback" not in refused.err
    assert (ana.repo / "raw/m31/light.fits").exists()


@pytest.mark.moto
def test_a_bucket_of_versions_with_a_delete_marker_tells_that_the_archive_is_gone(moto: Server, tmp_path: Path) -> None:
    bucket = f"kept-{uuid.uuid4().hex[:12]}"
    client = moto.client("admin")
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    david = Person("david", tmp_path / "david", moto.environment("david"))
    settings(david, f"archives:\n  sessions:\n    store: s3://{bucket}\n    source: raw/*\n    layout: '{{id}}'\n")
    put(david.repo, "raw/m42/a.fits", os.urandom(1000))
    david.ok("archive", "run", cwd=david.repo)
    client.delete_object(Bucket=bucket, Key="m42.tar")
    gone = david.expect(3, "archive", "run", "--delete-local", cwd=david.repo)
    assert "is gone" in gone.err and (david.repo / "raw/m42/a.fits").exists()
    assert "is gone" in david.expect(3, "archive", "verify", cwd=david.repo).err
    back = david.run("restore", "m42", "--to", "back", cwd=david.repo)
    assert back.code in (1, 3) and "gone" in back.err
    (marker,) = client.list_object_versions(Bucket=bucket, Prefix="m42.tar")["DeleteMarkers"]
    client.delete_object(Bucket=bucket, Key="m42.tar", VersionId=marker["VersionId"])
    david.ok("archive", "verify", "--deep", cwd=david.repo)
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
