"""Questions of archives to their store, where that is a sealed view: an encrypted repository's (docs/encryption.md).

A sealed object says nothing of itself, and the store's checksum is of the ciphertext. What is whose the index says,
which nobody without the key can write.
"""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.archive.carrier import Carrier
from s3sync.core.archive.values import Index, Pack
from s3sync.core.archive.volumes import archives_of
from s3sync.core.etag import composite_etag
from s3sync.errors import Archived, ArchiveError, NotAuthentic, NotFound
from s3sync.store.aspects import WholeChecksums, aspect
from s3sync.store.port import Body, Buffer, ObjectHead, Part, Store
from s3sync.store.seals import Seals


def key_id_of(store: Store) -> str | None:
    """The id of the key that the store is sealed with; None where it is not."""
    seals = aspect(store, Seals)
    return None if seals is None else seals.key_id()


def whole_checksums(store: Store) -> WholeChecksums | None:
    """The store's checksums of contents; None where there are none, or where they are of ciphertext."""
    return None if aspect(store, Seals) is not None else aspect(store, WholeChecksums)


def size_in_store(store: Store, size: int) -> int:
    """Bytes that the store has of an object of so many."""
    seals = aspect(store, Seals)
    return size if seals is None else seals.size_in_store(size)


def says_sealed(store: Store, head: ObjectHead) -> bool:
    """True if an object of a sealed store says that it is sealed with the key that is known here."""
    seals = aspect(store, Seals)
    return seals is not None and seals.is_sealed(head)


def holds(store: Store, head: ObjectHead, body: Buffer | Body) -> bool:
    """True if a sealed object is what these bytes become, put in one piece: that follows from them and the key."""
    seals = aspect(store, Seals)
    return seals is not None and seals.sealed_etag(head.info.key, body, None) == head.info.etag


def is_made_of(store: Store, head: ObjectHead, parts: tuple[Part, ...]) -> bool:
    """True if a sealed object is made of these parts, where ETags are digests: that of the whole follows from them."""
    if aspect(store, Seals) is None or not parts:
        return False
    try:
        digests = [bytes.fromhex(part.etag) for part in parts]
    except ValueError:
        return False
    return head.info.size == sum(part.size for part in parts) and composite_etag(digests) == head.info.etag


def require_key(store: Store, index: Index) -> None:
    """Raise `ArchiveError` for an index of a sealed store that names another key than the one that is here."""
    mine = key_id_of(store)
    if mine is not None and index.key_id != mine:
        raise ArchiveError(
            f"cannot use the index of {store.url}/{index.key}",
            why=f"it names the key {str(index.key_id)[:24]}, and the one here is {mine}",
            hint="ask whoever sent it",
        )


def require_opens(carrier: Carrier, index: Index) -> None:
    """Raise `ArchiveError` unless the key that is here opens the beginning and the end of each object of an archive.

    Of what is in cold storage nobody can read that: its index, which the same key opened, names the key. Nothing is
    asked of a store that is not sealed.
    """
    if key_id_of(carrier.store) is None:
        return
    require_key(carrier.store, index)

    def look(one: tuple[str, int, str | None]) -> None:
        key, size, etag = one
        try:
            for start in {0, max(0, size - 1)}:
                with carrier.store.get(key, start=start, stop=start + 1, if_match=etag) as reader:
                    for _ in reader:
                        pass
        except Archived:
            pass
        except (NotAuthentic, NotFound) as error:
            raise ArchiveError(
                f"the key of this repository does not open {carrier.store.url}/{key}",
                why=error.why or str(error),
                hint="nothing was deleted here",
            ) from error

    for _, result in list(carrier.pool.map(look, list(_objects(index)))):
        result.result()


def _objects(index: Index) -> Iterator[tuple[str, int, str | None]]:
    loose = index.members if index.pack is Pack.NONE else ()
    for one in (*loose, *index.sidecars):
        if one.key is not None:
            yield one.key, one.size, one.etag
    if index.pack is not Pack.NONE:
        for archive in archives_of(index):
            yield archive.key, archive.size, archive.etag
