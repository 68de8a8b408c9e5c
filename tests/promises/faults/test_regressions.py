"""Bugs that other sync tools had, each as a test that names the tool and its issue: wrong deletions and missed changes.

Those about transfers stand in test_regressions_of_transfers.py.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from s3sync.errors import BucketMissing, StoreError
from tests.kit.people import Person
from tests.kit.servers import MiniStack
from tests.promises.faults.conftest import open_project, standing
from tests.scenarios.transfers.conftest import NewOffice, Office

People = tuple[Person, Person]


def share(people: People, *names: str) -> People:
    for name in names:
        people[0].write(name, f"the first {name}")
    for person in people:
        open_project(person).sync()
    return people


def deleted(person: Person) -> list[tuple[str, str]]:
    return [(item.name, item.side) for item in open_project(person).sync().deleted]


@pytest.mark.parametrize("stale", ["an old copy", "none", "broken"])
def test_maestral_295_452_a_stale_index_deletes_nothing(people: People, stale: str) -> None:
    """maestral 295, 452: an index that was behind the folder made remote files look deleted here."""
    david, jan = share(people, "a.mp4", "b.mp4", "c.mp4")
    index = jan.staging / ".s3sync" / "state.db"
    before = index.read_bytes()
    david.write("d.mp4", "new")
    open_project(david).sync()
    open_project(jan).sync()
    for left in index.parent.glob("state.db*"):
        left.unlink()
    if stale == "an old copy":
        index.write_bytes(before)
    if stale == "broken":
        index.write_bytes(b"no database" * 1_000)
        jan.expect(1, "sync")
        index.unlink()
    assert deleted(jan) == [] == deleted(david)
    assert jan.files() == david.files() and len(jan.files()) == 4
    with sqlite3.connect(index) as known:
        assert known.execute("SELECT count(*) FROM base").fetchone() == (4,)


def test_maestral_473_storage_that_vanishes_is_no_bulk_deletion(people: People, tmp_path: Path) -> None:
    """maestral 473: the folder's disk was gone for a moment, and everything was deleted on the other side."""
    david, jan = share(people, "a.mp4", "b.mp4", "c.mp4")
    (jan.staging).rename(tmp_path / "unplugged")
    jan.staging.mkdir()  # the mount point
    assert deleted(jan) == []
    shutil.rmtree(jan.staging)
    (tmp_path / "unplugged").rename(jan.staging)
    (tmp_path / "store").rename(tmp_path / "nas")
    with standing(jan), pytest.raises(BucketMissing):
        open_project(jan).sync(max_delete=99)
    (tmp_path / "nas").rename(tmp_path / "store")
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (jan.staging / name).unlink()
    jan.expect(5, "sync")
    assert len(open_project(david).status().files) == 3 and deleted(david) == []


@pytest.mark.seaweedfs
def test_rclone_8359_a_file_that_changes_again_during_the_run_is_not_taken_for_synced(office: Office) -> None:
    """rclone 8359: bisync kept the listing from before the run, and the second change was lost."""
    people = share((office.david, office.jan), "a.mp4", "z.mp4")
    for name in ("a.mp4", "z.mp4"):
        office.jan.write(name, "second")
    again = office.proxy.on("PutObject", key=office.key("z.mp4"), nth=1)
    again.before(lambda _: office.jan.write("a.mp4", "third!"))
    there = office.proxy.on("PutObject", key="*/metadata.json", nth=1)
    there.before(lambda _: office.put("z.mp4", b"third, by another tool"))
    open_project(office.jan).sync()
    assert again.hits == there.hits == 1
    for person in (office.jan, office.david, office.jan):
        open_project(person).sync()
    for person in people:
        assert (person.read("a.mp4"), person.read("z.mp4")) == (b"third!", b"third, by another tool")


@pytest.mark.seaweedfs
def test_aws_cli_440_a_file_that_shares_a_folders_prefix_is_not_deleted(office: Office) -> None:
    """aws-cli 440: `sync --delete` merged two listings by an order that the store does not have.

    SeaweedFS lists `a/b` before `a-b`, and S3 the other way round.
    """
    david, jan = share((office.david, office.jan), "test/a.txt", "test-123.txt", "test.txt", "test0/b.txt")
    (david.staging / "test/a.txt").unlink()
    assert deleted(david) == [("test/a.txt", "remote")]
    assert deleted(jan) == [("test/a.txt", "local")]
    assert david.files().keys() == jan.files().keys() == office.names() == {"test-123.txt", "test.txt", "test0/b.txt"}


