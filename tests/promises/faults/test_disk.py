"""What the disk does to single files: F15, F27, F28, F30. The file is reported, and the rest goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from s3sync.core.etag import PART_SIZE
from tests.kit.people import Person, Result
from tests.kit.servers import Moto
from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.conftest import MIB, NewOffice, Office, content


def failed(result: Result) -> dict[str, str]:
    return {item["name"]: item["error"] for item in result.json["failed"]}


# F15


def _grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def _shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4)


def _rewrite(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"same length")


def _replace(path: Path) -> None:
    other = path.with_name(".new")
    other.write_bytes(content(path.stat().st_size, seed=7))
    other.replace(path)


@pytest.mark.seaweedfs
@pytest.mark.parametrize("change", [_grow, _shrink, _rewrite])
def test_f15_what_changes_during_its_upload_is_reported_and_not_published(
    office: Office, change: Callable[[Path], None]
) -> None:
    """Regression: rclone 1250. Also when only bytes change that are not even sent."""
    path = office.david.write("cut.mp4", content(PART_SIZE - MIB))
    office.david.write("other.txt", "this one stands still")
    rule = office.proxy.on("PutObject", key=office.key("cut.mp4"))
    rule.before(lambda _: change(path))
    (problem,) = open_project(office.david).up().failed
    assert problem.path == "cut.mp4" and "changed while it was being read" in problem.error
    assert office.names() == {"other.txt"}
    office.proxy.remove(rule)
    assert open_project(office.david).up().failed == []
    assert office.stored("cut.mp4") == path.read_bytes()


@pytest.mark.seaweedfs
@pytest.mark.parametrize("change", [_grow, _rewrite, _replace])
def test_f15_what_changes_when_all_of_it_was_sent_is_no_conflict_with_oneself(
    office: Office, change: Callable[[Path], None]
) -> None:
    """The store has the version from before, whole. That is said, and the next run publishes the other."""
    old = content(3 * MIB)
    path = office.david.write("cut.mp4", old)
    office.proxy.on("PutObject", key=office.key("cut.mp4"), nth=1).after(lambda _: change(path))
    result = office.david.expect(3, "up", "--json")
    assert "changed while it was being uploaded" in failed(result)["cut.mp4"]
    assert office.stored("cut.mp4") == old
    assert office.david.states() == {"cut.mp4": "local_modified"}
    office.david.ok("up")
    assert office.stored("cut.mp4") == path.read_bytes() != old


# F27


def test_f27_links_are_not_followed_up_or_down(people: tuple[Person, Person], tmp_path: Path) -> None:
    """A link out of the folder, one that loops, and one to a folder: none is read, written through, or replaced."""
    david, jan = people
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.mp4").write_text("precious")
    for name in ("out.mp4", "loop/again/deep.mp4", "folder/precious.mp4", "fine.mp4"):
        david.write(name, f"david's {name}")
    david.ok("up")
    jan.staging.mkdir(parents=True, exist_ok=True)
    (jan.staging / "out.mp4").symlink_to(outside / "precious.mp4")
    (jan.staging / "loop").symlink_to(jan.staging)
    (jan.staging / "folder").symlink_to(outside)
    for verb in ("down", "up", "sync"):
        result = jan.expect(3, verb, "--json")
        assert failed(result).keys() >= {"out.mp4", "loop", "folder"}, result
        assert all("symbolic link" in error for error in failed(result).values())
        assert result.json["deleted"] == []
    assert jan.read("fine.mp4") == b"david's fine.mp4"
    assert [path.name for path in outside.iterdir()] == ["precious.mp4"]
    assert (outside / "precious.mp4").read_text() == "precious"
    david.ok("sync")
    assert david.read("out.mp4") == b"david's out.mp4" and len(david.files()) == 4


@pytest.mark.seaweedfs
@pytest.mark.parametrize("swapped", ["the folder", "the file"])
def test_f27_a_link_swapped_in_during_the_download_is_not_written_through(
    office: Office, tmp_path: Path, swapped: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.mp4").write_text("precious")
    for name in ("cut/a.mp4", "fine.mp4"):
        office.david.write(name, f"david's {name}")
    office.david.ok("up")
    folder = office.jan.staging / "cut"

    def swap(_: object) -> None:
        if swapped == "the folder":
            folder.symlink_to(outside)
        else:
            folder.mkdir()
            (folder / "a.mp4").symlink_to(outside / "precious.mp4")

    office.proxy.on("GetObject", key=office.key("cut/a.mp4"), nth=1).before(swap)
    result = office.jan.expect(3, "down", "--json")
    assert len(failed(result)) == 1 and "symbolic link" in next(iter(failed(result).values())), result
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("precious.mp4", "precious")]
    assert office.jan.read("fine.mp4") == b"david's fine.mp4"


# F28

NFC, NFD = unicodedata.normalize("NFC", "été.mp4"), unicodedata.normalize("NFD", "été.mp4")


def test_f28_two_spellings_of_one_name_here_are_both_kept(people: tuple[Person, Person]) -> None:
    """Regression: rclone 7270."""
    david, jan = people
    for name in (NFC, NFD, "fine.mp4"):
        david.write(name, f"as {name.encode()!r}")
    if len(david.files()) < 3:
        pytest.skip("this disk takes both spellings for one name")
    for verb in ("up", "sync", "down"):
        result = david.expect(3, verb, "--json")
        assert "two Unicode spellings" in failed(result)[NFC]
    assert len(david.files()) == 3
    jan.ok("down")
    assert jan.files().keys() == {"fine.mp4"}


@pytest.mark.seaweedfs
def test_f28_two_spellings_of_one_key_are_both_kept(office: Office) -> None:
    for name in (NFC, NFD, "fine.mp4"):
        office.put(name, f"as {name.encode()!r}".encode())
    for verb in ("down", "sync"):
        result = office.jan.expect(3, verb, "--json")
        assert "two Unicode spellings" in failed(result)[NFC]
    assert office.names() == {NFC, NFD, "fine.mp4"} and office.jan.files().keys() == {"fine.mp4"}


@pytest.mark.seaweedfs
def test_f28_one_name_in_two_spellings_here_and_there_is_one_file(office: Office) -> None:
    """Regression: rclone 7270. What a Mac wrote in NFD and another computer in NFC is no pair of two files."""
    office.david.write(NFD, "the first")
    assert office.david.states() == {NFC: "local_new"}
    office.david.ok("up")
    office.jan.ok("down")
    office.jan.write(NFC, "jan's edit")
    office.jan.ok("up")
    office.david.ok("sync")
    assert office.david.read(NFD) == b"jan's edit" and len(office.david.files()) == 1
    assert len(office.names()) == 1


def test_f28_a_file_here_and_a_folder_there_are_both_kept(people: tuple[Person, Person]) -> None:
    david, jan = people
    david.write("cut/a.mp4", "in a folder")
    david.write("fine.mp4", "fine")
    david.ok("up")
    jan.write("cut", "a file")
    for verb in ("down", "up", "sync"):
        result = jan.expect(3, verb, "--json")
        assert failed(result).keys() == {"cut", "cut/a.mp4"} and result.json["deleted"] == [], result
    assert jan.read("cut") == b"a file" and jan.read("fine.mp4") == b"fine"
    david.ok("sync")
    assert david.files().keys() == {"cut/a.mp4", "fine.mp4"}


# F30


@pytest.fixture
def unprivileged(people: tuple[Person, Person], bound_by_rights: list[str]) -> Iterator[tuple[Person, Person]]:
    """Jan's programs are bound by file permissions, and everything may be deleted afterwards."""
    people[1].launcher = bound_by_rights
    yield people
    for folder, _, _ in os.walk(people[1].staging):
        Path(folder).chmod(0o755)


