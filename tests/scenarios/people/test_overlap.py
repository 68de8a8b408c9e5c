"""A store that overlaps the repository: refused by every command before anything is written."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from s3sync import Project
from s3sync.store.folder import FolderStore
from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import SeaweedFS


@pytest.fixture
def david(tmp_path: Path) -> Person:
    person = Person("david", tmp_path / "david")
    person.ok("init", PROJECT, "--store", f"file://{tmp_path}/nas", "--repo", REPO, cwd=person.repo)
    person.write("draft.mp4", "draft")
    (person.project / "script.md").write_text("my script")
    return person


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refuse(person: Person, *words: str, cwd: Path | None = None) -> str:
    before = everything(person.root.parent)
    result = person.expect(2, *words, cwd=cwd)
    assert everything(person.root.parent) == before, result
    assert result.err.count("error:") == 1 and "hint:" in result.err, result
    return result.err


@pytest.mark.parametrize("where", ["{repo}/.cache/store", "{staging}/store", "{repo}/..", "{root}"])
def test_f33_init_writes_nothing(tmp_path: Path, where: str) -> None:
    person = Person("david", tmp_path / "david")
    store = os.path.normpath(where.format(repo=person.repo, staging=person.staging, root=person.root))
    for more in ((), ("--dry-run",)):
        err = refuse(person, "init", PROJECT, "--store", f"file://{store}", *more, cwd=person.repo)
        assert "the repository" in err
    assert [path.name for path in person.repo.iterdir()] == [".git"]


@pytest.mark.parametrize("words", [("up",), ("down",), ("sync",), ("status",), ("cleanup", "-y"), ("up", "--dry-run")])
def test_f33_every_command_refuses_it_as_a_flag(david: Person, words: tuple[str, ...]) -> None:
    err = refuse(david, *words, "--store", f"file://{david.root}")
    assert "it contains the repository" in err


def test_f33_a_pulled_setting_is_refused(david: Person) -> None:
    link = david.root / "nas2"
    link.symlink_to(david.staging)
    text = (david.repo / ".s3sync.yaml").read_text()
    (david.repo / ".s3sync.yaml").write_text(text.replace(f"{david.root.parent}/nas", f"localhost{link}/x"))
    for words in (("up",), ("sync",), ("down",)):
        assert "it lies in the repository" in refuse(david, *words)


def test_f33_a_home_that_is_the_repository_is_told_what_to_do(tmp_path: Path) -> None:
    """The embedded store lies in the user's data directory, and with it in this repository."""
    person = Person("david", tmp_path / "david", {"XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""})
    home = person.root / "home"
    (home / ".git").mkdir()
    (home / "films").mkdir()
    err = refuse(person, "init", "films", cwd=home)
    assert "it lies in the repository" in err and "s3sync init --store" in err
    assert [path.name for path in home.iterdir()] == [".git", "films"] or not (home / ".local").exists()
    person.ok("init", "films", "--store", f"file://{tmp_path}/nas", cwd=home)
    assert not (home / ".local").exists()


def test_f33_a_store_in_the_staging_folder_of_another_repository(david: Person, tmp_path: Path) -> None:
    """Its objects would be that project's files, and each run of the two makes more of them."""
    david.ok("up")
    kim = Person("kim", tmp_path / "kim")
    (tmp_path / "link").symlink_to(david.staging)
    for place in (david.staging, david.staging / "new" / "store", tmp_path / "link" / "cut"):
        err = refuse(kim, "init", "b70", "--store", f"file://{place}", "--repo", "other", cwd=kim.repo)
        assert f"it lies in the staging folder {david.staging}" in err
    kim.ok("init", "b70", "--store", f"file://{david.root}/beside", "--repo", "other", cwd=kim.repo)


@pytest.fixture(params=["folder", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A store's address, and what it takes to reach it."""
    if request.param == "folder":
        return f"file://{tmp_path / 'nas'}", {}
    server: SeaweedFS = request.getfixturevalue("seaweedfs")
    return f"s3://{server.bucket}/{uuid.uuid4().hex}", server.environment("david")


NESTED = [
    ("", "films", "cut", "/films", "cut"),
    ("", "films", "cut", "/films/cut", "b63"),
    ("/a", "b", "c", "/a/b", "c"),
]


def of_a_place(person: Person, store: str, repo: str, project: str) -> Path:
    folder = person.repo / project
    (folder / "s3-staging").mkdir(parents=True)
    (person.repo / ".s3sync.yaml").write_text(f"store: {store}\nrepo: {repo}\n")
    for name in (f"{person.name}.mov", f"sub/{person.name}.mov"):
        person_file = folder / "s3-staging" / name
        person_file.parent.mkdir(exist_ok=True)
        person_file.write_text(f"of {person.name}")
    return folder


@pytest.mark.parametrize(("outer", "repo", "project", "inner", "inner_repo"), NESTED)
@pytest.mark.parametrize("first", ["outer", "inner"])
def test_f33_a_store_in_another_repository_s_project(
    tmp_path: Path, base: tuple[str, dict[str, str]], first: str, outer: str, repo: str, project: str, inner: str,
    inner_repo: str,
) -> None:  # fmt: skip
    """Each would take the other's files, and metadata.json, for files of its own; a cleanup would delete them all."""
    url, environ = base
    if url.startswith("file:"):
        if inner_repo == "b63":
            pytest.skip("the marker of the inner store would be a file of the outer one")
        for place in {outer, inner}:
            FolderStore(Path(url[7:] + place), create=True)
    anna, ben = Person("anna", tmp_path / "anna", environ), Person("ben", tmp_path / "ben", environ)
    a = of_a_place(anna, url + outer, repo, project)
    b = of_a_place(ben, url + inner, inner_repo, "b1")
    (early, at), (late, there) = [(anna, a), (ben, b)] if first == "outer" else [(ben, b), (anna, a)]
    early.ok("sync", cwd=at)
    before = everything(late.repo)
    for words in (
        ["status"],
        ["up"],
        ["down"],
        ["sync"],
        ["cleanup", "--yes"],
        ["up", "--dry-run"],
        ["sync", "--max-delete", "9"],
    ):
        result = late.expect(2, *words, cwd=there)
        assert "error: this repository cannot use the store" in result.err and "another `repo`" in result.err
    if inner_repo != "b63" or late is ben:  # `init` looks no deeper
        result = late.expect(2, "init", there.name, cwd=late.repo)
        assert "is another repository" in result.err or "of another repository" in result.err
    after = everything(late.repo)
    assert {path: after[path] for path in before if ".s3sync" not in path} == {
        path: body for path, body in before.items() if ".s3sync" not in path
    }
    assert early.ok("status", "--exit-code", cwd=at).code == 0
    early.ok("verify", "--deep", cwd=at)
    text = (late.repo / ".s3sync.yaml").read_text()
    (late.repo / ".s3sync.yaml").write_text(text.replace("repo: ", "repo: other-").replace("/films/cut", "/apart"))
    late.ok("sync", cwd=there)
    early.ok("sync", cwd=at)
    assert not {path.name for path in at.rglob("*.mov")} & {path.name for path in there.rglob("*.mov")}


def test_f33_a_metadata_json_of_the_user_s_own_is_a_file(tmp_path: Path, base: tuple[str, dict[str, str]]) -> None:
    url, environ = base
    if url.startswith("file:"):
        FolderStore(Path(url[7:]), create=True)
    anna, ben = Person("anna", tmp_path / "anna", environ), Person("ben", tmp_path / "ben", environ)
    contents = {
        "card/metadata.json": '{"camera": "a7"}',
        "empty/metadata.json": "",
        "copy/metadata.json": '{"project_id": "c", "repo": "films"}',
        "a/b/metadata.json": '{"project_id": "b", "repo": "other"}',
        "x/y/metadata.json": '{"project_id": "\\ud800", "repo": 7}',
    }
    a, b = of_a_place(anna, url, "films", "c"), of_a_place(ben, url, "films", "c")
    for name, text in contents.items():
        file = a / "s3-staging" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    anna.ok("up", cwd=a)
    Project.open(path=a, environ=anna.env()).session.store.delete("films/c/metadata.json")
    ben.ok("sync", cwd=b)
    assert {name: (b / "s3-staging" / name).read_text() for name in contents} == contents
