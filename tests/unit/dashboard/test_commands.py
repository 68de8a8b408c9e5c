"""Commands to copy: a shell takes each name as one word, and none of them leads to a deletion."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.dashboard import commands
from s3sync.dashboard.commands import command, of_conflict, of_lock, of_project, of_thaw, of_transfer
from tests.kit.boards import HOSTILE

NAMES = st.text(min_size=1, max_size=40) | st.sampled_from(HOSTILE)
DELETES = {"cleanup", "undo", "trash", "remove", "--permanently", "--delete-local", "--force", "--yes", "--abort"}


@given(NAMES, NAMES)
def test_a_shell_takes_each_name_as_one_word_and_none_as_an_option(project: str, name: str) -> None:
    made = command("label", "resolve", f"--project={project}", "--open", named=[name])
    if not (project + name).isprintable():
        assert made == ()
        return
    (one,) = made
    ends = ["--"] if name.startswith("-") else []
    assert shlex.split(one.line) == ["s3sync", "resolve", f"--project={project}", "--open", *ends, name]


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.isprintable() and len(name) < 200])
def test_a_real_shell_runs_nothing_of_a_name(name: str) -> None:
    (made,) = command("label", "up", named=[name])
    script = "s3sync() { printf '%s\\0' \"$@\"; }\n" + made.line
    out = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.split("\0")[:-1] == ["up", *(["--"] if name.startswith("-") else []), name]


@pytest.mark.parametrize("name", ["a\x1b[201~b", "line\nrm", "\u202egnp.exe", "a\u200bb", "half \ud800"])
def test_no_command_has_what_a_terminal_obeys(name: str) -> None:
    assert command("label", "up", named=[name]) == () and of_conflict(name, "a") == () == of_transfer("a", name, "up")
    assert commands.enter(f"/home/david/{name}") is None, "a clone may bring a repository of that name"
    assert commands.enter("/home/david/it's") == """cd '/home/david/it'"'"'s'"""


def test_a_command_that_is_too_long_to_read_is_none() -> None:
    assert command("label", "up", named=["x" * commands.LONGEST]) == ()


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("in_store", [True, False])
@pytest.mark.parametrize("archived", [True, False])
@pytest.mark.parametrize("counts", [{}, {"local_new": 1}, {"remote_new": 2, "local_modified": 1, "conflict": 1}])
def test_no_command_deletes(here: bool, in_store: bool, archived: bool, counts: dict[str, int]) -> None:
    made = of_project("b63", here=here, in_store=in_store, counts=counts, archived=archived)
    made += [*of_conflict("b63", "a"), *of_lock("b63", "a", is_mine=True), *of_transfer("b63", "a", "up")]
    made += [one for state in ("thawing", "thawed", "expired") for one in of_thaw("b63", state)]
    words = {word for one in made for word in shlex.split(one.line)}
    assert not words & DELETES


def test_what_waits_has_its_command_first() -> None:
    def first(**counts: int) -> str:
        return of_project("b63", here=True, in_store=True, counts=counts, archived=False)[0].line

    assert first(local_new=2) == "s3sync up b63"
    assert first(remote_modified=1, local_deleted=1) == "s3sync down b63"
    assert first(in_sync=9) == "s3sync status b63"
    assert of_project("b63", here=False, in_store=True, counts={}, archived=False)[0].line == "s3sync down b63"
    assert of_project("b40", here=False, in_store=False, counts={}, archived=True)[0].line == "s3sync restore b40"
    assert of_lock("b63", "a.mp4", is_mine=False) == ()
