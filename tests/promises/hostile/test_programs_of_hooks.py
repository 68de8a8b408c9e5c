"""Hooks run in the clone, whose program an entry of PATH that is no whole path would find."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from s3sync.team.githooks import script, settings
from s3sync.team.githooks.script import HOOKS
from tests.kit.people import PROJECT, Person
from tests.scenarios.team.test_git_hooks import clones, commit, git

__all__ = ["clones"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are those of a POSIX shell")


def program(path: Path, ran: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "$0" >> {shlex.quote(str(ran))}\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("entry", ["", ".", "tools", "node_modules/.bin"])
@pytest.mark.parametrize("gone", [True, False], ids=["gone", "never known"])
def test_no_program_of_the_clone_is_run_where_ours_is_gone(
    clones: tuple[Person, Person], tmp_path: Path, entry: str, gone: bool
) -> None:
    david, _ = clones
    ran = tmp_path / "ran"
    named = str(program(tmp_path / "opt/s3sync", ran)) if gone else "s3sync"
    if gone:
        Path(named).unlink()
    program(david.repo / entry / "s3sync", ran)
    program(david.repo / "s3sync", ran)
    david.environ = {**david.environ, "PATH": f"/usr/bin:/bin:{entry}"}
    called = [(["sh", "-c", script.script(hook, named)], hook) for hook in HOOKS]
    called += [(["sh", "-c", settings.command(hook, named)], hook) for hook in HOOKS]
    called += [(["sh", "-c", script.call(hook)], hook) for hook in HOOKS]
    for words, hook in called:
        done = subprocess.run(words, cwd=david.repo, env=david.env(), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "") and not ran.exists(), (hook, words)
    there = program(tmp_path / "there/s3sync", ran)
    david.environ = {**david.environ, "PATH": f"/usr/bin:/bin:{there.parent}"}
    for words, hook in called:
        subprocess.run(words, cwd=david.repo, env=david.env(), check=True)
        assert ran.read_text() == f"{there}\n", hook
        ran.unlink()


def test_hooks_of_older_versions_are_ours_and_made_anew(clones: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = clones
    david.ok("hooks", "install")
    hooks = david.repo / ".git/hooks"
    for hook in HOOKS:
        (hooks / hook).write_text(script.script(hook, str(tmp_path / "gone"), script.FINDS[1]))
    told = david.ok("hooks", "status", "--json").json["hooks"]
    assert [one["state"] for one in told] == ["installed"] * len(HOOKS)
    david.ok("hooks", "install")
    program(david.repo / "s3sync", tmp_path / "ran")
    david.environ = {**david.environ, "PATH": f"{os.environ['PATH']}:."}
    commit(david, "second")
    git(david, "checkout", "-q", "-b", "other")
    assert not (tmp_path / "ran").exists()
    for hook in HOOKS:
        (hooks / hook).write_text(script.script(hook, str(tmp_path / "gone"), script.FINDS[1]))
    david.ok("hooks", "uninstall")
    assert not any((hooks / hook).exists() for hook in HOOKS)


INSTALLS = [
    ("hooks", "install"),
    ("watch", "install", PROJECT),
    ("archive", "auto", "install", "--with", "cron", "--dry-run"),
]


@pytest.mark.parametrize("words", INSTALLS, ids=["hooks", "watch", "auto"])
@pytest.mark.parametrize("where", ["clone", "link", "elsewhere"])
def test_a_program_that_a_commit_can_replace_is_told(
    clones: tuple[Person, Person], tmp_path: Path, words: tuple[str, ...], where: str
) -> None:
    """git writes over what it ignores without a word, as an environment in a clone: a pull would run what is there."""
    david, jan = clones
    own = tmp_path / "own/s3sync" if where == "elsewhere" else david.repo / ".venv/bin/s3sync"
    program(own, tmp_path / "none").write_text(f"#!{sys.executable}\nfrom s3sync.cli.main import main\nmain()\n")
    called = tmp_path / "bin/s3sync"
    called.parent.mkdir()
    called.symlink_to(own)
    david.program = (str(called if where == "link" else own),)
    david.fresh = True
    (david.repo / ".git/info/exclude").write_text(".venv/\n")
    own_sets = {"archives": {"a": {"store": f"file://{tmp_path / 'archive'}", "source": str(tmp_path / "none")}}}
    settings = david.root / "home/.config/s3sync/config.yaml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps(own_sets))
    told = david.ok(*words).err
    assert ("lies in the repository" in told) == (where != "elsewhere"), told
    if words[0] != "hooks" or where == "elsewhere":
        return
    other = program(jan.repo / ".venv/bin/s3sync", tmp_path / "ran")
    git(jan, "add", "-f", str(other))
    git(jan, "commit", "-q", "-m", "a program")
    git(david, "fetch", "-q", str(jan.repo), "HEAD")
    git(david, "merge", "-q", "--allow-unrelated-histories", "FETCH_HEAD")
    assert (tmp_path / "ran").exists()  # which is why it is told
