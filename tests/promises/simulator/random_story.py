"""Stories from a seed. No step looks at the world, so that a story means the same with some of its steps dropped."""

from __future__ import annotations

import random

from msgspec.structs import replace

from tests.kit.people import REPO
from tests.promises.simulator.actions import (
    PATHS,
    USERS,
    Disguise,
    Empty,
    Fault,
    Forget,
    Ignore,
    Meanwhile,
    OtherTool,
    Remove,
    Rename,
    RenameClone,
    Run,
    Save,
    Settle,
    Step,
    Swap,
    Touch,
)
from tests.promises.simulator.contents import Content
from tests.promises.simulator.faults import KINDS

SIZES = (0, 1, 40, 40, 300, 300, 700, 1500, 2600, 2600, 5000)
"""Of the same few sizes, so that content decides; the part size in a simulation is 1,024 bytes."""
VERBS = {"up": 6, "down": 6, "sync": 10, "cleanup": 1, "cleanup --unseen": 0.3, "cleanup --local": 1, "status": 1,
         "transfers --abort-all": 0.3}  # fmt: skip
METHODS = ("", "", "", "", "put", "put_part", "delete", "copy", "get", "complete_upload")
POLICIES = (None, None, None, None, None, "warn", "keep-both", "mine", "theirs")
MAX_DELETES = (None, None, None, 100, 100, 100, 2, 0)


MOVES = ("place", "clone", "ignore", "cleanup", "disguise")
"""What `with_moves` adds to stories."""


