"""A model of two replicas, a base and a trash as dictionaries, and plans carried out on it."""

from __future__ import annotations

from dataclasses import dataclass, field

from s3sync.core.plan import Action, Do, Plan, Policy, Verb
from s3sync.core.reconcile import Decision, reconcile
from s3sync.sync.hooks import HOOKS
from s3sync.sync.planning import make_plan
from tests.promises.property.strategies import snapshot

COPY = ".mine"


@dataclass
class Model:
    base: dict[str, str]
    local: dict[str, str]
    remote: dict[str, str]
    trash: set[tuple[str, str]] = field(default_factory=set)

    def decisions(self) -> list[Decision]:
        return reconcile(snapshot(self.base), snapshot(self.local), snapshot(self.remote))

    def plan(self, verb: Verb, policy: Policy | None = None) -> Plan:
        rules = HOOKS[verb].rules
        return make_plan(self.decisions(), verb, policy, lambda path: path + COPY, rules=rules)

    def run(self, verb: Verb, policy: Policy | None = None) -> Plan:
        plan = self.plan(verb, policy)
        for decision in plan.in_sync:
            self._agree(decision.path)
        for action in plan.actions:
            self._do(action)
        return plan

    def versions(self) -> set[tuple[str, str]]:
        """Everything that can still be had, under the path it once had."""
        return {(path.removesuffix(COPY), content) for path, content in self.sides() | self.trash}

    def sides(self) -> set[tuple[str, str]]:
        return {*self.local.items(), *self.remote.items()}

    def _do(self, action: Action) -> None:
        path = action.path
        match action.do:
            case Do.UPLOAD:
                if action.trash_remote:
                    self.trash.add((path, self.remote[path]))
                self.remote[path] = self.local[path]
            case Do.DOWNLOAD:
                if path in self.local:
                    self.trash.add((path, self.local[path]))
                self.local[path] = self.remote[path]
            case Do.DELETE_LOCAL:
                self.trash.add((path, self.local.pop(path)))
            case Do.DELETE_REMOTE:
                if action.trash_remote:
                    self.trash.add((path, self.remote[path]))
                del self.remote[path]
            case Do.KEEP_BOTH:
                assert action.kept_as is not None
                assert action.kept_as not in self.local.keys() | self.remote.keys()
                self.local[action.kept_as] = self.remote[action.kept_as] = self.local[path]
                self.local[path] = self.remote[path]
                self._agree(action.kept_as)
        self._agree(path)

    def _agree(self, path: str) -> None:
        """The base moves to what both sides hold now."""
        assert self.local.get(path) == self.remote.get(path)
        if path in self.remote:
            self.base[path] = self.remote[path]
        else:
            self.base.pop(path, None)
