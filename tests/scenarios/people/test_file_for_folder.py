"""A7, A8, F35, F36: a file becomes a folder, or the reverse, and what stands in the way of what."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.people import Person

People = tuple[Person, Person]


def shared(people: People) -> People:
    david, jan = people
    for name in ("intro", "cut/scene/1.mov", "cut/scene/2.mov", "c.mov", "d.mov", "e.mov", "f.mov"):
        david.write(name, name)
    david.ok("up")
    jan.ok("down")
    return david, jan


def to_folder(person: Person) -> None:
    (person.staging / "intro").unlink()
    person.write("intro/a/new.mov", "in the folder")


def skip_seaweedfs(person: Person) -> None:
    if "S3SYNC_SEAWEEDFS" in person.environ or any("AWS" in name for name in person.environ):
        pytest.skip("SeaweedFS refuses an object under the name of a folder that it has not yet forgotten")


def to_file(person: Person) -> None:
    skip_seaweedfs(person)
    for number in (1, 2):
        (person.staging / f"cut/scene/{number}.mov").unlink()
    (person.staging / "cut/scene").rmdir()
    person.write("cut/scene", "one file now")


CHANGES = {"to a folder": to_folder, "to a file": to_file}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("syncs", [1, 2])
def test_a7_f35_a_colleague_who_touched_nothing_gets_it(people: People, change: str, syncs: int) -> None:
    david, jan = shared(people)
    CHANGES[change](david)
    if syncs == 2:
        new = "intro/a/new.mov" if change == "to a folder" else "cut/scene"
        body = david.read(new)
        (david.staging / new).unlink()
        david.ok("sync")
        if change == "to a folder":
            jan.ok("status")
        david.write(new, body)
    david.ok("sync")
    jan.ok("status")
    jan.ok("up")
    jan.ok("sync", "--dry-run")
    jan.ok("sync")
    assert jan.files() == david.files()
    for person in (david, jan, david):
        done = person.ok("sync", "--json").json
        assert not (done["uploaded"] or done["downloaded"] or done["deleted"])
    jan.ok("status", "--exit-code")


def test_a7_down_and_up_never_delete_and_say_what_stands_in_the_way(people: People) -> None:
    david, jan = shared(people)
    to_folder(david)
    said = david.expect(3, "up", "intro/a/new.mov")
    assert "the file intro stands in its place on the remote" in said.err and "s3sync sync" in said.err
    assert "deleted" not in said.out
    david.expect(3, "down", "intro")
    assert david.read("intro/a/new.mov") == b"in the folder"
    david.ok("sync")
    said = jan.expect(3, "down")
    assert "the file intro stands in its place here" in said.err and "s3sync sync" in said.err
    assert jan.read("intro") == b"intro"
    jan.ok("down", "c.mov")
    jan.ok("sync")
    assert jan.files() == david.files()


def test_a7_cleanup_of_a_name_that_became_a_folder(people: People) -> None:
    david, _ = shared(people)
    to_folder(david)
    david.expect(3, "up")
    assert [item["name"] for item in david.ok("cleanup", "--yes", "--json", "intro").json["deleted"]] == ["intro"]
    david.ok("up")
    assert david.read("intro/a/new.mov") == b"in the folder"


@pytest.mark.parametrize("policy", [[], ["--on-conflict", "mine"], ["--on-conflict", "theirs"]])
def test_f35_an_edit_meets_a_folder_of_its_name_and_both_survive(people: People, policy: list[str]) -> None:
    david, jan = shared(people)
    to_folder(david)
    david.ok("sync")
    jan.write("intro", "jan's own edit")
    said = jan.expect(3, "up").err + jan.expect(3, "down").err
    assert "intro" in said and jan.read("intro") == b"jan's own edit"
    jan.run("sync", "--dry-run", *policy)
    assert jan.read("intro") == b"jan's own edit"
    report = jan.run("sync", "--json", *policy).json
    (conflict,) = report["conflicts"]
    assert conflict["resolution"] == "kept_both" and conflict["kept_as"].startswith("intro.conflict-jan-")
    assert not report["failed"] and not report["deleted"]
    assert jan.read(conflict["kept_as"]) == b"jan's own edit"
    david.run("sync")
    assert david.files() == jan.files() and jan.read("intro/a/new.mov") == b"in the folder"


def test_f35_edits_in_a_folder_meet_a_file_of_its_name(people: People) -> None:
    david, jan = shared(people)
    to_file(david)
    david.ok("sync")
    jan.write("cut/scene/1.mov", "jan's own scene one")
    jan.write("cut/scene/2.mov", "jan's own scene two")
    jan.expect(4, "sync")
    david.run("sync")
    assert david.files() == jan.files()
    assert jan.read("cut/scene") == b"one file now"
    (one, two) = sorted(path for path in jan.files() if "conflict-jan" in path)
    assert one.rpartition("/")[0] == two.rpartition("/")[0] and one.startswith("cut/scene.conflict-jan-")
    assert (jan.read(one), jan.read(two)) == (b"jan's own scene one", b"jan's own scene two")


def test_f35_two_live_ones_stay_where_they_are(people: People) -> None:
    david, jan = shared(people)
    david.write("new", "a file")
    david.ok("up")
    jan.write("new/b.mov", "in a folder")
    for verb in ("up", "down", "sync", "status"):
        result = jan.expect(3, verb)
        assert result.err.count("new/b.mov: ") == 1 or "new/b.mov" in result.out + result.err
    assert jan.read("new/b.mov") == b"in a folder"
    (jan.staging / "new").rename(jan.staging / "new folder")
    jan.ok("sync")
    david.ok("sync")
    assert david.files() == jan.files() and david.read("new") == b"a file"


@pytest.mark.parametrize(
    "left", [[], ["deep/er/"], [".DS_Store", "deep/Thumbs.db", "deep/._x.mov"]], ids=["empty", "folders", "litter"]
)
@pytest.mark.parametrize("verb", ["down", "sync"])
def test_a8_f36_a_folder_of_nothing_makes_way(people: People, left: list[str], verb: str) -> None:
    david, jan = shared(people)
    folder = jan.staging / "day1"
    folder.mkdir()
    for name in left:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).mkdir(parents=True) if name.endswith("/") else (folder / name).write_bytes(b"litter " * 3)
    david.write("day1", "a file")
    david.ok("up")
    jan.ok(verb)
    assert jan.read("day1") == b"a file"
    trash = jan.staging / ".s3sync" / "trash"
    kept = {path.relative_to(trash).as_posix().split("/", 1)[1] for path in trash.rglob("*") if path.is_file()}
    assert kept == {f"day1/{name}" for name in left if not name.endswith("/")}


@pytest.mark.parametrize("inside", ["notes.tmp", "deep/raw.part", "link"])
def test_a8_f36_a_folder_with_files_that_are_not_synced_is_said(people: People, inside: str, tmp_path: Path) -> None:
    david, jan = shared(people)
    target = jan.staging / "day1" / inside
    target.parent.mkdir(parents=True)
    if inside == "link":
        (jan.staging / ".s3syncignore").write_text("link\n")
        target.symlink_to(tmp_path)
    else:
        target.write_bytes(b"only here")
    david.write("day1", "a file")
    david.write("day2", "another")
    david.ok("up")
    result = jan.expect(3, "down")
    assert "day1" in result.err and inside in result.err and "not synced" in result.err
    assert "kept changing" not in result.err
    assert target.is_symlink() or target.read_bytes() == b"only here"
    assert jan.read("day2") == b"another"


def test_a8_f36_where_a_folder_was_and_one_ignored_file_is_left(people: People) -> None:
    """The folder's files went on the remote, but something is left in it: nothing is lost, and it is said."""
    david, jan = shared(people)
    keep = jan.write("cut/scene/cache.tmp", "ignored")
    to_file(david)
    david.ok("sync")
    result = jan.expect(3, "sync")
    assert "cache.tmp" in result.err and keep.read_bytes() == b"ignored"
    keep.unlink()
    jan.ok("sync")
    assert jan.files() == david.files()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("edited", [False, True])
