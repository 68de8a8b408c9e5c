"""Two people and a file that both changed: each sees both versions, and one of them decides for both."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s3sync.api import Project
from s3sync.core.manifest.edits import KEPT_BOTH, KEPT_COPY, KEPT_NAME
from s3sync.sync.carry_out import carry_out
from s3sync.team import kept_copies
from tests.kit.people import PROJECT, REPO, Person, pair, tree
from tests.scenarios.cli.terminal import on_terminal

FILM = "cut/a film.mp4"
FIRST, DAVIDS, JANS = b"the first cut", b"david's cut, longer", b"jan's cut"


@pytest.fixture
def clashing(people: tuple[Person, Person]) -> tuple[Person, Person]:
    """Both changed the film, and David has sent his."""
    return clash(*people)


@pytest.fixture
def here(tmp_path: Path) -> tuple[Person, Person]:
    """The same on a folder store."""
    return clash(*pair(tmp_path, f"file://{tmp_path / 'store'}", {}))


@pytest.fixture
def kept(here: tuple[Person, Person]) -> tuple[Person, Person, str]:
    """Jan has synced since: both have both versions, and the copy is Jan's."""
    return (*here, keep_both(*here))


def clash(david: Person, jan: Person) -> tuple[Person, Person]:
    david.write(FILM, FIRST)
    david.write("notes.txt", "take 1")
    david.ok("up")
    jan.ok("down")
    david.write(FILM, DAVIDS)
    david.ok("up")
    jan.write(FILM, JANS)
    return david, jan


def keep_both(david: Person, jan: Person) -> str:
    """The name of Jan's copy, which both have then."""
    (copy,) = [one["kept_as"] for one in jan.expect(4, "sync", "--json").json["conflicts"]]
    david.ok("down")
    assert david.read(copy) == JANS and jan.read(FILM) == DAVIDS
    return str(copy)


