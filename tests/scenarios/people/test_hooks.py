"""The hooks of a run: rules decide before the gate, witnesses learn what was saved and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from s3sync import Project
from s3sync.core.obstacles import Blocked, Side
from s3sync.core.plan import Action, Do, Rule, Step, Verb
from s3sync.core.reconcile import State
from s3sync.errors import DiskFull, Halt
from s3sync.state.journal import Done
from s3sync.state.memory import StateDB
from s3sync.sync.hooks import HOOKS, Hooks, Witness
from s3sync.sync.run import Options, run
from tests.kit.limits import limit
from tests.kit.people import Person

People = tuple[Person, Person]


def opened(person: Person) -> Project:
    return Project.open(path=person.project, environ=person.env())


def without(do: Do) -> Rule:
    """A rule that holds back one kind of action, as a lock on a file does."""

    def rule(steps: Iterator[Step]) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, Action) and step.do is do:
                yield Blocked(step.path, "a lock", Side.THERE, State.LOCAL_DELETED)
            else:
                yield step

    return rule


def told(into: list[list[Done]]) -> Hooks:
    def witness(state: StateDB) -> Witness:
        return lambda done: into.append(list(done))

    return Hooks(witnesses=(witness,))


def test_a_rule_decides_before_the_gate(people: People) -> None:
    david, _ = people
    for name in ("a.mp4", "b.mp4"):
        david.write(name, name)
    david.ok("sync")
    for file in david.files():
        (david.staging / file).unlink()
    with pytest.raises(Halt):
        run(opened(david).session, Verb.SYNC, Options())
    report = run(opened(david).session, Verb.SYNC, Options(), Hooks(rules=(without(Do.DELETE_REMOTE),)))
    assert sorted(problem.path for problem in report.failed) == ["a.mp4", "b.mp4"] and not report.deleted
    assert set(david.states().values()) == {"local_deleted"}


@pytest.mark.parametrize(("rules", "kept"), [(HOOKS[Verb.SYNC].rules, 1), ((), 0)], ids=["its rule", "no rule"])
def test_sync_keeps_what_it_replaces_because_of_its_rule(people: People, rules: tuple[Rule, ...], kept: int) -> None:
    david, _ = people
    david.write("a.mp4", "first")
    david.ok("sync")
    david.write("a.mp4", "second one")
    run(opened(david).session, Verb.SYNC, Options(), Hooks(rules=rules))
    assert len(opened(david).trash("remote").files) == kept


def test_a_witness_is_told_of_all_that_was_saved_once(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, files_before_save=2)
    david, _ = people
    for number in range(5):
        david.write(f"{number}.mp4", f"content {number}")
    saved: list[list[Done]] = []
    run(opened(david).session, Verb.UP, Options(), told(saved))
    assert len(saved) > 1
    assert sorted(done.path for some in saved for done in some) == [f"{number}.mp4" for number in range(5)]
    assert all(done.after is not None and done.verb is Verb.UP for some in saved for done in some)


def test_a_witness_hears_nothing_of_what_was_not_saved(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    david, _ = people
    david.write("a.mp4", "a")

    def full(*_: object, **__: object) -> None:
        raise DiskFull("cannot write", why="the disk is full")

    saved: list[list[Done]] = []
    monkeypatch.setattr(StateDB, "save", full)
    with pytest.raises(DiskFull):
        run(opened(david).session, Verb.UP, Options(), told(saved))
    assert saved == []


@pytest.mark.parametrize("verb", Verb)
def test_every_verb_that_can_be_undone_is_witnessed_for_undo(verb: Verb) -> None:
    assert bool(HOOKS[verb].witnesses) == (verb is not Verb.UNDO)


def test_no_witness_is_asked_in_a_dry_run(people: People) -> None:
    david, _ = people
    david.write("a.mp4", "a")

    def never(state: StateDB) -> Witness:
        raise AssertionError("a dry run saves nothing")

    for _ in range(2):
        report = run(opened(david).session, Verb.UP, Options(dry_run=True), Hooks(witnesses=(never,)))
        assert [item.name for item in report.uploaded] == ["a.mp4"]
