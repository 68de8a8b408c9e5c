"""Sets of other shapes than the presets': groups, deep globs, packed files. Sent, removed here, restored the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.cameras import frame
from tests.kit.people import Person
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_presets import tree

FRAMES = """
    source: frames
    unit: group
    group: "{object}_{night}"
    layout: "raw/{year}/{id}"
    select: ["*.fits"]
    sidecars: ["*.txt"]
    timezone: Europe/Berlin
"""
SHAPES = {
    "groups": FRAMES + "    pack: tar\n",
    "groups of objects": FRAMES + "    pack: none\n",
    "a deep glob": '    source: raw/*/*\n    layout: "{path}"\n    pack: tar.zst\n',
    "a deep glob of objects": '    source: raw/*/*\n    layout: "all/{path}"\n    pack: none\n',
    "a folder of folders": '    source: raw\n    layout: "{id}"\n    pack: tar.gz\n',
    "packed files": '    source: raw\n    unit: file\n    pack: tar.gz\n    sidecars: ["*.xmp"]\n',
    "files in a glob": '    source: raw/*\n    unit: file\n    layout: "f/{path}"\n',
    "selected files of folders": '    source: raw/*\n    select: ["*.fits"]\n    layout: "{id}"\n    pack: tar\n',
}


def prepare(root: Path) -> None:
    for name, date in (("a", "2024-01-15T22:00:00"), ("b", "2024-01-16T02:00:00"), ("sub/c", "2024-01-16T21:00:00")):
        frame(root / "frames" / f"{name}.fits", {"OBJECT": "M 31", "DATE-OBS": date})
    put(root, "frames/a.txt", b"seeing")
    for name in ("2024/m31/a.fits", "2024/m31/x/b.fits", "2024/m42/a.fits", "2025/m31/a.fits", "2025/m31/a.xmp"):
        put(root, f"raw/{name}", name.encode() * 1000)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_set_of_any_shape_comes_back_as_it_was(david: Person, tmp_path: Path, shape: str) -> None:
    prepare(david.repo)
    settings(david, f"archives:\n  a:\n    store: file://{tmp_path}/vault\n{SHAPES[shape]}")
    before = tree(david.repo)
    sent = david.ok("archive", "run", "--delete-local", "--json", cwd=david.repo).json["units"]
    assert len(sent) >= 2 and {unit["state"] for unit in sent} == {"sent"}
    assert len(tree(david.repo)) < len(before)
    assert david.ok("archive", "run", "--json", cwd=david.repo).json["exit_code"] == 0
    david.ok("archive", "verify", "--deep", cwd=david.repo)
    for unit in sent:
        david.ok("restore", unit["unit"], "--yes", cwd=david.repo)
    assert tree(david.repo) == before
    again = david.ok("archive", "run", "--json", cwd=david.repo).json["units"]
    assert {unit["unit"]: unit["state"] for unit in again} == {unit["unit"]: "archived" for unit in sent}
