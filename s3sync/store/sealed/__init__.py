"""Encryption on this side: a store around another one. Loaded only for a repository that is encrypted."""

from __future__ import annotations

from collections.abc import Callable

from s3sync.core.sealed import OfArchives, OfRepository
from s3sync.store.aspects import ListsInPieces, ListsOnce
from s3sync.store.port import Store
from s3sync.store.sealed.adapter import SealedPieces, SealedStore
from s3sync.store.sealed.keys import RepositoryKey

__all__ = ["RepositoryKey", "SealedStore", "seal"]


def seal(
    inner: Store,
    repo: str,
    key: Callable[[], RepositoryKey],
    spheres: type[OfRepository] | type[OfArchives] = OfRepository,
) -> SealedStore:
    """The sealed view of a store, for one repository in it, or for its archives (`OfArchives`)."""
    in_pieces = isinstance(inner, ListsInPieces) and isinstance(inner, ListsOnce)
    return (SealedPieces if in_pieces else SealedStore)(inner, spheres(repo), key)
