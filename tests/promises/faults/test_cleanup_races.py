"""A cleanup while the other syncs: whatever the other's sync sees of it, no copy of his goes."""

from __future__ import annotations

import pytest

from s3sync.core.reconcile import State
from s3sync.errors import StoreError
from tests.kit.proxy import Rule
from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.conftest import Office

pytestmark = pytest.mark.seaweedfs

NAMES = ("a.mp4", "cut/b.mp4", "cut/deep/c.wav", "d.bin")


def share(office: Office) -> None:
    """Files that both have and agreed on."""
    for name in NAMES:
        office.david.write(name, f"content of {name}")
    open_project(office.david).sync()
    open_project(office.jan).sync()


def states(office: Office) -> dict[str, State]:
    return {item.name: item.state for item in open_project(office.jan).status().files}


@pytest.mark.parametrize("nth", [1, 2, 4])
def test_a12_a_sync_in_the_middle_of_a_cleanup_deletes_no_copy(office: Office, nth: int) -> None:
    share(office)
    rule = office.proxy.on("DeleteObject", key=office.key("*"), nth=nth)
    rule.before(lambda _: open_project(office.jan).sync(max_delete=100))
    report = open_project(office.david).cleanup()
    assert rule.hits == 1 and len(report.deleted) == len(NAMES)
    for name in NAMES:
        assert office.jan.read(name) == f"content of {name}".encode()
    open_project(office.jan).sync(max_delete=100)
    assert states(office) == dict.fromkeys(NAMES, State.CLEANED_UP)


def refuse(office: Office, operation: str | None, key: str | None = None) -> Rule:
    return office.proxy.on(operation, key=key).reply(403, "AccessDenied")


def test_a12_a_cleanup_that_cannot_be_announced_deletes_nothing(office: Office) -> None:
    share(office)
    refuse(office, "PutObject", office.key("metadata.json"))
    with pytest.raises(StoreError):
        open_project(office.david).cleanup()
    assert office.names() == set(NAMES)


def test_a12_a_cleanup_whose_end_could_not_be_recorded_was_announced(office: Office) -> None:
    share(office)
    rule = office.proxy.on("DeleteObject", key=office.key(NAMES[0]))
    rule.before(lambda _: refuse(office, "PutObject", office.key("metadata.json")))
    with pytest.raises(StoreError):
        open_project(office.david).cleanup()
    office.proxy.remove()
    assert rule.hits == 1 and office.names() == set()
    open_project(office.david).up()
    cleaned = open_project(office.jan).status().cleaned
    assert cleaned is not None and (cleaned.by, cleaned.files) == ("david", len(NAMES))
    open_project(office.jan).sync(max_delete=100)
    assert states(office) == dict.fromkeys(NAMES, State.CLEANED_UP)
