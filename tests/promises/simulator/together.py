"""The promises of what people do together: locks, receipts, pins, versions, decided conflicts, and watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.promises.simulator.attempt import Attempt, Violation
from tests.promises.simulator.look import Look, Tree, name_is_taken

LETS_GO = ("unlock", "unlock --force", "up --unlock")
"""Commands that end a lock of one's own."""


def locks_kept(attempt: Attempt, before: Look, now: Look) -> None:
    """A lock that holds is its holder's: nobody else ends or takes it but by force, nor changes its file up there.

    One that was made after a run had looked is none of this: then the condition of the write decides.
    """
    run, user, start = attempt.run, attempt.run.user, attempt.start.locks
    if run.is_beside:  # it asks for no locks, as other tools: they keep people of the project out of each other's way
        return
    attempt.kept_out_of |= before.locked_for(user).keys() | now.locked_for(user).keys()
    for path, lock in before.locks.items():
        there = now.locks.get(path)
        stays = there is not None and there.nonce == lock.nonce
        if lock.keeps_out(user):
            if not stays and run.verb != "unlock --force":
                raise Violation(f"{user}'s {run.verb} changed the lock of {lock.by} on {path}")
            # Locks that cannot be read for a failing request keep nobody out: they are a courtesy, and it is told.
            knew = path in start and start[path].nonce == lock.nonce and not run.faults
            if knew and stays and before.remote.get(path) != now.remote.get(path):
                raise Violation(f"{user}'s {run.verb} changed {path} on the remote, which {lock.by} has locked")
        elif there is None and run.verb not in LETS_GO:
            raise Violation(f"{user}'s {run.verb} ended the lock of {lock.by} on {path}")
    for path, lock in now.locks.items():
        is_new = path not in before.locks or before.locks[path].nonce != lock.nonce
        if is_new and (run.verb != "lock" or lock.by != user or path not in run.files):
            raise Violation(f"{user}'s {run.verb} made a lock of {lock.by} on {path}")


def members_served(attempt: Attempt, before: Look, now: Look) -> None:
    """A cleanup without --force takes nothing from the remote that somebody is known to lack."""
    run, start = attempt.run, attempt.start.receipts
    if not run.cleans_there or not run.careful:
        return
    for path in before.remote.keys() - now.remote.keys():
        for member, receipt in before.receipts.items():
            if member != run.user and path in receipt.lacks and member in start and path in start[member].lacks:
                raise Violation(f"{run.user}'s cleanup took {path} from the remote, which {member} lacks")


def receipts_true(
    now: Look, had: Mapping[tuple[str, str], set[str]], key: Callable[[str], str], unwanted: Mapping[str, set[str]]
) -> None:
    """Nobody is said to have what his folder never held, but for what his rules named: that he does not want.

    `had` is what each user's folder ever held under a key, `unwanted` what each one's rules ever named.
    """
    for member, receipt in now.receipts.items():
        if receipt.more:
            continue
        for path, content in now.named.items():
            is_said = content is not None and now.remote.get(path) == content and path not in receipt.lacks
            wants = not is_named(path, unwanted.get(member, ()))
            if is_said and wants and content not in had.get((member, key(path)), ()):
                raise Violation(f"a receipt says that {member} has {path} with {content}, which was never there")


def nothing_half_written(attempt: Attempt, before: Look, now: Look) -> None:
    """A watch sends no file that a program is writing."""
    if attempt.run.kind != "watch":
        return
    for path, content in now.remote.items():
        if before.remote.get(path) != content and content in attempt.half_written:
            raise Violation(f"a watch sent {path} while a program was writing it")


def keeps_to_files(attempt: Attempt, before: Look, now: Look, *, folds: bool) -> None:
    """`down --pinned` and its like change just what they are told to, and `resolve` one file and its copies."""
    run, user = attempt.run, attempt.run.user
    if before.pins != now.pins and (run.verb != "pin" or run.dry_run):
        raise Violation(f"{run.verb} changed what is pinned")
    if not (run.brings_back or run.kind == "resolve") or attempt.recovers or folds:
        return
    meant = attempt.start.pins[user] if run.verb == "down --pinned" and not run.files else run.files
    stems = {path.rpartition(".")[0] or path for path in run.files} if run.kind == "resolve" else set()
    for old, new in ((before.work[user], now.work[user]), (before.remote, now.remote)):
        changed = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
        others = {
            path for path in changed if path.partition(".conflict-")[0] not in stems and not is_named(path, meant)
        }
        if others:
            raise Violation(f"{run.verb} changed {sorted(others)}")


