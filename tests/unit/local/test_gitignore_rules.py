"""Ignore patterns are git's own, decision by decision: compared with the git that is installed."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from s3sync.config.spec import DEFAULT_IGNORE
from s3sync.local.patterns import Patterns, anchored, compile_patterns, literal

PIECES = [
    "a", "b", "ab", "x.a", "*", "**", "***", "?", "*.a", "a*", "*b", "a*b*", "**a", "[ab]", "[!a]", "[^a]", "[a-b]",
    "[b-a]", "[]a]", "[!]a]", "[a-]", "[a", "[[:alpha:]]", "[[:digit:]x]", "\\*", "a\\b", "[\\]a]", "\\[", "*/",
]  # fmt: skip
NAMES = ["a", "b", "ab", "ba", "x.a", "*", "[", "]", "c", "1"]

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def asked_of_git(folder: Path, patterns: Sequence[str], paths: Sequence[str]) -> set[str]:
    (folder / ".gitignore").write_text("\n".join(patterns) + "\n")
    command = ["git", "-C", str(folder), "check-ignore", "--no-index", "--stdin", "-z"]
    done = subprocess.run(command, input="\0".join(paths).encode(), capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return set(done.stdout.decode().split("\0")) - {""}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


@needs_git
@pytest.mark.parametrize("seed", range(3))
def test_c11_random_patterns_mean_what_git_says(repository: Path, seed: int) -> None:
    draw = random.Random(seed)

    def pattern() -> str:
        text = "/".join(draw.choice(PIECES) for _ in range(draw.choice([1, 1, 1, 2, 2, 3])))
        return draw.choice(["", "", "!"]) + draw.choice(["", "", "/"]) + text + draw.choice(["", "", "/"])

    compared = 0
    while compared < 2_000:
        patterns = [pattern() for _ in range(draw.randint(1, 4))]
        try:
            ours = compile_patterns(patterns)
        except ValueError:
            continue
        paths = ["/".join(draw.choice(NAMES) for _ in range(draw.randint(1, 4))) for _ in range(40)]
        theirs = asked_of_git(repository, patterns, paths)
        assert {path for path in paths if ours.match_file(path)} == theirs, patterns
        walked = [path for path in paths if not ours.match_file(f"{path.rpartition('/')[0]}/")]
        inside = {path for path in walked if ours.match_inside(path, path.rpartition("/")[2])}
        assert inside == theirs & set(walked), patterns
        spared = {
            path
            for path in walked
            if ours.spare_each(f"{path.rpartition('/')[0]}/".lstrip("/"), [path.rpartition("/")[2]])
        }
        assert not spared & theirs, patterns
        if not any(pattern.startswith("!") for pattern in patterns):
            assert spared == set(walked) - theirs, patterns
        compared += len(paths)


@needs_git
def test_c11_the_default_list_means_what_git_says(repository: Path) -> None:
    litter = [
        ".DS_Store", "cut/.DS_Store", "._a.mov", "Thumbs.db", "desktop.ini", "a/Desktop.ini", "@eaDir/x/SYNO.jpg",
        ".~lock.budget.ods#", ".notes.txt.swp", "b/film.mov.part", "film.crdownload", "~$brief.docx", ".Trash-1000/a",
        ".Trashes/501/b", "lost+found/#12", ".fseventsd/0001", ".Spotlight-V100/x", "Icon\r", "#recycle/a.mov",
        "System Volume Information/x", "$RECYCLE.BIN/S-1/a", ".nfs00012", "a.tmp", "x.download/part",
        ".apdisk", "a/.localized", ".com.apple.timemachine.donotpresent", ".dropbox.cache/2026/x", ".sync.ffs_db",
        "sync.ffs_lock", "film.mov.!qB", "cut/.#notes.txt", "b.opdownload", ".VolumeIcon.icns",
    ]  # fmt: skip
    wanted = [
        "film.mov",
        "Icons/a.png",
        "Icon",
        "Icon2",
        "part",
        "a.parts",
        "my~$.docx",
        "recycle/a",
        "notes.swift",
        "lost",
        "localized",
        "a.#1",
        "dropbox",
        "film.!qBx",
    ]
    ours = compile_patterns(DEFAULT_IGNORE)
    assert [path for path in litter if not ours.match_file(path)] == []
    assert [path for path in wanted if ours.match_file(path)] == []
    assert asked_of_git(repository, DEFAULT_IGNORE, [*litter, *wanted]) == set(litter)


@pytest.mark.parametrize(
    ("lines", "ignored", "left"),
    [
        (["**/frame1"], ["frame1", "a/frame1", "a/b/frame1"], ["frame10", "xframe1"]),
        (["cafe\u0301/"], ["caf\u00e9/a"], ["cafe/a"]),
        (["[e\u0301]x"], ["\u00e9x"], ["ex"]),
        (["/a/**"], ["a/b", "a/b/c"], ["a", "b/a/c"]),
        (["a\\ "], ["a "], ["a"]),
        (["a  "], ["a"], ["a  "]),
        (["\\!a", "\\#b"], ["!a", "#b"], ["a", "b"]),
        (["!a", "a"], ["a"], []),
        (["*", "!*.mp4"], ["a.wav", "cut/b.mp4"], ["b.mp4"]),
        (["*", "!*/", "!*.mp4"], ["a.wav"], ["b.mp4", "cut/b.mp4"]),
        (["", "# x", "/"], [], ["x", "# x"]),
    ],
)
def test_rules(lines: list[str], ignored: list[str], left: list[str]) -> None:
    patterns = compile_patterns(lines)
    assert [path for path in ignored + left if patterns.match_file(path)] == ignored


@pytest.mark.parametrize("name", ["take[1].mp4", "!a", "#b", "a*b?", "a\\b", "{x}"])
def test_a_literal_is_one_name(name: str) -> None:
    patterns = compile_patterns([literal(name)])
    assert patterns.match_file(name) and patterns.match_file(f"cut/{name}")
    assert not any(map(patterns.match_file, ["take1.mp4", "a", "b", "axbx", "ab"]))


@pytest.mark.parametrize("path", ["take[1].mp4", "!a", "cut/#b", "cut/a*b?", "a\\b", "end ", "day 1 /a"])
def test_an_anchored_path_is_that_one_alone(path: str) -> None:
    assert compile_patterns([anchored(path)]).match_file(path)
    inside = compile_patterns([anchored(path, is_folder=True)])
    assert inside.match_file(f"{path}/x") and not inside.match_file(path)
    others = [f"raw/{path}", f"raw/{path}/x", f"{path}x", "take1.mp4", "cut/axbx"]
    assert not any(map(compile_patterns([anchored(path)]).match_file, others))
    assert not any(map(inside.match_file, others))
    assert all(map(compile_patterns([anchored("", is_folder=True)]).match_file, [path, *others]))


def test_a_deep_path_needs_no_stack() -> None:
    assert compile_patterns(["/a/**/b"]).match_file("a/" * 3_000 + "b")


def test_many_folders_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.local.patterns.MOST_REMEMBERED", 3)
    patterns = compile_patterns(["/7/", "x"])
    found = [path for number in range(20) for path in (f"{number}/a", f"{number}/x/b") if patterns.match_file(path)]
    assert found[:3] == ["0/x/b", "1/x/b", "2/x/b"] and "7/a" in found and len(found) == 21
    assert isinstance(patterns, Patterns)
