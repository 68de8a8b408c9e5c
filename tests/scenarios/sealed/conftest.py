"""Two people with an encrypted repository, and the owner of its bucket, who changes what he likes."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.kit.people import REPO, Person, pair
from tests.kit.servers import SeaweedFS

People = tuple[Person, Person]


def encrypt(people: People) -> People:
    """Have both share a key: David makes it, and Jan takes what David wrapped for him."""
    david, jan = people
    for person in people:
        person.ok("config", "set", "--repo", "encrypt", "yes")
    david.ok("keys", "create")
    david.ok("keys", "add", "jan", jan.ok("keys", "me").out.strip())
    jan.ok("keys", "import", "--id", david.ok("keys", "list", "--json").json["key_id"])
    return people


@pytest.fixture
def plain(tmp_path: Path) -> People:
    """David and Jan on a folder store that is not encrypted yet."""
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


@pytest.fixture
def people(plain: People) -> People:
    return encrypt(plain)


@pytest.fixture
def on_s3(tmp_path: Path, seaweedfs: SeaweedFS) -> People:
    environments = {name: seaweedfs.environment(name) for name in ("david", "jan")}
    return encrypt(pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", environments))


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """The store's folder, as its owner sees it."""
    return tmp_path / "store" / REPO
