"""Whether a run that has ended said what is so: exit 0 only for done work, no failure without a reason, the gate."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.sync.report import CleanupReport, RunReport
from s3sync.sync.restore import TrashReport
from s3sync.sync.undo import UndoReport
from tests.promises.simulator.beside import judge_beside
from tests.promises.simulator.contents import digest
from tests.promises.simulator.invariants import Attempt, Referee, Violation
from tests.promises.simulator.look import Look, Tree, name_is_taken
from tests.promises.simulator.sides import as_undone, aside
from tests.promises.simulator.together import judge_together, watch_did_its_work
from tests.promises.simulator.watching import Watched
from tests.promises.simulator.way_back import judge_emptied, judge_restore, judge_undo

EMPTY = digest(b"")


def judge_end(referee: Referee, attempt: Attempt, code: int, report: object, *, blind: bool) -> None:
    now = referee.last
    if attempt.run.verb == "sync":
        _gate_held(referee, attempt, now)
    _had_a_reason(attempt, code, blind, now)
    if isinstance(report, UndoReport) and not attempt.run.dry_run:
        at = referee.at if attempt.run.user in referee.blind else Tree.get
        judge_undo(attempt, referee.undoable.get(attempt.run.user), report, code, now, at)
    if isinstance(report, TrashReport) and not attempt.disturbed and not attempt.run.dry_run:
        if report.restored is not None:
            judge_restore(attempt, report, now)
        if attempt.run.kind == "trash empty":
            judge_emptied(attempt, now)
    judge_together(
        attempt,
        code,
        report,
        now,
        unwanted=lambda path: _is_unwanted(referee, attempt.run.user, path),
        folds=referee.folds,
    )
    if isinstance(report, Watched) and not referee.folds:
        user = attempt.run.user
        watch_did_its_work(
            attempt,
            report,
            now,
            lambda tree: _seen(referee, user, tree),
            referee.published,
            referee.had,
            referee.common[user] | attempt.knew,
        )
    judge_beside(
        attempt,
        code,
        now,
        lambda path: referee.is_ignored(attempt.run.user, path) or referee.folds or _is_marker_of(attempt, path),
    )
    if isinstance(report, RunReport) and not attempt.run.dry_run:
        _conflicts_were_told(attempt, code, now)
    if code in (0, 4) and isinstance(report, RunReport) and not attempt.run.dry_run and not attempt.run.files:
        _work_was_done(referee, attempt, code, now)
        if not attempt.disturbed:  # what is gone on both sides is forgotten
            user = attempt.run.user
            referee.common[user] &= referee.own_keys(user, now.work[user]) | referee.own_keys(user, now.remote)
    if isinstance(report, CleanupReport) and not attempt.disturbed and not report.dry_run:
        side = now.work[attempt.run.user] if report.side == "local" else now.remote
        if left := {deleted.name for deleted in report.deleted} & side.keys():
            raise Violation(f"reported as deleted, and still there: {sorted(left)}")


def _is_unwanted(referee: Referee, user: str, path: str) -> bool:
    """What was not chosen, and is here all the same, is a file as any other."""
    is_here = path in referee.last.work[user]
    return referee.is_ignored(user, path) or (referee.is_left_out(user, path) and not is_here)


def _is_marker_of(attempt: Attempt, path: str) -> bool:
    """Whether it is an empty object in place of a folder, which is none of the files."""
    remote = attempt.start.remote
    return path in remote and _is_marker(path, remote[path], remote)


def _had_a_reason(attempt: Attempt, code: int, blind: bool, now: Look) -> None:
    run = attempt.run
    expected = {0, 4}
    if run.kind in ("sync", "cleanup", "trash restore", "resolve", "pin"):
        expected.add(5)
    if run.files or run.verb == "down --pinned":
        expected.add(2)
    if run.brings_back:
        expected.add(3)
    if run.is_beside:  # names that are taken, places without a file, a folder in the way
        expected |= {2, 3, 5, 6} if attempt.start.remote and attempt.start.work[run.user] else {1, 2, 3, 5, 6}
    if run.kind == "queue run":
        expected |= {1, 3} if _in_each_others_way(attempt, now) else {1}
    if run.kind in ("queue clear", "select"):
        expected.add(2)
    if attempt.kept_out_of:
        expected.add(6)
    if blind or run.kind == "undo" or _in_each_others_way(attempt, now):
        expected.add(3)
    if run.kind == "trash restore" and (attempt.remote_trash_emptied or _in_each_others_way(attempt, now)):
        expected.add(1)
    if attempt.locked:
        before_it = {"trash empty": {0}, "trash restore": {2, 5}, "resolve": {2, 5}}  # what ends it before the lock
        before_it |= {"down": {2}} if run.brings_back else {}
        expected = {6} | before_it.get(run.kind, set()) if run.locks and run.kind != "watch" else expected
    if attempt.maybe_locked:
        expected.add(6)
    if attempt.disturbed:
        expected |= {3, 5, 6}
    if run.faults or run.full:
        expected |= {1, 3, 5, 6}
    if code not in expected:
        raise Violation(f"{run.verb} ended with exit code {code} for no reason that the story knows")


def _in_each_others_way(attempt: Attempt, now: Look) -> bool:
    """Whether there is a file here or there in place of a folder of another one."""
    user, start = attempt.run.user, attempt.start
    names = {*start.work[user], *start.remote, *now.work[user], *now.remote}
    if attempt.run.kind == "trash restore":
        names |= {*attempt.run.files, attempt.run.to}
    names |= {path.partition("/")[2] for path in (*start.trash[user], *start.remote_trash)}
    return any(name_is_taken(name, names) for name in names)


def _conflicts_were_told(attempt: Attempt, code: int, now: Look) -> None:
    """Whoever's file became a conflict copy in this run hears of it, and so do the others."""
    user, start = attempt.run.user, attempt.start
    copies = {path for path in now.work[user] if f".conflict-{user}-" in path}
    made = copies - start.work[user].keys() - start.remote.keys()
    if code == 0 and made:
        raise Violation(f"the run ended with exit code 0 and made {sorted(made)}")
    if code == 4 and (unnoted := (made & now.remote.keys()) - now.copies):
        raise Violation(f"metadata.json does not note the conflict copies {sorted(unnoted)}")


