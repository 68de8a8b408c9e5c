"""Versions that the bucket keeps, of an encrypted project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.people import Person, pair
from tests.kit.servers import Moto
from tests.scenarios.sealed.conftest import encrypt

People = tuple[Person, Person]


@pytest.fixture
def versioned(tmp_path: Path, moto: Moto) -> Iterator[People]:
    client = moto.client()
    client.put_bucket_versioning(Bucket=moto.bucket, VersioningConfiguration={"Status": "Enabled"})
    environments = {name: moto.environment() for name in ("david", "jan")}
    yield encrypt(pair(tmp_path, f"s3://{moto.bucket}/sealed-versions", environments))
    client.put_bucket_versioning(Bucket=moto.bucket, VersioningConfiguration={"Status": "Suspended"})


@pytest.mark.moto
def test_an_older_version_of_the_bucket_comes_back(versioned: People) -> None:
    david, jan = versioned
    for body in ("the first", "the second, longer"):
        david.write("a.txt", body)
        david.ok("up")
    jan.ok("down")
    found = jan.ok("versions", "a.txt", "--json").json["versions"]
    older = next(one for one in found if one["size_bytes"] == len("the first"))
    jan.ok("down", "a.txt", "--version", older["id"])
    assert jan.read("a.txt") == b"the first"
