"""`lock`, `unlock` and `locks`: say that one works on a file, say that one has done, and see who works on what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unicodedata import normalize

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.history import LOCKED, UNLOCKED, Draft
from s3sync.core.names import nfc, refuse_reason
from s3sync.core.near import near
from s3sync.core.team import (
    DEFAULT_S,
    LONGEST_REASON,
    LONGEST_S,
    SHORTEST_S,
    FileLock,
    LockState,
    is_lock_id,
    lock_id,
    locks_prefix,
)
from s3sync.errors import LocalError, Unsupported, UsageError
from s3sync.local.room import state_folder
from s3sync.shared.locks import acquire, lock_at, read_locks, release
from s3sync.shared.manifest import read_manifest
from s3sync.shared.unsaid import refuse_unsaid
from s3sync.state.memory import StateDB
from s3sync.store.probe import Condition, Honours
from s3sync.sync.events import note_event
from s3sync.sync.locked import Answers, asked, warnings_of
from s3sync.sync.report import EXIT_DONE, EXIT_LOCKED, OfProject, ProjectAddress
from s3sync.sync.select import paths_of
from s3sync.sync.session import Session

MOST_NAMES = 100
"""Files that one command locks or unlocks: each takes a request of its own."""


class LocksReport(OfProject, Struct):
    """Report of `lock`, `unlock` or `locks`: `locks` are those made, released or found."""

    place: ProjectAddress
    action: str
    dry_run: bool = False
    locks: list[FileLock] = field(default_factory=list)
    refused: list[FileLock] = field(default_factory=list)
    """Locks of others, which were left alone."""
    absent: list[str] = field(default_factory=list)
    """Files that were to be unlocked, and are not locked."""
    warnings: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_LOCKED if self.refused else EXIT_DONE


def lock(
    session: Session,
    words: Sequence[str],
    cwd: Path,
    *,
    lasts_s: int = DEFAULT_S,
    why: str | None = None,
    dry_run: bool = False,
) -> LocksReport:
    """Lock files, or renew one's own locks.

    Raises `UsageError` before the first write, `Halt` for an encrypted repository whose settings do not say so,
    `Unsupported`, `StoreError`.
    """
    user, report = session.settings.require_user(), LocksReport(session.place, "lock", dry_run)
    why = _checked(lasts_s, why)
    names, place = _known_names(session, words, cwd), locks_prefix(session.project.prefix)
    if dry_run:
        refuse_unsaid(session.store, session.settings.repo)
        for name in names:
            there = lock_at(session.store, place + lock_id(name))
            if there is not None and there.keeps_out(user):
                report.refused.append(there)
            else:
                report.locks.append(FileLock(lock_id(name), "", LockState.HELD, name=name, by=user, why=why))
        return report
    with _conditions(session) as (state, honours):
        if next(state.each_base(), None) is None:  # else a run has told, or the key is known here
            refuse_unsaid(session.store, session.settings.repo)
        _require_protection(session, honours)
        for name in names:
            found, is_ours = acquire(session.store, place + lock_id(name), name, user, lasts_s, why)
            (report.locks if is_ours else report.refused).append(found)
        _note(session, state, report)
    return report


def unlock(
    session: Session, words: Sequence[str], cwd: Path, *, force: bool = False, dry_run: bool = False
) -> LocksReport:
    """Release locks: one's own, those that have ended, and with `force` those of others. No file is needed for it."""
    user, report = session.settings.require_user(), LocksReport(session.place, "unlock", dry_run)
    place = locks_prefix(session.project.prefix)
    with _conditions(session) as (state, honours):
        for word in _some(words):
            found = _lock_named(session, word, cwd)
            if found is None:
                report.absent.append(word)
            elif not force and (found.keeps_out(user) or found.state is LockState.UNREADABLE):
                report.refused.append(found)
            else:
                deletes = dry_run or honours(Condition.DELETE) is Honours.ENFORCED
                if dry_run or release(session.store, place + found.id, found.etag, deletes=deletes):
                    report.locks.append(found)
                    continue
                there = lock_at(session.store, place + found.id)  # renewed, released or broken meanwhile
                if there is None:
                    report.absent.append(word)
                else:
                    report.refused.append(replace(there, name=there.name or found.name))
        _note(session, state, report)
    return report


def locks(session: Session) -> LocksReport:
    """List the locks of a project, by the names of their files: those that hold and those that have ended."""
    found = read_locks(session.store, session.project.prefix)
    known = [found.by_name[name] for name in sorted(found.by_name)]
    return LocksReport(
        session.place, "locks", locks=[*known, *found.unreadable], warnings=[*dict.fromkeys(warnings_of(found))]
    )


