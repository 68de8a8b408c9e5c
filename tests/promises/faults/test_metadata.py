"""F26 through the command line: a metadata.json that cannot be trusted is refused, within bounds, and never empty."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.promises.faults.conftest import open_project, standing

MIB = 1024 * 1024
KINDS = {
    "500 MB": None,
    "deeply nested": b'{"colour": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "nested as deep as it can be read": b'{"files": [], "colour": ' + b"[" * 500 + b"]" * 500 + b"}",
    "truncated": b'{"schema": 1, "files": [{"name": "a.mp4", "size_by',
    "of the wrong type": b'{"files": {"a.mp4": 1}}',
    "newer": b'{"schema": 99, "files": []}',
}


@pytest.mark.parametrize("kind", KINDS)
def test_f26_it_is_refused_in_little_memory_and_nothing_is_done(
    people: tuple[Person, Person], tmp_path: Path, kind: str
) -> None:
    david, jan = people
    for name in ("a.mp4", "b.mp4"):
        david.write(name, name)
    open_project(david).up()
    open_project(jan).down()
    metadata = tmp_path / "store" / REPO / PROJECT / "metadata.json"
    body = KINDS[kind]
    if body is None:
        os.truncate(metadata, 500 * MIB)
    else:
        metadata.write_bytes(body)
    before = metadata.stat()
    (jan.staging / "b.mp4").unlink()
    if shutil.which("prlimit"):
        jan.launcher = ["prlimit", f"--as={700 * MIB}"]
    with standing(jan):
        result = jan.expect(1, "sync", "--max-delete", "9", "--json")
    error = result.json["error"]
    assert error["type"] == "ManifestError" and error["hint"], error
    assert (metadata.stat().st_size, metadata.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert (metadata.parent / "b.mp4").read_text() == "b.mp4"
