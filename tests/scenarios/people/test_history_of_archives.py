"""Archive runs and restores in the history of the project whose files they concern."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.people import PROJECT, Person, pair
from tests.scenarios.people.test_history import did, entries

SETS = """
archives:
  films:
    store: {store}
    layout: "{{id}}"
    pack: tar
  raw:
    store: {store}
    source: raw/*
    layout: "raw/{{id}}"
"""


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    settings = david.repo / ".s3sync.yaml"
    settings.write_text(settings.read_text("utf-8") + SETS.format(store=(tmp_path / "vault").as_uri()), "utf-8")
    return david, jan


def test_an_archive_run_and_a_restore_are_told_with_the_next_write(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("cut/a.mp4", "a")
    david.write("b.mp4", "bb")
    (david.project / "final").mkdir()
    (david.project / "final/film.mp4").write_bytes(b"film")
    (david.repo / "raw/m42").mkdir(parents=True)
    (david.repo / "raw/m42/light.fits").write_bytes(b"of no project")
    david.ok("up")
    jan.ok("inbox")
    revision = david.ok("who", "--json").json["members"][0]["revision"]
    david.ok("archive", "run", PROJECT, "--set", "films", "--dry-run")
    david.ok("archive", "run", PROJECT, "--set", "films", "--delete-local")
    david.ok("archive", "run", "m42", "--set", "raw", cwd=david.repo)
    david.ok("restore", PROJECT, "--set", "films", "--dry-run")
    david.ok("restore", PROJECT, "--set", "films")
    david.ok("archive", "run", PROJECT, "--set", "films")
    david.ok("restore", PROJECT, "--set", "films")
    david.ok("restore", "m42", "--set", "raw", cwd=david.repo)
    assert david.ok("who", "--json").json["members"][0]["revision"] == revision, "no write of its own"
    assert did(jan, "inbox") == []
    david.write("next.txt", "n")
    david.ok("up")
    told = did(jan, "inbox", "--keep")
    assert [(by, verb) for by, verb, _ in told] == [("david", "archive run"), ("david", "restore"), ("david", "up")]
    assert sorted(told[0][2]) == ["archived ../final/film.mp4", "archived b.mp4", "archived cut/a.mp4"]
    _, restore, run = entries(jan, "inbox", "--keep")
    assert run["counts"] == {"archived": 3, "freed": 3} and run["note"] == "to archives.films"
    assert restore["counts"] == {"restored": 3} and restore["note"] == f"{PROJECT} from archives.films"
    shown = jan.ok("inbox", "--keep").out
    assert "david archived 3 files" in shown and "david restored on that computer 3 files" in shown
    assert [verb for _, verb, _ in did(jan, "log", "cut/a.mp4")] == ["up", "archive run"]


def test_a_project_that_cannot_be_told_stops_no_archive(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = both
    david.write("a.mp4", "a")
    david.ok("up")
    (tmp_path / "store").rename(tmp_path / "unplugged")
    david.ok("archive", "run", PROJECT, "--set", "films")
    assert (tmp_path / "vault" / f"{PROJECT}.tar").exists()
    (david.staging / ".s3sync/state.db").write_bytes(b"no database" * 500)
    david.ok("archive", "run", PROJECT, "--set", "films", "--force")
    assert david.ok("restore", PROJECT, "--set", "films", "--to", str(tmp_path / "back")).code == 0
    assert (tmp_path / "back" / PROJECT / "s3-staging/a.mp4").read_bytes() == b"a"
