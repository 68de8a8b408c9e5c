"""The two hooks of a run, as data: rules change its plan before the gate, witnesses learn what was done and saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct

from s3sync.core.plan import Rule, Verb, keep_replaced
from s3sync.state.journal import Done, Journal
from s3sync.state.memory import StateDB

Witness: TypeAlias = Callable[[Sequence[Done]], None]
"""Called by one thread after each save, with what was done since the one before. An error ends the run."""


class Hooks(Struct, frozen=True):
    """Rules are applied in their order. Witnesses are made once for a run, with this computer's memory."""

    rules: tuple[Rule, ...] = ()
    witnesses: tuple[Callable[[StateDB], Witness], ...] = ()

    def start(self, state: StateDB) -> list[Witness]:
        return [witness(state) for witness in self.witnesses]


def for_undo(state: StateDB) -> Witness:
    """The journal, from which `undo` takes a run back."""
    return Journal(state).note


HOOKS: Mapping[Verb, Hooks] = MappingProxyType(
    {
        Verb.UP: Hooks(witnesses=(for_undo,)),
        Verb.DOWN: Hooks(witnesses=(for_undo,)),
        Verb.SYNC: Hooks(rules=(keep_replaced,), witnesses=(for_undo,)),
        Verb.CLEANUP: Hooks(witnesses=(for_undo,)),
        Verb.UNDO: Hooks(),  # an undo cannot be undone
    }
)
