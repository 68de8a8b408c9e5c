"""Hooks of git that a teammate sends: where git takes its hooks from a staging folder, it would run them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, Person
from tests.scenarios.team.test_git_hooks import clones, commit, git, own_hook

__all__ = ["clones"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="git runs hooks there whatever their mode")


@pytest.mark.parametrize("where", [f"{PROJECT}/s3-staging", f"{PROJECT}/s3-staging/tools", "s3-staging/x", "linked"])
def test_no_hook_is_put_where_it_would_travel(where: str, clones: tuple[Person, Person]) -> None:
    david, _ = clones
    folder = david.repo / (f"{PROJECT}/s3-staging" if where == "linked" else where)
    folder.mkdir(parents=True, exist_ok=True)
    before = sorted(folder.iterdir())
    if where == "linked":
        (david.repo / ".git/hooks").rename(david.repo / ".git/kept")
        (david.repo / ".git/hooks").symlink_to(folder)
    else:
        git(david, "config", "core.hooksPath", str(folder) if where == "s3-staging/x" else where)
    for word in ("install", "status"):
        done = david.expect(1, "hooks", word)
        assert "runs what a teammate puts there" in done.err and "core.hooksPath" in done.err
    told = david.expect(1, "hooks", "install", "--json").json
    assert told["in_staging"] == str(folder.resolve()) and told["snippets"] == {} and told["hooks"] == []
    assert sorted(folder.iterdir()) == before
    if where != "s3-staging/x":  # the doctor looks at one project
        checks = {one["name"]: one for one in david.run("doctor", PROJECT, "--json").json["checks"]}
        assert checks["staging"]["level"] == "warn" and "git takes its hooks" in checks["staging"]["found"]


def test_what_arrives_there_is_not_run(clones: tuple[Person, Person]) -> None:
    """Also where an executable one stood there before, such as ours of an older version."""
    david, jan = clones
    git(david, "config", "core.hooksPath", f"{PROJECT}/s3-staging")
    folder = f"{PROJECT}/s3-staging"
    for name in ("post-merge", "pre-commit"):
        own_hook(jan, name, f"echo one >> '{david.root}/ran'", folder)
    jan.ok("up", PROJECT)
    david.ok("down", PROJECT)
    mine = david.staging / "post-merge"
    mine.chmod(0o755)
    david.ok("up", PROJECT)
    jan.ok("down", PROJECT)
    own_hook(jan, "post-merge", f"echo two >> '{david.root}/ran'", folder)
    jan.ok("up", PROJECT)
    said = david.ok("down", PROJECT)
    assert "look at post-merge" in said.err and "core.hooksPath" in said.err
    assert "two" in mine.read_text() and not mine.stat().st_mode & 0o111
    commit(jan, "theirs", notes="x")
    git(jan, "push", "-q", "origin", "HEAD:main")
    git(david, "pull", "-q", "origin", "main")
    commit(david, "ours", more="x")
    assert not (david.root / "ran").exists()


@pytest.mark.parametrize("kept", ["post-commit.legacy", "post-checkout.before-s3sync"])
def test_what_another_hook_calls_is_not_run(kept: str, clones: tuple[Person, Person]) -> None:
    """Ours of an older version may stand there, and calls the one that was there before it, if that can be run."""
    david, jan = clones
    git(david, "config", "core.hooksPath", f"{PROJECT}/s3-staging")
    mine = david.staging / kept.partition(".")[0]
    mine.write_text(f'#!/bin/sh\n[ ! -x "$0.{kept.partition(".")[2]}" ] || "$0.{kept.partition(".")[2]}"\n')
    mine.chmod(0o755)
    own_hook(jan, kept, f"echo one >> '{david.root}/ran'", f"{PROJECT}/s3-staging")
    jan.ok("up", PROJECT)
    said = david.ok("down", PROJECT)
    assert f"look at {kept}" in said.err
    commit(david, "ours", more="x")
    git(david, "checkout", "-q", "-b", "other")
    assert not (david.root / "ran").exists()


def test_ours_in_a_staging_folder_are_taken_out(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    david.ok("hooks", "install")
    hooks = david.repo / ".git/hooks"
    text = (hooks / "post-merge").read_bytes()
    (david.staging / "post-merge").write_bytes(text)
    git(david, "config", "core.hooksPath", f"{PROJECT}/s3-staging")
    david.ok("hooks", "uninstall")
    assert not (david.staging / "post-merge").exists()
    assert (hooks / "post-merge").read_bytes() == text


def test_a_folder_of_another_name_is_used_as_before(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    git(david, "config", "core.hooksPath", f"{PROJECT}/s3-staging-tools")
    david.ok("hooks", "install")
    assert Path(david.repo / PROJECT / "s3-staging-tools/post-merge").exists()
    checks = {one["name"]: one for one in david.run("doctor", PROJECT, "--json").json["checks"]}
    assert checks["staging"]["level"] == "ok"
