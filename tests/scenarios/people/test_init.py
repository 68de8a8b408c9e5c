"""C2, A4: `init` joins a repository that is set up, writes the names into a new one, and checks what it is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, Person, pair


@pytest.fixture
def team(tmp_path: Path) -> tuple[Person, Person]:
    """David has sent two projects; jan has a clone with the committed settings and no staging folder."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("a.mp4", "a")
    david.ok("up")
    david.ok("init", "b64-cut", cwd=david.repo)
    (david.repo / "b64-cut" / "s3-staging" / "b.wav").write_text("b")
    david.ok("up", "b64-cut", cwd=david.repo)
    shutil.rmtree(jan.project)
    return david, jan


def remote(person: Person, url: str) -> None:
    (person.repo / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {url}\n')


def test_c2_init_joins_where_settings_are(team: tuple[Person, Person]) -> None:
    _, jan = team
    for words in (("init", "--user", "jan"), ("init", "-y"), ("init", "--json")):
        said = jan.ok(*words, cwd=jan.repo)
        assert not (jan.repo / "s3-staging").exists() and "b64-cut" in said.out
    assert f"The team's projects: {PROJECT}, b64-cut" in jan.ok("init", cwd=jan.repo).out
    report = jan.ok("init", "--json", cwd=jan.repo).json
    assert (report["project"], report["projects"]) == (None, [PROJECT, "b64-cut"])
    assert "files are waiting: `s3sync down b64-cut`" in jan.ok("init", "b64-cut", cwd=jan.repo).out
    jan.ok("down", "b64-cut", cwd=jan.repo)
    assert (jan.repo / "b64-cut" / "s3-staging" / "b.wav").read_text() == "b"


def test_c2_the_root_is_a_project_by_init_dot(team: tuple[Person, Person]) -> None:
    _, jan = team
    jan.ok("init", ".", cwd=jan.repo)
    assert (jan.repo / "s3-staging").is_dir()
    assert "project: v-appydave" in (jan.repo / ".s3sync.yaml").read_text()
    jan.ok("init", cwd=jan.repo)
    jan.project.mkdir()
    jan.ok("init", ".", cwd=jan.project)
    assert jan.staging.is_dir()


@pytest.mark.parametrize("words", [[], ["."]], ids=["init", "init ."])
def test_a4_a_new_repository_is_called_as_its_remote(tmp_path: Path, words: list[str]) -> None:
    david = Person("david", tmp_path / "david")
    remote(david, "https://user:TOKEN@host/team/film.git")
    david.ok("init", *words, "--store", f"file://{tmp_path / 'store'}", cwd=david.repo)
    written = (david.repo / ".s3sync.yaml").read_text()
    assert "repo: film\n" in written and "project: film\n" in written and "TOKEN" not in written
    (david.repo / "s3-staging" / "a").write_text("a")
    david.ok("up", cwd=david.repo)
    assert (tmp_path / "store" / "film" / "film" / "a").read_text() == "a"
    renamed = david.repo.rename(david.root / "elsewhere")
    assert david.ok("status", "--exit-code", cwd=renamed).err == ""


def test_a4_a_repository_that_is_used_keeps_its_place(tmp_path: Path) -> None:
    """Settings without `repo:`, files under the folder's name: the remote's name is not taken for it."""
    david = Person("david", tmp_path / "david")
    remote(david, "host:film.git")
    store = tmp_path / "store"
    david.ok("init", PROJECT, "--store", f"file://{store}", "--repo", "v-appydave", cwd=david.repo)
    (david.repo / ".s3sync.yaml").write_text(f"store: file://{store}\n")
    david.write("a", "a")
    david.ok("up")
    david.ok("init", "--user", "david", cwd=david.repo)
    assert "repo: v-appydave" in (david.repo / ".s3sync.yaml").read_text()
    clone = david.repo.rename(david.root / "copy")
    (clone / ".s3sync.yaml").write_text(f"store: file://{store}\n")
    (clone / ".git" / "config").write_text('[remote "origin"]\nurl = host:v-appydave.git\n')
    david.ok("init", "--user", "david", cwd=clone)
    assert "repo: v-appydave" in (clone / ".s3sync.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["init", ".git"], "is not a project's name"),
        (["init", ".aws"], "why: it is a hidden folder"),
        (["init", ".GIT"], "is not a project's name"),
        (["init", "a/b"], "is not a project's name"),
        (["init", "s3-staging"], "staging folders are called that"),
        (["init", "new", "--endpoint", "localhost:9000"], "'endpoint_url' from flag --endpoint is not valid"),
        (["init", "new", "--region", "mars"], "'mars' is not a region of AWS"),
        (["init", "new", "--region", "eu_west_1"], "is not a region of AWS"),
    ],
)
def test_c9_init_checks_what_it_is_told(team: tuple[Person, Person], words: list[str], said: str) -> None:
    _, jan = team
    before = (jan.repo / ".s3sync.yaml").read_text()
    assert said in jan.expect(2, *words, cwd=jan.repo).err
    assert (jan.repo / ".s3sync.yaml").read_text() == before
    assert not (jan.repo / "new").exists() and not (jan.repo / ".git" / "s3-staging").exists()


def test_c9_a_name_that_begins_another(team: tuple[Person, Person]) -> None:
    david, _ = team
    said = david.expect(5, "init", "b6", cwd=david.repo)
    twin = david.expect(5, "init", PROJECT.upper(), cwd=david.repo)
    assert f"{PROJECT} begins with that name" in twin.err and "capitals aside" in twin.err
    assert f"{PROJECT}, b64-cut begins with that name" in said.err and f"s3sync init {PROJECT}" in said.err
    assert not (david.repo / "b6").exists()
    assert "begins with" not in david.ok("init", "c1", cwd=david.repo).err
    david.ok("init", "b6", "--yes", cwd=david.repo)
    assert (david.repo / "b6" / "s3-staging").is_dir()


def test_c9_a_name_that_begins_another_that_is_only_in_the_store(team: tuple[Person, Person]) -> None:
    david, jan = team
    david.ok("init", "c7-wedding", cwd=david.repo)
    (david.repo / "c7-wedding" / "s3-staging" / "a.mov").write_text("a")
    david.ok("up", "c7", cwd=david.repo)
    assert "`s3sync init c7-wedding` joins it" in jan.expect(5, "init", "c7", cwd=jan.repo).err
