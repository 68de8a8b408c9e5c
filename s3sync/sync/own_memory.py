"""`state adopt`: believe a memory that is not known to be this user's: another computer's, a backup's."""

from __future__ import annotations

import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec import Struct

from s3sync.disk.errors import local_errors
from s3sync.disk.tree import find_below
from s3sync.errors import LocalError, UsageError, declined
from s3sync.local.room import OURS, state_folder
from s3sync.state import trusted
from s3sync.state.memory import FILE, REPAIR, StateDB
from s3sync.state.opening import ASIDE, exchange
from s3sync.state.outdated import forget_outdated
from s3sync.state.own import Owner
from s3sync.state.places import StorePlace
from s3sync.state.repair import Examined, examine
from s3sync.sync.places import PlacesReport, list_places
from s3sync.sync.session import Session
from s3sync.sync.whereabouts import whereabouts

DOCTOR = "run `s3sync doctor`: it says whether your data folder is yours and writable"


class Adoptable(Struct, frozen=True):
    """A memory that is not believed: its file, and what it says to know."""

    path: Path
    files: int
    unfinished: int


def adopt(session: Session, *, confirm: Callable[[Adoptable], bool], dry_run: bool = False) -> PlacesReport:
    """Believe what lies in `.s3sync/` or was set aside there, after `confirm` saw what it is. No file is touched.

    Raises `UsageError` where there is none, `Halt` when `confirm` says no, `LocalError` for a damaged one.
    """
    owner, place = Owner(session.settings.env), whereabouts(session.settings, session.store, session.project)
    if dry_run:
        found = _find(session.project.state_dir, owner, place)
        report = list_places(session)
        report.adopted, report.dry_run = found.path.name, True
        return report
    with session.lock():
        folder = state_folder(session.project.staging)
        found = _find(folder, owner, place)
        if not confirm(found):
            raise declined("nothing was changed")
        if found.path.name == ASIDE:
            with StateDB(folder, place, file=ASIDE) as older:
                forget_outdated(older, folder, is_here=partial(_is_here, str(session.project.staging)))
            exchange(folder)
        with StateDB(folder, place) as state:
            if not owner.mark(state):
                raise LocalError(f"cannot adopt {found.path}", why="no secret of yours can be kept", hint=DOCTOR)
    report = list_places(session)
    report.adopted = found.path.name
    return report


def _is_here(staging: str, path: str) -> bool:
    """True for a file: its absence after a memory was set aside is nobody's wish to delete it."""
    found = find_below(staging, path)
    return found is not None and stat.S_ISREG(found.status.st_mode)


def _find(folder: Path, owner: Owner, place: StorePlace) -> Adoptable:
    """What is in use goes first, then what was set aside."""
    for name in (FILE, ASIDE):
        path = folder / name
        with local_errors("cannot look at", path, hint=OURS):
            try:
                is_own = owner.owns(path, place)
                looked = _look(path)
            except FileNotFoundError:
                continue
        if looked.damage or looked.newer:
            why = looked.damage or "a newer s3sync wrote it"
            raise LocalError(f"cannot adopt {path}", why=why, hint=f"run {REPAIR}" if name == FILE else OURS)
        if name == ASIDE or (not is_own and (looked.base or looked.transfers)):
            return Adoptable(path, looked.base, looked.transfers)
    raise UsageError(
        "there is nothing to adopt", why="what is remembered of this folder is yours", hint="`s3sync state` shows it"
    )


def _look(path: Path) -> Examined:
    with trusted.private_copy(path) as copy:
        for ending in ("", "-wal"):
            found = copy.with_name(copy.name + ending)
            if found.exists():
                found.rename(copy.with_name(FILE + ending))
        return examine(copy.parent)
