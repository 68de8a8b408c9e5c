"""What each verb keeps to: its side of the two, and what others put into metadata.json."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec.structs import replace

from tests.promises.simulator.actions import AT_ANY_TIME, Run
from tests.promises.simulator.attempt import Attempt, Violation
from tests.promises.simulator.look import Look, Tree, name_is_taken

Key: TypeAlias = Callable[[str], str]
"""What names are one to a disk."""


def nothing_unrecorded(attempt: Attempt, before: Look, now: Look) -> None:
    """P6, P8: nobody's write of metadata.json takes out what another one's put there."""
    if forgotten := before.copies - now.copies:
        raise Violation(f"metadata.json no longer notes the conflict copies {sorted(forgotten)}")
    if untold := before.events - now.events:
        raise Violation(f"the history no longer tells the events {sorted(untold)}")
    if attempt.run.kind in ("up", "down", "watch") and not attempt.meddled:
        lost = {
            path for path, content in before.named.items() if content and now.remote.get(path) == content
        } - now.named.keys()
        if lost:
            raise Violation(f"metadata.json no longer names {sorted(lost)}")


def verbs_keep_to_their_side(run: Run, before: Look, now: Look, key: Key, *, waited: bool) -> None:
    """What a verb never touches, P14 included."""
    user, kind = run.user, run.kind
    work, trash = before.work[user] != now.work[user], before.trash[user] != now.trash[user]
    there = (before.remote, before.remote_trash) != (now.remote, now.remote_trash)
    idle = run.dry_run or kind in ("status", "transfers", "trash list", *AT_ANY_TIME)
    work = work and not (run.policy == "mine" and made_way(before.work[user], now.work[user], now.remote))
    here = work or (trash and not waited)
    idle = idle or kind in ("queue add", "queue clear", "select")
    only_sends = run.verb in ("watch", "queue run") or (kind == "up" and run.policy in (None, "warn", "mine"))
    if here and (idle or run.cleans_there or only_sends):
        raise Violation(f"{run.verb} changed the working folder")
    if there and (idle or (kind == "down" and run.policy in (None, "warn", "theirs"))):
        raise Violation(f"{run.verb} changed the remote")
    if there and (run.cleans_here or kind == "trash restore" or (kind == "trash empty" and run.side == "local")):
        raise Violation(f"{run.verb} changed the remote")
    if kind == "trash empty" and (work or before.remote != now.remote):
        raise Violation("trash empty changed more than the trash")
    if kind == "trash restore" and not before.work[user].items() <= now.work[user].items():
        raise Violation("trash restore took or replaced what stood here")
    if kind in ("up", "down", "watch", "queue run"):
        gone = _gone(before.work[user], now.work[user], key) - aside(before, now, user, key)
        gone |= _gone(before.remote, now.remote, key)
        if gone:
            raise Violation(f"{run.verb} deleted {sorted(gone)}")


def _gone(before: Tree, now: Tree, key: Key) -> set[str]:
    return set(map(key, before)) - set(map(key, now))


def aside(before: Look, now: Look, user: str, key: Key) -> set[str]:
    """Paths whose file became a conflict copy: for a moment, and after a death, nothing stands there."""
    copies = {content for path, content in now.work[user].items() if ".conflict-" in path}
    return {key(path) for path, content in before.work[user].items() if content in copies}


def made_way(before: Tree, now: Tree, remote: Tree) -> bool:
    """Whether no more was done to a folder than that files got a conflict copy's name whose own is taken there."""
    new = {path: held for path, held in now.items() if before.get(path) != held}
    gone = {path: held for path, held in before.items() if now.get(path) != held}
    return all(".conflict-" in path for path in new) and all(
        name_is_taken(path, remote) and held in new.values() for path, held in gone.items()
    )


def as_undone(before: Look, now: Look, user: str) -> Look:
    """As if a file that a killed run moved aside, or gave a second name, had had its own name back before.

    It is the same file, inode and bytes, under a name that is no conflict copy's.
    """
    work = dict(before.work[user])
    for copy in [path for path in work if ".conflict-" in path and path not in now.work[user]]:
        file, content = before.inodes[user][copy], work[copy]
        own = [path for path, inode in now.inodes[user].items() if inode == file and now.work[user][path] == content]
        back = [path for path in own if ".conflict-" not in path]
        if back and back == own:  # its own name, and perhaps another one that its user has given it since
            del work[copy]
            work |= dict.fromkeys(back, content)
    return replace(before, work={**before.work, user: work})
