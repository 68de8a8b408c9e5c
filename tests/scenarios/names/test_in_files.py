"""A project whose names do not fit into memory is seen and synced as any other."""

from __future__ import annotations

import os

import pytest

from tests.kit.limits import limit
from tests.scenarios.names.conftest import Pair

MANY = 30


@pytest.fixture(autouse=True, params=["in memory", "in files"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in files":
        limit(monkeypatch, entries_in_memory=5, entries_at_once=3)


@pytest.fixture
def both(people: Pair) -> Pair:
    """Both have many files in sync."""
    for number in range(MANY):
        people.david.write(f"cut/{number:02}.mp4", f"content {number}")
    people.davids("up")
    assert people.run("down").exit_code == 0
    return people


@pytest.mark.parametrize("count", [3, 20])
def test_objects_that_vanished_and_some_that_came_instead(both: Pair, count: int) -> None:
    """Few are asked for one by one, many are listed."""
    project = next((both.root / "store").rglob("cut"))
    for number in range(count):
        (project / f"{number:02}.mp4").unlink()
    for number in range(9):
        (project / f"foreign {number}.mp4").write_text(f"foreign {number}")
    states = both.states()
    assert [name for name, state in states.items() if state == "remote_deleted"] == [
        f"cut/{number:02}.mp4" for number in range(count)
    ]
    assert [name for name, state in states.items() if state == "remote_new"] == [
        f"cut/foreign {number}.mp4" for number in range(9)
    ]
    report = both.run("sync", max_delete=MANY)
    assert (len(report.downloaded), len(report.deleted), report.exit_code) == (9, count, 0)
    assert both.states().keys() == states.keys() - {f"cut/{number:02}.mp4" for number in range(count)}
    assert both.run("verify").exit_code == 0


def test_files_that_are_renamed_touched_and_gone(both: Pair) -> None:
    cut = both.jan.staging / "cut"
    for number in range(8):
        (cut / f"{number:02}.mp4").rename(cut / f"renamed {number}.mp4")
    for number in range(8, 16):
        (cut / f"{number:02}.mp4").touch()
    for number in range(16, 24):
        (cut / f"{number:02}.mp4").unlink()
    report = both.run("sync", max_delete=MANY)
    assert (len(report.deleted), report.exit_code) == (16, 0)
    assert {moved.name for moved in report.uploaded} <= {f"cut/renamed {number}.mp4" for number in range(8)}
    assert set(both.states().values()) == {"in_sync"} and len(both.states()) == MANY - 8


def test_a_file_and_a_folder_of_one_name(both: Pair) -> None:
    for number in range(8):
        both.david.write(f"new {number}/a.mp4", "a")
        both.jan.write(f"new {number}", "jan's")
    both.davids("up")
    report = both.run("sync")
    names = {name for number in range(8) for name in (f"new {number}", f"new {number}/a.mp4")}
    assert {problem.path for problem in report.failed} == names and report.exit_code == 3
    assert not report.uploaded and not report.downloaded and not report.deleted


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_many_names_that_are_no_text(both: Pair) -> None:
    for number in range(12):
        raw = os.fsencode(both.jan.staging) + b"/%d \xff.mp4" % number
        try:
            os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
        except OSError:
            pytest.skip("this disk takes no such name")
    for verb in ("sync", "status", "verify"):
        assert ["not valid UTF-8" in problem.error for problem in both.run(verb).failed] == [True] * 12
