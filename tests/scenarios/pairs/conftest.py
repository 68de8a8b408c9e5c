"""Somebody with folders, and a store of each kind to pair them with."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.servers import Moto, SeaweedFS, Server
from tests.scenarios.pairs.desk import Desk


@pytest.fixture(scope="session")
def moto_of_pairs() -> object:
    with Moto() as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, seaweedfs: SeaweedFS, moto_of_pairs: Moto) -> Desk:
    """A person outside of any repository, with a profile for each of two S3 servers."""
    person = Person("david", tmp_path / "david")
    servers: dict[str, Server] = {"sea": seaweedfs, "moto": moto_of_pairs}
    aws = tmp_path / "david" / "home" / ".aws"
    aws.mkdir()
    text = [
        f"[profile {name}]\nendpoint_url = {server.endpoint_url}\nregion = {server.region}\n"
        f"aws_access_key_id = {server.users['david'].access_key}\n"
        f"aws_secret_access_key = {server.users['david'].secret_key}\n"
        for name, server in servers.items()
    ]
    (aws / "config").write_text("\n".join(text))
    (aws / "config").chmod(0o600)
    work = tmp_path / "work"
    work.mkdir()
    return Desk(person, work, servers, uuid.uuid4().hex[:8])
