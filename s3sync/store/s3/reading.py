"""Reading from a bucket: listings, heads and bodies, through the fast lane as far as it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.headers import decode, size_of, strip
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.readable import Fail, ReadableLanes
from s3sync.store.options import StoreOptions
from s3sync.store.port import ObjectHead, ObjectInfo, Reader
from s3sync.store.s3.full import FullReader
from s3sync.store.s3.requests import MD5_HEX, Requests

_SSE_WITH_OPAQUE_ETAG = ("aws:kms", "aws:kms:dsse")


def head_of(key: str, answer: Mapping[str, Any]) -> ObjectHead:
    """Read botocore's answer to a HEAD of an object, or of one version of it."""
    etag = strip(answer["ETag"])
    info = ObjectInfo(key, size_of(answer["ContentLength"]), etag, answer["LastModified"], answer.get("StorageClass"))
    is_md5 = bool(MD5_HEX.fullmatch(etag)) and not _has_opaque_etag(answer)
    return ObjectHead(info, decode(answer.get("Metadata", {})), answer.get("ContentType"), is_md5)


def _has_opaque_etag(answer: Mapping[str, Any]) -> bool:
    """True for an object that is encrypted with a key of its owner's: no ETag of it, or of its parts, is an MD5."""
    return answer.get("ServerSideEncryption") in _SSE_WITH_OPAQUE_ETAG or "SSECustomerAlgorithm" in answer


class ReadableBucket(ReadableLanes):
    """The half of `S3Store` that changes nothing. `list` tells the storage class only where botocore had to do it."""

    any_order = True

    def __init__(self, bucket: str, prefix: str, options: StoreOptions) -> None:
        self._io = Requests(bucket, prefix, options)
        self._fast, self._full = self._io.fast, self._io.full
        super().__init__(self._io, f"s3://{self._io.address.bucket}", self._fast, self._full)

    def head(self, key: str) -> ObjectHead:
        name = self._key(key)
        if self._fast.cannot(name):
            return self._full_head(key, name)
        try:
            info, metadata, content_type = self._io.attempts("read").run(lambda: self._fast.head(name), from_obstore)
        except RequestFailed as error:
            if error.failure.cause == "odd_header":
                return self._full_head(key, name)
            raise self._io.error(error.failure, "read", name) from None
        # Our own objects name their MD5; that it is the ETag settles it. Otherwise only botocore tells the encryption.
        if MD5_HEX.fullmatch(info.etag) and metadata.get("md5") != info.etag:
            return self._full_head(key, name)
        return ObjectHead(replace(info, key=key), metadata, content_type, bool(MD5_HEX.fullmatch(info.etag)))

    def _full_head(self, key: str, name: str) -> ObjectHead:
        return head_of(key, self._io.on_full("read", name, lambda: self._full.head(name)))

    def first_part_size(self, key: str) -> int | None:
        name = self._key(key)
        first = self._io.on_full("read", name, lambda: self._full.head(name, PartNumber=1))
        if _has_opaque_etag(first):
            return None  # its ETag follows from no parts of the content
        etag = strip(first["ETag"])
        if "-" not in etag:  # a plain object, or a server that gives the ETag of the part
            etag = strip(self._io.on_full("read", name, lambda: self._full.head(name))["ETag"])
        # A store that does not know part numbers answers with the whole object, and with 200.
        told = "PartsCount" in first or first["ResponseMetadata"]["HTTPStatusCode"] == 206 or etag.endswith("-1")
        return int(first["ContentLength"]) if told and "-" in etag else None

    def _full_reader(self, key: str, answer: Any, fail: Fail) -> Reader:
        return FullReader(key, answer, fail)

    def _key(self, key: str) -> str:
        return self._io.key(key)
