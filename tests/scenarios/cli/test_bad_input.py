"""What bad input gets: one clear error each, the documented exit code, and nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.cli.checks import embedded_store, refused, refused_json
from tests.scenarios.cli.conftest import NewPerson
from tests.scenarios.cli.terminal import on_terminal


def settings(person: Person, text: str | bytes) -> Path:
    file = person.repo / ".s3sync.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


# No repository, no project, not this one


@pytest.mark.parametrize("command", ["up", "status", "init"])
def test_outside_of_any_repository(david: Person, command: str) -> None:
    elsewhere = david.root / "elsewhere"
    elsewhere.mkdir()
    said = refused(david, 2, command, cwd=elsewhere)
    assert str(elsewhere) in said and "git init" in said


def test_outside_of_any_repository_init_asks_nothing(david: Person) -> None:
    """The answers would be of no use."""
    elsewhere = david.root / "elsewhere"
    elsewhere.mkdir()
    result = on_terminal(david, "init", cwd=elsewhere, env={"S3SYNC_USER": ""})
    assert result.code == 2 and "is not in a git repository" in result.out
    assert "as the team sees it" not in result.out


def test_in_a_repository_without_a_project(david: Person) -> None:
    david.project.rename(david.root / "moved")
    said = refused(david, 2, "up", cwd=david.repo)
    assert "is not in a project" in said and "s3-staging" in said and "s3sync init" in said
    assert refused_json(david, 2, "up", cwd=david.repo)["type"] == "ProjectError"


def test_beside_the_projects_they_are_named(david: Person) -> None:
    assert "hint: name one of the projects: b63-flivideo" in refused(david, 2, "up", cwd=david.repo)


@pytest.mark.parametrize("words", [["b64-flivideo"], ["-p", "b64-flivideo"]])
def test_an_unknown_project_gets_the_nearest_names(david: Person, words: list[str]) -> None:
    said = refused(david, 2, "up", *words, cwd=david.repo)
    assert "there is no project 'b64-flivideo'" in said and "did you mean b63-flivideo?" in said


def test_a_prefix_of_two_projects_is_not_guessed(david: Person) -> None:
    (david.repo / "b63-other" / "s3-staging").mkdir(parents=True)
    said = refused(david, 2, "up", "b63", cwd=david.repo)
    assert "b63-flivideo, b63-other" in said
    assert "b63-flivideo, b63-other" in refused_json(david, 2, "status", "-p", "b63")["message"]


def test_a_file_that_is_nowhere(david: Person) -> None:
    assert "no file called 'nosuchfile'" in refused(david, 2, "up", "nosuchfile")
    assert "did you mean 'draft.mp4'?" in refused(david, 2, "down", "daft.mp4")
    assert "no file called ''" in refused(david, 2, "up", "")
    assert "no file called '../..'" in refused(david, 2, "up", "../..")


# The command line itself


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (["upp"], "there is no command 'upp'", "did you mean `s3sync up`?"),
        (["frobnicate"], "there is no command 'frobnicate'", "see `s3sync --help`"),
        (["up", "--dryrun"], "there is no option --dryrun", "did you mean --dry-run?"),
        (["status", "--frobnicate"], "there is no option --frobnicate", "see `s3sync status --help`"),
        (["up", "--wait"], "option '--wait' requires an argument", "see `s3sync up --help`"),
        (["up", "--wait", "soon"], "'soon' is not a number", "see `s3sync up --help`"),
        (["sync", "--max-delete", "-3"], "-3 is less than 0", "see `s3sync sync --help`"),
        (["up", "--on-conflict", "win"], "'win' is not one of 'warn', 'keep-both', 'mine', 'theirs'", "--help"),
        (["verify", "one", "two"], "extra argument(s) (two)", "see `s3sync verify --help`"),
        (["status", "b63", "--all"], "--all means every project", "leave out the name"),
    ],
)
def test_a_command_line_that_cannot_be_read(david: Person, words: list[str], what: str, hint: str) -> None:
    said = refused(david, 2, *words)
    assert what in said and hint in said


def test_the_command_line_is_refused_in_json_too(david: Person) -> None:
    assert "no command 'upp'" in refused_json(david, 2, "upp")["message"]
    assert "no option --frobnicate" in refused_json(david, 2, "up", "--frobnicate")["message"]


# Settings


def test_without_a_name_nothing_is_signed(david: Person) -> None:
    said = refused(david, 2, "up", env={"S3SYNC_USER": None})
    assert "your name is not set" in said and "s3sync config set user NAME" in said
    refused(david, 2, "cleanup", "--yes", env={"S3SYNC_USER": None})
    david.ok("status", env={"S3SYNC_USER": None})


def test_a_name_that_cannot_be_part_of_a_file_name(david: Person) -> None:
    said = refused(david, 2, "up", env={"S3SYNC_USER": "../x"})
    assert "S3SYNC_USER" in said and "letters" in said


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        ("store: [a\nrepo: x\n", 2, "is not valid YAML", "correct it"),
        ("store:\tx\n\t- a\n", 1, "is not valid YAML", "correct it"),
        ("repo: x\nregoin: us-east-1\n", 2, "unknown setting 'regoin'", "did you mean 'region'?"),
        ("user: david\n", 1, "unknown setting 'user'", "belongs in your own settings file"),
        ("repo: x\nstaging: 5\n", 2, "it must be text, not a number", "quotes"),
        ("ignore: '*.tmp'\n", 1, "it must be a list of texts, not text", "write it like"),
        ("store: s4://bucket\n", 1, "no store of the kind 's4://'", "did you mean 's3://'?"),
        ("repo: a\nrepo: b\n", 2, "is there twice", "keep one"),
        ("- store\n", 1, "is not a setting", "correct it"),
        (b"repo: \xff\n", 1, "is not UTF-8", "save the file as UTF-8"),
    ],
)
def test_a_broken_settings_file(david: Person, text: str | bytes, line: int, what: str, hint: str) -> None:
    file = settings(david, text)
    said = refused(david, 2, "up")
    assert f"{file} line {line}" in said
    assert what in said and hint in said


def test_a_secret_in_the_committed_file_is_refused_and_not_repeated(david: Person) -> None:
    settings(david, "repo: x\naws_secret_access_key: wJalrXUtnFEMI/K7MDENG\n")
    said = refused(david, 2, "status")
    assert "line 2" in said and "do not belong in a committed file" in said
    assert "wJalrXUtnFEMI" not in said


def test_a_broken_settings_file_in_json(david: Person) -> None:
    settings(david, "regoin: x\n")
    error = refused_json(david, 2, "status")
    assert error["type"] == "ConfigError" and "did you mean 'region'?" in error["hint"]


# The staging folder and what is in it


@pytest.mark.parametrize("command", ["up", "down", "status", "init"])
def test_a_staging_folder_that_is_a_file(david: Person, command: str) -> None:
    david.staging.rename(david.project / "was-staging")
    david.staging.write_text("precious")
    said = refused(david, 2, command)
    assert f"{david.staging} cannot be the staging folder" in said and "it is a file" in said
    assert david.staging.read_text() == "precious"


def test_reserved_names_stay_here_and_the_rest_goes_on(david: Person) -> None:
    david.write("metadata.json", "{}")
    david.write(".S3Sync/notes.txt", "mine")
    result = david.expect(3, "up")
    assert "✓ draft.mp4" in result.out
    assert "✗ metadata.json: cannot be uploaded: the name 'metadata.json' is reserved" in result.err
    assert "✗ .S3Sync: cannot be uploaded: the name '.S3Sync' is reserved" in result.err
    assert result.err.count("hint: rename it") == 1, "a hint of several is said once"
    failed = david.expect(3, "status", "--json").json["failed"]
    assert {item["name"] for item in failed} == {"metadata.json", ".S3Sync"}
    assert david.read("metadata.json") == b"{}" and david.read(".S3Sync/notes.txt") == b"mine"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_something_else_of_the_name_of_the_state_folder(david: Person, tmp_path: Path, kind: str) -> None:
    other = tmp_path / "other"
    other.mkdir()
    if kind == "file":
        (david.staging / ".s3sync").write_text("precious")
    else:
        (david.staging / ".s3sync").symlink_to(other)
    said = refused(david, 1, "up")
    assert str(david.staging / ".s3sync") in said
    assert list(other.iterdir()) == []


def test_links_and_pipes_are_reported_and_the_rest_goes_on(david: Person, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for the team")
    (david.staging / "link.mp4").symlink_to(secret)
    (david.staging / "folder").symlink_to(tmp_path)
    os.mkfifo(david.staging / "pipe")
    result = david.expect(3, "up")
    assert "✗ link.mp4: is a symbolic link" in result.err and "✗ folder: is a symbolic link" in result.err
    assert "✗ pipe: is not a regular file" in result.err
    assert "hint: put the file itself there" in result.err
    stored = [path for path in embedded_store(david).rglob("*") if path.is_file()]
    assert not any(b"not for the team" in path.read_bytes() for path in stored)


def test_a_file_that_cannot_be_read_is_an_error_for_that_file(
    new_person: NewPerson, bound_by_rights: list[str]
) -> None:
    david = new_person()
    david.launcher = bound_by_rights
    closed, folder = david.write("closed.mp4", "secret"), david.write("shut/inside.mp4", "deep").parent
    closed.chmod(0)
    folder.chmod(0)
    try:
        result = david.expect(3, "up")
        again = david.expect(3, "sync", "--json").json
    finally:
        folder.chmod(0o755)
        closed.chmod(0o644)
    assert "✓ draft.mp4" in result.out
    assert "✗ closed.mp4: cannot read" in result.err and "✗ shut: cannot be read: permission denied" in result.err
    assert result.err.count("permission denied") == 2
    assert again["deleted"] == [] and {item["name"] for item in again["failed"]} == {"closed.mp4", "shut"}
    assert len(david.ok("up", "--json").json["uploaded"]) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="no other system has such names")
@pytest.mark.parametrize("words", [["init", "--yes"], ["init", "b64", "--yes"], ["init", "--dry-run"]], ids=" ".join)
def test_a_repository_on_a_way_that_is_no_utf8_is_told_before_anything_is_written(
    tmp_path: Path, words: list[str]
) -> None:
    """The settings, the store and .gitignore were there when it failed, and the next command failed in another way."""
    repository = tmp_path / os.fsdecode(b"disk-\xe9") / "films"
    (repository / "b63").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", repository], check=True)
    before = sorted(os.fspath(path) for path in tmp_path.rglob("*"))
    home = tmp_path.parent / f"{tmp_path.name}-home"
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "S3SYNC_STORE": f"file://{tmp_path}/store"}
    program = [sys.executable, "-m", "s3sync", *words, "--repo", "films"]
    done = subprocess.run(program, cwd=repository / "b63", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "is not UTF-8" in done.stderr and "Traceback" not in done.stderr, done
    assert "nothing was written" in done.stderr
    assert sorted(os.fspath(path) for path in tmp_path.rglob("*")) == before and not home.exists()
