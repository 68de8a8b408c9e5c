"""A clone that calls itself as another repository does not reach that one's files in a store that the user names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.cli.terminal import on_terminal
from tests.scenarios.names import real_disks

SOMEBODY = 4321
as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
QUESTION = "May it use that name? [y/N]"
NAME = "v-private"


@pytest.fixture
def mine(david: Person, tmp_path: Path) -> Person:
    """David, who says in his environment where his files go, and has some there; nothing agrees for him."""
    (tmp_path / "nas").mkdir()
    david.environ = {**david.environ, "S3SYNC_TRUST": "", "S3SYNC_STORE": f"file://{tmp_path / 'nas'}"}
    (david.repo / ".git").mkdir(parents=True, exist_ok=True)
    (david.repo / ".s3sync.yaml").write_text(f"repo: {NAME}\n")
    david.write("salaries.csv", "secret")
    david.ok("init", david.project.name, "-y", cwd=david.repo)
    david.ok("up")
    return david


def clone(person: Person, name: str = "cats", settings: str = f"repo: {NAME}\n", origin: str = "") -> Path:
    """A clone of a stranger's repository; its project's folder."""
    root = person.root / "downloads" / name
    (root / person.project.name / "s3-staging").mkdir(parents=True)
    (root / ".git").mkdir()
    if origin:
        (root / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {origin}\n')
    (root / person.project.name / "s3-staging" / "run-me.sh").write_text("evil")
    (root / ".s3sync.yaml").write_text(settings)
    return root / person.project.name


WAYS = ["the environment", "a flag"]


def name_store(person: Person, way: str) -> tuple[str, ...]:
    """Name the store in that way; the words for it on the command line."""
    store = person.environ["S3SYNC_STORE"]
    if way == "the environment":
        return ()
    person.environ = {key: value for key, value in person.environ.items() if key != "S3SYNC_STORE"}
    return ("--store", store)


@pytest.mark.parametrize("way", WAYS)
def test_f47_a_name_of_a_file_is_no_key_to_a_store_of_the_users_own(mine: Person, way: str) -> None:
    there, words = clone(mine), name_store(mine, way)
    for verb in ("down", "sync", "projects"):
        said = mine.expect(5, verb, *words, cwd=there).err
        assert f"under the name {NAME}" in said and "`s3sync trust`" in said and "S3SYNC_REPO" in said
    assert [path.name for path in (there / "s3-staging").iterdir()] == ["run-me.sh"]
    mine.ok("trust", "--yes", cwd=there)
    mine.ok("down", *words, cwd=there)
    assert (there / "s3-staging" / "salaries.csv").read_text() == "secret"


def test_f47_the_name_is_asked_about_once_listed_and_forgotten(mine: Person) -> None:
    there = clone(mine)
    shown = on_terminal(mine, "status", answers=[(QUESTION, "n")], cwd=there)
    assert shown.code == 5 and f"name:       {NAME}" in shown.out and "the files of the two mix" in shown.out
    shown = on_terminal(mine, "status", answers=[(QUESTION, "y")], cwd=there)
    assert shown.code == 0 and "salaries.csv" in shown.out
    mine.ok("status", "--store", f"{mine.environ['S3SYNC_STORE']}", cwd=there)
    listed = mine.ok("trust", "--list", "--json").json["places"]
    assert [(one["store"], one["name"]) for one in listed if one["repository"] == str(there.parent)] == [("", NAME)]
    assert f"any store that you name yourself as {NAME}" in mine.ok("trust", "--list").out
    (there.parent / ".s3sync.yaml").write_text("repo: payroll\n")
    shown = on_terminal(mine, "status", answers=[(QUESTION, "n")], cwd=there)
    assert f"changed:    the name was {NAME}" in shown.out
    (there.parent / ".s3sync.yaml").write_text(f"repo: {NAME}\n")
    mine.ok("trust", "--forget", cwd=there)
    mine.expect(5, "status", cwd=there)
    mine.ok("status", cwd=there, env={"S3SYNC_TRUST": "1"})
    mine.ok("status", cwd=there, env={"S3SYNC_REPO": NAME})


def test_f47_a_name_that_was_taken_here_without_a_question_is_no_answer(mine: Person) -> None:
    """In the default store the first one has a name; that says nothing of the stores that the user names."""
    there = clone(mine)
    mine.ok("status", cwd=there, env={"S3SYNC_STORE": None})
    mine.expect(5, "down", cwd=there)


@pytest.mark.parametrize(
    ("folder", "origin"),
    [("v-private", ""), ("private-2", "git@h.example:team/v-private.git")],
    ids=["folder", "remote"],
)
def test_a_clones_own_name_needs_no_question(mine: Person, folder: str, origin: str) -> None:
    mine.ok("status", cwd=clone(mine, folder, origin=origin))


def inner(person: Person, kind: str) -> Path:
    """A repository called as the private one, somewhere in a stranger's clone; a folder of a project in it."""
    outer = clone(person, settings="", origin="git@h.example:stranger/cats.git").parent
    root = outer / "third-party" / NAME
    (root / person.project.name / "s3-staging").mkdir(parents=True)
    if kind == "a submodule":
        (root / ".git").write_text(f"gitdir: ../../.git/modules/{NAME}\n")
        (outer / ".git" / "modules" / NAME).mkdir(parents=True)
        config = f'[remote "origin"]\n\turl = git@h.example:stranger/{NAME}.git\n'
        (outer / ".git" / "modules" / NAME / "config").write_text(config)
    elif kind == "a worktree":
        (root / ".git").write_text(f"gitdir: ../../.git/worktrees/{NAME}\n")
        (outer / ".git" / "worktrees" / NAME).mkdir(parents=True)
        (outer / ".git" / "worktrees" / NAME / "commondir").write_text("../..\n")
    elif kind == "a clone":
        (root / ".git").mkdir()
    else:
        (root / ".s3sync.yaml").write_text("" if kind == "a folder with settings" else f"repo: {NAME}\n")
    return root / person.project.name


