"""A transfer that was broken off goes on where it stopped: F02, F03, F05, F20."""

from __future__ import annotations

import os

import pytest

from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.scenarios.transfers.commands import DEADLINE_S, parts_remembered, started, until
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

NAME = "day 1/a.mp4"
SIZE = 4 * PART
SLACK = 200_000
"""Heads, listings, metadata.json and part digests."""


def who_moves(office: Office, verb: str, data: bytes) -> tuple[Person, str]:
    """David has the file; `down` is Jan's. Returns who runs the command, and the requests that move the bytes."""
    office.david.write(NAME, data)
    if verb == "up":
        return office.david, "UploadPart"
    office.david.ok("up")
    return office.jan, "GetObject"


def break_off_upload(office: Office, person: Person, parts: int = 2) -> str:
    """`kill -9` the upload of NAME when that many parts were acknowledged; returns its upload id."""
    with office.gate("UploadPart", nth=parts + 1, times=99), started(person, "up") as command:
        until(lambda: parts_remembered(person) == parts, f"{parts} parts of an upload")
        command.kill()
    (upload_id,) = office.uploads().values()
    assert len(office.parts(NAME)) == parts
    office.proxy.reset_counts()
    return upload_id


def break_off_download(office: Office, person: Person, parts: int = 2) -> None:
    with (
        office.gate("GetObject", key=office.key(NAME), nth=parts + 1, times=99),
        started(person, "down") as command,
    ):
        until(lambda: parts_remembered(person) == parts, f"{parts} parts of a download")
        command.kill()
    office.proxy.reset_counts()


def unfinished(person: Person) -> list[tuple[str, str, int, int, bool]]:
    found = person.ok("status", "--json").json["transfers"]
    return [(t["name"], t["direction"], t["percent"], t["done_bytes"], t["ours"]) for t in found]


def upload_ids(office: Office, operation: str) -> set[str]:
    return {request.query["uploadId"] for request in office.asked(operation)}


def test_f02_a_killed_upload_sends_only_the_rest(each_office: Office) -> None:
    office, size, parts = each_office, SIZE, 2
    if office.server.name == "ministack":  # it takes a second for 8 MiB
        size, parts = 2 * PART, 1
    data = content(size)
    office.david.write(NAME, data)
    upload_id = break_off_upload(office, office.david, parts)
    percent = 100 * parts * PART // size
    assert unfinished(office.david) == [(NAME, "up", percent, parts * PART, True)]
    assert f"unfinished upload, {percent} % of" in office.david.ok("status").out
    assert not (office.proxy.counts["UploadPart"].requests or office.jan.ok("status", "--json").json["files"])
    office.proxy.reset_counts()
    up = office.david.ok("up", "--json").json
    rest = size - parts * PART
    assert rest <= office.proxy.sent < rest + SLACK
    assert upload_ids(office, "UploadPart") == upload_ids(office, "CompleteMultipartUpload") == {upload_id}
    assert (up["bytes_sent"], up["bytes_saved"]) == (rest, parts * PART)
    assert office.uploads() == {} and unfinished(office.david) == []
    office.jan.ok("down")
    assert office.jan.read(NAME) == data


def test_f02_a_part_whose_acknowledgement_was_lost_is_not_sent_again(office: Office) -> None:
    data = content(SIZE)
    office.david.write(NAME, data)
    with office.gate("UploadPart", nth=3, times=99):
        rule = office.proxy.on("UploadPart", nth=2).swallow_answer()
        with started(office.david, "up") as command:
            until(lambda: parts_remembered(office.david) == 1 and len(office.parts(NAME)) == 2, "two parts")
            command.kill()
    office.proxy.remove(rule)
    office.proxy.reset_counts()
    office.david.ok("up")
    assert 2 * PART <= office.proxy.sent < 2 * PART + SLACK
    assert office.stored(NAME) == data


def test_f03_another_file_aborts_the_old_upload(office: Office) -> None:
    path = office.david.write(NAME, content(SIZE))
    old = break_off_upload(office, office.david)
    data = content(SIZE, seed=2)
    path.write_bytes(data)
    office.david.ok("up")
    assert upload_ids(office, "AbortMultipartUpload") == {old} != upload_ids(office, "CompleteMultipartUpload")
    assert office.uploads() == {} and office.stored(NAME) == data


