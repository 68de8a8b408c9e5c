"""How many requests are under way at once follows the line, and memory stays within its limit. No seconds count."""

from __future__ import annotations

import pytest

from tests.kit.line import Line, Quality
from tests.kit.peak import peak_mib
from tests.kit.people import Person
from tests.scenarios.transfers.conftest import Office
from tests.scenarios.transfers.test_memory import LIMIT_MIB

pytestmark = [pytest.mark.seaweedfs, pytest.mark.timeout(300)]

FILES = 800
SIZES = (400, 4096, 3000)


def write(person: Person, count: int = FILES) -> None:
    for number in range(count):
        body = b"%06d" % number * (SIZES[number % len(SIZES)] // 6)
        person.write(f"{number % 7}/{number:04}.txt", body.decode())


def over(line: Line, person: Person) -> Person:
    person.environ = {**person.environ, "AWS_ENDPOINT_URL": line.endpoint_url}
    return person


def test_a_far_store_is_asked_for_many_files_at_once_within_the_limit_of_memory(office: Office) -> None:
    """400 ms: as many as there may be, both ways."""
    write(office.david)
    with Line(office.server.endpoint_url, Quality(0.4)) as line:
        for person, verb in ((office.david, "up"), (office.jan, "down")):
            line.reset_counts()
            peak, _ = peak_mib(over(line, person), 0, verb)
            most = line.counts().most_open
            print(f"{verb}: {most} connections, {peak:.0f} MiB")
            assert 200 <= most <= 330, "while one is opened, another may become free"
            assert peak < LIMIT_MIB
    assert office.jan.files() == office.david.files()


@pytest.mark.parametrize(("most", "files"), [(1, 20), (20, 60)])
def test_transfers_is_a_ceiling(office: Office, most: int, files: int) -> None:
    write(office.david, files)
    with Line(office.server.endpoint_url, Quality(0.2)) as line:
        for person, verb in ((office.david, "up"), (office.jan, "down")):
            line.reset_counts()
            over(line, person).ok(verb, "--transfers", f"{most}")
            assert line.counts().most_open <= most + 12, "besides: listing, records, and what the store honours"
    assert office.jan.files() == office.david.files()
