"""The plan of a run, in containers that move to the disk when it is long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from s3sync.core.obstacles import Blocked, Obstacles, nothing_in_the_way
from s3sync.core.plan import Action, Agreed, Conflict, InSync, Notice, Plan, Policy, Rule, Step, Verb, steps_of
from s3sync.core.reconcile import Decision
from s3sync.spill.sequence import SpilledList

KINDS = (Action, Conflict, Notice, InSync, Agreed, Blocked)
"""Kinds of steps, in the order of the fields of `Plan`."""


def make_plan(
    decisions: Iterable[Decision],
    verb: Verb,
    policy: Policy | None,
    keep_name: Callable[[str], str],
    obstacles: Obstacles = nothing_in_the_way,
    rules: Iterable[Rule] = (),
) -> Plan:
    """Plan a verb (`core.plan.steps_of`), and apply the rules in their order."""
    return collect(verb, ruled(steps_of(decisions, verb, policy, keep_name, obstacles), rules))


def ruled(steps: Iterator[Step], rules: Iterable[Rule]) -> Iterator[Step]:
    """The steps as the rules leave them, one at a time."""
    for rule in rules:
        steps = rule(steps)
    return steps


def collect(verb: Verb, steps: Iterable[Step]) -> Plan:
    """The plan that has these steps."""
    found: dict[type, SpilledList[Any]] = {kind: SpilledList(kind) for kind in KINDS}
    for step in steps:
        found[type(step)].append(step)
    actions, conflicts, notices, in_sync, agreed, blocked = found.values()
    return Plan(verb, actions, conflicts, notices, in_sync, agreed, blocked)