def _gate_held(referee: Referee, attempt: Attempt, now: Look) -> None:
    """P10, by what was really deleted: a side that was empty, or half of what both had, or more than was allowed."""
    run = attempt.run
    start = as_undone(attempt.start, now, run.user)
    if run.max_delete is not None:
        if attempt.deleted > run.max_delete:
            raise Violation(f"sync deleted {attempt.deleted}, more than --max-delete {run.max_delete}")
        return
    if attempt.disturbed:
        return
    here, there = start.work[run.user], start.remote
    deleted_here = referee.keys(here) - referee.keys(now.work[run.user]) - aside(start, now, run.user, referee.key)
    deleted_there = referee.keys(there) - referee.keys(now.remote)
    for deleted, side, other in ((deleted_here, here, there), (deleted_there, there, here)):
        if deleted and not other:
            raise Violation(f"the other side was empty, and sync deleted {sorted(deleted)}")
        elsewhere = set(other.values())  # what was only renamed is not lost
        lost = {path for path, held in side.items() if referee.key(path) in deleted and held not in elsewhere}
        if len(lost) * 2 > len(referee.common[run.user]):
            raise Violation(f"sync deleted most files: {sorted(lost)}")


def _work_was_done(referee: Referee, attempt: Attempt, code: int, now: Look) -> None:
    """P14. What others did meanwhile is left out: only what lay there from beginning to end counts."""
    run, start = attempt.run, attempt.start
    here, there = _seen(referee, run.user, now.agreeable(run.user)), _seen(referee, run.user, now.remote)
    # beside a copy that stays here after a cleanup, and one that this run deleted, too
    names = {*there, *(path for look in (start, now) for path in _seen(referee, run.user, look.work[run.user]))}
    there = {path: held for path, held in there.items() if path in here or not _is_marker(path, held, names)}
    settled = code == 0 or run.policy in (None, "keep-both", "mine", "theirs")
    if run.verb == "sync" and settled and not attempt.disturbed and not _same(referee, here, there):
        raise Violation(f"sync ended with exit code {code}, and the sides differ: {here} and {there}")
    if code != 0:
        return
    if run.verb == "up --again" and not attempt.disturbed and not run.files and not referee.folds:
        user = run.user
        stayed = start.cleaned_up & start.work[user].keys() & now.work[user].keys()
        taken = {path for path in stayed if name_is_taken(path, start.remote)}
        ours = {path for path in stayed - taken if not referee.is_ignored(user, path)}
        if unsent := ours - now.remote.keys():
            raise Violation(f"up --again ended with exit code 0, and did not send {sorted(unsent)}")
    if run.kind in ("up", "sync"):
        for path, content in here.items():
            if start.work[run.user].get(path) == content and content not in referee.published[referee.key(path)]:
                raise Violation(f"{run.verb} ended with exit code 0, and {path} was never uploaded")
    if run.fetches:
        for path, content in there.items():
            if start.remote.get(path) == content and content not in referee.had[run.user, referee.key(path)]:
                raise Violation(f"{run.verb} ended with exit code 0, and {path} was never downloaded")
            if run.kind == "down" and not attempt.disturbed and not referee.at(here, path):
                raise Violation(f"down ended with exit code 0, and {path} is not here")


def _is_marker(path: str, held: str, names: Iterable[str]) -> bool:
    """Whether an object is what other tools put for a folder: empty, beside files of a folder of its name."""
    return held == EMPTY and any(other.startswith(f"{path}/") for other in names)


def _same(referee: Referee, here: Tree, there: Tree) -> bool:
    names = {*here, *there}
    return all(referee.at(here, name) == referee.at(there, name) for name in names)


def _seen(referee: Referee, user: str, tree: Tree) -> Tree:
    """What that user's rules do not ignore, and what he chose, or has here all the same."""
    here = referee.last.work[user]
    tree = {
        path: held
        for path, held in tree.items()
        if not referee.is_ignored(user, path) and (path in here or not referee.is_left_out(user, path))
    }
    if not referee.folds:
        return tree
    cleaned_up = {path.casefold() for path in referee.last.cleaned_up}  # which of two spellings was, no rule says
    return {path: held for path, held in tree.items() if path.casefold() not in cleaned_up}
