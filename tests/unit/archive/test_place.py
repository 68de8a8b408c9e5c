"""Links that are restored: made once, also where another restore makes the same one at that moment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from s3sync.archive.place import Destination, Placed, Target
from s3sync.core.archive.values import Kind, Member
from s3sync.disk.guarded import GuardedFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="makes links")
LINK = Member("to", Kind.LINK, 0, 0o777, 0, target="log.txt")


@pytest.mark.parametrize(("meanwhile", "placed"), [("log.txt", Placed.SAME), ("other.txt", Placed.BESIDE)])
def test_a_link_that_another_restore_makes_meanwhile_is_looked_at(
    meanwhile: str, placed: Placed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    symlink = GuardedFolder.symlink

    def late(folder: GuardedFolder, target: str, name: str) -> None:
        (tmp_path / name).symlink_to(meanwhile)
        symlink(folder, target, name)

    monkeypatch.setattr(GuardedFolder, "symlink", late)
    assert Target(Destination(tmp_path), "now").link(LINK) is placed
    assert os.fspath((tmp_path / "to").readlink()) == meanwhile
