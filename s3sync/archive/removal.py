"""Archives removed from the store for good: first what holds the bytes, then the index that tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.indexes import add_rows, index_of
from s3sync.archive.sealing import says_sealed
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.records import FOREIGN, Archived, Status
from s3sync.core.archive.values import Index, Member, Pack, SplitIndex, index_key
from s3sync.core.archive.volumes import archives_of
from s3sync.errors import ArchiveError, Halt, NotFound, PreconditionFailed
from s3sync.store.port import ObjectHead, Store

_BY_ITS_TOOL = (
    "it may be the last copy: `s3sync restore UNIT --to FOLDER` brings it beside what is here, to compare. The tool "
    "that made it can remove it then, and `s3sync archive catalogue prune` forgets it"
)


class Going(Struct, frozen=True):
    """Objects that go when an archive is removed, each with the ETag that is known of it.

    `packed` are containers of files, `single` is for each object of one file the member that it is.
    """

    index: Index | None
    packed: Mapping[str, str | None]
    single: Mapping[str, Member]

    @property
    def etags(self) -> dict[str, str | None]:
        return {**self.packed, **{key: member.etag for key, member in self.single.items()}}


def going(store: Store, catalogue: Catalogue, archive: Archived) -> Going:
    """Objects that go with an archive, by its index as the store has it now. Raises `ArchiveError`, `StoreError`."""
    index = _index_of(store, archive)
    single = {one.key: one for one in (index.sidecars if index is not None else ()) if one.key is not None}
    if index is not None and index.pack is Pack.NONE:
        single |= {one.key: one for one in index.members if one.key is not None}
        return Going(index, {}, single)
    if isinstance(index, SplitIndex) or archive.is_split:
        volumes = {one.key: one.etag for one in archives_of(index)} if index is not None else {}
        return Going(index, {key: etag for key, _, etag in catalogue.parts(archive.key)} | volumes, single)
    return Going(index, {archive.key: archive.etag}, single)


def remove_archive(
    store: Store,
    catalogue: Catalogue,
    archive: Archived,
    seen: Mapping[str, str] | None = None,
    is_made: Callable[[Index], bool] = lambda index: False,
) -> None:
    """Delete an archive, its sidecars and its index. Killed at any point, it is run again and goes on.

    What is under its key now, and is another object than the catalogue has, is left alone. `seen`: the objects, each
    with its ETag, of which the bytes are known to be elsewhere: none but these is deleted. `is_made`: true if this
    computer sent exactly what an index says; where objects say nothing of themselves, that or `seen` has to.

    Raises `ArchiveError`, `PreconditionFailed`, `StoreError`.
    """
    if archive.status in FOREIGN:
        raise ArchiveError(
            f"did not remove {store.url}/{archive.key}",
            why="another tool made it, and nothing in it says that it is of this unit",
            hint=_BY_ITS_TOOL,
        )
    found = going(store, catalogue, archive)
    if seen is not None:
        _refuse_others(store, archive, found, seen)
    is_bare = scheme_of(store.url).by_remote and found.index is not None
    is_known = is_bare and (seen is not None or (found.index is not None and is_made(found.index)))
    for key, etag in found.etags.items():
        if seen is None or key in seen:
            _delete(store, archive, key, etag if seen is None else seen[key], is_known=is_known)
    if archive.pack is Pack.NONE:
        add_rows(store, archive.set, [], frozenset([archive.key]))
    else:
        store.delete(index_key(archive.key))
    catalogue.note_status(archive.key, Status.REMOVED)


def refuse_foreign(archives: Sequence[Archived]) -> None:
    """Raise `Halt` for what another tool made: a copy here, or `--last-copies`, would not have it removed."""
    units = sorted({one.unit for one in archives if one.status in FOREIGN})
    if units:
        raise Halt(
            f"did not remove the archives of {', '.join(units[:5])}{' and more' if len(units) > 5 else ''}",
            why="another tool made them, and nothing in them says of which unit they are",
            hint=_BY_ITS_TOOL,
        )


def _refuse_others(store: Store, archive: Archived, found: Going, seen: Mapping[str, str]) -> None:
    """Raise for an object that the index names by now, and did not when it was looked at."""
    for key in found.etags.keys() - seen.keys():
        try:
            store.head(key)
        except NotFound:
            continue
        raise ArchiveError(
            f"did not remove the archive of {archive.unit}",
            why=f"its index was written again meanwhile, and names {store.url}/{key}, too",
            hint="look at it with `s3sync archive show`, and run the command again",
        )


def _delete(store: Store, archive: Archived, key: str, etag: str | None, *, is_known: bool) -> None:
    """Delete an object that is still the one that is meant. One that is gone already is no error.

    `is_known`: it need not say so itself.
    """
    try:
        head = store.head(key) if is_known else head_of_own(store, archive.set, archive.unit, key)
    except NotFound:
        return
    if etag is not None and head.info.etag != etag:
        raise PreconditionFailed(f"{store.url}/{key} is another object by now, and was left alone")
    store.delete(key, if_match=head.info.etag)


def head_of_own(store: Store, set_name: str, unit: str, key: str) -> ObjectHead:
    """Head of an object that says of itself that it is of a unit's archive. Raises `NotFound`, `ArchiveError`.

    Others may write an index: what one names is deleted or moved only if the object itself agrees.
    """
    head = store.head(key)
    if says_sealed(store, head):  # it says nothing more of itself, and nobody without the key wrote that index
        return head
    if scheme_of(store.url).by_remote and not head.metadata:
        raise ArchiveError(
            f"left {store.url}/{key} alone",
            why="a remote of rclone keeps nothing beside a file's bytes that says it is of this unit, and this computer"
            " did not send it",
            hint="remove it on the computer that sent it, or restore it first: then its bytes are known to be here",
        )
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
