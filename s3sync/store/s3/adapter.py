"""`S3Store`: the port on S3, with a fast and a full lane."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed
from s3sync.store.bodies import size_of
from s3sync.store.lanes.attempts import RequestFailed, Retries
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.options import StoreOptions
from s3sync.store.port import (
    Body,
    Buffer,
    Capabilities,
    Headers,
    Overwrite,
    Part,
    Update,
    Upload,
    WriteMode,
    Written,
)
from s3sync.store.s3.checksums import (
    UnverifiedPart,
    WholeCrc64nvme,
    content_md5,
    crc64nvme,
    crc64nvme_in,
    may_refuse_checksum,
    whole_crc64nvme_of,
)
from s3sync.store.s3.errors import HINTS, error_class
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.reading import ReadableBucket
from s3sync.store.s3.requests import multipart_etag

# Larger bodies go through the full lane, whose timeouts follow the progress and whose MD5 the server verifies.
SMALL = 1024 * 1024

T = TypeVar("T")


class S3Store(ReadableBucket):
    """A `port.Store` in a bucket, or below a prefix of one.

    `list`, `head`, `get`, small `put`s and plain `delete`s go through obstore, the rest through botocore, and so does
    every key that obstore cannot name.
    """

    def __init__(self, bucket: str, prefix: str, options: StoreOptions) -> None:
        super().__init__(bucket, prefix, options)
        self.capabilities = Capabilities(conditional_writes=True, multipart=True, copy_part=True)
        self.endpoint = self._io.address.endpoint
        self._opaque_etags, self._acl = False, options.wire.acl
        self._takes_crc64nvme_of = {"objects": True, "parts": True, "wholes": True}
        """Until the store refuses it or says nothing of it: then Content-MD5 goes in its place."""
        self._verified_as_a_whole = set[str]()
        """Ids of the uploads whose CRC64NVME the store is to compare in the end."""

    @property
    def round_trip_s(self) -> float | None:
        return self._fast.limiter.shortest_s

    @property
    def breaks(self) -> int:
        return self._fast.limiter.breaks

    def take_requests(self) -> tuple[int, int]:
        return self._fast.limiter.tally.take()

    def start_up(self) -> None:
        from s3sync.store.s3.connections import open_ahead

        address = self._io.address
        with contextlib.suppress(Exception):
            open_ahead(self._full.client, None if address.path_style else address.bucket)

    # -- writing

    def put(
        self,
        key: str,
        body: Buffer | Body,
        *,
        mode: WriteMode,
        headers: Headers,
        md5: bytes,
        timed: bool = False,
    ) -> Written:
        name, attempts = self._key(key), self._io.attempts("write")
        in_memory = body if isinstance(body, (bytes, bytearray, memoryview)) else None
        is_small = in_memory is not None and size_of(in_memory) <= SMALL and not self._fast.cannot(name)
        is_small = is_small and not timed  # obstore does not show the header that tells the time
        try:
            if is_small and self._takes_crc64nvme_of["objects"] and not self._acl:
                written = self._put_small(name, in_memory, mode, headers, md5, attempts)
            else:
                written = attempts.run(lambda: self._full.put(name, body, mode, headers, md5), from_botocore)
        except RequestFailed as error:
            etag = self._despite(error.failure, attempts.uncertain, name, mode, md5.hex(), "write")
            return Written(etag, self.head(key).info.modified if timed else None)
        if written.etag != md5.hex() and not self._opaque_etags:
            self._read_back(key, name, written.etag, md5)
        return written

    def _put_small(
        self, name: str, body: Any, mode: WriteMode, headers: Headers, md5: bytes, attempts: Retries
    ) -> Written:
        """Send a body with CRC64NVME, and from the first refusal of that on with Content-MD5: never with nothing."""
        self._io.pace.send(size_of(body))
        try:
            put = self._fast.put
            return attempts.run(lambda: put(name, body, mode, headers, patient=attempts.uncertain), from_obstore)
        except RequestFailed as error:
            if not may_refuse_checksum(error.failure):
                raise
        written = attempts.run(lambda: self._full.put(name, body, mode, headers, md5), from_botocore)
        self._takes_crc64nvme_of["objects"] = False
        return written

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
        """Asks the store to verify the whole, unless it has refused that before."""
        name, doing = self._key(key), "begin the upload of"

        def start(checksummed: bool) -> tuple[str, bool]:
            return self._full.start_upload(name, headers, checksummed=checksummed)

        if self._takes_crc64nvme_of["wholes"]:
            try:
                upload_id, agreed = self._io.attempts(doing).run(lambda: start(True), from_botocore)
                if agreed:
                    self._verified_as_a_whole.add(upload_id)
                return upload_id
            except RequestFailed as error:
                if not may_refuse_checksum(error.failure):
                    raise self._io.error(error.failure, doing, name) from None
        upload_id, _ = self._io.on_full(doing, name, lambda: start(False))
        self._takes_crc64nvme_of["wholes"] = False
        return upload_id

    def new_checksum(self, after: str | None = None) -> WholeCrc64nvme | None:
        try:
            return WholeCrc64nvme(after)
        except ImportError:
            return None

    def verifies(self, upload_id: str) -> bool:
        return upload_id in self._verified_as_a_whole

    def checksum_of(self, key: str) -> str | None:
        name = self._key(key)
        return whole_crc64nvme_of(self._io.on_full("read", name, lambda: self._full.head(name, ChecksumMode="ENABLED")))

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
        parts, checksummed = self._io.on_full("list the parts of", name, lambda: self._full.list_parts(name, upload_id))
        if checksummed:
            self._verified_as_a_whole.add(upload_id)
        yield from parts

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        name, attempts = self._key(key), self._io.attempts("finish")
        crc64nvme = crc64nvme_in(checksum) if self.verifies(upload_id) else None
        try:
            written = attempts.run(
                lambda: self._full.complete_upload(name, upload_id, parts, mode, crc64nvme), from_botocore
            )
            self._verified_as_a_whole.discard(upload_id)
            return written
        except RequestFailed as error:
            return Written(self._despite(error.failure, True, name, mode, multipart_etag(parts), "finish"))

    def abort_upload(self, key: str, upload_id: str) -> None:
        name = self._key(key)
        with contextlib.suppress(NotFound):
            self._io.on_full("abort the upload of", name, lambda: self._full.abort_upload(name, upload_id))

    def list_uploads(self, prefix: str) -> Iterator[Upload]:
        name = self._root + prefix
        for upload in self._io.on_full("list the uploads below", name, lambda: self._full.list_uploads(name)):
            yield replace(upload, key=upload.key[len(self._root) :])

    # -- beyond the port

    def offers(self, kind: type[T]) -> T | None:
        """The aspect of the bucket; None for one that S3 lacks."""
        from s3sync.store.s3.offers import OFFERED

        make = OFFERED.get(kind)
        return make(self._io) if make else None
