"""What is remembered of lines is a number for a server, and nothing odd is taken for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from s3sync.state import books, lines

SERVER = "https://s3.example.org"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


def book(env: dict[str, str]) -> Path:
    return Path(env["XDG_DATA_HOME"]) / "s3sync" / books.FOLDER / lines.FILE


def test_a_line_is_known_by_its_server(env: dict[str, str]) -> None:
    assert lines.known_rate(env, SERVER) is None
    lines.note_rate(env, SERVER, 1_250_000.7)
    lines.note_rate(env, "https://s3.example.com", 9_000_000.0)
    assert (lines.known_rate(env, SERVER), lines.known_rate(env, "http://s3.example.org")) == (1_250_000, None)
    assert book(env).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("next_rate", "known"), [(110.0, 100), (90.0, 100), (130.0, 130), (70.0, 70), (None, 100)])
def test_what_differs_little_is_not_written_again(env: dict[str, str], next_rate: float | None, known: int) -> None:
    lines.note_rate(env, SERVER, 100.0)
    lines.note_rate(env, SERVER, next_rate)
    assert lines.known_rate(env, SERVER) == known


def test_no_more_servers_are_kept_than_anybody_has(env: dict[str, str]) -> None:
    for number in range(lines.MOST + 2):
        lines.note_rate(env, f"https://{number}.example.org", 1000.0)
    known = [lines.known_rate(env, f"https://{number}.example.org") for number in range(lines.MOST + 2)]
    assert known == [None, None, *[1000.0] * lines.MOST]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[",
        b"\xff",
        {"schema": 2, "carried": [{"server": SERVER, "rate": 5}]},
        {"schema": 1, "carried": [{"server": SERVER, "rate": 0}]},
        {"schema": 1, "carried": [{"server": SERVER, "rate": -5}]},
        {"schema": 1, "carried": [{"server": SERVER, "rate": 1 << 40}]},
        {"schema": 1, "carried": [{"server": SERVER, "rate": 1e400}]},
        {"schema": 1, "carried": [{"server": SERVER, "rate": "5"}]},
        {"schema": 1, "carried": [{"server": SERVER, "rate": 5, "run": "x"}]},
        b" " * (books.MOST_BYTES + 1),
    ],
)
def test_what_is_odd_counts_as_not_known(env: dict[str, str], content: Any) -> None:
    book(env).parent.mkdir(parents=True)
    book(env).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    assert lines.known_rate(env, SERVER) is None
    lines.note_rate(env, SERVER, 1000.0)
    assert lines.known_rate(env, SERVER) == 1000


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    env = {"XDG_DATA_HOME": str(tmp_path / "data")}
    (tmp_path / "data").write_text("a file")
    lines.note_rate(env, SERVER, 1000.0)
    assert lines.known_rate(env, SERVER) is None