def is_named(path: str, names: Iterable[str]) -> bool:
    """Whether it is one of these files, or in one of these folders."""
    return any(f"{path}/".startswith(f"{name}/") for name in names)


def judge_together(
    attempt: Attempt, code: int, report: Any, now: Look, *, unwanted: Callable[[str], bool], folds: bool
) -> None:
    """What a command of these has said in the end; of one that was disturbed only what must be true all the same.

    `folds`: of two names that differ only in case one may stand for the other.
    """
    run = attempt.run
    if run.dry_run or run.faults or run.full:
        return
    if run.kind in ("lock", "unlock"):
        _judge_lock(attempt, code, now)
    if attempt.disturbed:
        return
    if code == 0 and run.verb == "members remove" and {*run.files} & (now.members | now.receipts.keys()):
        raise Violation(f"{run.files} were removed, and are members")
    if code == 0 and run.verb == "down --ack":
        said = now.receipts.get(run.user)
        if said is None or {path for path in said.lacks if not unwanted(path)} or said.more:
            raise Violation(f"{run.user} said to have everything, and the receipt says {said}")
    if code == 5 and run.cleans_there and run.careful and "not fetched" in str(report):
        _had_to_refuse(attempt)
    if run.kind == "who" and code == 0 and run.files:
        _judge_who(report, now)
    if folds:
        return
    if run.kind == "pin":
        _judge_pin(attempt, code, now, unwanted)
    if run.brings_back and hasattr(report, "brought"):
        _judge_brought(attempt, report, now)
    if run.kind == "resolve" and code == 0:
        _judge_resolved(attempt, report, now)


def _judge_lock(attempt: Attempt, code: int, now: Look) -> None:
    run, path = attempt.run, attempt.run.files[0]
    there, was = now.locks.get(path), attempt.start.locks.get(path)
    is_ours = there is not None and there.by == run.user and there.held
    if run.kind == "lock" and code == 0 and not attempt.locks_ended and not is_ours:
        raise Violation(f"{run.user} was told to have locked {path}, and the lock is {there}")
    if attempt.disturbed:
        return
    kept_out = was is not None and was.keeps_out(run.user)
    if (code == 6) != (kept_out and run.verb != "unlock --force") and code != 2:
        raise Violation(f"{run.verb} ended with exit code {code}, and the lock was {was}")
    if run.kind == "unlock" and code == 0 and there is not None:
        raise Violation(f"{run.verb} ended with exit code 0, and the lock is {there}")


def _had_to_refuse(attempt: Attempt) -> None:
    others = (one for member, one in attempt.start.receipts.items() if member != attempt.run.user)
    if not any(one.more or one.lacks for one in others):
        raise Violation("a cleanup was refused, and nobody lacks anything")


def _judge_who(report: Any, now: Look) -> None:
    for member in report.members:
        lacks = now.receipts[member.name].lacks if member.name in now.receipts else None
        if lacks is not None and report.file.name in lacks and member.has in ("yes",):
            raise Violation(f"who says that {member.name} has {report.file.name}, and the receipt that it is lacking")


def _judge_pin(attempt: Attempt, code: int, now: Look, unwanted: Callable[[str], bool]) -> None:
    """A pin names just what is here, with the bytes that it has."""
    user = attempt.run.user
    if code != 0:
        if now.pins[user] != attempt.start.pins[user] and code != 3:
            raise Violation(f"pin ended with exit code {code}, and wrote {now.pins[user]}")
        return
    here = {path: held for path, held in now.work[user].items() if not unwanted(path)}
    if attempt.run.files:
        here = {path: held for path, held in here.items() if is_named(path, attempt.run.files)}
        pinned = {path: held for path, held in now.pins[user].items() if is_named(path, attempt.run.files)}
    else:
        pinned = now.pins[user]
    if here != pinned:
        raise Violation(f"pin wrote {pinned}, and here are {here}")


