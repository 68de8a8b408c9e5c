"""What people do together, added to stories: locks, receipts, decided conflicts, pins, older versions, watches."""

from __future__ import annotations

import random

from msgspec.structs import replace

from tests.promises.simulator.actions import Begin, Fault, Finish, Meanwhile, Remove, Run, Save, Step, Wait
from tests.promises.simulator.contents import Content
from tests.promises.simulator.faults import KINDS
from tests.promises.simulator.random_story import SIZES, StoryTeller

WAYS = ("locks", "receipts", "resolve", "pins", "versions", "watch")
LASTS = (60, 240)
PASSING = (25, 85, 290)
"""Minutes that locks last, and that pass: never do several of these pass just when a lock ends."""
CHOICES = ("resolve --mine", "resolve --theirs", "resolve --both")
WRITING = (40, 300, 1500, 2600)


class TogetherTeller:
    """Adds to stories; their other steps stay what they are without."""

    def __init__(self, seed: int, teller: StoryTeller) -> None:
        self._random = random.Random(f"together of {seed}")
        self._users, self._paths = teller.users, teller.paths
        self._trouble = self._random.choice((0.0, 0.3, 0.6))

    def added_to(self, told: list[Step]) -> list[Step]:
        """More than a third of the stories stay without any of it."""
        r = self._random
        kinds = [kind for kind in WAYS if r.random() < 0.5] if r.random() < 0.6 else []
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
        tell = {"locks": self._locks, "receipts": self._receipts, "resolve": self._resolve, "pins": self._pins,
                "versions": self._versions, "watch": self._watch}  # fmt: skip
        return tell[kind](user, other, path)

    def _locks(self, user: str, other: str, path: str) -> list[Step]:
        """One locks, the other goes on; it is broken, ends by itself, or is let go of."""
        r = self._random
        lock = self._lock(user, path)
        kind = r.random()
        if kind < 0.25:
            return [r.choice((lock, self._unlock(user, path), Wait(minutes=r.choice(PASSING)), Run(user, "locks")))]
        if kind < 0.4:  # both at the same moment
            race = Meanwhile(1, self._lock(other, path), r.choice(("put", "put", "read_timed", "get")))
            return [self._save(user, path), replace(lock, meanwhile=(race,))]
        agree: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)]
        change: Step = r.choice((self._save(other, path), self._save(other, path), Remove(other, path)))
        ends: tuple[Step, ...] = (
            self._unlock(user, path),
            self._unlock(other, path),
            Run(other, "unlock --force", files=(path,)),
            Wait(minutes=r.choice(PASSING)),
            Run(user, "up --unlock"),
            lock,
        )
        whens: tuple[list[Step], ...] = (
            [change, lock, self._run(other)],
            [lock, change, self._run(other), self._run(user)],
            [change, replace(self._run(other), meanwhile=(Meanwhile(1, lock, r.choice(("put", "delete", ""))),))],
        )  # fmt: skip
        return [*agree, *r.choice(whens), r.choice(ends), self._run(other)]

    def _receipts(self, user: str, other: str, path: str) -> list[Step]:
        """One sends, the other fetches or not; then somebody wants to clean up."""
        r = self._random
        verb = r.choice(("cleanup", "cleanup", "cleanup --unseen", "cleanup --permanently"))
        cleanup = Run(user, verb, files=(path,) if r.random() < 0.3 else (), careful=True)
        look = [Run(user, "who", files=(path,)), Run(user, "who"), Run(user, "members")]
        leave, ack = Run(user, "members remove", files=(other,)), Run(other, "down --ack")
        if r.random() < 0.4:
            return [r.choice((*look, leave, ack, cleanup))]
        known: list[Step] = [
            self._sync(user),
            self._sync(other),
            self._save(user, path),
            r.choice((self._sync(user), Run(user, "up"))),
        ]
        between = r.choice(([], [ack], [leave], [self._run(other)], [Run(other, "up", files=(r.choice(self._paths),))]))
        return [*known, *between, cleanup, *r.choice(([], [ack, cleanup]))]

    def _resolve(self, user: str, other: str, path: str) -> list[Step]:
        """Both change a file; both versions are kept, or nothing was done yet; then one of them decides, or both do."""
        r = self._random
        decide = Run(user, r.choice(CHOICES), files=(path,))
        if r.random() < 0.2:
            return [decide]
        agree: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)] if r.random() < 0.7 else []
        both: list[Step] = [self._save(user, path), self._save(other, path), Run(other, r.choice(("up", "sync")))]
        kept: list[Step] = [self._sync(user)] if r.random() < 0.6 else []
        if kept and r.random() < 0.6:
            kept.append(self._sync(other))
        before = r.choice(([], [], [self._save(other, path), Run(other, "up")], [self._lock(other, path)]))
        decides = r.choice((decide, replace(decide, user=other)))
        if r.random() < 0.3:
            again = Run(r.choice((user, other)), r.choice(CHOICES), files=(path,))
            decides = replace(decides, meanwhile=(Meanwhile(1, again, r.choice(("put", "copy", "delete", "get"))),))
        after = r.choice(([], [Run(decides.user, "undo")], [decide], [self._save(user, path)]))
        return [*agree, *both, *kept, *before, decides, *after, self._sync(other), self._sync(user)]

    def _pins(self, user: str, other: str, path: str) -> list[Step]:
        """What was pinned is replaced, cleaned up, or edited without being sent; then it is to come back."""
        r = self._random
        pin, back = Run(user, "pin"), Run(user, "down --pinned", files=(path,) if r.random() < 0.2 else ())
        if r.random() < 0.3:
            return [r.choice((pin, back, back, Run(user, "pin", files=(path,))))]
        agree: list[Step] = [self._save(user, path), r.choice((self._sync(user), Run(user, "status"))), pin]
        change = r.choice((
            [self._save(user, path)],
            [self._save(user, path), self._sync(user)],
            [Remove(user, path), self._sync(user)],
            [self._sync(other), self._save(other, path), self._sync(other), self._sync(user)],
            [self._sync(user), Run(user, r.choice(("cleanup", "cleanup --local")))],
        ))  # fmt: skip
        after = r.choice(([], [Run(user, "undo")], [self._run(user)], [self._run(other), self._run(user)]))
        return [*agree, *change, back, *after]

    def _versions(self, user: str, other: str, path: str) -> list[Step]:
        r = self._random
        bring = Run(user, "down --version", files=(path,), number=r.randrange(4))
        if r.random() < 0.3:
            return [r.choice((Run(user, "versions", files=(path,)), bring))]
        both: list[Step] = [self._save(user, path), self._sync(user), self._sync(other)]
        change = r.choice((
            [self._save(other, path), self._sync(other)],
            [self._save(user, path), self._sync(user), self._save(other, path), self._sync(other)],
            [Remove(other, path), self._sync(other)],
            [self._save(user, path)],
        ))  # fmt: skip
        after = r.choice(([], [Run(user, "undo")], [self._run(user)], [self._run(user), self._run(other)]))
        return [*both, *change, *r.choice(([], [self._sync(user)])), bring, *after]

    def _watch(self, user: str, other: str, path: str) -> list[Step]:
        """Programs write, the other one sends, and somebody runs a command, while a watch waits or works."""
        r = self._random
        watch = Run(user, r.choice(("watch", "watch --down")))
        begin = Begin(user, path, Content(self._token(), r.choice(WRITING)))
        wait = r.randrange(1, 5)
        happening: tuple[list[tuple[int, Step]], ...] = (
            [(wait, begin), (wait + r.randrange(1, 5), Finish(user, path))],
            [(wait, begin)],
            [(wait, self._save(user, path)), (wait + 1, self._save(user, path))],
            [(wait, self._save(other, path)), (wait, Run(other, r.choice(("up", "sync"))))],
            [(wait, Remove(user, path)), (wait + 2, self._save(user, path))],
            [(wait, self._run(user))],
            [(wait, self._lock(other, path)), (wait + 1, self._save(user, path))],
            [],
        )  # fmt: skip
        meanwhile = tuple(Meanwhile(number, step, "wait") for number, step in r.choice(happening))
        save, theirs = self._save(user, path), self._save(other, path)
        before: tuple[list[Step], ...] = ([], [begin], [save], [theirs, self._sync(other)])
        after: tuple[list[Step], ...] = ([], [Finish(user, path), watch], [watch], [self._run(user)])
        return [*r.choice(before), replace(watch, meanwhile=meanwhile), *r.choice(after)]

    def _lock(self, user: str, path: str) -> Run:
        return Run(user, "lock", files=(path,), number=self._random.choice(LASTS))

    def _unlock(self, user: str, path: str) -> Run:
        return Run(user, self._random.choice(("unlock", "unlock", "unlock --force")), files=(path,))

    def _save(self, user: str, path: str) -> Save:
        r = self._random
        return Save(user, path, Content(self._token(), r.choice(SIZES), r.randrange(3)), r.random() < 0.5)

    def _token(self) -> int:
        return 40_000 + self._random.randrange(5_000)

    def _sync(self, user: str) -> Run:
        return Run(user, "sync", max_delete=100, late=self._random.random() < 0.5)

    def _run(self, user: str) -> Run:
        r = self._random
        verb = r.choice(("sync", "sync", "up", "up", "down", "undo", "watch --down", "cleanup"))
        return Run(user, verb, max_delete=100 if verb == "sync" else None, late=r.random() < 0.5)

    def _with_trouble(self, step: Step) -> Step:
        r = self._random
        if not isinstance(step, Run) or r.random() >= self._trouble * 0.4:
            return step
        kind = r.random()
        if kind < 0.4:
            return replace(step, crash=self._number(300 if step.kind == "watch" else 160))
        if kind < 0.5:
            return replace(step, full=self._number(160))
        if kind < 0.75 or step.meanwhile:
            return replace(step, faults=(Fault(self._number(20), r.choice(KINDS)),))
        user, path = r.choice(self._users), r.choice(self._paths)
        steps = (self._save(user, path), self._run(user), self._lock(user, path), self._unlock(user, path),
                 Run(user, "down --version", files=(path,)), Run(user, r.choice(CHOICES), files=(path,)))  # fmt: skip
        method = (
            "wait" if step.kind == "watch" and r.random() < 0.5 else r.choice(("", "", "put", "get", "copy", "delete"))
        )
        return replace(step, meanwhile=(Meanwhile(self._number(5 if method else 20), r.choice(steps), method),))

    def _number(self, limit: int) -> int:
        """1 and more, the small ones more often."""
        return int(limit ** self._random.random())
