"""Find out what a store really lets us do, by doing it on scratch objects of our own."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Callable

from msgspec import Struct

from s3sync.errors import (
    BucketMissing,
    ClockSkewed,
    CredentialsError,
    NotAStore,
    NotFound,
    PreconditionFailed,
    S3syncError,
    StoreError,
    Unreachable,
)
from s3sync.store.port import Create, Headers, Overwrite, Store, Update, WriteMode

HOPELESS = (Unreachable, CredentialsError, BucketMissing, NotAStore, ClockSkewed)
"""What would only be said again, and slowly, by the next request."""


class AccessReport(Struct, frozen=True):
    """For each right, None if it is there, else why not."""

    list: S3syncError | None
    read: S3syncError | None
    write: S3syncError | None
    delete: S3syncError | None

    @property
    def complete(self) -> bool:
        return not (self.list or self.read or self.write or self.delete)


def check_access(store: Store, prefix: str) -> AccessReport:
    """Try to list, write, read and delete below a prefix (empty, or ending in `/`). Leaves nothing behind.

    What keeps any of it from being tried at all (no network, no such bucket, wrong credentials) is in every field.
    """
    key = f"{prefix}.s3sync-access-{uuid.uuid4().hex}"
    listed = _outcome(lambda: next(iter(store.list(prefix)), None))
    if isinstance(listed, HOPELESS):
        return AccessReport(listed, listed, listed, listed)
    written = _outcome(lambda: _put(store, key, b"access", Overwrite()))
    read = _outcome(lambda: store.head(key))
    if written is not None and isinstance(read, NotFound):
        read = None
    deleted = _outcome(lambda: store.delete(key))
    return AccessReport(listed, read, written, deleted)


def check_conditional_writes(store: Store, key: str) -> bool:
    """Whether the store refuses a second Create, and an Update of a version that is gone.

    `key` names a scratch object: what is there is overwritten, and deleted in the end. Raises `StoreError` when the
    store cannot be written at all. A store that ignores conditions would let two writers overwrite each other unseen.
    """
    try:
        first = _put(store, key, b"first", Overwrite())
        _put(store, key, b"second", Overwrite())
        return _refuses(store, key, Create()) and _refuses(store, key, Update(first))
    finally:
        with contextlib.suppress(StoreError):
            store.delete(key)


def _refuses(store: Store, key: str, mode: WriteMode) -> bool:
    try:
        _put(store, key, b"third", mode)
    except PreconditionFailed:
        return True
    return False


def _put(store: Store, key: str, body: bytes, mode: WriteMode) -> str:
    return store.put(key, body, mode=mode, headers=Headers(), md5=hashlib.md5(body, usedforsecurity=False).digest())


def _outcome(call: Callable[[], object]) -> S3syncError | None:
    try:
        call()
    except S3syncError as error:
        return error
    return None
