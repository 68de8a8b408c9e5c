"""What a store that does not do as it should gets: one clear error, the documented exit code, and nothing lost."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import PROJECT, Person, tree
from tests.kit.proxy import Proxy
from tests.kit.servers import MiniStack, Moto, Server, free_ports
from tests.scenarios.cli.checks import embedded_store, refused, refused_json, shows_no_secret
from tests.scenarios.cli.conftest import NewPerson, on_server

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "us-east-1",
    "S3SYNC_STORE": "s3://shared/team",
}


def objects(server: Server) -> dict[str, str]:
    pages = server.client("admin").get_paginator("list_objects_v2").paginate(Bucket=server.bucket)
    return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])}


# Credentials


@pytest.mark.ministack
def test_no_credentials(new_person: NewPerson, ministack: MiniStack) -> None:
    david = new_person(**on_server(ministack))
    none = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    holds = partial(objects, ministack)
    said = refused(david, 1, "up", remote=holds, env=none)
    assert "credentials" in said and "AWS_ACCESS_KEY_ID" in said
    assert refused_json(david, 1, "status", remote=holds, env=none)["type"] == "CredentialsError"
    said = refused(david, 1, "status", "--profile", "nobody", remote=holds)
    assert "there is no AWS profile nobody" in said


@pytest.mark.ministack
@pytest.mark.parametrize(
    "wrong",
    [{"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXA"}],
    ids=["key", "secret"],
)
def test_wrong_credentials(new_person: NewPerson, ministack: MiniStack, wrong: dict[str, str]) -> None:
    david = new_person(**{**on_server(ministack), **wrong})
    error = refused_json(david, 1, "up", remote=partial(objects, ministack))
    assert error["type"] == "CredentialsError"
    assert "could not list s3://" in error["message"] and "check AWS_ACCESS_KEY_ID" in error["hint"]


# Buckets and rights


def test_no_such_bucket(new_person: NewPerson, moto: Moto) -> None:
    david = new_person(**on_server(moto))
    david.environ = {**david.environ, "S3SYNC_STORE": "s3://no-such-bucket/team"}
    for command in ("up", "status"):
        said = refused(david, 1, command, remote=partial(objects, moto))
        assert "there is no bucket no-such-bucket" in said and "check the bucket's name" in said
    result = david.expect(1, "init", "--yes")
    assert result.err.count("error:") == 1 and "there is no bucket no-such-bucket" in result.err
    shows_no_secret(david, result)


@pytest.mark.ministack
def test_f21_who_may_only_read_can_download_and_is_refused_an_upload(
    new_person: NewPerson, ministack: MiniStack
) -> None:
    david = new_person(**on_server(ministack))
    david.ok("up")
    reader = new_person("reader", **{**david.environ, **ministack.environment("reader")})
    (reader.staging / "draft.mp4").unlink()
    assert "✓ draft.mp4" in reader.ok("down").out
    assert reader.read("draft.mp4") == david.read("draft.mp4")
    for number in range(5):
        reader.write(f"{number}.wav", f"take {number}")
    said = refused(reader, 1, "up", remote=partial(objects, ministack))
    assert "could not write" in said and "not authorized to perform: s3:PutObject" in said
    assert "hint: ask the bucket's owner to allow" in said
    assert refused_json(reader, 1, "sync", remote=partial(objects, ministack))["type"] == "AccessDenied"
    said = refused(reader, 1, "cleanup", "--yes", remote=partial(objects, ministack))
    assert "not authorized to perform" in said
    assert reader.states()["draft.mp4"] == "in_sync"
    reader.ok("cleanup", "--local", "--yes")
    assert not (reader.staging / "draft.mp4").exists()


@pytest.mark.ministack
def test_f21_who_may_only_read_can_join_a_project_that_is_there(new_person: NewPerson, ministack: MiniStack) -> None:
    david = new_person(**on_server(ministack))
    reader = new_person("reader", **{**david.environ, **ministack.environment("reader")})
    result = reader.expect(1, "init", "--yes")
    assert "cannot write" in result.err and result.err.count("error:") == 1  # nobody has begun this project
    david.ok("up")
    result = reader.ok("init", "--yes")
    assert "uploads will be refused" in result.err and "s3:PutObject" in result.err and "error:" not in result.err
    assert "Next: run `s3sync down`." in result.out
    document = reader.ok("init", "--json").json
    assert document["read_only"] is True and set(document["access"]) == {"write", "delete"}
    assert david.ok("init", "--json").json["read_only"] is False
    reader.expect(1, "init", "--json", env={**ministack.environment("stranger")})


@pytest.mark.ministack
def test_who_may_do_nothing(new_person: NewPerson, ministack: MiniStack) -> None:
    stranger = new_person("stranger", **on_server(ministack, "stranger"))
    for words in (["up"], ["status", "--all"]):
        said = refused(stranger, 1, *words, remote=partial(objects, ministack))
        assert "could not list" in said and "hint: ask the bucket's owner to allow" in said
    assert refused_json(stranger, 1, "down", remote=partial(objects, ministack))["type"] == "AccessDenied"


# The network, and what is not S3


@pytest.mark.slow
def test_nobody_listens_at_the_endpoint(new_person: NewPerson) -> None:
    david = new_person(**KEYS, AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_ports(1)[0]}")
    said = refused(david, 1, "status")
    assert "does not answer" in said and "hint: check the network" in said


class _WebPage(http.server.BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        page = b"<html><body><h1>Welcome to the router</h1></body></html>"
        self.send_response(200 if self.path.startswith("/ok") else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def web_page() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _WebPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("bucket", ["ok", "missing"])
def test_an_endpoint_that_is_not_s3(new_person: NewPerson, web_page: str, bucket: str) -> None:
    david = new_person(**{**KEYS, "S3SYNC_STORE": f"s3://{bucket}"}, AWS_ENDPOINT_URL=web_page)
    for command in ("up", "down"):
        said = refused(david, 1, command)
        assert f"{web_page} answers, but not as S3 does" in said and "hint: check endpoint_url" in said


def test_a_folder_store_that_is_gone(david: Person, tmp_path: Path) -> None:
    david.ok("init", PROJECT, "--store", f"file://{tmp_path}/nas", cwd=david.repo)
    david.ok("up")
    (tmp_path / "nas").rename(tmp_path / "unplugged")
    for command in ("up", "sync"):
        said = refused(david, 1, command)
        assert f"{tmp_path}/nas" in said
    assert not (tmp_path / "nas").exists()


# Full disks


def test_f14_a_full_disk_here_leaves_the_old_version(
    new_person: NewPerson, mount_small_disk: Callable[[Path], None]
) -> None:
    jan, david = new_person("jan"), new_person()
    david.environ = {"S3SYNC_STORE": f"file://{embedded_store(jan)}"}
    mount_small_disk(david.staging)
    david.write("draft.mp4", "the first cut")
    jan.ok("up")
    david.ok("up")
    jan.write("draft.mp4", bytes(400_000))
    jan.ok("up")
    result = david.expect(3, "down")
    assert (
        "✗ draft.mp4: there is no room for draft.mp4: it has 400.0 KB" in result.err and "hint: make room" in result.err
    )
    assert david.read("draft.mp4") == b"the first cut"
    assert david.states() == {"draft.mp4": "remote_modified"}
    assert list((david.staging / ".s3sync" / "partial").iterdir()) == []
    with (david.staging / "filler").open("wb") as filler, contextlib.suppress(OSError):
        filler.write(bytes(1_000_000))
    for command in ("down", "up"):
        said = refused(david, 1, command, remote=lambda: tree(embedded_store(jan)))
        assert "the disk is full" in said and "hint: make room" in said
    assert david.read("draft.mp4") == b"the first cut"


def test_f14_a_full_folder_store_keeps_what_it_has(
    david: Person, tmp_path: Path, mount_small_disk: Callable[[Path], None]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount_small_disk(disk)
    david.ok("init", PROJECT, "--store", f"file://{disk}/store", cwd=david.repo)
    david.ok("up")
    david.write("long.mp4", bytes(400_000))
    result = david.expect(3, "up")
    assert "✗ long.mp4:" in result.err and "no space left" in result.err and "hint: free some space" in result.err
    assert [path.name for path in disk.rglob("*.mp4")] == ["draft.mp4"]
    assert david.states() == {"draft.mp4": "in_sync", "long.mp4": "local_new"}
    assert david.read("long.mp4") == bytes(400_000)


@pytest.mark.ministack
def test_b7_a_policy_that_demands_encryption_is_told_and_met_by_a_setting(
    new_person: NewPerson, ministack: MiniStack
) -> None:
    """Small files, large ones, copies on the server, the trash and metadata.json."""
    david, admin, bucket = new_person(**on_server(ministack)), ministack.client("admin"), ministack.bucket
    demand = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}},
    }
    david.write("small.txt", "first")
    david.write("large.mp4", bytes(range(256)) * 80_000)
    admin.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [demand]}))
    try:
        said = refused(david, 1, "up", remote=partial(objects, ministack))
        assert "s3:PutObject" in said and "set `sse`, `kms_key_id`" in said
        david.ok("config", "set", "sse", "AES256")
        david.ok("up")
        david.write("small.txt", "second")
        (david.staging / "large.mp4").rename(david.staging / "renamed.mp4")
        report = david.ok("sync", "--max-delete", "1", "--json").json
        assert report["failed"] == [] and [one["name"] for one in report["deleted"]] == ["large.mp4"]
        assert {one["name"] for one in david.ok("trash", "list", "--remote", "--json").json["files"]} >= {"small.txt"}
    finally:
        admin.delete_bucket_policy(Bucket=bucket)


@pytest.mark.parametrize("status", [403, 405])
def test_b6_no_command_stumbles_over_a_wall_that_refuses_head_without_saying_so(
    new_person: NewPerson, moto: Moto, status: int
) -> None:
    """Each works without HEAD, or ends with the one error that names it."""
    with Proxy(moto.endpoint_url) as proxy:
        david = new_person(**{**on_server(moto), "AWS_ENDPOINT_URL": proxy.endpoint_url})
        david.write("large.mp4", bytes(range(256)) * 80_000)
        david.ok("up")
        proxy.on("HeadObject").reply(status, "AccessDenied")
        for words in (["status"], ["up"], ["down"], ["sync"], ["verify"], ["trash", "list"], ["cleanup", "--yes"]):
            david.write("small.txt", f"before {words}")
            result = david.run(*words)
            named = "HEAD" in result.err and "lets GET through" in result.err
            assert result.code == 0 or (result.code in (1, 3) and named), (words, result)
            assert result.err.count("error:") <= 1
            assert "without keeping" not in result.err, "no hint leads to the loss of a last copy"
