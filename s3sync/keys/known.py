"""Question whether this user has a key for a place, or used one in this clone: asked whenever a store is opened."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from s3sync.config import Settings
from s3sync.config.locate import user_data_folder

FOLDER = "keys"
CLONES = "encrypted"
"""Folder with an empty file for each clone in which a key was used: a commit may name another place for its files."""


def file_name(settings: Settings) -> str:
    """The name of the file with the key of the settings' place: one for each store, server and repository in it."""
    place = "\0".join((settings.store, settings.endpoint_url or "", settings.repo))
    return f"{hashlib.sha256(place.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def is_encrypted(settings: Settings) -> bool:
    """True if the place is encrypted, by the settings or by what this user knows."""
    return settings.archives_of is not None or settings.encrypt or has_key(settings) or was_encrypted(settings)


def has_key(settings: Settings) -> bool:
    """True if this user has a key for the place, which therefore is encrypted. One look at the disk."""
    return os.path.lexists(user_data_folder(settings.env) / FOLDER / file_name(settings))


def encrypted_clone(environ: Mapping[str, str], folders: Iterable[str]) -> str | None:
    """The first of some folders, given by their real paths, that is a clone in which a key was used; None of none."""
    try:
        known = set(os.listdir(user_data_folder(environ) / CLONES))
    except OSError:
        return None
    return next((folder for folder in folders if _name_of(folder) in known), None) if known else None


def _name_of(root: str | Path) -> str:
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:32]


def clone_file(settings: Settings) -> Path | None:
    """The file that says of the settings' clone that it is encrypted, whether it is there or not."""
    if settings.root is None:
        return None
    return user_data_folder(settings.env) / CLONES / _name_of(settings.root)


def was_encrypted(settings: Settings) -> bool:
    """True if this user worked in this clone with a key, whatever place the settings name now. One look at the disk."""
    path = clone_file(settings)
    return path is not None and os.path.lexists(path)