def open_ones(person: Person, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.ok("conflicts", *words, "--json").json["conflicts"]
    return found


def in_trash_here(person: Person) -> set[bytes]:
    trash = person.staging / ".s3sync/trash"
    return {path.read_bytes() for path in trash.rglob("*") if path.is_file()}


def in_trash_there(person: Person) -> list[tuple[str, int]]:
    found = person.ok("trash", "list", "--remote", "--json").json["files"]
    return sorted((one["name"], one["size_bytes"]) for one in found)


def manifest_of(person: Person) -> Path:
    """On a folder store."""
    return person.root.parent / "store" / REPO / PROJECT / "metadata.json"


def change_records(person: Person, change: Callable[[dict[str, Any]], None]) -> None:
    path = manifest_of(person)
    found = json.loads(path.read_bytes())
    change(found)
    path.write_text(json.dumps(found, indent=2))


def records(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(manifest_of(person).read_bytes())["conflicts"]
    return found


def test_both_versions_of_a_file_in_conflict_are_shown(clashing: tuple[Person, Person]) -> None:
    david, jan = clashing
    assert open_ones(david) == []
    (found,) = open_ones(jan)
    assert (found["name"], found["kind"], found["conflict"]) == (FILM, "live", "both_edited")
    mine, theirs = found["versions"]
    assert (mine["whose"], mine["side"], mine["size_bytes"], mine["by"]) == ("mine", "local", len(JANS), "jan")
    assert (theirs["whose"], theirs["side"], theirs["size_bytes"]) == ("theirs", "remote", len(DAVIDS))
    assert theirs["by"] == "david" and theirs["at"] and mine["at"]
    shown = jan.ok("conflicts").out
    assert "changed here, and changed on the remote" in shown and "by david just now" in shown
    assert open_ones(jan, "notes.txt") == []
    assert jan.read(FILM) == JANS


def test_mine_of_a_file_in_conflict(clashing: tuple[Person, Person]) -> None:
    david, jan = clashing
    report = jan.ok("resolve", FILM, "--mine", "--json").json
    assert (report["stays"]["whose"], report["exit_code"]) == ("mine", 0)
    assert in_trash_there(jan) == [(FILM, len(DAVIDS))]
    david.ok("down")
    assert david.read(FILM) == jan.read(FILM) == JANS
    assert open_ones(jan) == [] and set(jan.states().values()) == {"in_sync"}


def test_theirs_of_a_file_in_conflict(clashing: tuple[Person, Person]) -> None:
    _, jan = clashing
    assert "their version stays" in jan.ok("resolve", FILM, "--theirs").out
    assert jan.read(FILM) == DAVIDS and JANS in in_trash_here(jan)
    assert set(jan.states().values()) == {"in_sync"}


def test_both_of_a_file_in_conflict_stay_in_sight_until_somebody_decides(clashing: tuple[Person, Person]) -> None:
    david, jan = clashing
    copy = jan.ok("resolve", FILM, "--both", "--json").json["kept_as"]
    assert (jan.read(FILM), jan.read(copy)) == (DAVIDS, JANS)
    david.ok("down")
    for person, whose in ((david, ["mine", "theirs"]), (jan, ["theirs", "mine"])):
        (found,) = open_ones(person, FILM)
        assert (found["kind"], found["kept_as"], found["by"]) == ("kept", copy, "jan")
        assert [(one["name"], one["whose"]) for one in found["versions"]] == list(zip((FILM, copy), whose, strict=True))
        assert [one["kept_as"] for one in person.ok("status", "--json").json["kept_conflicts"]] == [copy]
    assert f"`s3sync resolve '{copy}'`" in jan.ok("status").err
    assert f"`s3sync resolve --project {PROJECT} '{copy}'`" in jan.ok("status", PROJECT, cwd=jan.repo).err


@pytest.mark.parametrize(
    ("who", "option", "stays", "resolution"),
    [
        ("jan", "--mine", JANS, KEPT_COPY),
        ("jan", "--theirs", DAVIDS, KEPT_NAME),
        ("david", "--mine", DAVIDS, KEPT_NAME),
        ("david", "--theirs", JANS, KEPT_COPY),
    ],
)
def test_a_kept_conflict_is_decided_by_either_for_both(
    people: tuple[Person, Person], who: str, option: str, stays: bytes, resolution: str
) -> None:
    david, jan = clash(*people)
    copy = keep_both(david, jan)
    decider, other = (david, jan) if who == "david" else (jan, david)
    decider.ok("resolve", FILM, option)
    assert decider.read(FILM) == stays and not (decider.staging / copy).exists()
    loses = DAVIDS if stays == JANS else JANS
    assert loses in in_trash_here(decider) and len(loses) in [size for _, size in in_trash_there(decider)]
    report = other.ok("conflicts", "--json").json
    assert report["conflicts"] == []
    (told,) = report["resolved"]
    assert (told["resolved_by"], told["resolution"], told["kept_as"]) == (who, resolution, copy)
    assert f"decided by {who}" in other.ok("conflicts", "--verbose").out
    other.ok("sync")
    assert other.files() == decider.files() and other.read(FILM) == stays
    assert set(decider.states().values()) == {"in_sync"}
    assert decider.ok("status").err == "", "it is no longer in sight"


def test_both_marks_a_kept_conflict_and_what_a_newer_version_wrote_of_it_stays(
    kept: tuple[Person, Person, str],
) -> None:
    david, jan, copy = kept
    change_records(jan, lambda found: found["conflicts"][0].update(colour="red"))
    files = jan.files()
    jan.ok("resolve", copy, "--both")
    (record,) = records(jan)
    assert (record["resolved"], record["resolved_by"], record["resolution"]) == (True, "jan", KEPT_BOTH)
    assert record["colour"] == "red" and (record["by"], record["kept_as"]) == ("jan", copy)
    assert jan.files() == files and open_ones(david) == [] and david.ok("status").err == ""
    david.write("notes.txt", "take 2")
    david.ok("up")
    assert records(jan) == [record], "the next write keeps it"
    david.expect(2, "resolve", FILM, "--mine")


def test_of_two_who_decide_the_first_is_recorded(kept: tuple[Person, Person, str]) -> None:
    david, jan, copy = kept
    jan.ok("resolve", FILM, "--theirs")
    late = david.expect(2, "resolve", FILM, "--theirs").err
    assert "no open conflict" in late and "jan decided it: the version under the name stayed" in late
    assert not (manifest_of(jan).parent / copy).exists()
    assert david.read(copy) == JANS, "the next sync takes it away"


def test_without_an_answer_nothing_is_decided(kept: tuple[Person, Person, str]) -> None:
    _, jan, _ = kept
    before = (jan.files(), tree(manifest_of(jan).parent))
    refused = jan.expect(5, "resolve", FILM)
    assert "--mine, --theirs or --both" in refused.err
    assert jan.expect(5, "resolve", FILM, "--json").json["error"]["type"] == "Halt"
    assert "do not fit together" in jan.expect(2, "resolve", FILM, "--mine", "--both").err
    assert "no open conflict" in jan.expect(2, "resolve", "notes.txt", "--mine").err
    jan.ok("resolve", FILM, "--mine", "--dry-run")
    assert (jan.files(), tree(manifest_of(jan).parent)) == before


def test_a_person_on_a_terminal_is_shown_both_and_asked(kept: tuple[Person, Person, str]) -> None:
    _, jan, copy = kept
    shown = on_terminal(jan, "resolve", FILM, answers=[("both? ", "maybe")])
    assert shown.code == 5 and "by david" in shown.out and "by jan" in shown.out
    assert on_terminal(jan, "resolve", FILM, answers=[("theirs, mine or both? ", "m")]).code == 0
    assert jan.read(FILM) == JANS and not (jan.staging / copy).exists()


def test_one_who_sent_both_versions_is_not_guessed_at(kept: tuple[Person, Person, str]) -> None:
    _, jan, copy = kept
    change_records(jan, lambda found: found["files"][1].update(uploaded_by="jan"))
    assert [one["whose"] for one in open_ones(jan)[0]["versions"]] == [None, None]
    refused = jan.expect(5, "resolve", FILM, "--mine")
    assert "does not say which version" in refused.err
    assert on_terminal(jan, "resolve", FILM, answers=[("1, 2 or both? ", "2")]).code == 0
    assert jan.read(FILM) == JANS and not (jan.staging / copy).exists()


def test_locks_of_others_are_respected(here: tuple[Person, Person]) -> None:
    david, jan = here
    david.ok("lock", FILM, "--why", "grading")
    report = jan.expect(6, "resolve", FILM, "--mine", "--json").json
    assert [one["name"] for one in report["locked"]] == [FILM] and jan.read(FILM) == JANS
    copy = keep_both(david, jan)
    assert "grading" in jan.ok("conflicts").out
    refused = jan.expect(6, "resolve", FILM, "--mine")
    assert "locked by david" in refused.err and (jan.read(FILM), jan.read(copy)) == (DAVIDS, JANS)
    jan.ok("resolve", FILM, "--theirs")  # changes nothing of the locked file
    assert not (jan.staging / copy).exists()


def test_the_side_that_deleted_cannot_stay(here: tuple[Person, Person]) -> None:
    david, jan = here
    (jan.staging / FILM).unlink()
    assert open_ones(jan)[0]["versions"][0]["size_bytes"] is None
    assert "--theirs" in jan.expect(5, "resolve", FILM, "--mine").err
    assert jan.ok("resolve", FILM, "--both", "--json").json["stays"]["whose"] == "theirs"
    assert jan.read(FILM) == DAVIDS == david.read(FILM)


def test_what_is_only_here_is_no_version_that_may_go(kept: tuple[Person, Person, str]) -> None:
    _, jan, copy = kept
    jan.write(copy, "jan's cut, edited since")
    assert "s3sync sync" in jan.expect(5, "resolve", FILM, "--theirs").err
    jan.write(copy, JANS)
    jan.write(FILM, "david's cut, edited by jan")
    assert "s3sync sync" in jan.expect(5, "resolve", FILM, "--mine").err
    assert jan.read(FILM) == b"david's cut, edited by jan" and jan.read(copy) == JANS


@pytest.mark.parametrize(
    "record",
    [
        {"name": FILM, "kept_as": "notes.txt"},
        {"name": "../../../elsewhere.mp4", "kept_as": "notes.txt"},
        {"name": "notes.txt", "kept_as": FILM},
        {"name": "cut/other.mp4", "kept_as": None},
        {"name": "\x1b[2Jcut\u202e", "kept_as": "notes.txt"},
    ],
    ids=lambda record: ascii(record["name"]),
)
def test_a_record_of_a_peer_deletes_no_file(kept: tuple[Person, Person, str], record: dict[str, str | None]) -> None:
    """`kept_as` None is the true copy, of another file than the record says."""
    _, jan, copy = kept
    kept_as = record["kept_as"] or copy
    made_up = {**record, "kept_as": kept_as, "by": "jan", "at": "2025-11-03T14:30:00Z", "resolved": False}
    change_records(jan, lambda found: found.update(conflicts=[made_up]))
    before = (jan.files(), tree(manifest_of(jan).parent))
    (found,) = open_ones(jan)
    assert found["only_both"] is True
    shown = jan.ok("conflicts").out
    assert "\x1b" not in shown and "\u202e" not in shown
    for option in ("--mine", "--theirs"):
        assert jan.run("resolve", kept_as, option).code == 5
    assert (jan.files(), tree(manifest_of(jan).parent)) == before
    jan.ok("resolve", kept_as, "--both")
    assert jan.files() == before[0] and records(jan)[0]["resolved"] is True and open_ones(jan) == []


def project_of(person: Person) -> Project:
    return Project.open(path=person.project, environ=person.env())


def test_a_third_version_that_comes_while_one_decides_is_not_replaced(here: tuple[Person, Person]) -> None:
    david, jan = here

    def choose(_: object) -> int:
        david.write(FILM, "david's last cut")
        david.ok("up")
        return 0

    report = project_of(jan).resolve(FILM, choose=choose)
    assert report.exit_code == 3 and "while it was being decided" in report.failed[0].error
    assert jan.read(FILM) == JANS
    jan.ok("resolve", FILM, "--theirs")
    assert jan.read(FILM) == b"david's last cut"


def test_a_copy_that_another_changes_while_one_decides_stays(kept: tuple[Person, Person, str]) -> None:
    david, jan, copy = kept

    def choose(_: object) -> int:
        david.write(copy, "jan's cut, with titles by david")
        david.ok("up")
        return 0

    assert project_of(jan).resolve(FILM, choose=choose).exit_code == 3
    assert (manifest_of(jan).parent / copy).read_bytes() == b"jan's cut, with titles by david"
    assert jan.read(copy) == JANS and records(jan)[0]["resolved"] is False


@pytest.mark.parametrize("step", range(4))
def test_wherever_it_ends_nothing_is_lost_and_the_same_command_goes_on(
    kept: tuple[Person, Person, str], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Jan's copy is to get the name: the run ends before each of the four steps."""
    david, jan, copy = kept
    done = [0]

    def dies(*given: Any, **more: Any) -> dict[str, str]:
        if done[0] == step:
            raise KeyboardInterrupt
        done[0] += 1
        return carry_out(*given, **more)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(kept_copies, "carry_out", dies)
        project_of(jan).resolve(FILM, "mine")
    remote = manifest_of(jan).parent
    assert (remote / FILM).read_bytes() == (DAVIDS if step == 0 else JANS)
    if step < 3:
        assert (remote / copy).read_bytes() == JANS and records(jan)[0]["resolved"] is False
        jan.ok("resolve", FILM, "--mine")
    else:
        assert not (remote / copy).exists() and records(jan)[0]["resolution"] == KEPT_COPY
        jan.ok("sync")
    assert jan.read(FILM) == JANS and not (jan.staging / copy).exists()
    assert DAVIDS in in_trash_here(jan) and (FILM, len(DAVIDS)) in in_trash_there(jan)
    david.ok("sync")
    assert david.files() == jan.files()


def test_what_another_decides_while_one_thinks_stands(kept: tuple[Person, Person, str]) -> None:
    david, jan, copy = kept

    def choose(_: object) -> int:
        david.ok("resolve", FILM, "--mine")
        return 1

    assert project_of(jan).resolve(FILM, choose=choose).exit_code == 3
    (record,) = records(jan)
    assert (record["resolved_by"], record["resolution"]) == ("david", KEPT_NAME)
    assert jan.read(FILM) == DAVIDS == (manifest_of(jan).parent / FILM).read_bytes() and jan.read(copy) == JANS
    jan.ok("sync")
    assert jan.files() == david.files() and JANS in in_trash_here(jan)


def test_a_large_copy_takes_the_name(people: tuple[Person, Person]) -> None:
    """It is sent in parts, and copied on the store."""
    david, jan = people
    mine = b"jan's cut " * 900_000
    david.write(FILM, FIRST)
    david.ok("up")
    jan.write(FILM, mine)
    jan.expect(4, "sync")
    jan.ok("resolve", FILM, "--mine")
    assert (FILM, len(FIRST)) in in_trash_there(jan)
    david.ok("sync")
    assert david.files() == jan.files() and david.read(FILM) == mine
    for person in people:
        person.ok("verify", "--deep")
