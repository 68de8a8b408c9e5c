"""The first `up` of a clone believes an empty listing, because it writes only where nothing stands."""

from __future__ import annotations

import pytest

from tests.scenarios.transfers.conftest import Office

pytestmark = [pytest.mark.seaweedfs]


@pytest.mark.parametrize("manifest", [True, False], ids=["with metadata.json", "metadata.json hidden as well"])
@pytest.mark.parametrize("times", [1, 99], ids=["once", "again and again"])
def test_an_error_that_looks_like_an_empty_project_costs_nobody_a_file(
    office: Office, manifest: bool, times: int
) -> None:
    david, jan = office.david, office.jan
    david.write("both.txt", "david's")
    david.write("same.txt", "the same")
    david.ok("up")
    jan.write("both.txt", "jan's")
    jan.write("same.txt", "the same")
    jan.write("new.txt", "only jan has it")
    listing = office.proxy.on("ListObjectsV2", times=times).reply(200, "InternalError")
    with (jan.repo / ".s3sync.yaml").open("a") as settings:
        settings.write("retries: 3\n")  # how long it is patient else is another test's matter
    if not manifest:
        office.proxy.on("GetObject", key=office.key("metadata.json"), times=1).reply(404, "NoSuchKey")
    told = jan.run("up", "--json")
    assert listing.hits
    assert office.stored("both.txt") == b"david's" and office.stored("same.txt") == b"the same"
    assert jan.read("both.txt") == b"jan's"
    uploaded = {item["name"] for item in told.json.get("uploaded", [])}
    assert uploaded <= {"new.txt"} and told.code != 0, told
    if "new.txt" in uploaded:
        assert office.stored("new.txt") == b"only jan has it"
    office.proxy.remove()
    assert {item["name"] for item in jan.expect(4, "up", "--json").json["conflicts"]} == {"both.txt"}
    assert office.names() == {"both.txt", "same.txt", "new.txt"}
