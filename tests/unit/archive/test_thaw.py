"""Looks at thaws: by listings where the store tells there, else object by object, and never more than is needed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from s3sync.archive.carrier import Carrier, open_carrier
from s3sync.archive.thaw import ThawLook, has_expired, wait_for
from s3sync.store.aspects import Thaw, ThawState
from s3sync.store.port import Headers
from tests.contract.stores import on_server, put
from tests.kit.servers import Server

KEYS = [(f"p/{number}", 3) for number in range(6)]
UNTIL = datetime(2031, 5, 6, tzinfo=UTC)


@pytest.fixture
def carrier(moto: Server) -> Iterator[Carrier]:
    store = on_server(moto).open()
    for key, _ in KEYS:
        put(store, key, headers=Headers(storage_class="GLACIER"))
    with open_carrier(store, "david") as opened:
        yield opened


def watched(carrier: Carrier, told: dict[str, dict[str, Any]]) -> list[str]:
    """Requests by name; listings tell of thaws what AWS would."""
    asked: list[str] = []
    events = carrier.store._full.client.meta.events  # type: ignore[attr-defined]

    def after(parsed: dict[str, Any], **_: object) -> None:
        for item in parsed["Contents"]:
            item.update({"RestoreStatus": told[name]} if (name := item["Key"].rpartition("/")[2]) in told else {})

    for name in ("ListObjectsV2", "HeadObject"):
        events.register(f"before-call.s3.{name}", lambda name=name, **_: asked.append(name))
    events.register("after-call.s3.ListObjectsV2", after)
    return asked


@pytest.mark.moto
def test_a_listing_that_tells_takes_one_request_for_all(carrier: Carrier) -> None:
    running: dict[str, Any] = {"IsRestoreInProgress": True}
    ready = {"IsRestoreInProgress": False, "RestoreExpiryDate": UNTIL}
    asked = watched(carrier, {"0": running, "1": ready})
    look = ThawLook(carrier)
    look.states(KEYS)
    found = {one.key: one.thaw for one in look.states(KEYS)}
    assert found["p/0"].state is ThawState.THAWING
    assert (found["p/1"].state, found["p/1"].until) == (ThawState.THAWED, UNTIL)
    assert {found[f"p/{number}"].state for number in range(2, 6)} == {ThawState.COLD}
    assert asked == ["ListObjectsV2"] * 2


@pytest.mark.moto
def test_a_listing_that_tells_nothing_is_asked_once(carrier: Carrier) -> None:
    asked = watched(carrier, {})
    look = ThawLook(carrier)
    for _ in range(3):
        assert {one.thaw.state for one in look.states(KEYS)} == {ThawState.COLD}
    assert asked.count("ListObjectsV2") == 1
    assert asked.count("HeadObject") == 3 * len(KEYS)


@pytest.mark.moto
def test_a_few_objects_are_asked_about_without_a_listing(carrier: Carrier) -> None:
    asked = watched(carrier, {})
    assert len(ThawLook(carrier).cold(KEYS[:2])) == 2
    assert asked == ["HeadObject"] * 2


@pytest.mark.moto
def test_the_size_of_a_thaw_is_what_the_store_says(carrier: Carrier) -> None:
    """An index that others can write says less, and the price would be that of nothing."""
    said = [(key, 1) for key, _ in KEYS]
    there = {key: carrier.store.head(key).info.size for key, _ in KEYS}
    asked = watched(carrier, {})
    assert {one.key: one.size for one in ThawLook(carrier).cold(said[:2])} == {key: there[key] for key, _ in KEYS[:2]}
    assert "ListObjectsV2" not in asked
    watched(carrier, {"0": {"IsRestoreInProgress": True}})
    assert {one.key: one.size for one in ThawLook(carrier).states(said)} == there


def test_a_thaw_has_expired_when_its_time_is_over() -> None:
    over = Thaw(ThawState.THAWED, "GLACIER", UNTIL)
    assert has_expired(over, UNTIL)
    assert not has_expired(over, UNTIL - timedelta(seconds=1))
    assert not has_expired(Thaw(ThawState.THAWED, "GLACIER"), UNTIL)
    assert not has_expired(Thaw(ThawState.THAWING, "GLACIER", UNTIL), UNTIL)


@pytest.mark.moto
def test_a_thaw_that_never_ends_is_not_waited_for_for_ever(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("LONGEST_S", 0.2), ("FIRST_POLL_S", 0.05), ("LOOK_S", 0.02)):
        monkeypatch.setattr(f"s3sync.archive.thaw.{name}", seconds)
    look = ThawLook(carrier)
    assert not wait_for(look, carrier, look.cold(KEYS[:1]))
    assert wait_for(look, carrier, [])
