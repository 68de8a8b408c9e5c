"""`setup bucket|policy|member|check` on a server that has IAM: what the policy allows works, and nothing else does."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.kit.clients import form_of, post, said
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.servers import Credentials, MiniStack

pytestmark = pytest.mark.ministack


@pytest.fixture
def owner(ministack: MiniStack, tmp_path: Path) -> tuple[Person, str, Any]:
    """Who looks after the account, a bucket that is not there yet, and his client."""
    bucket = f"team-{uuid.uuid4().hex[:12]}"
    ministack.users["owner"] = ministack.admin
    person = Person("owner", tmp_path / "owner", ministack.environment("owner"))
    place = {"S3SYNC_STORE": f"s3://{bucket}/media", "AWS_REGION": "us-east-1"}
    person.environ = {**person.environ, **place}
    (person.repo / ".s3sync.yaml").write_text(f"repo: {REPO}\n")
    return person, bucket, ministack.client("admin")


def refused(call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    return False


def test_the_bucket_is_made_and_configured_once(owner: tuple[Person, str, Any]) -> None:
    person, bucket, s3 = owner
    told = person.expect(7, "setup", "bucket", "--check-only")
    assert f"create {bucket} in us-east-1" in told.out and "also what exists nowhere else" in told.out
    person.ok("setup", "bucket", "--dry-run")
    asked = person.expect(5, "setup", "bucket", answer="n\n")
    assert f"create {bucket}" in asked.err and "[y/N]" in asked.err
    with pytest.raises(ClientError):
        s3.head_bucket(Bucket=bucket)
    done = person.ok("setup", "bucket", "--enable-versioning", "--yes", "--json").json
    assert done["done"] == ["bucket", "encryption", "public_access", "versioning", "lifecycle", "cors"], done
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values()) and len(block) == 4
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert rules[f"s3sync-bucket-trash-of-{REPO}@media/"]["Filter"] == {"Prefix": f"media/{REPO}/.s3sync/trash/"}
    again = person.ok("setup", "bucket", "--enable-versioning", "--yes")
    assert "nothing to change" in again.out
    assert person.ok("setup", "check", "--json").json["exit_code"] == 0
    assert person.expect(7, "setup", "check", "--trash-days", "0").out.count("remove:") == 1
    person.ok("setup", "bucket", "--trash-days", "0", "--yes")
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert not any("trash" in name for name in rules) and len(rules) == 5


def test_rules_of_others_survive(owner: tuple[Person, str, Any]) -> None:
    person, bucket, s3 = owner
    s3.create_bucket(Bucket=bucket)
    theirs = [
        {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}},
        {
            "ID": "s3sync-archive-archive-fast@media/",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "media/", "Tags": [{"Key": "archive", "Value": "fast"}]}},
            "Transitions": [{"Days": 7, "StorageClass": "DEEP_ARCHIVE"}],
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": theirs})
    site = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.org"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [site]})
    person.ok("setup", "bucket", "--yes")
    names = {rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert names > {"theirs", "s3sync-archive-archive-fast@media/"} and len(names) == 8
    origins = [rule["AllowedOrigins"] for rule in s3.get_bucket_cors(Bucket=bucket)["CORSRules"]]
    assert origins == [["https://example.org"], ["*"]]
    assert s3.get_bucket_versioning(Bucket=bucket).get("Status") is None, "only when it is asked for"


def as_member(server: MiniStack, root: Path, owner: Person, name: str, told: dict[str, Any]) -> Person:
    server.users[name] = Credentials(told["access_key_id"], told["secret_access_key"])
    person = Person(name, root / name, {**server.environment(name), "S3SYNC_STORE": owner.environ["S3SYNC_STORE"]})
    (person.repo / ".s3sync.yaml").write_text(f"repo: {REPO}\n")
    (person.project / "s3-staging").mkdir(parents=True)
    return person


def test_what_the_policy_allows_works_and_everything_else_is_refused(
    owner: tuple[Person, str, Any], ministack: MiniStack, tmp_path: Path
) -> None:
    person, bucket, s3 = owner
    person.ok("setup", "bucket", "--yes", "--enable-versioning")
    name = f"jan-{uuid.uuid4().hex[:6]}"
    assert "make the user" in person.expect(5, "setup", "member", name, answer="n\n").err
    assert "make the user" in person.expect(7, "setup", "check", "--member", name, "--versions").out
    told = person.ok("setup", "member", name, "--versions", "--yes", "--json").json
    assert told["to_do"] == ["make the user", "set the policy", "make an access key"]
    person.ok("setup", "check", "--enable-versioning", "--member", name, "--versions")
    jan = as_member(ministack, tmp_path, person, name, told)
    for content in ("first", "second"):
        jan.write("a.mp4", content)
        jan.write("big.mov", bytes(9_000_000))
        jan.ok("sync")
    (jan.staging / "big.mov").unlink()
    for words in (("sync",), ("status",), ("lock", "a.mp4"), ("unlock", "a.mp4"), ("transfers",), ("trash", "list")):
        jan.ok(*words)
    old = next(one for one in jan.ok("versions", "a.mp4", "--json").json["versions"] if one["where"] == "old_version")
    jan.ok("down", "a.mp4", "--version", old["id"])
    assert jan.read("a.mp4") == b"first"
    (opened,) = jan.ok("receive", "--json").json["inboxes"]
    assert post(form_of(opened["url"]), b"film of a client", said("film.mov", "Anna")) == 201
    assert [one["by"] for one in jan.ok("down", "--json").json["received"]] == ["client:Anna"]
    jan.ok("receive", "--end", opened["id"])
    jan.ok("cleanup", "--yes", "--force")
    client, iam = ministack.client(name), ministack._client(ministack.users[name], "iam")
    s3.put_object(Bucket=bucket, Key=f"media/{REPO}-private/x", Body=b"x")
    for call, arguments in (
        (client.get_object, {"Key": f"media/{REPO}-private/x"}),
        (client.put_object, {"Key": f"media/{REPO}-private/y", "Body": b""}),
        (client.put_object, {"Key": "elsewhere", "Body": b""}),
        (client.delete_object, {"Key": f"media/{REPO}-private/x"}),
        (client.list_objects_v2, {}),
        (client.list_objects_v2, {"Prefix": f"media/{REPO}-private/"}),
        (client.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Suspended"}}),
        (client.put_bucket_lifecycle_configuration, {"LifecycleConfiguration": {"Rules": []}}),
        (client.put_bucket_policy, {"Policy": "{}"}),
        (client.delete_bucket, {}),
    ):
        assert refused(call, Bucket=bucket, **arguments), (call, arguments)
    assert refused(iam.create_user, UserName="mallory") and refused(iam.create_access_key, UserName=name)
    no = jan.run("setup", "member", "mallory", "--yes", cwd=jan.repo)
    assert no.code == 1 and "Traceback" not in no.err and told["secret_access_key"] not in no.err + no.out
    asked = jan.expect(3, "setup", "check", cwd=jan.repo)
    assert "not known" in asked.out and "as far as could be told" in asked.out
    jan.expect(3, "setup", "bucket", "--yes", cwd=jan.repo)


def test_a_second_run_makes_no_second_key_and_a_reader_cannot_write(
    owner: tuple[Person, str, Any], ministack: MiniStack, tmp_path: Path
) -> None:
    person, _, _ = owner
    person.ok("setup", "bucket", "--yes")
    name = f"ana-{uuid.uuid4().hex[:6]}"
    log = tmp_path / "log.txt"
    first = person.ok("setup", "member", name, "--read-only", "--yes", "--log-file", str(log))
    secret = next(line.split()[-1] for line in first.out.splitlines() if "Secret Access Key" in line)
    key = next(line.split()[-1] for line in first.out.splitlines() if "Access Key ID" in line)
    assert secret not in log.read_text() and secret not in first.err and "s3sync init --user" in first.out
    again = person.ok("setup", "member", name, "--read-only", "--yes", "--json").json
    assert again["to_do"] == [] and again["secret_access_key"] is None
    other = person.ok("setup", "member", name, "--read-only", "--new-key", "--yes", "--json").json
    assert other["to_do"] == ["make an access key"] and other["access_key_id"] != key
    told = {"access_key_id": key, "secret_access_key": secret}
    ana = as_member(ministack, tmp_path, person, name, told)
    ana.ok("status")
    ana.write("a.mp4", "a")
    assert "s3:PutObject" in ana.expect(1, "up").err
    assert person.ok("setup", "member", name, "--yes", "--json").json["to_do"] == ["set the policy"], "now he may write"
    ana.ok("up")


def test_the_policy_alone_is_on_stdout_and_bad_names_are_one_sentence(owner: tuple[Person, str, Any]) -> None:
    person, bucket, _ = owner
    told = person.ok("setup", "policy", "--user", "jan")
    assert json.loads(told.out)["Statement"][-1]["Resource"] == f"arn:aws:s3:::{bucket}/media/{REPO}/*"
    assert "aws iam put-user-policy --user-name jan" in told.err
    for words in (("setup", "member", "../x"), ("setup", "member", "a b"), ("setup", "policy", "--user", "x;y")):
        assert "cannot be a member" in person.expect(2, *words).err
    person.expect(2, "setup", "bucket", "--trash-days", "-1")


def test_what_another_tool_sets_up_is_told_with_its_command(tmp_path: Path) -> None:
    """`use a bucket on S3` was no help to who has one on Google Cloud. Nobody is asked, and no server either."""
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    told = {
        "gs://our-films/2026": (
            "gcloud storage buckets create gs://our-films ", "buckets describe gs://our-films`",
            "add-iam-policy-binding gs://our-films ", "gcloud billing budgets create", "docs/stores/gcs.md",
        ),
        "az://ourfilms/shared/2026": (
            "--account-name ourfilms --name shared ",
            "az storage container show --account-name ourfilms --name shared ",
            "account show --name ourfilms ", "Cost Management", "docs/stores/azure.md",
        ),
        "rclone:team:day 1": (
            "rclone mkdir 'team:day 1'", "rclone about team:", "share the folder", "website", "docs/stores/rclone.md",
        ),
        f"file://{tmp_path / 'store'}": (
            "s3sync init", "s3sync doctor", "disk's to say", "no bill", "docs/stores/folder.md",
        ),
    }  # fmt: skip
    asked = (("bucket", "--yes"), ("check",), ("member", "jan"), ("budget", "--email", "a@example.com"))
    for store, (*hints, page) in told.items():
        for words, hint in zip(asked, hints, strict=True):
            said = david.expect(1, "setup", *words, "--store", store).err
            assert hint in said and page in said and ("S3 alone" in said or "AWS alone" in said)
            assert "such as a bucket on S3" not in said
    assert "add-iam" in david.expect(1, "setup", "policy", "--store", "gs://our-films").err
    assert PROJECT in david.ok().out


def test_a_reader_says_what_he_has_where_that_is_wanted(
    owner: tuple[Person, str, Any], ministack: MiniStack, tmp_path: Path
) -> None:
    person, bucket, s3 = owner
    s3.create_bucket(Bucket=bucket)
    name = f"ana-{uuid.uuid4().hex[:6]}"
    ana = as_member(
        ministack, tmp_path, person, name, person.ok("setup", "member", name, "--read-only", "--yes", "--json").json
    )
    person.write("a.mp4", "a")
    person.ok("up")
    told = ana.expect(1, "down", "--ack")
    assert "the others are not told that you have everything" in told.err and "receipts: {readers: ack}" in told.err
    assert "a.mp4" in told.out, "what was downloaded before is told all the same"
    assert ana.read("a.mp4") == b"a" and ana.ok("down").err == ""
    assert [one["name"] for one in person.ok("members", "--json").json["members"]] == ["owner"]
    own = person.root / "home" / ".config" / "s3sync" / "config.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("receipts: {readers: ack}\n")
    told = person.ok("setup", "member", name, "--read-only", "--yes", "--json")
    assert told.json["to_do"] == ["set the policy"]
    ana.ok("down", "--ack")
    assert {one["name"]: one["has"] for one in person.ok("who", "--json").json["members"]} == {
        "owner": "yes",
        name: "yes",
    }
    person.write("b.mp4", "b")
    person.ok("up")
    assert f"{name} has not fetched" in person.expect(5, "cleanup", "--yes").err
    ana.ok("down")
    assert person.ok("status", "--json").json["lacking"] == {}
    ana.write("a.mp4", "mine")
    assert "s3:PutObject" in ana.expect(1, "up").err
    client = ministack.client(name)
    for key in ("cut/metadata.json", "b.mp4"):
        assert refused(client.put_object, Bucket=bucket, Key=f"media/{REPO}/{PROJECT}/{key}", Body=b"x")
