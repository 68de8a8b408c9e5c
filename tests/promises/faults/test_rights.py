"""What somebody may not do, or no longer: F20, F21. Nothing travels in vain, and what stopped goes on later."""

from __future__ import annotations

import pytest

from tests.kit.people import Person
from tests.kit.servers import MiniStack
from tests.promises.faults.conftest import open_project, standing
from tests.scenarios.transfers.conftest import MIB, PART, NewOffice, Office, content


@pytest.mark.seaweedfs
@pytest.mark.parametrize(
    ("verb", "operation", "key", "nth"),
    [
        ("down", "GetObject", "*.mp4", 2),
        ("sync", "ListObjectsV2", "", 1),
        ("sync", "GetObject", "*/metadata.json", 1),
        ("sync", "*Object", "*/foreign.mp4", 1),
        ("sync", "PutObject", "*.mp4", 2),
        ("sync", "CopyObject", "*/.s3sync/trash/*", 1),
        ("sync", "DeleteObject", "*.mp4", 1),
        ("sync", "PutObject", "*/metadata.json", 1),
    ],
)
def test_f20_wherever_credentials_expire_the_run_stops_and_the_next_one_goes_on(
    office: Office, verb: str, operation: str, key: str, nth: int
) -> None:
    """Jan has two files to send, three to fetch and one to delete."""
    david, jan = office.david, office.jan
    for name in ("a.mp4", "b.mp4", "deleted.mp4"):
        david.write(name, "the first")
    open_project(david).sync()
    open_project(jan).sync()
    for name in ("a.mp4", "b.mp4"):
        david.write(name, "david's edit")
    open_project(david).sync()
    office.put("foreign.mp4", b"from another tool")
    (jan.staging / "deleted.mp4").unlink()
    for name in ("c.mp4", "d.mp4"):
        jan.write(name, "new here")
    here, rule = jan.files(), office.proxy.on(operation, key=key, nth=nth, times=99)
    rule.reply(403, "ExpiredToken", "The provided token has expired.")
    error = jan.expect(1, verb, "--json").json["error"]
    assert error["type"] == "CredentialsError" and "token has expired" in error["message"], error
    assert rule.hits and {"c.mp4", "d.mp4"} <= here.keys() <= jan.files().keys()
    office.proxy.remove(rule)
    back = jan.files().keys() & {"deleted.mp4"}
    assert not back or verb == "down", "which may have fetched it first"
    assert open_project(jan).sync().failed == open_project(david).sync().failed == []
    assert jan.files() == david.files() and david.files().keys() == back | {
        "a.mp4", "b.mp4", "c.mp4", "d.mp4", "foreign.mp4",
    }  # fmt: skip


def may_only_read(office: Office, person: Person) -> None:
    person.environ = {**office.server.environment("reader"), **{
        name: person.environ[name] for name in ("AWS_ENDPOINT_URL", "S3SYNC_STORE")
    }}  # fmt: skip


@pytest.mark.ministack
@pytest.mark.parametrize("known", [False, True], ids=["from the start", "rights were taken away"])
def test_f21_an_upload_is_refused_before_the_files_travel(
    new_office: NewOffice, ministack: MiniStack, known: bool
) -> None:
    """Large and small files alike, also where this computer already knows the store."""
    office = new_office(ministack)
    if known:
        office.jan.write("first.txt", "when she still might")
        office.jan.ok("up")
    may_only_read(office, office.jan)
    for number in range(6):
        office.jan.write(f"{number}.wav", content(2 * MIB, seed=number))
    office.jan.write("film.mp4", content(PART + MIB))
    office.proxy.reset_counts()
    with standing(office.jan):
        for verb in ("up", "sync"):
            error = office.jan.expect(1, verb, "--json").json["error"]
            assert error["type"] == "AccessDenied" and "ask the bucket's owner" in error["hint"]
    assert office.proxy.sent < 5 * MIB, "the smallest file in each of the two runs, and no other"
    assert office.names() == ({"first.txt"} if known else set()) and office.uploads() == {}
    office.david.write("theirs.mp4", "david's")
    office.david.ok("up")
    office.jan.ok("down")
    assert office.jan.read("theirs.mp4") == b"david's"
