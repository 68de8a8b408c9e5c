"""What holds for every base, local and remote."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.plan import Do, Plan, Policy, Verb
from s3sync.core.reconcile import State, reconcile
from tests.promises.property.model import Model
from tests.promises.property.strategies import replicas, snapshot

models = st.builds(Model, replicas, replicas, replicas)
policies = st.sampled_from(Policy)
SETTLING = [Policy.KEEP_BOTH, Policy.MINE, Policy.THEIRS]

SWAPPED_STATE = {
    State.IN_SYNC: State.IN_SYNC,
    State.LOCAL_NEW: State.REMOTE_NEW,
    State.LOCAL_MODIFIED: State.REMOTE_MODIFIED,
    State.LOCAL_DELETED: State.REMOTE_DELETED,
    State.REMOTE_NEW: State.LOCAL_NEW,
    State.REMOTE_MODIFIED: State.LOCAL_MODIFIED,
    State.REMOTE_DELETED: State.LOCAL_DELETED,
    State.CONFLICT: State.CONFLICT,
}
SWAPPED_DO = {
    Do.UPLOAD: Do.DOWNLOAD,
    Do.DOWNLOAD: Do.UPLOAD,
    Do.DELETE_LOCAL: Do.DELETE_REMOTE,
    Do.DELETE_REMOTE: Do.DELETE_LOCAL,
    Do.KEEP_BOTH: Do.KEEP_BOTH,
}


def is_idle(plan: Plan) -> bool:
    return not plan.actions and not plan.conflicts and not plan.notices


@given(models, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(model: Model, shuffle: random.Random) -> None:
    def shuffled(replica: dict[str, str]) -> dict[str, str]:
        return dict(shuffle.sample(sorted(replica.items()), len(replica)))

    one = reconcile(snapshot(model.base), snapshot(model.local), snapshot(model.remote))
    other = reconcile(snapshot(shuffled(model.base)), snapshot(shuffled(model.local)), snapshot(shuffled(model.remote)))
    assert one == other
    assert [decision.path for decision in one] == sorted({*model.base, *model.local, *model.remote})


@given(models, st.sampled_from(SETTLING))
def test_after_sync_both_sides_agree_and_a_second_run_plans_nothing(model: Model, policy: Policy) -> None:
    model.run(Verb.SYNC, policy)
    assert model.local == model.remote == model.base
    assert is_idle(model.plan(Verb.SYNC, policy))
    assert all(is_idle(model.plan(verb)) for verb in Verb)


@given(models)
def test_sync_that_warns_leaves_only_the_conflicts(model: Model) -> None:
    first = model.run(Verb.SYNC, Policy.WARN)
    open_ = {conflict.path for conflict in first.conflicts if conflict.local and conflict.remote}
    second = model.plan(Verb.SYNC, Policy.WARN)
    assert {conflict.path for conflict in second.conflicts} == open_
    assert not second.actions and not second.notices


@given(models, st.sampled_from(Verb), st.none() | policies)
def test_a_second_run_of_the_same_verb_does_nothing_more(model: Model, verb: Verb, policy: Policy | None) -> None:
    model.run(verb, policy)
    before = (dict(model.local), dict(model.remote))
    assert not model.run(verb, policy).actions
    assert (model.local, model.remote) == before


@given(models)
def test_up_then_down_converge(model: Model) -> None:
    """Where nothing was deleted and nothing is in conflict."""
    settled = {
        decision.path
        for decision in model.decisions()
        if decision.state not in (State.CONFLICT, State.LOCAL_DELETED, State.REMOTE_DELETED)
    }
    model.run(Verb.UP)
    model.run(Verb.DOWN)
    for path in settled:
        assert model.local.get(path) == model.remote.get(path) == model.base.get(path)
    assert not settled & {decision.path for decision in model.decisions() if decision.state is not State.IN_SYNC}


@given(models)
def test_swapping_the_sides_swaps_states(model: Model) -> None:
    swapped = Model(model.base, model.remote, model.local)
    states = {decision.path: decision.state for decision in model.decisions()}
    assert {decision.path: decision.state for decision in swapped.decisions()} == {
        path: SWAPPED_STATE[state] for path, state in states.items()
    }


@given(models, st.sampled_from([Policy.WARN, Policy.KEEP_BOTH]))
def test_swapping_the_sides_swaps_what_sync_does(model: Model, policy: Policy) -> None:
    swapped = Model(model.base, model.remote, model.local)
    steps = {(action.path, action.do) for action in model.plan(Verb.SYNC, policy).actions}
    assert {(action.path, action.do) for action in swapped.plan(Verb.SYNC, policy).actions} == {
        (path, SWAPPED_DO[do]) for path, do in steps
    }


@given(models)
def test_mine_here_is_theirs_there(model: Model) -> None:
    swapped = Model(dict(model.base), dict(model.remote), dict(model.local))
    model.run(Verb.SYNC, Policy.MINE)
    swapped.run(Verb.SYNC, Policy.THEIRS)
    assert model.local == swapped.local


@given(models, st.lists(st.tuples(st.sampled_from(Verb), st.none() | policies), min_size=1, max_size=2))
def test_nothing_is_destroyed(model: Model, runs: list[tuple[Verb, Policy | None]]) -> None:
    """What was on either side is in the base, on a side, in a copy or in the trash."""
    for verb, policy in runs:
        before, known = model.versions(), set(model.base.items())
        model.run(verb, policy)
        assert before <= model.versions() | known


@given(models, st.none() | policies)
def test_sync_destroys_nothing_that_only_the_base_remembers(model: Model, policy: Policy | None) -> None:
    """The base holds no bytes: what `sync` replaces or deletes can be had from a side or the trash."""
    before = model.versions()
    model.run(Verb.SYNC, policy)
    assert before <= model.versions()


@given(models, st.sampled_from([Verb.UP, Verb.DOWN]), st.none() | policies)
def test_up_and_down_delete_nothing(model: Model, verb: Verb, policy: Policy | None) -> None:
    local, remote = set(model.local), set(model.remote)
    model.run(verb, policy)
    assert local <= model.local.keys() and remote <= model.remote.keys()


@given(models, st.sampled_from([Verb.UP, Verb.DOWN]))
def test_up_leaves_this_side_alone_and_down_the_other(model: Model, verb: Verb) -> None:
    before = (dict(model.local), dict(model.remote))
    model.run(verb)
    assert (model.local if verb is Verb.UP else model.remote) == before[verb is not Verb.UP]


@given(models)
def test_an_edit_survives_a_deletion(model: Model) -> None:
    edited = {
        decision.path: model.local.get(decision.path, model.remote.get(decision.path))
        for decision in model.decisions()
        if decision.state is State.CONFLICT and (decision.local is None or decision.remote is None)
    }
    model.run(Verb.SYNC)
    assert {path: model.local.get(path) for path in edited} == edited


@given(replicas, replicas)
def test_without_a_base_nothing_is_deleted(local: dict[str, str], remote: dict[str, str]) -> None:
    """Whoever deletes the state or the folder gets everything back, never a mass deletion."""
    plan = Model({}, local, remote).plan(Verb.SYNC)
    assert not plan.counts().keys() & {Do.DELETE_LOCAL, Do.DELETE_REMOTE}
