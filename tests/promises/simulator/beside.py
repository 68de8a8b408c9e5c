"""Commands on two places of which one is a project's, the queue and the choice of files; and what they promise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from s3sync.organize.api import Organizer
from s3sync.pairs.api import TwoPlaces
from tests.promises.simulator.actions import Run
from tests.promises.simulator.attempt import Attempt, Violation
from tests.promises.simulator.look import Look, Tree

LAYOUTS = ("by name/{name}", "{folder}/{stem} x.{ext}", "{stem}/{name}", "{folder}/{stem}.{ext}", "one.{ext}")
"""By names alone: what the files hold is of no kind that says anything. The last one collides."""
ORGANIZING = ("organize here --move", "organize here", "organize there --move", "organize there",
              "organize out --move", "organize in")  # fmt: skip
COPYING = ("copy out", "copy in", "move out", "move in")
_PLACES = {"here": (0, 0), "there": (1, 1), "out": (0, 1), "in": (1, 0)}


class Organized(Struct):
    """The last `organize` of a user: what stood in the folder and in the store before and after it."""

    before: tuple[Tree, Tree]
    after: tuple[Tree, Tree]


def run_beside(run: Run, project: str, address: str, clone: Path, environ: dict[str, str]) -> Any:
    """The command as the command line calls it, from the clone's folder."""
    if run.verb == "organize --undo":
        return Organizer(path=clone, environ=environ).undo(dry_run=run.dry_run)
    verb, word = run.kind.split(" ")
    words = (project, address)
    a, b = (words[number] for number in _PLACES[word])
    if verb == "organize":
        layout, moves = LAYOUTS[run.number % len(LAYOUTS)], run.verb.endswith("--move")
        organizer = Organizer(path=clone, environ=environ)
        return organizer.organize(a, b, layout, moves=moves, dry_run=run.dry_run)
    places = TwoPlaces(a, b, path=clone, environ=environ)
    return places.move(dry_run=run.dry_run) if verb == "move" else places.copy(dry_run=run.dry_run)


def keeps_to_places(run: Run, before: Look, now: Look) -> None:
    """What such a command never touches."""
    if not run.is_beside:
        return
    work, remote = before.work[run.user] != now.work[run.user], before.remote != now.remote
    if (work or remote) and run.dry_run:
        raise Violation(f"{run.verb} --dry-run changed something")
    if work and run.verb in ("copy out", "organize there", "organize there --move"):
        raise Violation(f"{run.verb} changed the working folder")
    if remote and run.verb in ("copy in", "organize here", "organize here --move", "organize in"):
        raise Violation(f"{run.verb} changed the remote")


def taken_out(run: Run, before: Look, now: Look) -> set[str]:
    """Paths of files that a run took out of the folder: all that are gone, but for those that it gave other names."""
    old, new = before.work[run.user], now.work[run.user]
    renames = run.verb in ("organize here --move", "organize --undo")
    return {path for path, held in old.items() if path not in new and not (renames and held in new.values())}


def never_overwrites(run: Run, before: Look, now: Look) -> None:
    """Organizing gives names that are free: what had one keeps it, or is there, or on the other side, under another."""
    if run.kind.partition(" ")[0] != "organize":
        return
    there = {*now.work[run.user].values(), *now.remote.values()}
    for old, new in ((before.work[run.user], now.work[run.user]), (before.remote, now.remote)):
        for path, held in old.items():
            if new.get(path, held) != held and held not in there:
                raise Violation(f"{run.verb} replaced {path}, and what it held is nowhere")


def judge_beside(attempt: Attempt, code: int, now: Look, unwanted: Callable[[str], bool]) -> None:
    """Exit 0 of a copy: the target holds all that the source held."""
    run = attempt.run
    if code != 0 or run.dry_run or attempt.disturbed or run.verb not in COPYING:
        return
    held = (attempt.start.work[run.user], attempt.start.remote), (now.work[run.user], now.remote)
    a, b = _PLACES[run.kind.split(" ")[1]]
    lacks = {path for path, content in held[0][a].items() if held[1][b].get(path) != content and not unwanted(path)}
    if lacks:
        raise Violation(f"{run.verb} ended with exit code 0, and {sorted(lacks)} did not arrive")


def note_organized(attempt: Attempt, code: int | None, now: Look, last: Organized | None) -> Organized | None:
    """What `organize --undo` of this user takes back. Raises `Violation` where it did not, and said that it did."""
    run, start = attempt.run, attempt.start
    if run.kind.partition(" ")[0] != "organize" or run.dry_run:
        return last
    before, after = (start.work[run.user], start.remote), (now.work[run.user], now.remote)
    went_well = code is not None and not (attempt.disturbed or run.faults or run.full)
    if run.verb != "organize --undo":
        if code in (2, 5, 6) and before == after:
            return last
        return Organized(before, after) if went_well and before != after else None
    if last is not None and went_well and code == 0 and before == last.after and after != last.before:
        raise Violation(f"organize --undo ended with exit code 0, and {after} is not {last.before}")
    return None


def queue_kept(run: Run, code: int, before: frozenset[str], now: frozenset[str], start: Look, end: Look,
               sent: Callable[[str, str], bool], unwanted: Callable[[str], bool]) -> None:  # fmt: skip
    """A wish waits until its file was sent, or somebody takes it off; and what a run sent waits no more."""
    user, here = run.user, start.work[run.user]
    if run.verb == "queue add":
        if not before <= now and "" not in now:
            raise Violation(f"{sorted(before - now)} waited in {user}'s queue, and does no more")
        if code == 0 and not now:
            raise Violation("up --queue ended with exit code 0, and nothing waits")
        return
    if run.verb == "queue clear":
        return
    if run.verb != "queue run":
        if before - now:
            raise Violation(f"{run.verb} took {sorted(before - now)} from {user}'s queue")
        return
    for word in before - now:
        theirs = end.remote.keys() - {path for path in here if end.remote.get(path) == here[path]}  # conflicts are told
        names = [path for path in here if not word or path == word or path.startswith(f"{word}/")]
        stayed = [path for path in names if end.work[user].get(path) == here[path] and not unwanted(path)]
        stayed = [path for path in stayed if path not in theirs and path not in end.cleaned_up]
        if lost := [path for path in stayed if not sent(path, here[path])]:
            raise Violation(f"{sorted(lost)} waits no more in {user}'s queue, and was never sent")
