"""Which folder is the project, and what is refused rather than guessed."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.config import Settings
from s3sync.disk.current import named_folder
from s3sync.errors import ProjectError
from s3sync.project import find_project, list_projects, repo_root

SETTINGS = Settings(store="s3://bucket", repo="videos")
links = pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")


@pytest.fixture
def root(repo: Path) -> Path:
    """A repository with the projects b63-flivideo and b64-cut, and a folder that is none."""
    for folder in ("b63-flivideo/s3-staging/cut", "b63-flivideo/notes", "b64-cut/s3-staging", "docs/deep"):
        (repo / folder).mkdir(parents=True)
    return repo


@pytest.mark.parametrize(
    "start", ["b63-flivideo", "b63-flivideo/notes", "b63-flivideo/s3-staging", "b63-flivideo/s3-staging/cut"]
)
def test_from_the_working_directory(root: Path, start: str) -> None:
    project = find_project(SETTINGS, root / start, None)
    assert project.name == "b63-flivideo"
    assert project.repo_root == root
    assert project.root == root / "b63-flivideo"
    assert project.staging == root / "b63-flivideo" / "s3-staging"
    assert project.prefix == "videos/b63-flivideo/"
    assert project.state_dir == project.staging / ".s3sync"


@pytest.mark.parametrize(
    ("name", "found"),
    [("b63-flivideo", "b63-flivideo"), ("b63", "b63-flivideo"), ("b63-flivideo/", "b63-flivideo"), ("b64", "b64-cut")],
)
@pytest.mark.parametrize("start", [".", "docs", "b64-cut/s3-staging"])
def test_by_name(root: Path, start: str, name: str, found: str) -> None:
    assert find_project(SETTINGS, root / start, name).name == found


def test_a_whole_name_beats_longer_ones(root: Path) -> None:
    (root / "b63" / "s3-staging").mkdir(parents=True)
    assert find_project(SETTINGS, root, "b63").name == "b63"
    assert find_project(SETTINGS, root, "b63-").name == "b63-flivideo"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("b6", "'b6' could be several projects: b63-flivideo, b64-cut", "type more"),
        ("", "is not a project's name", "name one of the projects: b63-flivideo, b64-cut"),
        ("..", "is not a project's name", "name one of the projects"),
        ("a/b", "is not a project's name", "name one of the projects"),
        ("a\nb", "is not a project's name", "name one of the projects"),
        (".s3sync", "is not a project's name", "name one of the projects"),
        ("b65-flivideo", "there is no project 'b65-flivideo'", "did you mean b63-flivideo?"),
        ("B64", "there is no project 'B64'", "did you mean b64-cut?"),
        ("flivideo", "there is no project 'flivideo'", "did you mean b63-flivideo?"),
        ("zzz", "there is no project 'zzz'", "name one of the projects: b63-flivideo, b64-cut"),
        ("docs", "'docs' is not a project yet: it has no s3-staging folder", "create"),
    ],
)
def test_names_that_will_not_do(root: Path, name: str, message: str, hint: str) -> None:
    with pytest.raises(ProjectError) as caught:
        find_project(SETTINGS, root, name)
    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_plain_folders_count_only_to_create(root: Path) -> None:
    assert find_project(SETTINGS, root, "docs", create=True).staging == root / "docs" / "s3-staging"
    assert find_project(SETTINGS, root / "docs" / "deep", None, create=True).name == "docs"
    for name in ("doc", "missing"):
        with pytest.raises(ProjectError):
            find_project(SETTINGS, root, name, create=True)
    with pytest.raises(ProjectError, match="is not in a project"):
        find_project(SETTINGS, root, None, create=True)


def test_remote_names(root: Path) -> None:
    remote = ["b70-far", "b70-near", "docs"]
    far = find_project(SETTINGS, root, "b70-f", remote=remote)
    assert (far.name, far.staging) == ("b70-far", root / "b70-far" / "s3-staging")
    assert find_project(SETTINGS, root, "docs", remote=remote).name == "docs"
    assert find_project(SETTINGS, root / "docs", None, remote=remote).name == "docs"
    with pytest.raises(ProjectError, match="b70-far, b70-near"):
        find_project(SETTINGS, root, "b7", remote=remote)
    for name in ("../evil", "..", "a"):
        with pytest.raises(ProjectError):
            find_project(SETTINGS, root, name, remote=remote)


def test_a_remote_name_whose_place_is_taken(root: Path) -> None:
    (root / "b70").write_text("")
    with pytest.raises(ProjectError, match=r"b70 cannot be the project folder: it is a file"):
        find_project(SETTINGS, root, "b70", remote=["b70"])


def test_not_in_a_project(root: Path) -> None:
    for start in (root, root / "docs" / "deep"):
        with pytest.raises(ProjectError, match="is not in a project") as caught:
            find_project(SETTINGS, start, None)
        assert caught.value.hint == "name one of the projects: b63-flivideo, b64-cut"


def test_not_in_a_repository(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="is not in a git repository") as caught:
        find_project(SETTINGS, tmp_path, "b63")
    assert "s3sync init" in (caught.value.hint or "")


def test_f46_the_first_git_ends_the_search(root: Path) -> None:
    (root / "docs" / ".git").mkdir()
    (root / ".s3sync.yaml").write_text("")
    assert repo_root(root / "docs" / "deep") == root / "docs"
    assert repo_root(root / "b64-cut") == root


@pytest.mark.parametrize("marker", [".git", ".s3sync.yaml"])
@pytest.mark.parametrize("staging", ["s3-staging", "media/raw"])
def test_f46_a_staging_folder_holds_no_repository(root: Path, marker: str, staging: str) -> None:
    below = root / "b64-cut" / staging / "cut"
    (root / "b64-cut" / staging / ".s3sync").mkdir(parents=True)
    for folder in (below, below.parent):
        (folder / marker).mkdir(parents=True)
        assert repo_root(below / "deep") == root


def test_f46_a_clone_called_like_a_staging_folder_is_a_repository(tmp_path: Path) -> None:
    (tmp_path / "s3-staging" / ".git").mkdir(parents=True)
    assert repo_root(tmp_path / "s3-staging") == tmp_path / "s3-staging"


def test_the_repository_as_a_project(root: Path) -> None:
    (root / "s3-staging" / "deep").mkdir(parents=True)
    for start in (".", "docs", "s3-staging", "s3-staging/deep"):
        project = find_project(SETTINGS, root / start, None)
        assert (project.name, project.root) == ("v-appydave", root)
    assert find_project(SETTINGS, root, "v-app").root == root
    assert find_project(SETTINGS, root / "b64-cut", None).name == "b64-cut"
    assert [project.name for project in list_projects(SETTINGS, root)] == ["b63-flivideo", "b64-cut", "v-appydave"]


def test_staging_folders_inside_of_staging_are_files(root: Path) -> None:
    (root / "s3-staging" / "x" / "s3-staging").mkdir(parents=True)
    (root / "s3-staging" / "s3-staging").mkdir()
    (root / "b64-cut" / "s3-staging" / "s3-staging").mkdir()
    assert find_project(SETTINGS, root / "s3-staging" / "x", None).root == root
    assert find_project(SETTINGS, root / "s3-staging" / "s3-staging", None).root == root
    assert find_project(SETTINGS, root / "b64-cut" / "s3-staging" / "s3-staging", None).name == "b64-cut"


def test_a_project_too_deep(root: Path) -> None:
    (root / "docs" / "deep" / "s3-staging").mkdir()
    with pytest.raises(ProjectError, match="a project is a folder directly in"):
        find_project(SETTINGS, root / "docs" / "deep", None)


def test_two_folders_of_one_name(root: Path) -> None:
    (root / "s3-staging").mkdir()
    (root / "v-appydave" / "s3-staging").mkdir(parents=True)
    for call in _ways(root):
        with pytest.raises(ProjectError, match="two projects have the name 'v-appydave'"):
            call()


def test_names_are_nfc(root: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "é-film")
    (root / decomposed / "s3-staging").mkdir(parents=True)
    for name in ("é-film", decomposed, "é"):
        project = find_project(SETTINGS, root, name)
        assert (project.name, project.prefix) == ("é-film", "videos/é-film/")
        assert project.staging.is_dir()


def test_nested_staging(root: Path) -> None:
    settings = Settings(store="s3://bucket", repo="videos", staging="media/heavy")
    (root / "docs" / "media" / "heavy").mkdir(parents=True)
    assert find_project(settings, root / "docs" / "media", None).staging == root / "docs" / "media" / "heavy"


def test_a_file_in_the_staging_folders_place(root: Path) -> None:
    (root / "docs" / "s3-staging").write_text("")
    with pytest.raises(ProjectError, match="cannot be the staging folder: it is a file"):
        find_project(SETTINGS, root / "docs", None)
    assert find_project(SETTINGS, root, "b64").name == "b64-cut"


@links
@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("docs/s3-staging", ".."),
        ("docs/s3-staging", "b64-cut/s3-staging"),
        ("docs/s3-staging", "b64-cut"),
        ("docs/s3-staging", "docs"),
        ("docs/s3-staging", "docs/deep"),
        ("docs/s3-staging", ".git/hooks"),
        ("docs/s3-staging", "nowhere"),
        ("out", "../outside"),
        ("hooks", ".git"),
        ("deep", "docs/deep"),
    ],
)
def test_f51_links_in_the_staging_folders_place(root: Path, link: str, target: str) -> None:
    for folder in (root.parent / "outside", root / ".git", root / "docs" / "deep"):
        (folder / ("s3-staging" if not link.startswith("docs") else "hooks")).mkdir(parents=True)
    (root / link).symlink_to(root / target)
    with pytest.raises(ProjectError, match=r"cannot be the (project|staging) folder: it is a link"):
        find_project(SETTINGS, root, link.split("/")[0], create=True)


@links
@pytest.mark.parametrize("linked", ["media", "media/heavy"])
@pytest.mark.parametrize("target", [".git", "docs", "../outside"])
def test_f51_a_link_on_the_way_to_a_nested_staging_folder(root: Path, linked: str, target: str) -> None:
    settings = Settings(store="s3://bucket", repo="videos", staging="media/heavy")
    (root / target / "heavy").mkdir(parents=True)
    link = root / "b64-cut" / linked
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(root / target)
    with pytest.raises(ProjectError, match="cannot be the staging folder: it is a link"):
        find_project(settings, root, "b64-cut", create=True)


def test_f51_a_repository_of_gits_in_the_staging_folders_place(root: Path) -> None:
    for folder in (root / "b64-cut" / "s3-staging", root / "docs"):
        for name in ("objects", "refs"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/main")
    for name in ("b64-cut", "docs"):
        with pytest.raises(ProjectError, match="git keeps a repository in it"):
            find_project(SETTINGS, root, name, create=True)


@pytest.mark.parametrize("name", [".git", ".GIT", ".aws", "\u200d.git", "git~1", "\u3164"])
def test_f51_hidden_folders_are_no_projects(root: Path, name: str) -> None:
    (root / name / "s3-staging").mkdir(parents=True)
    with pytest.raises(ProjectError, match=r"not a project|cannot be a project"):
        find_project(SETTINGS, root, name, create=True)
    with pytest.raises(ProjectError, match=r"is not in a project|cannot be a project"):
        find_project(SETTINGS, root / name, None, create=True)


@links
def test_a_link_to_a_project_is_that_project(root: Path) -> None:
    (root / "latest").symlink_to("b64-cut")
    (root.parent / "elsewhere").symlink_to(root / "b64-cut")
    assert find_project(SETTINGS, root, "latest").prefix == "videos/b64-cut/"
    for link in (root / "latest", root.parent / "elsewhere" / "s3-staging"):
        assert find_project(SETTINGS, named_folder(link), None).name == "b64-cut"
    assert [project.name for project in list_projects(SETTINGS, root)] == ["b63-flivideo", "b64-cut"]


def _ways(root: Path) -> list[Callable[[], object]]:
    return [
        lambda: find_project(SETTINGS, root, None),
        lambda: find_project(SETTINGS, root, "v-appydave"),
        lambda: list_projects(SETTINGS, root),
    ]
