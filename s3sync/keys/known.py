"""Question whether this user has a key for a place, and in which file: asked whenever a store is opened."""

from __future__ import annotations

import hashlib
import os

from s3sync.config import Settings
from s3sync.config.locate import user_data_folder

FOLDER = "keys"


def file_name(settings: Settings) -> str:
    """The name of the file with the key of the settings' place: one for each store, server and repository in it."""
    place = "\0".join((settings.store, settings.endpoint_url or "", settings.repo))
    return f"{hashlib.sha256(place.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def is_encrypted(settings: Settings) -> bool:
    """True if the place is encrypted, by the settings or by what this user knows."""
    return settings.encrypt or has_key(settings)


def has_key(settings: Settings) -> bool:
    """True if this user has a key for the place, which therefore is encrypted. One look at the disk."""
    return os.path.lexists(user_data_folder(settings.env) / FOLDER / file_name(settings))