@pytest.mark.ministack
def test_aws_cli_431_a_file_beside_a_folder_of_nearly_its_name(new_office: NewOffice, ministack: MiniStack) -> None:
    """aws-cli 431: `foo.txt` beside `foo/` was sent again and again, or deleted; a `foo/` marker is no file `foo`."""
    office = new_office(ministack)
    office.put("foo/", b"")
    david, jan = share((office.david, office.jan), "foo.txt", "foo/bar.txt")
    for person in (david, jan):
        report = open_project(person).sync()
        assert not (report.uploaded or report.downloaded or report.deleted or report.failed)
        assert person.files().keys() == {"foo.txt", "foo/bar.txt"}


@pytest.mark.parametrize("side", ["here", "there"])
def test_aws_cli_1074_599_3273_a_change_of_the_same_size_is_seen(people: People, side: str) -> None:
    """aws-cli 1074, 599, 3273: the same size and an older or equal time counted as the same content."""
    david, jan = share(people, "a.mp4", "b.mp4")
    writer, reader = (jan, david) if side == "here" else (david, jan)
    for name, content in (("a.mp4", "THE FIRST a.mp4"), ("b.mp4", "THE FIRST b.mp4")):
        path = writer.staging / name
        before = path.stat()
        other = path.with_name(".other")
        other.write_text(content)
        when = before.st_mtime_ns - (0 if name == "a.mp4" else 10**15)
        os.utime(other, ns=(when, when))
        other.replace(path)
        assert path.stat().st_size == before.st_size
    for person in (writer, reader):
        open_project(person).sync()
    assert reader.read("a.mp4") == b"THE FIRST a.mp4" and reader.read("b.mp4") == b"THE FIRST b.mp4"


@pytest.mark.ministack
def test_aws_cli_6253_double_slashes_do_not_collide(new_office: NewOffice, ministack: MiniStack) -> None:
    """aws-cli 6253: `a//b` was written to `a/b`, over the file that stood there."""
    office = new_office(ministack)
    office.put("a/b.mp4", b"the file")
    office.put("a//b.mp4", b"the other")
    for _ in range(2):
        report = open_project(office.jan).sync()
        assert [problem.path for problem in report.failed] == ["a//b.mp4"]
    assert office.jan.files().keys() == {"a/b.mp4"} and office.jan.read("a/b.mp4") == b"the file"
    assert office.names() == {"a/b.mp4", "a//b.mp4"}


def test_s5cmd_695_a_source_that_cannot_be_read_deletes_nothing(people: People, bound_by_rights: list[str]) -> None:
    """s5cmd 695: `sync --delete` met an error while it listed the source, and removed every file at the target."""
    david, jan = share(people, "a.mp4", "sub/b.mp4", "sub/c.mp4", "d.mp4", "e.mp4")
    jan.launcher = bound_by_rights
    for closed, code in ((jan.staging / "sub", 3), (jan.staging, 1)):
        closed.chmod(0o300)
        try:
            result = jan.expect(code, "sync", "--max-delete", "99")
        finally:
            closed.chmod(0o755)
        assert any(words in result.err for words in ("cannot be read", "cannot read", "permission denied"))
    (jan.staging / "a.mp4").unlink()
    (jan.staging / "sub").chmod(0)
    try:
        said = jan.expect(5, "sync", "--max-delete", "99").err
    finally:
        (jan.staging / "sub").chmod(0o755)
    assert "not everything could be read" in said
    assert len(open_project(david).status().files) == 5 and deleted(david) == []


@pytest.mark.parametrize("first", ["here", "there"])
def test_syncthing_1787_7974_a_rename_that_only_changes_case_deletes_neither(people: People, first: str) -> None:
    """syncthing 1787, 7974: the deletion of the old name took the new file with it."""
    david, jan = share(people, "Cut.mp4", "other.mp4", "third.mp4")
    renamer, other = (david, jan) if first == "here" else (jan, david)
    (renamer.staging / "Cut.mp4").rename(renamer.staging / "cut.mp4")
    for person in (renamer, other, renamer):
        open_project(person).sync()
    for person in people:
        assert person.files().keys() == {"cut.mp4", "other.mp4", "third.mp4"}
        assert person.read("cut.mp4") == b"the first Cut.mp4"


@pytest.mark.seaweedfs
@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "InvalidAccessKeyId"])
def test_appydave_tools_an_error_of_the_store_is_no_empty_listing(office: Office, code: str) -> None:
    """appydave-tools: a failed listing came back as an empty one, and everything looked new or gone."""
    _, jan = share((office.david, office.jan), "a.mp4", "b.mp4")
    office.proxy.on("ListObjectsV2").reply(404 if code == "NoSuchBucket" else 403, code)
    with standing(jan):
        for verb in ("up", "down", "sync", "status", "cleanup"):
            with pytest.raises(StoreError):
                getattr(open_project(jan), verb)()
    office.proxy.remove()
    assert office.names() == {"a.mp4", "b.mp4"}
