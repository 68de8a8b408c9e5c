"""`state`: which places in stores this folder was synced with, and how to forget one. Asks nothing of the network."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, field

from s3sync.config import REPO_FILE
from s3sync.core.folder_names import project_reason
from s3sync.core.typed import quoted
from s3sync.errors import UsageError, declined
from s3sync.project import lines_to_commit
from s3sync.state.memory import StateDB
from s3sync.state.places import KnownPlace
from s3sync.sync.report import OfProject, ProjectAddress
from s3sync.sync.session import Session
from s3sync.sync.whereabouts import whereabouts

FIRST_TIME = "first time with this store: everything is compared by content, and nothing counts as deleted"


class PlacesReport(OfProject, Struct):
    """The places that are remembered, those that were forgotten just now, and what was adopted."""

    place: ProjectAddress
    places: list[KnownPlace] = field(default_factory=list)
    forgotten: list[KnownPlace] = field(default_factory=list)
    dry_run: bool = False
    adopted: str | None = None
    """Name of the file that is believed from now on."""


def first_time(state: StateDB, session: Session) -> list[str]:
    """Warn when this folder was synced with other places, and never with this one."""
    if not state.is_first_time:
        return []
    names = names_warning(session, state) if _former_names(state, session) else None
    if names is not None:
        return [names, FIRST_TIME]
    old = _old_name(state, session)
    if old is None:
        return [FIRST_TIME]
    name = session.project.name
    return [
        FIRST_TIME,
        f"this folder was synced as {old!r} before, whose files stay in the store: if {name!r} is {old!r} renamed, "
        f"`mv {quoted(name)} {quoted(old)}` in the repository keeps using them; otherwise both are stored",
    ]


def names_warning(session: Session, state: StateDB | None = None) -> str | None:
    """Ask to commit settings where the project's place in the store follows the name of this clone's folder.

    Where `state` remembers that the clone was called otherwise, these are the names of then: the files are there.
    """
    lines = lines_to_commit(session.settings, session.project)
    if not lines:
        return None
    told = "another clone, whose folder has another name, uses another place in the store"
    former = state and _former_names(state, session)
    if former:
        told = f"this folder was synced as {'/'.join(former)} before, and its place in the store follows its name"
        old = dict(zip(("repo", "project"), former, strict=True))
        lines = [f"{key}: {old[key]}" for key in (line.partition(":")[0] for line in lines)]
    wanted = " and ".join(f"`{line}`" for line in lines)
    return f"{told}: commit {wanted} to {REPO_FILE}{' to keep using it' * bool(former)}"


def _former_names(state: StateDB, session: Session) -> tuple[str, str] | None:
    """The repository and the project that this folder was last in the same store, where that is not what it is now."""
    place, prefix = whereabouts(session.settings, session.store, session.project), session.project.prefix
    above = place.url.removesuffix(prefix)
    for known in state.places():
        repo, _, name = known.place.url.removeprefix(above).rstrip("/").rpartition("/")
        is_near = (known.place.endpoint, known.place.url) == (place.endpoint, f"{above}{repo}/{name}/")
        if is_near and known.files and repo and repo != session.project.repo and not project_reason(name):
            return repo, name
    return None


def _old_name(state: StateDB, session: Session) -> str | None:
    """The project that this folder was in the same repository and store, where it is no copy of one that is here."""
    place = whereabouts(session.settings, session.store, session.project)
    above = place.url.removesuffix(f"{session.project.name}/")
    found: list[str] = []
    for known in state.places():
        name = known.place.url.removeprefix(above).removesuffix("/")
        if known.place.endpoint == place.endpoint and known.place.url == f"{above}{name}/" and not project_reason(name):
            found.append(name)
    found = [name for name in found if name != session.project.name]
    is_copy = any((session.project.repo_root / name / session.settings.staging).exists() for name in found)
    return found[0] if found and not is_copy else None


def list_places(session: Session) -> PlacesReport:
    with session.memory(read_only=True) as state:
        return PlacesReport(session.place, state.places())


def forget_place(
    session: Session, word: str, *, confirm: Callable[[KnownPlace], bool], dry_run: bool = False
) -> PlacesReport:
    """Forget the place that a word names: its address, or a part that only it has. No file is touched.

    Raises `UsageError` for a word that names none or several, `Halt` when `confirm` says no.
    """
    if dry_run:
        with session.memory(read_only=True) as state:
            return _report(session, state, _choose(state.places(), word), dry_run=True)
    with session.lock(), session.memory() as state:
        chosen = _choose(state.places(), word)
        if not confirm(chosen):
            raise declined("nothing was forgotten")
        state.forget_place(chosen.id)
        return _report(session, state, chosen, dry_run=False)


def _report(session: Session, state: StateDB, chosen: KnownPlace, *, dry_run: bool) -> PlacesReport:
    left = [known for known in state.places() if known.id != chosen.id]
    return PlacesReport(session.place, left, [chosen], dry_run)


def _choose(places: list[KnownPlace], word: str) -> KnownPlace:
    if not word:
        raise UsageError("--forget needs the place to forget", hint="`s3sync state` lists the places")
    exact = [known for known in places if word in (known.place.shown, known.place.url, known.place.url.rstrip("/"))]
    found = exact if len(exact) == 1 else [known for known in places if word in known.place.shown]
    found = found or [known for known in places if known.place.store_id and known.place.store_id.startswith(word)]
    if len(found) > 1:
        one_address = len({known.place.shown for known in found}) == 1
        why = ", ".join(known.place.store_id or "?" if one_address else known.place.shown for known in found)
        hint = "type the id of the store" if one_address else "type more of the address"
        raise UsageError(f"{word!r} could be several places", why=why, hint=hint)
    if not found:
        hint = "`s3sync state` lists the places"
        raise UsageError(f"{word!r} is no place that this folder knows", why="none has it in its address", hint=hint)
    return found[0]
