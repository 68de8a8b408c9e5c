"""Two people on a bucket of their own below a prefix, whose costs are asked for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kit.people import REPO, Person
from tests.kit.servers import Moto


@dataclass
class Team:
    """`prefix`: of the store in the bucket."""

    david: Person
    jan: Person
    server: Moto
    prefix: str

    def settings(self, more: str) -> None:
        for person in (self.david, self.jan):
            text = f"store: s3://{self.server.bucket}/{self.prefix}\nrepo: {REPO}\n{more}"
            (person.repo / ".s3sync.yaml").write_text(text, "utf-8")

    def put(self, key: str, size: int, storage_class: str = "STANDARD") -> None:
        name = f"{self.prefix}/{REPO}/{key}"
        client = self.server.client()
        client.put_object(Bucket=self.server.bucket, Key=name, Body=b"x" * size, StorageClass=storage_class)


@pytest.fixture
def team(tmp_path: Path, moto: Moto) -> Team:
    david, jan = (Person(name, tmp_path / name, moto.environment(name)) for name in ("david", "jan"))
    found = Team(david, jan, moto, uuid.uuid4().hex)
    found.settings("")
    for person in (david, jan):
        person.staging.mkdir(parents=True)
    return found
