"""Archive runs and restores in the history of the project whose files they concern."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync.disk.guarded import GuardedFolder
from s3sync.state.lock import project_lock
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


@pytest.mark.skipif(sys.platform != "linux", reason="file systems elsewhere have no such names")
def test_a_name_that_is_no_utf8_ends_no_run_and_is_told_as_escapes(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("a.txt", "a")
    david.ok("up")
    odd = Path(os.fsdecode(os.fsencode(david.project) + b"/odd/\xff\xfe.bin"))
    odd.parent.mkdir()
    odd.write_bytes(b"odd")
    (david.repo / "raw/m42").mkdir(parents=True)
    jan.ok("inbox")
    david.ok("archive", "run", PROJECT, "--set", "films")
    david.ok("archive", "run", PROJECT, "--set", "films", "--delete-local")
    assert not odd.exists()
    david.ok("restore", PROJECT, "--set", "films")
    assert odd.read_bytes() == b"odd"
    david.write("next.txt", "n")
    david.ok("up")
    run = next(files for _, verb, files in did(jan, "inbox", "--keep") if verb == "archive run")
    assert r"archived ../odd/\udcff\udcfe.bin" in run


def test_a_project_that_was_never_synced_keeps_its_events_when_files_leave_it(both: tuple[Person, Person]) -> None:
    """All that its memory holds is what is still to be told: nothing that somebody else could have put there counts."""
    david, jan = both
    david.environ = {"S3SYNC_TRUST": "0"}  # "1" believes every memory
    david.ok("trust", "--yes", cwd=david.repo)
    david.write("a.mp4", "a")
    david.ok("archive", "run", PROJECT, "--set", "films")
    david.ok("archive", "run", PROJECT, "--set", "films", "--delete-local")
    david.ok("restore", PROJECT, "--set", "films")
    again = david.ok("archive", "run", PROJECT, "--set", "films", "--delete-local")
    assert not (david.staging / "a.mp4").exists() and "not known to be yours" not in again.err
    assert [one.name for one in (david.staging / ".s3sync").glob("state*.db")] == ["state.db"]
    david.ok("restore", PROJECT, "--set", "films")
    david.ok("up")
    told = [verb for by, verb, _ in did(jan, "inbox", "--keep") if by == "david"]
    assert sorted(told) == ["archive run"] * 3 + ["restore"] * 2 + ["up"]


def test_the_first_run_that_empties_a_staging_folder_is_told(both: tuple[Person, Person]) -> None:
    david, jan = both
    jan.write("other.txt", "of the same project")
    jan.ok("up")
    david.write("cut/a.mp4", "a")
    david.ok("archive", "run", PROJECT, "--set", "films", "--delete-local", cwd=david.repo)
    assert not (david.staging / "cut").exists()
    david.ok("down", "other.txt")
    david.write("next.txt", "n")
    david.ok("up", "next.txt")
    (told,) = (one for one in entries(jan, "inbox", "--keep") if one["verb"] == "archive run")
    assert told["counts"] == {"archived": 1, "freed": 1} and told["by"] == "david"


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


def test_what_left_for_an_archive_is_deleted_at_nobodys(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("cut/a.mp4", "a")
    david.write("b.mp4", "bb")
    david.ok("up")
    jan.ok("down")
    for name in ("c.mp4", "d.mp4", "e.mp4"):
        jan.write(name, name)
    jan.ok("up")
    david.ok("archive", "run", PROJECT, "--set", "films", "--delete-local")
    david.ok("down", "c.mp4", "d.mp4", "e.mp4")  # most of what the base knew is here: the gate has nothing to halt
    states = {one["name"]: one["state"] for one in david.ok("status", "--json").json["files"]}
    assert states["cut/a.mp4"] == states["b.mp4"] == "remote_new"
    synced = david.ok("sync", "--json").json
    assert synced["deleted"] == []
    assert (david.staging / "cut/a.mp4").read_text("utf-8") == "a", "as after a cleanup, what the store has comes back"
    assert jan.ok("sync", "--json").json["deleted"] == []
    assert (jan.staging / "b.mp4").read_text("utf-8") == "bb"


def test_nothing_leaves_while_another_run_works_on_the_project(both: tuple[Person, Person]) -> None:
    david, _ = both
    david.write("a.mp4", "a")
    david.ok("up")
    with GuardedFolder.open(david.staging / ".s3sync") as room, project_lock(room, now=datetime.now(UTC)):
        refused = david.run("archive", "run", PROJECT, "--set", "films", "--delete-local")
        assert refused.code == 3 and "another s3sync is working on this project" in refused.err
        assert (david.staging / "a.mp4").read_text("utf-8") == "a"
    david.ok("archive", "run", PROJECT, "--set", "films", "--delete-local")
    assert not (david.staging / "a.mp4").exists()


def test_what_left_by_a_set_of_ones_own_is_deleted_at_nobodys_either(
    both: tuple[Person, Person], tmp_path: Path
) -> None:
    david, _ = both
    for name in ("day1/a.mp4", "day2/b.mp4", "day2/b.srt", "day3/c.mp4", "day3/d.mp4"):
        david.write(name, name)
    david.ok("up")
    config = tmp_path / "config/s3sync/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(
        f"archives:\n  own:\n    store: {(tmp_path / 'mine').as_uri()}\n    source: {david.staging}/*\n"
        '    layout: "{id}"\n    pack: tar\n    light: ["*.srt"]\n'
    )
    elsewhere = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    david.ok("archive", "run", "day2", "--set", "own", "--delete-local", cwd=tmp_path, env=elsewhere)
    states = {one["name"]: one["state"] for one in david.ok("status", "--json").json["files"]}
    assert states["day2/b.mp4"] == "remote_new"
    assert states["day2/b.srt"] == "in_sync", "it stayed, and is known"
    assert david.ok("sync", "--json").json["deleted"] == []
