"""What two people do in a week, through the real command line."""

from __future__ import annotations

import os
import shutil

from tests.kit.media import build_tree
from tests.kit.people import PROJECT, Person, mtimes

People = tuple[Person, Person]


def test_thirty_files_travel_byte_identical_with_their_times(people: People) -> None:
    david, jan = people
    build_tree(david.staging, 30)
    assert set(david.states().values()) == {"local_new"}
    up = david.ok("up", "--json").json
    assert len(up["uploaded"]) == 30 and up["exit_code"] == 0
    assert up["bytes_sent"] == sum(item["size_bytes"] for item in up["uploaded"])
    assert set(jan.states().values()) == {"remote_new"}
    down = jan.ok("down", "--json").json
    assert len(down["downloaded"]) == 30 and down["bytes_received"] == up["bytes_sent"]
    assert jan.files() == david.files()
    assert mtimes(jan.staging) == mtimes(david.staging)
    for person in people:
        status = person.ok("status", "--json", "--exit-code").json
        assert status["in_sync"] is True
        assert status["counts"] == {"in_sync": 30}
        assert {file["uploaded_by"] for file in status["files"]} == {"david"}
        assert status["last_sync"]["by"] in ("david", "jan")


def test_edits_go_both_ways_and_a_second_run_does_nothing(people: People) -> None:
    david, jan = people
    david.write("draft.mp4", "first cut")
    david.ok("up")
    jan.ok("down")
    jan.write("draft.mp4", "second cut, longer")
    jan.write("audio/mix.wav", "music")
    assert jan.states() == {"draft.mp4": "local_modified", "audio/mix.wav": "local_new"}
    jan.ok("up")
    assert david.states() == {"draft.mp4": "remote_modified", "audio/mix.wav": "remote_new"}
    up = david.ok("up", "--json").json
    assert up["uploaded"] == [] and {item["state"] for item in up["skipped"]} == {"remote_modified", "remote_new"}
    assert "run `s3sync down`" in david.ok("up").out
    david.ok("down")
    assert david.read("draft.mp4") == b"second cut, longer"
    assert david.files() == jan.files()
    for person in people:
        for verb in ("up", "down", "sync"):
            again = person.ok(verb, "--json").json
            assert (again["uploaded"], again["downloaded"], again["deleted"]) == ([], [], [])


def test_the_same_size_and_time_with_other_bytes_is_an_edit(people: People) -> None:
    david, jan = people
    path = david.write("grade.cube", "aaaa")
    os.utime(path, ns=(10**18, 10**18))
    david.ok("up")
    david.write("grade.cube", "bbbb")
    assert david.states() == {"grade.cube": "local_modified"}
    david.ok("up")
    jan.ok("down")
    assert jan.read("grade.cube") == b"bbbb"


def test_a_conflict_is_named_with_its_author_and_overwrites_nothing(people: People) -> None:
    david, jan = people
    david.write("draft.mp4", "base")
    david.ok("up")
    jan.ok("down")
    david.write("draft.mp4", "david's version")
    david.ok("up")
    jan.write("draft.mp4", "jan's version")
    assert jan.states() == {"draft.mp4": "conflict"}
    jan.expect(4, "status", "--exit-code")
    for verb in ("up", "down"):
        result = jan.expect(4, verb)
        assert "conflict: draft.mp4 was changed here, and by david" in result.err
        assert "just now" in result.err or "ago" in result.err
        assert "hint:" in result.err
    report = jan.expect(4, "up", "--json").json
    (conflict,) = report["conflicts"]
    assert conflict["uploaded_by"] == "david" and conflict["uploaded_at"] and conflict["kept_as"] is None
    assert jan.read("draft.mp4") == b"jan's version"
    david.ok("down")
    assert david.read("draft.mp4") == b"david's version"


def test_sync_keeps_both_versions_and_both_users_converge(people: People) -> None:
    david, jan = people
    david.write("cut/draft.mp4", "base")
    david.ok("up")
    jan.ok("down")
    david.write("cut/draft.mp4", "david's version")
    david.ok("sync")
    jan.write("cut/draft.mp4", "jan's version")
    report = jan.expect(4, "sync", "--json").json
    (conflict,) = report["conflicts"]
    copy = conflict["kept_as"]
    assert copy.startswith("cut/draft.conflict-jan-") and copy.endswith(".mp4")
    assert jan.read("cut/draft.mp4") == b"david's version"
    assert jan.read(copy) == b"jan's version"
    david.ok("sync")
    assert david.files() == jan.files()
    assert set(david.files()) == {"cut/draft.mp4", copy}
    for person in people:
        assert person.ok("sync", "--json").json["uploaded"] == []
        person.ok("status", "--exit-code")