def test_f30_a_read_only_folder_is_an_error_for_what_is_in_it(unprivileged: tuple[Person, Person]) -> None:
    david, jan = unprivileged
    for name in ("shut/a.mp4", "shut/new.mp4", "open/b.mp4"):
        david.write(name, f"the first {name}")
    david.ok("up")
    jan.ok("down")
    (jan.staging / "shut/new.mp4").unlink()
    for name in ("shut/a.mp4", "open/b.mp4"):
        david.write(name, f"david's edit of {name}")
    david.ok("up")
    (jan.staging / "shut").chmod(0o555)
    result = jan.expect(3, "down", "--json")
    assert failed(result).keys() == {"shut/a.mp4", "shut/new.mp4"}
    assert all("permission denied" in error for error in failed(result).values())
    assert jan.read("shut/a.mp4") == b"the first shut/a.mp4"
    assert jan.read("open/b.mp4") == b"david's edit of open/b.mp4"
    (jan.staging / "shut").chmod(0o755)
    jan.ok("down")
    assert jan.files() == david.files()


def test_f30_a_deletion_in_a_read_only_folder_is_an_error_for_that_file(unprivileged: tuple[Person, Person]) -> None:
    david, jan = unprivileged
    for name in ("shut/a.mp4", "open/b.mp4", "c.mp4", "d.mp4"):
        david.write(name, name)
    david.ok("sync")
    jan.ok("sync")
    for name in ("shut/a.mp4", "open/b.mp4"):
        (david.staging / name).unlink()
    david.ok("sync")
    (jan.staging / "shut").chmod(0o555)
    result = jan.expect(3, "sync", "--json")
    assert failed(result).keys() == {"shut/a.mp4"}
    assert [item["name"] for item in result.json["deleted"]] == ["open/b.mp4"]
    assert jan.read("shut/a.mp4") == b"shut/a.mp4"
    (jan.staging / "shut").chmod(0o755)
    assert [item["name"] for item in jan.ok("sync", "--json").json["deleted"]] == ["shut/a.mp4"]


