"""The promises of the trash, of undo, and of a cleanup: bytes go for good only where somebody said yes to that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tests.promises.simulator.attempt import Attempt, Violation
from tests.promises.simulator.look import Look, Tree


class Agreed(Struct):
    """What a command asked about and was told yes: files of the trashes as a look sees them, or names.

    `last_copies` are the names of which a cleanup said that they exist nowhere else.
    """

    here: set[str]
    there: set[str]
    last_copies: set[str]


def agreed(report: Any) -> Agreed:
    """What the question of a command showed."""
    if hasattr(report, "emptied"):
        wheres = [(one.side, one.where.partition("/.s3sync/trash/")[2]) for one in report.emptied]
        there = {where.partition("/")[2] for side, where in wheres if side == "remote"}
        return Agreed({where for side, where in wheres if side == "local"}, there, set())
    names = getattr(report, "last_copies", ())
    return Agreed(set(), set(), {name.partition(" (in the trash since ")[0] for name in names})


class Undoable(Struct):
    """The last run of a user that changed something: what stood where before and after it.

    `known` are the paths that its base may have known. `exact`: nobody acted in between and nothing went wrong, so
    that an undo leaves just what stood there before.
    """

    known: frozenset[str]
    before: Look
    after: Look
    exact: bool
    ended: bool = True
    """Whether it came to its end, so that the next run has nothing of it to finish."""

    def brought(self, user: str, path: str) -> str | None:
        """What it brought into the folder under a path, if anything."""
        held = self.after.work[user].get(path)
        return held if held != self.before.work[user].get(path) else None


def trash_kept(attempt: Attempt, owed: set[str], before: Look, now: Look, *, waited: bool) -> None:
    """What goes from a trash was restored, or asked about, or is somewhere else."""
    run, user = attempt.run, attempt.run.user
    here, there = _gone(before.trash[user], now.trash[user]), _gone(before.remote_trash, now.remote_trash)
    retires = waited and run.kind in ("up", "down", "sync", "resolve", "watch", "queue run")
    if run.cleans_here and not run.files:
        _cleaned(attempt, owed, here)
    elif run.kind == "trash empty" and run.side != "remote":
        _emptied(attempt.agreed.here if attempt.agreed else set(), owed, here, f"{user}'s")
    elif run.kind in ("trash restore", "undo") or run.brings_back:
        if lost := {path for path, held in here.items() if held not in now.work[user].values()}:
            raise Violation(f"{run.verb} took {sorted(lost)} out of {user}'s trash and put them nowhere")
    elif here and not retires:
        raise Violation(f"something went from {user}'s trash: {sorted(here)}")
    if (run.kind == "trash empty" and run.side != "local") or "--trash" in run.verb:
        owed -= set(_gone(before.beside, now.beside).values())  # it is listed among the trash, and was agreed to
    if run.cleans_there and not run.files:
        _cleaned(attempt, owed, there)
    elif run.kind == "trash empty" and run.side != "local":
        _emptied(attempt.agreed.there if attempt.agreed else set(), owed, there, "the remote's")
    elif there and not (retires and run.kind != "down"):
        raise Violation(f"something went from the remote's trash: {sorted(there)}")


def _gone(before: Tree, now: Tree) -> Tree:
    return {path: held for path, held in before.items() if now.get(path) != held}


def _cleaned(attempt: Attempt, owed: set[str], gone: Tree) -> None:
    """A cleanup takes last copies with it only with --trash, and after it named them."""
    named = attempt.agreed.last_copies if attempt.agreed and "--trash" in attempt.run.verb else set()
    owed -= {held for path, held in gone.items() if path.partition("/")[2] in named}


def _emptied(asked: set[str], owed: set[str], gone: Tree, whose: str) -> None:
    if unasked := gone.keys() - asked:
        raise Violation(f"{sorted(unasked)} went from {whose} trash, and nobody said yes to that")
    owed -= set(gone.values())


def remote_deleted_for_good(attempt: Attempt, owed: set[str], path: str, held: str, now: Look) -> bool:
    """Whether a cleanup may delete an object for good: this disk holds its bytes, or the user said yes to the loss."""
    run = attempt.run
    if not run.cleans_there or path in now.remote:
        return False
    if "--permanently" in run.verb and attempt.agreed and path in attempt.agreed.last_copies:
        owed.discard(held)
        return True
    return held in now.work[run.user].values() or (attempt.disturbed and held not in owed)


def note_undoable(attempt: Attempt, known: Undoable | None, now: Look, code: int | None) -> Undoable | None:
    """What an undo of this user would take back from here on: a decision also where it changed no file."""
    run, user, start = attempt.run, attempt.run.user, attempt.start
    if known is not None and run.kind == "undo" and not run.dry_run:  # what is undone is not undone again
        return replace(known, exact=False, ended=code is not None)
    if run.dry_run or run.kind not in ("up", "down", "sync", "cleanup", "resolve", "watch", "queue run"):
        return known
    if run.kind == "resolve" and code is None:
        return known and replace(known, exact=False, ended=False)
    went_wrong = code not in (0, 3, 4) or bool(run.faults or run.full or run.crash)
    is_decision = run.kind == "resolve" and code == 0
    is_unchanged = (start.work[user], start.remote) == (now.work[user], now.remote) and not is_decision
    if (
        is_unchanged and code == 6 and attempt.locked
    ):  # another run of this user has the folder, and this one began none
        return known and replace(known, exact=False)
    if is_unchanged and not attempt.fetched and not went_wrong and not attempt.disturbed:
        return known and replace(known, ended=True)
    exact = not went_wrong and not attempt.disturbed and (known is None or known.ended) and run.kind != "watch"
    return Undoable(attempt.knew, start, now, exact, ended=not went_wrong)


def undone_here(last: Undoable | None, before: Look, now: Look, user: str) -> set[str]:
    """Paths that an undo took from a folder and that nobody had wished away before the run that is undone."""
    gone = before.work[user].keys() - now.work[user].keys()
    return gone - last.known if last is not None else set()


def happened(report: Any) -> str:
    """What is counted of a command that brings back or throws away, "" when it did nothing."""
    if getattr(report, "undone", None):
        return "undone"
    if getattr(report, "restored", None) is not None:
        return "restored"
    if getattr(report, "emptied", None):
        return "trash emptied"
    if any(getattr(one, "lives_on", None) for one in getattr(report, "deleted", ())):
        return "kept under another name"
    if getattr(report, "trash_files", 0):
        return "trash cleaned up" if hasattr(report, "last_copies") else "trash brought within its limits"
    return ""


def judge_undo(
    attempt: Attempt, last: Undoable | None, report: Any, code: int, now: Look, at: Callable[[Tree, str], object]
) -> None:
    """What it says it took back stands there as before the run; and if nothing was refused, all of it does.

    `at` looks up what the disk holds under a name: one that ignores case has it under any spelling. The remote has two.
    """
    user, start = attempt.run.user, attempt.start
    if last is None or not last.exact or attempt.disturbed or attempt.run.faults or attempt.run.full:
        return
    sides = {
        "local": (last.before.work[user], last.after.work[user], start.work[user], now.work[user]),
        "remote": (last.before.remote, last.after.remote, start.remote, now.remote),
    }
    for one in report.undone:
        before, _, _, there = sides[one.side]
        look = at if one.side == "local" else Tree.get
        if look(before, one.name) != look(there, one.name):
            raise Violation(f"undo says that {one.name} is as it was before ({one.side}), and it is not")
    for side, (before, after, began, there) in sides.items() if code == 0 else ():
        for path in before.keys() | after.keys():
            changed = at(before, path) != at(after, path)
            if changed and at(began, path) == at(after, path) and at(there, path) != at(before, path):
                raise Violation(f"undo ended with exit code 0, and {path} ({side}) is not what it was before the run")


def judge_restore(attempt: Attempt, report: Any, now: Look) -> None:
    """What it says it brought back stands there, and is a version that was in that trash."""
    run, start, found = attempt.run, attempt.start, report.restored
    trash = start.trash[run.user] if found.side == "local" else {**start.remote_trash, **start.beside}
    versions = {held for path, held in trash.items() if path.partition("/")[2] == found.name}
    if found.lives_on is not None:
        versions = {start.remote.get(found.lives_on, "")}
    elif found.md5 is not None:  # deleted without a copy, and its content lies there under its last name
        versions = {trash.get(found.where.partition("/.s3sync/trash/")[2].partition("/")[2], "")}
    held = now.work[run.user].get(report.restored_to)
    if held is None or held not in versions:
        raise Violation(f"{found.name} was restored to {report.restored_to}, where {held} stands")


def judge_emptied(attempt: Attempt, now: Look) -> None:
    if attempt.agreed is None:
        return
    if (
        left := attempt.agreed.here & now.trash[attempt.run.user].keys()
        | attempt.agreed.there & now.remote_trash.keys()
    ):
        raise Violation(f"reported as deleted from the trash, and still there: {sorted(left)}")
