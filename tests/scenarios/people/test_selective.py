"""Selective sync: what is not selected is not fetched, and never counts as deleted, whatever is done here."""

from __future__ import annotations

from pathlib import Path

from tests.kit.people import Person, pair
from tests.scenarios.people.test_queue import plant, rows_of


def filled(people: tuple[Person, Person]) -> tuple[Person, Person]:
    david, jan = people
    for name in ("raw/a.mov", "raw/b.mov", "audio/a.wav", "cut.prproj"):
        david.write(name, name)
    david.ok("up")
    return david, jan


def test_the_rest_is_left_alone(people: tuple[Person, Person]) -> None:
    david, jan = filled(people)
    shown = jan.ok("select")
    assert "[x] raw/  2 files" in shown.out and "Selected: everything" in shown.out
    told = jan.ok("select", "audio/", "*.prproj", "--json").json
    assert (told["wanted"], told["files"], told["changed"]) == (2, 4, True)
    assert [group["name"] for group in told["groups"]] == ["audio/", "cut.prproj", "raw/"]

    jan.ok("down")
    assert set(jan.files()) == {"audio/a.wav", "cut.prproj"}
    status = jan.ok("status", "--json").json
    assert status["in_sync"] is True and status["deselected"]["files"] == 2
    assert "2 files" in (line := jan.ok("status").out) and "not selected here" in line
    told = jan.ok("sync", "--json").json
    assert (told["deleted"], told["downloaded"], told["deselected"]) == ([], [], 2)
    assert set(david.ok("status", "--json").json["lacking"]["jan"]["files"]) == {"raw/a.mov", "raw/b.mov"}

    jan.ok("down", "raw/a.mov")  # named, so it is wanted
    assert "raw/a.mov" in jan.files()
    jan.write("raw/new.mov", "mine")  # and what is here is sent
    assert [item["name"] for item in jan.ok("up", "--json").json["uploaded"]] == ["raw/new.mov"]


def test_nothing_deselected_counts_as_deleted(people: tuple[Person, Person]) -> None:
    """Deleted while it was not selected, before any other command, with and without one in between."""
    david, jan = filled(people)
    jan.ok("down")
    jan.ok("select", "audio/")
    (jan.staging / "raw/a.mov").unlink()
    assert jan.ok("sync", "--json").json["deleted"] == []
    (jan.staging / "raw/b.mov").unlink()
    jan.ok("select", "--all")
    told = jan.ok("sync", "--json").json
    assert told["deleted"] == []
    assert {item["name"] for item in told["downloaded"]} == {"raw/a.mov", "raw/b.mov"}
    assert set(david.states().values()) == {"in_sync"}

    (jan.staging / "raw/a.mov").unlink()  # selected: this one is meant
    assert [item["name"] for item in jan.ok("sync", "--json").json["deleted"]] == ["raw/a.mov"]


def test_a_change_on_the_remote_of_what_is_not_selected(people: tuple[Person, Person]) -> None:
    david, jan = filled(people)
    jan.ok("down")
    jan.ok("select", "--add", "audio/")
    (jan.staging / "raw/a.mov").unlink()
    david.write("raw/a.mov", "another take")
    david.write("raw/b.mov", "another b")
    david.ok("up")
    told = jan.ok("sync", "--json").json
    assert (told["conflicts"], [item["name"] for item in told["downloaded"]]) == ([], ["raw/b.mov"])
    (david.staging / "cut.prproj").unlink()
    david.ok("sync")
    assert [item["name"] for item in jan.ok("sync", "--json").json["deleted"]] == ["cut.prproj"]


def test_bad_selections(people: tuple[Person, Person]) -> None:
    _, jan = filled(people)
    assert "no file of the 4" in jan.expect(2, "select", "nosuch/").err
    assert "leave out one" in jan.expect(2, "select", "--all", "raw/").err
    jan.ok("select", "raw/", "--dry-run")
    assert jan.ok("select", "--json").json["patterns"] == []
    jan.ok("select", "raw/")
    assert "everything, would be remembered" in jan.ok("select", "--all", "--dry-run").out
    assert jan.ok("select", "--all").out.endswith("Selected: everything\n")


def test_a_file_that_nobody_wants_here_hides_no_folder_of_its_name(people: tuple[Person, Person]) -> None:
    """What lay in the folder was not sent, without a word and with exit code 0. A folder store cannot hold both."""
    david, jan = people
    david.write("cut", "a file")
    david.write("wanted.mp4", "x")
    david.ok("up")
    jan.ok("select", "wanted.mp4")
    jan.write("cut/scene 1.mov", "in a folder")
    sent = jan.run("up")
    assert (sent.code == 0 and "scene 1.mov (11 B) - uploaded" in sent.out) or (sent.code == 3 and "cut" in sent.err)
    assert jan.read("cut/scene 1.mov") == b"in a folder"


