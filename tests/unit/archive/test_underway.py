"""Files on their way onto the disk: what a killed restore left goes, what another one is writing stays."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from s3sync.archive import underway
from s3sync.archive.walk import Selection
from s3sync.core.archive.values import Pack
from s3sync.disk.guarded import GuardedFolder
from tests.unit.archive.packing import rules_of


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot get its name there")
def test_only_what_nobody_is_writing_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".s3sync-notes").write_text("a user's own")
    (tmp_path / f".s3sync-{'a' * 32}").symlink_to(".s3sync-notes")
    with GuardedFolder.open(tmp_path, shared=True) as folder:
        name, descriptor = underway.begin(folder)
        underway.sweep(folder)
        assert (tmp_path / name).exists()
        os.close(descriptor)
        underway.sweep(folder)
        assert not (tmp_path / name).exists()
    assert (tmp_path / ".s3sync-notes").read_text() == "a user's own"
    assert (tmp_path / f".s3sync-{'a' * 32}").is_symlink()


def test_it_is_never_archived(tmp_path: Path) -> None:
    selection = Selection(rules_of(Pack.TAR))
    with GuardedFolder.open(tmp_path, shared=True) as folder:
        name, descriptor = underway.begin(folder)
        os.close(descriptor)
    assert not selection.takes(name)
    assert not selection.takes(f"cal/{name}")
    assert not selection.takes_inside(f"cal/{name}", name)
    assert selection.takes(".s3sync-notes")
