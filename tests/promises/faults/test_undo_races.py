"""An undo that races a change of the other: neither version is lost."""

from __future__ import annotations

import pytest

from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.conftest import Office

pytestmark = pytest.mark.seaweedfs

EDIT = b"put there by the other, at the last moment"


@pytest.mark.parametrize(
    ("name", "operation"), [("new.mp4", "DeleteObject"), ("old.mp4", "CopyObject"), ("new.mp4", "CopyObject")]
)
def test_an_undo_that_races_the_other_on_the_remote_loses_neither_version(
    office: Office, name: str, operation: str
) -> None:
    david = office.david
    david.write("old.mp4", "first")
    open_project(david).sync()
    david.write("old.mp4", "second")
    david.write("new.mp4", "new")
    open_project(david).sync()
    key = "*/.s3sync/trash/*new.mp4" if (name, operation) == ("new.mp4", "CopyObject") else office.key(name)
    rule = office.proxy.on(operation, key=key, nth=1)
    rule.before(lambda _: office.put(name, EDIT))
    report = open_project(david).undo()
    assert rule.hits == 1 and [problem.path for problem in report.refused] == [name], report.refused
    assert office.stored(name) == EDIT
    assert david.read(name) in (b"second", b"new")
    other = {"new.mp4", "old.mp4"} - {name}
    assert {one.name for one in report.undone} == other


def test_an_undo_here_that_races_an_edit_keeps_the_edit(office: Office) -> None:
    david, jan = office.david, office.jan
    david.write("a.mp4", "first")
    david.write("b.mp4", "first")
    open_project(david).sync()
    open_project(jan).sync()
    david.write("a.mp4", "second")
    open_project(david).sync()
    open_project(jan).sync()

    def answer(report: object) -> bool:
        jan.write("a.mp4", "edited during the question")
        return True

    report = open_project(jan).undo(confirm=answer)
    assert [problem.path for problem in report.refused] == ["a.mp4"] and report.undone == []
    assert jan.read("a.mp4") == b"edited during the question" and office.stored("a.mp4") == b"second"
    assert open_project(jan).sync().failed == []
    assert jan.read("a.mp4") == b"second"
    kept = list(jan.staging.glob("a.conflict-jan-*.mp4"))
    assert [path.read_bytes() for path in kept] == [b"edited during the question"]
