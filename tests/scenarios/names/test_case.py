"""Case alone, between a disk that ignores it and one that does not: nothing is deleted, sent or reported for it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.kit.limits import limit
from tests.scenarios.names.conftest import Pair

PutOn = Callable[[str], None]


@pytest.fixture(params=["in memory", "in files"])
def blind(people: Pair, put_on: PutOn, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Both have Cut.mp4 in sync; Jan's disk ignores case. Names are where those of a small or a huge project are."""
    if request.param == "in files":
        limit(monkeypatch, entries_in_memory=0, entries_at_once=2)
    people.david.write("Cut.mp4", "the cut")
    people.davids("up")
    put_on("mac")
    people.run("down")
    return people


@pytest.mark.parametrize("verb", ["up", "down", "sync"])
def test_renamed_here_where_case_is_ignored(blind: Pair, verb: str) -> None:
    (blind.jan.staging / "Cut.mp4").rename(blind.jan.staging / "cut.mp4")
    for _ in range(2):
        report = blind.run(verb)
        assert report.exit_code == 0 and not (report.uploaded or report.downloaded or report.deleted)
    assert blind.states() == {"Cut.mp4": "in_sync"}
    assert blind.remote().keys() == {"Cut.mp4"} and blind.jan.files().keys() == {"cut.mp4"}


@pytest.mark.parametrize("verb", ["up", "down", "sync"])
def test_renamed_there(blind: Pair, verb: str) -> None:
    """syncthing 1787, 7974: a rename that only changes case must not delete both."""
    (blind.david.staging / "Cut.mp4").rename(blind.david.staging / "cut.mp4")
    blind.davids("sync", max_delete=1)
    assert blind.remote().keys() == {"cut.mp4"}
    for _ in range(2):
        report = blind.run(verb)
        assert report.exit_code == 0 and not (report.uploaded or report.downloaded or report.deleted)
    assert blind.jan.files().keys() == {"Cut.mp4"} and blind.states() == {"cut.mp4": "in_sync"}
    blind.davids("sync")
    assert blind.david.files().keys() == {"cut.mp4"}


def test_renamed_and_edited_there(blind: Pair) -> None:
    (blind.david.staging / "Cut.mp4").unlink()
    blind.david.write("cut.mp4", "the second cut")
    blind.davids("sync", max_delete=1)
    report = blind.run("sync")
    assert [moved.name for moved in report.downloaded] == ["cut.mp4"] and report.exit_code == 0
    assert [blind.jan.read(name) for name in blind.jan.files()] == [b"the second cut"]
    assert blind.states() == {"cut.mp4": "in_sync"}


def test_renamed_there_and_edited_here(blind: Pair) -> None:
    (blind.david.staging / "Cut.mp4").rename(blind.david.staging / "cut.mp4")
    blind.davids("sync", max_delete=1)
    (blind.jan.staging / "Cut.mp4").write_text("jan's cut")
    report = blind.run("sync")
    assert [moved.name for moved in report.uploaded] == ["cut.mp4"] and report.exit_code == 0
    blind.davids("sync")
    assert blind.david.read("cut.mp4") == b"jan's cut" and blind.remote() == {"cut.mp4": b"jan's cut"}


def test_renamed_here_and_deleted_there(blind: Pair) -> None:
    """The deletion counts, as for any other file: it goes to the trash, and is not uploaded as something new."""
    (blind.david.staging / "Cut.mp4").unlink()
    blind.davids("sync", max_delete=1)
    (blind.jan.staging / "Cut.mp4").rename(blind.jan.staging / "cut.mp4")
    report = blind.run("sync", max_delete=1)
    assert [(deleted.name, deleted.side) for deleted in report.deleted] == [("cut.mp4", "local")]
    assert blind.jan.files() == {} and blind.remote() == {}
    assert [path.read_bytes() for path in (blind.jan.staging / ".s3sync" / "trash").rglob("*.mp4")] == [b"the cut"]


