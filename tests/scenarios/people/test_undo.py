"""`undo` takes back the last run of this computer, and nothing that others did since."""

from __future__ import annotations

from tests.kit.people import Person

People = tuple[Person, Person]


def share(people: People, *names: str) -> None:
    david, jan = people
    for name in names:
        david.write(name, f"first {name}")
    david.ok("sync")
    jan.ok("sync")


def everything(person: Person) -> tuple[dict[str, str], dict[str, str]]:
    return person.files(), person.states()


def test_undo_of_a_sync_brings_both_sides_back(people: People) -> None:
    david, jan = people
    share(people, "kept.mp4", "mine.mp4", "theirs.mp4", "i delete.mp4", "they delete.mp4", "x.mp4", "y.mp4")
    david.write("theirs.mp4", "second, david's")
    david.write("from david.mp4", "new")
    (david.staging / "they delete.mp4").unlink()
    david.ok("sync")
    jan.write("mine.mp4", "second, jan's")
    jan.write("from jan.mp4", "new too")
    (jan.staging / "i delete.mp4").unlink()
    before = everything(jan)
    jan.ok("sync")
    planned = jan.ok("undo", "--dry-run", "--json").json
    assert planned["verb"] == "sync" and len(planned["undone"]) == 6 and planned["refused"] == []
    jan.expect(5, "undo", answer="n\n")
    assert jan.states() != before[1]
    jan.ok("undo", "--yes")
    assert everything(jan) == before
    assert "Nothing to undo" in jan.ok("undo", "--yes").out
    jan.ok("sync")
    david.ok("sync")
    assert jan.files() == david.files() and jan.read("mine.mp4") == b"second, jan's"


def test_undo_of_a_conflict_gives_the_file_its_name_back(people: People) -> None:
    david, jan = people
    share(people, "a.mp4", "b.mp4")
    david.write("a.mp4", "david's")
    david.ok("up")
    jan.write("a.mp4", "jan's")
    before = everything(jan)
    jan.expect(4, "sync")
    jan.ok("undo", "--yes")
    assert everything(jan) == before and jan.read("a.mp4") == b"jan's"


def test_undo_of_a_conflict_whose_name_has_the_old_content_again_leaves_both_and_says_so(people: People) -> None:
    """It said nothing and ended with 0, and the copy stayed on one side."""
    david, jan = people
    david.write("grade.cube", "david's")
    jan.write("grade.cube", "jan's own")
    david.ok("sync")
    jan.expect(4, "sync")
    jan.write("grade.cube", "jan's own")
    before = jan.files()
    said = jan.expect(3, "undo", "--yes")
    assert "grade.cube" in said.out + said.err and "was changed here since" in said.out + said.err
    assert before["grade.cube"] == jan.files()["grade.cube"]
    assert len([name for name in jan.files() if name.startswith("grade.conflict-jan-")]) <= 1


def test_f43_undo_leaves_alone_what_others_changed_since_and_says_so(people: People) -> None:
    david, jan = people
    share(people, "one.mp4", "two.mp4", "three.mp4")
    for name in ("one.mp4", "two.mp4"):
        jan.write(name, f"jan's {name}")
    jan.write("new.mp4", "jan's new")
    jan.ok("sync")
    david.ok("sync")
    david.write("two.mp4", "david went on with it")
    david.write("new.mp4", "and with that")
    david.ok("up")
    report = jan.expect(3, "undo", "--yes", "--json").json
    assert [item["name"] for item in report["undone"]] == ["one.mp4"]
    assert {item["name"] for item in report["refused"]} == {"new.mp4", "two.mp4"}
    assert all("by david" in item["error"] for item in report["refused"])
    david.ok("down")
    assert david.read("one.mp4") == b"first one.mp4"
    assert david.read("two.mp4") == b"david went on with it" and david.read("new.mp4") == b"and with that"
    assert jan.read("two.mp4") == b"jan's two.mp4"


def test_undo_of_a_down_leaves_alone_what_was_edited_here_since(people: People) -> None:
    david, jan = people
    share(people, "one.mp4", "two.mp4")
    for name in ("one.mp4", "two.mp4", "three.mp4"):
        david.write(name, f"second {name}")
    david.ok("up")
    jan.ok("down")
    jan.write("two.mp4", "edited here")
    report = jan.expect(3, "undo", "--yes", "--json").json
    assert {item["name"] for item in report["undone"]} == {"one.mp4", "three.mp4"}
    assert jan.read("one.mp4") == b"first one.mp4" and jan.read("two.mp4") == b"edited here"
    assert jan.states() == {"one.mp4": "remote_modified", "two.mp4": "local_modified", "three.mp4": "remote_new"}
    assert david.ok("status", "--json").json["in_sync"] is True


