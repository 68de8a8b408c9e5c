"""Archives moved to another storage class in place, with their indexes kept true."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.indexes import add_rows, index_of, rows_key, write_index
from s3sync.archive.journal import Journal
from s3sync.archive.removal import head_of_own
from s3sync.archive.sealing import size_in_store
from s3sync.aside import Aside
from s3sync.core.archive.records import FOREIGN, Archived
from s3sync.core.archive.values import Index, Member, Pack, SplitIndex, index_key
from s3sync.core.batches import batched
from s3sync.core.etag import MAX_PARTS, MIB, is_part_size, part_count, part_ranges
from s3sync.errors import Archived as Cold
from s3sync.errors import ArchiveError, S3syncError, Unsupported
from s3sync.store.aspects import StorageClasses, Tags, Thaws, aspect, require_aspect
from s3sync.store.port import Headers, ObjectHead, Part, Store, Update

COPIED_WHOLE = 5 * 1024**3
"""Largest object that S3 copies in one request."""
PIECE = 1024**3
"""Part of a copy where it is not known what the object was sent in: 10,000 are the largest object that there can be."""
SMALLEST_PART = 5 * MIB
AT_ONCE = 8
"""Parts that the store copies side by side."""


def transition(
    store: Store, catalogue: Catalogue, archive: Archived, target: str, now: str, journal: Journal | None = None
) -> None:
    """Move all objects of an archive to a storage class. Killed at any point, it is run again and goes on.

    `journal`: this computer's record of what it sent. A move of that is noted there, so that it need not be read back
    later, when it is cold. Raises `ArchiveError` for an object that says it is something else, `Archived` for a cold
    one, `Unsupported`, `PreconditionFailed`, `StoreError`.
    """
    require_aspect(store, StorageClasses)
    if archive.status in FOREIGN:
        whole = [(archive.key, archive.size)]
        if archive.pack is Pack.NONE:
            whole = [(one.key, one.size) for one in catalogue.members(archive.key) if one.key is not None]
        moved_to = [move_object(store, store.head(key), size, target, archive.tags) for key, size in whole]
        stays = next((one for one in moved_to if one.storage_class != target), None)
        if stays is None:
            catalogue.note_class(archive.key, target, now, moved_to[0].etag if len(moved_to) == 1 else None)
            return
        raise _stays(store, archive, target, stays)
    index = require_index(store, archive)
    try:
        before, moved, stays = _moved(store, index, target)
    except (Cold, Unsupported):
        if index.pack is not Pack.NONE and not archive.is_split:
            catalogue.record(index, index_etag=store.head(index_key(index.key)).info.etag, moved=True)
        raise
    # The record comes first: after a kill in between it is of an archive that is there.
    is_own = journal is not None and journal.note_moved(before, moved)
    index_etag = None
    if index.pack is Pack.NONE:
        add_rows(store, index.set, [moved])
    else:
        index_etag = write_index(store, moved)
    catalogue.record(moved, index_etag=index_etag, moved=is_own)
    if stays is not None:
        raise _stays(store, archive, target, stays)
    catalogue.note_class(index.key, target, now)


def _stays(store: Store, archive: Archived, target: str, found: Moved) -> ArchiveError:
    return ArchiveError(
        f"{archive.unit} is not in {target}",
        why=f"{store.url} took the copy of {found.key}, and says that it is in {found.storage_class}",
        hint="it is whole where it is; ask who runs this store which storage classes it has",
    )


class Moved(Struct, frozen=True):
    """An object after its move, as the store says: its ETag, and the class that it is in."""

    key: str
    etag: str
    storage_class: str


def _moved(store: Store, index: Index, target: str) -> tuple[Index, Index, Moved | None]:
    """Move the objects of an index; return it with their ETags at that moment, and with those that they have now, and
    the first object that is in another class all the same: the index stays one of the class before.

    Until it is written again the index of a container says nothing of the ETag, rather than that of the copy that is
    gone.
    """
    if isinstance(index, SplitIndex):
        return _moved_volumes(store, index, target)
    if index.pack is Pack.NONE:
        old, new, stays = list[Member](), list[Member](), None
        for member in index.members:
            if member.key is not None:
                head = head_of_own(store, index.set, index.unit, member.key)
                old.append(replace(member, etag=head.info.etag))
                found = move_object(store, head, member.size, target, index.tags)
                stays = stays or (found if found.storage_class != target else None)
                member = replace(member, etag=found.etag)
            else:
                old.append(member)
            new.append(member)
        now_in = target if stays is None else index.storage_class
        return replace(index, members=tuple(old)), replace(index, members=tuple(new), storage_class=now_in), stays
    head = head_of_own(store, index.set, index.unit, index.key)
    found = _move(store, replace(index, etag=None, version_id=None), index, head, index.size, target)
    stays = found if found.storage_class != target else None
    moved = replace(index, etag=found.etag, storage_class=found.storage_class, version_id=None)
    return replace(index, etag=head.info.etag), moved, stays


def _moved_volumes(store: Store, index: SplitIndex, target: str) -> tuple[Index, Index, Moved | None]:
    """Move volume after volume; the index says nothing of an ETag that is about to change."""
    before, stays = index, None
    for number, part in enumerate(index.parts):
        head = head_of_own(store, index.set, index.unit, part.key)
        before = _with_etag(before, number, head.info.etag)
        found = _move(store, _with_etag(index, number, None), index, head, part.size, target)
        stays = stays or (found if found.storage_class != target else None)
        index = _with_etag(index, number, found.etag)
    return before, replace(index, storage_class=target if stays is None else index.storage_class), stays


def _move(store: Store, open_index: Index, index: Index, head: ObjectHead, size: int, target: str) -> Moved:
    """Move an object whose index says nothing of its ETag meanwhile; one that is refused has its index as before."""
    write_index(store, open_index)
    try:
        return move_object(store, head, size, target, index.tags)
    except (Cold, Unsupported):
        write_index(store, index)
        raise


def _with_etag(index: SplitIndex, number: int, etag: str | None) -> SplitIndex:
    parts = list(index.parts)
    parts[number] = replace(parts[number], etag=etag, version_id=None)
    return replace(index, parts=tuple(parts))


def move_object(store: Store, head: ObjectHead, size: int, target: str, tags: Mapping[str, str]) -> Moved:
    """Move the object that was looked at to a storage class, and look at the class that it is in then.

    Raises `PreconditionFailed` for what is another one by now.
    """
    key, etag = head.info.key, head.info.etag
    if (head.info.storage_class or "STANDARD") == target:  # Azure does not tell it here, and has no such class
        return Moved(key, etag, target)
    classes = require_aspect(store, StorageClasses)
    if size_in_store(store, size) <= COPIED_WHOLE or classes.of_any_size:
        etag = classes.change_class(key, target, etag=etag)
    else:
        etag = _copy_in_parts(store, head, size, target, tags)
    thaws = aspect(store, Thaws)  # Google, where nothing has to be thawed, answers with the object that it made
    return Moved(key, etag, target if thaws is None else thaws.thaw_of(key).storage_class)


def _copy_in_parts(store: Store, head: ObjectHead, size: int, target: str, tags: Mapping[str, str]) -> str:
    """Copy an object that is too large for one request onto itself; its ETag."""
    key, etag = head.info.key, head.info.etag
    known = aspect(store, Tags)
    headers = Headers(
        metadata=head.metadata,
        content_type=head.content_type,
        storage_class=target,
        tags=known.get_tags(key) if known is not None else tags,
    )
    pieces = _pieces(store, head, size)
    upload_id = store.start_upload(key, headers)
    parts = list[Part]()

    def copied(one: tuple[int, tuple[int, int]]) -> Part:
        number, (start, stop) = one
        made = store.copy_part(key, upload_id, number, source=key, source_etag=etag, start=start, stop=stop)
        return Part(number, stop - start, made)

    try:
        with Aside(AT_ONCE, "s3sync-copies") as threads:
            for some in batched(enumerate(pieces, 1), 4 * AT_ONCE):
                parts += threads.map(copied, some)
        return store.complete_upload(key, upload_id, parts, mode=Update(etag)).etag
    except S3syncError:
        store.abort_upload(key, upload_id)
        raise


def copies_of(size: int) -> int:
    """Requests that a copy in place of an object takes at most, beside the looks at it, before and after."""
    smallest = max(SMALLEST_PART, -(-size // MAX_PARTS // MIB) * MIB)
    return 1 if size <= COPIED_WHOLE else -(-size // smallest) + 2


def _pieces(store: Store, head: ObjectHead, size: int) -> list[tuple[int, int]]:
    """Parts that an object is copied in: those that it was sent in, where that can be told.

    Of the same parts S3 makes the same ETag, so that whoever sent it knows it again.
    """
    count = part_count(head.info.etag)
    first = store.first_part_size(head.info.key) if count is not None else None
    if count is None or first is None or first < SMALLEST_PART or not is_part_size(size, count, first):
        first = PIECE
    return part_ranges(size, first)


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
