from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from s3sync.store import Store
from tests.contract.stores import UnderTest, in_folder, on_azurite, on_google, on_remote, on_server, sealed_in_folder
from tests.kit.azurite import Azurite
from tests.kit.remotes import KINDS
from tests.kit.servers import MiniStack, Moto, Server, share_models

share_models()

SERVERS = [
    pytest.param("moto", marks=pytest.mark.moto),
    pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
    pytest.param("ministack", marks=pytest.mark.ministack),
]


REMOTES = [pytest.param(f"rclone-{kind}", marks=pytest.mark.rclone) for kind in KINDS]


@pytest.fixture(
    params=[
        "folder",
        "sealed",
        *SERVERS,
        pytest.param("gcs", marks=pytest.mark.gcs),
        pytest.param("azurite", marks=pytest.mark.azurite),
        *REMOTES,
    ]
)
def under_test(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UnderTest]:
    """Every store, one after the other."""
    if request.param == "folder":
        yield in_folder(tmp_path / "store")
        return
    if request.param == "sealed":
        yield sealed_in_folder(tmp_path / "store")
        return
    if request.param == "gcs":
        yield on_google(request.getfixturevalue("gcs"))
        return
    if request.param == "azurite":
        yield on_azurite(request.getfixturevalue("azurite"))
        return
    if request.param.startswith("rclone-"):
        found = on_remote(request.getfixturevalue("remotes"), request.param.removeprefix("rclone-"))
        found.require(request.module.__name__.rpartition(".")[2])
        yield found
        return
    with _left_usable(request.getfixturevalue(request.param)) as server:
        yield on_server(server)


@pytest.fixture
def azure(azurite: Azurite) -> UnderTest:
    return on_azurite(azurite)


@pytest.fixture(params=SERVERS)
def s3(request: pytest.FixtureRequest) -> Iterator[UnderTest]:
    """Every S3 server, one after the other."""
    with _left_usable(request.getfixturevalue(request.param)) as server:
        yield on_server(server)


@contextmanager
def _left_usable(server: Server) -> Iterator[Server]:
    if isinstance(server, Moto):
        around: AbstractContextManager[object] = server.with_new_bucket()
    else:
        around = server.with_odd_keys() if isinstance(server, MiniStack) else nullcontext()
    with around:
        yield server


@pytest.fixture
def store(under_test: UnderTest) -> Store:
    return under_test.open()
