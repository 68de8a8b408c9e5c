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


@pytest.mark.moto
def test_where_requests_have_no_price_each_verb_says_so_and_none_is_free(moto: Server, tmp_path: Path) -> None:
    """Of ca-west-1 only storage is certain."""
    david = somebody(moto, tmp_path, uuid.uuid4().hex)
    path = david.repo / ".s3sync.yaml"
    path.write_text(path.read_text().replace(DEAR, ""))
    david.environ = {**david.environ, "AWS_REGION": "ca-west-1"}
    analysis = david.ok("archive", "analyze", cwd=david.repo).out
    assert "not known (no price for requests of STANDARD) to send" in analysis and "$0.00" not in analysis
    dry = david.ok("archive", "run", "--delete-local", "--deep", "--dry-run", "--json", cwd=david.repo).json["reading"]
    lacking = "egress, reading STANDARD, retrieval from STANDARD"
    assert (dry["price"], dry["unknown"]) == (None, lacking)
    for words in (
        ("archive", "run", "--delete-local", "--deep"),
        ("archive", "verify", "--deep"),
        ("restore", "m42", "--to", "back"),
    ):
        refused = david.expect(5, *words, "--max-cost", "1000000", cwd=david.repo)
        assert f"the price is not known: there is no price for {lacking}" in refused.err
        assert "leave --max-cost out" in refused.err and "raise" not in refused.err
        asked = david.expect(5, *words, cwd=david.repo)
        assert "together: not known (no price for egress" in asked.err and "requests: $0.00" not in asked.err
        if words[0] == "archive" and words[1] == "run":
            david.ok("archive", "run", cwd=david.repo)
    david.ok("restore", "m42", "--yes", cwd=david.repo)
    moved = david.ok("archive", "transition", "m42", "--to", "DEEP_ARCHIVE", "--dry-run", cwd=david.repo).out
    assert "not known (no price for requests of DEEP_ARCHIVE" in moved
    cost = david.ok("archive", "cost", cwd=david.repo).out
    assert "now: under $0.01 a month" in cost and "no price for egress" in cost
    units = david.ok("archive", "cost", "--json", cwd=david.repo).json["stores"][0]["units"]
    assert "reading STANDARD" in str(units)
