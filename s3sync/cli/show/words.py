"""Words and fields that several reports share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from s3sync.cli.call import CALL
from s3sync.cli.output import Symbols, ago_text, printable, symbols, warn
from s3sync.core.manifest.record import CleanedRecord
from s3sync.core.names import short_text
from s3sync.core.outcome import Problem
from s3sync.core.quantities import files_text
from s3sync.core.reconcile import State
from s3sync.core.team import FileLock
from s3sync.core.times import format_time
from s3sync.core.typed import typed
from s3sync.disk.current import typing_folder
from s3sync.sync.locked import break_hint, held_text
from s3sync.sync.report import Deleted, ProjectAddress

Json: TypeAlias = dict[str, Any]
"""A document that docs/json.md promises. Lists of many files are iterators: `print_json` takes them one by one."""


NO_PROJECT = (
    "no project has a staging folder here: `s3sync projects` lists what the store has, and `s3sync init PROJECT` makes"
    " a new one"
)


def place_json(place: ProjectAddress) -> Json:
    return {"project": place.project, "repo": place.repo, "store": place.store}


def is_around(place: ProjectAddress) -> bool:
    """True if the user stands in the project, so that a command that is shown need not name it."""
    return place.is_around(typing_folder())


def project_typed(place: ProjectAddress) -> str:
    """The project's name as a word of `status`, `up`, `down` and `sync`, as it can be typed where the user is."""
    return typed(f"{CALL.repository}/{place.project}" if CALL.repository else place.project)


def project_word(place: ProjectAddress) -> str:
    """The project as a first word of `status`, `up`, `down` and `sync`; empty where the user stands in it."""
    return "" if is_around(place) else f" {project_typed(place)}"


def project_option(place: ProjectAddress) -> str:
    """The option that names the project to a command whose words are files; empty where the user stands in it."""
    return "" if is_around(place) else f" --project {typed(place.project)}"


def resolve_command(place: ProjectAddress, name: str) -> str:
    """Command that decides a conflict, as it can be typed where the user is."""
    project = project_option(place)
    if CALL.repository and project:
        return printable(f"cd {typed(place.root)} && s3sync resolve {typed(name)}")
    return printable(f"s3sync resolve{project} {typed(name)}")


def deleted_json(item: Deleted) -> Json:
    return {"name": item.name, "side": item.side, "size_bytes": item.size_bytes}


def cleaned_json(cleaned: CleanedRecord | None) -> Json | None:
    return None if cleaned is None else {"by": cleaned.by, "at": cleaned.at, "files": cleaned.files}


def failed_json(item: Problem) -> Json:
    return {"name": item.path, "error": item.error, "hint": item.hint}


def lock_json(lock: FileLock) -> Json:
    since, until = (None if when is None else format_time(when) for when in (lock.since, lock.until))
    return {
        "name": lock.name,
        "id": lock.id,
        "state": lock.state.value,
        "by": lock.by,
        "host": lock.host,
        "why": lock.why,
        "since": since,
        "until": until,
        "seconds_left": lock.left_s,
        "reason": lock.reason,
    }


def locked_json(locked: Mapping[str, FileLock]) -> list[Json]:
    """Files that were left alone, each with the lock that keeps this user out."""
    return [{**lock_json(lock), "name": name} for name, lock in locked.items()]


def locked_line(name: str, lock: FileLock) -> str:
    """A file that was left alone, and who has locked it or what it would replace."""
    other = "" if lock.name in (None, name) else f"{lock.name} is "
    return f"{symbols().locked} {printable(name)}: {printable(other + held_text(lock))}; left alone"


def warn_of_locked(locked: Mapping[str, FileLock], place: ProjectAddress) -> None:
    """Say of each file that was left alone who has locked it, and once how to go on."""
    for name, lock in locked.items():
        warn(locked_line(name, lock))
    if locked:
        warn(f"hint: {printable(break_hint(next(iter(locked.values())).name or '', place))}")


ABSENT_THERE = frozenset({State.LOCAL_NEW, State.CLEANED_UP, State.REMOTE_DELETED})
"""States in which the remote has no such file."""


def state_sign(state: State, signs: Symbols) -> str:
    if state is State.IN_SYNC:
        return signs.done
    if state is State.CONFLICT:
        return signs.conflict
    if state in (State.LOCAL_DELETED, State.REMOTE_DELETED):
        return signs.gone
    if state is State.CLEANED_UP:
        return signs.cleanup
    return signs.newer_there if state in (State.REMOTE_NEW, State.REMOTE_MODIFIED) else signs.newer_here


def by_text(user: str | None, at: str | None) -> str:
    if not user:
        return ""
    return f", by {printable(short_text(user))} {ago_text(at)}"


def cleaned_line(cleaned: CleanedRecord, *, has_copies: bool, is_empty: bool = True) -> str:
    """Line about a cleanup: by whom, and how those who have copies bring the project back.

    `is_empty`: nothing is left on the remote. Else it was a cleanup of some files.
    """
    by, at = printable(short_text(cleaned.by)), printable(cleaned.at[:10])
    some = f"{by} cleaned up {files_text(cleaned.files)} on {at}"
    said = f"{by} cleaned up this project on {at}" if is_empty else some
    if not has_copies:
        return f"{said}: there is nothing to download; who has copies sends them with `s3sync up --again`"
    return f"{said}: your copies stay; `s3sync up --again` sends them"


def failure_lines(failed: Iterable[Problem], prefix: str = "") -> Iterator[str]:
    """Each with its hint; what is the hint of several is said once, below the last of them."""
    hint = None
    for problem in failed:
        if hint and hint != problem.hint:
            yield f"hint: {printable(hint)}"
        yield f"{symbols().failed} {printable(prefix + problem.path)}: {printable(problem.error)}"
        hint = problem.hint
    if hint:
        yield f"hint: {printable(hint)}"


def warn_of_failures(failed: Iterable[Problem], prefix: str = "") -> None:
    for line in failure_lines(failed, prefix):
        warn(line)
