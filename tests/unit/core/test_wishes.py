"""Wishes to send files when the line is back."""

from __future__ import annotations

import pytest

from s3sync.core.wishes import EVERYTHING, MOST_WISHES, Wish, added, is_done

EARLY, LATE = "2026-11-26T08:00:00Z", "2026-11-26T09:00:00Z"


def test_a_word_waits_once_as_it_was_wished_first() -> None:
    waiting = added([Wish("a.mp4", EARLY)], ["b.wav", "a.mp4"], LATE)
    assert waiting == [Wish("a.mp4", EARLY), Wish("b.wav", LATE)]


def test_everything_takes_in_all_names_whichever_comes_first() -> None:
    assert added([Wish("a.mp4", EARLY)], [EVERYTHING], LATE) == [Wish(EVERYTHING, LATE)]
    assert added([Wish(EVERYTHING, EARLY)], ["a.mp4"], LATE) == [Wish(EVERYTHING, EARLY)]


def test_too_many_names_become_everything() -> None:
    most = added([], [f"{number}.wav" for number in range(MOST_WISHES)], EARLY)
    assert len(most) == MOST_WISHES
    assert added(most, ["one more.wav"], LATE) == [Wish(EVERYTHING, EARLY)]


@pytest.mark.parametrize(
    ("word", "unsent", "is_pattern", "expected"),
    [
        ("a.mp4", [], False, True),
        ("a.mp4", ["a.mp4"], False, False),
        ("a.mp4", ["a.mp4.txt", "b/a.mp4"], False, True),
        ("audio", ["audio/take 1.wav"], False, False),
        ("audio", ["audio2/take 1.wav"], False, True),
        (EVERYTHING, ["a.mp4"], False, False),
        (EVERYTHING, [], False, True),
        ("*.wav", ["a.mp4"], True, False),
        ("*.wav", [], True, True),
    ],
)
def test_a_wish_waits_on_while_anything_of_it_may_be_unsent(
    word: str, unsent: list[str], is_pattern: bool, expected: bool
) -> None:
    assert is_done(Wish(word, EARLY), unsent, is_pattern=is_pattern) is expected
