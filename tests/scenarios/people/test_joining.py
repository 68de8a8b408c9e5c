"""A4, C1, B10: names come from what is committed, and who joins finds the team's projects in the store."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import pytest

from s3sync.store import StoreOptions, open_store
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.servers import Moto, SeaweedFS


def clone(person: Person, name: str, settings: str) -> Path:
    """A clone of the team's repository under another folder's name, with what is committed: the settings."""
    folder = person.root / name
    (folder / ".git").mkdir(parents=True)
    (folder / ".s3sync.yaml").write_text(settings)
    return folder


def test_c1_a_clone_without_staging_folders(people: tuple[Person, Person]) -> None:
    david, jan = people
    david.write("cut/draft.mp4", "draft")
    david.ok("up")
    shutil.rmtree(jan.staging)
    assert jan.states() == {"cut/draft.mp4": "remote_new"}
    assert not jan.staging.exists(), "status makes nothing"
    notes = jan.project / "notes" / "deep"
    notes.mkdir(parents=True)
    for where in (jan.project, notes):
        assert jan.ok("down", cwd=where).code == 0
        assert jan.read("cut/draft.mp4") == b"draft"
        shutil.rmtree(jan.staging)
    jan.ok("sync")
    assert jan.files() == david.files()


@pytest.mark.parametrize("command", ["up", "verify", "transfers", "cleanup"])
def test_c1_every_command_knows_the_project(tmp_path: Path, command: str) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("a.wav", "a")
    david.ok("up")
    shutil.rmtree(jan.staging)
    jan.ok(command, *(["--dry-run"] if command in ("up", "cleanup") else []))
    david.ok("sync")
    assert david.files().keys() == {"a.wav"}


def test_c1_another_folder_is_no_project(people: tuple[Person, Person]) -> None:
    david, _ = people
    david.write("a", "a")
    david.ok("up")
    (david.repo / "docs").mkdir()
    error = david.expect(2, "down", cwd=david.repo / "docs").err
    assert "the store has no project 'docs'" in error and f"name one of the projects: {PROJECT}" in error
    assert not (david.repo / "docs" / "s3-staging").exists()


def test_c1_a_folder_beside_a_root_that_is_a_project(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("a", "a")
    david.ok("up")
    shutil.rmtree(jan.staging)
    (jan.repo / "s3-staging").mkdir()
    jan.ok("down")
    assert jan.files() == david.files()


@pytest.mark.parametrize("words", [("down",), ("down", "b64"), ("status", "--project", "b64-cut")], ids=" ".join)
def test_b10_a_store_that_cannot_be_asked_says_so(moto: Moto, tmp_path: Path, words: list[str]) -> None:
    david = Person("david", tmp_path / "david", moto.environment())
    (david.repo / "b64-cut").mkdir()
    for store, env, said in (
        ("s3://no-such-bucket-of-ours", {}, "there is no bucket"),
        (f"s3://{moto.bucket}", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "could not"),
        ("file:///not/mounted", {}, "there is no folder store"),
    ):
        (david.repo / ".s3sync.yaml").write_text(f"store: {store}\nrepo: {REPO}\nretries: 1\n")
        result = david.expect(1, *words, cwd=david.repo / "b64-cut", env=env)
        assert said in result.err and "no project" not in result.err, result


def test_b10_wrong_keys_are_no_missing_project(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", {**seaweedfs.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"})
    (david.repo / ".s3sync.yaml").write_text(f"store: s3://{seaweedfs.bucket}/{uuid.uuid4().hex}\nrepo: {REPO}\n")
    assert "no project" not in david.expect(1, "down", "b64").err


def test_b10_names_come_without_a_listing_of_every_object(moto: Moto, tmp_path: Path) -> None:
    """Names that are none are passed over, whatever put them there."""
    url = f"s3://{moto.bucket}/{uuid.uuid4().hex}"
    prefix = url.removeprefix(f"s3://{moto.bucket}/")
    david, _ = pair(tmp_path, url, {name: moto.environment() for name in ("david", "jan")})
    for name in ("b70-far", ".s3sync", "..", ".git", "a\\b", "\u202egnp", ".metadata.json"):
        moto.client().put_object(Bucket=moto.bucket, Key=f"{prefix}/{REPO}/{name}/a", Body=b"a")
    david.ok("down", "b70", cwd=david.repo)
    assert (david.repo / "b70-far" / "s3-staging" / "a").read_bytes() == b"a"
    for name in (".s3sync", "..", ".git", "a\\b"):
        david.expect(2, "down", "--project", name, cwd=david.repo)


def test_a4_clones_of_any_name_use_one_place(tmp_path: Path) -> None:
    store = f"file://{tmp_path / 'store'}"
    open_store(store, StoreOptions(create=True))
    settings = f"store: {store}\nrepo: film\nproject: main\n"
    david, jan = (Person(name, tmp_path / name) for name in ("david", "jan"))
    here, there = clone(david, "film-2026", settings), clone(jan, "copy of film", settings)
    (here / "s3-staging").mkdir()
    (here / "s3-staging" / "a.mp4").write_text("a")
    david.ok("up", cwd=here)
    assert "warning" not in david.ok("status", cwd=here).err
    assert jan.ok("down", cwd=there).code == 0
    assert (there / "s3-staging" / "a.mp4").read_text() == "a"
    renamed = there.rename(there.with_name("renamed"))
    (renamed / ".git").rmdir()
    (renamed / ".git").write_text(f"gitdir: {here}/.git/worktrees/renamed\n")
    assert jan.ok("status", "--exit-code", cwd=renamed / "s3-staging").code == 0
    assert jan.ok("down", "mai", cwd=renamed).code == 0
    assert [path.name for path in (tmp_path / "store" / "film").iterdir()] == ["main"]


def test_a4_names_that_follow_the_folder_are_said(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    here = clone(david, "film", f"store: file://{tmp_path / 'store'}\n")
    open_store(f"file://{tmp_path / 'store'}", StoreOptions(create=True))
    (here / "s3-staging").mkdir()
    said = david.ok("status", cwd=here).err
    assert "commit `repo: film` and `project: film` to .s3sync.yaml" in said
    assert any("commit `repo: film`" in line for line in david.ok("status", "--json", cwd=here).json["warnings"])
    assert "commit to .s3sync.yaml: repo: film, project: film" in david.run("doctor", cwd=here).out
    (here / ".s3sync.yaml").write_text(f"store: file://{tmp_path / 'store'}\nrepo: film\nproject: film\n")
    assert "warning" not in david.ok("status", cwd=here).err


def test_a10_a_renamed_project_names_the_old_one(people: tuple[Person, Person]) -> None:
    david, _ = people
    david.write("a.mp4", "a")
    david.ok("up")
    renamed = david.project.rename(david.repo / "b63 final")
    for verb in ("status", "sync"):
        said = david.ok(verb, cwd=renamed).err
        assert f"was synced as {PROJECT!r} before" in said and f"`mv 'b63 final' {PROJECT}`" in said
        assert "deleted" not in said.replace("nothing counts as deleted", "")
    renamed.rename(david.project)
    assert david.states() == {"a.mp4": "in_sync"}
    copied = david.repo / "copy"
    shutil.copytree(david.project, copied)
    assert "was synced as" not in david.ok("status", cwd=copied).err, "a copy is no renamed folder"


def test_a10_a_renamed_project_whose_old_folder_keeps_what_git_tracks(people: tuple[Person, Person]) -> None:
    david, _ = people
    david.write("a.mp4", "a")
    david.ok("up")
    renamed = david.project.rename(david.repo / "cut")
    david.project.mkdir()
    (david.project / "script.md").write_text("checked out again")
    assert f"was synced as {PROJECT!r} before" in david.ok("status", cwd=renamed).err


@pytest.mark.parametrize("project", ["", "b63"])
def test_a4_a_renamed_clone_is_told_the_names_of_before(tmp_path: Path, project: str) -> None:
    """The names of now would move the team to a place where nothing is."""
    david = Person("david", tmp_path / "david")
    open_store(f"file://{tmp_path / 'store'}", StoreOptions(create=True))
    here = clone(david, "film", f"store: file://{tmp_path / 'store'}\n")
    (here / project / "s3-staging").mkdir(parents=True)
    (here / project / "s3-staging" / "a.mp4").write_text("a")
    david.ok("up", cwd=here / project)
    renamed = here.rename(here.with_name("film (old disk)"))
    for verb in ("status", "up", "status", "sync"):
        said = david.ok(verb, cwd=renamed / project).err
        if verb == "status" or "first time" in said:
            wanted = "`repo: film`" if project else "`repo: film` and `project: film`"
            assert f"commit {wanted} to .s3sync.yaml to keep using it" in said, said
            assert f"was synced as film/{project or 'film'} before" in said and said.count("commit `repo") == 1
    settings = f"store: file://{tmp_path / 'store'}\nrepo: film\n" + ("" if project else "project: film\n")
    (renamed / ".s3sync.yaml").write_text(settings)
    assert david.ok("status", "--exit-code", cwd=renamed / project).err == ""