def test_a_cleanup_names_what_is_not_selected_and_stays(people: tuple[Person, Person]) -> None:
    _, jan = filled(people)
    jan.ok("select", "audio/")
    jan.ok("down")
    for more in ("--dry-run", "--yes"):
        told = jan.ok("cleanup", "--force", more, "--json").json
        kept = {item["name"]: item["reason"] for item in told["kept"]}
        assert [item["name"] for item in told["deleted"]] == ["audio/a.wav"]
        assert kept == dict.fromkeys(("cut.prproj", "raw/a.mov", "raw/b.mov"), "is not selected on this computer")
        hints = (item["hint"] for item in told["kept"])
        assert all(
            0 <= hint.find("s3sync select") < hint.find("--unseen") for hint in hints
        )  # first what loses nothing
    told = jan.ok("cleanup", "raw/", "--unseen", "--force", "--yes", "--json").json  # as the hint says
    assert {(item["name"], item["in_trash"]) for item in told["deleted"]} == {("raw/a.mov", True), ("raw/b.mov", True)}


def test_a_name_that_exists_means_that_file_or_folder_alone(people: tuple[Person, Person]) -> None:
    """As for every other command: `audio/` also took the folder of that name in each other folder."""
    david, jan = people
    names = ("audio/a.wav", "raw/audio/b.wav", "raw/take[1].wav", "raw/take1.wav", "cut.prproj", "old/cut.prproj")
    for name in names:
        david.write(name, name)
    david.ok("up")
    told = jan.ok("select", "audio", "cut.prproj")
    assert "Selected: /audio/ /cut.prproj (2 of 6 files), remembered" in told.out
    assert "1 file more in other folders: s3sync select --add '**/audio/'" in told.out
    jan.ok("down")
    assert set(jan.files()) == {"audio/a.wav", "cut.prproj"}

    added = jan.ok("select", "--add", "**/audio/", "raw/take[1].wav", "--json").json  # as it was told
    assert (added["wanted"], added["namesakes"]) == (4, {})
    assert added["patterns"] == ["/audio/", "/cut.prproj", "**/audio/", r"/raw/take\[1\].wav"]
    jan.ok("down")
    assert set(jan.files()) == {"audio/a.wav", "raw/audio/b.wav", "raw/take[1].wav", "cut.prproj"}

    assert jan.ok("select", "raw", "--json", cwd=jan.staging).json["patterns"] == ["/raw/"]
    assert jan.ok("select", "take1.wav", "--json", cwd=jan.staging / "raw").json["patterns"] == ["/raw/take1.wav"]
    assert jan.ok("select", "*.prproj", "old", "--json").json["wanted"] == 2
    assert "everything again" in jan.ok("select", "raw").out
    assert jan.ok("select", "--all", "--json").json["wanted"] == 6


FOREIGN: tuple[dict[str | bytes, str | bytes | int], ...] = (
    {"zzz": "audio/"},
    {"001": "a\\"},
    {b"\xff": "raw/", "1000": "x", "002": b"\xff", "003": "?" * 5000},
    {f"{number:03}": f"{'?' * 3900}*{number}" for number in range(1, 999)},
)
"""Another name; no pattern; no name, one too many, no text, one too long; many long ones."""


def test_a_selection_that_no_s3sync_wrote(tmp_path: Path) -> None:
    """It came with a state.db: it was an error of ours, or took half a minute, or stayed whatever was selected."""
    david, jan = filled(pair(tmp_path, f"file://{tmp_path / 'store'}", {}))
    jan.ok("down")
    for rows in FOREIGN:
        jan.ok("select", "audio/")
        plant(jan, "selected ", rows)
        (jan.staging / "raw/a.mov").unlink()
        for words in (["sync"], ["select", "--add", "raw/"]):
            told = jan.expect(1, *words)
            assert "the selection of this project" in told.err and "`s3sync select --all`" in told.err, told
        assert jan.ok("select", "--all", "--dry-run").err.count("no s3sync wrote") == 1
        assert rows_of(jan, "selected ") == 1 + len(rows)
        assert jan.ok("select", "--all").err.count("no s3sync wrote") == 1
        assert rows_of(jan, "selected ") == 0
        assert {item["name"] for item in jan.ok("sync", "--json").json["downloaded"]} == {"raw/a.mov"}
    assert set(david.states().values()) == {"in_sync"}
