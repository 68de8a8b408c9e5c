"""What each verb does about each state, and each policy about each kind of conflict."""

from __future__ import annotations

from itertools import product

import pytest

from s3sync.core.entries import Entry
from s3sync.core.plan import Action, Agreed, Conflict, Do, InSync, Notice, Plan, Policy, Verb, by_word
from s3sync.core.reconcile import ConflictKind, Decision, State, decide
from s3sync.sync.hooks import HOOKS
from s3sync.sync.planning import collect, make_plan

A, B, C = Entry(1, "a" * 32, "ea"), Entry(10, "b" * 32, "eb"), Entry(100, "c" * 32, "ec")

# base, local, remote that make each state and each kind of conflict
STATES = {
    State.IN_SYNC: (A, A, A),
    State.LOCAL_NEW: (None, A, None),
    State.LOCAL_MODIFIED: (A, B, A),
    State.LOCAL_DELETED: (A, None, A),
    State.REMOTE_NEW: (None, None, A),
    State.REMOTE_MODIFIED: (A, A, B),
    State.REMOTE_DELETED: (A, A, None),
}
KINDS = {
    ConflictKind.BOTH_EDITED: (A, B, C),
    ConflictKind.BOTH_ADDED: (None, B, C),
    ConflictKind.EDITED_HERE_DELETED_THERE: (A, B, None),
    ConflictKind.DELETED_HERE_EDITED_THERE: (A, None, B),
}

# `!trash`: the remote version that is replaced or deleted goes to the remote trash first
CHANGES = """
state           | up             down           sync
local_new       | upload         notice         upload
local_modified  | upload         notice         upload!trash
local_deleted   | notice         download       delete_remote!trash
remote_new      | notice         download       download
remote_modified | notice         download       download
remote_deleted  | notice         notice         delete_local
"""

CONFLICTS = """
kind                      policy    | up             down           sync
both_edited               warn      | nothing        nothing        nothing
both_edited               keep-both | keep_both      keep_both      keep_both
both_edited               mine      | upload!trash   upload!trash   upload!trash
both_edited               theirs    | download       download       download
both_added                warn      | nothing        nothing        nothing
both_added                keep-both | keep_both      keep_both      keep_both
both_added                mine      | upload!trash   upload!trash   upload!trash
both_added                theirs    | download       download       download
edited_here_deleted_there warn      | upload         nothing        upload
edited_here_deleted_there keep-both | upload         nothing        upload
edited_here_deleted_there mine      | upload         nothing        upload
edited_here_deleted_there theirs    | upload         nothing        upload
deleted_here_edited_there warn      | nothing        download       download
deleted_here_edited_there keep-both | nothing        download       download
deleted_here_edited_there mine      | nothing        download       download
deleted_here_edited_there theirs    | nothing        download       download
"""


def rows(table: str) -> list[tuple[str, ...]]:
    """(what stands left of the bar, verb, cell) for each cell."""
    head, *lines = table.strip().splitlines()
    verbs = head.split("|")[1].split()
    return [
        (*line.split("|")[0].split(), verb, cell)
        for line in lines
        for verb, cell in zip(verbs, line.split("|")[1].split(), strict=True)
    ]


def plan_of(decision: Decision, verb: Verb, policy: Policy | None = None) -> Plan:
    return make_plan([decision], verb, policy, lambda path: f"{path}.mine", rules=HOOKS[verb].rules)


def test_the_tables_are_whole() -> None:
    changes = {state.value for state in STATES} - {"in_sync"}
    assert {row[:2] for row in rows(CHANGES)} == set(product(changes, ["up", "down", "sync"]))
    kinds, policies = [kind.value for kind in ConflictKind], [policy.value for policy in Policy]
    assert {row[:3] for row in rows(CONFLICTS)} == set(product(kinds, policies, ["up", "down", "sync"]))


@pytest.mark.parametrize("policy", [None, *Policy])
@pytest.mark.parametrize(("state", "verb", "expected"), rows(CHANGES))
def test_changes(state: str, verb: str, expected: str, policy: Policy | None) -> None:
    """One-sided changes; no policy changes anything about them."""
    decision = decide("a", *STATES[State(state)])
    plan = plan_of(decision, Verb(verb), policy)
    if expected == "notice":
        assert plan == collect(Verb(verb), [Notice("a", State(state), (decision.remote or A).size)])
    else:
        do, _, trash = expected.partition("!")
        action = Action(Do(do), "a", decision.local, decision.remote, trash_remote=trash == "trash")
        assert plan == collect(Verb(verb), [action])