def _judge_brought(attempt: Attempt, report: Any, now: Look) -> None:
    """What is said to be back is: just the pinned bytes, or a version that there was. The others are named."""
    run, user, start = attempt.run, attempt.run.user, attempt.start
    failed = {problem.path for problem in report.failed}
    work = now.work[user]
    if run.verb == "down --pinned":
        wanted = {path: held for path, held in start.pins[user].items() if not run.files or is_named(path, run.files)}
        if wrong := {path for path, held in wanted.items() if work.get(path) != held} - failed:
            raise Violation(f"down --pinned says nothing of {sorted(wrong)}, which are not as they are pinned")
        for problem in report.failed:
            held = wanted.get(problem.path)
            if "exists nowhere" in problem.error and held in _findable(start, user, problem.path):
                raise Violation(f"down --pinned says that {problem.path} with {held} exists nowhere, and it does")
        return
    for one in report.brought:
        if work.get(one.name) not in _findable(start, user, one.name):
            raise Violation(f"{run.verb} says that {one.name} is back, and there is {work.get(one.name)}")


def _findable(look: Look, user: str, path: str) -> set[str]:
    """Versions of a file: under its name up there, and in the trashes under its name."""
    trashes = (look.trash[user], look.remote_trash, look.beside)
    found = {held for trash in trashes for name, held in trash.items() if name.partition("/")[2] == path}
    return found | ({look.remote[path]} if path in look.remote else set())


def _judge_resolved(attempt: Attempt, report: Any, now: Look) -> None:
    """The version that stays stands on both sides, and is one of those that there were; the copy's name is gone."""
    run, user, start = attempt.run, attempt.run.user, attempt.start
    name, copy = report.conflict.name, report.conflict.kept_as
    if run.verb == "resolve --both" or report.was_decided:
        return
    work, remote = now.work[user], now.remote
    is_untouched = (work.get(name), remote.get(name)) == (start.work[user].get(name), start.remote.get(name))
    if work.get(name) != remote.get(name) and (copy is None or not is_untouched):  # an edit of what has the name stays
        raise Violation(f"{name} was resolved, and the sides differ: {work.get(name)} and {remote.get(name)}")
    versions = {start.work[user].get(name), start.remote.get(name), start.remote.get(copy or "")}
    if remote.get(name) not in versions:
        raise Violation(f"{name} was resolved, and holds {remote.get(name)}, which was none of its versions")
    if copy is not None and (copy in work or copy in remote or copy in now.undecided):
        raise Violation(f"{name} was resolved, and its copy {copy} is still there")
    sides = {"resolve --mine": start.work[user], "resolve --theirs": start.remote}
    chosen = sides[run.verb].get(name, remote.get(name))
    if copy is None and remote.get(name) != chosen:
        raise Violation(f"{run.verb} decided for {chosen}, and {name} holds {remote.get(name)}")


def watch_did_its_work(
    attempt: Attempt, report: Any, now: Look, seen: Callable[[Tree], Tree], published: Mapping[str, set[str]],
    had: Mapping[tuple[str, str], set[str]], common: set[str],
) -> None:  # fmt: skip
    """In the end a watch has done what up, or up and down, would have done.

    Left out is what those leave, too: what is in conflict, locked, half written, or has another kind in its place.
    """
    run, user = attempt.run, attempt.run.user
    if report.trouble or run.faults or run.full:
        return
    here, there = seen(now.work[user]), seen(now.remote)
    for path, content in here.items():
        left = (
            path in attempt.kept_out_of
            or path in report.conflicts
            or content in attempt.half_written
            or name_is_taken(path, now.remote)
        )
        is_theirs = path in now.remote and now.remote[path] not in had.get((user, path), ())
        is_gone = path not in now.remote and bool(published.get(path))
        if content not in published.get(path, ()) and not (left or is_theirs or is_gone):
            raise Violation(f"the watch ended, and {path} with {content} was never uploaded")
    if run.verb != "watch --down":
        return
    for path, content in there.items():
        is_told = now.named.get(path) == content  # else another tool put it there, and only a listing tells
        was_here = path in common or (user, path) in had
        if is_told and not was_here and not name_is_taken(path, now.work[user]):
            raise Violation(f"the watch ended, and {path} with {content} was never fetched")
