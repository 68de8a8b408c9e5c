"""Pairs with Azure, Google Cloud and rclone: both ways, byte for byte, with conflicts, deletions and bytes counted."""

from __future__ import annotations

import random

import pytest

from tests.kit.azurite import lacking
from tests.kit.google import FakeGcs, recording
from tests.kit.remotes import Remotes
from tests.scenarios.pairs.clouds import Azure, Google
from tests.scenarios.pairs.desk import Desk

pytestmark = [pytest.mark.seaweedfs, pytest.mark.gcs, pytest.mark.rclone]
needs_azurite = [pytest.mark.azurite, pytest.mark.skipif(lacking() is not None, reason=str(lacking()))]
PAIRS = [
    ("folder", "gcs"),
    ("rclone", "folder"),
    ("gcs", "sea"),
    ("sea", "rclone"),
    ("rclone", "gcs"),
    pytest.param("azurite", "folder", marks=needs_azurite),
    pytest.param("sea", "azurite", marks=needs_azurite),
    pytest.param("azurite", "gcs", marks=needs_azurite),
    pytest.param("rclone", "azurite", marks=needs_azurite),
]
"""Each two of folder, S3, Azure, Google Cloud and rclone; a folder with S3 is in test_both_ways.py."""
MIB = 1024 * 1024
LARGE = random.Random(11).randbytes(9 * MIB)


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
    files = {name: name.encode() for name in ("edited a", "sub/edited b", "gone a", "gone b", "both", "stays")}
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
    a.drop("gone a")
    b.drop("gone b")
    a.put("both", b"both, by a")
    b.put("both", b"both: by b")
    told = sky.run("sync", a, b, "--bidirectional", "--delete", "--json", code=4).json
    kept_as = told["conflicts"][0]["kept_as"]
    wanted = {**files, "edited a": b"by a", "sub/edited b": b"by b", "both": b"both: by b", kept_as: b"both, by a"}
    del wanted["gone a"], wanted["gone b"]
    assert a.files() == b.files() == wanted
    assert told["bytes_moved"] < len(LARGE)
    assert a.trash()["gone b"] == b"gone b" and b.trash()["gone a"] == b"gone a"
    assert b.trash()["edited a"] == b"edited a"
    nothing = sky.run("sync", b, a, "--bidirectional", "--delete", "--json").json
    assert (nothing["copied"], nothing["deleted"], nothing["conflicts"]) == ([], [], [])
    assert nothing["bytes_moved"] == 0
    assert sky.run("check", a, b, "--json").json["same"] is True


@pytest.mark.parametrize(("one", "two"), [pytest.param("azurite", "gcs", marks=needs_azurite)])
def test_a_line_that_breaks_between_two_clouds(sky: Desk, gcs: FakeGcs, one: str, two: str) -> None:
    """A part arrives and a second one's answer is lost, then all is refused: the next run sends the rest. Then the way
    back, on which two answers break off."""
    a, b, back = sky.place(one, "a"), sky.place(two, "b"), sky.place(one, "back")
    body = LARGE * 3
    a.put("large.mov", body)
    with recording(gcs.endpoint_url) as line:
        (sky.work / ".s3sync.yaml").write_text(f"store: {b.word}\nrepo: r\nendpoint_url: {line.url}\n")
        line.change("POST", "/upload/", dict, times=2)  # that it begins, and a part
        line.lose("POST", "/upload/")
        for _ in range(20):
            line.answer("POST", "/upload/", 403, "{}")
        sky.run("copy", a, b, code=3)
        assert b.files() == {}
        line.mend()
        line.requests.clear()
        done = sky.run("copy", a, b, "--json").json
        assert len(body) - done["bytes_moved"] in (8 * MIB, len(body) % (8 * MIB))
        assert len(line.all("POST", "/upload/")) == 3 and len(line.all("POST", "/compose")) == 1
        assert b.files() == {"large.mov": body} and gcs.names(f"{sky.tag}/.s3sync/multipart/") == []

        line.requests.clear()
        for _ in range(2):
            line.lose("GET", "large%2Emov")
        done = sky.run("copy", b, back, "--json").json
        assert len(line.all("GET", "large%2Emov")) == 4 + 2
        assert (back.files(), done["bytes_moved"]) == ({"large.mov": body}, len(body))
