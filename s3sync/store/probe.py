"""Find out what a store really lets us do, by doing it on scratch objects of our own."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from msgspec import Struct

from s3sync.errors import (
    AccessDenied,
    BucketMissing,
    ClockSkewed,
    CredentialsError,
    NotAStore,
    NotFound,
    PreconditionFailed,
    S3syncError,
    StoreError,
    Throttled,
    Unreachable,
)
from s3sync.store.port import Create, Headers, Overwrite, Part, Store, Update, WriteMode

HOPELESS = (Unreachable, CredentialsError, BucketMissing, NotAStore, ClockSkewed)
"""Errors that the next request would only meet again, and slowly."""


class AccessReport(Struct, frozen=True):
    """For each right, None if it is there, else why not."""

    list: S3syncError | None
    read: S3syncError | None
    write: S3syncError | None
    delete: S3syncError | None

    @property
    def complete(self) -> bool:
        return not (self.list or self.read or self.write or self.delete)

    @property
    def reads_only(self) -> bool:
        """True if reading works and writing is forbidden, which is how a member who only reads is set up."""
        return not (self.list or self.read) and isinstance(self.write, AccessDenied)


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


def _put(store: Store, key: str, body: bytes, mode: WriteMode) -> str:
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return store.put(key, body, mode=mode, headers=Headers(), md5=digest).etag


def _outcome(call: Callable[[], object]) -> S3syncError | None:
    try:
        call()
    except S3syncError as error:
        return error
    return None


class Condition(StrEnum):
    """The conditional requests that s3sync relies on, each with the header that makes it conditional."""

    CREATE = "create"
    """PUT, If-None-Match: *"""
    REPLACE = "replace"
    """PUT, If-Match"""
    DELETE = "delete"
    """DELETE, If-Match"""
    COMPLETE = "complete"
    """CompleteMultipartUpload, If-None-Match: * and If-Match"""
    COPY = "copy"
    """CopyObject, the source's If-Match"""


class Honours(StrEnum):
    """Behaviour of a store when a condition does not hold."""

    ENFORCED = "honoured"
    """The request fails, as it should."""
    IGNORED = "ignored"
    """The request is carried out: two writers would overwrite each other unseen."""
    REFUSED = "refused"
    """The store does not take such a header, whether the condition holds or not (501 NotImplemented, 400)."""
    UNKNOWN = "unknown"
    """Not known, as the same request without a condition fails too."""


def check_condition(store: Store, condition: Condition, key: str) -> Honours:
    """Try such a request with a condition that does not hold. Leaves nothing behind.

    `key` names a scratch object: what is there is overwritten, and deleted in the end. Raises `StoreError` when the
    request cannot be tried, or fails for another reason.
    """
    found: dict[Condition, Honours] = {}
    check_conditions(store, (condition,), key, found.__setitem__)
    return found[condition]


def check_conditions(
    store: Store, conditions: Sequence[Condition], key: str, tell: Callable[[Condition, Honours], None]
) -> None:
    """Check several as `check_condition` does: CREATE and REPLACE on one scratch object, or one other alone.

    `tell` is called with each answer as soon as it is known, before the scratch object is deleted.
    """
    try:
        wrong = _another(_put(store, key, b"scratch", Overwrite()))
        attempts = [(condition, attempt) for condition in conditions for attempt in _ATTEMPTS[condition]]
        with ThreadPoolExecutor(len(attempts), thread_name_prefix="s3sync-probe") as threads:
            judged = [(kind, threads.submit(_judge, attempt, store, key, wrong)) for kind, attempt in attempts]
            for condition in conditions:
                tell(condition, max((one.result() for kind, one in judged if kind is condition), key=_WORSE.index))
    finally:
        for left in (key, f"{key}-copy") if Condition.COPY in conditions else (key,):
            with contextlib.suppress(StoreError):
                store.delete(left)


def _judge(attempt: Callable[[Store, str, str], object], store: Store, key: str, wrong: str) -> Honours:
    try:
        attempt(store, key, wrong)
    except PreconditionFailed:
        return Honours.ENFORCED
    except (AccessDenied, Throttled, *HOPELESS):
        raise
    except StoreError:  # a write without the condition was carried out just before
        return Honours.REFUSED
    return Honours.IGNORED


def _another(etag: str) -> str:
    """An ETag of the same form that the object does not have."""
    return etag[:-1] + ("0" if etag[-1:] != "0" else "1")


_WORSE = (Honours.ENFORCED, Honours.IGNORED, Honours.REFUSED)
"""Answers, the best first. All attempts must be enforced; a store that refuses one must not be sent the condition."""


def _complete(store: Store, key: str, mode: WriteMode) -> None:
    upload_id = store.start_upload(key, Headers())
    try:
        part = Part(1, 4, store.put_part(key, upload_id, 1, b"part"))
        store.complete_upload(key, upload_id, [part], mode=mode)
    finally:
        with contextlib.suppress(StoreError):
            store.abort_upload(key, upload_id)


_ATTEMPTS: dict[Condition, tuple[Callable[[Store, str, str], object], ...]] = {
    Condition.CREATE: (lambda store, key, wrong: _put(store, key, b"created", Create()),),
    Condition.REPLACE: (lambda store, key, wrong: _put(store, key, b"replaced", Update(wrong)),),
    Condition.DELETE: (lambda store, key, wrong: store.delete(key, if_match=wrong),),
    Condition.COMPLETE: (
        lambda store, key, wrong: _complete(store, key, Create()),
        lambda store, key, wrong: _complete(store, key, Update(wrong)),
    ),
    Condition.COPY: (
        lambda store, key, wrong: store.copy(key, f"{key}-copy", source_etag=wrong, mode=Overwrite(), headers=None),
    ),
}
"""All of them must be refused: the key is taken, and by another version than `wrong`."""


def check_multipart(store: Store, key: str) -> StoreError | str | None:
    """Try an upload in parts up to its abortion. None when all of it works, else the error, or what was wrong."""
    try:
        upload_id = store.start_upload(key, Headers())
    except StoreError as error:
        return error
    try:
        store.put_part(key, upload_id, 1, b"part")
        listed = [part.size for part in store.list_parts(key, upload_id)]
        found: StoreError | str | None = None if listed == [4] else f"the store lists parts of {listed} bytes, not [4]"
    except StoreError as error:
        found = error
    try:
        store.abort_upload(key, upload_id)
    except StoreError as error:
        return found or error
    return found
