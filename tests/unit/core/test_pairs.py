"""Decisions about two places, as tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.entries import Entry
from s3sync.core.pairs import (
    Alike,
    Clash,
    Do,
    End,
    Left,
    Overlap,
    Step,
    Weighed,
    Why,
    Wish,
    common_root,
    gate,
    overlap,
    plan,
)
from s3sync.core.reconcile import decide
from s3sync.errors import Halt

X, Y, Z = (Entry(1, letter * 32) for letter in "abc")


def lines(wish: Wish, base: Entry | None, a: Entry | None, b: Entry | None) -> list[object]:
    made = plan([decide("p", base, a, b)], wish, lambda path: f"{path} kept")
    return [
        (line.do.value, line.to.value) if isinstance(line, Step)
        else line.why if isinstance(line, Left)
        else "clash" if isinstance(line, Clash)
        else "alike"
        for line in made
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "kept", "deleted"),
    [
        (X, None, ("copy", "b"), ("copy", "b")),
        (X, Y, ("copy", "b"), ("copy", "b")),
        (X, X, "alike", "alike"),
        (None, X, Why.ONLY_B, ("delete", "b")),
    ],
)
def test_one_way(a: Entry | None, b: Entry | None, kept: object, deleted: object) -> None:
    assert lines(Wish(), None, a, b) == [kept]
    assert lines(Wish(delete=True), None, a, b) == [deleted]


@pytest.mark.parametrize(
    ("base", "a", "b", "kept", "deleted"),
    [
        (X, X, X, ["alike"], ["alike"]),
        (X, None, None, ["alike"], ["alike"]),
        (None, X, None, [("copy", "b")], [("copy", "b")]),
        (None, None, X, [("copy", "a")], [("copy", "a")]),
        (X, Y, X, [("copy", "b")], [("copy", "b")]),
        (X, X, Y, [("copy", "a")], [("copy", "a")]),
        (X, None, X, [Why.DELETED_A], [("delete", "b")]),
        (X, X, None, [Why.DELETED_B], [("delete", "a")]),
        (X, None, Y, ["clash", ("copy", "a")], ["clash", ("copy", "a")]),
        (X, Y, None, ["clash", ("copy", "b")], ["clash", ("copy", "b")]),
        (X, Y, Z, ["clash", ("keep_both", "a")], ["clash", ("keep_both", "a")]),
        (None, X, Y, ["clash", ("keep_both", "a")], ["clash", ("keep_both", "a")]),
    ],
)
def test_both_ways(
    base: Entry | None, a: Entry | None, b: Entry | None, kept: list[object], deleted: list[object]
) -> None:
    assert lines(Wish(both=True), base, a, b) == kept
    assert lines(Wish(both=True, delete=True), base, a, b) == deleted


ENTRIES = st.sampled_from([None, X, Y, Z])


@given(base=ENTRIES, a=ENTRIES, b=ENTRIES, both=st.booleans(), delete=st.booleans())
def test_nothing_is_lost_that_only_one_place_has(
    base: Entry | None, a: Entry | None, b: Entry | None, both: bool, delete: bool
) -> None:
    """A step deletes only with --delete; both ways only what the base knew, and no edit."""
    for line in plan([decide("p", base, a, b)], Wish(both, delete), lambda path: path):
        if isinstance(line, Step) and line.do is Do.DELETE:
            assert delete and line.replaced is not None
            assert not both or line.replaced == base
        if isinstance(line, Alike):
            assert a == b


def weigh(deletions: int, files: int, other: int) -> dict[End, Weighed]:
    return {End.A: Weighed(0, other, files), End.B: Weighed(deletions, files, other)}


@pytest.mark.parametrize(
    ("weighed", "complete", "most", "passes"),
    [
        (weigh(0, 10, 0), False, None, True),
        (weigh(5, 10, 5), True, None, True),
        (weigh(6, 10, 4), True, None, False),
        (weigh(1, 10, 0), True, None, False),
        (weigh(1, 10, 9), False, None, False),
        (weigh(1, 10, 9), False, 9, False),
        (weigh(6, 10, 4), True, 6, True),
        (weigh(6, 10, 4), True, 5, False),
    ],
)
def test_the_gate(weighed: dict[End, Weighed], complete: bool, most: int | None, passes: bool) -> None:
    shown = {End.A: "./a", End.B: "./b"}
    if passes:
        gate(weighed, shown, command="s3sync sync", complete=complete, max_delete=most)
        return
    with pytest.raises(Halt):
        gate(weighed, shown, command="s3sync sync", complete=complete, max_delete=most)


def test_relations_of_addresses() -> None:
    assert overlap("/a/b", "/a/b/") is Overlap.SAME
    assert overlap("/a/b/c", "/a/b") is Overlap.A_IN_B
    assert overlap("s3://b", "s3://b/x") is Overlap.B_IN_A
    assert overlap("/a/bc", "/a/b") is None
    assert common_root("s3://b/x/y", "s3://b/x/z") == "s3://b/x"
    assert common_root("s3://b/x", "s3://c/x") == "s3:/"
