"""A server that accepts conditional writes and ignores them: everything works, and the user is told once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.proxy import ERROR, Fault, proxying
from tests.kit.people import PROJECT, REPO, pair
from tests.kit.servers import Moto, Rclone


@pytest.fixture(scope="module")
def rclone() -> Iterator[Rclone]:
    with Rclone() as server:
        yield server


def test_the_user_is_warned_once_and_each_write_looks_first(rclone: Rclone, tmp_path: Path) -> None:
    environments = {name: rclone.environment(name) for name in ("david", "jan")}
    david, jan = pair(tmp_path, f"s3://{rclone.bucket}", environments)
    david.write("a.mp4", "one")
    assert "does not enforce conditional writes" in david.ok("up").err
    david.write("a.mp4", "two, edited")
    assert david.ok("up").err == ""
    jan.ok("down")
    assert jan.read("a.mp4") == b"two, edited"
    report = jan.ok("up", "--json").json
    assert report["warnings"] == []

    key = f"{REPO}/{PROJECT}/a.mp4"
    rclone.client().put_object(Bucket=rclone.bucket, Key=key, Body=b"by another tool")
    jan.write("a.mp4", "three")
    jan.expect(4, "up")
    assert rclone.client().get_object(Bucket=rclone.bucket, Key=key)["Body"].read() == b"by another tool"


def test_a_server_that_the_profile_names_is_found_out_about_too(rclone: Rclone, tmp_path: Path) -> None:
    """It stands in no setting of ours: two people would overwrite each other there, and nobody would have said so."""
    environments = {}
    for name in ("david", "jan"):
        environment = rclone.environment(name)
        config = tmp_path / f"aws-{name}"
        config.write_text(f"[default]\nendpoint_url = {environment.pop('AWS_ENDPOINT_URL')}\nregion = us-east-1\n")
        environments[name] = environment | {"AWS_CONFIG_FILE": str(config)}
    rclone.client().create_bucket(Bucket="by-profile")
    david, jan = pair(tmp_path, "s3://by-profile", environments)
    david.write("a.mp4", "one")
    assert "does not enforce conditional writes" in david.ok("up").err
    jan.ok("down")
    key = f"{REPO}/{PROJECT}/a.mp4"
    rclone.client().put_object(Bucket="by-profile", Key=key, Body=b"by another tool")
    jan.write("a.mp4", "three")
    jan.expect(4, "up")
    assert rclone.client().get_object(Bucket="by-profile", Key=key)["Body"].read() == b"by another tool"


REFUSED = {501: ("NotImplemented", "A header you provided"), 400: ("InvalidArgument", "If-Match is not supported")}


@pytest.mark.parametrize("status", REFUSED)
def test_f39_a_store_that_refuses_conditions_is_looked_at_before_each_write(
    moto: Moto, tmp_path: Path, status: int
) -> None:
    """Nothing could be written to it: now two people exchange a small and a large file, edit and delete them."""
    refuses = {"if-match", "if-none-match"}

    def is_conditional(method: str, path: str) -> bool:
        return method in ("PUT", "POST", "DELETE") and bool(proxy.headers[-1].keys() & refuses)

    bucket = f"refuses-{status}"
    moto.client().create_bucket(Bucket=bucket)
    with proxying(moto.endpoint_url) as proxy:
        code, message = REFUSED[status]
        proxy.faults.append(
            Fault(is_conditional, times=10**6, answer=(status, ERROR.format(code=code, message=message, more="")))
        )
        environments = {name: {**moto.environment(name), "AWS_ENDPOINT_URL": proxy.url} for name in ("david", "jan")}
        david, jan = pair(tmp_path, f"s3://{bucket}", environments)
        david.write("a.mp4", "one")
        david.write("large.mov", os.urandom(17 * 1024 * 1024))
        assert "does not enforce conditional writes" in david.ok("up").err
        jan.ok("down")
        assert jan.files() == david.files()
        jan.write("a.mp4", "by jan")
        assert "does not enforce" in jan.ok("up").err, "she had only read so far"
        david.write("a.mp4", "by david")
        david.expect(4, "up")
        assert moto.client().get_object(Bucket=bucket, Key=f"{REPO}/{PROJECT}/a.mp4")["Body"].read() == b"by jan"
        doctor = jan.run("doctor").out
        assert "refused, so that it cannot be used: PUT with If-Match" in doctor