def test_two_files_of_two_people_are_a_conflict(blind: Pair) -> None:
    blind.david.write("Sound.wav", "david's sound")
    blind.davids("up")
    (blind.jan.staging / "sound.wav").write_text("jan's sound")
    for verb in ("up", "down"):
        report = blind.run(verb)
        assert [conflict.name for conflict in report.conflicts] == ["Sound.wav"] and report.exit_code == 4
    assert blind.remote()["Sound.wav"] == b"david's sound" and blind.jan.read("sound.wav") == b"jan's sound"
    (conflict,) = blind.run("sync").conflicts
    assert conflict.kept_as is not None and conflict.kept_as.startswith("Sound.conflict-jan-")
    assert blind.jan.read("Sound.wav") == b"david's sound" and blind.jan.read(conflict.kept_as) == b"jan's sound"
    blind.davids("sync")
    assert blind.david.read(conflict.kept_as) == b"jan's sound"


def test_folders_that_differ_only_in_case_are_one(blind: Pair) -> None:
    (blind.jan.staging / "Day 1").mkdir()
    (blind.jan.staging / "Day 1" / "a.mp4").write_text("jan's a")
    blind.run("sync")
    blind.david.write("day 1/b.mp4", "david's b")
    blind.davids("sync")
    for _ in range(2):
        report = blind.run("sync")
        assert report.exit_code == 0
    assert blind.states() == {"Cut.mp4": "in_sync", "Day 1/a.mp4": "in_sync", "day 1/b.mp4": "in_sync"}
    blind.davids("sync")
    assert blind.david.files().keys() == {"Cut.mp4", "Day 1/a.mp4", "day 1/b.mp4"}


def test_a_new_file_goes_into_the_folder_that_the_others_have(blind: Pair) -> None:
    blind.david.write("day 1/b.mp4", "david's b")
    blind.davids("up")
    (blind.jan.staging / "Day 1").mkdir()
    (blind.jan.staging / "Day 1" / "c.mp4").write_text("jan's c")
    blind.run("sync")
    assert blind.remote().keys() == {"Cut.mp4", "day 1/b.mp4", "day 1/c.mp4"}
    assert blind.jan.files().keys() == {"Cut.mp4", "Day 1/b.mp4", "Day 1/c.mp4"}


def test_both_spellings_there_are_reported_and_kept(blind: Pair) -> None:
    blind.david.write("cut.mp4", "another cut")
    blind.davids("up")
    for verb in ("down", "sync", "up"):
        report = blind.run(verb)
        assert {problem.path for problem in report.failed} == {"Cut.mp4", "cut.mp4"} and report.exit_code == 3
        assert all("this disk ignores case" in problem.error for problem in report.failed)
    assert blind.jan.read("Cut.mp4") == b"the cut"
    assert blind.remote() == {"Cut.mp4": b"the cut", "cut.mp4": b"another cut"}


def test_a_link_in_another_case_does_not_look_deleted(blind: Pair) -> None:
    (blind.jan.staging / "Cut.mp4").unlink()
    (blind.jan.staging / "cut.mp4").symlink_to(blind.root / "elsewhere")
    assert blind.run("sync", max_delete=9).exit_code == 3
    assert blind.remote() == {"Cut.mp4": b"the cut"}


def test_many_files_in_folders_of_another_case(blind: Pair) -> None:
    for number in range(7):
        blind.david.write(f"Day 1/Cut/{number}.mp4", str(number))
    blind.davids("up")
    blind.run("down")
    (blind.jan.staging / "Day 1").rename(blind.jan.staging / "day 1")
    (blind.jan.staging / "day 1" / "CUT").mkdir(exist_ok=True)
    (blind.jan.staging / "day 1" / "CUT" / "new.mp4").write_text("new")
    report = blind.run("sync")
    assert ([moved.name for moved in report.uploaded], report.exit_code) == (["Day 1/Cut/new.mp4"], 0)
    assert not report.downloaded and not report.deleted
    assert set(blind.states().values()) == {"in_sync"} and len(blind.states()) == 9


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_no_text_is_reported(blind: Pair) -> None:
    for number in range(3):
        blind.david.write(f"Day 1/{number}.mp4", str(number))
    blind.davids("up")
    blind.run("down")
    (blind.jan.staging / "Day 1").rename(blind.jan.staging / "day 1")
    raw = os.fsencode(blind.jan.staging / "day 1") + b"/\xff.mp4"
    try:
        os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
    except OSError:
        pytest.skip("this disk takes no such name")
    report = blind.run("sync")
    assert ["not valid UTF-8" in problem.error for problem in report.failed] == [True]
    assert not report.uploaded and not report.downloaded and not report.deleted and report.exit_code == 3
