"""Hooks in git's own settings of a clone. Where the git here is too old for them, a newer one is played to s3sync, and
the commands are run as that would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from s3sync.team.githooks.script import HOOKS, before
from s3sync.team.githooks.settings import SINCE
from tests.kit.people import PROJECT, Person
from tests.scenarios.team.test_git_hooks import clones, commit, environment, git, own_hook, states, upload

__all__ = ["clones"]
_SAID = re.search(r"(\d+)\.(\d+)", subprocess.run(["git", "version"], capture_output=True, text=True).stdout)
HAS_THEM = _SAID is not None and (int(_SAID[1]), int(_SAID[2])) >= SINCE


def git_of(person: Person, version: str) -> None:
    """From now on git says that it is of another version."""
    folder = person.root / f"git {version}"
    folder.mkdir()
    program = folder / "git"
    program.write_text(
        f'#!/bin/sh\nfor last; do :; done\n[ "$last" = version ] && {{ echo "git version {version}"; exit; }}\n'
        f'exec "{shutil.which("git")}" "$@"\n'
    )
    program.chmod(0o755)
    person.environ = {**person.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def newer(clones: tuple[Person, Person]) -> tuple[Person, Person]:
    for person in clones:
        if not HAS_THEM:
            git_of(person, "2.54.0.windows.1")
    return clones


def ours(person: Person) -> dict[str, str]:
    """Events of our sections, with their commands."""
    words = ("git", "config", "--local", "--get-regexp", r"^hook\..*\.(command|event)$")
    found = subprocess.run(
        words, cwd=person.repo, env=environment(person), capture_output=True, text=True, check=False
    ).stdout
    said = dict(line.split(" ", 1) for line in found.splitlines())
    return {said[key]: said[key.replace(".event", ".command")] for key in said if key.endswith(".event")}


def called(person: Person, hook: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Call a hook as git does: its command is a line for the shell, and the arguments come after it."""
    command = ours(person)[hook]
    return subprocess.run(
        ["sh", "-c", f'{command} "$@"', command, *arguments],
        cwd=person.repo, env=environment(person), input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_they_do_what_those_in_the_folder_do_and_no_hook_is_touched(newer: tuple[Person, Person]) -> None:
    david, jan = newer
    texts = {name: own_hook(david, name, f'echo "mine: {name}"').read_bytes() for name in HOOKS}
    david.ok("hooks", "install", "--settings", "--dry-run")
    assert ours(david) == {}
    told = david.ok("hooks", "install", "--settings")
    assert told.out.count("in git's settings") == 4
    assert set(ours(david)) == set(HOOKS) and set(states(david).values()) == {"installed"}
    assert not any(hook["changed"] for hook in david.ok("hooks", "install", "--json").json["hooks"])
    assert {name: (david.repo / ".git/hooks" / name).read_bytes() for name in HOOKS} == texts
    upload(david, "sent.mp4", "sent")
    jan.ok("down", PROJECT)
    david.write("draft.mp4", "12345")
    pushed = called(david, "pre-push", "origin", "url", text="refs/heads/main\n" * 5000)
    assert pushed.returncode == 0 and "1 file (5 B) only on this computer" in pushed.stderr
    git(david, "add", "-f", f"{PROJECT}/s3-staging/draft.mp4")
    refused = called(david, "pre-commit")
    assert refused.returncode == 5 and "of a staging folder" in refused.stderr
    git(david, "rm", "-q", "--cached", f"{PROJECT}/s3-staging/draft.mp4")
    assert called(david, "pre-commit").returncode == 0
    jan.ok("hooks", "install", "--settings")
    upload(david, "more.mp4", "more")
    assert called(jan, "post-checkout", "a", "b", "0").returncode == 0
    assert called(jan, "post-merge", "0").returncode == 0
    david.ok("hooks", "uninstall")
    assert ours(david) == {} and {name: (david.repo / ".git/hooks" / name).read_bytes() for name in HOOKS} == texts


def test_where_s3sync_is_gone_nothing_is_done(newer: tuple[Person, Person]) -> None:
    david, _ = newer
    david.ok("hooks", "install", "--settings")
    for hook in HOOKS:
        command = ours(david)[hook]
        program = command.rpartition(" ")[2]
        git(david, "config", "--local", f"hook.s3sync-{hook}.command", command.replace(program, "/nowhere/s3sync"))
    david.environ = {**david.environ, "PATH": "/usr/bin:/bin"}
    for hook in HOOKS:
        assert (called(david, hook).returncode, called(david, hook).stderr) == (0, "")


@pytest.mark.parametrize("scope", ["global", "local"])
def test_where_the_folder_is_for_all_repositories_they_go_there(newer: tuple[Person, Person], scope: str) -> None:
    david, _ = newer
    everywhere = david.root / "home" / "all hooks"
    everywhere.mkdir()
    git(david, "config", f"--{scope}", "core.hooksPath", str(everywhere))
    assert david.ok("hooks", "install").out.count("in git's settings") == 4
    assert not list(everywhere.iterdir()) and set(states(david).values()) == {"installed"}
    assert called(david, "pre-commit").returncode == 0
    david.ok("hooks", "uninstall")
    assert ours(david) == {}


def test_those_in_the_folder_give_way_and_come_back(newer: tuple[Person, Person]) -> None:
    """Both would be called, and say everything twice."""
    david, _ = newer
    mine = own_hook(david, "pre-push", "echo mine")
    david.ok("hooks", "install")
    assert mine.with_name(before("pre-push")).exists()
    david.ok("hooks", "install", "--settings")
    assert mine.read_text() == "#!/bin/sh\necho mine\n" and not mine.with_name(before("pre-push")).exists()
    assert not mine.with_name("post-merge").exists() and set(ours(david)) == set(HOOKS)


def test_one_that_somebody_changed_is_left_alone(newer: tuple[Person, Person]) -> None:
    david, _ = newer
    david.ok("hooks", "install", "--settings")
    git(david, "config", "--local", "hook.s3sync-pre-push.command", "echo another's")
    git(david, "config", "--local", "--add", "hook.s3sync-pre-commit.event", "commit-msg")
    for word in ("install", "uninstall"):
        said = david.expect(1, "hooks", word).err
        assert "hook.s3sync-pre-push in git's settings was s3sync's" in said and "hook.s3sync-pre-commit" in said
    assert ours(david)["pre-push"] == "echo another's"


def test_settings_that_are_a_link_are_not_written_into(newer: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = newer
    config = david.repo / ".git" / "config"
    config.rename(david.root / "kept")
    elsewhere = jan.repo / ".git" / "config"
    text = elsewhere.read_bytes()
    config.symlink_to(elsewhere)
    assert "it is a link out of git's folder" in david.expect(2, "hooks", "install", "--settings").err
    assert elsewhere.read_bytes() == text
    config.unlink()
    (config.parent / "kept").write_bytes(text)
    config.symlink_to("kept")
    assert "no plain file" in david.expect(2, "hooks", "install", "--settings").err
    assert (config.parent / "kept").read_bytes() == text


def test_a_git_that_is_too_old_is_said(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    git_of(david, "2.53.9")
    said = david.expect(2, "hooks", "install", "--settings").err
    assert "needs git 2.54" in said and "git version 2.53.9" in said and ours(david) == {}
    git_of(david, "3.0.0")
    david.ok("hooks", "install", "--settings")
    david.environ = {**david.environ, "PATH": f"{david.root / 'git 2.53.9'}{os.pathsep}{os.environ['PATH']}"}
    assert "the git here runs no hooks of its settings" in david.expect(1, "hooks").err
    david.ok("hooks", "install")
    assert ours(david) == {} and (david.repo / ".git/hooks/pre-push").exists()


@pytest.mark.skipif(not HAS_THEM, reason="git has had hooks in its settings since 2.54")
def test_git_itself_calls_them(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    own_hook(david, "pre-commit", "echo mine")
    david.ok("hooks", "install", "--settings")
    assert "mine" in git(david, "commit", "--allow-empty", "-m", "x")
    david.write("draft.mp4", "12345")
    git(david, "add", "-f", f"{PROJECT}/s3-staging/draft.mp4")
    assert "of a staging folder" in git(david, "commit", "-m", "no", code=1)
    git(david, "rm", "-q", "--cached", f"{PROJECT}/s3-staging/draft.mp4")
    commit(david, "yes", notes="x")
    assert "only on this computer" in git(david, "push", "origin", "HEAD:main")
