"""Bad input in the middle of things: one clear error each, nothing lost, nothing removed."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.proxy import Proxy
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


REFUSALS = {
    "no right to tag": (403, "AccessDenied", "User is not authorized to perform: s3:PutObjectTagging on resource"),
    "an unknown class": (400, "InvalidStorageClass", "The storage class you specified is not valid"),
    "no such tags": (501, "NotImplemented", "A header you provided implies functionality that is not implemented"),
}


@pytest.mark.moto
@pytest.mark.parametrize("why", REFUSALS)
def test_what_the_store_refuses_for_its_tags_or_class_stays_on_the_disk(why: str, moto: Server, tmp_path: Path) -> None:
    """Uploads of the archive itself are refused. Nothing has its key, and without the refusal the next run sends it."""
    prefix = uuid.uuid4().hex
    with Proxy(moto.endpoint_url) as proxy:
        david = on(moto, tmp_path, prefix, "    storage_class: GLACIER_IR\n    tags: {archive: fast}\n")
        david.environ = {**david.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        put(david.repo, "raw/m42/a.fits", b"light")
        for operation in ("PutObject", "CreateMultipartUpload"):
            proxy.on(operation, key="*/m42.tar").reply(*REFUSALS[why])
        refused = david.run("archive", "run", "--delete-local", cwd=david.repo)
        assert refused.code in (1, 3) and "m42" in refused.err and "Traceback" not in refused.err
        assert (david.repo / "raw/m42/a.fits").exists()
        assert not moto.client("admin").list_objects_v2(Bucket=moto.bucket, Prefix=prefix).get("Contents")
        assert not david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]
        proxy.remove()
        david.ok("archive", "run", "--delete-local", cwd=david.repo)
        assert not (david.repo / "raw/m42").exists()


@pytest.mark.moto
def test_without_the_right_to_tag_a_move_by_tag_changes_nothing(moto: Server, tmp_path: Path) -> None:
    with Proxy(moto.endpoint_url) as proxy:
        david = on(moto, tmp_path, uuid.uuid4().hex)
        david.environ = {**david.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        put(david.repo, "raw/m42/a.fits", bytes(300_000))
        david.ok("archive", "run", cwd=david.repo)
        before = david.ok("archive", "show", "m42", "--json", cwd=david.repo).json["archives"]
        proxy.on("PutObjectTagging").reply(*REFUSALS["no right to tag"])
        words = ("archive", "transition", "m42", "--to", "GLACIER", "--by-tag", "--yes")
        refused = david.expect(3, *words, cwd=david.repo)
        assert "m42" in refused.err and "Traceback" not in refused.err and "to allow s3:PutObjectTagging" in refused.err
        assert david.ok("archive", "show", "m42", "--json", cwd=david.repo).json["archives"] == before
        proxy.remove()
        proxy.on("PutObjectTagging").reply(403, "AccessDenied", "not authorized to perform: s3:PutBucketPolicy on it")
        other = david.expect(3, *words, cwd=david.repo)
        assert "to allow s3:PutBucketPolicy" not in other.err, "a right that we never need is not asked for"
        david.ok("archive", "verify", "m42", "--deep", cwd=david.repo)


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
    index = json.loads(client.get_object(Bucket=bucket, Key="m42.tar.index.json")["Body"].read())
    (version,) = client.list_object_versions(Bucket=bucket, Prefix="m42.tar")["Versions"][:1]
    assert (version["Key"], version["VersionId"]) == ("m42.tar", index["version_id"])
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
