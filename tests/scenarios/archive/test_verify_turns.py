"""`archive verify --sample` and `--older-than`: by turns, so that each archive is looked at within the period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from s3sync.archive.catalogue import Catalogue, catalogue_path
from s3sync.archive.catalogue.turns import BY_TURNS
from s3sync.core.archive.records import LogEntry
from s3sync.core.times import format_time
from tests.kit.people import Person
from tests.kit.receiver import chat
from tests.scenarios.archive.conftest import at_home, own_settings, put, settings

SET = """
archives:
  sessions:
    store: {store}
    source: raw/*
    layout: "raw/{{id}}"
    pack: tar
    verify_within: 30d
"""
COUNT = 10


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def archived(david: Person, vault: Path) -> Person:
    settings(david, SET.format(store=vault.as_uri()))
    for number in range(COUNT):
        put(david.repo, f"raw/m{number}/light.fits", b"x" * number)
    david.ok("archive", "run", cwd=david.repo)
    return david


def catalogue_of(person: Person, vault: Path) -> Catalogue:
    return Catalogue(catalogue_path(vault.as_uri(), None, at_home(person)))


def verified(person: Person, *words: str, code: int = 0) -> list[str]:
    found = person.expect(code, "archive", "verify", *words, "--json", cwd=person.repo).json
    return [one["unit"] for one in found["archives"]]


@pytest.mark.parametrize("deep", [False, True])
def test_each_archive_has_its_turn_before_any_has_a_second(deep: bool, archived: Person) -> None:
    """Also where all are looked at in between, as by a nightly `verify --all`."""
    words = ["--sample", "20%", *(["--deep"] if deep else [])]
    found: list[str] = []
    for number in range(5):
        found += verified(archived, *words)
        if deep and number == 2:
            verified(archived, "--all")
    assert sorted(found) == [f"m{number}" for number in range(COUNT)]


def test_one_that_is_gone_is_told_and_holds_nobody_up(archived: Person, vault: Path) -> None:
    for name in ("raw/m0.tar", "raw/m0.tar.index.json"):
        (vault / name).unlink()
    assert verified(archived, "--sample", "20%", code=3) == ["m0", "m1"]
    told = archived.ok("archive", "verify", "--sample", "20%", "-v", cwd=archived.repo)
    assert "m2" in told.out and "m3" in told.out
    assert "wrong when last looked at: m0" in told.err
    assert verified(archived, "m0", code=3) == ["m0"]


def test_a_sample_that_is_too_small_for_the_period_is_told(archived: Person, vault: Path) -> None:
    said = archived.ok("archive", "verify", "--sample", "10%", cwd=archived.repo)
    assert "1 of 10 archives, all of them in 10 runs" in said.out and "at least every 3d" in said.out
    assert "warning" not in said.err
    with catalogue_of(archived, vault) as catalogue:
        catalogue.execute("UPDATE log SET at = '2024-01-01T00:00:00Z' WHERE action = ?", BY_TURNS)
        at = format_time(datetime.now(UTC) - timedelta(days=6))
        catalogue.note(LogEntry(at, "david", BY_TURNS, "sessions", "", ""))
    late = archived.ok("archive", "verify", "--sample", "10%", cwd=archived.repo)
    assert "runs 6d apart take longer than 30d" in late.err and "--sample 20% does" in late.err
    with catalogue_of(archived, vault) as catalogue:
        catalogue.execute("UPDATE archive SET uploaded_at = '2024-01-01T00:00:00Z', verified_at = NULL")
    overdue = archived.ok("archive", "verify", "--sample", "10%", "--json", cwd=archived.repo).json["turns"][0]
    assert (overdue["overdue"], overdue["too_small"], overdue["looked_at"]) == (9, True, 1)
    assert len(verified(archived, "--older-than", "30d")) == 9
    rest = archived.ok("archive", "verify", "--older-than", "30d", cwd=archived.repo)
    assert "none of 10 archives is due" in rest.out


def test_a_run_by_turns_is_told_elsewhere(archived: Person, vault: Path) -> None:
    pytest.importorskip("apprise")
    (vault / "raw/m0.tar").unlink()
    with chat() as room:
        own_settings(archived, f"notify: ['json://127.0.0.1:{room.port}/x']\n")
        archived.expect(3, "archive", "verify", "--sample", "20%", cwd=archived.repo)
        archived.ok("archive", "verify", "m1", cwd=archived.repo)
    assert len(room.got) == 1
    assert "verified 1 archive" in room.text and "1 could not be verified" in room.text and "m0" in room.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sample", "2"], "no share"),
        (["--sample", "0%"], "no share"),
        (["--older-than", "soon"], "no duration"),
        (["--sample", "2%", "m0"], "go without UNIT"),
        (["--sample", "2%", "--all"], "go without UNIT"),
        (["--sample", "2%", "--set", "nosuch"], "nosuch"),
    ],
)
def test_bad_words_change_nothing(words: list[str], said: str, archived: Person) -> None:
    assert said in archived.expect(2, "archive", "verify", *words, cwd=archived.repo).err
