"""The file of trusted places under several writers, at its bounds, and where it cannot be written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import json
from msgspec.structs import fields

from s3sync.errors import ConfigError, LocalError
from s3sync.trust import Place, forget, read_book, remember
from s3sync.trust.book import MOST_PLACES, SCHEMA, Book, Remembered, book_path

WRITER = """
import os, sys
from s3sync.trust import Place, remember
for number in range(10):
    assert remember(Place(repository=f"/{sys.argv[1]}/{number}", store="s3://b"), os.environ)
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


def test_f47_writers_at_once_lose_nothing(environ: dict[str, str]) -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", WRITER]
    writers = [
        subprocess.Popen([*command, str(number)], env={**environ, "PYTHONPATH": str(root)}) for number in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    assert len(read_book(environ)) == 40
    assert {path.name for path in book_path(environ).parent.iterdir()} <= {"places.json", "lock"}


def test_f47_the_oldest_of_too_many_is_asked_about_again(environ: dict[str, str]) -> None:
    remember(Place(repository="/first", store="s3://b"), environ)
    full = tuple(Remembered(repository=f"/{number}", store="s3://b", at="x") for number in range(MOST_PLACES))
    book_path(environ).write_bytes(json.encode(Book(SCHEMA, full)))
    assert remember(Place(repository="/new", store="s3://b"), environ)
    known = [place.repository for place in read_book(environ)]
    assert len(known) == MOST_PLACES and known[-1] == "/new" and "/0" not in known


@pytest.mark.parametrize("closed", ["", "trust", "trust/places.json"])
def test_f47_what_may_not_be_read_is_not_to_be_removed(
    environ: dict[str, str], closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `sudo s3sync`: `rm` is refused there as well, and with sudo it would forget every answer."""
    remember(Place(repository="/r", store="s3://b"), environ)
    opened, above = os.open, os.fspath(book_path(environ).parents[1])

    def refuse(path: Any, *words: Any, **more: Any) -> int:
        if closed in (os.fspath(path), "") or os.fspath(path) in (f"{above}/{closed}", closed.rpartition("/")[2]):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return opened(path, *words, **more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ConfigError) as refused:
        read_book(environ)
    assert refused.value.why == "permission denied" and "rm " not in str(refused.value.hint)


def test_every_part_of_a_place_counts(environ: dict[str, str]) -> None:
    parts: dict[str, Any] = {
        "repository": "/r", "store": "s3://b", "endpoint": "https://h", "profile": "p", "kms_key": "k", "name": "n",
        "repository_keys": False, "database_of": "media", "statements": "0f",
    }  # fmt: skip
    assert parts.keys() == {field.name for field in fields(Place)}
    assert remember(Place(**parts), environ)
    assert not remember(Place(**parts), environ)
    for name in parts:
        assert remember(Place(**{**parts, name: True if name == "repository_keys" else "other"}), environ)
    assert len(forget("/r", environ)) == len(parts)
    assert [place.repository for place in read_book(environ)] == ["other"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="what you trust") as caught:
        remember(Place(repository="/r", store="s3://b"), {"XDG_DATA_HOME": str(tmp_path / "file")})
    assert "S3SYNC_TRUST=1" in (caught.value.hint or "")
