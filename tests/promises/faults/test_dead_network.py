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
