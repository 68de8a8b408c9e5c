"""`s3sync transfers`: what is unfinished, ours and foreign, and how it is ended."""

from __future__ import annotations

import threading

import pytest

from tests.scenarios.transfers.commands import parts_remembered, started, until
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

OURS, FOREIGN = "a.mp4", "left/behind é.mov"


def foreign_upload(office: Office, name: str = FOREIGN) -> str:
    """As another tool, or another computer, leaves it behind."""
    key = office.key(name)
    upload_id: str = office.s3.create_multipart_upload(Bucket=office.server.bucket, Key=key)["UploadId"]
    office.s3.upload_part(Bucket=office.server.bucket, Key=key, UploadId=upload_id, PartNumber=1, Body=content(5 * MIB))
    return upload_id


@pytest.fixture
def broken(office: Office) -> Office:
    """David's upload broken off after one of two parts, and a foreign one below the same prefix."""
    office.david.write(OURS, content(2 * PART))
    with office.gate("UploadPart", nth=2, times=99), started(office.david, "up") as command:
        until(lambda: parts_remembered(office.david) == 1, "one part")
        command.kill()
    foreign_upload(office)
    return office


def test_ours_and_foreign_ones_are_listed(broken: Office) -> None:
    found = broken.david.ok("transfers", "--json").json
    assert (found["schema"], found["command"], found["aborted"]) == (1, "transfers", [])
    ours, foreign = found["transfers"]
    assert (ours["name"], ours["direction"], ours["ours"], ours["percent"]) == (OURS, "up", True, 50)
    assert (ours["done_bytes"], ours["size_bytes"]) == (PART, 2 * PART)
    assert (foreign["name"], foreign["ours"], foreign["percent"], foreign["done_bytes"]) == (
        FOREIGN, False, None, 5 * MIB,
    )  # fmt: skip
    assert {ours["upload_id"], foreign["upload_id"]} == set(broken.uploads().values())
    text = broken.david.ok("transfers").out
    assert (
        "50 % of 16.8 MB" in text
        and "not of this computer" in text
        and "1 upload from another computer is unfinished (5.2 MB, billed)" in text
    )
    assert {t["ours"] for t in broken.jan.ok("transfers", "--json").json["transfers"]} == {False}


def test_one_that_ends_while_it_is_looked_at_is_none(broken: Office) -> None:
    """Its owner was done just then."""
    key, upload_id = next((key, found) for key, found in broken.uploads().items() if FOREIGN in key)

    def end(request: object) -> None:
        broken.s3.abort_multipart_upload(Bucket=broken.server.bucket, Key=key, UploadId=upload_id)

    broken.proxy.on("ListParts", times=1).before(end)
    assert [one["name"] for one in broken.david.ok("transfers", "--json").json["transfers"]] == [OURS]


def test_foreign_ones_are_looked_at_side_by_side(office: Office) -> None:
    """Whoever may write can begin very many."""
    for number in range(4):
        foreign_upload(office, f"{number}.mov")
    together = threading.Barrier(4)
    office.proxy.on("ListParts").before(lambda request: together.wait(30))
    assert len(office.david.ok("transfers", "--json").json["transfers"]) == 4


def test_abort_asks_first(broken: Office) -> None:
    before = broken.uploads()
    for answer in ("", "n\n"):
        refused = broken.david.expect(5, "transfers", "--abort", OURS, answer=answer)
        assert "[y/N]" in refused.err and OURS in refused.err and FOREIGN not in refused.err
    assert broken.uploads() == before
    unknown = broken.david.expect(2, "transfers", "--abort", "nobody.mp4", "--yes")
    assert "no unfinished transfer of 'nobody.mp4'" in unknown.err
    assert "aborted" in broken.david.ok("transfers", "--abort", OURS, answer="y\n").out
    assert list(broken.uploads()) == [broken.key(FOREIGN)]
    again = broken.david.ok("up", "--json").json
    assert again["bytes_sent"] == 2 * PART


def test_a_foreign_one_can_be_aborted_by_name(broken: Office) -> None:
    done = broken.david.ok("transfers", "--abort", FOREIGN, "--yes", "--json").json
    assert [t["name"] for t in done["aborted"]] == [FOREIGN]
    assert [t["name"] for t in done["transfers"]] == [OURS]
    assert list(broken.uploads()) == [broken.key(OURS)]


def test_abort_all_leaves_none_on_the_server(broken: Office) -> None:
    elsewhere = f"{broken.prefix}/v-appydave/b63-flivideo-2/other.mp4"
    broken.s3.create_multipart_upload(Bucket=broken.server.bucket, Key=elsewhere)
    broken.david.ok("transfers", "--abort-all", "--yes")
    assert list(broken.uploads()) == [elsewhere], "another project's upload is none of ours"
    assert "No unfinished transfers" in broken.david.ok("transfers").out


def test_a_download_can_be_aborted(office: Office) -> None:
    office.david.write(OURS, content(2 * PART))
    office.david.ok("up")
    with (
        office.gate("GetObject", key=office.key(OURS), nth=2, times=99),
        started(office.jan, "down") as command,
    ):
        until(lambda: parts_remembered(office.jan) == 1, "one part")
        command.kill()
    (found,) = office.jan.ok("transfers", "--json").json["transfers"]
    assert (found["direction"], found["percent"], found["upload_id"]) == ("down", 50, None)
    office.jan.ok("transfers", "--abort", OURS, "--yes")
    assert list((office.jan.staging / ".s3sync" / "partial").iterdir()) == []
    assert office.jan.ok("down", "--json").json["bytes_received"] == 2 * PART


def test_a_transfer_under_way_is_not_aborted_from_beside(office: Office) -> None:
    """The lock: `transfers` still lists it, with what has arrived."""
    office.david.write(OURS, content(2 * PART))
    with office.gate("UploadPart", nth=2, times=99) as gate, started(office.david, "up") as command:
        until(lambda: parts_remembered(office.david) == 1, "one part")
        assert office.david.ok("transfers", "--json").json["transfers"][0]["percent"] == 50
        office.david.expect(6, "transfers", "--abort-all", "--yes")
        gate.open()
        assert command.end().code == 0
    assert office.uploads() == {}
