"""Reading from a bucket: listings, heads and bodies, through the fast lane as far as it goes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias

from msgspec.structs import replace

from s3sync.errors import PreconditionFailed, StoreError, Unchanged
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.empty import EmptyReader
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import decode, size_of, strip
from s3sync.store.lanes.listing import list_folders, list_objects
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.obstore.reader import ObstoreReader
from s3sync.store.options import StoreOptions
from s3sync.store.port import ObjectHead, ObjectInfo, Reader
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.full import FullReader
from s3sync.store.s3.requests import MD5_HEX, Requests

_Conditions: TypeAlias = tuple[str | None, str | None]
"""ETags: one that the object must have, and one that it must not have."""
_SSE_WITH_OPAQUE_ETAG = ("aws:kms", "aws:kms:dsse")


def head_of(key: str, answer: Mapping[str, Any]) -> ObjectHead:
    """Read botocore's answer to a HEAD of an object, or of one version of it."""
    etag = strip(answer["ETag"])
    encrypted = answer.get("ServerSideEncryption") in _SSE_WITH_OPAQUE_ETAG or "SSECustomerAlgorithm" in answer
    info = ObjectInfo(key, size_of(answer["ContentLength"]), etag, answer["LastModified"], answer.get("StorageClass"))
    is_md5 = bool(MD5_HEX.fullmatch(etag)) and not encrypted
    return ObjectHead(info, decode(answer.get("Metadata", {})), answer.get("ContentType"), is_md5)


class ReadableBucket:
    """The half of `S3Store` that changes nothing. `list` tells the storage class only where botocore had to do it."""

    def __init__(self, bucket: str, prefix: str, options: StoreOptions) -> None:
        self._io = Requests(bucket, prefix, options)
        self.url, self._root = self._io.url, self._io.root
        self._fast, self._full = self._io.fast, self._io.full

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        return self._listed(prefix, after)

    def list_once(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._listed(prefix, believes_empty=True)

    def list_until(self, prefix: str, until: Collection[str], *, after: str = "") -> Iterator[ObjectInfo]:
        root, lanes = self._root, (self._fast, self._full)
        ends = {root + key for key in until}
        try:
            for info in list_objects(*lanes, root + prefix, root + after if after else "", until=ends):
                yield replace(info, key=info.key[len(root) :]) if root else info
        except RequestFailed as error:
            raise self._io.error(error.failure, "list", root + prefix) from None

    def _listed(self, prefix: str, after: str = "", *, believes_empty: bool = False) -> Iterator[ObjectInfo]:
        root = self._root
        behind = root + after
        try:
            behind_it, lanes = behind if after else "", (self._fast, self._full)
            for info in list_objects(*lanes, root + prefix, behind_it, believes_empty=believes_empty):
                if info.key > behind:
                    yield replace(info, key=info.key[len(root) :]) if root else info
        except RequestFailed as error:
            raise self._io.error(error.failure, "list", root + prefix) from None

    def folders(self, prefix: str) -> Iterator[str]:
        try:
            yield from list_folders(self._fast, self._full, self._root + prefix)
        except RequestFailed as error:
            raise self._io.error(error.failure, "list", self._root + prefix) from None

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
        etag = strip(first["ETag"])
        if "-" not in etag:  # a plain object, or a server that gives the ETag of the part
            etag = strip(self._io.on_full("read", name, lambda: self._full.head(name))["ETag"])
        # A store that does not know part numbers answers with the whole object, and with 200.
        told = "PartsCount" in first or first["ResponseMetadata"]["HTTPStatusCode"] == 206 or etag.endswith("-1")
        return int(first["ContentLength"]) if told and "-" in etag else None

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        name, conditions = self._key(key), (if_match, if_none_match)
        if stop is not None and stop <= start:
            return self._empty(key, *conditions)
        try:
            return self._open(key, name, start, stop, conditions)
        except RequestFailed as error:
            if error.failure.status == 416:
                return self._empty(key, *conditions)
            raise self._io.error(error.failure, "read", name) from None

    def _open(self, key: str, name: str, start: int, stop: int | None, conditions: _Conditions) -> Reader:
        def fail(failure: Failure) -> StoreError:
            return self._io.error(failure, "read", name)

        if self._fast.cannot(name):
            return self._open_full(key, name, start, stop, conditions, fail)
        try:
            found = self._io.attempts("read").run(lambda: self._fast.get(name, start, stop, *conditions), from_obstore)
        except RequestFailed as error:
            if error.failure.cause != "odd_header":
                raise
            return self._open_full(key, name, start, stop, conditions, fail)
        meta = found.meta
        return ObstoreReader(
            ObjectInfo(key, size_of(meta["size"]), strip(meta["e_tag"]), meta["last_modified"]), found, fail
        )

    def _open_full(
        self,
        key: str,
        name: str,
        start: int,
        stop: int | None,
        conditions: _Conditions,
        fail: Callable[[Failure], StoreError],
    ) -> Reader:
        answer = self._io.attempts("read").run(lambda: self._full.get(name, start, stop, *conditions), from_botocore)
        return FullReader(key, answer, fail)

    def _empty(self, key: str, if_match: str | None, if_none_match: str | None) -> Reader:
        """A range beyond the end, or of no bytes: S3 has no answer for it but an error."""
        head = self.head(key)
        if if_match is not None and head.info.etag != if_match:
            raise PreconditionFailed(f"s3://{self._io.address.bucket}/{self._key(key)} is not the expected version")
        if if_none_match is not None and head.info.etag == if_none_match:
            raise Unchanged(f"s3://{self._io.address.bucket}/{self._key(key)} is still the version that is known")
        return EmptyReader(head.info)

    def _key(self, key: str) -> str:
        return self._io.key(key)
