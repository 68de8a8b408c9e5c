"""Verbs of which workers of an engine do a part: what they have to know of the settings."""

from __future__ import annotations

from msgspec.structs import replace

from s3sync.archive.workers.place import Where
from s3sync.config import Settings
from s3sync.connect import wire_of
from s3sync.errors import Unsupported
from s3sync.store import identity_of
from s3sync.store.port import Store


def where_of(settings: Settings, user: str, store: Store) -> Where:
    """All that a worker needs to open a store. Keys, a proxy and authorities are those of its own environment.

    Raises `Unsupported` for a store of an encrypted repository's archives.
    """
    if settings.archives_of is not None:
        raise Unsupported(
            f"workers do not encrypt what goes to {store.url}",
            why="the key of the repository stays on this computer",
            hint="leave --engine out",
        )
    return Where(
        settings.store,
        settings.region,
        settings.endpoint_url,
        settings.profile if settings.credentials == "profile" else None,
        replace(wire_of(settings), proxy=None, ca_bundle=None),
        user,
        identity_of(store),
        settings.bwlimit,
        settings.transfers,
        settings.credentials_path,
        settings.credentials_env,
    )