def test_mine_and_theirs_decide_and_the_loser_goes_to_the_trash(people: People) -> None:
    david, jan = people
    for name in ("a.mp4", "b.mp4"):
        david.write(name, "base")
    david.ok("up")
    jan.ok("down")
    for person in people:
        for name in ("a.mp4", "b.mp4"):
            person.write(name, f"{person.name}'s {name}")
    david.ok("up")
    jan.ok("sync", "a.mp4".replace("a.mp4", PROJECT), "--on-conflict", "theirs", "--dry-run")
    assert jan.read("a.mp4") == b"jan's a.mp4"
    jan.ok("down", "a.mp4", "--on-conflict", "theirs")
    assert jan.read("a.mp4") == b"david's a.mp4"
    trashed = [path.read_bytes() for path in (jan.staging / ".s3sync" / "trash").rglob("a.mp4")]
    assert trashed == [b"jan's a.mp4"]
    jan.ok("up", "b.mp4", "--on-conflict", "mine")
    david.ok("down")
    assert david.read("b.mp4") == b"jan's b.mp4"


def test_sync_carries_a_deletion_and_keeps_the_bytes_in_the_trash(people: People) -> None:
    david, jan = people
    for name in ("one.mp4", "two.mp4", "three.mp4"):
        david.write(name, name)
    david.ok("sync")
    jan.ok("sync")
    (david.staging / "one.mp4").unlink()
    assert david.states()["one.mp4"] == "local_deleted"
    assert david.ok("up", "--json").json["deleted"] == []
    report = david.ok("sync", "--json").json
    assert [(item["name"], item["side"]) for item in report["deleted"]] == [("one.mp4", "remote")]
    status = jan.ok("status", "--json").json
    (gone,) = [file for file in status["files"] if file["name"] == "one.mp4"]
    assert gone["state"] == "remote_deleted" and gone["uploaded_by"] == "david"
    assert jan.ok("down", "--json").json["deleted"] == []
    assert (jan.staging / "one.mp4").exists()
    assert [item["side"] for item in jan.ok("sync", "--json").json["deleted"]] == ["local"]
    assert not (jan.staging / "one.mp4").exists()
    assert [path.read_bytes() for path in (jan.staging / ".s3sync" / "trash").rglob("one.mp4")] == [b"one.mp4"]
    assert david.files() == jan.files()


def test_down_fetches_again_what_was_deleted_here(people: People) -> None:
    david, _ = people
    david.write("a.mp4", "bytes")
    david.ok("up")
    (david.staging / "a.mp4").unlink()
    david.ok("down")
    assert david.read("a.mp4") == b"bytes"


def test_an_edit_survives_the_other_side_deleting_it(people: People) -> None:
    david, jan = people
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        david.write(name, name)
    david.ok("sync")
    jan.ok("sync")
    (david.staging / "a.mp4").unlink()
    david.ok("sync")
    jan.write("a.mp4", "worked on since")
    report = jan.expect(4, "sync", "--json").json
    assert [item["resolution"] for item in report["conflicts"]] == ["kept_edit"]
    david.ok("sync")
    assert david.read("a.mp4") == b"worked on since"


def test_a_project_whose_files_all_got_other_names_is_not_taken_for_an_emptied_one(people: People) -> None:
    david, jan = people
    for name in ("a.mp4", "b.mp4", "cut/c.wav"):
        david.write(name, f"content of {name}")
    david.ok("sync")
    jan.ok("sync")
    (david.staging / "week 1").mkdir()
    for name in ("a.mp4", "b.mp4", "cut"):
        (david.staging / name).rename(david.staging / "week 1" / name)
    david.ok("sync")
    jan.ok("sync")
    assert set(jan.files()) == {"week 1/a.mp4", "week 1/b.mp4", "week 1/cut/c.wav"} and jan.files() == david.files()


def test_f24_an_emptied_staging_folder_halts_and_the_flag_goes_on(people: People) -> None:
    david, jan = people
    for number in range(4):
        david.write(f"{number}.mp4", f"{number}")
    david.ok("sync")
    for number in range(4):
        (david.staging / f"{number}.mp4").unlink()
    result = david.expect(5, "sync")
    assert "--max-delete 4" in result.err and "suddenly empty" in result.err
    jan.ok("sync")
    assert len(jan.files()) == 4
    david.expect(5, "sync", "--max-delete", "3")
    assert len(david.ok("sync", "--max-delete", "4", "--json").json["deleted"]) == 4


