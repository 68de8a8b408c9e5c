"""Which files a command was limited to: a name means that file alone, and patterns are for what is no file's name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.errors import UsageError
from s3sync.sync.select import Selector
from tests.kit.people import Person

NAMES = [f"cut/{number}.mp4" for number in range(50)]


def check(words: list[str]) -> int:
    """How often the names were asked for."""
    asked = 0

    def known() -> Iterator[str]:
        nonlocal asked
        asked += 1
        return iter(NAMES)

    Selector(words, Path("/p/s3-staging"), Path("/p")).resolve(known)
    return asked


@pytest.mark.parametrize("words", [NAMES, NAMES[::-1], ["*.mp4", "cut", "cut/7.mp4", "cut/7.mp4"]])
def test_all_words_in_two_looks(words: list[str]) -> None:
    """One for the names, and one for the patterns."""
    assert check(words) <= 2


@pytest.mark.parametrize(("words", "first"), [(["cut/77.mp4", *NAMES, "x"], "cut/77.mp4"), ([*NAMES, "x"], "x")])
def test_the_first_word_that_fits_nothing_is_told(words: list[str], first: str) -> None:
    with pytest.raises(UsageError, match=f"no file called '{first}'"):
        check(words)


KNOWN = [
    "shot?.mov", "shot1.mov", "day/shot1.mov", "day/shot?.mov", "[a]/b.wav", "a/b.wav", "x*", "xy", "night/xy",
    "night/a/b.wav", "caf\u00e9.wav", "-v", "!x", "#1.png", "b ", "day", "night/day/1.png",
]  # fmt: skip


def selected(words: list[str], cwd: str = "/p/s3-staging") -> set[str]:
    selector = Selector(words, Path("/p/s3-staging"), Path(cwd))
    selector.resolve(lambda: KNOWN)
    return set(filter(selector, KNOWN))


@pytest.mark.parametrize("cwd", ["/p/s3-staging", "/p", "/elsewhere"])
@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("shot?.mov", {"shot?.mov"}),
        ("day/shot?.mov", {"day/shot?.mov"}),
        ("shot1.mov", {"shot1.mov"}),
        ("[a]", {"[a]/b.wav"}),
        ("[a]/", {"[a]/b.wav"}),
        ("[a]/b.wav", {"[a]/b.wav"}),
        ("x*", {"x*"}),
        ("night", {"night/xy", "night/a/b.wav", "night/day/1.png"}),
        ("day", {"day"}),
        ("day/", {"day/shot1.mov", "day/shot?.mov"}),
        ("cafe\u0301.wav", {"caf\u00e9.wav"}),
        ("!x", {"!x"}),
        ("#1.png", {"#1.png"}),
        ("b ", {"b "}),
        ("*.wav", {"[a]/b.wav", "a/b.wav", "night/a/b.wav", "caf\u00e9.wav"}),
        ("/*.wav", {"caf\u00e9.wav"}),
        ("**/xy", {"xy", "night/xy"}),
        ("**/b.wav", {"[a]/b.wav", "a/b.wav", "night/a/b.wav"}),
        ("*/shot?.mov", {"day/shot1.mov", "day/shot?.mov"}),
        ("nigh?", {"night/xy", "night/a/b.wav", "night/day/1.png"}),
        ("shot[0-9].mov", {"shot1.mov", "day/shot1.mov"}),
    ],
)
def test_a9_f37_what_a_word_means(cwd: str, word: str, found: set[str]) -> None:
    assert selected([word], cwd) == found


@pytest.mark.parametrize(
    ("word", "cwd", "found"),
    [
        ("xy", "/p/s3-staging/night", {"night/xy"}),
        ("shot1.mov", "/p/s3-staging/day", {"day/shot1.mov"}),
        ("caf\u00e9.wav", "/p/s3-staging/day", {"caf\u00e9.wav"}),
        ("*.wav", "/p/s3-staging/night", {"night/a/b.wav"}),
        ("*.wav", "/p/s3-staging/day", {"[a]/b.wav", "a/b.wav", "night/a/b.wav", "caf\u00e9.wav"}),
        ("a/*", "/p/s3-staging/night", {"night/a/b.wav"}),
        ("../xy", "/p/s3-staging/night", {"xy"}),
        ("..", "/p/s3-staging/night", set(KNOWN)),
        (".", "/p/s3-staging/night", {"night/xy", "night/a/b.wav", "night/day/1.png"}),
        (".", "/p", set(KNOWN)),
        ("s3-staging", "/p", set(KNOWN)),
        ("s3-staging/x*", "/p", {"x*"}),
        ("s3-staging/*.wav", "/p", {"caf\u00e9.wav"}),
        ("/p/s3-staging/night/xy", "/elsewhere", {"night/xy"}),
        ("./x*", "/p/s3-staging", {"x*"}),
        ("*xy", "/p/s3-staging/[a]", {"xy", "night/xy"}),
    ],
)
def test_f37_relative_to_where_somebody_stands(word: str, cwd: str, found: set[str]) -> None:
    assert selected([word], cwd) == found


@pytest.mark.parametrize("word", ["b.wav", "1.png", "night/b.wav", "", " ", "nothing*", "a/**/b/**/c/**/*.mp4", "x\\"])
def test_a_plain_name_is_not_looked_for_in_other_folders(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        selected([word])
    assert word != "b.wav" or "did you mean '[a]/b.wav'?" in (caught.value.hint or "")


def test_c16_many_names_are_linear() -> None:
    """2,000 names of 20,000 files took 43 s of processor time."""
    known = [f"reel {number % 100}/frame.{number:06}.dpx" for number in range(20_000)]
    begun = time.process_time()
    selector = Selector(known[::10], Path("/p/s3-staging"), Path("/p/s3-staging"))
    selector.resolve(lambda: sorted(known))
    assert sum(map(selector, known)) == 2_000
    assert time.process_time() - begun < 5


def test_c16_absolute_names_through_a_linked_folder(tmp_path: Path) -> None:
    staging = tmp_path / "disk" / "s3-staging"
    (staging / "day").mkdir(parents=True)
    (tmp_path / "work").symlink_to(tmp_path / "disk")
    for word in ("s3-staging/day/shot1.mov", "s3-staging/day/not-here-yet.mov", "s3-staging/day"):
        selector = Selector([f"{tmp_path}/work/{word}"], staging, tmp_path)
        selector.resolve(lambda: ["day/shot1.mov", "day/not-here-yet.mov"])
        assert selector("day/shot1.mov") is (not word.endswith("yet.mov"))


def test_a9_f37_cleanup_takes_the_file_of_that_name_and_no_other(people: tuple[Person, Person]) -> None:
    david, jan = people
    names = ["plan*.pdf", "plan 1.pdf", "old/plan*.pdf", "old/plan 1.pdf", "v[2-3].mov", "v2.mov", "v3.mov"]
    for name in names:
        david.write(name, name)
    david.ok("up")
    jan.ok("down")
    for word in ("plan*.pdf", "v[2-3].mov"):
        deleted = david.ok("cleanup", "--local", "--yes", "--json", word).json["deleted"]
        assert [item["name"] for item in deleted] == [word]
        deleted = jan.ok("cleanup", "--yes", "--json", word).json["deleted"]
        assert [item["name"] for item in deleted] == [word]
        assert jan.ok("cleanup", "--yes", "--json", word).json["deleted"] == []
        assert "jan cleaned it up on" in david.expect(2, "cleanup", "--yes", word).err
    left = jan.ok("status", "--json").json["files"]
    assert {item["name"] for item in left} >= set(names) - {"plan*.pdf", "v[2-3].mov"}


def test_c15_what_was_not_named_does_not_decide_the_exit_code(people: tuple[Person, Person]) -> None:
    david, _ = people
    david.write("good.mov", "good")
    david.write("day/also.mov", "good")
    (david.staging / "broken.mov").symlink_to("nowhere")
    (david.staging / "day" / "pipe").symlink_to("nowhere")
    david.ok("up", "good.mov")
    assert "broken.mov" in david.expect(3, "up", "broken.mov").err
    assert "day/pipe" in david.expect(3, "up", "day").err
    assert "broken.mov" in david.expect(3, "up", "b*.mov").err
    david.ok("up", "day/also.mov")
    david.expect(3, "up")
