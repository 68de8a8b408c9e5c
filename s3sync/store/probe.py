"""Find out what a store really lets us do, by doing it on scratch objects of our own."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Callable, Sequence
from enum import StrEnum

from msgspec import Struct

from s3sync.aside import Answer, Aside
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
    """Store it as our objects are stored, with its MD5, so that one HEAD tells all of it."""
    digest = hashlib.md5(body, usedforsecurity=False)
    headers = Headers(metadata={"md5": digest.hexdigest()})
    return store.put(key, body, mode=mode, headers=headers, md5=digest.digest()).etag


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
    scratch = _Scratch(store, key)
    attempts = [(condition, attempt) for condition in conditions for attempt in _ATTEMPTS[condition]]
    try:
        with Aside(len(attempts) + 1, "s3sync-probe") as threads:
            threads.submit(scratch.make, twice=Condition.CREATE in conditions)
            judged = [(kind, threads.submit(_judge, attempt, scratch)) for kind, attempt in attempts]
            for condition in conditions:
                tell(condition, max((one.result() for kind, one in judged if kind is condition), key=_WORSE.index))
    finally:
        if Condition.COPY in conditions:
            scratch.left.append(lambda: store.delete(f"{key}-copy"))
        scratch.left.append(lambda: store.delete(key))
        for remove in scratch.left:
            with contextlib.suppress(StoreError):
                remove()


class _Scratch:
    """The object at `key` that conditions are tried on, once it is there; and what has to be removed in the end."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key = store, key
        self.left: list[Callable[[], object]] = []
        self.refused: PreconditionFailed | None = None
        """The second of two creations at the same time, where just that one was refused."""
        self._etag: Answer[str] = Answer()

    def make(self, *, twice: bool) -> None:
        """Put the object; `twice`: by two creations at once, of which a store that honours the condition refuses one.
        That both are taken says nothing: a store may look first and write then."""
        try:
            self._etag.set_result((self._created() if twice else None) or self._put(b"scratch", Overwrite()))
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits for the object
            self._etag.set_exception(error)

    def wrong(self) -> str:
        """An ETag of the same form as the object's that it does not have. Waits until the object is there."""
        return _another(self._etag.result())

    def create(self) -> None:
        """Create what is there already."""
        self.wrong()
        if self.refused is not None:
            raise self.refused
        self._put(b"created", Create())

    def replace(self) -> None:
        self._put(b"replaced", Update(self.wrong()))

    def complete(self, mode: Callable[[], WriteMode]) -> None:
        """Upload in parts. What was begun is ended when the answer has been told."""
        upload_id = self.store.start_upload(self.key, Headers())
        self.left.append(lambda: self.store.abort_upload(self.key, upload_id))
        part = Part(1, 4, self.store.put_part(self.key, upload_id, 1, b"part"))
        self.store.complete_upload(self.key, upload_id, [part], mode=mode())

    def created(self) -> Create:
        self.wrong()
        return Create()

    def _put(self, body: bytes, mode: WriteMode) -> str:
        return _put(self.store, self.key, body, mode)

    def _created(self) -> str | None:
        """The ETag, if of two creations one was taken and the other refused for its condition."""
        with Aside(2, "s3sync-probe") as threads:
            both = [threads.submit(self._put, body, Create()) for body in (b"one", b"other")]
        errors = [one.exception() for one in both]
        for error in errors:
            if isinstance(error, (AccessDenied, Throttled, *HOPELESS)):
                raise error
        taken = [one.result() for one in both if one.exception() is None]
        refused = [error for error in errors if isinstance(error, PreconditionFailed)]
        if len(taken) != 1 or len(refused) != 1:
            return None
        self.refused = refused[0]
        return taken[0]


def _judge(attempt: Callable[[_Scratch], object], scratch: _Scratch) -> Honours:
    try:
        attempt(scratch)
    except PreconditionFailed:
        return Honours.ENFORCED
    except (AccessDenied, Throttled, *HOPELESS):
        raise
    except StoreError:
        scratch.wrong()  # raises where not even a write without a condition is carried out
        return Honours.REFUSED
    return Honours.IGNORED


def _another(etag: str) -> str:
    """An ETag of the same form that the object does not have."""
    return etag[:-1] + ("0" if etag[-1:] != "0" else "1")


_WORSE = (Honours.ENFORCED, Honours.IGNORED, Honours.REFUSED)
"""Answers, the best first. All attempts must be enforced; a store that refuses one must not be sent the condition."""


_ATTEMPTS: dict[Condition, tuple[Callable[[_Scratch], object], ...]] = {
    Condition.CREATE: (_Scratch.create,),
    Condition.REPLACE: (_Scratch.replace,),
    Condition.DELETE: (lambda scratch: scratch.store.delete(scratch.key, if_match=scratch.wrong()),),
    Condition.COMPLETE: (
        lambda scratch: scratch.complete(scratch.created),
        lambda scratch: scratch.complete(lambda: Update(scratch.wrong())),
    ),
    Condition.COPY: (
        lambda scratch: scratch.store.copy(
            scratch.key, f"{scratch.key}-copy", source_etag=scratch.wrong(), mode=Overwrite(), headers=None
        ),
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
