"""A6, F34: what happens to a file while it is ignored is no deletion for anybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kit.people import Person

People = tuple[Person, Person]


def by_own_file(person: Person, pattern: str) -> None:
    person.write(".s3syncignore", f"{pattern}\n") if pattern else (person.staging / ".s3syncignore").unlink()


def by_repository(person: Person, pattern: str) -> None:
    (person.repo / ".s3syncignore").write_text(f"{pattern}\n")


def by_setting(person: Person, pattern: str) -> None:
    file = person.repo / ".s3sync.yaml"
    kept = "".join(line for line in file.read_text().splitlines(keepends=True) if not line.startswith("ignore:"))
    file.write_text(f'{kept}ignore: ["{pattern}"]\n' if pattern else kept)


WAYS = [by_own_file, by_repository, by_setting]


def shared(people: People) -> People:
    david, jan = people
    for number in range(1, 7):
        david.write(f"reel/{number}.mov", f"reel {number}")
    david.ok("up")
    jan.ok("down")
    return david, jan


@pytest.mark.parametrize("ignore", WAYS)
@pytest.mark.parametrize("verb", ["sync", "up", "down"])
def test_a6_f34_deleted_while_it_is_ignored(people: People, ignore: Callable[[Person, str], None], verb: str) -> None:
    """Jan frees disk space; then she wants the files back, and david has lost none."""
    david, jan = shared(people)
    whole = david.files()
    ignore(jan, "reel/1.mov")
    jan.ok(verb)
    (jan.staging / "reel/1.mov").unlink()
    jan.ok(verb)
    ignore(jan, "")
    assert jan.states()["reel/1.mov"] == "remote_new"
    jan.ok("sync")
    david.ok("sync")
    assert {name: david.files()[name] for name in whole} == whole
    assert jan.files()["reel/1.mov"] == whole["reel/1.mov"]


@pytest.mark.parametrize("ignore", WAYS)
def test_a6_f34_deleted_by_the_other_while_it_is_ignored_here(
    people: People, ignore: Callable[[Person, str], None]
) -> None:
    """Jan keeps what david deleted while she ignored it: nobody asked her, so it is new and she may send it again."""
    david, jan = shared(people)
    kept = jan.files()["reel/2.mov"]
    ignore(jan, "/reel/2*")
    jan.ok("sync")
    (david.staging / "reel/2.mov").unlink()
    david.ok("sync")
    ignore(jan, "")
    assert jan.states()["reel/2.mov"] == "local_new"
    jan.ok("sync")
    assert jan.files()["reel/2.mov"] == kept
    david.ok("sync")  # where the pattern came from jan's file, this run still has it
    david.ok("sync")
    assert david.files()["reel/2.mov"] == kept


def test_a6_f34_a_whole_folder_edited_meanwhile_is_a_conflict_and_both_survive(people: People) -> None:
    david, jan = shared(people)
    by_repository(jan, "reel/")
    jan.ok("sync")
    jan.write("reel/3.mov", "jan's cut of three")
    david.write("reel/3.mov", "david's own three")
    david.ok("sync")
    by_repository(jan, "")
    jan.expect(4, "sync")
    david.run("sync")
    contents = {path.read_bytes() for path in david.staging.glob("reel/3*")}
    assert contents == {b"jan's cut of three", b"david's own three"}


def test_a6_a_dry_run_forgets_nothing(people: People) -> None:
    _, jan = shared(people)
    by_repository(jan, "reel/5.mov")
    state = jan.staging / ".s3sync" / "state.db"
    before = state.read_bytes()
    for verb in ("up", "down", "sync"):
        jan.ok(verb, "--dry-run")
    assert state.read_bytes() == before
    by_repository(jan, "")
    (jan.staging / "reel/5.mov").unlink()
    assert jan.states()["reel/5.mov"] == "local_deleted"


def test_c11_files_that_are_litter_by_now_stay_where_they_are(people: People) -> None:
    """They were uploaded when another list held; the default list comes back, and nothing is deleted for it."""
    david, jan = people
    for person in people:
        by_setting(person, "*.none")
    for name in ("desktop.ini", "a.part", "film.mov", "._film.mov"):
        david.write(name, name)
    david.ok("up")
    jan.ok("down")
    everything = jan.files()
    for person in people:
        by_setting(person, "")
        person.ok("sync")
    (david.staging / "a.part").unlink()
    david.ok("sync")
    jan.ok("sync")
    assert jan.files() == everything
    by_setting(david, "*.none")
    david.ok("sync")
    assert david.files() == everything


def test_a6_after_a_wide_rule_the_limit_knows_the_files_that_are_the_same_on_both_sides(people: People) -> None:
    """The base forgot all but one of them: one deletion is not the loss of everything that both had."""
    _, jan = shared(people)
    by_own_file(jan, "reel/*\n!reel/3.mov")
    jan.ok("down")
    (jan.staging / "reel/3.mov").unlink()
    assert "1 file would be deleted" in jan.expect(5, "sync").err, "all that the rule leaves here is gone"
    by_own_file(jan, "")
    assert [item["name"] for item in jan.ok("sync", "--json").json["deleted"]] == ["reel/3.mov"]
    for name in ("1", "2", "4"):
        (jan.staging / f"reel/{name}.mov").unlink()
    assert "lost 3 of the 5 files" in jan.expect(5, "sync").err