def test_f30_a_file_that_may_not_be_read_is_an_error_for_that_file(unprivileged: tuple[Person, Person]) -> None:
    david, jan = unprivileged
    closed = jan.write("closed.mp4", "secret")
    jan.write("open.mp4", "open")
    closed.chmod(0)
    assert "permission denied" in failed(jan.expect(3, "up", "--json"))["closed.mp4"]
    david.ok("down")
    assert david.files().keys() == {"open.mp4"}
    closed.chmod(0o644)
    jan.ok("up")


@pytest.fixture
def immutable() -> Iterator[Callable[[Path], None]]:
    """Make a file one that even root cannot change, as a snapshot or a lock of another program does."""
    made: list[Path] = []

    def make(path: Path) -> None:
        command = ["chattr", "+i", str(path)]
        if shutil.which("chattr") is None or subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this disk has no immutable files, or only root makes them")
        made.append(path)

    yield make
    for path in made:
        subprocess.run(["chattr", "-i", str(path)], check=True)


def test_f30_an_immutable_file_is_an_error_for_that_file(
    people: tuple[Person, Person], immutable: Callable[[Path], None]
) -> None:
    david, jan = people
    for name in ("a.mp4", "b.mp4"):
        david.write(name, "the first")
    david.ok("up")
    jan.ok("down")
    for name in ("a.mp4", "b.mp4"):
        david.write(name, "david's edit")
    david.ok("up")
    immutable(jan.staging / "a.mp4")
    result = jan.expect(3, "down", "--json")
    assert failed(result).keys() == {"a.mp4"} and "not permitted" in failed(result)["a.mp4"]
    assert (jan.read("a.mp4"), jan.read("b.mp4")) == (b"the first", b"david's edit")


def test_f30_an_archived_object_is_an_error_for_that_file(new_office: NewOffice, moto: Moto) -> None:
    """It can neither be read nor, when `sync` is to replace it, be copied into the trash."""
    office = new_office(moto)
    office.put("cold.mp4", b"archived", StorageClass="GLACIER")
    office.put("warm.mp4", b"warm")
    result = office.jan.expect(3, "down", "--json")
    assert failed(result).keys() == {"cold.mp4"} and "cold storage" in failed(result)["cold.mp4"], result
    assert office.jan.files().keys() == {"warm.mp4"}
    said = office.jan.expect(3, "down").err
    assert "cold.mp4: " in said and "it is in cold storage" in said and "hint: thaw it first" in said
    office.s3.restore_object(Bucket=office.server.bucket, Key=office.key("cold.mp4"), RestoreRequest={"Days": 1})
    office.jan.ok("down")  # thawed, its class is the same, and it can be read
    assert office.jan.read("cold.mp4") == b"archived"
    office.put("cold.mp4", b"archived again", StorageClass="GLACIER")
    office.jan.write("cold.mp4", "jan's own")
    report = office.jan.expect(3, "sync", "--on-conflict", "mine", "--json")
    assert "cold storage" in failed(report)["cold.mp4"]
    assert office.jan.read("cold.mp4") == b"jan's own" and office.head("cold.mp4")["ContentLength"] == 14
