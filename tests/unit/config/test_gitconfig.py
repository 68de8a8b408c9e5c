"""Git's settings are read as data: names come out of them, and nothing in them is obeyed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3sync.gitconfig import LIMIT, name_in_url, remote_name, user_name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:team/film.git", "film"),
        ("https://github.com/team/film", "film"),
        ("https://user:TOKEN@host/team/My Film.git/", "My Film"),
        ("ssh://git@host:2222/~jan/é-film.git", "é-film"),
        ("/srv/git/film.git", "film"),
        ("../film", "film"),
        ("C:\\git\\film.git", "film"),
        ("host:film.git", "film"),
        ("https://host/film?token=SECRET", "film"),
        ("https://TOKEN@host", None),
        ("https://TOKEN@host/", None),
        ("https://host/..", None),
        ("https://host/.git", None),
        ("https://host/.aws", None),
        ("https://host/a\u202eb", None),
        ("ext::sh -c 'touch pwned'", None),
        ("", None),
    ],
)
def test_a4_the_name_in_an_address(url: str, name: str | None) -> None:
    assert name_in_url(url) == name


def config(root: Path, text: str) -> Path:
    (root / ".git").mkdir(parents=True, exist_ok=True)
    (root / ".git" / "config").write_text(text)
    return root


def test_a4_the_remotes_name(tmp_path: Path) -> None:
    both = '[remote "fork"]\n\turl = h:jan/fork.git\n[Remote "origin"]\n  URL = "h:team/film.git" ; ours\n'
    assert remote_name(config(tmp_path / "a", both)) == "film"
    assert remote_name(config(tmp_path / "b", '[remote "fork"] url = h:jan/fork.git\n')) == "fork"
    two = '[remote "x"]\nurl = h:x\n[remote "y"]\nurl = h:y\n'
    assert remote_name(config(tmp_path / "c", two)) is None
    assert remote_name(tmp_path) is None


def test_a4_a_worktree_has_the_name_of_its_repository(tmp_path: Path) -> None:
    main = config(tmp_path / "main", '[remote "origin"]\nurl = h:team/film\n')
    for number, gitdir in enumerate((f"{main}/.git/worktrees/w", "../main/.git/worktrees/w")):
        tree = tmp_path / f"w{number}"
        tree.mkdir()
        (tree / ".git").write_text(f"gitdir: {gitdir}\n")
        assert remote_name(tree) == "film"


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_hostile_settings_of_git_are_not_obeyed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text('[remote "origin"]\nurl = h:secret\n')
    root = config(tmp_path / "a", f'[include]\npath = {secret}\n[core]\nfsmonitor = "touch {tmp_path}/pwned"\n')
    assert remote_name(root) is None
    (root / ".git" / "config").unlink()
    (root / ".git" / "config").symlink_to(secret)
    assert remote_name(root) is None
    (root / ".git" / "config").unlink()
    os.mkfifo(root / ".git" / "config")
    assert remote_name(root) is None
    linked = tmp_path / "b"
    linked.mkdir()
    (linked / ".git").symlink_to(config(tmp_path / "c", '[remote "origin"]\nurl = h:c\n') / ".git")
    assert remote_name(linked) is None
    huge = config(tmp_path / "d", "#" * LIMIT + '\n[remote "origin"]\nurl = h:d\n')
    assert remote_name(huge) is None
    assert not (tmp_path / "pwned").exists()


def test_c9_the_users_name(tmp_path: Path) -> None:
    assert user_name({"HOME": str(tmp_path)}) is None
    (tmp_path / ".config" / "git").mkdir(parents=True)
    (tmp_path / ".config" / "git" / "config").write_text("[user]\nname = Old\n")
    assert user_name({"HOME": str(tmp_path)}) == "Old"
    (tmp_path / ".gitconfig").write_text('[user]\n\tname = "Zoë Smith" # me\n\temail = z@x\n')
    assert user_name({"HOME": str(tmp_path)}) == "Zoë Smith"
    assert user_name({"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull}) is None


@pytest.mark.parametrize("variable", ["GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME", "HOME"])
def test_the_users_name_comes_from_no_clone(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git takes such a path from the current folder, which may be a stranger's."""
    for name in ("theirs", "theirs/git/config", "theirs/.gitconfig"):
        clone = tmp_path / name.replace("/", "-")
        (clone / name).parent.mkdir(parents=True)
        (clone / name).write_text("[user]\nname = Mallory\n")
        monkeypatch.chdir(clone)
        assert user_name({"HOME": str(tmp_path / "home"), variable: "theirs"}) is None
