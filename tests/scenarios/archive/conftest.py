"""Somebody with a repository, whose archive sets the tests write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.people import Person


@pytest.fixture
def david(tmp_path: Path) -> Person:
    person = Person("david", tmp_path / "david", {})
    person.repo.mkdir(parents=True, exist_ok=True)
    return person


def at_home(person: Person) -> dict[str, str]:
    """The person's environment for this process, in which other variables lead to another home."""
    home = person.root / "home"
    return {**person.env(), "XDG_DATA_HOME": f"{home}/.local/share", "XDG_CONFIG_HOME": f"{home}/.config"}


def settings(person: Person, text: str) -> None:
    """Write the repository's settings."""
    (person.repo / ".s3sync.yaml").write_text(text)


def own_settings(person: Person, text: str) -> None:
    """Write the person's own settings."""
    path = person.root / "home" / ".config" / "s3sync" / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def put(root: Path, name: str, body: bytes = b"x", when: int = 1_705_320_000) -> Path:
    """Write a file with a time, by default 2024-01-15T12:00Z."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    os.utime(path, (when, when))
    return path
