"""What becomes of an upload when the line or the store gives way: F04, F08, F09, F10."""

from __future__ import annotations

import json

import pytest

from s3sync.errors import CredentialsError, Throttled, Unreachable
from tests.kit.servers import MiniStack
from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.conftest import MIB, PART, NewOffice, Office, content

pytestmark = pytest.mark.seaweedfs

PARTS = 1_100
TINY = 1024


@pytest.fixture
def tiny_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, whatever is over 1 KiB travels in parts of 1 KiB."""
    monkeypatch.setattr("s3sync.transfer.send.upload.PART_SIZE", TINY)
    monkeypatch.setattr("s3sync.transfer.send.large.choose_part_size", lambda size, rate=None: TINY)


@pytest.mark.usefixtures("tiny_parts")
def test_f04_all_of_more_than_a_thousand_parts_are_found_again(new_office: NewOffice, ministack: MiniStack) -> None:
    """Regression: s3cmd 346. 1,050 parts arrive; S3 lists 1,000 at once; only the other 50 are sent by the next run."""
    office = new_office(ministack)
    data = content(PARTS * TINY)
    office.david.write("film.mp4", data)
    rule = office.proxy.on("UploadPart", nth=1_051, times=99)
    rule.reply(403, "ExpiredToken")
    with pytest.raises(CredentialsError):
        open_project(office.david).up()
    office.proxy.remove(rule)
    assert len(office.uploads()) == 1
    office.proxy.reset_counts()
    open_project(office.david).up()
    assert len(office.asked("ListParts")) == 2
    assert len(office.asked("UploadPart")) == PARTS - 1_050 and office.asked("CreateMultipartUpload") == []
    assert office.stored("film.mp4") == data


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload", "PutObject"])
def test_f08_past_the_budget_a_clear_error_and_nothing_half_published(office: Office, operation: str) -> None:
    """A store that asks for patience without end stops the run; when it is well again, the next run goes on."""
    name = "clip.mov" if operation == "PutObject" else "film.mp4"
    data = content(MIB // 2 if operation == "PutObject" else PART + MIB)
    office.david.write(name, data)
    rule = office.proxy.on(operation, key=office.key(name))
    rule.reply(503, "SlowDown", "Please reduce your request rate.")
    with pytest.raises(Throttled, match=r"reduce your request rate") as caught:
        open_project(office.david).up()
    assert "try again later" in (caught.value.hint or "") and rule.hits > 1
    assert office.jan.ok("status", "--json").json["files"] == [] and office.names() == set()
    office.proxy.remove(rule)
    office.proxy.reset_counts()
    office.david.ok("up")
    assert office.stored(name) == data and office.uploads() == {}
    if operation == "CompleteMultipartUpload":
        assert office.proxy.counts["UploadPart"].requests == 0


@pytest.mark.usefixtures("impatient")
def test_f08_files_without_metadata_are_whole_and_named_by_the_next_run(office: Office) -> None:
    """P7: the objects come first. What metadata.json does not name yet is a file all the same."""
    office.david.write("clip.mov", b"whole")
    rule = office.proxy.on("PutObject", key="*/metadata.json")
    rule.reply(503, "SlowDown")
    with pytest.raises(Throttled):
        open_project(office.david).up()
    assert office.jan.states() == {"clip.mov": "remote_new"} and office.names() == {"clip.mov"}
    office.proxy.remove(rule)
    assert office.david.states() == {"clip.mov": "in_sync"}
    office.david.ok("up")
    (file,) = json.loads(office.stored("metadata.json"))["files"]
    assert (file["name"], file["uploaded_by"]) == ("clip.mov", "david")


LANES = {"obstore": (300_000, "PutObject"), "botocore": (3 * MIB, "PutObject"), "part": (PART + MIB, "UploadPart")}


@pytest.mark.parametrize("lane", LANES)
def test_f09_a_body_is_rewound_after_a_reset(office: Office, lane: str) -> None:
    """Regression: maestral 944. Each attempt sends all of it, and no short or empty object is ever seen."""
    size, operation = LANES[lane]
    data = content(size)
    office.david.write("clip.mov", data)
    key, seen = office.key("clip.mov"), list[bool]()
    cuts = [0, 1, 100_000, 299_999]
    for nth, cut in enumerate(cuts, 1):
        office.proxy.on(operation, key=key, nth=nth).cut_request_after(cut)
        office.proxy.on(operation, key=key, nth=nth + 1).before(lambda _: seen.append("clip.mov" in office.names()))
    open_project(office.david).up()
    assert seen == [False] * len(cuts)
    assert office.stored("clip.mov") == data and office.uploads() == {}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("lane", LANES)
def test_f09_a_line_that_always_breaks_leaves_no_object(office: Office, lane: str) -> None:
    size, operation = LANES[lane]
    data = content(size)
    office.david.write("clip.mov", data)
    rule = office.proxy.on(operation, key=office.key("clip.mov"))
    rule.cut_request_after(100_000)
    with pytest.raises(Unreachable):
        open_project(office.david).up()
    assert rule.hits > 1 and office.names() == set()
    office.proxy.remove(rule)
    open_project(office.david).up()
    assert office.stored("clip.mov") == data


def test_f10_a_409_on_complete_makes_a_new_upload(office: Office) -> None:
    """AWS: after ConditionalRequestConflict the upload has to be begun again."""
    data = content(PART + MIB)
    office.david.write("film.mp4", data)
    office.proxy.on("CompleteMultipartUpload", key=office.key("film.mp4"), nth=1).reply(
        409, "ConditionalRequestConflict"
    )
    open_project(office.david).up()
    ends = ("CompleteMultipartUpload", "AbortMultipartUpload")
    asked = [(sent.operation, sent.query["uploadId"]) for sent in office.asked(*ends)]
    (first, old), (second, aborted), (third, new) = asked
    assert (first, second, third) == (ends[0], ends[1], ends[0])
    assert old == aborted != new
    assert office.stored("film.mp4") == data and office.uploads() == {}
