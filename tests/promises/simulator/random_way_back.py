"""Steps that were not in the first stories: trash, undo, cleanups in all forms, file for folder, and days that pass."""

from __future__ import annotations

import random

from msgspec.structs import replace

from tests.promises.simulator.actions import Fault, Meanwhile, Remove, Run, Save, Step, Swap, Wait
from tests.promises.simulator.contents import Content
from tests.promises.simulator.faults import KINDS
from tests.promises.simulator.random_story import SIZES, StoryTeller

WAYS = ("trash", "undo", "cleanup", "wait", "folder")
CLEANUPS = (
    "cleanup",
    "cleanup",
    "cleanup --unseen",
    "cleanup --trash",
    "cleanup --permanently",
    "cleanup --unseen --permanently",
    "cleanup --local",
    "cleanup --local",
    "cleanup --local --trash",
)


class WayBackTeller:
    """Adds to stories; their other steps stay what they are without."""

    def __init__(self, seed: int, teller: StoryTeller) -> None:
        self._random = random.Random(f"ways back of {seed}")
        self._users, self._paths, self._blind = teller.users, teller.paths, teller.blind
        self._trouble = self._random.choice((0.0, 0.3, 0.6))

    def added_to(self, told: list[Step]) -> list[Step]:
        """Names that differ only in case are another question than files for folders."""
        r = self._random
        kinds = [kind for kind in WAYS if r.random() < 0.5 and not (kind == "folder" and self._blind)]
        longer: list[Step] = []
        for step in told:
            if kinds and r.random() < 0.2:
                longer += map(self._with_trouble, self._way(r.choice(kinds)))
            longer.append(step)
        return longer

    def _way(self, kind: str) -> list[Step]:
        """A step of that kind and perhaps a run, or a whole way there and back with the trap that lies on it."""
        r = self._random
        user, other, path = r.choice(self._users), r.choice(self._users), r.choice(self._paths)
        steps = {"trash": self._trash, "undo": self._undo, "cleanup": self._cleanup, "folder": self._folder}
        if kind == "wait":
            return self._waiting(user, other, path)
        own, way = steps[kind](user, path), r.random() < 0.5
        if not way:
            return [own, self._run(user)] if r.random() < 0.5 else [own]
        both: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)]
        change: Step = r.choice((self._save(user, path), self._save(other, path), Remove(user, path)))
        after: list[Step] = [self._run(other), self._run(user)]
        if kind == "folder":
            return [*both, own, *after]
        if kind == "cleanup":
            return [*both, change, own, self._run(other), Run(r.choice((user, other)), "up --again"), *after]
        return [*both, change, self._run(user), self._run(other), own, *after]

    def _trash(self, user: str, path: str) -> Step:
        r = self._random
        side = r.choice(("", "local", "remote"))
        kind = r.random()
        if kind < 0.6:
            name = r.choice((path, path, r.choice(self._paths)))
            to = r.choice(("", "", "restored.mov", r.choice(self._paths)))
            return Run(user, "trash restore", files=(name,), side=side, to=to, dry_run=r.random() < 0.05)
        if kind < 0.9:
            return Run(user, "trash empty", side=side, dry_run=r.random() < 0.1)
        return Run(user, "trash list", side=side)

    def _undo(self, user: str, path: str) -> Step:
        return Run(user, "undo", dry_run=self._random.random() < 0.1)

    def _cleanup(self, user: str, path: str) -> Step:
        r = self._random
        return Run(user, r.choice(CLEANUPS), files=(path,) if r.random() < 0.3 else (), dry_run=r.random() < 0.05)

    def _folder(self, user: str, path: str) -> Step:
        r = self._random
        content = None if r.random() < 0.2 else self._content()
        return Swap(user, r.choice((path, f"{path}/inside.mov", path.split("/")[0])), content)

    def _waiting(self, user: str, other: str, path: str) -> list[Step]:
        """A day until the first look at a trash, and then more than its limit, with versions in both trashes."""
        both: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)]
        again: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)]
        later: list[Step] = [Wait(2), self._run(user), self._run(other), Wait(40), self._run(user), self._run(other)]
        return [*both, *again, *later] if self._random.random() < 0.5 else [Wait(self._random.choice((1, 2, 40)))]

    def _save(self, user: str, path: str) -> Save:
        return Save(user, path, self._content(), self._random.random() < 0.5)

    def _content(self) -> Content:
        """Now and then what somebody had before."""
        r = self._random
        token = 20_000 + r.randrange(30 if r.random() < 0.3 else 5_000)
        fixed = random.Random(token)
        return Content(token, fixed.choice(SIZES), fixed.randrange(3))

    def _sync(self, user: str) -> Run:
        return Run(user, "sync", max_delete=100, late=self._random.random() < 0.5)

    def _run(self, user: str) -> Run:
        r = self._random
        verb = r.choice(("sync", "sync", "sync", "up", "down", "up --again"))
        return Run(user, verb, max_delete=100 if verb == "sync" else None, late=r.random() < 0.5)

    def _with_trouble(self, step: Step) -> Step:
        r = self._random
        if not isinstance(step, Run) or r.random() >= self._trouble * 0.5:
            return step
        kind = r.random()
        if kind < 0.35:
            return replace(step, crash=self._number(160))
        if kind < 0.45:
            return replace(step, full=self._number(160))
        if kind < 0.7:
            return replace(step, faults=(Fault(self._number(20), r.choice(KINDS)),))
        method = r.choice(("", "", "question", "delete", "copy", "get"))
        between = self._between(r.choice(self._users), r.choice(self._paths))
        return replace(step, meanwhile=(Meanwhile(self._number(5 if method else 20), between, method),))

    def _between(self, user: str, path: str) -> Step:
        r = self._random
        steps = (self._save(user, path), Remove(user, path), self._run(user), self._trash(user, path),
                 self._undo(user, path), self._cleanup(user, path))  # fmt: skip
        return r.choice(steps)

    def _number(self, limit: int) -> int:
        """1 and more, the small ones more often."""
        return int(limit ** self._random.random())
