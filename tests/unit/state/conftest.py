"""A store in a folder, and an empty project in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.store import Store, StoreOptions, open_store

PREFIX = "v-appydave/b63-flivideo/"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store((tmp_path / "store").as_uri(), StoreOptions(create=True))
