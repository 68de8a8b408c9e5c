"""`--bwlimit`, from the command line and the settings."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.cli.checks import refused, refused_json
from tests.scenarios.transfers.conftest import MIB, Office, content

SENSELESS = [
    "10", "-1M", "abc", "0K", "1M:2M:3M", "", "25:00,1M", "08:00", "08:00,1M 08:00,2M", "08:00,fast 19:00,slow",
]  # fmt: skip


@pytest.fixture
def alone(tmp_path: Path) -> Person:
    person = Person("david", tmp_path / "david")
    person.write("draft.mp4", "the first cut")
    return person


@pytest.mark.parametrize("limit", SENSELESS)
def test_a_limit_that_makes_no_sense_is_refused(alone: Person, limit: str) -> None:
    said = refused(alone, 2, "up", "--bwlimit", limit)
    assert "bandwidth limit" in said and "hint: write `10M`" in said
    if limit == "abc":
        assert "10M" in refused_json(alone, 2, "down", "--bwlimit", limit)["hint"]


@pytest.mark.parametrize(
    ("yaml", "code"),
    [
        ("bwlimit: 10M", 0),
        ("bwlimit: {upload: 1M, download: off}", 0),
        ("bwlimit:\n  upload: 512K", 0),
        ("bwlimit: 08:00,512K 19:00,10M 23:00,off", 0),
        ("bwlimit:\n  - 08:00 512K\n  - 23:00 off", 0),
        ("bwlimit: off", 0),
        ("bwlimit: 10", 2),
        ("bwlimit: {up: 1M}", 2),
        ("bwlimit: [1M]", 2),
        ("bwlimit: []", 2),
    ],
)
def test_in_the_settings(alone: Person, yaml: str, code: int) -> None:
    settings = alone.repo / ".s3sync.yaml"
    settings.write_text(yaml)
    result = alone.expect(code, "up")
    assert (code == 0) == (result.err == "")
    if code:
        assert "makes no sense" in result.err and "hint: " in result.err
        assert alone.run("up", "--bwlimit", "off").code == 0, "the flag wins"


def timed(person: Person, *words: str) -> float:
    before = time.monotonic()
    person.ok(*words)
    return time.monotonic() - before


@pytest.mark.seaweedfs
@pytest.mark.slow
@pytest.mark.parametrize("sizes", [[8 * MIB], [MIB // 2] * 16, [20 * MIB]], ids=["one PUT", "small ones", "parts"])
def test_a_limit_limits(office: Office, sizes: list[int]) -> None:
    """In each way of transfer, up and down; lower bounds only, as the machine may be busy. 0.2 s is the burst."""
    for seed, size in enumerate(sizes):
        office.david.write(f"{seed}.mp4", content(size, seed))
    rate = sum(sizes) // 2 // MIB
    least = 2 - 0.2 - 0.1
    assert timed(office.david, "up", "--bwlimit", f"{rate}M:off") > least
    assert timed(office.jan, "down", "--bwlimit", f"off:{rate}M") > least
    assert office.jan.files() == office.david.files()


@pytest.mark.seaweedfs
def test_each_direction_has_its_own_limit(office: Office) -> None:
    """A crawl in the direction in which hardly anything goes does not hold up the other."""
    office.david.write("a.mp4", content(4 * MIB))
    office.david.ok("up", "--bwlimit", "off:10K")  # 4 MiB at 10 KiB/s would be 410 s, and patience ends before
    office.jan.ok("down", "--bwlimit", "10K:off")
