"""F28: two names that differ only in case, on a disk that takes them for one: reported, and both kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync import Project
from s3sync.local.holds import ignores_case
from s3sync.sync.report import RunReport
from tests.kit.people import PROJECT, Person, pair

BOTH = {"Cut.mp4", "cut.mp4"}


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    """David, whose disk knows case, and Jan."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    if ignores_case(david.staging):
        pytest.skip("this disk cannot hold both")
    return david, jan


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, disks in this process are said to ignore case."""
    monkeypatch.setattr("s3sync.sync.scan.ignores_case", lambda staging: True)


def open_project(person: Person) -> Project:
    return Project.open(PROJECT, path=person.project, environ=person.env())


def refused(report: RunReport) -> dict[str, str]:
    return {problem.path: problem.error for problem in report.failed}


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("verb", ["up", "down", "sync"])
def test_twins_on_the_remote_stay_there(people: tuple[Person, Person], verb: str) -> None:
    david, jan = people
    for name in (*BOTH, "other.mp4"):
        david.write(name, name)
    david.ok("up")
    before = david.files()
    for _ in range(2):
        report = getattr(open_project(jan), verb)()
        assert refused(report).keys() == BOTH
        assert all("this disk ignores case" in error for error in refused(report).values())
        assert jan.files().keys() == (set() if verb == "up" else {"other.mp4"})
    david.ok("sync")
    assert david.files() == before


def test_a_disk_that_knows_case_holds_both(people: tuple[Person, Person]) -> None:
    david, jan = people
    for name in BOTH:
        david.write(name, name)
    david.ok("up")
    jan.ok("down")
    assert jan.files() == david.files()
