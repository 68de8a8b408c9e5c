"""Memory does not grow with the size of a file, nor with their number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peak import peak_mib
from tests.people import Person
from tests.transfers.conftest import Office, content

pytestmark = [pytest.mark.seaweedfs, pytest.mark.slow]

LIMIT_MIB = 150


def one_of_200_mb(person: Person) -> None:
    person.write("film.mp4", content(200 * 10**6))


def two_thousand(person: Person) -> None:
    folder = Path(person.staging)
    for number in range(2000):
        (folder / f"{number % 20}").mkdir(exist_ok=True)
        (folder / f"{number % 20}" / f"{number}.txt").write_bytes(b"%d" % number * 500)


@pytest.mark.parametrize("files", [one_of_200_mb, two_thousand])
def test_peak_of_up_and_down(
    office: Office, files: Callable[[Person], None], record_property: Callable[[str, object], None]
) -> None:
    files(office.david)
    for person, verb in ((office.david, "up"), (office.jan, "down")):
        person.environ = {**person.environ, "AWS_ENDPOINT_URL": office.server.endpoint_url}
        peak, _ = peak_mib(person, 0, verb)
        record_property(verb, round(peak))
        print(f"{verb}: {peak:.0f} MiB")
        assert peak < LIMIT_MIB
    assert office.jan.files() == office.david.files()
