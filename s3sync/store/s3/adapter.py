"""`S3Store`: the port on S3, with a fast and a full lane."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed, StoreError
from s3sync.store.aspects import Version
from s3sync.store.bodies import size_of
from s3sync.store.lanes.attempts import RequestFailed, Retries
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import decode, strip
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.obstore.reader import ObstoreReader
from s3sync.store.options import StoreOptions
from s3sync.store.port import (
    Body,
    Bucket,
    Buffer,
    Capabilities,
    Headers,
    ObjectHead,
    ObjectInfo,
    Overwrite,
    Part,
    Reader,
    Silence,
    Update,
    Upload,
    WriteMode,
)
from s3sync.store.s3.checksums import UnverifiedPart, content_md5, crc64nvme, may_refuse_checksum
from s3sync.store.s3.errors import HINTS, error_class
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.full import FullReader
from s3sync.store.s3.listing import list_folders, list_objects
from s3sync.store.s3.requests import MD5_HEX, EmptyReader, Requests, multipart_etag

# Larger bodies go through the full lane, whose timeouts follow the progress and whose MD5 the server verifies.
SMALL = 1024 * 1024
_SSE_WITH_OPAQUE_ETAG = ("aws:kms", "aws:kms:dsse")


class S3Store:
    """A `port.Store` in a bucket, or below a prefix of one.

    `list`, `head`, `get`, small `put`s and plain `delete`s go through obstore, the rest through botocore, and so does
    every key that obstore cannot name. `list` tells the storage class only where botocore had to do it.
    """

    def __init__(self, bucket: str, prefix: str, options: StoreOptions) -> None:
        self.url = f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
        self.capabilities = Capabilities(
            conditional_writes=True,
            multipart=True,
            copy_part=True,
            storage_classes=True,
            tags=True,
            versioning=True,
            presigning=True,
        )
        self._root = f"{prefix}/" if prefix else ""
        self._io = Requests(self.url, bucket, options)
        self.endpoint = self._io.address.endpoint
        self._fast, self._full = self._io.fast, self._io.full
        self._opaque_etags, self._acl = False, options.wire.acl
        self._takes_crc64nvme_of = {"objects": True, "parts": True}
        """Until the store refuses it or says nothing of it: then Content-MD5 goes in its place."""

    # -- reading

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        root = self._root
        try:
            for info in list_objects(self._fast, self._full, root + prefix):
                if len(info.key) > len(root):
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
        answer = self._io.on_full("read", name, lambda: self._full.head(name))
        etag = strip(answer["ETag"])
        encrypted = answer.get("ServerSideEncryption") in _SSE_WITH_OPAQUE_ETAG or "SSECustomerAlgorithm" in answer
        info = ObjectInfo(key, answer["ContentLength"], etag, answer["LastModified"], answer.get("StorageClass"))
        is_md5 = bool(MD5_HEX.fullmatch(etag)) and not encrypted
        return ObjectHead(info, decode(answer.get("Metadata", {})), answer.get("ContentType"), is_md5)

    def first_part_size(self, key: str) -> int | None:
        name = self._key(key)
        first = self._io.on_full("read", name, lambda: self._full.head(name, PartNumber=1))
        etag = strip(first["ETag"])
        if "-" not in etag:  # a plain object, or a server that gives the ETag of the part
            etag = strip(self._io.on_full("read", name, lambda: self._full.head(name))["ETag"])
        # A store that does not know part numbers answers with the whole object, and with 200.
        told = "PartsCount" in first or first["ResponseMetadata"]["HTTPStatusCode"] == 206 or etag.endswith("-1")
        return int(first["ContentLength"]) if told and "-" in etag else None

    def get(self, key: str, *, start: int = 0, stop: int | None = None, if_match: str | None = None) -> Reader:
        name = self._key(key)
        if stop is not None and stop <= start:
            return self._empty(key, if_match)
        try:
            return self._open(key, name, start, stop, if_match)
        except RequestFailed as error:
            if error.failure.status == 416:
                return self._empty(key, if_match)
            raise self._io.error(error.failure, "read", name) from None

    def _open(self, key: str, name: str, start: int, stop: int | None, if_match: str | None) -> Reader:
        def fail(failure: Failure) -> StoreError:
            return self._io.error(failure, "read", name)

        if self._fast.cannot(name):
            return self._open_full(key, name, start, stop, if_match, fail)
        try:
            found = self._io.attempts("read").run(lambda: self._fast.get(name, start, stop, if_match), from_obstore)
        except RequestFailed as error:
            if error.failure.cause != "odd_header":
                raise
            return self._open_full(key, name, start, stop, if_match, fail)
        meta = found.meta
        return ObstoreReader(ObjectInfo(key, meta["size"], strip(meta["e_tag"]), meta["last_modified"]), found, fail)

    def _open_full(
        self,
        key: str,
        name: str,
        start: int,
        stop: int | None,
        if_match: str | None,
        fail: Callable[[Failure], StoreError],
    ) -> Reader:
        answer = self._io.attempts("read").run(lambda: self._full.get(name, start, stop, if_match), from_botocore)
        return FullReader(key, answer, fail)

    def _empty(self, key: str, if_match: str | None) -> Reader:
        """A range beyond the end, or of no bytes: S3 has no answer for it but an error."""
        head = self.head(key)
        if if_match is not None and head.info.etag != if_match:
            raise PreconditionFailed(f"s3://{self._io.address.bucket}/{self._key(key)} is not the expected version")
        return EmptyReader(head.info)

    # -- writing

    def put(self, key: str, body: Buffer | Body, *, mode: WriteMode, headers: Headers, md5: bytes) -> str:
        name, attempts = self._key(key), self._io.attempts("write")
        in_memory = body if isinstance(body, (bytes, bytearray, memoryview)) else None
        is_small = in_memory is not None and size_of(in_memory) <= SMALL and not self._fast.cannot(name)
        try:
            if is_small and self._takes_crc64nvme_of["objects"] and not self._acl:
                etag = self._put_small(name, in_memory, mode, headers, md5, attempts)
            else:
                etag = attempts.run(lambda: self._full.put(name, body, mode, headers, md5), from_botocore)
        except RequestFailed as error:
            return self._despite(error.failure, attempts.uncertain, name, mode, md5.hex(), "write")
        if etag != md5.hex() and not self._opaque_etags:
            self._read_back(key, name, etag, md5)
        return etag

    def _put_small(self, name: str, body: Any, mode: WriteMode, headers: Headers, md5: bytes, attempts: Retries) -> str:
        """Send a body with CRC64NVME, and from the first refusal of that on with Content-MD5: never with nothing."""
        self._io.pace.send(size_of(body))
        try:
            return attempts.run(lambda: self._fast.put(name, body, mode, headers), from_obstore)
        except RequestFailed as error:
            if not may_refuse_checksum(error.failure):
                raise
        etag = attempts.run(lambda: self._full.put(name, body, mode, headers, md5), from_botocore)
        self._takes_crc64nvme_of["objects"] = False
        return etag

    def _despite(
        self, failure: Failure, uncertain: bool, name: str, mode: WriteMode, etag: str | None, doing: str
    ) -> str:
        """The ETag, if a conditional write was carried out although its repetition was refused; else raises.

        A write whose answer was lost is sent again, and then its own first attempt makes the condition fail. That was
        so if the object now has the ETag that was to be written. `uncertain` says that this may have happened; for a
        multipart upload always, as an earlier run may have completed it.
        """
        refused = error_class(failure) is PreconditionFailed or failure.code in ("NoSuchUpload", "NoSuchKey")
        if refused and etag and uncertain:
            with contextlib.suppress(NotFound):
                if self.head(name[len(self._root) :]).info.etag == etag:
                    return etag
        missing = failure.status == 404 and failure.code not in ("NoSuchBucket", "NoSuchUpload")
        if isinstance(mode, Update) and missing:
            failure = replace(failure, status=412, code="PreconditionFailed")
        raise self._io.error(failure, doing, name)

    def _read_back(self, key: str, name: str, etag: str, md5: bytes) -> None:
        """An ETag that is not the MD5 means other bytes, or a store whose ETags say nothing (KMS): look, once."""
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with self.get(key, if_match=etag) as reader:
                for chunk in reader:
                    digest.update(chunk)
        except (NotFound, PreconditionFailed):
            return  # replaced by somebody else already
        if digest.digest() != md5:
            raise self._wrong_bytes(name)
        self._opaque_etags = True

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        name, attempts = self._key(target), self._io.attempts("copy")
        call = self._full.copy
        origin = self._key(source)
        try:
            return attempts.run(lambda: call(origin, name, source_etag, mode, headers), from_botocore)
        except RequestFailed as error:
            if error.failure.code == "NoSuchKey":
                self.head(source)  # raises when it is the source that is not there, and not what an Update expects
            etag = source_etag if not isinstance(mode, Overwrite) else None
            return self._despite(error.failure, attempts.uncertain, name, mode, etag, "copy to")

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        name, attempts = self._key(key), self._io.attempts("delete")
        try:
            if if_match is None and not self._fast.cannot(name):
                attempts.run(lambda: self._fast.delete(name), from_obstore)
            else:
                attempts.run(lambda: self._full.delete(name, if_match), from_botocore)
        except RequestFailed as error:
            self._after_delete(error.failure, attempts, key, name, if_match)

    def _after_delete(self, failure: Failure, attempts: Retries, key: str, name: str, if_match: str | None) -> None:
        """What is not there is deleted; with a condition only if an earlier attempt of ours may have done it."""
        if error_class(failure) not in (NotFound, PreconditionFailed):
            raise self._io.error(failure, "delete", name)
        if if_match is None:
            return
        if attempts.uncertain:
            try:
                self.head(key)
            except NotFound:
                return
        raise self._io.error(replace(failure, status=412, code="PreconditionFailed"), "delete", name)

    # -- multipart

    def start_upload(self, key: str, headers: Headers) -> str:
        name = self._key(key)
        return self._io.on_full("begin the upload of", name, lambda: self._full.start_upload(name, headers))

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        name = self._key(key)
        doing, call = f"send part {number} of", self._full.put_part
        fast = crc64nvme(body) if self._takes_crc64nvme_of["parts"] else None
        if fast is not None:
            try:
                return self._io.attempts(doing).run(lambda: call(name, upload_id, number, body, fast), from_botocore)
            except UnverifiedPart:
                self._takes_crc64nvme_of["parts"] = False
            except RequestFailed as error:
                if not may_refuse_checksum(error.failure):
                    raise self._io.error(error.failure, doing, name) from None
        md5 = content_md5(body)
        etag = self._io.on_full(doing, name, lambda: call(name, upload_id, number, body, md5))
        if fast is not None:
            self._takes_crc64nvme_of["parts"] = False
        return etag

    def _wrong_bytes(self, name: str) -> ChecksumMismatch:
        what = f"could not write s3://{self._io.address.bucket}/{name}"
        return ChecksumMismatch(what, why="its bytes are not the ones that were promised", hint=HINTS[ChecksumMismatch])

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        name, origin = self._key(key), self._key(source)
        call = self._full.copy_part
        return self._io.on_full(
            f"copy part {number} of",
            name,
            lambda: call(name, upload_id, number, origin, source_etag, start, stop),
        )

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        name = self._key(key)
        yield from self._io.on_full("list the parts of", name, lambda: self._full.list_parts(name, upload_id))

    def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode) -> str:
        name, attempts = self._key(key), self._io.attempts("finish")
        try:
            return attempts.run(lambda: self._full.complete_upload(name, upload_id, parts, mode), from_botocore)
        except RequestFailed as error:
            return self._despite(error.failure, True, name, mode, multipart_etag(parts), "finish")

    def abort_upload(self, key: str, upload_id: str) -> None:
        name = self._key(key)
        with contextlib.suppress(NotFound):
            self._io.on_full("abort the upload of", name, lambda: self._full.abort_upload(name, upload_id))

    def list_uploads(self, prefix: str) -> Iterator[Upload]:
        name = self._root + prefix
        for upload in self._io.on_full("list the uploads below", name, lambda: self._full.list_uploads(name)):
            yield replace(upload, key=upload.key[len(self._root) :])

    def keeps_versions(self) -> bool:
        found = self.bucket().versioning()
        return isinstance(found, Silence) or found in ("Enabled", "Suspended")

    def list_versions(self, prefix: str) -> Iterator[Version]:
        from s3sync.store.s3.versions import pages, versions

        name = self._root + prefix

        def ask(marks: dict[str, str]) -> dict[str, Any]:
            return self._io.on_full("list the versions below", name, lambda: self._full.version_page(name, marks))

        try:
            for page in pages(ask):
                for found in versions(page):
                    if found.key.startswith(name):
                        yield replace(found, key=found.key[len(self._root) :])
        except RequestFailed as error:
            raise self._io.error(error.failure, "list the versions below", name) from None

    def delete_version(self, key: str, version_id: str) -> None:
        name = self._key(key)
        self._io.on_full("delete a version of", name, lambda: self._full.delete_version(name, version_id))

    def bucket(self) -> Bucket:
        """The bucket behind the store, for what is asked of it as a whole."""
        from s3sync.store.s3.bucket import S3Bucket

        return S3Bucket(self._io, self._root)

    def _key(self, key: str) -> str:
        if not key or "\0" in key or len((self._root + key).encode("utf-8", "replace")) > 1024:
            raise StoreError(f"S3 cannot hold {key[:80]!r}", why="a key has 1 to 1,024 bytes, and no NUL")
        return self._root + key
