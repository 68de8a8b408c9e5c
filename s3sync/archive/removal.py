"""Archives removed from the store for good: first what holds the bytes, then the index that tells of it."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.indexes import add_rows, index_of
from s3sync.core.archive import tar
from s3sync.core.archive.records import FOREIGN, Archived, Status
from s3sync.core.archive.values import Index, Member, Pack, Source, SplitIndex, index_key
from s3sync.core.archive.volumes import archives_of
from s3sync.errors import ArchiveError, NotFound
from s3sync.store.port import ObjectHead, Store


def remove_archive(store: Store, catalogue: Catalogue, archive: Archived) -> None:
    """Delete an archive, its sidecars and its index. Killed at any point, it is run again and goes on.

    What is under its key now, and is another object than the catalogue has, is left alone. Raises `PreconditionFailed`
    for it, `StoreError`.
    """
    if archive.status in FOREIGN:
        raise ArchiveError(
            f"did not remove {store.url}/{archive.key}",
            why="another tool made it, and nothing in it says that it is of this unit",
            hint="remove it with the tool that made it; `s3sync archive catalogue prune` forgets it then",
        )
    index = _index_of(store, archive)
    if index is not None and index.pack is Pack.NONE:
        for member in index.members:
            if member.key is not None:
                _delete(store, archive, member.key, member.etag)
    elif isinstance(index, SplitIndex) or archive.is_split:
        for key, _, etag in catalogue.parts(archive.key):
            _delete(store, archive, key, etag)
        for one in archives_of(index) if index is not None else ():
            _delete(store, archive, one.key, one.etag)
    else:
        _delete(store, archive, archive.key, archive.etag)
    for sidecar in index.sidecars if index is not None else ():
        if sidecar.key is not None:
            _delete(store, archive, sidecar.key, sidecar.etag)
    if archive.pack is Pack.NONE:
        add_rows(store, archive.set, [], frozenset([archive.key]))
    else:
        store.delete(index_key(archive.key))
    catalogue.note_status(archive.key, Status.REMOVED)


def holds_more(store: Store, archive: Archived, members: Iterable[Member]) -> bool:
    """True if an uncompressed archive is longer than a tar of these members: its index names fewer than it has.

    Others may write an index. Of a compressed archive only reading tells.
    """
    if archive.pack is not Pack.TAR or archive.is_split or archive.status in FOREIGN:
        return False
    top, size = archive.unit.rpartition("/")[2], len(tar.END)
    for one in members:
        source = Source(one.path, one.kind, one.size, one.mode, one.mtime_ns, one.target)
        size += len(tar.header(top, source)) + one.size + tar.padding(one.size)
    try:
        return store.head(archive.key).info.size > size
    except NotFound:
        return False


def _delete(store: Store, archive: Archived, key: str, etag: str | None) -> None:
    """Delete an object that is still the one that is meant. One that is gone already is no error."""
    try:
        head = head_of_own(store, archive.set, archive.unit, key)
    except NotFound:
        return
    store.delete(key, if_match=etag or head.info.etag)


def head_of_own(store: Store, set_name: str, unit: str, key: str) -> ObjectHead:
    """Head of an object that says of itself that it is of a unit's archive. Raises `NotFound`, `ArchiveError`.

    Others may write an index: what one names is deleted or moved only if the object itself agrees.
    """
    head = store.head(key)
    if (head.metadata.get("archive-set"), head.metadata.get("unit")) != (set_name, unit):
        raise ArchiveError(
            f"left {store.url}/{key} alone",
            why=f"the index of {unit} names it, and it says of itself that it is something else",
            hint="find out who wrote that index: nothing was done to what it names behind this object",
        )
    return head


def _index_of(store: Store, archive: Archived) -> Index | None:
    try:
        return index_of(store, archive)
    except ArchiveError:
        if archive.pack is Pack.NONE:
            raise  # only its row says which objects there are
        return None
