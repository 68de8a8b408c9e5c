"""A file and what is in a folder of its name: what is planned for each, by verb and state."""

from __future__ import annotations

import pytest

from s3sync.core.entries import Entry
from s3sync.core.obstacles import Obstacle, Side, aside_of, can_both_go_on
from s3sync.core.plan import Do, Plan, Policy, Verb
from s3sync.core.reconcile import Decision, decide
from s3sync.sync.planning import make_plan

A, B = Entry(1, "a" * 32, "ea"), Entry(2, "b" * 32, "eb")
STATES = {
    "new here": (None, A, None),
    "new there": (None, None, A),
    "same": (A, A, A),
    "deleted here": (A, None, A),
    "deleted there": (A, A, None),
    "edited here, deleted there": (A, B, None),
    "deleted here, edited there": (A, None, B),
}


def pair(file: str, below: str) -> tuple[Decision, Decision]:
    return decide("x", *STATES[file]), decide("x/in", *STATES[below])


def plan_of(file: Decision, below: Decision, verb: Verb, policy: Policy | None = None, may_leave: bool = True) -> Plan:
    others = {"x": [Obstacle(below, may_leave)], "x/in": [Obstacle(file, may_leave)]}
    return make_plan(
        [file, below], verb, policy, lambda path: f"{path}.mine", obstacles=lambda path: others.get(path, [])
    )


def shown(plan: Plan) -> set[str]:
    done = {f"{action.do.value} {action.path}{' waits' if action.waits else ''}" for action in plan.actions}
    return done | {f"{one.path} blocked by {one.by} {one.to.value}" for one in plan.blocked}


@pytest.mark.parametrize(
    ("file", "below", "verb", "planned"),
    [
        ("deleted there", "new there", "sync", {"delete_local x", "download x/in waits"}),
        ("deleted there", "new there", "down", {"x/in blocked by x here"}),
        ("deleted there", "new there", "up", set()),
        ("new there", "deleted there", "sync", {"download x waits", "delete_local x/in"}),
        ("new there", "deleted there", "down", {"x blocked by x/in here"}),
        ("deleted here", "new here", "sync", {"delete_remote x", "upload x/in waits"}),
        ("deleted here", "new here", "up", {"x/in blocked by x there"}),
        ("deleted here", "new here", "down", {"x blocked by x/in here"}),
        ("new here", "deleted here", "sync", {"upload x waits", "delete_remote x/in"}),
        ("new here", "deleted here", "up", {"x blocked by x/in there"}),
        ("deleted here", "same", "sync", {"delete_remote x"}),
        ("deleted here", "new there", "down", {"x blocked by x/in here", "download x/in waits"}),
        ("edited here, deleted there", "new there", "sync", {"move_aside x", "download x/in waits"}),
        ("edited here, deleted there", "new there", "up", {"x blocked by x/in there"}),
        ("edited here, deleted there", "new there", "down", {"x/in blocked by x here"}),
        ("new there", "edited here, deleted there", "sync", {"download x waits", "move_aside x/in"}),
        ("deleted here, edited there", "deleted there", "sync", {"download x waits", "delete_local x/in"}),
    ],
)
def test_a7_f35_what_is_planned(file: str, below: str, verb: str, planned: set[str]) -> None:
    assert shown(plan_of(*pair(file, below), Verb(verb))) == planned


@pytest.mark.parametrize("verb", [Verb.UP, Verb.DOWN])
def test_f35_up_and_down_never_delete_for_it(verb: Verb) -> None:
    for file in STATES:
        for below in STATES:
            done = plan_of(*pair(file, below), verb).counts()
            assert not done.keys() & {Do.DELETE_LOCAL, Do.DELETE_REMOTE}


def test_f35_what_this_run_does_not_decide_stays_in_the_way() -> None:
    plan = plan_of(*pair("deleted there", "new there"), Verb.SYNC, may_leave=False)
    assert [(one.path, one.by, one.to) for one in plan.blocked] == [("x/in", "x", Side.HERE)]


@pytest.mark.parametrize(
    ("file", "below", "together"),
    [
        ("new here", "new there", False),
        ("new there", "new here", False),
        ("same", "new there", False),
        ("new there", "new there", False),
        ("deleted here, edited there", "new here", False),
        ("edited here, deleted there", "new there", True),
        ("new there", "edited here, deleted there", True),
        ("deleted there", "new there", True),
        ("deleted here", "new here", True),
    ],
)
def test_f35_only_two_that_are_alive_are_twins(file: str, below: str, together: bool) -> None:
    assert can_both_go_on(*pair(file, below)) is together


@pytest.mark.parametrize(
    ("path", "obstacle", "name"),
    [
        ("x", "x/in", "x.mine"),
        ("x/in", "x", "x.mine/in"),
        ("a/x/b/c", "a/x", "a/x.mine/b/c"),
        ("a/x", "a/x/b", "a/x.mine"),
    ],
)
def test_where_an_edit_goes(path: str, obstacle: str, name: str) -> None:
    assert aside_of(path, obstacle, lambda path: f"{path}.mine") == name