@pytest.mark.parametrize("at", [3, SIZE - 3], ids=["in a part that arrived", "in a part that did not"])
def test_f03_other_bytes_of_the_same_size_and_time_are_noticed(office: Office, at: int) -> None:
    path = office.david.write(NAME, content(SIZE))
    before = path.stat()
    old = break_off_upload(office, office.david)
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(b"edited"[:2])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    data = path.read_bytes()
    office.david.ok("up")
    assert upload_ids(office, "CompleteMultipartUpload") == {old}, "what is still right of it is not sent again"
    assert office.uploads() == {} and office.stored(NAME) == data
    office.jan.ok("down")
    assert office.jan.read(NAME) == data
    office.jan.ok("verify", "--deep")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("lost", [False, True], ids=["", "the answer to the last request is lost"])
def test_a14_a_file_that_became_executable_meanwhile_goes_on_as_one(office: Office, lost: bool) -> None:
    """The headers of an upload are those of its first request; what is sent is not sent again for the bit."""
    path = office.david.write(NAME, content(SIZE))
    break_off_upload(office, office.david)
    path.chmod(0o755)
    if lost:
        office.proxy.on("CompleteMultipartUpload", nth=1).swallow_answer()
    done = office.david.ok("up", "--json").json
    assert done["bytes_sent"] <= 2 * PART and not done["conflicts"]
    office.jan.ok("down")
    assert office.jan.read(NAME) == content(SIZE)
    assert (office.jan.staging / NAME).stat().st_mode & 0o777 == 0o777 & ~umask()


def umask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now


def test_f05_an_upload_id_that_is_gone_begins_a_new_upload(office: Office) -> None:
    data = content(SIZE)
    office.david.write(NAME, data)
    old = break_off_upload(office, office.david)
    office.s3.abort_multipart_upload(Bucket=office.server.bucket, Key=office.key(NAME), UploadId=old)
    office.david.ok("up")
    assert office.proxy.sent > SIZE
    assert old not in upload_ids(office, "CompleteMultipartUpload")
    assert office.uploads() == {} and office.stored(NAME) == data


def test_f05_an_upload_id_that_vanishes_under_way_begins_a_new_upload(office: Office) -> None:
    data = content(SIZE)
    office.david.write(NAME, data)

    def abort(request: object) -> None:
        for key, upload_id in office.uploads().items():
            office.s3.abort_multipart_upload(Bucket=office.server.bucket, Key=key, UploadId=upload_id)

    office.proxy.on("UploadPart", nth=3).before(abort)
    office.david.ok("up")
    assert len(office.asked("CreateMultipartUpload")) == 2
    assert office.uploads() == {} and office.stored(NAME) == data


def test_a_killed_download_fetches_only_the_rest(office: Office) -> None:
    data = content(SIZE)
    office.david.write(NAME, data)
    office.david.ok("up")
    break_off_download(office, office.jan)
    assert not office.jan.files()
    assert unfinished(office.jan) == [(NAME, "down", 50, 2 * PART, True)]
    assert "unfinished download, 50 % of" in office.jan.ok("status").out
    office.proxy.reset_counts()
    down = office.jan.ok("down", "--json").json
    assert 2 * PART <= office.proxy.received < 2 * PART + SLACK
    assert (down["bytes_received"], down["bytes_saved"]) == (2 * PART, 2 * PART)
    assert office.jan.files() == office.david.files()
    assert list((office.jan.staging / ".s3sync" / "partial").iterdir()) == []


@pytest.mark.parametrize("damage", ["flip", "shorten", "delete"])
def test_a_partial_file_that_was_tampered_with_is_not_believed(office: Office, damage: str) -> None:
    data = content(PART + MIB)
    office.david.write(NAME, data)
    office.david.ok("up")
    break_off_download(office, office.jan, parts=1)
    (partial,) = (office.jan.staging / ".s3sync" / "partial").iterdir()
    body = bytearray(partial.read_bytes())
    for at in (0, PART):
        body[at] ^= 1
    if damage == "delete":
        partial.unlink()
    else:
        partial.write_bytes(body if damage == "flip" else body[:100])
    office.jan.ok("down")
    assert office.jan.read(NAME) == data
    assert office.proxy.received > len(data)


def test_a_download_broken_off_is_not_continued_with_another_version(office: Office) -> None:
    office.david.write(NAME, content(SIZE))
    office.david.ok("up")
    break_off_download(office, office.jan)
    data = content(SIZE, seed=2)
    office.david.write(NAME, data)
    office.david.ok("up")
    office.jan.ok("down")
    assert office.jan.read(NAME) == data
    assert unfinished(office.jan) == []
    assert list((office.jan.staging / ".s3sync" / "partial").iterdir()) == []


