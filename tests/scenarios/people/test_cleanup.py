"""What cleanup deletes for good, what it puts into the trash, what it keeps, and what the other person sees of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, Person, pair

People = tuple[Person, Person]


def share(people: People, *names: str) -> None:
    david, jan = people
    for name in names:
        david.write(name, f"content of {name}")
    david.ok("sync")
    jan.ok("sync")


def test_a12_f38_a_cleanup_is_no_deletion_for_the_other_and_up_again_brings_the_project_back(people: People) -> None:
    david, jan = people
    share(people, "a.mp4", "b/c.wav", "d.mp4", "e.mp4")
    report = david.ok("cleanup", "--yes", "--json").json
    assert {item["in_trash"] for item in report["deleted"]} == {False} and len(report["deleted"]) == 4
    for person in people:
        assert set(person.states().values()) == {"cleaned_up"}
        said = person.ok("status", "--exit-code").out
        assert "david cleaned up this project on" in said and "`s3sync up --again` sends them" in said
        assert "deleted" not in said
        for verb in ("up", "down", "sync"):
            ran = person.ok(verb)
            assert "deleted" not in ran.out + ran.err and "unmounted" not in ran.err
        assert len(person.files()) == 4
    assert jan.ok("status", "--json").json["cleaned"]["by"] == "david"
    assert len(jan.ok("up", "--again", "--dry-run", "--json").json["uploaded"]) == 4
    assert len(jan.ok("up", "--again", "--json").json["uploaded"]) == 4
    for person in people:
        assert set(person.states().values()) == {"in_sync"}
        assert "cleaned up" not in person.ok("status").out


def test_a12_no_sync_deletes_because_of_a_partial_cleanup(people: People) -> None:
    david, jan = people
    share(people, *(f"{number}.mp4" for number in range(9)))
    david.ok("cleanup", "1.mp4", "2.mp4", "--yes")
    jan.write("2.mp4", "jan worked on it")
    (david.staging / "8.mp4").unlink()
    david.ok("sync")
    report = jan.ok("sync", "--json").json
    assert [item["name"] for item in report["deleted"]] == ["8.mp4"]
    assert [item["name"] for item in report["uploaded"]] == ["2.mp4"] and report["conflicts"] == []
    assert jan.read("1.mp4") == b"content of 1.mp4" and jan.states()["1.mp4"] == "cleaned_up"
    jan.ok("up", "1.mp4", "--again")
    assert david.states()["1.mp4"] == "in_sync"


def test_a12_who_joins_after_a_cleanup_is_told_that_nothing_is_left(people: People, tmp_path: Path) -> None:
    david, _ = people
    share(people, "a.mp4", "b/c.wav")
    david.ok("cleanup", "--yes")
    cleo = Person("cleo", tmp_path / "cleo", david.environ)
    (cleo.repo / ".s3sync.yaml").write_text((david.repo / ".s3sync.yaml").read_text())
    assert "files are waiting" not in cleo.ok("init", PROJECT, cwd=cleo.repo).out
    for verb in ("status", "down", "sync"):
        said = cleo.ok(verb).out
        assert "david cleaned up this project on" in said and "nothing to download" in said
        assert "your copies" not in said
    people[1].ok("up", "--again")
    assert "cleaned up" not in cleo.ok("down").out
    david.ok("cleanup", "--local", "--yes")
    said = david.ok("cleanup", "--yes").out
    assert "is not on this computer" in said and "never downloaded" not in said, "david had sent them himself"
    assert len(cleo.files()) == 2


def test_a12_a_store_that_a_cleanup_emptied_is_not_called_suddenly_empty(people: People) -> None:
    david, jan = people
    share(people, *(f"{number}.mp4" for number in range(4)))
    (david.staging / "0.mp4").unlink()
    david.ok("sync")
    david.ok("cleanup", "--yes")
    err = jan.expect(5, "sync").err
    assert "holds no file since david cleaned up on" in err and "suddenly" not in err
    assert "1 file would be deleted on this computer" in err and len(jan.files()) == 4
    jan.ok("sync", "--max-delete", "1")
    assert sorted(jan.files()) == ["1.mp4", "2.mp4", "3.mp4"]


def test_a11_what_this_disk_does_not_hold_goes_to_the_trash_and_is_told_to_be_billed(people: People) -> None:
    david, jan = people
    share(people, "held.mp4", "edited.mp4")
    david.write("edited.mp4", "a newer version, here alone")
    jan.write("never fetched.mp4", "jan's own")
    jan.ok("up")
    report = david.ok("cleanup", "--unseen", "--yes", "--json").json
    assert {item["name"]: item["in_trash"] for item in report["deleted"]} == {
        "held.mp4": False, "edited.mp4": True, "never fetched.mp4": True,
    }  # fmt: skip
    assert report["bytes_in_trash"] == len("content of edited.mp4") + len("jan's own")
    jan.ok("up", "--again")
    said = david.ok("cleanup", "--force", "--yes")
    assert "is still billed" in said.out and "trash list --remote" in said.out


def test_a11_last_copies_in_the_trash_stay_unless_they_are_asked_for(people: People, tmp_path: Path) -> None:
    david, _ = people
    share(people, "kept.mp4", "gone.mp4", "other.mp4")
    david.write("kept.mp4", "second")
    (david.staging / "gone.mp4").unlink()
    david.ok("sync")
    david.write("copy of the first.mp4", "content of kept.mp4")
    david.ok("sync")
    asked = david.expect(5, "cleanup", "--force", answer="n\n")
    assert "permanently" in asked.err and "nothing can be lost" not in asked.err
    report = david.ok("cleanup", "--force", "--yes", "--json").json
    assert report["trash"]["files"] == 1 and report["trash_kept"]["files"] == 1 and report["last_copies"] == []
    asked = david.expect(5, "cleanup", "--force", "--trash", answer="n\n")
    assert "exist nowhere else" in asked.err and "gone.mp4" in asked.err
    report = david.ok("cleanup", "--force", "--trash", "--yes", "--json").json
    assert report["trash"]["files"] == 1 and report["bytes_in_trash"] == 0


def test_what_somebody_is_about_to_replace_is_no_copy(tmp_path: Path) -> None:
    """A run that replaces an object puts a copy into the trash first. Until it has done so, both are there."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    for name, content in (("a.wav", "first"), ("a.wav", "second"), ("b.wav", "first")):
        jan.write(name, content)
        jan.ok("sync")
    (copy,) = (path for path in (tmp_path / "store").rglob("trash/**/a.wav") if path.is_file())
    report = david.ok("cleanup", "--force", "--yes", "--json").json
    assert (report["trash"]["files"], report["trash_kept"]["files"]) == (0, 1) and copy.exists()
    two_days_ago = copy.stat().st_mtime - 2 * 86400
    os.utime(copy, (two_days_ago, two_days_ago))
    report = david.ok("cleanup", "--yes", "--json").json
    assert (report["trash"]["files"], report["trash_kept"]["files"]) == (1, 0) and not copy.exists()


