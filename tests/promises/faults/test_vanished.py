"""A store that is suddenly not there, or not all of it: F22, F23. Nothing that is here may go because of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from s3sync.errors import BucketMissing, StoreError
from tests.kit.people import Person
from tests.kit.proxy import Rule
from tests.kit.servers import Moto
from tests.promises.faults.conftest import open_project, standing
from tests.scenarios.transfers.conftest import NewOffice, Office

VERBS = ["up", "down", "sync"]


@dataclass
class Doomed:
    """David and Jan have the same five files; three are known to metadata.json, two come from another tool."""

    office: Office
    bucket: str

    def remove_bucket(self, *_: object) -> None:
        s3 = self.office.s3
        for item in s3.list_objects_v2(Bucket=self.bucket).get("Contents", []):
            s3.delete_object(Bucket=self.bucket, Key=item["Key"])
        s3.delete_bucket(Bucket=self.bucket)


@pytest.fixture
def doomed(new_office: NewOffice, moto: Moto) -> Doomed:
    office = new_office(moto)
    bucket = f"doomed-{uuid.uuid4().hex}"
    office.s3.create_bucket(Bucket=bucket)
    for person in (office.david, office.jan):
        person.environ = {**person.environ, "S3SYNC_STORE": f"s3://{bucket}/{office.prefix}"}
    for number in range(3):
        office.david.write(f"{number}.mp4", f"take {number}")
    open_project(office.david).up()
    for name in ("foreign.mp4", "other.mp4"):
        office.s3.put_object(Bucket=bucket, Key=office.key(name), Body=name.encode())
    for person in (office.david, office.jan):
        open_project(person).down()
        assert len(person.files()) == 5
    for name in ("foreign.mp4", "other.mp4"):  # newer there, so that only the objects themselves can explain them
        office.s3.put_object(Bucket=bucket, Key=office.key(name), Body=f"newer {name}".encode())
    return Doomed(office, bucket)


def test_f22_a_bucket_that_is_gone_is_an_error(doomed: Doomed) -> None:
    jan = doomed.office.jan
    doomed.remove_bucket()
    with standing(jan):
        for verb in VERBS:
            with pytest.raises(BucketMissing):
                getattr(open_project(jan), verb)()
        error = jan.expect(1, "sync", "--max-delete", "99", "--json").json["error"]
        assert error["type"] == "BucketMissing" and "check the bucket's name" in error["hint"]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("operation", "key"), [("ListObjectsV2", ""), ("GetObject", "*/metadata.json"), ("HeadObject", "*/foreign.mp4")]
)
def test_f22_a_bucket_that_goes_during_the_scan_deletes_nothing(
    doomed: Doomed, verb: str, operation: str, key: str
) -> None:
    """Also where the listing still said everything, and only the questions after it get no answer."""
    office = doomed.office
    rule = office.proxy.on(operation, key=key, nth=1)
    (rule.before if operation == "HeadObject" else rule.after)(doomed.remove_bucket)
    with standing(office.jan), pytest.raises(BucketMissing):
        getattr(open_project(office.jan), verb)()
    assert rule.hits == 1


@pytest.mark.parametrize(("verb", "operation"), [("up", "PutObject"), ("sync", "PutObject"), ("down", "GetObject")])
def test_f22_a_bucket_that_goes_while_files_travel_ends_the_run(doomed: Doomed, verb: str, operation: str) -> None:
    office = doomed.office
    office.jan.write("new.mp4", "made here")
    rule = office.proxy.on(operation, key="*/new.mp4" if operation == "PutObject" else "*/foreign.mp4", nth=1)
    rule.before(doomed.remove_bucket)
    before = office.jan.files()
    with pytest.raises(BucketMissing):
        getattr(open_project(office.jan), verb)()
    assert rule.hits == 1 and office.jan.files().keys() == before.keys()
    assert all(office.jan.files()[name] == before[name] for name in ("0.mp4", "1.mp4", "2.mp4", "new.mp4"))


@pytest.mark.seaweedfs
@pytest.mark.parametrize("there", [0, 4], ids=["empty", "nearly the same files"])
def test_f22_a_wrong_prefix_deletes_nothing_here(office: Office, there: int) -> None:
    """A typing error in the store's URL must not look like a tidy colleague."""
    for number in range(5):
        office.david.write(f"{number}.mp4", f"take {number}")
    open_project(office.david).up()
    wrong = uuid.uuid4().hex
    for number in range(there):
        key = office.key(f"{number}.mp4").replace(office.prefix, wrong)
        office.s3.put_object(Bucket=office.server.bucket, Key=key, Body=f"take {number}".encode())
    right = office.david.environ
    office.david.environ = {**right, "S3SYNC_STORE": f"s3://{office.server.bucket}/{wrong}"}
    with standing(office.david):
        assert "first time with this store" in office.david.ok("status").err
        for verb in ("sync", "up", "down", "sync"):
            assert office.david.ok(verb, "--json").json["deleted"] == []
    office.david.environ = right
    office.david.ok("sync")
    assert office.names() == set(office.david.files()) == {f"{number}.mp4" for number in range(5)}


PAGES: dict[str, Callable[[Rule], Rule]] = {
    "refused": lambda rule: rule.reply(403, "AccessDenied"),
    "broken server": lambda rule: rule.reply(500, "InternalError"),
    "no listing": lambda rule: rule.reply(200, "Welcome"),
    "reset": lambda rule: rule.cut_response_after(600),
    "cut": lambda rule: rule.truncate_response(600),
    "cut, and looks whole": lambda rule: rule.truncate_response(600, keep_length=False),
    "empty": lambda rule: rule.truncate_response(0, keep_length=False),
}


@pytest.fixture
def crowded(office: Office) -> Person:
    """David has 1,005 files, and so does the store: two pages."""
    for number in range(1_005):
        office.david.write(f"{number:04}.txt", f"file {number}")
    open_project(office.david).up()
    assert len(office.david.files()) == 1_005
    return office.david


@pytest.mark.seaweedfs
@pytest.mark.usefixtures("impatient")
def test_f23_a_listing_whose_second_page_fails_deletes_nothing(office: Office, crowded: Person) -> None:
    """Regression: appydave-tools (errors of S3 became an empty listing). However the page fails."""
    for failing, fail in PAGES.items():
        rule = office.proxy.on("ListObjectsV2", nth=2, times=999)
        fail(rule)
        with pytest.raises(StoreError):
            open_project(crowded).sync(max_delete=9_999)
        assert rule.hits, failing
        office.proxy.remove(rule)
    assert len(crowded.files()) == 1_005
    report = open_project(crowded).sync()
    assert not (report.uploaded or report.downloaded or report.deleted) and len(report.skipped) == 1_005
