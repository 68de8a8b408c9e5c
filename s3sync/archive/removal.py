"""Archives removed from the store for good: first what holds the bytes, then the index that tells of it."""

from __future__ import annotations

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.indexes import add_rows, read_index, read_rows
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import Index, Pack, index_key
from s3sync.errors import ArchiveError, NotFound
from s3sync.store.port import Store


def remove_archive(store: Store, catalogue: Catalogue, archive: Archived) -> None:
    """Delete an archive, its sidecars and its index. Killed at any point, it is run again and goes on.

    What is under its key now, and is another object than the catalogue has, is left alone. Raises `PreconditionFailed`
    for it, `StoreError`.
    """
    index = _index_of(store, archive)
    if index is not None and index.pack is Pack.NONE:
        for member in index.members:
            if member.key is not None:
                _delete(store, member.key, member.etag)
    else:
        _delete(store, archive.key, archive.etag)
    for sidecar in index.sidecars if index is not None else ():
        if sidecar.key is not None:
            _delete(store, sidecar.key, sidecar.etag)
    if archive.pack is Pack.NONE:
        add_rows(store, archive.set, [], frozenset([archive.key]))
    else:
        store.delete(index_key(archive.key))
    catalogue.note_status(archive.key, Status.REMOVED)


def _delete(store: Store, key: str, etag: str | None) -> None:
    """Delete an object that is still the one that is meant. One that is gone already is no error."""
    try:
        found = store.head(key).info.etag
    except NotFound:
        return
    store.delete(key, if_match=etag or found)


def _index_of(store: Store, archive: Archived) -> Index | None:
    if archive.pack is Pack.NONE:
        return read_rows(store, archive.set).get(archive.key)
    try:
        return read_index(store, archive.key)
    except (NotFound, ArchiveError):
        return None
