"""A server that accepts conditional writes and ignores them: everything works, and the user is told once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people import PROJECT, REPO, pair
from tests.servers import Rclone


@pytest.fixture(scope="module")
def rclone() -> Iterator[Rclone]:
    with Rclone() as server:
        yield server


def test_the_user_is_warned_once_and_each_write_looks_first(rclone: Rclone, tmp_path: Path) -> None:
    environments = {name: rclone.environment(name) for name in ("david", "jan")}
    david, jan = pair(tmp_path, f"s3://{rclone.bucket}", environments)
    david.write("a.mp4", "one")
    assert "ignores conditional writes" in david.ok("up").err
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
