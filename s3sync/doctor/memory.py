"""Memory of this computer: state.db, who holds the lock, files of no unfinished transfer; and its repair."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from s3sync.config import Settings
from s3sync.core.entries import Entry, same
from s3sync.core.quantities import files_text, size_text
from s3sync.core.unfinished import Direction, Unfinished, is_token
from s3sync.disk.errors import local_errors
from s3sync.disk.remove import remove_tree
from s3sync.disk.temporary import private_base
from s3sync.doctor.local import leftovers
from s3sync.doctor.report import Check, fail, failed_by, ok, skipped, warn
from s3sync.errors import S3syncError
from s3sync.local.room import known_room, state_folder, state_room
from s3sync.project import ProjectFolder
from s3sync.state.lock import who_holds
from s3sync.state.memory import FILE, REPAIR, CachedDigest, StateDB
from s3sync.state.opening import ADOPT
from s3sync.state.own import Owner
from s3sync.state.places import StorePlace
from s3sync.state.rebuild import rebuild
from s3sync.state.repair import Examined, PlaceMemory, examine, salvage
from s3sync.store.port import Store
from s3sync.sync.recover import stale_partials
from s3sync.sync.scan import scan
from s3sync.sync.session import Session
from s3sync.sync.whereabouts import whereabouts

PARTIAL = "partial"
NAMES = ("state_database", "partial_files", "lock")
_UPGRADE = "upgrade s3sync: docs/upgrade-and-remove.md says how"


def checks(settings: Settings, store: Store, project: ProjectFolder) -> list[Check]:
    try:
        found = examine(project.state_dir)
    except S3syncError as error:
        return [failed_by("state_database", error), skipped("partial_files", "needs state_database"), _lock(project)]
    is_own = Owner(settings.env).owns(project.state_dir / FILE, whereabouts(settings, store, project))
    return [_database(found, is_own=is_own), _partials(project, found), _lock(project)]


def _database(found: Examined, *, is_own: bool) -> Check:
    name = "state_database"
    if not found.exists:
        return ok(name, "none yet: nothing is remembered")
    if found.newer:
        return fail(name, "it was written by a newer s3sync", _UPGRADE)
    if found.damage:
        return fail(name, f"it is damaged: {found.damage}", f"run {REPAIR}")
    if (found.base or found.transfers) and not is_own:
        why = (
            "it is not known to be yours: another computer's, another user's, or of an older s3sync; it is not believed"
        )
        return warn(name, why, f"the next run sets it aside; if it is your own, {ADOPT}")
    unfinished = f", {found.transfers} unfinished transfers" if found.transfers else ""
    return ok(name, f"sound; {files_text(found.base)} in the base{unfinished}")


def _partials(project: ProjectFolder, found: Examined) -> Check:
    name = "partial_files"
    if found.damage or found.newer:
        return skipped(name, "needs state_database")
    try:
        stale = _stale(project)
    except S3syncError as error:
        return failed_by(name, error)
    if not stale:
        return ok(name, "none is left over")
    size = sum(size for _, _, size in stale)
    hint = "s3sync doctor --fix, or the next up, down or sync, removes them"
    return warn(name, f"{len(stale)} left by a run that was killed, {size_text(size)}", hint)


def _stale(project: ProjectFolder) -> list[tuple[str, str, int]]:
    """Files of no unfinished download, and scratch folders of killed doctors: folder, name, size."""
    with local_errors("cannot look into", project.state_dir), contextlib.ExitStack() as opened:
        room, partial = known_room(project.staging), known_room(project.staging, PARTIAL)
        found: list[tuple[str, str, int]] = []
        if partial is not None:
            state = opened.enter_context(StateDB(project.state_dir, None, read_only=True))
            with partial:
                found += [(PARTIAL, name, size) for name, size in stale_partials(partial, state)]
        if room is not None:
            with room:
                found += [("", name, 0) for name in leftovers(room)]
    return found


def _lock(project: ProjectFolder) -> Check:
    try:
        room = known_room(project.staging)
    except S3syncError as error:
        return failed_by("lock", error)
    if room is None:
        return ok("lock", "free")
    with room:
        who = who_holds(room)
    if who is None:
        return ok("lock", "free")
    return warn("lock", f"another s3sync works here: {who}", "wait until it is done, or add --wait 60")


# -- repair


def mend(session: Session) -> list[str]:
    """Rebuild a damaged state.db and remove stale partial files; returns what was done.

    Raises `LockHeld`, `LocalError`. Without anything to mend, the lock is not asked for.
    """
    project = session.project
    if not project.state_dir.is_dir():
        return []
    found = examine(project.state_dir)
    if found.newer or (found.damage is None and not _stale(project)):
        return []
    done: list[str] = []
    with session.lock():
        if examine(project.state_dir).damage is not None:
            done.append(_rebuild(session))
        stale = _stale(project)
        for folder, name, _ in stale:
            with state_room(project.staging, *filter(None, [folder])) as room, local_errors("cannot remove", name):
                remove_tree(room, name)
    if stale:
        done.append(f"removed {len(stale)} partial files of no unfinished download")
    return done


def _rebuild(session: Session) -> str:
    here = whereabouts(session.settings, session.store, session.project)
    owner = Owner(session.settings.env)
    saved = salvage(session.project.state_dir, owner)
    ours = next((memory for memory in saved if _is_same(memory.place, here)), None)
    others = [memory for memory in saved if memory is not ours and memory.is_whole and memory.place.v1_name is None]
    digests: dict[str, CachedDigest] = {}
    if ours is not None and ours.is_whole:
        how = "all that it remembered could be read"
        ours.place = here
    else:
        transfers = ours.transfers if ours else []
        base, digests, how = _certain(session, ours.base if ours else {})
        ours = PlaceMemory(here, base, transfers=transfers)
    kept = [*others, ours] if ours.base or ours.transfers else others
    for memory in kept:
        memory.transfers = [item for item in memory.transfers if _goes_on(session.project, item[0])]
    folder = state_folder(session.project.staging)
    aside = rebuild(folder, f"{session.clock():%Y%m%d-%H%M%S}", kept, digests, owner, here)
    known = files_text(len(ours.base))
    return f"state.db was damaged and is rebuilt with {known} ({how}); the damaged one is {aside.name}"


def _is_same(saved: StorePlace, here: StorePlace) -> bool:
    """True if a saved place is the one that the settings name, perhaps from before its store had an id, or under its
    name of version 1.
    """
    is_at = (saved.url, saved.endpoint) == (here.url, here.endpoint)
    return (is_at and saved.store_id in ("", here.store_id)) or (
        saved.v1_name is not None and saved.v1_name == here.v1_name
    )


def _certain(session: Session, remembered: dict[str, Entry]) -> tuple[dict[str, Entry], dict[str, CachedDigest], str]:
    """A base of what can be seen to be true now. What it leaves out is asked about, and never overwritten or deleted.

    In it is what both sides hold alike; and where the two differ, an entry that could still be read and was agreed on
    with this very place, if the file here has just that content and the remote has one too: then the file here was
    not edited, and nothing is deleted.
    """
    place = whereabouts(session.settings, session.store, session.project)
    with (
        tempfile.TemporaryDirectory(prefix="s3sync-", dir=private_base()) as folder,
        StateDB(Path(folder), place, read_only=True) as state,
    ):
        state.save(base=remembered)
        try:
            seen = scan(session, state)
        except S3syncError as error:
            return {}, {}, f"nothing is certain while the store cannot be asked: {error}"
        digests = state.load_digests()
    base: dict[str, Entry] = {}
    for path, remote in seen.remote.items():
        local, known = seen.local.get(path), remembered.get(path)
        if local is None or path in seen.hidden:
            continue
        if same(local, remote):
            base[path] = Entry(remote.size, remote.md5 or local.md5, remote.etag)
        elif known is not None and known.md5 is not None and same(local, known):
            base[path] = known
    return base, digests, "those that are the same here and there, or unchanged here"


def _goes_on(project: ProjectFolder, transfer: Unfinished) -> bool:
    """True if a download's partial file is still there; an upload asks the store itself."""
    if transfer.way is Direction.UP:
        return True
    partial = known_room(project.staging, PARTIAL)
    if partial is None or not is_token(transfer.token):
        return False
    with partial:
        return partial.has_file(transfer.token)
