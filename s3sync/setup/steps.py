"""Step of `setup bucket`, and the bucket that it is about."""

from __future__ import annotations

from msgspec import Struct

from s3sync.store.port import Store


class Step(Struct, frozen=True):
    """One setting of a bucket: how it is, and the changes that it needs, in words. `unknown`: why nobody can tell.

    `is_denied`: because this user may not ask. `costs` says what a change takes away from somebody.
    """

    name: str
    now: str
    changes: tuple[str, ...] = ()
    costs: tuple[str, ...] = ()
    unknown: str | None = None
    is_denied: bool = False


def bucket_of_store(store: Store) -> tuple[str, str]:
    """Name of the bucket, and the prefix of the store in it: empty, or ending in `/`."""
    name, _, prefix = store.url.partition("://")[2].partition("/")
    return name, f"{prefix}/" if prefix else ""
