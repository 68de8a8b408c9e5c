"""F01 and F02 on the wire: kill -9 before a request reaches the server, in the middle of its body, and when the server
has acted but has not been heard; the same command again ends as it should, and sends nothing twice that had arrived.

The proxy kills, as it alone sees both ends. Which process, the project's own lock says. `S3SYNC_CRASH=all` kills at
every request.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable

import msgspec
import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.proxy import Request, Rule
from tests.promises.crash.test_sweep import EVERY
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs fork and pidfd"),
    pytest.mark.seaweedfs,
]
SLACK = 200_000
"""Heads, listings, metadata.json and part digests."""
LARGE = PART + 3 * MIB


class At(msgspec.Struct, frozen=True):
    """One request to be killed at, and when; `there` are the parts of a large file that have arrived by then."""

    operation: str
    name: str
    when: str
    there: int = 0
    often: bool = True
    """Whether each run of the suite kills there."""

    def __str__(self) -> str:
        return f"{self.when} {self.operation} {self.name}"


def chosen(points: list[At]) -> list[At]:
    return [point for point in points if EVERY or point.often]


def killer(person: Person) -> Callable[[], None]:
    def kill() -> None:
        """The process that holds the project, and see it dead."""
        pid = json.loads((person.staging / ".s3sync" / "lock.json").read_text())["pid"]
        watched = os.pidfd_open(pid)
        try:
            os.kill(pid, signal.SIGKILL)
            assert select.select([watched], [], [], 20)[0], "it did not die"
        finally:
            os.close(watched)

    return kill


def armed(office: Office, person: Person, point: At) -> Rule:
    """A rule of the proxy that kills this person's command there."""
    kill = killer(person)
    nth = point.there + 1 if point.operation in ("UploadPart", "GetObject") and point.there else 1
    rule = office.proxy.on(point.operation, key=office.key(point.name), nth=nth)

    def before(request: Request) -> None:
        kill()
        raise ConnectionResetError

    if point.when == "before":
        return rule.before(before)
    if point.when == "after":
        return rule.after(before)
    half = 3 * MIB // 2
    if point.operation == "GetObject":
        return rule.cut_response_after(half, act=kill)
    return rule.cut_request_after(half, act=kill)


def break_off(office: Office, person: Person, point: At, *words: str) -> None:
    rule = armed(office, person, point)
    result = person.run(*words)
    office.proxy.remove(rule)
    assert result.code == -signal.SIGKILL and rule.hits == 1, f"{point}: {result}"
    office.proxy.reset_counts()


def check(office: Office, deleted: set[str]) -> None:
    """All that both have and the store holds is one, and said so; nothing is unfinished."""
    office.jan.ok("sync", "--max-delete", "9")
    assert office.jan.files() == office.david.files()
    assert office.names() == set(office.david.files())
    document = json.loads(office.stored("metadata.json"))
    assert {file["name"]: file["uploaded_by"] for file in document["files"]} == dict.fromkeys(office.names(), "david")
    for file in document["files"]:
        assert file["etag"] == office.head(file["name"])["ETag"].strip('"'), file
    assert {item["name"]: item["deleted_by"] for item in document["deleted"]} == dict.fromkeys(deleted, "david")
    assert office.uploads() == {}
    for person in (office.david, office.jan):
        status = person.ok("status", "--json").json
        assert status["in_sync"] and not status["transfers"], status


SMALL = [
    At("GetObject", "metadata.json", "after", often=False),
    At("PutObject", "new", "before", often=False),
    At("PutObject", "new", "midway"),
    At("PutObject", "new", "after"),
    At("CopyObject", ".s3sync/trash/*/changed", "before", often=False),
    At("CopyObject", ".s3sync/trash/*/changed", "after"),
    At("PutObject", "changed", "before", often=False),
    At("PutObject", "changed", "after", often=False),
    At("DeleteObject", "gone *", "before", often=False),
    At("DeleteObject", "gone *", "after"),
    At("PutObject", "metadata.json", "before"),
    At("PutObject", "metadata.json", "after"),
]


def test_f01_killed_at_each_request_of_small_files(office: Office) -> None:
    deleted = set[str]()
    for name in ("same", "also", "changed", "gone 0"):
        office.david.write(name, f"{name}, first")
    office.david.ok("sync")
    office.jan.ok("sync")
    for number, point in enumerate(chosen(SMALL)):
        office.david.write("new", content(2 * MIB, seed=number))
        office.david.write("changed", f"changed by {point}")
        office.david.write(f"gone {number + 1}", f"gone {number + 1}")
        (office.david.staging / f"gone {number}").unlink()
        deleted.add(f"gone {number}")
        break_off(office, office.david, point, "sync")
        office.david.ok("sync")
        check(office, deleted)


UP = [
    At("CreateMultipartUpload", "large", "before", often=False),
    At("CreateMultipartUpload", "large", "after", often=False),
    At("UploadPart", "large", "after", there=1, often=False),
    At("UploadPart", "large", "midway", there=1),
    At("CompleteMultipartUpload", "large", "before", there=2, often=False),
    At("CompleteMultipartUpload", "large", "after", there=2),
    At("PutObject", ".s3sync/parts/large", "before", there=2, often=False),
    At("PutObject", ".s3sync/parts/large", "after", there=2, often=False),
    At("PutObject", "metadata.json", "before", there=2, often=False),
]


@pytest.mark.parametrize("point", chosen(UP), ids=str)
def test_f02_a_large_upload_killed_anywhere_sends_no_part_twice(office: Office, point: At) -> None:
    office.david.ok("up")  # tries out what the store honours
    data = content(LARGE)
    office.david.write("large", data)
    break_off(office, office.david, point, "up", "--transfers", "1")
    unheard = (point.operation, point.when) == ("UploadPart", "after")  # the list of parts tells of that one
    arrived = min(LARGE, (point.there + unheard) * PART)
    office.david.ok("up")
    assert LARGE - arrived <= office.proxy.sent < LARGE - arrived + SLACK
    if point.operation == "CreateMultipartUpload" and point.when == "after":  # nobody knows its id
        office.david.ok("transfers", "--abort-all", "--yes")
    check(office, set())
    assert office.stored("large") == data
    document = json.loads(office.stored("metadata.json"))
    assert [file["part_size"] for file in document["files"]] == [PART]
    assert json.loads(office.stored(".s3sync/parts/large"))["etag"] == document["files"][0]["etag"]


def test_f02_a_large_download_killed_in_a_part_fetches_only_the_rest(office: Office) -> None:
    office.david.write("large", content(LARGE))
    office.david.ok("up")
    break_off(office, office.jan, At("GetObject", "large", "midway", there=1), "down", "--transfers", "1")
    assert office.jan.files() == {}
    office.jan.ok("down")
    assert LARGE - PART <= office.proxy.received < LARGE - PART + SLACK
    check(office, set())


def test_f01_a_large_download_killed_before_it_has_its_name_is_not_fetched_again(office: Office) -> None:
    office.david.write("large", content(PART + MIB))
    office.david.ok("up")
    partial = f"jan/{REPO}/{PROJECT}/s3-staging/.s3sync/partial/<hex>"
    crash = {"root": str(office.root), "kill": {"call": "utime", "where": partial}, "side": "after"}
    assert office.jan.run("down", env={"CRASH": json.dumps(crash)}).code == -signal.SIGKILL
    assert office.jan.files() == {}
    office.proxy.reset_counts()
    office.jan.ok("down")
    assert office.proxy.received < SLACK
    check(office, set())
