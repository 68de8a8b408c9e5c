"""What came last, added to stories: the queue, the choice of files, and commands on two places."""

from __future__ import annotations

import random

from msgspec.structs import replace

from tests.promises.simulator.actions import Fault, Meanwhile, Remove, Run, Save, Step
from tests.promises.simulator.beside import COPYING, ORGANIZING
from tests.promises.simulator.contents import Content
from tests.promises.simulator.faults import KINDS
from tests.promises.simulator.random_story import SIZES, StoryTeller

WAYS = ("queue", "select", "organize", "copy")


class BesideTeller:
    """Adds to stories; their other steps stay what they are without."""

    def __init__(self, seed: int, teller: StoryTeller) -> None:
        self._random = random.Random(f"beside of {seed}")
        self._users, self._paths, self._blind = teller.users, teller.paths, teller.blind
        self._trouble = self._random.choice((0.0, 0.3, 0.6))

    def added_to(self, told: list[Step]) -> list[Step]:
        """A quarter of the stories stay without any of it. Names that differ only in case are another question."""
        r = self._random
        kinds = [kind for kind in WAYS if r.random() < 0.5 and not (self._blind and kind != "queue")]
        if r.random() < 0.25:
            return told
        longer: list[Step] = []
        for step in told:
            if kinds and r.random() < 0.15:
                longer += map(self._with_trouble, self._way(r.choice(kinds)))
            longer.append(step)
        return longer

    def _way(self, kind: str) -> list[Step]:
        r = self._random
        user, path = r.choice(self._users), r.choice(self._paths)
        other = r.choice([name for name in self._users if name != user] or [user])
        tell = {"queue": self._queue, "select": self._select, "organize": self._organize, "copy": self._copy}
        return tell[kind](user, other, path)

    def _queue(self, user: str, other: str, path: str) -> list[Step]:
        """Wished at one moment, sent at another: what happens in between is what counts."""
        r = self._random
        wish = Run(user, "queue add", files=(path,) if r.random() < 0.6 else ())
        sent, look = Run(user, "queue run", late=r.random() < 0.5), Run(user, "queue")
        if r.random() < 0.3:
            return [r.choice((wish, sent, look, Run(user, "queue clear", files=(path,) if r.random() < 0.5 else ())))]
        betweens: tuple[list[Step], ...] = (
            [],
            [self._save(user, path)],
            [Remove(user, path)],
            [self._save(other, path), Run(other, "up")],
            [Run(user, "up"), self._save(user, path)],
            [Run(user, "sync", max_delete=100)],
            [Run(other, "lock", files=(path,), number=60)],
            [Run(user, "cleanup")],
        )  # fmt: skip
        ends: tuple[list[Step], ...] = ([sent], [sent, sent], [Run(user, "watch"), sent], [Run(user, "undo"), sent])
        return [self._save(user, path), wish, *r.choice(betweens), *r.choice(ends)]

    def _select(self, user: str, other: str, path: str) -> list[Step]:
        """Some are wanted; what is not, is deleted here, replaced or deleted there, and wanted again."""
        r = self._random
        choose = Run(user, "select", files=(r.choice(self._paths),))
        everything = Run(user, "select")
        if r.random() < 0.3:
            return [r.choice((choose, everything))]
        agree: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)] if r.random() < 0.7 else []
        change: Step = r.choice(
            (Remove(user, path), Remove(other, path), self._save(other, path), self._save(user, path))
        )
        afters: tuple[list[Step], ...] = ([], [everything], [Run(user, "undo")], [Run(user, "cleanup --local")])
        runs = (self._run(user), self._run(other), self._run(user))
        return [*agree, choose, change, *runs, *r.choice(afters), self._run(user)]

    def _organize(self, user: str, other: str, path: str) -> list[Step]:
        r = self._random
        organize = Run(user, r.choice(ORGANIZING), number=r.randrange(5), dry_run=r.random() < 0.05)
        back = Run(user, "organize --undo", dry_run=r.random() < 0.05)
        if r.random() < 0.3:
            return [r.choice((organize, back))]
        agree: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)] if r.random() < 0.7 else []
        betweens: tuple[list[Step], ...] = (
            [], [], [self._save(user, path)], [self._run(other)], [self._run(user)], [organize],
            [self._save(other, path), self._sync(other)],
        )  # fmt: skip
        backs: tuple[list[Step], ...] = ([], [back], [back, back])
        return [*agree, organize, *r.choice(betweens), *r.choice(backs), self._run(user), self._run(other)]

    def _copy(self, user: str, other: str, path: str) -> list[Step]:
        r = self._random
        copy = Run(user, r.choice(COPYING), dry_run=r.random() < 0.05)
        if r.random() < 0.3:
            return [copy]
        agree: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)] if r.random() < 0.5 else []
        change: Step = r.choice((self._save(user, path), self._save(other, path), Remove(user, path)))
        return [*agree, change, *r.choice(([], [self._run(other)])), copy, self._run(user), self._run(other)]

    def _save(self, user: str, path: str) -> Save:
        r = self._random
        token = 60_000 + r.randrange(5_000)
        return Save(user, path, Content(token, r.choice(SIZES), r.randrange(3)), r.random() < 0.5)

    def _sync(self, user: str) -> Run:
        return Run(user, "sync", max_delete=100, late=self._random.random() < 0.5)

    def _run(self, user: str) -> Run:
        r = self._random
        verb = r.choice(("sync", "sync", "up", "down", "undo", "queue run"))
        return Run(user, verb, max_delete=100 if verb == "sync" else None, late=r.random() < 0.5)

    def _with_trouble(self, step: Step) -> Step:
        r = self._random
        if not isinstance(step, Run) or r.random() >= self._trouble * 0.5:
            return step
        kind = r.random()
        if kind < 0.4:
            return replace(step, crash=self._number(160))
        if kind < 0.5:
            return replace(step, full=self._number(160))
        if kind < 0.75:
            return replace(step, faults=(Fault(self._number(20), r.choice(KINDS)),))
        user, path = r.choice(self._users), r.choice(self._paths)
        steps = (self._save(user, path), Remove(user, path), self._run(user), Run(user, r.choice(COPYING)),
                 Run(user, "queue add"), Run(user, r.choice(ORGANIZING), number=r.randrange(5)))  # fmt: skip
        method = r.choice(("", "", "put", "get", "copy", "delete"))
        return replace(step, meanwhile=(Meanwhile(self._number(5 if method else 20), r.choice(steps), method),))

    def _number(self, limit: int) -> int:
        """1 and more, the small ones more often."""
        return int(limit ** self._random.random())
