"""A long run publishes what it has done now and then, and spends no more bytes on that than it is worth."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync import Project
from s3sync.core.manifest.edits import Edits
from s3sync.core.manifest.record import Manifest
from s3sync.shared.manifest import Kept, StoredManifest, write_edits
from s3sync.store.port import Store
from s3sync.sync import record
from tests.kit.people import Person, pair

KIB = 1024


@pytest.fixture
def david(tmp_path: Path) -> Person:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})[0]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of changes each time that metadata.json is written. A save is due after each file."""
    told: list[int] = []

    def counted(
        store: Store, prefix: str, stored: StoredManifest, edits: Edits, seen: Manifest, kept: Kept
    ) -> StoredManifest:
        told.append(len(edits.files) + len(edits.deleted))
        return write_edits(store, prefix, stored, edits, seen, kept)

    monkeypatch.setattr(record, "write_edits", counted)
    monkeypatch.setattr(record, "SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(record, "SAVING_SHARE", 1.0)
    return told


def opened(person: Person) -> Project:
    return Project.open(path=person.project, environ=person.env())


def test_small_files_are_told_of_once_at_the_end(david: Person, published: list[int]) -> None:
    """metadata.json has as many bytes as many of them: it was sent every half a minute."""
    for number in range(40):
        david.write(f"{number}.txt", b"x" * KIB)
    opened(david).up()
    assert published == [40]


def test_large_ones_are_told_of_as_they_arrive(david: Person, published: list[int]) -> None:
    for number in range(10):
        david.write(f"{number}.mov", b"x" * (64 * KIB + number))
    opened(david).up()
    assert sum(published) == 10 and len(published) > 5


@pytest.mark.parametrize("reason", ["deletions", "time"])
def test_some_things_are_told_whatever_it_costs(
    david: Person, published: list[int], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        david.write(f"{number}.txt", b"x" * KIB + bytes([number]))
    if reason == "time":
        monkeypatch.setattr(record, "HIDDEN_S", 0.0)
        opened(david).up()
    else:
        opened(david).up()
        published.clear()
        for number in range(9):
            (david.staging / f"{number}.txt").unlink()
        opened(david).sync()
    assert len(published) > 5
