"""Question whether this user has a key for a place, or used one in this clone: asked whenever a store is opened."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from s3sync.config import Settings
from s3sync.config.locate import user_data_folder
from s3sync.core.names import nfc
from s3sync.gitconfig import shared_git_folder

FOLDER = "keys"
CLONES = "encrypted"
"""Folder with empty files for each clone in which a key was used: a commit may name another place for its files."""


def file_name(settings: Settings) -> str:
    """The name of the file with the key of the settings' place: one for each store, server and repository in it."""
    return _file_name(settings.store, settings.endpoint_url, settings.repo)


def _file_name(store: str, endpoint_url: str | None, repo: str) -> str:
    place = "\0".join((store, endpoint_url or "", repo))
    return f"{hashlib.sha256(place.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def is_encrypted(settings: Settings) -> bool:
    """True if the place is encrypted, by the settings or by what this user knows."""
    return settings.archives_of is not None or settings.encrypt or has_key(settings) or was_encrypted(settings)


def has_key(settings: Settings) -> bool:
    """True if this user has a key for the place, which therefore is encrypted. One look at the disk."""
    return os.path.lexists(user_data_folder(settings.env) / FOLDER / file_name(settings))


def key_around(settings: Settings) -> str | None:
    """Name of the repository at the address of the settings' store, or around it, for which this user has a key; None
    of none. Whoever has the store can take away what says there that it is encrypted."""
    try:
        known = set(os.listdir(user_data_folder(settings.env) / FOLDER))
    except OSError:
        return None
    above = settings.store
    while known and (cut := max(above.rfind("/"), above.rfind(":")) + 1):
        store, repo, above = above[:cut], nfc(above[cut:]), above[: cut - 1]
        if any(_file_name(one, settings.endpoint_url, repo) in known for one in (store, above)):
            return repo
    return None


def encrypted_clone(environ: Mapping[str, str], folders: Iterable[str]) -> str | None:
    """The first of some folders, given by their real paths, that is a clone in which a key was used; None of none."""
    try:
        known = set(os.listdir(user_data_folder(environ) / CLONES))
    except OSError:
        return None
    return (
        next((folder for folder in folders if not known.isdisjoint(_names_of(Path(folder)))), None) if known else None
    )


def _names_of(root: Path) -> list[str]:
    """Names of the marks of a clone: by its path, and where git keeps it by the moment at which git made it.

    That is the time of `description`, a file that git writes once and no commit brings: it goes along when the clone is
    moved, or copied with its times, and worktrees share it. A time of whole seconds may be that of many clones.
    """
    names = [hashlib.sha256(os.fsencode(root)).hexdigest()[:32]]
    if not os.path.lexists(root / ".git"):
        return names
    try:
        made_ns = (shared_git_folder(root) / "description").lstat().st_mtime_ns
    except (OSError, ValueError):
        return names
    return [*names, hashlib.sha256(b"made %d" % made_ns).hexdigest()[:32]] if made_ns % 10**9 else names


def clone_files(settings: Settings) -> list[Path]:
    """The files that say of the settings' clone that it is encrypted, whether they are there or not."""
    if settings.root is None:
        return []
    folder = user_data_folder(settings.env) / CLONES
    return [folder / name for name in _names_of(settings.root)]


def was_encrypted(settings: Settings) -> bool:
    """True if this user worked in this clone with a key, whatever place the settings name now, and wherever the clone
    was then. Few looks at the disk."""
    return any(map(os.path.lexists, clone_files(settings)))
