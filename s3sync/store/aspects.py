"""What some stores can do beyond the port: small protocols, found through whatever is wrapped around a store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from s3sync.store.port import Store
from s3sync.store.wrapped import Wrapped

T = TypeVar("T")


class Version(Struct, frozen=True):
    """One version of an object, or a delete marker (of no bytes). The latest is what everybody sees under the key."""

    key: str
    version_id: str
    size: int
    etag: str
    modified: datetime
    is_latest: bool
    is_marker: bool


@runtime_checkable
class Versions(Protocol):
    """A store that may keep what was replaced and deleted."""

    def keeps_versions(self) -> bool:
        """Whether its bucket has, or had, versioning; also when it does not say. Raises `StoreError`."""

    def list_versions(self, prefix: str) -> Iterator[Version]:
        """Every version and delete marker below a prefix. Raises `StoreError`."""

    def delete_version(self, key: str, version_id: str) -> None:
        """Delete one version for good. Raises `StoreError`."""


def aspect(store: Store, kind: type[T]) -> T | None:
    """The store, or the one that is wrapped in it, which has an aspect; None where none has."""
    found: object = store
    while True:
        if isinstance(found, kind):
            return found
        if not isinstance(found, Wrapped):
            return None
        found = found.inner