@pytest.mark.parametrize("kind", ["a folder with settings", "a folder with the name", "a submodule"])
def test_f47_a_folder_that_came_with_a_clone_is_no_name_of_the_users(mine: Person, kind: str) -> None:
    there = inner(mine, kind)
    for verb in ("sync", "up"):
        assert f"under the name {NAME}" in mine.expect(5, verb, cwd=there).err
    assert not any((there / "s3-staging").iterdir())
    shown = on_terminal(mine, "status", answers=[(QUESTION, "y")], cwd=there)
    assert shown.code == 0 and "came with the one around it" in shown.out and "salaries.csv" in shown.out
    mine.ok("status", cwd=there)


@pytest.mark.parametrize("kind", ["a worktree", "a clone"])
def test_one_that_the_user_made_in_another_repository_is_his(mine: Person, kind: str) -> None:
    mine.ok("status", cwd=inner(mine, kind))


def test_f47_the_name_of_such_a_folder_stands_in_the_question_about_its_store(mine: Person) -> None:
    there = inner(mine, "a folder with settings")
    (there.parent / ".s3sync.yaml").write_text("store: s3://our-bucket\n")
    mine.environ = {key: value for key, value in mine.environ.items() if key != "S3SYNC_STORE"}
    assert f"under the name {NAME}" in mine.expect(5, "down", cwd=there).err


def test_a_store_and_a_name_that_are_both_new_are_one_question(mine: Person) -> None:
    store = mine.environ["S3SYNC_STORE"]
    mine.environ = {key: value for key, value in mine.environ.items() if key != "S3SYNC_STORE"}
    there = clone(mine, settings=f"store: {store}\nrepo: {NAME}\n")
    shown = on_terminal(mine, "status", answers=[("Do you trust this place? [y/N]", "y")], cwd=there)
    assert shown.code == 0 and QUESTION not in shown.out and f"name there: {NAME}" in shown.out
    mine.ok("status", "--store", store, cwd=there)


def test_two_places_that_are_named_have_nothing_of_the_name(mine: Person) -> None:
    there = clone(mine)
    mine.ok("sync", mine.environ["S3SYNC_STORE"], "./copy", "--dry-run", cwd=there)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("settings", ["", f"repo: {NAME}\n"])
