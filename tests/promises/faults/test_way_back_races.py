"""An undo, or a restore from the trash, that races a change of the other: neither version is lost."""

from __future__ import annotations

import pytest

from s3sync.errors import Halt, StoreError
from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.conftest import Office

pytestmark = pytest.mark.seaweedfs

EDIT = b"put there by the other, at the last moment"


@pytest.mark.parametrize(
    ("name", "operation"), [("new.mp4", "DeleteObject"), ("old.mp4", "CopyObject"), ("new.mp4", "CopyObject")]
)
def test_f43_an_undo_that_races_the_other_on_the_remote_loses_neither_version(
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


def test_f43_an_undo_here_that_races_an_edit_keeps_the_edit(office: Office) -> None:
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


def delete_for_good(office: Office) -> None:
    """`gone.mp4` is in the remote trash, and in Jan's."""
    for name in ("gone.mp4", "b.mp4", "c.mp4"):
        office.david.write(name, f"first {name}")
    open_project(office.david).sync()
    open_project(office.jan).sync()
    (office.david.staging / "gone.mp4").unlink()
    open_project(office.david).sync()
    open_project(office.jan).sync()


def trash_keys(office: Office) -> list[str]:
    found = office.s3.list_objects_v2(Bucket=office.server.bucket, Prefix=f"{office.prefix}/").get("Contents", [])
    return [item["Key"] for item in found if "/.s3sync/trash/" in item["Key"]]


def in_trash(office: Office) -> list[bytes]:
    """The contents of the remote trash."""
    bucket = office.server.bucket
    return [office.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in trash_keys(office)]


def test_f43_a_restore_during_which_the_other_sends_the_name_again_keeps_both(office: Office) -> None:
    delete_for_good(office)
    rule = office.proxy.on("GetObject", key="*/.s3sync/trash/*", nth=1)
    rule.before(lambda _: office.put("gone.mp4", EDIT))
    open_project(office.david).restore_from_trash("gone.mp4", side="remote")
    assert rule.hits == 1
    assert office.david.read("gone.mp4") == b"first gone.mp4" and office.stored("gone.mp4") == EDIT
    assert in_trash(office) == [b"first gone.mp4"]
    report = open_project(office.david).up()
    assert [conflict.name for conflict in report.conflicts] == ["gone.mp4"] and office.stored("gone.mp4") == EDIT
    assert open_project(office.david).sync().failed == []
    kept = [path.read_bytes() for path in office.david.staging.glob("gone.conflict-david-*.mp4")]
    assert kept == [b"first gone.mp4"] and office.david.read("gone.mp4") == EDIT


def test_f43_a_restore_during_which_the_name_appears_here_replaces_nothing(office: Office) -> None:
    delete_for_good(office)
    rule = office.proxy.on("GetObject", key="*/.s3sync/trash/*", nth=1)
    rule.before(lambda _: office.david.write("gone.mp4", EDIT))
    with pytest.raises(Halt):
        open_project(office.david).restore_from_trash("gone.mp4", side="remote")
    assert rule.hits == 1 and office.david.read("gone.mp4") == EDIT
    assert in_trash(office) == [b"first gone.mp4"]
    assert not list((office.david.staging / ".s3sync/partial").glob("*"))


def test_f43_a_restore_of_what_the_other_takes_out_of_the_trash_meanwhile_writes_nothing(office: Office) -> None:
    delete_for_good(office)
    [key] = trash_keys(office)
    rule = office.proxy.on("GetObject", key="*/.s3sync/trash/*", nth=1)
    rule.before(lambda _: office.s3.delete_object(Bucket=office.server.bucket, Key=key))
    with pytest.raises(StoreError):
        open_project(office.david).restore_from_trash("gone.mp4", side="remote")
    assert rule.hits == 1 and not (office.david.staging / "gone.mp4").exists()
    assert open_project(office.jan).restore_from_trash("gone.mp4", side="local").restored_to == "gone.mp4"
    assert office.jan.read("gone.mp4") == b"first gone.mp4"