class StoryTeller:
    """Steps for one story."""

    def __init__(self, seed: int, users: int | None = None) -> None:
        self._random = random.Random(seed)
        count = users or self._random.choice((2, 2, 3))
        self.users = USERS[:count]
        self.blind = tuple(user for user in self.users if self._random.random() < 0.15)
        self._moves = random.Random(f"moves of {seed}")
        self._trouble = self._random.choice((0.0, 0.4, 0.7, 1.0))
        self.paths = self._random.sample(PATHS, self._random.choice((1, 2, 3, 5, len(PATHS))))
        self._token = 0

    def story(self, steps: int) -> list[Step]:
        told: list[Step] = []
        while len(told) < steps:
            told += self._race() if self._random.random() < self._trouble * 0.1 else [self._step()]
        return told

    def with_moves(self, told: list[Step]) -> list[Step]:
        """Some stories also move about: their other steps stay what they are without.

        Another store and back, a renamed project or clone, rules that ignore and no longer do, a time put back. Rules
        know case, and what they mean on a disk that does not is another question.
        """
        r = self._moves
        kinds = [kind for kind in MOVES if r.random() < 0.3 and not (kind == "ignore" and self.blind)]
        moved: list[Step] = []
        for step in told:
            if kinds and r.random() < 0.25:
                moved += self._move(r.choice(kinds))
            moved.append(step)
        return moved

    def _move(self, kind: str) -> list[Step]:
        """One step of that kind and perhaps a run, or a whole way there and back with the trap that lies on it."""
        r = self._moves
        user, path, token = r.choice(self.users), r.choice(self.paths), 10_000 + r.randrange(1000)
        run = Run(user, r.choice(("up", "down", "sync", "sync")), late=r.random() < 0.5)
        sync = Run(user, "sync", max_delete=100, late=r.random() < 0.5)
        save = Save(user, path, Content(token, r.choice(SIZES)))
        way = r.random() < 0.4
        then: list[Step] = [run] if r.random() < 0.5 else []
        if kind == "place":
            away, back = Settle(user, r.choice(("", "", "other")), r.choice(("", "", "", "renamed"))), Settle(user)
            there = r.choice((sync, Run(user, "up"), Run(user, "cleanup --local")))
            return [save, sync, away, Remove(user, path), there, back, sync] if way else [away, *then]
        if kind == "clone":
            return [RenameClone(user, r.choice((REPO, "worktree"))), *then]
        if kind == "ignore":
            rules = Ignore(user, r.choice(((), (path,), tuple(self.paths[:2]))))
            trap: list[Step] = [Ignore(user, (path,)), run, Remove(user, path), Ignore(user, ()), sync]
            return [save, sync, *trap] if way else [rules, *then]
        if kind == "cleanup":
            cleanup = Run(user, r.choice(("cleanup", "cleanup --local")), files=(path,))
            return [save, sync, cleanup, Run(r.choice(self.users), "sync", max_delete=100)] if way else [cleanup, *then]
        if kind == "swap":
            content = None if r.random() < 0.3 else Content(token, r.choice(SIZES))
            swap = Swap(user, r.choice((path, f"{path}/inside.mov", path.split("/")[0])), content)
            return [save, sync, swap, sync, Run(r.choice(self.users), "sync")] if way else [swap, *then]
        last = r.choice((sync, Run(user, "cleanup --local"), Run(user, "up")))
        return [save, sync, Disguise(user, path, token), last] if way else [Disguise(user, path, token), *then]

    def _step(self) -> Step:
        r = self._random
        if r.random() < 0.5:
            run = self._run()
            return self._with_trouble(run) if r.random() < self._trouble else run
        if r.random() < 0.06:
            user = r.choice(self.users)
            steps: list[Step] = [Empty(user), Empty(user, wholly=True), Forget(user)]
            return r.choice(steps)
        return self._small()

    def _race(self) -> list[Step]:
        """Somebody is about to replace, delete or fetch just what another one changes at the last moment."""
        r = self._random
        user, path = r.choice(self.users), r.choice(self.paths)
        others = [Save(r.choice(self.users), path, self._content(), in_place=True), self._other_tool(path)]
        way = r.choice(("delete", "cleanup", "put", "get"))
        method = {"cleanup": "delete", "put": r.choice(("put", "put_part", "complete_upload", "copy"))}.get(way, way)
        meanwhile = [Meanwhile(1, r.choice(others), method)]
        if r.random() < 0.5:
            meanwhile.append(Meanwhile(1, Run(r.choice(self.users), r.choice(("up", "sync"))), method))
        agree: list[Step] = [Save(user, path, self._content()), Run(user, "sync", max_delete=100)]
        run = Run(user, "sync", max_delete=100, meanwhile=tuple(meanwhile), late=r.random() < 0.5)
        if way == "delete":
            return [*agree, Remove(user, path), run]
        if way == "cleanup":
            return [*agree, replace(run, verb="cleanup", max_delete=None)]
        run = replace(run, verb=r.choice(("up", "down", "sync")), max_delete=None)
        return [*agree, Save(user, path, self._content()) if way == "put" else self._other_tool(path), run]

    def _small(self) -> Step:
        """What somebody does at once, at any time."""
        r = self._random
        user, path = r.choice(self.users), r.choice(self.paths)
        kind = r.choices(["save", "remove", "rename", "touch", "tool"], [10, 3, 2, 1, 3])[0]
        if kind == "save":
            return Save(user, path, self._content(), r.random() < 0.5)
        if kind == "remove":
            return Remove(user, path)
        if kind == "rename":
            return Rename(user, path, r.choice([name for name in PATHS if name != path]))
        if kind == "touch":
            return Touch(user, path)
        return self._other_tool(path)

    def _other_tool(self, path: str) -> Step:
        r = self._random
        if r.random() < 0.2:
            return OtherTool(path, None)
        return OtherTool(path, self._content(), r.choice(("put", "parts", "dropped")))

    def _content(self) -> Content:
        r = self._random
        if self._token and r.random() < 0.12:  # what somebody may have had before
            token = r.randrange(self._token)
            fixed = random.Random(token)
            return Content(token, fixed.choice(SIZES), fixed.randrange(3))
        token, self._token = self._token, self._token + 1
        fixed = random.Random(token)
        return Content(token, fixed.choice(SIZES), fixed.randrange(3))

    def _run(self) -> Run:
        r = self._random
        verb = r.choices(list(VERBS), list(VERBS.values()))[0]
        decides = verb in ("up", "down", "sync")
        return Run(
            user=r.choice(self.users),
            verb=verb,
            policy=r.choice(POLICIES) if decides else None,
            files=(r.choice(self.paths),) if verb in ("up", "down", "cleanup") and r.random() < 0.1 else (),
            max_delete=r.choice(MAX_DELETES) if verb == "sync" else None,
            dry_run=decides and r.random() < 0.04,
            late=r.random() < 0.5,
            often=r.random() < 0.2,
        )

    def _with_trouble(self, run: Run) -> Run:
        r = self._random
        faults: tuple[Fault, ...] = ()
        meanwhile: tuple[Meanwhile, ...] = ()
        crash = full = 0
        kind = r.random()
        if kind < 0.25:
            faults = tuple(Fault(self._number(20), r.choice(KINDS)) for _ in range(r.choice((1, 1, 2, 3))))
        elif kind < 0.65:
            meanwhile = tuple(self._meanwhile(run) for _ in range(r.choice((1, 1, 2, 3))))
        elif kind < 0.93:
            crash = self._number(160)
        else:
            full = self._number(160)
        if r.random() < 0.25:
            faults = (Fault(self._number(20), r.choice(KINDS)),)
        if r.random() < 0.25:
            meanwhile = (self._meanwhile(run),)
        return replace(run, faults=faults, meanwhile=meanwhile, crash=crash, full=full)

    def _meanwhile(self, run: Run) -> Meanwhile:
        method = self._random.choice(METHODS)
        return Meanwhile(self._number(5 if method else 20), self._between(run), method)

    def _between(self, run: Run) -> Step:
        """What is done while that run is under way: by others a whole command, by anybody a small thing."""
        r = self._random
        kind = r.random()
        if kind < 0.2:
            return self._other_tool(r.choice(self.paths))
        if kind < 0.6:
            inner = self._run()
            while inner.user == run.user and len(self.users) > 1 and r.random() < 0.9:
                inner = self._run()
            return inner
        return self._small()

    def _number(self, limit: int) -> int:
        """1 and more, the small ones more often."""
        return int(limit ** self._random.random())