@pytest.mark.parametrize(("kind", "policy", "verb", "expected"), rows(CONFLICTS))
def test_conflicts(kind: str, policy: str, verb: str, expected: str) -> None:
    decision = decide("a", *KINDS[ConflictKind(kind)])
    plan = plan_of(decision, Verb(verb), Policy(policy))
    kept_as = "a.mine" if expected == "keep_both" else None
    do, _, trash = expected.partition("!")
    done = None if do == "nothing" else Do(do)
    conflict = Conflict("a", ConflictKind(kind), decision.local, decision.remote, Policy(policy), done, kept_as)
    actions = (
        []
        if expected == "nothing"
        else [Action(Do(do), "a", decision.local, decision.remote, trash == "trash", kept_as)]
    )
    assert plan == collect(Verb(verb), [*actions, conflict])


@pytest.mark.parametrize(
    ("verb", "policy"), [(Verb.UP, Policy.WARN), (Verb.DOWN, Policy.WARN), (Verb.SYNC, Policy.KEEP_BOTH)]
)
def test_the_policy_of_a_verb(verb: Verb, policy: Policy) -> None:
    decision = decide("a", *KINDS[ConflictKind.BOTH_EDITED])
    assert plan_of(decision, verb, None) == plan_of(decision, verb, policy)


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("base", [None, A])
def test_in_sync_moves_only_the_base(verb: Verb, base: Entry | None) -> None:
    both, gone = decide("both", base, B, B), decide("gone", A, None, None)
    plan = make_plan([both, gone], verb, None, str.upper)
    assert plan == collect(
        verb,
        [
            InSync("both", B.size),
            Agreed("both", Entry(B.size, B.md5, B.etag)),
            InSync("gone", None),
            Agreed("gone", None),
        ],
    )


@pytest.mark.parametrize(
    ("etag", "kept"),
    [
        ("d41d8cd98f00b204e9800998ecf8427e", True),  # the MD5 itself
        ("d41d8cd98f00b204e9800998ecf8427e-2", False),  # of other parts
        ("c41d8cd98f00b204e9800998ecf8427e", False),  # KMS
        ("0x8D4BCC2E4835CD0", False),  # Azure
        ("1732693200123456", False),  # composed on Google Cloud
    ],
)
def test_a_base_by_word_has_no_etag_that_says_nothing(etag: str, kept: bool) -> None:
    entry = Entry(3, "d41d8cd98f00b204e9800998ecf8427e", etag)
    found = by_word(entry)
    assert found is not None and (found.etag == etag) is kept and found.md5 == entry.md5


def test_a_base_that_says_so_already_stays() -> None:
    known = Entry(B.size, B.md5, B.etag)
    assert not make_plan([decide("a", known, B, B)], Verb.SYNC, None, str.upper).agreed


@pytest.mark.parametrize("verb", [Verb.UP, Verb.DOWN])
@pytest.mark.parametrize("policy", [None, *Policy])
def test_up_and_down_never_delete(verb: Verb, policy: Policy | None) -> None:
    cases = [*STATES.values(), *KINDS.values(), (A, None, None)]
    plan = make_plan([decide(str(n), *case) for n, case in enumerate(cases)], verb, policy, lambda path: path + "x")
    assert plan.actions
    assert not plan.counts().keys() & {Do.DELETE_LOCAL, Do.DELETE_REMOTE}


def test_the_kept_name_is_asked_for_only_when_both_are_kept() -> None:
    asked: list[str] = []

    def keep_name(path: str) -> str:
        asked.append(path)
        return f"kept {path}"

    decisions = [decide(kind.value, *case) for kind, case in KINDS.items()]
    plan = make_plan(decisions, Verb.SYNC, None, keep_name)
    assert asked == ["both_edited", "both_added"]
    assert [action.kept_as for action in plan.actions] == ["kept both_edited", "kept both_added", None, None]


@pytest.mark.parametrize(
    ("do", "size"),
    [(Do.UPLOAD, 10), (Do.DOWNLOAD, 100), (Do.KEEP_BOTH, 110), (Do.DELETE_LOCAL, 0), (Do.DELETE_REMOTE, 0)],
)
def test_the_size_of_an_action_is_what_it_moves(do: Do, size: int) -> None:
    assert Action(do, "a", B, C).size == size


def test_counts() -> None:
    decisions = [decide("a", *STATES[State.LOCAL_NEW]), decide("b", *STATES[State.LOCAL_NEW])]
    plan = make_plan([*decisions, decide("c", *STATES[State.REMOTE_NEW])], Verb.SYNC, None, str)
    assert plan.counts() == {Do.UPLOAD: 2, Do.DOWNLOAD: 1}
