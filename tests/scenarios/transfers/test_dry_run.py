"""C14: a dry run says the bytes that would really travel, and the run then sends about as many."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person, pair

MIB = 1 << 20


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def both(person: Person, *words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a dry run says, and what the run then says."""
    planned = person.ok(*words, "--dry-run", "--json").json
    return planned, person.ok(*words, "--json").json


def test_c14_of_a_changed_file_only_the_parts_count_both_ways(people: tuple[Person, Person]) -> None:
    david, jan = people
    film = bytearray(noise(40 * MIB, 1))
    david.write("film.mov", bytes(film))
    planned, done = both(david, "up")
    assert planned["bytes_sent"] == done["bytes_sent"] == 40 * MIB and planned["bytes_saved"] == 0
    assert both(jan, "down")[0]["bytes_received"] == 40 * MIB
    film[25 * MIB : 25 * MIB + 10] = b"other take"
    david.write("film.mov", bytes(film))
    said = david.ok("up", "--dry-run").out
    planned, done = both(david, "up")
    assert planned["bytes_sent"] == done["bytes_sent"] < 20 * MIB
    assert planned["bytes_saved"] == done["bytes_saved"] and "would be reused" in said
    planned, done = both(jan, "sync")
    assert planned["bytes_received"] == done["bytes_received"] < 20 * MIB
    assert jan.read("film.mov") == bytes(film)


def test_c14_what_was_renamed_is_copied_and_does_not_count(people: tuple[Person, Person]) -> None:
    david, jan = people
    david.write("take.mov", noise(2 * MIB, 2))
    david.ok("up")
    jan.ok("down")
    (david.staging / "take.mov").rename(david.staging / "best take.mov")
    david.write("small.txt", "small")
    planned, done = both(david, "sync", "--max-delete", "1")
    assert planned["bytes_sent"] == done["bytes_sent"] == len("small")
    planned, done = both(jan, "sync", "--max-delete", "1")
    assert planned["bytes_received"] == done["bytes_received"] == len("small")
