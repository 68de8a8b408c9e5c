"""A14 where the disk has no modes: what a file may do there says nothing, and nothing is lost on the way through it."""

from __future__ import annotations

import os

import pytest

from tests.scenarios.names.conftest import Pair
from tests.scenarios.names.test_table import PutOn

pytestmark = pytest.mark.skipif(os.name != "posix", reason="David's disk has modes")


@pytest.mark.parametrize("disk", ["windows", "mac"])
def test_a14_a_script_that_passes_through(
    people: Pair, put_on: PutOn, monkeypatch: pytest.MonkeyPatch, disk: str
) -> None:
    """Jan's Windows calls a file executable by the ending of its name; a Mac has modes as Linux does."""
    people.david.write("tool", "#!/bin/sh\n").chmod(0o755)
    people.david.write("setup.exe", "MZ").chmod(0o644)
    people.davids("up")
    put_on(disk)
    with monkeypatch.context() as patch:
        patch.setattr("s3sync.local.modes.POSIX", disk != "windows")
        assert people.run("down").exit_code == 0
        if disk == "windows":
            for name, mode in (("tool", 0o666), ("setup.exe", 0o777)):
                (people.jan.staging / name).chmod(mode)
        for name in ("tool", "setup.exe"):
            with (people.jan.staging / name).open("a") as file:
                file.write("more")
        assert people.run("up").exit_code == 0
    people.davids("down")
    for name in ("tool", "setup.exe"):
        (people.david.staging / name).unlink()
    people.davids("down")
    found = {name: bool((people.david.staging / name).stat().st_mode & 0o111) for name in ("tool", "setup.exe")}
    assert found == {"tool": True, "setup.exe": False}
    assert people.david.read("tool") == b"#!/bin/sh\nmore"
