"""Many small files down: they go several at a time, and what befalls one of them is its own affair."""

from __future__ import annotations

import os

import pytest

from tests.scenarios.transfers.commands import DEADLINE_S, started
from tests.scenarios.transfers.conftest import Office, content

pytestmark = pytest.mark.seaweedfs

NAMES = [f"{number:02}.txt" for number in range(40)]
ALONE = ("down", "--transfers", "1")
"""One worker: it takes as many files at a time as it may, in the order of their names."""


@pytest.fixture
def uploaded(office: Office) -> Office:
    for seed, name in enumerate(NAMES):
        office.david.write(f"notes/{name}", content(1000 + seed, seed))
    office.david.ok("up")
    return office


def partial(office: Office) -> list[str]:
    return os.listdir(office.jan.staging / ".s3sync" / "partial")


def test_all_arrive_and_are_known(uploaded: Office) -> None:
    report = uploaded.jan.ok(*ALONE, "--json").json
    assert [item["name"] for item in report["downloaded"]] == [f"notes/{name}" for name in NAMES]
    assert uploaded.jan.files() == uploaded.david.files() and partial(uploaded) == []
    uploaded.proxy.reset_counts()
    uploaded.jan.ok("down")
    assert {request.key for request in uploaded.asked("GetObject")} == {uploaded.key("metadata.json")}


def test_f12_a_damaged_one_does_not_arrive_and_the_others_do(uploaded: Office) -> None:
    office = uploaded
    rule = office.proxy.on("GetObject", key=office.key("notes/03.txt"))
    rule.flip_byte(500)
    (failure,) = office.jan.expect(3, *ALONE, "--json").json["failed"]
    assert failure["name"] == "notes/03.txt" and "did not arrive as it was uploaded" in failure["error"]
    assert sorted(set(office.david.files()) - set(office.jan.files())) == ["notes/03.txt"]
    assert partial(office) == []
    office.proxy.remove(rule)
    office.jan.ok("down")
    assert office.jan.files() == office.david.files()


def test_f13_one_that_is_replaced_under_way_comes_as_it_is_then(uploaded: Office) -> None:
    office, theirs = uploaded, b"another version"
    office.proxy.on("GetObject", key=office.key("notes/03.txt"), nth=1).before(
        lambda request: office.put("notes/03.txt", theirs)
    )
    office.jan.ok(*ALONE)
    assert office.jan.read("notes/03.txt") == theirs and partial(office) == []
    assert office.jan.files().keys() == office.david.files().keys()


def test_a_file_that_appears_under_way_is_not_overwritten(uploaded: Office) -> None:
    """While it is fetched itself, something of its name turns up on the disk."""
    office, mine = uploaded, "my own notes"
    office.proxy.on("GetObject", key=office.key("notes/00.txt"), nth=1).before(
        lambda request: office.jan.write("notes/00.txt", mine)
    )
    result = office.jan.run(*ALONE, "--json")
    assert [item["name"] for item in result.json["conflicts"]] == ["notes/00.txt"], result
    assert office.jan.read("notes/00.txt") == mine.encode() and partial(office) == []
    others = {name: body for name, body in office.jan.files().items() if name != "notes/00.txt"}
    assert others == {name: body for name, body in office.david.files().items() if name != "notes/00.txt"}


def test_one_in_cold_storage_keeps_none_of_the_others(uploaded: Office) -> None:
    office = uploaded
    office.put("notes/03.txt", b"archived", StorageClass="GLACIER")
    rule = office.proxy.on("GetObject", key=office.key("notes/03.txt"))  # as AWS does
    rule.reply(403, "InvalidObjectState", "The operation is not valid for the object's storage class")
    (failure,) = office.jan.expect(3, *ALONE, "--json").json["failed"]
    assert failure["name"] == "notes/03.txt" and "is in cold storage" in failure["error"]
    assert sorted(set(office.david.files()) - set(office.jan.files())) == ["notes/03.txt"]


def test_a_store_that_is_gone_ends_the_run_with_what_had_come(uploaded: Office) -> None:
    """Nobody asks for the files behind the one that gets no answer, each with the whole patience again."""
    office = uploaded
    rule = office.proxy.on("GetObject", key=office.key("notes/11.txt"))
    rule.reply(403, "ExpiredToken", "The provided token has expired.")
    office.jan.expect(1, *ALONE)
    assert sorted(office.jan.files()) == [f"notes/{name}" for name in NAMES[:11]]
    asked = {request.key for request in office.asked("GetObject")}
    assert partial(office) == [] and not asked & {office.key(f"notes/{name}") for name in NAMES[12:16]}
    office.proxy.remove(rule)
    office.jan.ok("down")
    assert office.jan.files() == office.david.files()


def test_ctrl_c_stops_soon(uploaded: Office) -> None:
    office = uploaded
    with (
        office.gate("GetObject", key=office.key("notes/13.txt"), nth=1, times=99) as gate,
        started(office.jan, *ALONE) as command,
    ):
        assert gate.waiting.wait(DEADLINE_S)
        result = command.interrupt()
        asked = [request.key for request in office.asked("GetObject")].count(office.key("notes/13.txt"))
    assert (result.code, asked) == (130, 1), result
    assert sorted(office.jan.files()) == [f"notes/{name}" for name in NAMES[:13]]
    office.jan.ok("down")
    assert office.jan.files() == office.david.files() and partial(office) == []
