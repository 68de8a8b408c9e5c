"""Other spellings of two places, and filters: what they leave out is as if neither place had it."""

from __future__ import annotations

import os
import time

import pytest

from tests.scenarios.pairs.desk import Desk, Place

FILES = {"a.mov": b"a" * 20_000, "raw/b.mov": b"b" * 5, "raw/c.wav": b"c" * 5, "notes.txt": b"n"}


@pytest.fixture
def two(desk: Desk) -> tuple[Place, Place]:
    a, b = desk.place("folder", "a"), desk.place("store", "b")
    for name, body in FILES.items():
        a.put(name, body)
    return a, b


def age(a: Place, name: str, days: float) -> None:
    assert a.root is not None
    when = time.time() - days * 86_400
    os.utime(a.root / name, (when, when))


def test_to_the_cloud_and_to_this_computer(desk: Desk, two: tuple[Place, Place]) -> None:
    a, b = two
    desk.person.ok("sync", a.word, "--to-cloud", b.word, "--bandwidth", "50M", cwd=desk.work)
    assert b.files() == FILES
    desk.person.ok("sync", b.word, "--to-local", "back", cwd=desk.work)
    assert desk.place("folder", "back").files() == FILES
    for words, said in (
        (["./a", "--to-cloud", "back"], "takes a store's address"),
        ([b.word, "--to-local", b.word], "takes a folder"),
        (["--to-local", "x"], "needs the place to copy from"),
        (["./a", "./x", "--to-cloud", b.word], "names the second place"),
        (["./a", "--to-cloud", b.word, "--to-local", "x"], "contradict each other"),
    ):
        assert said in desk.person.expect(2, "sync", *words, cwd=desk.work).err


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["--include", "*.mov"], {"a.mov", "raw/b.mov"}),
        (["--exclude", "raw/"], {"a.mov", "notes.txt"}),
        (["--include", "*.mov", "--exclude", "raw/"], {"a.mov"}),
        (["--min-size", "10K"], {"a.mov"}),
        (["--max-size", "5"], {"raw/b.mov", "raw/c.wav", "notes.txt"}),
        (["--newer", "2d"], {"a.mov", "raw/b.mov", "notes.txt"}),
        (["--older", "2d"], {"raw/c.wav"}),
        (["--from-file", "list.txt"], {"raw/b.mov", "notes.txt"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_a_filter_leaves_out_is_neither_copied_nor_deleted(
    desk: Desk, two: tuple[Place, Place], words: list[str], chosen: set[str]
) -> None:
    a, b = two
    age(a, "raw/c.wav", 30)
    (desk.work / "list.txt").write_text("raw/b.mov\nnotes.txt\n")
    desk.run("copy", a, b, *words)
    assert set(b.files()) == chosen
    desk.run("copy", a, b)
    for name in FILES:
        a.drop(name)
    a.put("other.bin", b"x" * 15_000)
    age(a, "other.bin", 30)
    desk.run("sync", a, b, "--delete", "--max-delete", "9", *words)
    # what only B has is wanted by its own age, and it came just now
    gone = {"--newer": set(FILES), "--older": set()}.get(words[0], chosen)
    assert set(FILES) & set(b.files()) == set(FILES) - gone, "what was left out stays, and nothing else"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--min-size", "much"], "--min-size"),
        (["--newer", "soon"], "soon"),
        (["--from-file", "nowhere.txt"], "cannot read nowhere.txt"),
    ],
)
def test_a_filter_that_is_none(desk: Desk, two: tuple[Place, Place], words: list[str], said: str) -> None:
    a, b = two
    assert said in desk.run("copy", a, b, *words, code=2).err and b.everything() == {}


def test_a_list_that_is_none_is_told_at_once(desk: Desk, two: tuple[Place, Place]) -> None:
    """An endless device, a pipe that nobody writes into, a folder, and more than there is memory."""
    a, b = two
    os.mkfifo(desk.work / "pipe")
    (desk.work / "huge").touch()
    os.truncate(desk.work / "huge", 10 * 1024**3)
    for name, why in (
        ("/dev/zero", "it is a device"), ("pipe", "it is a named pipe"), (".", "it is a folder"),
        ("huge", "it is larger than 134.2 MB"),
    ):  # fmt: skip
        told = desk.run("copy", a, b, "--from-file", name, code=2).err
        assert f"cannot read {name}" in told and why in told and "hint: name a text file" in told
    assert b.everything() == {}
    (desk.work / "list.txt").write_bytes(b"\xef\xbb\xbfnotes.txt\r\n")
    desk.run("copy", a, b, "--from-file", "list.txt")
    assert set(b.files()) == {"notes.txt"}


def test_what_a_list_names_and_nobody_has_is_said(desk: Desk, two: tuple[Place, Place]) -> None:
    a, b = two
    (desk.work / "list.txt").write_text("# chosen\n./notes.txt\nnosuch.mov\nraw/\n")
    b.put("only b.mov", b"b")
    for verb, more, lacking in (
        ("copy", ["--dry-run"], {"nosuch.mov", "raw"}),
        ("copy", [], {"nosuch.mov", "raw"}),
        ("sync", ["--delete"], {"nosuch.mov", "raw"}),
    ):
        told = desk.run(verb, a, b, "--from-file", "list.txt", *more, "--json", code=3).json
        assert {item["name"] for item in told["failed"]} == lacking
        assert "--include" in told["failed"][0]["hint"]
    assert set(b.files()) == {"notes.txt", "only b.mov"}
    (desk.work / "list.txt").write_text("only b.mov\n")
    assert "is no file of ./a" in desk.run("move", a, b, "--from-file", "list.txt", code=3).err
    desk.run("sync", a, b, "--from-file", "list.txt")
    (desk.work / "list.txt").write_text("nosuch.mov\n")
    assert "is no file of ./a and" in desk.run("check", a, b, "--from-file", "list.txt", code=1).err


def test_one_rule_for_a_place_at_which_there_is_nothing(desk: Desk) -> None:
    """An address with nothing at it: 2, by each command. Filters that leave nothing, and an empty folder: 0."""
    a, b = desk.place("sea", "a"), desk.place("folder", "b")
    desk.run("copy", two_files(desk), a)
    typo = desk.place("sea", "nosuch")
    for verb, more in (
        ("copy", []),
        ("sync", []),
        ("move", ["--dry-run"]),
        ("check", []),
        ("organize", ["--layout", "{name}"]),
    ):
        told = desk.run(verb, typo, b, *more, code=2)
        assert "there is nothing at" in told.err, told
    for verb in ("copy", "sync", "move"):
        desk.run(verb, a, b, "--include", "*.nosuch")
    (desk.work / "empty").mkdir()
    desk.run("organize", desk.place("folder", "empty"), b, "--layout", "{stem}.{ext}")


def two_files(desk: Desk) -> Place:
    seed = desk.place("folder", "seed")
    for name in ("one.mov", "two.mov"):
        seed.put(name, name.encode())
    return seed
