"""Archiving with the rights of docs/iam-policy.md, and with one of them missing."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person
from tests.kit.servers import Credentials, MiniStack
from tests.scenarios.archive.conftest import put, settings

DOCS = Path(__file__).parents[3] / "docs"
SET = """
region: us-east-1
endpoint_url: {endpoint}
archives:
  sessions:
    store: s3://{bucket}/archives
    source: raw/*
    pack: tar
    tags: {{archive: fast}}
"""


def policy_of(bucket: str, without: str | None) -> str:
    text = (DOCS / "iam-policy.md").read_text("utf-8").split("## Who archives")[1]
    policy: dict[str, Any] = json.loads(re.findall("```json\n(.*?)```", text, re.DOTALL)[0])
    for statement in policy["Statement"]:
        actions = statement["Action"]
        statement["Action"] = [one for one in ([actions] if isinstance(actions, str) else actions) if one != without]
    return json.dumps(policy).replace("OUR-ARCHIVE", bucket)


def member(server: MiniStack, root: Path, without: str | None = None) -> tuple[Person, Any, str]:
    """Somebody with the documented rights but one, on a bucket of its own."""
    bucket, name = f"vault-{uuid.uuid4().hex[:12]}", f"ana-{uuid.uuid4().hex[:8]}"
    admin = server.client("admin")
    admin.create_bucket(Bucket=bucket)
    iam = server._client(server.admin, "iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="archive", PolicyDocument=policy_of(bucket, without))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    server.users[name] = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    person = Person("ana", root / "ana", server.environment(name))
    settings(person, SET.format(endpoint=server.environment()["AWS_ENDPOINT_URL"], bucket=bucket))
    put(person.repo, "raw/m31/light.fits", bytes(200_000))
    return person, admin, bucket


@pytest.mark.ministack
def test_the_documented_rights_are_enough(ministack: MiniStack, tmp_path: Path) -> None:
    ana, admin, bucket = member(ministack, tmp_path)
    ana.ok("archive", "run", cwd=ana.repo)
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    ana.ok("archive", "catalogue", "check", cwd=ana.repo)
    theirs = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}
    admin.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [theirs]})
    ana.ok("archive", "lifecycle", "apply", "--yes", cwd=ana.repo)
    rules = admin.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {rule["ID"] for rule in rules} >= {"s3sync-archive-archive-fast@archives/", "logs"}
    assert "nothing to change" in ana.ok("archive", "lifecycle", "diff", cwd=ana.repo).out
    ana.ok("archive", "lifecycle", "remove", "--yes", cwd=ana.repo)
    left = admin.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [(rule["ID"], rule["Expiration"]["Days"]) for rule in left] == [("logs", 30)]
    ana.ok("archive", "cost", "--region", "us-east-1", cwd=ana.repo)
    ana.ok("archive", "transition", "m31", "--to", "GLACIER_IR", "--yes", cwd=ana.repo)
    assert admin.head_object(Bucket=bucket, Key="archives/m31.tar")["StorageClass"] == "GLACIER_IR"
    ana.ok("restore", "m31", "--to", "back", "--yes", cwd=ana.repo)
    refused = ana.expect(3, "archive", "remove", "m31", "--yes", cwd=ana.repo)
    assert "s3:DeleteObject" in refused.err or "not allowed" in refused.err or "denied" in refused.err
    admin.head_object(Bucket=bucket, Key="archives/m31.tar")


@pytest.mark.ministack
def test_without_the_right_to_set_rules_nothing_changes(ministack: MiniStack, tmp_path: Path) -> None:
    ana, admin, bucket = member(ministack, tmp_path, without="s3:PutLifecycleConfiguration")
    rule = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}
    admin.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    refused = ana.expect(1, "archive", "lifecycle", "apply", "--yes", cwd=ana.repo)
    assert refused.err.startswith("error: ") and "hint: " in refused.err
    assert [one["ID"] for one in admin.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]] == ["logs"]


@pytest.mark.ministack
def test_without_the_right_to_read_rules_costs_say_what_they_counted_with(ministack: MiniStack, tmp_path: Path) -> None:
    ana, _, _ = member(ministack, tmp_path, without="s3:GetLifecycleConfiguration")
    ana.ok("archive", "run", cwd=ana.repo)
    ana.expect(1, "archive", "lifecycle", cwd=ana.repo)
    told = ana.ok("archive", "cost", "--region", "us-east-1", cwd=ana.repo)
    assert "are not known, and those of the sets were taken" in told.err
