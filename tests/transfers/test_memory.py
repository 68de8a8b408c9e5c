"""Memory does not grow with the size of a file, nor with their number."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.people import Person
from tests.transfers.conftest import MIB, Office, content

pytestmark = [pytest.mark.seaweedfs, pytest.mark.slow]

LIMIT_MIB = 150

# The command must not be a child of the tests themselves: a child inherits the peak of whoever starts it.
_MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as stream:
    stream.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_mib(person: Person, *words: str) -> float:
    """The most memory that one command held at once."""
    told = person.root / "peak"
    person.launcher = (sys.executable, "-c", _MEASURE, str(told))
    try:
        person.ok(*words)
    finally:
        person.launcher = ()
    unit = 1 if sys.platform == "darwin" else 1024
    return int(told.read_text()) * unit / MIB


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
        peak = peak_mib(person, verb)
        record_property(verb, round(peak))
        print(f"{verb}: {peak:.0f} MiB")
        assert peak < LIMIT_MIB
    assert office.jan.files() == office.david.files()
