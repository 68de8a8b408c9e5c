"""metadata.json travels when it is another one than this computer saw last, and not otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.kit.servers import SeaweedFS
from tests.scenarios.transfers.conftest import Office, office_at

pytestmark = [pytest.mark.seaweedfs]


@pytest.fixture
def office(tmp_path: Path, seaweedfs: SeaweedFS) -> Iterator[Office]:
    """David and Jan have the same files."""
    with Proxy(seaweedfs.endpoint_url) as proxy:
        found = office_at(tmp_path, seaweedfs, proxy)
        for number in range(30):
            found.david.write(f"clip {number:02d}.txt", f"clip {number}")
        found.david.ok("up")
        found.jan.ok("down")
        yield found


def answers(office: Office, person: Person, *words: str) -> list[int | None]:
    """Statuses of the answers to GETs of metadata.json in a command."""
    office.proxy.reset_counts()
    person.ok(*words)
    asked = [sent for sent in office.proxy.log if sent.operation == "GetObject"]
    return [sent.status for sent in asked if sent.key.endswith("/metadata.json")]


def test_what_was_seen_does_not_travel_again(office: Office) -> None:
    david, jan = office.david, office.jan
    for verb in ("status", "up", "down", "sync"):
        assert answers(office, jan, verb) == [304], verb
    david.write("clip 03.txt", "cut")
    david.ok("up")
    assert answers(office, david, "status") == [304], "David wrote it himself"
    assert answers(office, jan, "up", "--dry-run") == [200], "somebody else did"
    assert answers(office, jan, "status") == [200], "a dry run keeps nothing"
    assert "clip 03.txt" in jan.ok("status").out
    assert answers(office, jan, "down") == [304]
    assert jan.read("clip 03.txt") == b"cut"
    assert answers(office, jan, "status") == [304]


def test_damage_costs_only_the_way(office: Office) -> None:
    jan = office.jan
    path = jan.staging / ".s3sync" / "metadata.json"
    body = path.read_bytes()
    path.write_bytes(body.replace(b'"clip 07.txt"', b'"clip 97.txt"'))
    assert answers(office, jan, "sync") == [200]
    assert path.read_bytes() == body
    assert jan.files() == office.david.files()


def test_another_store_has_its_own(office: Office) -> None:
    """By the same ETag even: both were written at one time, by one person."""
    david = office.david
    office.proxy.reset_counts()
    told = david.run("status", "--store", f"s3://{office.server.bucket}/{office.prefix}-other")
    assert told.code == 0
    assert 304 not in [sent.status for sent in office.proxy.log]


def test_of_a_file_that_is_gone_the_new_one_tells(office: Office) -> None:
    """metadata.json is deleted in the store, and made anew by the next run."""
    office.s3.delete_object(Bucket=office.server.bucket, Key=office.key("metadata.json"))
    assert answers(office, office.jan, "status") == [404]
    assert answers(office, office.jan, "sync") == [404]
    assert answers(office, office.jan, "status") == [304]
    assert office.jan.files() == office.david.files()
