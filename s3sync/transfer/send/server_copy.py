"""Content that the server has under another name is copied there: nothing of it goes over the wire."""

from __future__ import annotations

from s3sync.core.etag import MIB, part_ranges
from s3sync.errors import (
    BucketMissing,
    ClockSkewed,
    CredentialsError,
    NotFound,
    PreconditionFailed,
    StoreError,
    Throttled,
)
from s3sync.store.port import Headers, Part, WriteMode
from s3sync.transfer.context import Transport
from s3sync.transfer.pool import COPIES_AT_ONCE

WHOLE_LIMIT = 5 * 1024 * MIB
"""CopyObject takes no more (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html)."""
COPY_PART = 1024 * MIB
HOPELESS = (CredentialsError, ClockSkewed, BucketMissing, Throttled)


def copy_on_server(
    transport: Transport, source: str, source_etag: str, size: int, target: str, mode: WriteMode, headers: Headers
) -> str | None:
    """The new object's ETag; None where the server cannot do it, so that the bytes have to be sent after all.

    Raises `PreconditionFailed` or `NotFound` when either object is no longer what it was, and what sending would not
    get round: `CredentialsError`, `ClockSkewed`, `BucketMissing`, `Throttled`.
    """
    try:
        return copy_or_fail(transport, source, source_etag, size, target, mode, headers)
    except (PreconditionFailed, NotFound, *HOPELESS):
        raise
    except StoreError:
        return None


def copy_or_fail(
    transport: Transport, source: str, source_etag: str, size: int, target: str, mode: WriteMode, headers: Headers
) -> str:
    """The same where nothing but a copy will do. Raises any `StoreError`.

    A store that copies no parts copies an object of any size as a whole.
    """
    if size <= WHOLE_LIMIT or not transport.store.capabilities.copy_part:
        return transport.store.copy(source, target, source_etag=source_etag, mode=mode, headers=headers)
    return _copy_in_parts(transport, source, source_etag, size, target, mode, headers)


def _copy_in_parts(
    transport: Transport, source: str, source_etag: str, size: int, target: str, mode: WriteMode, headers: Headers
) -> str:
    store = transport.store
    upload_id = store.start_upload(target, headers)

    def copy(numbered: tuple[int, tuple[int, int]]) -> Part:
        number, (start, stop) = numbered
        etag = store.copy_part(
            target, upload_id, number, source=source, source_etag=source_etag, start=start, stop=stop
        )
        return Part(number, stop - start, etag)

    try:
        parts = transport.pool.gather(copy, list(enumerate(part_ranges(size, COPY_PART), 1)), COPIES_AT_ONCE)
        return store.complete_upload(target, upload_id, parts, mode=mode).etag
    except BaseException:
        store.abort_upload(target, upload_id)
        raise
