"""Archives moved to another storage class in place, with their indexes kept true."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.indexes import add_rows, index_of, rows_key, write_index
from s3sync.archive.removal import head_of_own
from s3sync.core.archive.records import FOREIGN, Archived
from s3sync.core.archive.values import Index, Member, Pack, SplitIndex, index_key
from s3sync.errors import ArchiveError, S3syncError
from s3sync.store.aspects import StorageClasses, Tags, aspect, require_aspect
from s3sync.store.port import Headers, Part, Store, Update

COPIED_WHOLE = 5 * 1024**3
"""Largest object that S3 copies in one request."""
PIECE = 1024**3
"""Part of a copy: 10,000 of them are the largest object that there can be."""


def transition(store: Store, catalogue: Catalogue, archive: Archived, target: str, now: str) -> None:
    """Move all objects of an archive to a storage class. Killed at any point, it is run again and goes on.

    Raises `ArchiveError` for an object that says it is something else, `Archived` for a cold one, `Unsupported`,
    `PreconditionFailed`, `StoreError`.
    """
    require_aspect(store, StorageClasses)
    if archive.status in FOREIGN:
        whole = [(archive.key, archive.size)]
        if archive.pack is Pack.NONE:
            whole = [(one.key, one.size) for one in catalogue.members(archive.key) if one.key is not None]
        moved_to = [move_object(store, key, size, target, dict(archive.tags)) for key, size in whole]
        catalogue.note_class(archive.key, target, now, moved_to[0] if len(moved_to) == 1 else None)
        return
    index = require_index(store, archive)
    if index.pack is Pack.NONE:
        moved = replace(index, members=tuple(_moved(store, index, target)), storage_class=target)
        add_rows(store, index.set, [moved])
        catalogue.record(moved)
    elif isinstance(index, SplitIndex):
        moved = _moved_volumes(store, index, target)
        catalogue.record(moved, index_etag=write_index(store, moved))
    else:
        head_of_own(store, index.set, index.unit, index.key)
        # Until it is written again the index says nothing of the ETag, rather than that of the copy that is gone.
        write_index(store, replace(index, etag=None))
        etag = move_object(store, index.key, index.size, target, dict(index.tags))
        moved = replace(index, etag=etag, storage_class=target)
        catalogue.record(moved, index_etag=write_index(store, moved))
    catalogue.note_class(index.key, target, now)


def _moved_volumes(store: Store, index: SplitIndex, target: str) -> SplitIndex:
    """Move volume after volume; the index says nothing of an ETag that is about to change."""
    for number, part in enumerate(index.parts):
        head_of_own(store, index.set, index.unit, part.key)
        write_index(store, _with_etag(index, number, None))
        index = _with_etag(index, number, move_object(store, part.key, part.size, target, dict(index.tags)))
    return replace(index, storage_class=target)


def _with_etag(index: SplitIndex, number: int, etag: str | None) -> SplitIndex:
    parts = list(index.parts)
    parts[number] = replace(parts[number], etag=etag)
    return replace(index, parts=tuple(parts))


def move_object(store: Store, key: str, size: int, target: str, tags: dict[str, str]) -> str:
    """Move one object to a storage class, and return its ETag. Large ones are copied in parts."""
    head = store.head(key)
    if (head.info.storage_class or "STANDARD") == target:
        return head.info.etag
    if size <= COPIED_WHOLE:
        return require_aspect(store, StorageClasses).change_class(key, target, etag=head.info.etag)
    known = aspect(store, Tags)
    headers = Headers(
        metadata=head.metadata,
        content_type=head.content_type,
        storage_class=target,
        tags=known.get_tags(key) if known is not None else tags,
    )
    upload_id = store.start_upload(key, headers)
    try:
        parts = [
            Part(number, stop - start, _copied(store, key, upload_id, number, head.info.etag, start, stop))
            for number, (start, stop) in enumerate(_pieces(size), 1)
        ]
        return store.complete_upload(key, upload_id, parts, mode=Update(head.info.etag))
    except S3syncError:
        store.abort_upload(key, upload_id)
        raise


def copies_of(size: int) -> int:
    """Requests that a copy in place of an object takes, beside the look at it."""
    return 1 if size <= COPIED_WHOLE else sum(1 for _ in _pieces(size)) + 2


def _copied(store: Store, key: str, upload_id: str, number: int, etag: str, start: int, stop: int) -> str:
    return store.copy_part(key, upload_id, number, source=key, source_etag=etag, start=start, stop=stop)


def _pieces(size: int) -> Iterator[tuple[int, int]]:
    for start in range(0, size, PIECE):
        yield start, min(start + PIECE, size)


def _moved(store: Store, index: Index, target: str) -> Iterator[Member]:
    for member in index.members:
        if member.key is None:
            yield member
        else:
            head_of_own(store, index.set, index.unit, member.key)
            yield replace(member, etag=move_object(store, member.key, member.size, target, dict(index.tags)))


def require_index(store: Store, archive: Archived) -> Index:
    """Index of an archive as the store has it. Raises `ArchiveError` where it is gone."""
    index = index_of(store, archive)
    if index is None:
        where = index_key(archive.key) if archive.pack is not Pack.NONE else rows_key(archive.set)
        raise ArchiveError(
            f"cannot move {archive.unit}",
            why=f"its index is gone from {store.url}/{where}",
            hint="`s3sync archive catalogue rebuild` brings the catalogue up to date",
        )
    return index
