"""What is remembered of servers spares a question, and takes no protection away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.times import format_time
from s3sync.state import books, probes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERVER, BUCKET = "https://s3.example.org", "films"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


def book(env: dict[str, str]) -> Path:
    return Path(env["XDG_DATA_HOME"]) / "s3sync" / books.FOLDER / probes.FILE


def write(env: dict[str, str], content: object) -> None:
    book(env).parent.mkdir(parents=True, exist_ok=True)
    book(env).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def entry(**other: Any) -> dict[str, Any]:
    return {"endpoint": SERVER, "bucket": BUCKET, "condition": "create", "at": format_time(NOW), **other}


def test_nothing_is_known_at_first(env: dict[str, str]) -> None:
    assert probes.enforced(env, SERVER, BUCKET, NOW) == set()


def test_what_was_found_out_counts_for_that_server_and_bucket(env: dict[str, str]) -> None:
    for condition in ("create", "replace", "create"):
        probes.remember(env, SERVER, BUCKET, condition, NOW)
    assert probes.enforced(env, SERVER, BUCKET, NOW) == {"create", "replace"}
    for server, bucket in ((SERVER, "clips"), ("https://s3.example.com", BUCKET), (f"{SERVER}:9000", BUCKET)):
        assert probes.enforced(env, server, bucket, NOW) == set()
    assert book(env).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("later", "counts"),
    [(timedelta(0), True), (probes.AGE, True), (probes.AGE + timedelta(seconds=1), False), (timedelta(days=-1), False)],
)
def test_it_counts_for_a_while(env: dict[str, str], later: timedelta, counts: bool) -> None:
    """And not when it was found out in the future: the clock was wrong then, or is wrong now."""
    probes.remember(env, SERVER, BUCKET, "create", NOW)
    assert bool(probes.enforced(env, SERVER, BUCKET, NOW + later)) is counts


@pytest.mark.parametrize("server", ["http://s3.example.org", "http://127.0.0.1:9000", "http://localhost", "HTTP://nas"])
def test_a_server_without_a_certificate_may_be_another_tomorrow(env: dict[str, str], server: str) -> None:
    probes.remember(env, server, BUCKET, "create", NOW)
    assert not book(env).exists()
    write(env, {"schema": 1, "enforced": [entry(endpoint=server)]})
    assert probes.enforced(env, server, BUCKET, NOW) == set()


def test_what_is_found_otherwise_is_forgotten(env: dict[str, str]) -> None:
    for bucket in (BUCKET, "clips"):
        for condition in ("create", "replace"):
            probes.remember(env, SERVER, bucket, condition, NOW)
    probes.forget(env, SERVER, BUCKET)
    assert probes.enforced(env, SERVER, BUCKET, NOW) == set()
    assert probes.enforced(env, SERVER, "clips", NOW) == {"create", "replace"}


def test_it_is_bounded(env: dict[str, str]) -> None:
    for number in range(probes.MOST + 5):
        probes.remember(env, SERVER, f"b{number}", "create", NOW)
    known = [bool(probes.enforced(env, SERVER, f"b{number}", NOW)) for number in range(probes.MOST + 5)]
    assert known == [False] * 5 + [True] * probes.MOST


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        {"schema": 2, "enforced": [entry()]},
        {"schema": 1, "enforced": [entry(more=1)]},
        {"schema": 1, "enforced": [entry(at="yesterday")]},
        {"schema": 1, "enforced": [entry(condition=["create"])]},
        b" " * (books.MOST_BYTES + 1),
    ],
)
def test_an_odd_file_is_worth_nothing_and_is_replaced(env: dict[str, str], content: object) -> None:
    write(env, content)
    assert probes.enforced(env, SERVER, BUCKET, NOW) == set()
    probes.remember(env, SERVER, BUCKET, "replace", NOW)
    assert probes.enforced(env, SERVER, BUCKET, NOW) == {"replace"}


def test_nothing_is_read_or_written_through_a_link(env: dict[str, str], tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps({"schema": 1, "enforced": [entry()]}))
    before = elsewhere.read_bytes()
    book(env).parent.mkdir(parents=True)
    book(env).symlink_to(elsewhere)
    assert probes.enforced(env, SERVER, BUCKET, NOW) == set()
    probes.remember(env, SERVER, BUCKET, "replace", NOW)
    assert elsewhere.read_bytes() == before and not book(env).is_symlink()


def test_a_folder_that_cannot_be_written_is_no_failure(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    probes.remember(env, SERVER, BUCKET, "create", NOW)
    probes.forget(env, SERVER, BUCKET)
    assert probes.enforced(env, SERVER, BUCKET, NOW) == set()
