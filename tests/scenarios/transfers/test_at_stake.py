"""What a break of the line can cost: as long as nothing is known of the line, one large body is under way."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.kit.people import Person
from tests.scenarios.transfers.commands import started, until
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

NAMES = [f"day {number}.mp4" for number in range(4)]
ENOUGH_TO_FAIL_S = 1.0
"""Others would have begun by then; that they did not must not hang on it."""


SIZES = pytest.mark.parametrize("size", [PART - MIB, 3 * PART], ids=["whole", "in parts"])


def bodies(size: int) -> dict[str, bytes]:
    return {name: content(size, seed) for seed, name in enumerate(NAMES)}


def begin_and_kill(office: Office, person: Person, verb: str, operation: str) -> None:
    """Hold every body at the proxy, see that only one comes, and kill the command."""
    keys = {office.key(name) for name in NAMES}

    def under_way() -> int:
        return sum(request.key in keys for request in office.asked(operation))

    with ExitStack() as stack:
        for key in keys:
            stack.enter_context(office.gate(operation, key=key, times=99))
        command = stack.enter_context(started(person, verb))
        until(lambda: under_way() >= 1, "a first body")
        time.sleep(ENOUGH_TO_FAIL_S)
        assert under_way() == 1
        command.kill()


@SIZES
def test_of_an_upload(office: Office, size: int) -> None:
    for name, body in bodies(size).items():
        office.david.write(name, body)
    begin_and_kill(office, office.david, "up", "UploadPart" if size > PART else "PutObject")
    assert office.proxy.sent < PART + MIB
    office.david.ok("up")
    assert {name: office.stored(name) for name in NAMES} == bodies(size)


@SIZES
def test_of_a_download(office: Office, size: int) -> None:
    for name, body in bodies(size).items():
        office.david.write(name, body)
    office.david.ok("up")
    office.proxy.reset_counts()
    begin_and_kill(office, office.jan, "down", "GetObject")
    assert office.proxy.received < PART + MIB
    office.jan.ok("down")
    assert {name: office.jan.read(name) for name in NAMES} == bodies(size)
