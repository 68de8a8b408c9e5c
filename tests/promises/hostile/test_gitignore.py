"""A `.gitignore` of strangers: it costs little, and one that cannot be used is told by whoever looks at it."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from s3sync.local import patterns
from s3sync.local.patterns import MOST_DEEP, compile_patterns, compile_readable
from tests.kit.people import Person
from tests.promises.hostile.conftest import Peer

COSTLY = {
    "many stars": "*a" * 30 + "*b\n",
    "many stars in a folder": "/" + "*a*" * 20 + "*b/s3-staging/*.mp4\n",
    "folders at any depth": "**/a*/" * 30 + "x\n",
    "sets": "[!b]*" * 40 + "z\n",
    "many lines": "".join(f"*a{number}*b\n" for number in range(20_000)),
    "long lines": "?" * 200_000,
    "lines that are none": "\\\n!\n[\n" * 5000,
}


@pytest.mark.parametrize("what", COSTLY)
def test_f56_rules_of_git_make_little_work(david: Person, what: str) -> None:
    project = david.repo / ("a" * 120)
    (project / "s3-staging").mkdir(parents=True)
    (david.repo / ".gitignore").write_text(COSTLY[what])
    for words in (["doctor"], ["doctor", "--fix"], ["init", "--dry-run"], ["projects"]):
        result = david.run(*words, cwd=project)
        assert result.code in (0, 1, 2) and "did not expect" not in result.err, result


DEEPEST = "a/" * 500 + "x"
"""About as many folders as a key in S3 can have."""


@pytest.mark.parametrize("pattern", ["**/a/**/a*{}", "a/**/*a*/a/**/*{}", "**/a*/**/*a/a{}", "**/a/a/a{}"])
def test_f56_folders_at_any_depth_are_looked_for_once(pattern: str) -> None:
    """Each place of one was tried with each place of the other, for every folder of a path: the suite's limit tells."""
    match = compile_patterns(pattern.format(number) for number in range(MOST_DEEP)).match_file
    assert not any(match(f"a{number}/{DEEPEST}") for number in range(5))
    assert match(DEEPEST.removesuffix("x") + ("a/" * 5 + "a7").removeprefix("a/"))


@pytest.mark.parametrize("where", ["staging", "repo"])
def test_f56_a_file_of_many_such_patterns_is_one_error(where: str, david: Person) -> None:
    file = getattr(david, where) / ".s3syncignore"
    file.write_text("".join(f"x/**/a{number}\n" for number in range(MOST_DEEP)) + "y/**\n**/z\n")
    david.ok("status")
    file.write_text(file.read_text() + "x/**/b\n")
    told = david.expect(2, "status").err
    assert f"more than {MOST_DEEP} patterns" in told and str(file) in told


def test_f56_a_gitignore_of_many_such_patterns_is_read_as_far_as_it_costs_little() -> None:
    lines = [*(f"x/**/a{number}" for number in range(2 * MOST_DEEP)), "s3-staging/*"]
    assert compile_readable(lines).match_file("s3-staging/draft.mp4")
    assert compile_readable(lines).match_file("x/y/a1")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["*x"] * 2_000_000, "more than"),
        (["a\\"] * 1_300_000, "more than"),
        (["*a" * 2000] * 900, "characters"),
        (["#"] * 2_000_000, None),
    ],
    ids=["short", "no patterns", "long", "comments"],
)
def test_f56_lines_of_a_strange_file_are_counted_before_any_is_compiled(
    lines: list[str], why: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`doctor` took half a minute for two million short ones, and longer for a thousand long ones."""
    looked_at: list[str] = []
    monkeypatch.setattr(patterns, "_parsed", looked_at.append)
    with pytest.raises(ValueError, match=why) if why else nullcontext():
        compile_readable(lines)
    assert not looked_at


@pytest.mark.parametrize("lines", [["[a]*?" * 800] * 999, ["x"] * 2_000_000], ids=["long", "many"])
def test_f56_patterns_from_anywhere_are_counted_before_any_is_compiled(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a selection, a queue, a set or an option: 999 of 4,000 characters took 38 s."""
    monkeypatch.setattr(patterns, "_Group", lambda rules: pytest.fail("they were compiled"))
    with pytest.raises(ValueError, match="more than"):
        compile_patterns(lines)


@pytest.mark.parametrize("kind", ["link", "link to nothing", "FIFO", "folder", "large"])
def test_f55_a_gitignore_that_cannot_be_used_is_told(peer: Peer, tmp_path: Path, kind: str) -> None:
    """By `doctor`, which says what is wrong with everything else, too; `projects` lists the projects."""
    david, file = peer.david, peer.david.repo / ".gitignore"
    file.unlink(missing_ok=True)
    if kind == "FIFO":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind == "large":
        file.write_text("x\n" * 2_000_000)
    else:
        (tmp_path / "private").write_text("precious")
        file.symlink_to(tmp_path / ("private" if kind == "link" else "fresh"))
    before = file.lstat()
    for words in (["doctor"], ["doctor", "--fix"]):
        result = david.run(*words)
        assert result.code == 1 and "did not expect" not in result.err, result
        assert f"fail    gitignore: {file} cannot be read" in result.out and "file system: " in result.out
    shown = david.ok("projects")
    assert david.project.name in shown.out and "git would take up" in shown.err
    assert file.lstat().st_mtime_ns == before.st_mtime_ns and not (tmp_path / "fresh").exists()
