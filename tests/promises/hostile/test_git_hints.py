"""Hints that name a path of a clone to git, which takes some names for a rule or a pattern, and does more than said."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.people import Person

RULES = [":!x", ":^x", "!x", "^x", ":x", "(x", "*", "[b]64", "b?4", "-x", "y.z", "é 1", ".x"]
"""Names that git takes for something else where it is given them as they are, and some that it does not."""


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def told(line: str, folder: Path) -> None:
    """What a hint says is typed."""
    subprocess.run(["sh", "-c", line], cwd=folder, check=True, capture_output=True)


def names(folder: Path) -> set[str]:
    return set(git(folder, "ls-files", "-z").split("\0")[:-1])


@pytest.fixture
def repository(david: Person) -> Path:
    """A new one with files that no hint is about."""
    shutil.rmtree(david.repo / ".git")
    git(david.repo, "init", "-q")
    for path in ("README", "b64/s3-staging-of-old/a", "key.pem"):
        (david.repo / path).parent.mkdir(parents=True, exist_ok=True)
        (david.repo / path).write_text("1")
    return david.repo


@pytest.mark.parametrize("verb", ["projects", "doctor"])
@pytest.mark.parametrize("name", RULES[:8])
def test_f57_what_git_is_to_let_go_is_the_project_alone(david: Person, repository: Path, name: str, verb: str) -> None:
    """Whoever commits names the folder. `:!x` is everything else for git: the next commit would delete it for all."""
    project = repository / name
    (project / "s3-staging").mkdir(parents=True)
    (project / "s3-staging" / "a").write_text("1")
    (repository / ".gitignore").write_text("s3-staging/\n")
    git(repository, "add", "-f", ".")
    before = names(repository)
    result = david.run(verb, cwd=project)
    (line,) = re.findall(r"git rm -r --cached .*?(?=`| {3}\()", result.out + result.err)
    told(line, project if name == "*" else repository)
    assert before - names(repository) == {f"{name}/s3-staging/a"}, line


@pytest.mark.parametrize("name", [":!x", ":^y", "*"])
def test_f57_what_git_is_to_take_up_is_the_pin_file_alone(david: Person, repository: Path, name: str) -> None:
    """`git add ':!x/...'` takes up what else lies about, which the next push sends to everybody."""
    project = repository / name
    (project / "s3-staging").mkdir(parents=True)
    (project / "s3-staging" / "a").write_text("1")
    (repository / "other").mkdir()
    (repository / "other" / "s3-staging.lock.yaml").write_text("of somebody else's")
    david.ok("up", cwd=project)
    (line,) = re.findall(r"git add .*", david.ok("pin", "--project", name, cwd=repository).out)
    told(line, repository)
    assert names(repository) == {f"{name}/s3-staging.lock.yaml"}, line


@pytest.mark.parametrize("name", RULES)
def test_a_path_for_git_is_itself(repository: Path, name: str) -> None:
    """From any folder where it begins at the root, and else from the current one."""
    from s3sync.core.typed import in_git

    for path in (f"{name}/deep/a", f"{name}2"):
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text("1")
        git(repository, "add", "-f", ".")
        before = names(repository)
        for word, folder in ((in_git(path), repository / "b64"), (in_git(path, of_root=False), repository)):
            told(f"git rm -r -q --cached {word}", folder)
            assert before - names(repository) == {path}, word
            told(f"git add -f {word}", folder)
            assert before == names(repository), word
