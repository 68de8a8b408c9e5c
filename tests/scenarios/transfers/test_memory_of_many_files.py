"""What a run holds does not follow the number of files: not of what it knows, plans, does or says of each."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, Person

pytestmark = pytest.mark.slow

FEW, MANY = 1_000, 2_600
TRIES = 4
MOST_BYTES_PER_FILE = 150
"""Any entry under its path takes twice as many; what two threads hold at once is chance, up to half of it."""

Story = Callable[[Path, int], dict[str, int]]


def traced(person: Person, *words: str) -> int:
    """The most bytes that one command held."""
    told = person.root / "held"
    person.program, person.fresh = (
        (sys.executable, str(Path(__file__).parents[2] / "kit" / "traced.py"), str(told)),
        True,
    )
    person.patience_s = 300
    person.ok(*words)
    return int(told.read_text())


def pair(root: Path, count: int, folder: str) -> tuple[Person, Person]:
    """David has so many files, and Jan nothing yet."""
    people = [Person(name, root / name, {"S3SYNC_STORE": f"file://{root / 'store'}"}) for name in ("david", "jan")]
    for person in people:
        person.ok("init", PROJECT, "--store", f"file://{root / 'store'}")
        with (person.repo / ".s3sync.yaml").open("a") as settings:
            settings.write("transfers: 1\n")  # each holds a buffer, and how many do at once is chance
    for number in range(count):
        path = people[0].staging / folder.format(number // 100) / f"shot 0010 comp v003.{number:07}.dpx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number)
    return people[0], people[1]


def first_exchange(root: Path, count: int) -> dict[str, int]:
    """All files up, and down again, in one folder."""
    david, jan = pair(root, count, "frames")
    held = {"up": traced(david, "up"), "up leaves alone": traced(jan, "up"), "down": traced(jan, "down", "--json")}
    for words in ("status", "status --json", "sync --dry-run --json", "sync", "verify --deep"):
        held[words] = traced(jan, *words.split())
    return held


def end_of_a_project(root: Path, count: int) -> dict[str, int]:
    """All files renamed, deleted and cleaned up; and a memory that was lost, so that everything is agreed on anew."""
    david, jan = pair(root, count, "day {:03}")
    david.ok("up")
    jan.ok("down")
    shutil.rmtree(david.staging / ".s3sync")
    held = {"sync without a base": traced(david, "sync", "--json")}
    (david.staging / "day 000").rename(david.staging / "a day")
    for folder in david.staging.glob("day *"):
        shutil.rmtree(folder)
    held["sync deletes there"] = traced(david, "sync", "--max-delete", str(count))
    held["sync deletes here"] = traced(jan, "sync", "--max-delete", str(count))
    held["cleanup"] = traced(jan, "cleanup", "--yes")
    return held


@pytest.mark.timeout(600)
@pytest.mark.parametrize("story", [first_exchange, end_of_a_project])
def test_memory_does_not_follow_the_number_of_files(story: Story, tmp_path: Path) -> None:
    """What follows their number does so each time. A megabyte more of many, held once, is chance: the least counts."""
    few, many, growth = story(tmp_path / "few", FEW), dict[str, int](), dict[str, float]()
    for number in range(TRIES):
        for words, held in story(tmp_path / f"many {number}", MANY).items():
            many[words] = min(held, many.get(words, held))
        growth = {words: (many[words] - few[words]) / (MANY - FEW) for words in few}
        print({words: f"{each:.0f} bytes" for words, each in growth.items()})
        if max(growth.values()) <= MOST_BYTES_PER_FILE:
            return
    assert {words: each for words, each in growth.items() if each > MOST_BYTES_PER_FILE} == {}
