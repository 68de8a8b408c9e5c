"""Two people on each kind of store that a scenario is to run on."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.kit.people import Person, pair
from tests.kit.servers import SeaweedFS


@pytest.fixture(params=["folder", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Person, Person]:
    """David and Jan, on a folder store and on SeaweedFS with two access keys."""
    if request.param == "folder":
        return pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    server: SeaweedFS = request.getfixturevalue("seaweedfs")
    environments = {name: server.environment(name) for name in ("david", "jan")}
    return pair(tmp_path, f"s3://{server.bucket}/{uuid.uuid4().hex}", environments)