@pytest.mark.parametrize("verb", ["up", "down"])
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_network_that_is_gone_ends_the_run_and_loses_nothing(office: Office, verb: str) -> None:
    data = content(SIZE)
    person, operation = who_moves(office, verb, data)
    key = office.key(NAME)
    with (person.repo / ".s3sync.yaml").open("a") as settings:
        settings.write("retries: 2\nread_timeout: 5\n")
    with Proxy(office.server.endpoint_url) as line:
        person.environ = {**person.environ, "AWS_ENDPOINT_URL": line.endpoint_url}
        line.on(operation, key=key, nth=3, times=99).delay(3)
        with started(person, verb) as command:
            until(lambda: parts_remembered(person) == 2, "two parts")
            line.unplug()
            result = command.end()
        line.resume()
        assert unfinished(person) == [(NAME, verb, 50, 2 * PART, True)]
        line.remove()
        line.reset_counts()
        person.ok(verb)
        moved = line.sent if verb == "up" else line.received
    assert result.code == 1 and "error: " in result.err and "check the network" in result.err, result
    assert "Traceback" not in result.err
    assert 2 * PART <= moved < 2 * PART + SLACK
    assert (office.stored(NAME) if verb == "up" else person.read(NAME)) == data


def test_a_connection_that_breaks_once_is_not_even_mentioned(office: Office) -> None:
    """F09: the body is rewound, and the object is neither short nor empty."""
    data = content(SIZE)
    office.david.write(NAME, data)
    office.proxy.on("UploadPart", nth=2).cut_request_after(3 * MIB)
    office.proxy.on("GetObject", key=office.key(NAME), nth=2).cut_response_after(3 * MIB)
    office.david.ok("up")
    assert office.stored(NAME) == data
    assert office.jan.ok("down").err == ""
    assert office.jan.read(NAME) == data


@pytest.mark.parametrize("verb", ["up", "down"])
def test_ctrl_c_stops_soon_and_says_that_nothing_is_lost(office: Office, verb: str) -> None:
    data = content(SIZE)
    person, operation = who_moves(office, verb, data)
    with office.gate(operation, key=office.key(NAME), nth=3, times=99), started(person, verb) as command:
        until(lambda: parts_remembered(person) == 2, "two parts")
        result = command.interrupt()
    assert result.code == 130, result
    assert "interrupted" in result.err and "nothing is lost" in result.err and "resumes where it stopped" in result.err
    assert "Traceback" not in result.err
    office.proxy.reset_counts()
    person.ok(verb)
    moved = office.proxy.sent if verb == "up" else office.proxy.received
    assert 2 * PART <= moved < 2 * PART + SLACK
    assert (office.stored(NAME) if verb == "up" else person.read(NAME)) == data


@pytest.mark.parametrize("operation", ["ListObjectsV2", "PutObject", "CompleteMultipartUpload"])
def test_ctrl_c_stops_soon_wherever_the_command_waits(office: Office, operation: str) -> None:
    """A server that says nothing: while listing, in a small PUT, at the very end of a large one.

    It ends within the wait for the first answer: nothing is asked twice.
    """
    data = content(PART + MIB)
    office.david.write(NAME, data)
    office.david.write("notes.txt", "short")
    with office.gate(operation, nth=1, times=99) as gate, started(office.david, "up") as command:
        assert gate.waiting.wait(DEADLINE_S)
        result = command.interrupt()
    asked = [sent.target for sent in office.proxy.log if sent.operation == operation and "/probe-" not in sent.key]
    assert len(set(asked)) == len(asked), "nothing is asked twice, whatever else was on its way"
    assert result.code == 130, result
    office.david.ok("up")
    assert office.stored(NAME) == data and office.stored("notes.txt") == b"short"


def test_f20_credentials_that_expire_under_way_stop_the_run_and_lose_nothing(office: Office) -> None:
    data = content(SIZE)
    office.david.write(NAME, data)
    rule = office.proxy.on("UploadPart", nth=3, times=99)
    rule.reply(403, "ExpiredToken", "The provided token has expired.")
    result = office.david.expect(1, "up")
    assert "expired" in result.err
    office.proxy.remove(rule)
    office.proxy.reset_counts()
    assert unfinished(office.david)[0][:2] == (NAME, "up")
    office.david.ok("up")
    assert office.proxy.sent < 3 * PART
    assert office.stored(NAME) == data