def test_f47_the_name_of_a_folder_that_others_may_rename_is_no_key_either(mine: Person, settings: str) -> None:
    there = clone(mine, "film", settings.replace(NAME, "film"), "https://h/team/film.git")
    shared = there.parent.parent
    shared.chmod(0o777)
    mine.ok("status", cwd=there)
    (shared / "film").rename(shared / NAME)
    (shared / "film").symlink_to(NAME)
    (shared / NAME / ".s3sync.yaml").write_text(settings)
    for verb in ("down", "up", "sync"):
        said = mine.expect(5, verb, cwd=there).err
        assert f"under the name {NAME}" in said and "may rename" in said
    shown = on_terminal(mine, "status", answers=[(QUESTION, "n")], cwd=there)
    assert shown.code == 5 and "Other users may rename the folder" in shown.out
    assert [path.name for path in (there / "s3-staging").iterdir() if path.is_file()] == ["run-me.sh"]
    shared.chmod(0o1777)
    mine.ok("status", cwd=there)


def given_away(root: Path, *names: str) -> None:
    """Have these of a clone's folders and files belong to another user, and let everybody write into its folders."""
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        folder.chmod(0o777)
    for name in names:
        os.chown(root / name, SOMEBODY, SOMEBODY, follow_symlinks=False)


@as_root
def test_f47_nor_is_that_of_a_folder_of_another_user_where_each_renames_their_own(mine: Person) -> None:
    """The sticky bit keeps others from renaming it, and not whoever made it."""
    there = clone(mine, "film", "")
    shared = there.parent.parent
    given_away(shared / "film", ".")
    shared.chmod(0o755)  # no share: nobody but the user renames what is in it
    mine.ok("status", cwd=there)
    shared.chmod(0o1777)
    (shared / "film").rename(shared / NAME)
    for verb in ("down", "up", "sync"):
        said = mine.expect(5, verb, cwd=shared / NAME / mine.project.name).err
        assert f"under the name {NAME}" in said and "may rename" in said


@as_root
@pytest.mark.parametrize("foreign", [(".git",), (".git/config",), (".", ".git", ".git/config")])
def test_f47_a_git_folder_that_another_user_made_gives_no_name_either(mine: Person, foreign: tuple[str, ...]) -> None:
    there = clone(mine, NAME, "", f"https://h/team/{NAME}.git")
    there.parent.parent.chmod(0o777)
    mine.ok("status", cwd=there)
    given_away(there.parent, *foreign)
    for verb in ("down", "up", "sync"):
        assert f"under the name {NAME}" in mine.expect(5, verb, cwd=there).err


@as_root
def test_f47_nor_does_a_file_of_his_that_names_the_git_folder_of_the_users_own_clone(mine: Person) -> None:
    there = clone(mine, NAME, "")
    own = mine.repo / ".git"
    (own / "config").write_text(f'[remote "origin"]\n\turl = https://h/team/{NAME}.git\n')
    (there.parent / ".git").rmdir()
    (there.parent / ".git").write_text(f"gitdir: {own}\n")
    there.parent.parent.chmod(0o777)
    given_away(there.parent, ".git")
    assert f"under the name {NAME}" in mine.expect(5, "down", cwd=there).err


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("options", ["umask=0", "umask=0,uid=4711,gid=4711"])
def test_f47_nothing_is_asked_on_a_disk_without_owners_and_modes(
    mine: Person, tmp_path: Path, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each folder there is everybody's, as it says."""
    monkeypatch.setitem(real_disks._MOUNT, "exfat", ["mount.exfat-fuse", "-o", options])
    with real_disks.mounted("exfat", tmp_path) as disk:
        there = disk / "film" / mine.project.name
        (there / "s3-staging").mkdir(parents=True)
        (disk / "film" / ".git").mkdir()
        assert disk.stat().st_mode & 0o022
        mine.ok("status", cwd=there)
        assert sorted(os.listdir(disk / "film")) == sorted([".git", mine.project.name])