def test_a7_a12_the_name_of_what_was_cleaned_up_is_taken_by_something_else(
    people: People, change: str, edited: bool
) -> None:
    """The copies of a cleanup stay where nothing took their place. An edited one keeps its bytes under another name."""
    david, jan = shared(people)
    old = ["intro"] if change == "to a folder" else ["cut/scene/1.mov", "cut/scene/2.mov"]
    david.ok("cleanup", "--yes", *old)
    CHANGES[change](david)
    david.ok("up")
    if edited:
        jan.write(old[0], "jan worked on it")
    assert "`s3sync sync`" in jan.run("down").err
    assert jan.read(old[0]) == (b"jan worked on it" if edited else old[0].encode())
    jan.expect(4 if edited else 0, "sync")
    for person in (david, jan):
        person.ok("sync")
        assert person.ok("status", "--exit-code").code == 0
    assert jan.files() == david.files()
    assert (b"jan worked on it" in [jan.read(name) for name in jan.files()]) is edited
    trash = {item["name"] for item in jan.ok("trash", "--json").json["files"]}
    assert trash >= set(old[edited:])


@pytest.mark.parametrize("change", CHANGES)
def test_a7_a12_what_was_cleaned_up_stays_where_the_name_is_given_back(people: People, change: str) -> None:
    """An undo puts back on the remote what the user has replaced here; the next sync deletes it there again."""
    david, jan = shared(people)
    skip_seaweedfs(jan)
    CHANGES[change](jan)
    jan.ok("sync")
    david.ok("sync")
    here = jan.files()
    david.ok("cleanup", "--yes")
    jan.ok("undo", "--yes")
    jan.ok("sync", "--max-delete", "100")
    assert jan.files() == here
