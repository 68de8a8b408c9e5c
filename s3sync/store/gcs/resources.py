"""Objects as the JSON API tells of them, and the token by which versions of an object are told apart.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects#resource
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from s3sync.store.lanes import headers as codec
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of
from s3sync.store.port import Headers, ObjectHead, ObjectInfo

FIELDS = "name,size,generation,md5Hash,crc32c,updated,storageClass,contentType,metadata"
LISTED = "name,size,generation,md5Hash,updated,storageClass"
UPLOAD = "s3sync-upload"
"""Metadata of an object that was composed: the upload's id and the size of its first part. Nobody above sees it."""
MD5_HEX = re.compile(r"[0-9a-f]{32}")
_USUAL = "STANDARD"
_GENERATION = re.compile(r"[0-9]{1,19}", re.ASCII)


def generation_of(item: Mapping[str, Any]) -> str:
    """Raises `RequestFailed` for an answer without one: it is no object of Cloud Storage."""
    told = item.get("generation")
    if not isinstance(told, str) or not _GENERATION.fullmatch(told):
        raise RequestFailed(Failure("not_s3"))
    return told


def md5_of(item: Mapping[str, Any]) -> str | None:
    """MD5 of the whole in hex; None for a composed object, of which the server keeps only a CRC32C."""
    return _hex(item.get("md5Hash"), 16)


def crc32c_of(item: Mapping[str, Any]) -> int | None:
    found = _hex(item.get("crc32c"), 4)
    return None if found is None else int(found, 16)


def token_of(item: Mapping[str, Any]) -> str:
    """The port's ETag: the MD5 where the server keeps one, else the generation (docs/decisions/0112)."""
    return md5_of(item) or generation_of(item)


def info_of(item: Mapping[str, Any], root: str) -> ObjectInfo:
    """Raises `RequestFailed` where the answer is none of Cloud Storage."""
    try:
        name, told = str(item["name"]), str(item.get("storageClass") or _USUAL)
        size = size_of(int(item["size"]))
        modified = _moment(item["updated"])
    except (KeyError, ValueError, TypeError, OverflowError):
        raise RequestFailed(Failure("not_s3")) from None
    storage_class = None if told == _USUAL else told
    return ObjectInfo(name[len(root) :], size, token_of(item), modified, storage_class)


def time_of(item: Mapping[str, Any], name: str) -> datetime | None:
    """A time of a description, None where it has none: `timeDeleted` comes when a generation is replaced or deleted.

    Raises `RequestFailed` for what is no time.
    """
    told = item.get(name)
    try:
        return _moment(told) if told else None
    except (ValueError, TypeError, OverflowError):
        raise RequestFailed(Failure("not_s3")) from None


def _moment(told: object) -> datetime:
    found = datetime.fromisoformat(str(told))
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


def head_of(item: Mapping[str, Any], root: str) -> ObjectHead:
    metadata = {name: value for name, value in metadata_of(item).items() if name != UPLOAD}
    content_type = item.get("contentType")
    return ObjectHead(
        info_of(item, root),
        codec.decode(metadata),
        None if content_type is None else str(content_type),
        md5_of(item) is not None,
    )


def metadata_of(item: Mapping[str, Any]) -> dict[str, str]:
    found = item.get("metadata")
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def resource_of(headers: Headers) -> dict[str, Any]:
    """Description of an object that is to be written."""
    found: dict[str, Any] = {"metadata": codec.encode(headers.metadata)} if headers.metadata else {}
    if headers.content_type:
        found["contentType"] = headers.content_type
    if headers.storage_class:
        found["storageClass"] = headers.storage_class
    return found


def base64_of(digest: bytes) -> str:
    return binascii.b2a_base64(digest, newline=False).decode("ascii")


def _hex(value: object, size: int) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        found = binascii.a2b_base64(value)
    except (binascii.Error, ValueError):
        return None
    return found.hex() if len(found) == size else None
