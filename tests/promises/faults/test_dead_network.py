"""The network dies after the scan: every verb ends with what was under way when the first file failed."""

from __future__ import annotations

import pytest

from s3sync import Project
from s3sync.errors import Unreachable
from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.conftest import Office

pytestmark = [pytest.mark.seaweedfs, pytest.mark.usefixtures("impatient")]

FILES = 200
AT_ONCE = 16


def deep_verify(project: Project) -> object:
    return project.verify(deep=True)


def clean_up(project: Project) -> object:
    return project.cleanup()


@pytest.mark.parametrize(("verb", "operation"), [(clean_up, "DeleteObject"), (deep_verify, "GetObject")])
def test_a_dead_network_ends_cleanup_and_verify_after_few_requests(
    office: Office, verb: object, operation: str
) -> None:
    assert callable(verb)
    for number in range(FILES):
        office.david.write(f"{number}.mp4", f"frame {number}")
    open_project(office.david).up()
    office.proxy.reset_counts()
    office.proxy.on(operation, key="*.mp4").cut_request_after(0)
    office.proxy.on("CopyObject").cut_request_after(0)
    with pytest.raises(Unreachable):
        verb(open_project(office.david, transfers=f"{AT_ONCE}"))
    asked = [sent for sent in office.proxy.log if sent.operation == operation and sent.key.endswith(".mp4")]
    assert len({sent.key for sent in asked}) <= AT_ONCE, f"{len(asked)} requests"
    office.proxy.remove()
    assert set(office.david.states().values()) == {"in_sync"}
    assert len(office.david.files()) == FILES


def test_what_a_run_did_before_the_network_died_is_told(office: Office) -> None:
    """Also in JSON: one document, with what was done and what ended it."""
    david = office.david
    david.ok("config", "set", "retries", "1", "--repo")
    for number in range(2):
        for name in ("a.mp4", "b.mp4", "z.mp4"):
            david.write(name, f"take {number} of {name}")
        office.proxy.on("PutObject", key="*z.mp4").cut_request_after(0)
        result = david.expect(1, "up", "--transfers", "1", *(["--json"] if number else []))
        office.proxy.remove()
        if number:
            document = result.json
            assert [one["name"] for one in document["uploaded"]] == ["a.mp4", "b.mp4"]
            assert document["error"]["type"] == "Unreachable" and document["exit_code"] == 1
        else:
            assert "Summary: uploaded 2 files" in result.out and "error: " in result.err
        david.ok("up")
