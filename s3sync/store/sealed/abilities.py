"""Abilities of the inner store that hold for a sealed one: as they are, opened, or refused with the reason.

What is not named here is not found: an ability that nobody thought of could hand out ciphertext, or take plaintext.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from s3sync.core.sealed import opened_size
from s3sync.errors import Unsupported
from s3sync.store.aspects import (
    Accounts,
    Administers,
    Presigns,
    ReadsTimed,
    StorageClasses,
    Tags,
    Thaw,
    Thaws,
    Tier,
    Timed,
    TimedBody,
    Version,
    Versions,
    aspect,
)
from s3sync.store.counting import CountsRequests
from s3sync.store.forms import Forms
from s3sync.store.money import Bills, Budgets
from s3sync.store.port import Bucket, Identity, ObjectHead, ObjectInfo, Reader, Rights, StartsSlowly
from s3sync.store.sealed.reading import OpeningReader

if TYPE_CHECKING:
    from s3sync.store.sealed.adapter import SealedStore

T = TypeVar("T")

AS_THEY_ARE: frozenset[type] = frozenset(
    {
        Accounts, Administers, Bills, Bucket, Budgets, CountsRequests, Identity, Rights, StartsSlowly, StorageClasses,
        Tags, Timed,
    }
)  # fmt: skip


REFUSED: dict[type, str] = {
    Presigns: "there are no links to files",
    Forms: "there are no pages for files of others",
}


def ability(store: SealedStore, kind: type[T]) -> T | None:
    """The ability of a sealed store; None where it has none."""
    if kind in REFUSED:
        return None
    found: T | None = aspect(store.inner, kind)
    if found is None or kind in AS_THEY_ARE:
        return found
    made: dict[type, Any] = {ReadsTimed: _ReadsTimed, Thaws: _Thaws, Versions: _Versions}
    opens = made.get(kind)
    made_one: T | None = None if opens is None else opens(store, found)
    return made_one


class _ReadsTimed:
    def __init__(self, store: SealedStore, inner: ReadsTimed) -> None:
        self._store, self._inner = store, inner

    def read_timed(self, key: str, most_bytes: int) -> TimedBody:
        from s3sync.core.sealed import sealed_size

        found, keys = self._inner.read_timed(key, sealed_size(most_bytes)), self._store.keys_of(key)
        if keys is None or found.body is None:
            return replace(found, info=self._store.info(found.info))
        reader = OpeningReader(_Whole(found.info, found.body), self._store.key.id, keys, 0, None, key)
        return replace(found, info=reader.info, body=b"".join(bytes(chunk) for chunk in reader))


class _Whole:
    """An answer that has come."""

    def __init__(self, info: Any, body: bytes) -> None:
        self.info, self._body = info, body

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._body,))

    def __enter__(self) -> _Whole:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Versions:
    def __init__(self, store: SealedStore, inner: Versions) -> None:
        self._store, self._inner = store, inner

    def keeps_versions(self) -> bool:
        return self._inner.keeps_versions()

    def list_versions(self, prefix: str, *, alone: bool = False) -> Iterator[Version]:
        for one in self._inner.list_versions(prefix, alone=alone):
            size = self._size(one)
            yield replace(one, size=size)

    def _size(self, one: Version) -> int:
        from s3sync.core.sealed import opened_size

        if one.is_marker or self._store.spheres.sphere_of(one.key) is None:
            return one.size
        size = opened_size(one.size)
        return one.size if size is None else size

    def head_version(self, key: str, version_id: str) -> ObjectHead:
        return self._store.opened_head(self._inner.head_version(key, version_id))

    def get_version(self, key: str, version_id: str) -> Reader:
        reader, keys = self._inner.get_version(key, version_id), self._store.keys_of(key)
        return reader if keys is None else OpeningReader(reader, self._store.key.id, keys, 0, None, key)

    def delete_version(self, key: str, version_id: str) -> None:
        self._inner.delete_version(key, version_id)


class _Thaws:
    """Thaws as they are, and listings with the sizes of the plaintexts."""

    def __init__(self, store: SealedStore, inner: Thaws) -> None:
        self._store, self._inner = store, inner

    def thaw_of(self, key: str) -> Thaw:
        return _opened(self._inner.thaw_of(key))

    def thaw(self, key: str, *, days: int, tier: Tier) -> Thaw:
        return _opened(self._inner.thaw(key, days=days, tier=tier))

    def list_thaws(
        self, prefix: str, until: Collection[str] = (), *, after: str = ""
    ) -> Iterator[tuple[ObjectInfo, Thaw | None]]:
        for info, thaw in self._inner.list_thaws(prefix, until, after=after):
            yield self._store.info(info), thaw

    def list_folder(self, prefix: str) -> Iterator[tuple[ObjectInfo, Thaw | None] | str]:
        for one in self._inner.list_folder(prefix):
            yield one if isinstance(one, str) else (self._store.info(one[0]), one[1])


def _opened(thaw: Thaw) -> Thaw:
    """The state with the plaintext's size, as listings have it."""
    size = None if thaw.size is None else opened_size(thaw.size)
    return thaw if size is None else replace(thaw, size=size)


def refusal(url: str, what: str) -> Unsupported:
    """The error of what an encrypted repository cannot do."""
    return Unsupported(
        f"{what} in an encrypted repository, as that in {url} is",
        why="whoever opens a link gets what the store has, and that is encrypted",
        hint="give the file to them another way; docs/encryption.md lists what does not work",
    )
