"""Names that one of two places cannot hold: one clear error each, before anything is sent, and the others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.azurite import Azurite, lacking
from tests.kit.google import FakeGcs
from tests.scenarios.pairs.clouds import Azure, Google
from tests.scenarios.pairs.desk import Desk

pytestmark = [pytest.mark.seaweedfs, pytest.mark.gcs, pytest.mark.azurite]
LONG = "/".join(["n" * 200] * 5) + "/the very end.mov"
"""1,021 bytes: with what a place lies below more than a key has."""


@pytest.fixture
def sky(desk: Desk, azurite: Azurite, gcs: FakeGcs) -> Desk:
    desk.clouds |= {"azurite": Azure(azurite), "gcs": Google(gcs)}
    desk.environ |= azurite.environment()
    settings = f"store: gs://{gcs.bucket}\nrepo: r\nendpoint_url: {gcs.endpoint_url}\n"
    (desk.work / ".s3sync.yaml").write_text(settings)
    return desk


CANNOT = [
    ("folder", "azurite", {"end.": "drops a dot", "cut./in.mov": "drops a dot", LONG: "1 to 1,024 characters"}),
    ("folder", "gcs", {LONG: "1 to 1,024 bytes"}),
    ("gcs", "azurite", {"end.": "drops a dot", "c:/in.mov": "drive", "x/../up.mov": "elsewhere"}),
    ("azurite", "folder", {"c:/in.mov": "drive", "n" * 256: "255 bytes"}),
    ("gcs", "folder", {"c:/in.mov": "drive", "x/../up.mov": "elsewhere", "tab\tin": "control character"}),
]


@pytest.mark.skipif(lacking() is not None, reason=str(lacking()))
@pytest.mark.parametrize(("one", "two", "names"), CANNOT, ids=lambda said: said if isinstance(said, str) else "")
def test_what_a_place_cannot_hold_is_said_and_the_others_go_on(
    sky: Desk, one: str, two: str, names: dict[str, str]
) -> None:
    a, b = sky.place(one, "a"), sky.place(two, "b")
    for name in ("fine.mov", *names):
        a.put(name, b"kept")
    before = a.files()
    for more in (["--dry-run"], [], ["--bidirectional", "--delete"]):
        told = sky.run("sync", a, b, *more, "--json", code=3).json
        failed = {item["name"]: item["error"] for item in told["failed"]}
        assert failed.keys() == names.keys(), (more, told)
        for name, why in names.items():
            assert why in failed[name], (more, failed)
        assert [item["name"] for item in told["copied"]] == (["fine.mov"] if more in ([], ["--dry-run"]) else [])
        assert told["deleted"] == [] and a.files() == before
        assert b.files() == ({} if more == ["--dry-run"] else {"fine.mov": b"kept"})
    assert not Path(sky.work / "up.mov").exists()
