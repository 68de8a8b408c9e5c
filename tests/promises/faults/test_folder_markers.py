"""F40, B1: what consoles and other programs put into a bucket for folders is passed over, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import Moto, SeaweedFS
from tests.promises.hostile.conftest import Peer, david, s3_peer  # noqa: F401 (fixtures)

COMMANDS = [
    ["status", "--exit-code"],
    ["up"],
    ["down"],
    ["sync"],
    ["verify", "--deep"],
    ["cleanup", "--yes"],
    ["status"],
]
MARKERS = {
    "the project's own": [""],
    "with a slash": ["day/", "day/two/", "empty/", "a//"],
    "of Hadoop": ["day_$folder$", "empty_$folder$", "day/two_$folder$", "_$folder$"],
    "with a plain name": ["day", "day/two"],
    "all": ["", "day/", "day", "day_$folder$", "day/two/", "day/two"],
}


@pytest.mark.seaweedfs
@pytest.mark.parametrize("kind", MARKERS)
def test_b1_f40_markers_are_passed_over_by_every_command(s3_peer: Peer, kind: str) -> None:  # noqa: F811
    person = s3_peer.david
    for name in MARKERS[kind]:
        s3_peer.put(name, b"")
    person.write("day/two/a.mov", "a")
    person.write("b.mov", "b")
    person.ok("up")
    for words in COMMANDS[1:] if "a//" in MARKERS[kind] else COMMANDS:
        result = person.ok(*words)
        assert "folder$" not in result.out + result.err and "//" not in result.out.replace("://", "")
    assert person.files().keys() == {"day/two/a.mov", "b.mov"}


@pytest.mark.parametrize("content", [b"placeholder", b" ", b"\n"])
def test_b1_f40_markers_with_a_word_in_them_are_passed_over(david: Person, moto: Moto, content: bytes) -> None:  # noqa: F811
    """Beside enough empty objects, so that the listing names them exactly."""
    prefix = f"markers-{len(content)}-{content[0]}"
    david.environ = {**moto.environment(), "S3SYNC_STORE": f"s3://{moto.bucket}/{prefix}"}
    david.write("b.mov", "b")
    for name in ("day/", "empty/", "day/two/"):
        moto.client().put_object(Bucket=moto.bucket, Key=f"{prefix}/{REPO}/{PROJECT}/{name}", Body=content)
    for number in range(6):
        moto.client().put_object(Bucket=moto.bucket, Key=f"{prefix}/{REPO}/{PROJECT}/m{number}/", Body=b"")
    for words in COMMANDS[1:]:
        david.ok(*words)


@pytest.mark.seaweedfs
@pytest.mark.parametrize("names", [["day", "day/a.mov"], ["x_$folder$"]])
def test_f40_an_empty_file_that_somebody_uploaded_is_a_file(s3_peer: Peer, names: list[str]) -> None:  # noqa: F811
    person = s3_peer.david
    person.write(names[0], "")
    person.ok("up")
    for name in names[1:]:
        s3_peer.put(name, b"below")
    result = person.run("down")
    assert (person.staging / names[0]).read_bytes() == b""
    assert result.code == (3 if names[1:] else 0)
    assert all(name in result.err for name in names[1:])


@pytest.mark.seaweedfs
def test_f40_the_repositorys_own_marker_is_no_project(s3_peer: Peer, seaweedfs: SeaweedFS) -> None:  # noqa: F811
    person = s3_peer.david
    client: Any = seaweedfs.client("jan")
    prefix = person.environ["S3SYNC_STORE"].removeprefix(f"s3://{seaweedfs.bucket}/")
    for key in (f"{prefix}/", f"{prefix}/{REPO}/", f"{prefix}/{REPO}/{PROJECT}/"):
        client.put_object(Bucket=seaweedfs.bucket, Key=key, Body=b"")
    person.write("a.mov", "a")
    person.ok("up")
    assert "''" not in person.run("down", "nosuchproject", cwd=person.repo).err
    person.ok("status", "--exit-code")
