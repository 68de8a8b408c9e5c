from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.store import Store
from tests.contract.stores import UnderTest, in_folder, on_server
from tests.kit.servers import Server, share_models

share_models()

SERVERS = [
    pytest.param("moto", marks=pytest.mark.moto),
    pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
    pytest.param("ministack", marks=pytest.mark.ministack),
]


@pytest.fixture(params=["folder", *SERVERS])
def under_test(request: pytest.FixtureRequest, tmp_path: Path) -> UnderTest:
    """Every store, one after the other."""
    if request.param == "folder":
        return in_folder(tmp_path / "store")
    server: Server = request.getfixturevalue(request.param)
    return on_server(server)


@pytest.fixture(params=SERVERS)
def s3(request: pytest.FixtureRequest) -> UnderTest:
    """Every S3 server, one after the other."""
    server: Server = request.getfixturevalue(request.param)
    return on_server(server)


@pytest.fixture
def store(under_test: UnderTest) -> Store:
    return under_test.open()
