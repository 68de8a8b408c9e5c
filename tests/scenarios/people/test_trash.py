"""The way back from the trash: listed, restored, emptied, on both sides, through the real command line."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person, pair

People = tuple[Person, Person]


def regret(people: People) -> None:
    """David deletes `gone.mp4` for both, and replaces `cut/a.mp4`."""
    david, jan = people
    for name in ("cut/a.mp4", "gone.mp4", "kept.mp4"):
        david.write(name, f"first {name}")
    david.ok("sync")
    jan.ok("sync")
    (david.staging / "gone.mp4").unlink()
    david.write("cut/a.mp4", "second cut/a.mp4")
    david.ok("sync")
    jan.ok("sync")


def test_a13_what_was_deleted_is_listed_on_both_sides_and_comes_back(people: People) -> None:
    david, jan = people
    regret(people)
    there = david.ok("trash", "list", "--remote", "--json").json["files"]
    assert {(item["name"], item["side"], item["trashed_by"]) for item in there} == {
        ("gone.mp4", "remote", "david"), ("cut/a.mp4", "remote", "david"),
    }  # fmt: skip
    here = jan.ok("trash", "list", "--local", "--json").json["files"]
    assert {(item["name"], item["trashed_by"], item["size_bytes"]) for item in here} == {
        ("gone.mp4", "jan", 14), ("cut/a.mp4", "jan", 15),
    }  # fmt: skip
    assert "gone.mp4 (14 B) - in the trash on the remote" in david.ok("trash").out
    refused = david.expect(2, "down", "gone.mp4")
    assert "david deleted it on" in refused.err and "s3sync trash restore" in refused.err
    david.ok("trash", "restore", "gone.mp4", "--dry-run")
    assert not (david.staging / "gone.mp4").exists()
    david.ok("trash", "restore", "gone.mp4")
    assert david.read("gone.mp4") == b"first gone.mp4"
    assert david.states()["gone.mp4"] == "local_new"
    david.ok("sync")
    jan.ok("sync")
    assert jan.files() == david.files()


def test_a13_restore_never_overwrites_and_names_how_to_keep_both(people: People) -> None:
    _, jan = people
    regret(people)
    refused = jan.expect(5, "trash", "restore", "cut/a.mp4")
    assert "exists here" in refused.err and "--to" in refused.err
    assert jan.read("cut/a.mp4") == b"second cut/a.mp4"
    for outside in ("../a.mp4", "/tmp/a.mp4", ".s3sync/state.db", "metadata.json"):
        jan.expect(2, "trash", "restore", "cut/a.mp4", "--to", outside)
    jan.expect(5, "trash", "restore", "cut/a.mp4", "--to", "kept.mp4")
    jan.expect(2, "trash", "restore", "cut/a.mp4", "--when", "1999")
    jan.ok("trash", "restore", "cut/a.mp4", "--to", "cut/a.first.mp4")
    assert jan.read("cut/a.first.mp4") == b"first cut/a.mp4"


def test_a13_a_restored_file_is_not_deleted_again_by_the_next_sync(people: People) -> None:
    david, jan = people
    regret(people)
    david.write("back.mp4", "here again")
    david.ok("sync")
    jan.ok("sync")
    (jan.staging / "back.mp4").unlink()
    (david.staging / "back.mp4").unlink()
    david.ok("sync")
    jan.ok("trash", "restore", "back.mp4")
    assert jan.states()["back.mp4"] == "local_new"
    jan.ok("sync")
    assert jan.read("back.mp4") == b"here again"


def test_a13_emptying_asks_names_last_copies_and_spares_what_is_young(people: People) -> None:
    david, _ = people
    regret(people)
    asked = david.expect(5, "trash", "empty", "--remote", answer="n\n")
    assert "permanently" in asked.err and "exist nowhere else" in asked.err and "gone.mp4" in asked.err
    assert "from the trash on the remote?" in asked.err
    here = david.ok("trash", "empty", "--dry-run").out
    assert "from the trash here\nThat on the remote stays: s3sync trash empty --remote\n" in here
    looked = david.ok("trash", "empty", "--remote", "--dry-run").out
    assert "would be deleted" in looked and looked.count("gone.mp4") == 2 and "exist nowhere else" in looked
    assert david.ok("trash", "empty", "--remote", "--older-than", "1d", "--yes", "--json").json["emptied"] == []
    david.expect(2, "trash", "empty", "--older-than", "soon")
    david.expect(2, "trash", "restor", "gone.mp4")
    assert len(david.ok("trash", "empty", "--remote", "--yes", "--json").json["emptied"]) == 2
    assert david.ok("trash", "--remote", "--json").json["files"] == []


def test_from_the_repositorys_root_the_commands_that_are_shown_name_the_project(people: People) -> None:
    david, _ = people
    regret(people)
    assert "no --project was named" in david.expect(2, "trash", "list", "--remote", cwd=david.repo).err
    shown = david.ok("trash", "list", "--remote", "--project", PROJECT, cwd=david.repo).out
    assert f"s3sync trash restore NAME --project {PROJECT}" in shown
    undone = david.ok("undo", PROJECT, "--dry-run", cwd=david.repo).out
    restored = david.ok("trash", "restore", "gone.mp4", "--project", PROJECT, cwd=david.repo).out
    assert f"`s3sync down {PROJECT}`" in undone and f"`s3sync up {PROJECT}` sends it" in restored
    assert (
        f"`s3sync trash list --remote --project {PROJECT}`" in david.ok("cleanup", PROJECT, "--yes", cwd=david.repo).out
    )


def test_b5_a_name_too_long_for_the_trash_can_be_replaced_deleted_and_restored(people: People) -> None:
    david, jan = people
    long = "/".join(letter * 200 for letter in "abcd")
    for name in (long, "other.mp4", "third.mp4"):
        david.write(name, "first")
    david.ok("sync")
    david.write(long, "second")
    david.ok("sync")
    (david.staging / long).unlink()
    david.ok("sync")
    names = [item["name"] for item in jan.ok("trash", "--remote", "--json").json["files"]]
    assert names == [long, long]
    jan.ok("trash", "restore", long)
    assert jan.read(long) == b"second"


def test_a13_hostile_names_in_the_remote_trash_lead_nowhere(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("a.mp4", "a")
    david.ok("up")
    trash = tmp_path / "store" / REPO / ".s3sync" / "trash" / PROJECT
    for name in ("x/metadata.json", "y/.s3sync/state.db", "z/con\x1btrol", f"w/~{'0' * 64}", "plain.mp4", "v/ok.mp4"):
        path = trash / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"hostile")
    listed = jan.ok("trash", "list", "--json").json["files"]
    assert {item["name"] for item in listed} == {f"~{'0' * 64}", "ok.mp4"}
    assert {item["trashed_by"] for item in listed} == {None}
    jan.expect(2, "trash", "restore", "metadata.json")
    jan.ok("trash", "restore", "ok.mp4")
    assert set(jan.files()) == {"ok.mp4"}


def test_what_an_older_version_left_in_the_trash_is_found_and_restored(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("a.mp4", "a")
    david.ok("up")
    old = tmp_path / "store" / REPO / PROJECT / ".s3sync" / "trash" / "20251103-143000-0a1b2c3d" / "cut" / "b.mp4"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"from an older version")
    (found,) = david.ok("trash", "--json").json["files"]
    assert (found["name"], found["trashed_at"]) == ("cut/b.mp4", "2025-11-03T14:30:00Z")
    david.ok("trash", "restore", "cut/b.mp4")
    assert david.read("cut/b.mp4") == b"from an older version"
    shutil.rmtree(old.parents[1])
    assert json.loads(david.ok("trash", "--json").out)["files"] == []


def test_a_restore_that_was_killed_between_two_names_is_finished(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    regret((david, jan))
    (found,) = (path for path in (jan.staging / ".s3sync" / "trash").rglob("gone.mp4"))
    (jan.staging / "gone.mp4").hardlink_to(found)
    jan.ok("trash", "restore", "gone.mp4", "--local")
    assert jan.read("gone.mp4") == b"first gone.mp4" and not found.exists()


def test_a13_hints_can_be_typed_as_they_are(people: tuple[Person, Person]) -> None:
    david, _ = people
    david.write("my cut's end.mp4", "1")
    david.write("b.mp4", "b")
    david.write("c.mp4", "c")
    david.ok("up")
    (david.staging / "my cut's end.mp4").unlink()
    david.ok("sync")
    told = re.search("`s3sync (trash restore .*?)` brings", david.expect(2, "down", "my cut's end.mp4").err)
    assert told
    david.ok(*shlex.split(told[1]))
    (david.staging / "my cut's end.mp4").unlink()
    kept = re.search("to keep both: s3sync (.*)", david.expect(5, *shlex.split(told[1]), "--to", "b.mp4").err)
    assert kept
    david.ok(*shlex.split(kept[1]))
    assert (david.read("b.mp4"), david.read("b.restored.mp4")) == (b"b", b"1")


@pytest.mark.parametrize("what", ["an edit", "a folder", "a link", "a link to nothing", "a file where a folder was"])
def test_a13_restore_writes_over_nothing_whatever_stands_there(people: People, what: str) -> None:
    _, jan = people
    regret(people)
    there = jan.staging / "gone.mp4"
    if what == "an edit":
        there = jan.write("cut/a.mp4", "jan went on with it")
    elif what == "a folder":
        jan.write("gone.mp4/inside.mp4", "mine")
    elif what == "a file where a folder was":
        shutil.rmtree(jan.staging / "cut")
        there = jan.write("cut", "a file by now")
    else:
        there.symlink_to(jan.staging / "kept.mp4" if what == "a link" else "nowhere")
    name = "cut/a.mp4" if there.name != "gone.mp4" else "gone.mp4"
    before, link = jan.files(), there.is_symlink() and there.readlink()
    refused = jan.run("trash", "restore", name)
    assert refused.code == (1 if what == "a file where a folder was" else 5) and "hint:" in refused.err, refused
    assert jan.files() == before and (there.is_symlink() and there.readlink()) == link
    jan.ok("trash", "restore", name, "--to", "free/it is.mp4")
    assert jan.read("free/it is.mp4") == f"first {name}".encode()
    assert {path: digest for path, digest in jan.files().items() if not path.startswith("free/")} == before


def test_a13_a_trash_whose_memory_is_gone_is_read_from_itself(tmp_path: Path) -> None:
    """state.db is gone here, and in the store what was known of each object; a long name is in that alone."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    long = "/".join(letter * 200 for letter in "abcd")
    for name in (long, "cut/a.mp4", "kept.mp4", "too.mp4"):
        david.write(name, f"first {name[-5:]}")
    david.ok("sync")
    jan.ok("sync")
    for name in (long, "cut/a.mp4"):
        (david.staging / name).unlink()
    david.ok("sync")
    jan.ok("sync")
    for person in (david, jan):
        for file in (person.staging / ".s3sync").glob("state.db*"):
            file.unlink()
    shutil.rmtree(tmp_path / "store" / ".s3sync-store" / "records")
    here = {item["name"] for item in jan.ok("trash", "--local", "--json").json["files"]}
    there = {item["name"] for item in david.ok("trash", "--remote", "--json").json["files"]}
    (hashed,) = (name for name in there if name.startswith("~"))
    assert here == {long, "cut/a.mp4"} and there == {hashed, "cut/a.mp4"}
    assert "nothing to undo" in jan.ok("undo", "--yes").out.lower()
    jan.ok("trash", "restore", long)
    david.ok("trash", "restore", "cut/a.mp4")
    david.ok("trash", "restore", hashed, "--to", "found.mp4")
    assert (jan.read(long), david.read("found.mp4")) == (f"first {long[-5:]}".encode(),) * 2
    assert david.read("cut/a.mp4") == b"first a.mp4"
    asked = david.expect(5, "trash", "empty", "--remote", answer="n\n")
    assert "permanently" in asked.err and len(david.ok("trash", "--remote", "--json").json["files"]) == 2
