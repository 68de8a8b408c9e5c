"""Manifests of several users, merged: in any order, as often as one likes, and nothing that anybody wrote is lost."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.manifest.merge import (
    PATH,
    Statement,
    Thing,
    changed,
    document_of,
    merged,
    outdone,
    own_after,
    values_of,
)

NAMES = st.sampled_from(["a.mp4", "cut/b.wav", "c"])
USERS = st.sampled_from(["david", "jan", "mary"])
statements = st.builds(
    Statement,
    kind=st.sampled_from([PATH, "members", "conflicts"]),
    name=NAMES,
    revision=st.integers(0, 3),
    at=st.sampled_from(["2025-11-03T10:00:00Z", "2025-11-03T10:00:01Z"]),
    by=USERS,
    value=st.none()
    | st.fixed_dictionaries({"files": st.fixed_dictionaries({"name": NAMES, "md5": st.text(max_size=2)})}),
)
manifests = st.lists(statements, max_size=6).map(lambda some: {one.thing: one for one in some})


@given(manifests, manifests, manifests)
def test_order_and_repetition_do_not_matter(
    one: dict[Thing, Statement], two: dict[Thing, Statement], three: dict[Thing, Statement]
) -> None:
    assert merged(one, two) == merged(two, one)
    assert merged(one, merged(two, three)) == merged(merged(one, two), three) == merged(three, two, one)
    assert merged(one, one, two) == merged(one, two) == merged(merged(one, two), two)


@given(st.lists(manifests, max_size=4))
def test_no_thing_is_lost_and_none_is_made_up(several: list[dict[Thing, Statement]]) -> None:
    found = merged(*several)
    assert found.keys() == {thing for manifest in several for thing in manifest}
    for thing, one in found.items():
        all_of_it = [manifest[thing] for manifest in several if thing in manifest]
        assert one in all_of_it and all(one.stamp >= other.stamp for other in all_of_it)
    losers = outdone(several, found)
    for manifest in several:
        for (kind, name), one in manifest.items():
            if kind == PATH and one.value:
                kept = found[kind, name].value or {}
                assert one.value["files"] in [kept.get("files"), *losers.get(name, [])]


def _what_stands(*several: dict[Thing, Statement]) -> dict[Thing, Statement]:
    return {thing: one for thing, one in merged(*several).items() if one.value is not None}


@given(manifests, st.lists(manifests, max_size=3), manifests)
def test_what_a_writer_leaves_out_changes_nothing(
    own: dict[Thing, Statement], others: list[dict[Thing, Statement]], new: dict[Thing, Statement]
) -> None:
    values = {thing: one.value for thing, one in new.items()}
    published = own_after(own, others, values, 9, "2025-11-04T00:00:00Z", "david")
    as_told = {thing: Statement(*thing, 9, "2025-11-04T00:00:00Z", "david", value) for thing, value in values.items()}
    assert _what_stands(published, *others) == _what_stands(own, as_told, *others)


steps = st.lists(st.tuples(USERS, st.sampled_from(["read", "put", "delete"]), NAMES), max_size=25)


@given(steps)
def test_writes_of_several_users_that_cross_lose_nothing(story: list[tuple[str, str, str]]) -> None:
    """Each writes from what he read last, however old that is; only his own manifest is replaced."""
    stored: dict[str, dict[Thing, Statement]] = {}
    read: dict[str, dict[str, dict[Thing, Statement]]] = {}
    for number, (user, what, name) in enumerate(story):
        if what == "read" or user not in read:
            read[user] = dict(stored)
        if what == "read":
            continue
        seen = {**read[user], user: stored.get(user, {})}  # his own he knows: nobody else writes it
        best = merged(*seen.values())
        revision = 1 + max((one.revision for one in best.values()), default=0)
        value = {"files": {"name": name, "n": number}} if what == "put" else None
        others = [manifest for other, manifest in seen.items() if other != user]
        stored[user] = own_after(seen[user], others, {(PATH, name): value}, revision, f"{number:03}", user)
    there = {thing[1] for thing in _what_stands(*stored.values())}
    put = {name for _, what, name in story if what == "put"}
    deleted = {name for _, what, name in story if what == "delete"}
    assert put - deleted <= there
    for user in ("david", "jan"):  # whoever reads now and writes is believed, whatever the others' clocks say
        best = merged(*stored.values())
        revision = 1 + max((one.revision for one in best.values()), default=0)
        others = [manifest for other, manifest in stored.items() if other != user]
        stored[user] = own_after(stored.get(user, {}), others, {(PATH, "c"): {"files": user}}, revision, "000", user)
        assert merged(*stored.values())[PATH, "c"].value == {"files": user}


DOCUMENT = {
    "files": [{"name": "a", "size_bytes": 1, "new": True}, {"name": "b", "size_bytes": 2}],
    "deleted": [{"name": "old", "deleted_by": "jan"}, {"name": "b", "deleted_by": "jan", "cleaned": True}],
    "conflicts": [{"name": "a", "kept_as": "a.conflict", "by": "jan"}],
    "events": [{"id": "2"}, {"id": "1"}],
    "members": {"jan": {"revision": 1}},
    "last_sync": "2025-11-03T10:00:00Z",
    "last_sync_by": "jan",
    "cleaned": {"by": "jan"},
    "of a newer version": [1],
}


def test_a_document_comes_back_whole() -> None:
    values = values_of({**DOCUMENT, "schema": 1, "revision": 7, "write_id": "x", "project_id": "p", "repo": "r"})
    told = {thing: Statement(*thing, 3, "", "jan", value) for thing, value in values.items()}
    again = document_of(told)
    assert sorted(again.pop("deleted"), key=str) == sorted(DOCUMENT["deleted"], key=str)  # type: ignore[call-overload]
    assert again == {key: value for key, value in DOCUMENT.items() if key != "deleted"}
    assert changed(values, values_of(msgspec.json.decode(msgspec.json.encode(DOCUMENT)))) == {}


def test_a_deletion_and_its_record_go_together() -> None:
    before = values_of({"files": [{"name": "a", "md5": "1"}]})
    after = values_of({"deleted": [{"name": "a", "md5": "1"}]})
    assert changed(before, after) == {(PATH, "a"): {"deleted": {"name": "a", "md5": "1"}}}
    assert changed(after, {}) == {(PATH, "a"): None}


LAST = 1 << 53
NOW, LATER, UNTIL = "2025-11-03T10:00:00Z", "2025-11-04T09:59:59Z", "2025-11-04T10:00:00Z"


@given(
    st.sampled_from([NOW, LATER, "2025-11-04T09~", "9999"]), USERS, USERS, st.none() | st.just({"files": {"name": "a"}})
)
def test_who_knew_of_a_statement_outdoes_it_also_where_revisions_end(
    said: str, liar: str, writer: str, value: object
) -> None:
    """A statement of the last revision that is made by tomorrow's clock does not stand for a day."""
    thing = (PATH, "cut/b.wav")
    forged = {thing: Statement(*thing, LAST, said, liar, {"files": {"name": "cut/b.wav", "md5": "z"}})}
    own = own_after({}, [forged], {thing: value}, LAST, NOW, writer, UNTIL)
    assert own[thing].at <= UNTIL
    assert merged(forged, own, until=UNTIL)[thing].value == value
    plain = own_after(
        {}, [{thing: Statement(*thing, LAST, "2025-11-03T09:00:00Z", liar)}], {thing: value}, LAST, NOW, writer, UNTIL
    )
    assert plain[thing].at == NOW, "a time is what it was, where nobody speaks from the future"
