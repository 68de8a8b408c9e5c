"""Each two kinds of place over lines that break in the middle, both ways: whole, byte for byte, and little sent twice.

The lines count bytes, and reset the connection that carries the ones they are told: of what is sent to a store, and of
what comes from it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kit.azurite import Azurite, lacking
from tests.kit.google import FakeGcs, recording
from tests.kit.line import Line
from tests.kit.remotes import Remotes
from tests.kit.servers import SeaweedFS
from tests.scenarios.pairs.clouds import Azure, Google
from tests.scenarios.pairs.desk import Desk, Place

pytestmark = [pytest.mark.seaweedfs, pytest.mark.gcs, pytest.mark.rclone]
needs_azurite = [pytest.mark.azurite, pytest.mark.skipif(lacking() is not None, reason=str(lacking()))]
KINDS = ("folder", "sea", "azurite", "gcs", "rclone")
PAIRS = [
    pytest.param(one, two, marks=needs_azurite if "azurite" in (one, two) else [])
    for at, one in enumerate(KINDS)
    for two in KINDS[at + 1 :]
]
MIB = 1024 * 1024
FIRST, SECOND = (random.Random(seed).randbytes(10 * MIB) for seed in (21, 22))
CUTS = [2 * MIB, 5 * MIB]


class Wires:
    """A line to each server, and what a person has to set to go over it."""

    def __init__(self, servers: dict[str, str], stack: ExitStack) -> None:
        self.lines = {kind: stack.enter_context(Line(url)) for kind, url in servers.items()}

    def between(self, *kinds: str) -> list[Line]:
        return [self.lines[kind] for kind in kinds if kind in self.lines]


@pytest.fixture(scope="module")
def wires(request: pytest.FixtureRequest, seaweedfs: SeaweedFS, gcs: FakeGcs, remotes: Remotes) -> Iterator[Wires]:
    with ExitStack() as stack:
        emulated = stack.enter_context(recording(gcs.endpoint_url))  # knows the host by which the emulator is asked
        servers = {
            "sea": seaweedfs.endpoint_url,
            "gcs": emulated.url,
            "rclone": stack.enter_context(remotes.uncached()),
        }
        if lacking() is None:
            servers["azurite"] = request.getfixturevalue("azurite").endpoint_url
        yield Wires(servers, stack)


@pytest.fixture
def far(desk: Desk, request: pytest.FixtureRequest, wires: Wires, remotes: Remotes, tmp_path: Path) -> Desk:
    """The desk with every server at the end of a line."""
    gcs: FakeGcs = request.getfixturevalue("gcs")
    url = {kind: line.endpoint_url for kind, line in wires.lines.items()}
    aws = desk.person.root / "home" / ".aws" / "config"
    aws.write_text(aws.read_text().replace(desk.servers["sea"].endpoint_url, url["sea"]))
    desk.clouds["gcs"] = Google(gcs)
    (desk.work / ".s3sync.yaml").write_text(f"store: gs://{gcs.bucket}\nrepo: r\nendpoint_url: {url['gcs']}\n")
    if "azurite" in url:
        azurite: Azurite = request.getfixturevalue("azurite")
        desk.clouds["azurite"] = Azure(azurite)
        said = azurite.connection_string.replace(azurite.endpoint_url, url["azurite"])
        desk.environ["AZURE_STORAGE_CONNECTION_STRING"] = said
    config = tmp_path / "rclone.conf"
    config.write_text(remotes.config.read_text().replace(remotes.address("dav"), url["rclone"]))
    desk.environ["RCLONE_CONFIG"] = str(config)
    desk.remotes = remotes
    return desk


def place(desk: Desk, kind: str, name: str) -> Place:
    """A place of this kind; that of rclone is on its server of WebDAV."""
    found = desk.place(kind, name)
    if kind != "rclone":
        return found
    assert desk.remotes is not None
    path = f"{desk.tag}/{name}"
    below = desk.remotes.folder("dav", path)
    assert below is not None
    below.mkdir(parents=True, exist_ok=True)
    return replace(found, word=desk.remotes.url("dav", path), root=below)


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=lambda kind: kind)
def test_a_line_that_breaks_between_two_kinds(far: Desk, wires: Wires, one: str, two: str) -> None:
    a, b = place(far, one, "a"), place(far, two, "b")
    a.put("of a.mov", FIRST)
    b.put("of b.mov", SECOND)
    lines = wires.between(one, two)
    cuts = CUTS[-1:] if "rclone" in (one, two) else CUTS  # rclone waits long before it asks anew
    for line in lines:
        line.reset_counts()
        line.cut_at(sent=cuts, received=cuts)
    done = far.run("sync", a, b, "--bidirectional", "--json").json
    assert a.files() == b.files() == {"of a.mov": FIRST, "of b.mov": SECOND}
    assert sorted(item["name"] for item in done["copied"]) == ["of a.mov", "of b.mov"]
    for line in lines:
        counts = line.counts()
        assert counts.resets == 2 * len(cuts), "the line broke each way"
        assert 10 * MIB < counts.sent < 10 * MIB + CUTS[-1] + MIB // 2, "and what was there before came again at most"
        line.reset_counts()
    again = far.run("sync", b, a, "--bidirectional", "--delete", "--json").json
    assert (again["copied"], again["deleted"], again["bytes_moved"]) == ([], [], 0)
    assert all(line.counts().sent + line.counts().received < MIB // 4 for line in lines)
