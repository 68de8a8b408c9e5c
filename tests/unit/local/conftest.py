"""A staging folder, and what a test does to it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from s3sync.local.scan import LocalFile, found_file

Put: TypeAlias = Callable[..., LocalFile]
NOBODY = 65534


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / "s3-staging"
    folder.mkdir()
    return folder


def local_file(path: Path) -> LocalFile:
    status = path.lstat()
    depth = len(path.parts) - 1 - path.parts.index("s3-staging") if "s3-staging" in path.parts else 1
    return found_file(str(path), status, depth)


@pytest.fixture
def put(staging: Path) -> Put:
    """Write a file into the staging folder, and return it as a scan would."""

    def write(path: str, content: bytes = b"content", mtime_ns: int = 1_700_000_000_123_456_789) -> LocalFile:
        target = staging / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        os.utime(target, ns=(mtime_ns, mtime_ns))
        return local_file(target)

    return write


@contextmanager
def ordinary_user() -> Iterator[None]:
    """For root, whom no permission stops, the rights of nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A staging folder that `ordinary_user` reaches and owns; pytest's own folders are for one user only."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        staging = folder / "s3-staging"
        staging.mkdir()
        if os.geteuid() == 0:
            os.chown(staging, NOBODY, NOBODY)
        yield staging
