"""Renames of what is worth a copy on the server, whose old name needs none in the trash, and what comes in between."""

from __future__ import annotations

import random

from tests.promises.simulator.actions import Meanwhile, OtherTool, Remove, Rename, Run, Save, Step
from tests.promises.simulator.contents import Content
from tests.promises.simulator.random_story import StoryTeller

SIZES = (600, 700, 1500, 2600, 5000)


class RenameTeller:
    """Adds to stories; their other steps stay what they are without."""

    def __init__(self, seed: int, teller: StoryTeller) -> None:
        self._random = random.Random(f"renames of {seed}")
        self._users, self._paths = teller.users, teller.paths
        self._trouble = self._random.choice((0.0, 0.4, 0.7))

    def added_to(self, told: list[Step]) -> list[Step]:
        r = self._random
        share = r.choice((0.0, 0.0, 0.15))
        longer: list[Step] = []
        for step in told:
            if r.random() < share:
                longer += self._renamed()
            longer.append(step)
        return longer

    def _renamed(self) -> list[Step]:
        """A file, or one of two copies of it, gets another name or is deleted; then somebody regrets it, or goes on."""
        r = self._random
        user, other, path = r.choice(self._users), r.choice(self._users), r.choice(self._paths)
        new, copy = f"{r.choice(('a', 'z'))}-renamed.mov", f"{r.choice(('b', 'y'))}-copy.mov"
        content = Content(30_000 + r.randrange(5_000), r.choice(SIZES))
        steps: list[Step] = [Save(user, path, content), Run(user, "sync", max_delete=100)]
        if r.random() < 0.4:
            steps += [Save(user, copy, content), Run(user, r.choice(("up", "sync")))]
        if r.random() < 0.6:
            steps.append(Run(other, "sync", max_delete=100))
        if r.random() < 0.8:
            steps.append(Rename(user, path, new))
            if r.random() < 0.3:
                steps.append(Run(user, "up"))
        else:
            steps.append(Remove(user, path))
        between = (Remove(other, copy), Remove(other, path), Save(other, new, content), OtherTool(new, None))
        meanwhile = [Meanwhile(1, r.choice(between), "head"), self._run(other, "head")] if self._is_hard() else []
        steps.append(Run(user, "sync", max_delete=100, meanwhile=tuple(meanwhile), crash=self._crash()))
        for _ in range(r.randrange(3)):
            steps += r.choice(([Remove(other, new)], [Rename(other, new, copy)], [Save(other, new, self._newer())], []))
            steps.append(Run(other, r.choice(("sync", "sync", "up")), max_delete=None))
        restore = Run(user, "trash restore", files=(path,), side="remote", to="restored.mov")
        undo = Run(user, "undo", crash=self._crash())
        return [*steps, *r.choice(([undo, Run(user, "undo")], [restore], [undo, restore], []))]

    def _run(self, user: str, method: str) -> Meanwhile:
        r = self._random
        return Meanwhile(1, Run(user, r.choice(("sync", "up")), max_delete=None), r.choice((method, "delete", "copy")))

    def _newer(self) -> Content:
        return Content(36_000 + self._random.randrange(5_000), self._random.choice(SIZES))

    def _is_hard(self) -> bool:
        return self._random.random() < self._trouble

    def _crash(self) -> int:
        return int(120 ** self._random.random()) if self._random.random() < self._trouble * 0.4 else 0
