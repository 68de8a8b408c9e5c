"""Two people whose server can be made to fail, and a store that gives up soon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from s3sync import Project
from s3sync.store.lanes import attempts, errors
from tests.kit.people import PROJECT, Person, pair
from tests.scenarios.transfers.conftest import new_office, office

__all__ = ["new_office", "office"]


def open_project(person: Person, **flags: str) -> Project:
    """The person's project in this process, where the code can be given less patience or smaller parts."""
    return Project.open(PROJECT, path=person.project, environ=person.env(), flags=flags)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, a request that keeps failing is given up after a quarter of a second, not after minutes."""
    monkeypatch.setattr(attempts, "patience", lambda failure: min(0.25, errors.patience(failure)))


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    """David and Jan, who share a folder."""
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


@contextmanager
def standing(person: Person) -> Iterator[None]:
    """Whatever happens within the block, no file of this person's staging folder is changed or gone by its end."""
    before = person.files()
    yield
    assert person.files() == before