def test_deleting_the_state_folder_never_deletes_files(people: People) -> None:
    david, jan = people
    for number in range(4):
        david.write(f"{number}.mp4", f"{number}")
    david.ok("sync")
    jan.ok("sync")
    shutil.rmtree(jan.staging)
    jan.staging.mkdir()
    assert set(jan.states().values()) == {"remote_new"}
    jan.ok("sync")
    assert jan.files() == david.files()


def test_limits_to_names_folders_and_globs(people: People) -> None:
    david, jan = people
    for name in ("a.mp4", "b.wav", "sub/c.wav", "sub/d.mp4", "e.txt"):
        david.write(name, name)
    uploaded = david.ok("up", "a.mp4", "*.wav", "--json").json["uploaded"]
    assert [item["name"] for item in uploaded] == ["a.mp4", "b.wav", "sub/c.wav"]
    david.ok("up", "d.mp4", cwd=david.staging / "sub")
    jan.ok("down", "s3-staging/sub")
    assert set(jan.files()) == {"sub/c.wav", "sub/d.mp4"}
    result = david.expect(2, "up", "b.wave")
    assert "no file called 'b.wave'" in result.err and "did you mean 'b.wav'?" in result.err


def test_a_project_that_is_only_on_the_remote_can_be_fetched_by_name(people: People) -> None:
    david, jan = people
    shutil.rmtree(jan.project)
    david.write("a.mp4", "bytes")
    david.ok("up")
    jan.ok("down", "b63", cwd=jan.repo)
    assert jan.read("a.mp4") == b"bytes"


def test_cleanup_asks_keeps_what_nobody_fetched_and_then_empties(people: People) -> None:
    david, jan = people
    david.write("final.mp4", "final")
    david.ok("up")
    jan.ok("down")
    jan.write("late.wav", "late")
    jan.ok("up")
    dry = david.ok("cleanup", "--dry-run", "--json").json
    assert [item["name"] for item in dry["deleted"]] == ["final.mp4"]
    assert [item["name"] for item in dry["kept"]] == ["late.wav"]
    result = david.expect(5, "cleanup", answer="n\n")
    assert "Delete permanently 1 file" in result.err and "[y/N]" in result.err
    david.expect(5, "cleanup")
    assert jan.states() == {"final.mp4": "in_sync", "late.wav": "in_sync"}
    david.ok("cleanup", answer="y\n")
    assert david.states() == {"final.mp4": "cleaned_up", "late.wav": "remote_new"}
    david.ok("cleanup", "--unseen", "--yes")
    assert david.read("final.mp4") == b"final"
    assert jan.files().keys() == {"final.mp4", "late.wav"}


def test_cleanup_local_frees_the_disk_and_keeps_what_is_nowhere_else(people: People) -> None:
    david, jan = people
    david.write("final.mp4", "final")
    david.ok("up")
    david.write("notes.txt", "mine alone")
    report = david.ok("cleanup", "--local", "--yes", "--json").json
    assert [item["name"] for item in report["deleted"]] == ["final.mp4"]
    assert [item["name"] for item in report["kept"]] == ["notes.txt"]
    assert david.states() == {"final.mp4": "remote_new", "notes.txt": "local_new"}
    david.ok("sync")
    assert david.read("final.mp4") == b"final"
    jan.ok("sync")
    assert jan.files() == david.files()


def test_dry_runs_write_nothing_anywhere(people: People) -> None:
    david, jan = people
    david.write("a.mp4", "one")
    david.ok("up")
    jan.ok("down")
    jan.write("a.mp4", "two")
    jan.write("b.mp4", "new")

    def everything(person: Person) -> dict[str, tuple[bytes, int]]:
        return {
            str(path): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in person.root.rglob("*")
            if path.is_file() and not path.name.endswith((".pyc",))
        }

    before, remote = everything(jan), david.states()
    for verb in ("up", "down", "sync"):
        jan.ok(verb, "--dry-run")
    jan.ok("cleanup", "--dry-run")
    assert everything(jan) == before
    assert david.states() == remote
    planned = jan.ok("sync", "--dry-run", "--json").json
    assert planned["dry_run"] is True and planned["bytes_sent"] == sum(
        item["size_bytes"] for item in planned["uploaded"]
    )
    assert [item["name"] for item in planned["uploaded"]] == ["a.mp4", "b.mp4"]
