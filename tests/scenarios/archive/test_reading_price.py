"""Price of reading back before files are deleted here: said before it is done, and asked about."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put
from tests.scenarios.archive.test_servers import on

DEAR = "region: us-east-1\nprices:\n  us-east-1: {as_of: 2026-11, egress: 999999}\n"
"""Prices at which a megabyte is worth a question."""


def somebody(moto: Server, root: Path, prefix: str) -> Person:
    person = on(moto, root, prefix)
    # The address of the server is the profile's alone, so that the prices of the region count.
    environ = dict(person.environ)
    address = environ.pop("AWS_ENDPOINT_URL")
    config = put(person.root, "home/.aws/config", f"[default]\nendpoint_url = {address}\n".encode())
    person.environ = {**environ, "AWS_CONFIG_FILE": str(config)}
    path = person.repo / ".s3sync.yaml"
    path.write_text(DEAR + path.read_text())
    put(person.repo, "raw/m42/a.fits", bytes(1_000_000))
    return person


@pytest.mark.moto
def test_the_price_of_deep_is_said_and_asked_about_before_anything_is_sent(moto: Server, tmp_path: Path) -> None:
    david = somebody(moto, tmp_path, prefix := uuid.uuid4().hex)
    words = ("archive", "run", "--delete-local", "--deep")
    dry = david.ok(*words, "--dry-run", cwd=david.repo)
    assert "1 object (1.0 MB) would be read back" in dry.err and "transfer out: $9" in dry.err
    asked = david.expect(5, *words, cwd=david.repo)
    assert "transfer out" in asked.err and "nothing was read back" in asked.err
    assert "for 100.00 or less" in david.expect(5, *words, "--max-cost", "100", cwd=david.repo).err
    assert not moto.client("admin").list_objects_v2(Bucket=moto.bucket, Prefix=prefix).get("Contents")
    assert (david.repo / "raw/m42/a.fits").exists()
    david.ok(*words, "--max-cost", "3000", cwd=david.repo)
    assert not (david.repo / "raw/m42").exists()


@pytest.mark.moto
def test_what_a_colleague_sent_is_read_back_for_an_agreed_price_alone(moto: Server, tmp_path: Path) -> None:
    """Nobody asked for --deep: the archive has to be read, because an index is no proof."""
    prefix = uuid.uuid4().hex
    ben, ana = (somebody(moto, tmp_path / name, prefix) for name in ("ben", "ana"))
    ben.ok("archive", "run", "--delete-local", cwd=ben.repo)
    asked = ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert "transfer out" in asked.err and "nothing was read back" in asked.err
    assert (ana.repo / "raw/m42/a.fits").exists()
    ana.ok("archive", "run", "--delete-local", "--yes", cwd=ana.repo)
    assert not (ana.repo / "raw/m42").exists()
