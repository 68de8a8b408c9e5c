"""Content that the server or the disk has already under another name is copied there: nothing of it travels."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5

import pytest

from tests.kit.people import mtimes
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

LITTLE = 100_000
SIZES = {"day 1/clip.mov": 2 * MIB, "day 1/film.mp4": PART + 5 * MIB}


@pytest.fixture
def shared(office: Office) -> Office:
    for seed, (name, size) in enumerate(SIZES.items()):
        office.david.write(name, content(size, seed))
    for number in range(5):
        office.david.write(f"stays/{number}.txt", f"note {number}")
    office.david.ok("up")
    office.jan.ok("down")
    office.proxy.reset_counts()
    return office


def rename(office: Office) -> None:
    (office.david.staging / "day 1").rename(office.david.staging / "day one (good)")


def duplicate(office: Office) -> None:
    for name in SIZES:
        office.david.write(f"again/{name}", office.david.read(name))


@pytest.mark.parametrize(
    ("act", "up", "down"),
    [(rename, "sync", "sync"), (duplicate, "sync", "sync"), (rename, "up", "down"), (duplicate, "up", "down")],
)
def test_nothing_of_it_travels(shared: Office, act: Callable[[Office], None], up: str, down: str) -> None:
    office = shared
    act(office)
    sent = office.david.ok(up, "--json").json
    assert office.proxy.sent < LITTLE and office.proxy.received < LITTLE
    assert office.proxy.counts["CopyObject"].requests >= 2 and office.proxy.counts["UploadPart"].requests == 0
    assert sent["bytes_sent"] == 0 and sent["bytes_saved"] == sum(SIZES.values())
    office.proxy.reset_counts()
    got = office.jan.ok(down, "--json").json
    assert office.proxy.sent < LITTLE and office.proxy.received < LITTLE
    assert got["bytes_received"] == 0 and got["bytes_saved"] == sum(SIZES.values())
    here, there = office.david.files(), office.jan.files()
    assert here.items() <= there.items() and (down == "down" or here == there)
    times = mtimes(office.jan.staging)
    for name, mtime in mtimes(office.david.staging).items():
        assert times[name] == mtime
        metadata = office.head(name)["Metadata"]
        assert metadata["uploaded-by"] == "david" and metadata["project-id"] == "b63-flivideo"
        was_sent = name in SIZES and SIZES[name] > PART  # and hashed as it went, so that its headers do not say it
        assert metadata.get("md5") == (None if was_sent else md5(office.david.read(name)).hexdigest())
        assert office.stored(name) == office.david.read(name)
    office.jan.ok("verify", "--deep")


def test_a_duplicate_on_another_computer_is_not_sent_either(shared: Office) -> None:
    """Jan puts a copy under a name of her own: its headers are hers."""
    office = shared
    office.jan.write("picked.mov", office.jan.read("day 1/clip.mov"))
    office.jan.ok("up")
    assert office.proxy.sent < LITTLE
    assert office.head("picked.mov")["Metadata"]["uploaded-by"] == "jan"
    assert office.head("day 1/clip.mov")["Metadata"]["uploaded-by"] == "david"


def test_a_renamed_large_file_still_travels_as_a_delta(shared: Office) -> None:
    office = shared
    office.david.write("copy.mp4", office.david.read("day 1/film.mp4"))
    office.david.ok("up")
    office.jan.ok("down")
    changed = b"new" + office.david.read("copy.mp4")[3 : PART + 4 * MIB] + content(MIB, seed=9)
    office.david.write("copy.mp4", changed[:3] + changed[3:])
    office.proxy.reset_counts()
    office.david.ok("up")
    office.jan.ok("down")
    assert office.jan.read("copy.mp4") == changed


def test_a_store_that_cannot_copy_gets_the_bytes(shared: Office) -> None:
    office = shared
    office.proxy.on("CopyObject").reply(501, "NotImplemented")
    duplicate(office)
    office.david.ok("up")
    assert office.proxy.sent > sum(SIZES.values())
    assert office.stored("again/day 1/clip.mov") == office.david.read("day 1/clip.mov")


def test_the_original_is_replaced_before_it_is_copied(shared: Office) -> None:
    office = shared
    duplicate(office)
    other = content(2 * MIB, seed=77)
    office.proxy.on("CopyObject", key="*clip.mov", nth=1).before(lambda request: office.put("day 1/clip.mov", other))
    office.david.ok("up", "again/day 1/clip.mov")
    assert office.stored("again/day 1/clip.mov") == office.david.read("again/day 1/clip.mov")


def test_a_local_twin_that_changed_unseen_is_not_copied(shared: Office) -> None:
    office = shared
    duplicate(office)
    office.david.ok("up")
    office.proxy.reset_counts()

    def edit(request: object) -> None:
        with (office.jan.staging / "day 1/clip.mov").open("r+b") as stream:
            stream.write(b"jan was here")

    office.proxy.on("GetObject", key="*/metadata.json", nth=1).after(edit)
    office.jan.run("down")
    assert office.jan.read("again/day 1/clip.mov") == office.david.read("day 1/clip.mov")
    assert office.jan.read("day 1/clip.mov")[:12] == b"jan was here"
