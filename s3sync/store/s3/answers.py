"""Answers as botocore reads them, made strict: whatever it stumbles over is one of our failures, and soon found.

botocore takes a time in any form that people write, at a cost that grows with the square of its length, and gives back
times with zones that no calendar has. It raises whatever its code meets in a document of another shape, and leaves out
what a document lacks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.bounded import MOST_TAGS
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import version_of
from s3sync.store.s3.rewriting import REWRITTEN, UNREAD, unread

LONGEST_TIME = 64
MOST_ATTRIBUTES = 200_000
"""Attributes of all tags of an answer: S3 gives them to owners and grants alone."""
_TOTAL = re.compile(r".*/[0-9]{1,19}")
_OBJECT = ("Key", "Size", "ETag", "LastModified")
_LISTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ListObjectsV2Output": {"Contents": _OBJECT, "CommonPrefixes": ("Prefix",)},
    "ListMultipartUploadsOutput": {"Uploads": ("Key", "UploadId", "Initiated")},
    "ListPartsOutput": {"Parts": ("PartNumber", "Size", "ETag", "LastModified")},
    "ListObjectVersionsOutput": {
        "Versions": ("Key", "VersionId", "LastModified", "IsLatest"),
        "DeleteMarkers": ("Key", "VersionId", "LastModified", "IsLatest"),
    },
}
"""Fields that each item of a listing must have."""


class StrictAnswers:
    """botocore's factory of parsers. `create_parser` is all that `botocore.endpoint.Endpoint` calls."""

    def __init__(self, inner: Any) -> None:
        inner.set_parser_defaults(timestamp_parser=time_of)
        self._inner = inner

    def create_parser(self, protocol: str) -> _StrictParser:
        return _StrictParser(self._inner.create_parser(protocol))


class _StrictParser:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def parse(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:
        """Raises `RequestFailed` for what is no answer of S3's."""
        refuse_costly(response)
        try:
            found: dict[str, Any] = self._inner.parse(response, shape)
            if response["status_code"] < 300 and shape is not None:
                _require_fields(found, shape.name)
                _require_texts(found, shape)
                if shape.name in REWRITTEN:
                    found[UNREAD] = unread(response["body"], found, shape)
        except (RequestFailed, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - a document may break botocore's code anywhere
            raise RequestFailed(Failure("not_s3", response["status_code"])) from None
        return found


def refuse_costly(response: Mapping[str, Any]) -> None:
    """Raise `RequestFailed` for a document whose reading takes far more memory than its bytes have."""
    body = response.get("body")
    if not isinstance(body, bytes):
        return
    attributes = body.count(b'="') + body.count(b"='")
    if body.count(b"<") > MOST_TAGS or attributes > MOST_ATTRIBUTES or b"<!ENTITY" in body:
        raise RequestFailed(Failure("not_s3", response["status_code"]))


def _require_fields(found: Mapping[str, Any], shape: str) -> None:
    """Raises `ValueError` for an answer that lacks what we go by."""
    for name, fields in _LISTED.get(shape, {}).items():
        for item in found.get(name, ()):
            if any(field not in item for field in fields):
                raise ValueError(f"an item of {name} has not all of {fields}")
    named = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())] if "Versions" in shape else []
    if any(item["VersionId"] != "null" and version_of(item["VersionId"]) is None for item in named):
        raise ValueError("a version that cannot be named")
    if shape == "ListObjectsV2Output" and found.get("IsTruncated") and not found.get("NextContinuationToken"):
        raise ValueError("a page that is not the last, and leads to no other")  # botocore would take it for the last
    if not _TOTAL.fullmatch(found.get("ContentRange", "/0")):
        raise ValueError("a range of an object without its size")


def _require_texts(found: Any, shape: Any) -> None:
    """Raises `ValueError` where a text stands twice, which botocore gives back as a list."""
    kind = shape.type_name
    if kind == "structure":
        for name, member in shape.members.items():
            if name in found:
                _require_texts(found[name], member)
    elif kind == "list":
        for item in found:
            _require_texts(item, shape.member)
    elif kind == "string" and not isinstance(found, str):
        raise ValueError(f"a {shape.name} is no text")


def time_of(told: Any) -> datetime:
    """A time that a server tells, in UTC. Raises `ValueError` for none, and for one outside of the calendar."""
    from botocore.utils import parse_timestamp

    if isinstance(told, str) and len(told) > LONGEST_TIME:
        raise ValueError("longer than any time")
    try:
        when: datetime = parse_timestamp(told)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (OverflowError, RuntimeError) as error:
        raise ValueError(str(error)) from None