def _checked(lasts_s: int, why: str | None) -> str | None:
    """The reason without blanks around it. Raises `UsageError` for what no lock can say."""
    if not SHORTEST_S <= lasts_s <= LONGEST_S:
        raise UsageError(
            f"a file cannot be locked for {lasts_s} seconds",
            why="a lock lasts from 1 minute to 30 days",
            hint="write a number and its unit, as `--for 8h`"
            if lasts_s < SHORTEST_S
            else "lock it for less, as `--for 8h`, and renew the lock by locking it again",
        )
    if why is not None and (len(why) > LONGEST_REASON or not why.isprintable()):
        raise UsageError(
            "the reason of a lock cannot be that text",
            why=f"it has more than {LONGEST_REASON} characters, or some that cannot be printed",
            hint="say it in a few words: --why 'color grading'",
        )
    return (why or "").strip() or None


def _some(words: Sequence[str]) -> list[str]:
    if not 0 < len(words) <= MOST_NAMES:
        raise UsageError(
            "no file was named" if not words else f"{len(words)} files were named",
            why=f"each is locked by a request of its own: name 1 to {MOST_NAMES}",
            hint="see `s3sync locks` for what is locked",
        )
    return list(dict.fromkeys(words))


def _known_names(session: Session, words: Sequence[str], cwd: Path) -> list[str]:
    """The files that are meant. Raises `UsageError` for a name that neither this disk nor metadata.json knows."""
    staging, recorded, names = session.project.staging, None, list[str]()
    for word in _some(words):
        paths = [path for path in paths_of(word, staging, cwd) if path and not refuse_reason(path)]
        name = next((path for path in paths if _is_here(staging, path)), None)
        if name is None and paths:
            recorded = read_manifest(session.store, session.project.prefix) if recorded is None else recorded
            name = next((path for path in paths if path in recorded.manifest.files), None)
        if name is None:
            meant = near(paths[-1], recorded.manifest.files) if paths and recorded is not None else []
            raise UsageError(
                f"no file called {word!r}",
                why="neither the staging folder nor the remote has one, and folders and patterns cannot be locked",
                hint=f"did you mean {meant[0]!r}?"
                if meant
                else "name each file as `s3sync status` does; --project names another project",
            )
        names.append(name)
    return list(dict.fromkeys(names))


def _is_here(staging: Path, path: str) -> bool:
    return any((staging / normalize(form, path)).is_file() for form in ("NFC", "NFD"))


def _lock_named(session: Session, word: str, cwd: Path) -> FileLock | None:
    """The lock of a file, by any way to write its name, or by what `locks` shows of one that cannot be read."""
    place = locks_prefix(session.project.prefix)
    paths = paths_of(word, session.project.staging, cwd)
    ids = {lock_id(path): path for path in paths if path}
    if is_lock_id(word):
        ids[word] = word
    for known, path in ids.items():
        found = lock_at(session.store, place + known)
        if found is not None and (found.name is not None or found.state is not LockState.EXPIRED):
            return found if found.name is not None or path == word else replace(found, name=nfc(path))
    return None


def _require_protection(session: Session, honours: Answers) -> None:
    """Raises `Unsupported` where two could lock one file at the same moment."""
    lacking = [kind for kind in (Condition.CREATE, Condition.REPLACE) if honours(kind) is not Honours.ENFORCED]
    if lacking:
        raise Unsupported(
            f"{session.place.store} cannot keep locks",
            why="it does not honour conditional writes, so that two people could lock one file at the same moment",
            hint="agree by other means who works on what; `s3sync doctor` says what the store honours",
        )


@contextmanager
def _conditions(session: Session) -> Iterator[tuple[StateDB, Answers]]:
    """Remembered in this computer's memory, where the project has a staging folder that can be written."""
    read_only = True
    try:
        if session.project.staging.is_dir():
            state_folder(session.project.staging)
            read_only = False
    except LocalError:
        pass
    with session.memory(read_only=read_only, locked=False) as state, asked(session, state) as honours:
        yield state, honours


def _note(session: Session, state: StateDB, report: LocksReport) -> None:
    """Have the history tell it with the next write of metadata.json: a lock makes none."""
    if report.dry_run:
        return
    draft = Draft(report.action, session.run)
    for lock in report.locks:
        was_by = lock.by if lock.by != session.settings.user else None
        draft.add(LOCKED if report.action == "lock" else UNLOCKED, lock.name or lock.id, was_by=was_by)
        draft.note = draft.note or (lock.why if report.action == "lock" else None)
    note_event(session, state, draft)
