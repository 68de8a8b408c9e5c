"""The small things of the second day: what is said of a name, a cleanup, an undo, a store or a project that is not as
somebody in a hurry believes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.kit.people import PROJECT, REPO, Person, pair

People = tuple[Person, Person]


@pytest.fixture
def people(tmp_path: Path) -> People:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


def share(people: People, *names: str) -> None:
    david, jan = people
    for name in names:
        david.write(name, f"first {name}")
    david.ok("sync")
    jan.ok("sync")


def test_cleanup_of_a_named_file_says_why_nothing_went(people: People) -> None:
    david, jan = people
    share(people, "a.mov", "b.mov")
    david.write("cut/only here.mov", "new")
    (jan.staging / "b.mov").unlink()
    assert "only here.mov - kept: is not on the remote, only on this computer" in david.ok("cleanup", "cut", "-y").out
    assert "b.mov - kept: is not on this computer" in jan.ok("cleanup", "--local", "b.mov", "-n").out
    kept = david.ok("cleanup", "cut/only here.mov", "--dry-run", "--json").json["kept"]
    assert [one["name"] for one in kept] == ["cut/only here.mov"]
    assert "kept" not in david.ok("cleanup", "--dry-run").out.replace("kept: was never uploaded", "")


def test_a_cleanup_of_some_files_is_not_called_one_of_the_project(people: People) -> None:
    david, jan = people
    share(people, "a.mov", "b.mov", "c.mov")
    david.ok("cleanup", "a.mov", "c.mov", "--yes")
    for said in (jan.ok("status").out, jan.ok("down").out):
        assert "david cleaned up 2 files on " in said and "this project" not in said
    david.ok("cleanup", "--yes")
    assert "cleaned up this project on " in jan.ok("status").out


def test_after_an_undo_what_the_next_sync_does_again_is_said_and_how_to_keep_it(people: People) -> None:
    david, jan = people
    share(people, "mine.mov", "theirs.mov", "stays.mov", "stays too.mov", "and this.mov")
    (david.staging / "theirs.mov").unlink()
    david.ok("sync")
    (jan.staging / "mine.mov").unlink()
    jan.ok("sync")
    said = jan.ok("undo", "--yes").out
    assert "1 file that is here again is still deleted on the remote" in said
    assert "s3sync up --again theirs.mov" in said
    assert "1 file that is on the remote again is not here" in said and "to fetch it: `s3sync down`" in said
    assert "theirs.mov" not in [one["name"] for one in jan.ok("up", "--again", "--dry-run", "--json").json["uploaded"]]
    jan.ok("up", "--again", "theirs.mov")
    jan.ok("down")
    jan.ok("sync")
    david.ok("sync")
    assert set(david.files()) == set(jan.files()) >= {"mine.mov", "theirs.mov"}


def test_a_project_of_the_store_that_is_typed_as_a_file_is_named(people: People) -> None:
    david, jan = people
    share(people, "a.mov")
    david.ok("init", "b64-podcast", cwd=david.repo)
    (david.repo / "b64-podcast" / "s3-staging" / "b.wav").write_text("b")
    david.ok("up", "b64-podcast", cwd=david.repo)
    for command in ("down", "sync", "status", "cleanup"):
        said = jan.expect(2, command, "b64-podcast").err
        assert f"b64-podcast is a project in the store, and no file of {PROJECT}" in said
        assert f"`s3sync {command} --project b64-podcast` means the project" in said
    assert "is a project" not in jan.expect(2, "down", "b65").err
    jan.ok("down", "--project", "b64-podcast")


def test_a_status_from_elsewhere_hints_at_what_can_be_typed_there(people: People) -> None:
    david, jan = people
    david.write("a.mov", "content")
    assert "To upload: `s3sync up b63-flivideo`" in david.ok("status", "b63-flivideo", cwd=david.repo).out
    assert "To upload: `s3sync up`" in david.ok("status").out
    david.ok("up", "b63-flivideo", cwd=david.repo)
    assert "To download: `s3sync down b63-flivideo`" in jan.ok("status", "b63-flivideo", cwd=jan.repo).out
    jan.ok("down", "b63-flivideo", cwd=jan.repo)


def test_an_aws_profile_goes_into_the_persons_own_settings(people: People) -> None:
    david, _ = people
    team = (david.repo / ".s3sync.yaml").read_text()
    said = david.ok("init", "--profile", "davids", cwd=david.project).out
    own = david.root / "home/.config/s3sync/config.yaml"
    assert f"{own}: profile: davids" in said and yaml.safe_load(own.read_text())["profile"] == "davids"
    assert (david.repo / ".s3sync.yaml").read_text() == team
    david.ok("config", "set", "profile", "teams", "--repo")
    warned = david.ok("init", "--profile", "davids2", cwd=david.project).err
    assert "your own profile does not count here, because it is also set elsewhere: .s3sync.yaml" in warned


def test_config_set_store_says_how_a_folder_becomes_a_store(people: People, tmp_path: Path) -> None:
    david, _ = people
    new = tmp_path / "new nas"
    new.mkdir()
    said = david.ok("config", "set", "store", f"file://{new}", "--repo").err
    assert f"`s3sync init --store 'file://{new}'` makes one" in said
    david.environ = {"S3SYNC_TRUST": ""}
    david.ok("init", "--store", f"file://{new}")
    assert david.ok("config", "set", "store", f"file://{new}", "--repo").err == ""
    (new / ".s3sync-store").rename(tmp_path / "away")
    assert david.ok("config", "set", "store", f"file://{new}", "--repo").err == "", "its disk may be away"


def test_doctor_names_what_git_has_though_it_is_ignored(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    subprocess.run(["git", "init", "-q", david.repo], check=True)
    david.ok("init", PROJECT, "--repo", REPO, cwd=david.repo)
    david.write("big film.mov", "big")

    def gitignore() -> tuple[str, str]:
        (check,) = [one for one in david.run("doctor", "--json").json["checks"] if one["name"] == "gitignore"]
        return check["level"], check["found"]

    assert gitignore()[0] == "ok"
    subprocess.run(["git", "add", "--force", f"{PROJECT}/s3-staging"], cwd=david.repo, check=True)
    level, found = gitignore()
    assert level == "warn" and f"has {PROJECT}/s3-staging/big film.mov already" in found


def test_a_first_run_that_did_not_end_is_not_called_no_run(people: People) -> None:
    """metadata.json is written once in a while: after a kill, files may be there that it does not name yet."""
    david, _ = people
    share(people, "a.mov")
    (manifest,) = (david.root.parent / "store").rglob("metadata.json")
    manifest.unlink()
    for person in people:
        assert "never synced" not in person.ok("status").out and "never synced" not in person.ok("projects").out


def test_a_project_that_was_renamed_and_emptied_is_counted_and_not_listed(people: People) -> None:
    david, jan = people
    share(people, "a.mov")
    jan.project.rename(jan.repo / "c70-renamed")
    jan.ok("up", "c70", cwd=jan.repo)
    david.ok("cleanup", "--yes")
    listed = jan.ok("projects", cwd=jan.repo).out
    assert f"  {PROJECT} " not in listed and "and 1 that is empty and not here" in listed
    for words in (["-v"], [PROJECT]):
        assert "empty: david cleaned up on " in jan.ok("projects", *words, cwd=jan.repo).out
    found = {one["name"]: one for one in jan.ok("projects", "--json", cwd=jan.repo).json["projects"]}
    assert found[PROJECT]["cleaned"]["by"] == "david" and found["c70-renamed"]["cleaned"] is None


def test_a_store_that_was_used_before_is_not_called_new_after_cleanup_local(people: People, tmp_path: Path) -> None:
    david, _ = people
    share(people, "a.mov", "b.mov")
    other = f"file://{tmp_path / 'other'}"
    assert "first time with this store" in david.ok("init", "--store", other).err + david.ok("up").err
    david.write("only in other.mov", "x")
    david.ok("up")
    home = f"file://{tmp_path / 'store'}"
    david.ok("init", "--store", home)
    david.ok("cleanup", "--local", "--yes")
    for words in (["status"], ["down"]):
        assert "first time" not in david.ok(*words).err
    david.ok("state", "forget", home, "--yes")
    assert "first time" in david.ok("status").err, "a place that was forgotten is new again"


def test_an_older_version_is_restored_by_the_time_that_the_list_says(people: People) -> None:
    david, jan = people
    for take in ("one", "two", "three"):
        david.write("cut/a.mov", take)
        david.ok("up")
        jan.ok("down")
    (jan.staging / "cut/a.mov").unlink()
    times = [one["trashed_at"] for one in jan.ok("trash", "list", "--local", "--json").json["files"]]
    said = jan.ok("trash").out
    assert len(times) == 2 and all(f"({time})" in said for time in times)
    assert "trash restore NAME --when TIME" in said
    assert times[0] not in jan.ok("trash", "list", "--remote").out
    spelled = times[1].replace("T", " ")
    report = jan.ok("trash", "restore", "cut/a.mov", "--when", spelled, "--json").json
    assert report["restored"]["trashed_at"] == times[1]
    refused = jan.expect(2, "trash", "restore", "cut/a.mov", "--when", "1999-01-01").err
    assert all(time in refused for time in times[:1])
