"""From a store to its sealed view: where it is encrypted, by the settings or by what this user knows."""

from __future__ import annotations

import os

from s3sync.config import Settings, mask_url
from s3sync.core.sealed import OfArchives
from s3sync.core.typed import typed
from s3sync.errors import Halt, Unsupported
from s3sync.keys.known import clone_files, has_key
from s3sync.keys.members import current_id
from s3sync.keys.own import note_clone, read_key
from s3sync.store.port import Store
from s3sync.store.sealed import RepositoryKey, seal

FROM_A_COPY = "`s3sync keys import FILE` takes it from a copy that `keys export` wrote"


def sealed_store(inner: Store, settings: Settings) -> Store:
    """The sealed view. The key is read when the first request needs it, which raises `Halt` where it is not here.

    Raises `Halt` at once where the settings do not say that it is encrypted: nobody switches that off. So it does of a
    store of archives whose key is not here: there would be one error for each archive.
    """
    _require_said(settings.archives_of or settings)
    if settings.archives_of is not None:
        require_conditions(inner)
        key = _key_of_archives(inner, settings.archives_of)
        return seal(inner, settings.archives_of.repo, lambda: key, OfArchives)
    return seal(inner, settings.repo, lambda: _key(inner, settings))


def _require_said(settings: Settings) -> None:
    """Raise `Halt` where the settings of an encrypted repository do not say that it is encrypted."""
    if settings.encrypt:
        return
    where = f"{settings.repo} in {mask_url(settings.store)}"
    if not has_key(settings):
        raise _elsewhere(where, settings)
    origin = settings.origins.get("encrypt", "default")
    said = "no file says so any more" if origin.startswith("default") else f"{origin} says `encrypt: no`"
    raise Halt(
        f"{where} is encrypted, and the settings do not say so",
        why=f"{said}, and files would be sent as anybody can read them",
        hint="set `encrypt: yes` in .s3sync.yaml again; encryption cannot be switched off for a repository that has it",
    )


def _elsewhere(where: str, settings: Settings) -> Halt:
    marks = " and ".join(typed(path) for path in clone_files(settings) if os.path.lexists(path))
    return Halt(
        f"files of this clone were encrypted, and {where} is another place, which is not to be",
        why="the settings do not say `encrypt: yes` any more, and files would be sent as anybody can read them",
        hint="ask who changed .s3sync.yaml. For a repository that anybody may read make a new clone, "
        f"or remove {marks}",
    )


def require_conditions(inner: Store) -> None:
    """Raise `Unsupported` for a store of archives that refuses no second writer: of a sealed archive nobody could say
    whose it is after an answer that was lost."""
    if not inner.capabilities.conditional_writes:
        raise Unsupported(
            f"{inner.url} cannot have encrypted archives",
            why="it has no conditional writes, and keeps nothing beside a file that says whose it is",
            hint="give the set a bucket or a folder as its `store`; docs/encryption.md lists what does not work",
        )


def _key(inner: Store, settings: Settings) -> RepositoryKey:
    key = _key_here(settings)
    if key is not None:
        return key
    if current_id(inner, settings.repo) is None:
        raise Halt(
            f"{settings.repo} is to be encrypted, and has no key yet",
            why="`encrypt: yes` is set, and the store has no key for it",
            hint="the first of the team runs `s3sync keys create`",
        )
    raise _not_here(
        settings,
        "run `s3sync keys me` and have a member run `s3sync keys add` with it, then `s3sync keys import`",
    )


def _key_of_archives(inner: Store, settings: Settings) -> RepositoryKey:
    """The repository's key for what lies in `inner`, which has no wrapped keys: they are in the repository's store."""
    key = _key_here(settings)
    if key is not None:
        return key
    raise _not_here(
        settings,
        f"the archives in {inner.url} are encrypted with it: take it with `s3sync keys import`, or in a new repository "
        "make it with `s3sync keys create`",
    )


def _key_here(settings: Settings) -> RepositoryKey | None:
    key = read_key(settings)
    if key is not None:
        note_clone(settings)
    return key


def _not_here(settings: Settings, hint: str) -> Halt:
    return Halt(
        f"{settings.repo} is encrypted, and its key is not on this computer",
        why="nothing of it can be read without",
        hint=f"{hint}; {FROM_A_COPY}",
    )
