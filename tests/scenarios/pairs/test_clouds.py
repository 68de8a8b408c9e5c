"""Pairs with Azure, Google Cloud and rclone: both ways, byte for byte, with conflicts, deletions and bytes counted."""

from __future__ import annotations

import random

import pytest

from tests.kit.azurite import lacking
from tests.kit.remotes import Remotes
from tests.scenarios.pairs.clouds import Azure, Google
from tests.scenarios.pairs.desk import Desk

pytestmark = [pytest.mark.seaweedfs, pytest.mark.gcs, pytest.mark.rclone]
needs_azurite = [pytest.mark.azurite, pytest.mark.skipif(lacking() is not None, reason=str(lacking()))]
PAIRS = [
    ("folder", "gcs"),
    ("gcs", "sea"),
    ("sea", "rclone"),
    ("rclone", "gcs"),
    pytest.param("azurite", "folder", marks=needs_azurite),
    pytest.param("sea", "azurite", marks=needs_azurite),
    pytest.param("azurite", "gcs", marks=needs_azurite),
]
LARGE = random.Random(11).randbytes(9 * 1024 * 1024)


@pytest.fixture
def sky(desk: Desk, request: pytest.FixtureRequest, remotes: Remotes) -> Desk:
    """The desk with the clouds that the test names."""
    one, two = (request.node.callspec.params[name] for name in ("one", "two"))
    if "azurite" in (one, two):
        server = request.getfixturevalue("azurite")
        desk.clouds["azurite"] = Azure(server)
        desk.environ |= server.environment()
    if "gcs" in (one, two):
        google = request.getfixturevalue("gcs")
        desk.clouds["gcs"] = Google(google)
        settings = f"store: gs://{google.bucket}\nrepo: r\nendpoint_url: {google.endpoint_url}\n"
        (desk.work / ".s3sync.yaml").write_text(settings)  # a server of the kind of its store, and of no other
    desk.remotes = remotes
    desk.environ["RCLONE_CONFIG"] = str(remotes.config)
    return desk


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=lambda kind: kind)
def test_two_kinds_agree(sky: Desk, one: str, two: str) -> None:
    a, b = sky.place(one, "a"), sky.place(two, "b")
    files = {name: name.encode() for name in ("edited a", "sub/edited b", "gone", "both", "stays")}
    files["large.mov"] = LARGE
    for name, body in files.items():
        a.put(name, body)
    done = sky.run("sync", a, b, "--bidirectional", "--json").json
    assert b.files() == a.files() == files
    assert done["bytes_moved"] in (total := sum(map(len, files.values())), total + len(LARGE))  # read once to be told
    again = sky.run("sync", a, b, "--json").json
    assert (again["bytes_moved"], again["alike"]["files"]) == (0, len(files))

    a.put("edited a", b"by a")
    b.put("sub/edited b", b"by b")
    b.drop("gone")
    a.put("both", b"both, by a")
    b.put("both", b"both: by b")
    told = sky.run("sync", a, b, "--bidirectional", "--delete", "--json", code=4).json
    kept_as = told["conflicts"][0]["kept_as"]
    wanted = {**files, "edited a": b"by a", "sub/edited b": b"by b", "both": b"both: by b", kept_as: b"both, by a"}
    del wanted["gone"]
    assert a.files() == b.files() == wanted
    assert a.trash()["gone"] == b"gone" and b.trash()["edited a"] == b"edited a"
    assert sky.run("check", a, b, "--json").json["same"] is True
