"""Kill a scenario's command at each of its steps, run it again, and compare with a run that nobody disturbed."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.kit.people import Result
from tests.promises.crash.scenarios import Scenario
from tests.promises.crash.steps import Step
from tests.promises.crash.world import World, is_own_note

SIDES = ("before", "after")


class Sweep:
    """One scenario: its start, the steps of an undisturbed run, and what that run leaves.

    After that a further run plans nothing. What is the same plans the same: with `thorough` that is asked each time.
    """

    def __init__(self, scenario: Scenario, folder: Path, *, thorough: bool = False) -> None:
        self._thorough = thorough
        self.scenario, self._kept, self._log = scenario, folder / "start", folder / "log"
        self.world = World(folder / "world")
        scenario.make(self.world)
        self.world.keep(self._kept)
        self._start = self.world.contents()
        result = self._run(log=str(self._log))
        assert result.code in scenario.codes, result
        logged = json.loads(self._log.read_bytes())
        assert not logged["unseen"], f"the wrappers do not see {logged['unseen']}"
        self.steps = [Step(**step) for step in logged["steps"]]
        self._contents = self.world.contents()
        assert self._planned() is None
        self._end = self.world.look()

    def _run(self, *, real: bool = False, **crash: Any) -> Result:
        words = [word.format(store=f"file://{self.world.store}") for word in self.scenario.words]
        return self.world.run(self.scenario.person, *words, crash=crash or None, real=real)

    def kill(self, step: Step, side: str, *, real: bool = False) -> list[str]:
        """Put everything back, kill there, run again; what is then wrong, in words.

        `real`: kill a process of its own, `python -m s3sync`, and not a fork.
        """
        killed = self._kill(step, side, real=real)
        if killed.code != -signal.SIGKILL:
            if is_own_note(step.where) and killed.code in self.scenario.codes:
                return []  # what a line carried is noted where it was measured, and that depends on the time it took
            return [f"was not killed: {killed}"]
        wrong = [f"killed: {text}" for text in self._lost()]
        self.scenario.before_again(self.world)
        again = self._run()
        if again.code not in self.scenario.codes or "Traceback" in again.err:
            return [*wrong, f"run again: {again}"]
        wrong += [f"run again: {text}" for text in self._lost()]
        wrong += _differences(self._end, self.world.look())
        return wrong + ([text] if self._thorough and (text := self._planned()) else [])

    def _kill(self, step: Step, side: str, *, real: bool) -> Result:
        """The trash has another name each time, and so now and then there is no folder to make for its record."""
        for tries_left in reversed(range(4)):
            self.world.put_back(self._kept)
            killed = self._run(real=real, kill=msgspec.to_builtins(step), side=side)
            if killed.code == -signal.SIGKILL or not tries_left:
                return killed
        raise AssertionError

    def _lost(self) -> Iterator[str]:
        """Bytes that were there and are nowhere, and bytes that nobody wrote: half a file."""
        there = self.world.contents()
        if not self.scenario.loses and not there >= self._start:
            yield f"{len(self._start - there)} contents are lost"
        if not there <= self._start | self._contents:
            yield f"{len(there - self._start - self._contents)} contents are nobody's"

    def _planned(self) -> str | None:
        """What a further run plans; None if it is nothing. (Unfinished transfers are among what is compared.)"""
        words = self.scenario.words
        if words[0] == "init":
            return None
        plan = self.world.run(self.scenario.person, *words, "--dry-run", "--json").json
        lists = ("uploaded", "downloaded", "deleted", "conflicts", "failed", "undone", "emptied")
        planned = {name: plan[name] for name in lists if plan.get(name)}
        return f"a further run plans {planned}" if planned else None


def _differences(end: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for name in sorted(end.keys() | found.keys()):
        if end.get(name) != found.get(name) and not _knows_less(end.get(name), found.get(name)):
            yield f"{name}: {_shown(end.get(name), found.get(name))}"


def _knows_less(end: Any, found: Any) -> bool:
    """True of a state.db whose base only lacks ETags of objects in parts.

    Killed between a file and its base, a download is found there by the next run, which has metadata.json's word for
    what it is and no more: what destroys by that base reads the file first.
    """
    if not (isinstance(end, dict) and isinstance(found, dict) and "base" in end and "base" in found):
        return False
    told = Counter(row[:-1] if "-" in str(row[-1]) else row for row in end["base"].elements())
    known = Counter(row[:-1] if row[-1] is None or "-" in row[-1] else row for row in found["base"].elements())
    return told == known and {**end, "base": None} == {**found, "base": None}


def _shown(end: Any, found: Any) -> str:
    if isinstance(end, set) and isinstance(found, set):
        return f"lacks {sorted(end - found)}, has {sorted(found - end)}"
    if isinstance(end, dict) and isinstance(found, dict) and not end.keys().isdisjoint(found):
        keys = [key for key in end.keys() | found.keys() if end.get(key) != found.get(key)]
        return "; ".join(f"{key}: {_shown(end.get(key), found.get(key))}" for key in keys)
    return f"{end} became {found}"


def kills(chosen: Iterable[Step], steps: Sequence[Step]) -> Iterator[tuple[Step, str]]:
    """Both sides of each step that is chosen of a run's. Between two that follow each other the disk does not change:
    after the one is before the other, and killed at once."""
    order, last = {step: number for number, step in enumerate(steps)}, -1
    for step in chosen:
        if last < 0 or order[step] != last + 1:
            yield step, "before"
        yield step, "after"
        last = order[step]


_AREAS = [
    (name, re.compile(pattern))
    for name, pattern in {
        "state.db": r"/\.s3sync/state\.db",
        "lock": r"/\.s3sync/lock",
        "partial": r"/\.s3sync/partial",
        "store's marker": r"\.s3sync-store/store\.json",
        "store's temporary file": r"\.s3sync-store/tmp/",
        "record": r"\.s3sync-store/records/",
        "store's lock": r"\.s3sync-store/locks/",
        "multipart upload": r"\.s3sync-store/uploads/",
        "inbox": r"^store/.*/\.s3sync/inbox/",
        "remote trash": r"^store/.*/\.s3sync/trash/",
        "part digests": r"^store/.*/\.s3sync/parts/",
        "metadata.json": r"^store/.*/metadata\.json",
        "object": r"^store/.",
        "local trash": r"/\.s3sync/trash",
        "file": r"/s3-staging/[^.]",
        "settings": r"\.(yaml|gitignore)\b",
    }.items()
]


def kind(step: Step) -> tuple[str, str]:
    """What steps are alike: the call, and what it is done to."""
    areas = [next((name for name, area in _AREAS if area.search(path)), "folder") for path in step.where.split(" -> ")]
    return step.call, " -> ".join(areas)
