"""Patterns to ignore that came from the remote may hide files from every run, and every run says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person, pair

RULES = ".s3syncignore"


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("cut/a.mov", "a")
    david.write("b.mov", "b")
    david.ok("up")
    return david, jan


def warned(person: Person, *words: str) -> list[str]:
    return [text for text in person.ok(*words, "--json").json["warnings"] if "not synced" in text]


@pytest.mark.parametrize("rules", ["*.mov\n", "*\n!.s3syncignore\n", "*\n", "/b.mov\n/cut/\n"])
def test_f48_what_arrived_rules_hide_is_said_by_every_command(
    people: tuple[Person, Person], tmp_path: Path, rules: str
) -> None:
    """Whoever they say to be from, and where they hide themselves."""
    david, _ = people
    (tmp_path / "store" / REPO / PROJECT / RULES).write_text(rules)
    david.ok("down")
    david.write("b.mov", "edited")
    for words in (("status",), ("up",), ("sync", "--dry-run"), ("sync",), ("down",), ("status",)):
        (told,) = warned(david, *words)
        assert "b.mov" in told and RULES in told
    assert "b.mov" in david.ok("status").err


def test_ones_own_rules_are_ones_own(people: tuple[Person, Person]) -> None:
    """Before and after they are sent; to the others they are somebody else's, also once these edit and send them."""
    david, jan = people
    jan.ok("down")
    david.write("take.raw", "raw")
    jan.write("take.raw", "raw")
    david.write(RULES, "*.raw\n")
    for words in (("status",), ("up",), ("status",), ("sync",)):
        assert warned(david, *words) == []
    jan.ok("down")
    assert "take.raw" in warned(jan, "status")[0]
    jan.write(RULES, "*.raw\n*.bak\n")
    jan.ok("up")
    assert warned(jan, "status") == []
    david.ok("sync")
    assert "take.raw" in warned(david, "status")[0]


def test_rules_of_the_repository_and_rules_that_hide_nothing_are_not_told(people: tuple[Person, Person]) -> None:
    david, jan = people
    for person in people:
        (person.repo / RULES).write_text("*.raw\n")
        person.write("take.raw", "raw")
    david.write(RULES, "*.raw\n*.old\n")
    david.ok("up")
    jan.ok("sync")
    assert warned(jan, "status") == [] == warned(jan, "up")
