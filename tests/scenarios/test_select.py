"""Which files a command was limited to: however many words there are, the project is looked through once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.errors import UsageError
from s3sync.sync.select import Selector

NAMES = [f"cut/{number}.mp4" for number in range(50)]


def check(words: list[str]) -> int:
    """How often the names were asked for."""
    asked = 0

    def known() -> Iterator[str]:
        nonlocal asked
        asked += 1
        return iter(NAMES)

    Selector(words, Path("/p/s3-staging"), Path("/p")).check(known)
    return asked


@pytest.mark.parametrize("words", [NAMES, NAMES[::-1], ["*.mp4", "cut", "cut/7.mp4", "cut/7.mp4"]])
def test_all_words_in_one_look(words: list[str]) -> None:
    assert check(words) == 1


@pytest.mark.parametrize(("words", "first"), [(["cut/77.mp4", *NAMES, "x"], "cut/77.mp4"), ([*NAMES, "x"], "x")])
def test_the_first_word_that_fits_nothing_is_told(words: list[str], first: str) -> None:
    with pytest.raises(UsageError, match=f"no file called '{first}'"):
        check(words)
