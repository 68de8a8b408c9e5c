"""A network drive that is not mounted: no command makes a store on its empty mount point, and none says to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person


@pytest.mark.parametrize("mount_point", ["empty", "gone"])
def test_b11_no_store_is_made_on_an_empty_mount_point(tmp_path: Path, mount_point: str) -> None:
    david = Person("david", tmp_path / "david", {"S3SYNC_TRUST": ""})
    nas = tmp_path / "nas"
    david.ok("init", PROJECT, "--store", f"file://{nas}", "--repo", REPO, cwd=david.repo)
    david.write("draft.mp4", "draft")
    david.ok("up")
    nas.rename(tmp_path / "away")
    if mount_point == "empty":
        nas.mkdir()
    for words in (
        ("up",), ("status",), ("sync",), ("init", PROJECT), ("init", PROJECT, "--store", f"file://{nas}"), ("doctor",),
    ):  # fmt: skip
        cwd = david.repo if words[0] == "init" else None
        result = david.expect(1, *words, cwd=cwd)
        assert "connect the disk" in result.out + result.err, result
        assert "init" not in result.err.partition("hint:")[2].splitlines()[0] if "hint:" in result.err else True
        assert not nas.exists() or list(nas.iterdir()) == []
    if nas.exists():
        nas.rmdir()
    (tmp_path / "away").rename(nas)
    david.ok("sync")
    assert david.files().keys() == {"draft.mp4"}