def test_undo_says_what_cannot_be_had_back(people: People) -> None:
    david, _ = people
    share(people, "one.mp4", "two.mp4", "three.mp4")
    david.write("one.mp4", "second")
    david.ok("up")
    refused = david.expect(3, "undo", "--yes")
    assert "no copy of the version on the remote was kept" in refused.err
    assert david.states()["one.mp4"] == "in_sync"
    david.ok("cleanup", "two.mp4", "--yes")
    assert "s3sync up --again" in david.expect(3, "undo", "--yes").err
    david.ok("cleanup", "--local", "three.mp4", "--yes")
    assert "s3sync down" in david.expect(3, "undo", "--yes").err


def test_a6_undo_says_what_is_ignored_by_now_and_takes_it_back_later(people: People) -> None:
    david, jan = people
    share(people, "kept.mp4", "edited.mp4", "deleted.mp4")
    david.write("arrives.mp4", "new")
    david.write("edited.mp4", "second")
    (david.staging / "deleted.mp4").unlink()
    david.ok("sync")
    before = jan.files()
    jan.ok("sync")
    rules = jan.repo / ".s3syncignore"
    rules.write_text("arrives.mp4\nedited.mp4\ndeleted.mp4\n")
    report = jan.expect(3, "undo", "--yes", "--json").json
    assert report["undone"] == []
    assert {item["name"]: item["error"] for item in report["refused"]} == dict.fromkeys(
        ("arrives.mp4", "edited.mp4", "deleted.mp4"), "is ignored now"
    )
    rules.unlink()
    jan.ok("undo", "--yes")
    assert jan.files() == before


def test_a6_what_was_deleted_while_it_was_ignored_stays_with_the_others_after_an_undo(people: People) -> None:
    david, jan = people
    share(people, "a.mp4", "b.mp4", "c.mp4", "d.mp4")
    jan.write("a.mp4", "second a.mp4")
    jan.ok("sync")
    rules = jan.repo / ".s3syncignore"
    rules.write_text("a.mp4\n")
    jan.ok("status")
    jan.ok("sync")
    (jan.staging / "a.mp4").unlink()
    rules.unlink()
    jan.ok("undo", "--yes")
    jan.ok("sync")
    assert jan.read("a.mp4") == b"first a.mp4"
    david.ok("sync")
    assert david.files() == jan.files()


def test_after_a_run_that_was_stopped_undo_says_so_and_takes_back_nothing(people: People) -> None:
    """It took back the `up` before it, of which nobody was thinking."""
    david, jan = people
    share(people, "a.mp4", "b.mp4", "c.mp4")
    david.write("new.mp4", "new")
    david.ok("up")
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (david.staging / name).unlink()
    david.expect(5, "sync")
    before = everything(david)
    for words in ([], ["--yes"], ["--dry-run"]):
        said = david.ok("undo", *words).out
        assert "Nothing to undo: sync of" in said and "was stopped before it changed anything" in said
        assert "`s3sync undo --earlier" in said and "up of" in said
    told = david.ok("undo", "--yes", "--json").json
    assert (told["verb"], told["stopped"]["verb"], told["earlier"]["verb"]) == (None, "sync", "up")
    assert everything(david) == before
    assert "from the remote to its trash" in david.ok("undo", "--earlier", "--dry-run").out
    david.expect(5, "undo", "--earlier", answer="n\n")
    assert everything(david) == before
    assert [one["name"] for one in david.ok("undo", "--earlier", "--yes", "--json").json["undone"]] == ["new.mp4"]
    jan.ok("sync")
    assert "new.mp4" not in jan.files()


def test_a_run_that_ends_well_is_the_last_one_again(people: People) -> None:
    david, _ = people
    share(people, "a.mp4", "b.mp4", "c.mp4")
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (david.staging / name).unlink()
    david.expect(5, "sync")
    david.ok("down")
    assert len(david.ok("undo", "--dry-run", "--json").json["undone"]) == 3
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (david.staging / name).unlink()
    david.expect(5, "sync")
    david.ok("up")
    assert david.ok("undo", "--dry-run", "--json").json["verb"] == "down", "that `up` did nothing"


def test_what_is_back_on_both_sides_is_not_said_to_be_deleted_again(people: People) -> None:
    david, _ = people
    share(people, "a.txt", "b.txt", "c.txt", "d.txt", "e.txt")
    for name in ("a.txt", "b.txt"):
        (david.staging / name).unlink()
    david.ok("sync")
    david.ok("trash", "restore", "a.txt")
    said = david.ok("undo", "--yes")
    assert "deletes it there again" in said.out and "1 file that is on the remote again is not here" in said.out
    assert (david.states()["a.txt"], david.states()["b.txt"]) == ("in_sync", "local_deleted")
    david.ok("down")
    assert set(david.states().values()) == {"in_sync"}
