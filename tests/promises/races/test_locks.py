"""Eight processes of eight people, and one lock: one has it, and the others are told who.

S3SYNC_LOCK_ROUNDS=200 .venv/bin/pytest tests/promises/races/test_locks.py
"""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import SeaweedFS
from tests.promises.races.racer import Racer

PEOPLE = 8
ROUNDS = int(os.environ.get("S3SYNC_LOCK_ROUNDS", "3"))
FILM = "color.mp4"


@pytest.fixture(params=["folder", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)])
def eight(request: pytest.FixtureRequest, tmp_path: Path) -> list[Person]:
    """Eight people, each with the file; on SeaweedFS with one access key, as CI has it."""
    store, environ = f"file://{tmp_path / 'store'}", dict[str, str]()
    if request.param == "seaweedfs":
        server: SeaweedFS = request.getfixturevalue("seaweedfs")
        store, environ = f"s3://{server.bucket}/{uuid.uuid4().hex}", server.environment("david")
    people = []
    for number in range(PEOPLE):
        person = Person(f"user{number}", tmp_path / f"user{number}", environ)
        person.ok("init", PROJECT, "--store", store, "--user", person.name, "--repo", REPO, cwd=person.repo)
        person.write(FILM, "ungraded")
        people.append(person)
    return people


def test_of_eight_processes_one_has_the_lock(eight: list[Person]) -> None:
    with ExitStack() as stack:
        racers = [stack.enter_context(Racer(person)) for person in eight]
        for number in range(ROUNDS):
            for racer in racers:
                racer.prepare("lock", FILM, "--json")
            for racer in racers:
                racer.go()
            results = [racer.finish() for racer in racers]
            winners = [racer for racer, result in zip(racers, results, strict=True) if result.code == 0]
            assert len(winners) == 1, (number, results)
            name = winners[0].person.name
            others = [result for result in results if result.code != 0]
            assert {result.code for result in others} == {6}
            assert {result.json["refused"][0]["by"] for result in others} == {name}, number
            assert [lock["by"] for lock in racers[0].run("locks", "--json").json["locks"]] == [name]
            if number % 2:
                assert winners[0].run("unlock", FILM).code == 0
            else:
                assert racers[0].run("unlock", FILM, "--force").code == 0
