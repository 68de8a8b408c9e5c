"""metadata.json of another project in the place of this one's: one clear error, nothing lost; a project that another
tool moved brings its own along, and goes on."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import PROJECT, REPO, Person, pair, tree
from tests.kit.remotes import Remotes

OTHER = "b64-cut"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def people(store: Path, tmp_path: Path) -> tuple[Person, Person]:
    """Both have all of the project; David has another one, whose record speaks of deletions."""
    david, jan = pair(tmp_path, f"file://{store}", {})
    for name in ("draft.mp4", "audio.wav", "poster.png"):
        david.write(name, f"{name} of {PROJECT}")
    david.ok("up")
    jan.ok("down")
    other = david.repo / OTHER
    for name in ("draft.mp4", "audio.wav", "own-1.mov", "own-2.mov"):
        (other / "s3-staging").mkdir(parents=True, exist_ok=True)
        (other / "s3-staging" / name).write_text(f"{name}, which is another, of {OTHER}")
    david.ok("up", cwd=other)
    (other / "s3-staging/audio.wav").unlink()
    david.ok("sync", cwd=other)
    return david, jan


def manifest(store: Path, project: str = PROJECT, repo: str = REPO) -> Path:
    return store / repo / project / "metadata.json"


def document(path: Path) -> Any:
    return json.loads(path.read_text())


def test_that_of_another_project_is_one_error_and_nothing_is_lost(people: tuple[Person, Person], store: Path) -> None:
    david, jan = people
    kept = manifest(store).read_bytes()
    shutil.copyfile(manifest(store, OTHER), manifest(store))
    jan.write("new.wav", "new")
    before, there = jan.files(), tree(store / REPO)
    for words in (("status",), ("up",), ("down",), ("sync",), ("sync", "--dry-run"), ("log",), ("members", "list")):
        told = jan.expect(1, *words).err
        assert told.count("error:") == 1, told
        assert f"{REPO}/{PROJECT}/metadata.json is of another project" in told
        assert f"'{REPO}/{OTHER}'" in told and "of 3 files that it names, 0 are here" in told
        assert "delete it from the store" in told
    error = jan.expect(1, "sync", "--json").json["error"]
    assert error["type"] == "ManifestError" and "wait until its files are here" in error["hint"]
    records = next(one for one in jan.run("doctor", "--json").json["checks"] if one["name"] == "records")
    assert records["level"] == "fail" and "is of another project" in records["found"]
    assert (jan.files(), tree(store / REPO)) == (before, there)
    manifest(store).write_bytes(kept)
    jan.ok("sync")
    david.ok("sync")
    assert david.files() == jan.files() == before


def test_what_its_hint_says_gives_back_the_project(people: tuple[Person, Person], store: Path) -> None:
    david, jan = people
    shutil.copyfile(manifest(store, OTHER), manifest(store))
    jan.expect(1, "sync")
    manifest(store).unlink()
    assert set(jan.states().values()) == {"in_sync"}
    jan.write("new.wav", "new")
    jan.ok("up")
    assert {file["uploaded_by"] for file in david.ok("status", "--json").json["files"]} == {"david", "jan"}
    assert document(manifest(store))["project_id"] == PROJECT


def test_it_is_of_this_project_where_half_of_its_files_are_here(people: tuple[Person, Person], store: Path) -> None:
    david, jan = people
    foreign = document(manifest(store, OTHER))
    own = document(manifest(store))
    foreign["files"] = own["files"][:1] + foreign["files"][:1]
    manifest(store).write_text(json.dumps(foreign))
    assert jan.states().keys() == {"draft.mp4", "audio.wav", "poster.png"}
    foreign["files"] += document(manifest(store, OTHER))["files"][1:]
    manifest(store).write_text(json.dumps(foreign))
    assert "of 4 files that it names, 1 is here" in jan.expect(1, "status").err
    foreign["files"] = []
    manifest(store).write_text(json.dumps(foreign))
    assert "it names no file of this one" in david.expect(1, "status").err


@pytest.mark.parametrize("moved", ["project", "repository"])
def test_a_project_that_another_tool_moved_goes_on(people: tuple[Person, Person], store: Path, moved: str) -> None:
    david, jan = people
    repo, project = (REPO, "b70-new-name") if moved == "project" else ("v-other", PROJECT)
    shutil.move(store / REPO / PROJECT, store / repo / project)
    for person in people:
        (person.repo / project / "s3-staging").mkdir(parents=True, exist_ok=True)
    at_david, at_jan = (person.repo / project for person in people)
    files = david.ok("status", "--json", cwd=at_david, env={"S3SYNC_REPO": repo}).json["files"]
    assert {file["uploaded_by"] for file in files} == {"david"}, "the record of before explains them"
    (at_jan / "s3-staging/more.wav").write_text("more")
    jan.ok("sync", cwd=at_jan, env={"S3SYNC_REPO": repo})
    after = document(manifest(store, project, repo))
    assert (after["repo"], after["project_id"]) == (repo, project), "from now on it has the names of its place"
    assert {file["uploaded_by"] for file in after["files"]} == {"david", "jan"}
    assert after["revision"] > 1
    david.ok("sync", cwd=at_david, env={"S3SYNC_REPO": repo})
    assert tree(at_david / "s3-staging") == tree(at_jan / "s3-staging")


def test_a_repository_that_was_moved_with_a_project_of_nothing(people: tuple[Person, Person], store: Path) -> None:
    david, jan = people
    david.ok("cleanup", "--yes")
    shutil.move(store / REPO, store / "v-other")
    jan.ok("status", env={"S3SYNC_REPO": "v-other"})
    assert document(manifest(store, repo="v-other"))["cleaned"]["by"] == "david"


@pytest.mark.rclone
def test_where_each_has_his_own_the_one_of_another_project_is_named(remotes: Remotes, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    environment = {"RCLONE_CONFIG": str(remotes.config)}
    david, jan = pair(tmp_path, remotes.url("loc", name), dict.fromkeys(("david", "jan"), environment))
    place = remotes.folder("loc", name)
    assert place is not None
    david.write("a.mp4", "of david")
    david.ok("up")
    other = jan.repo / OTHER
    (other / "s3-staging").mkdir(parents=True)
    (other / "s3-staging/b.mp4").write_text("of another project")
    jan.ok("up", cwd=other)
    records = place / REPO / ".s3sync" / "manifest"
    shutil.copyfile(records / OTHER / "metadata.jan.json", records / PROJECT / "metadata.jan.json")
    before = tree(place)
    told = jan.expect(1, "sync").err
    assert f"manifest/{PROJECT}/metadata.jan.json is of another project" in told and f"'{REPO}/{OTHER}'" in told
    assert tree(place) == before
    (records / PROJECT / "metadata.jan.json").unlink()
    jan.ok("sync")
    moved = "b70-new-name"
    (place / REPO / PROJECT).rename(place / REPO / moved)
    (records / PROJECT).rename(records / moved)
    (jan.repo / moved / "s3-staging").mkdir(parents=True)
    files = jan.ok("status", "--json", cwd=jan.repo / moved).json["files"]
    assert {file["uploaded_by"] for file in files} == {"david"}