def test_a11_permanently_names_what_exists_nowhere_else(people: People) -> None:
    david, jan = people
    share(people, "held.mp4")
    jan.write("only there.mp4", "jan's own")
    jan.ok("up")
    (jan.staging / "only there.mp4").unlink()
    asked = david.expect(5, "cleanup", "--unseen", "--permanently", answer="n\n")
    assert "exist nowhere else" in asked.err and asked.err.count("only there.mp4") == 2
    assert david.ok("cleanup", "--unseen", "--permanently", "--yes", "--json").json["bytes_in_trash"] == 0


def test_a11_cleanup_local_keeps_last_copies_in_the_trash_here(people: People) -> None:
    david, jan = people
    share(people, "a.mp4", "b.mp4", "c.mp4")
    jan.write("a.mp4", "jan's edit")
    (jan.staging / "b.mp4").unlink()
    jan.ok("sync")
    david.ok("sync")
    report = david.ok("cleanup", "--local", "--yes", "--json").json
    assert report["trash_kept"]["files"] == 2 and report["trash"]["files"] == 0 and david.files() == {}
    trash = david.staging / ".s3sync" / "trash"
    assert {path.name for path in trash.rglob("*.mp4")} == {"a.mp4", "b.mp4"}
    david.ok("sync")
    assert david.files() == jan.files()


def test_a_hint_about_files_here_takes_none_off_the_remote(people: People) -> None:
    david, jan = people
    share(people, "a.mp4")
    jan.write("a.mp4", "jan's edit")
    jan.ok("up")
    told = david.run("cleanup", "--local", "--yes")
    assert "run `s3sync down` first" in str(told) and "--unseen" not in str(told), told
    assert david.files()


@pytest.mark.parametrize(
    "cleaned",
    [
        "david",
        7,
        {"by": "x" * 10_000, "at": "", "files": 1},
        {"by": "d", "at": "now", "files": 10**30},
        [[]],
        {"by": "d"},
    ],
)
def test_a12_a_hostile_record_of_a_cleanup_is_passed_over(tmp_path: Path, cleaned: object) -> None:
    from tests.kit.people import PROJECT, REPO, pair

    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("a.mp4", "a")
    david.ok("up")
    path = tmp_path / "store" / REPO / PROJECT / "metadata.json"
    document = json.loads(path.read_bytes())
    path.write_text(json.dumps({**document, "cleaned": cleaned}))
    assert jan.ok("status", "--json").json["cleaned"] is None
    jan.ok("sync")
    assert jan.files() == david.files()
