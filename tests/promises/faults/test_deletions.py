"""F18: a delete races an edit, in every order there is: the edit survives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.sync.report import RunReport
from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

EDIT = b"edited meanwhile"


@pytest.fixture
def shared(office: Office) -> Office:
    """Three small files that David and Jan both have."""
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        office.david.write(name, f"the first {name}")
    open_project(office.david).sync()
    open_project(office.jan).sync()
    return office


def kept_edits(report: RunReport) -> list[str]:
    return [conflict.name for conflict in report.conflicts if conflict.resolution == "kept_edit"]


@pytest.mark.parametrize("before", ["CopyObject", "DeleteObject"])
def test_f18_an_edit_that_arrives_before_the_deletion_does(shared: Office, before: str) -> None:
    """Jan deletes b.mp4; David's edit comes between her look at the store and her request to delete."""
    office = shared
    (office.jan.staging / "b.mp4").unlink()
    office.david.write("b.mp4", EDIT)
    key = office.key("b.mp4") if before == "DeleteObject" else "*/.s3sync/trash/*/b.mp4"
    rule = office.proxy.on(before, key=key, nth=1)
    rule.before(lambda _: open_project(office.david).up())
    report = open_project(office.jan).sync()
    assert rule.hits == 1 and report.deleted == [] and kept_edits(report) == ["b.mp4"]
    assert office.stored("b.mp4") == office.jan.read("b.mp4") == EDIT
    assert office.david.files() == office.jan.files()


@pytest.mark.parametrize(("verb", "size"), [("up", 20), ("sync", 20), ("up", 3 * MIB), ("sync", PART + MIB)])
def test_f18_a_deletion_that_arrives_before_the_edit_does(shared: Office, verb: str, size: int) -> None:
    """David's new b.mp4 is on its way when Jan's deletion of the old one arrives."""
    office = shared
    edit = content(size)
    office.david.write("b.mp4", edit)
    operation = "CompleteMultipartUpload" if size > PART else "PutObject"

    def delete(_: object) -> None:
        (office.jan.staging / "b.mp4").unlink()
        assert [item.name for item in open_project(office.jan).sync().deleted] == ["b.mp4"]

    rule = office.proxy.on(operation, key=office.key("b.mp4"), nth=1)
    rule.before(delete)
    report = getattr(open_project(office.david), verb)()
    assert rule.hits == 1 and report.failed == [] and kept_edits(report) == ["b.mp4"]
    assert office.stored("b.mp4") == office.david.read("b.mp4") == edit and office.uploads() == {}
    open_project(office.jan).sync()
    assert office.jan.read("b.mp4") == edit


def test_f18_a_store_that_says_404_instead_of_412(shared: Office) -> None:
    """As AWS does when an object that was to be replaced is not there."""
    office = shared
    office.david.write("b.mp4", EDIT)
    rule = office.proxy.on("PutObject", key=office.key("b.mp4"), nth=1)
    rule.reply(404, "NoSuchKey")
    office.proxy.on("PutObject", key=office.key("b.mp4"), nth=1).before(
        lambda _: office.s3.delete_object(Bucket=office.server.bucket, Key=office.key("b.mp4"))
    )
    assert kept_edits(open_project(office.david).up()) == ["b.mp4"]
    assert rule.hits == 1 and office.stored("b.mp4") == EDIT


def _overwrite(path: Path) -> None:
    path.write_bytes(EDIT)


def _replace(path: Path) -> None:
    other = path.with_name(".new")
    other.write_bytes(EDIT)
    other.replace(path)


@pytest.mark.parametrize("edit", [_overwrite, _replace])
def test_f18_a_file_that_is_edited_while_its_deletion_is_carried_out_here(
    shared: Office, edit: Callable[[Path], None]
) -> None:
    """David deleted b.mp4. Jan's sync, which is to delete it too, is still uploading when she saves an edit of it."""
    office = shared
    (office.david.staging / "b.mp4").unlink()
    open_project(office.david).sync()
    office.jan.write("new.mp4", "so that there is something to wait for")
    rule = office.proxy.on("PutObject", key=office.key("new.mp4"), nth=1)
    rule.before(lambda _: edit(office.jan.staging / "b.mp4"))
    report = open_project(office.jan).sync()
    assert rule.hits == 1 and report.deleted == [] and kept_edits(report) == ["b.mp4"]
    assert office.stored("b.mp4") == office.jan.read("b.mp4") == EDIT


def test_f18_both_in_one_run_through_the_command_line(shared: Office) -> None:
    """Exit code 4, and the warning says what was kept."""
    office = shared
    (office.jan.staging / "b.mp4").unlink()
    office.proxy.on("DeleteObject", key=office.key("b.mp4"), nth=1).before(lambda _: office.put("b.mp4", EDIT))
    result = office.jan.expect(4, "sync")
    assert "b.mp4" in result.err and "deleted here" in result.err
    assert office.jan.read("b.mp4") == office.stored("b.mp4") == EDIT
