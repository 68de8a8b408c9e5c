"""Two people with an encrypted repository, and the owner of its bucket, who changes what he likes."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.kit import ready
from tests.kit.people import REPO, Person, pair, set_up
from tests.kit.servers import SeaweedFS

People = tuple[Person, Person]


def encrypt(people: People) -> People:
    """Have both share a key: David makes it, and Jan takes what David wrapped for him."""
    david, jan = people
    david.ok("config", "set", "--repo", "encrypt", "yes")
    (jan.repo / ".s3sync.yaml").write_bytes((david.repo / ".s3sync.yaml").read_bytes())  # which is committed
    key = david.ok("keys", "create", "--json").json["key_id"]
    david.ok("keys", "add", "jan", jan.ok("keys", "me").out.strip())
    jan.ok("keys", "import", "--id", key)
    return people


@pytest.fixture
def plain(tmp_path: Path) -> People:
    """David and Jan on a folder store that is not encrypted yet."""
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


@pytest.fixture
def people(tmp_path: Path) -> People:
    """The two with a key, as `encrypt` leaves them."""
    people, store = (Person("david", tmp_path / "david"), Person("jan", tmp_path / "jan")), f"file://{tmp_path}/store"
    if not ready.write("sealed", tmp_path, store, lambda root, there: encrypt(pair(root, there, {}))):
        set_up(people, store)
        encrypt(people)
    return people


@pytest.fixture
def on_s3(tmp_path: Path, seaweedfs: SeaweedFS) -> People:
    environments = {name: seaweedfs.environment(name) for name in ("david", "jan")}
    return encrypt(pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", environments))


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """The store's folder, as its owner sees it."""
    return tmp_path / "store" / REPO
