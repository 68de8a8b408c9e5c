"""`GcsStore`: the port on Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed, Unsupported
from s3sync.store.bodies import Sending
from s3sync.store.gcs.api import Json
from s3sync.store.gcs.credentials import require_library
from s3sync.store.gcs.errors import HINTS
from s3sync.store.gcs.failures import from_google
from s3sync.store.gcs.reading import ReadableBucket
from s3sync.store.gcs.related import Related
from s3sync.store.gcs.requests import date_of, is_refused
from s3sync.store.gcs.resources import FIELDS, base64_of, generation_of, md5_of, resource_of, token_of
from s3sync.store.gcs.rewriting import rewrite
from s3sync.store.gcs.uploads import Uploads
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.options import StoreOptions
from s3sync.store.port import (
    Body,
    Buffer,
    Capabilities,
    Headers,
    Overwrite,
    Part,
    Upload,
    WriteMode,
    Written,
)

T = TypeVar("T")


class GcsStore(ReadableBucket):
    """A `port.Store` in a bucket, or below a prefix of one.

    Every write names the generation that it may replace. Large files are objects of their own, one for each part, until
    they are composed; nothing copies a part of an object, so a changed file is sent as a whole.
    """

    def __init__(self, bucket: str, prefix: str, options: StoreOptions) -> None:
        require_library()
        super().__init__(bucket, prefix, options)
        self.capabilities = Capabilities(conditional_writes=True, multipart=True, copy_part=False)
        self.endpoint = self._io.address.base
        self._uploads = Uploads(self._io)

    @property
    def round_trip_s(self) -> float | None:
        return self._io.fast.limiter.shortest_s

    @property
    def breaks(self) -> int:
        return self._io.fast.limiter.breaks

    def take_requests(self) -> tuple[int, int]:
        return self._io.fast.limiter.tally.take()

    def rights(self) -> str:
        return (
            "whoever the bucket's IAM policy lets: gcloud storage buckets get-iam-policy "
            f"gs://{self._io.address.bucket}"
        )

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
        name, attempts = self._io.key(key), self._io.attempts("write")
        self._refuse_tags(headers)
        resource = {"name": name, "md5Hash": base64_of(md5), **resource_of(headers)}
        params = {**self._io.condition(name, mode), "fields": FIELDS}

        def send() -> Json:
            sending = Sending(body, self._io.pace.send)
            return self._io.api.upload(resource, Related(resource, sending, headers.content_type), params)

        try:
            stored = attempts.run(send, from_google)
        except RequestFailed as error:
            if not (attempts.uncertain and is_refused(error.failure) and not isinstance(mode, Overwrite)):
                raise self._io.error(error.failure, "write", name) from None
            stored = self._despite(name, md5)  # an earlier attempt of ours may be what is there
        if md5_of(stored) != md5.hex():
            raise self._wrong_bytes(name)
        return self._written(name, stored)

    def _despite(self, name: str, md5: bytes) -> Json:
        """The object, if it holds the body that was to be written: the answer to that was lost."""
        try:
            found = self._io.resource(name)
        except NotFound:
            found = {}
        if md5_of(found) != md5.hex():
            raise PreconditionFailed(f"gs://{self._io.address.bucket}/{name} is not the version that was expected")
        return found

    def _written(self, name: str, stored: Mapping[str, Any]) -> Written:
        return self._io.read("write", name, lambda: Written(token_of(stored), date_of(stored), generation_of(stored)))

    def _wrong_bytes(self, name: str) -> ChecksumMismatch:
        what = f"could not write gs://{self._io.address.bucket}/{name}"
        return ChecksumMismatch(what, why="its bytes are not the ones that were promised", hint=HINTS[ChecksumMismatch])

    def _refuse_tags(self, headers: Headers) -> None:
        if headers.tags:
            raise Unsupported(f"{self.url} has no tags", why="objects on Google Cloud have none", hint="leave them out")

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        origin, name = self._io.key(source), self._io.key(target)
        if headers is not None:
            self._refuse_tags(headers)
        there = self._io.resource(origin)
        if token_of(there) != source_etag:
            raise PreconditionFailed(f"gs://{self._io.address.bucket}/{origin} is not the version that was expected")
        condition = self._io.condition(name, mode)
        if condition.get("ifGenerationMatch") == "0":
            self._refuse_taken(name)
        body = {} if headers is None else {"contentType": "application/octet-stream", **resource_of(headers)}
        return self._written(name, rewrite(self._io, "copy to", there, name, body, condition)).etag

    def _refuse_taken(self, name: str) -> None:
        """Look before a creation that costs more than the look."""
        try:
            self._io.resource(name)
        except NotFound:
            return
        raise PreconditionFailed(f"gs://{self._io.address.bucket}/{name} is there already")

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        name, attempts = self._io.key(key), self._io.attempts("delete")
        asked = {} if if_match is None else {"ifGenerationMatch": self._io.generation(name, if_match)}
        try:
            attempts.run(lambda: self._io.api.ask("DELETE", self._io.api.path_of(name), asked), from_google)
        except RequestFailed as error:
            failed = self._io.error(error.failure, "delete", name)
            if not isinstance(failed, NotFound):
                raise failed from None
            if if_match is not None and not attempts.uncertain:
                raise PreconditionFailed(f"gs://{self._io.address.bucket}/{name} is not there any more") from None

    def require_name(self, key: str) -> None:
        self._io.key(key)

    # -- multipart

    def start_upload(self, key: str, headers: Headers) -> str:
        self._refuse_tags(headers)
        return self._uploads.start(self._io.key(key), headers)

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        return self._uploads.put_part(self._io.key(key), upload_id, number, body)

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        raise Unsupported(
            f"{self.url} copies no part of an object",
            why="Cloud Storage copies whole objects alone",
            hint="send the part",
        )

    def note_md5(self, upload_id: str, md5: bytes) -> None:
        self._uploads.md5s[upload_id] = md5.hex()

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        return self._uploads.list_parts(self._io.key(key), upload_id)

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        name = self._io.key(key)
        stored = self._uploads.complete(name, upload_id, parts, mode)
        return self._written(name, stored)

    def abort_upload(self, key: str, upload_id: str) -> None:
        self._uploads.abort(self._io.key(key), upload_id)

    def list_uploads(self, prefix: str) -> Iterator[Upload]:
        return self._uploads.listed(self._root + prefix)

    # -- beyond the port

    def offers(self, kind: type[T]) -> T | None:
        """The aspect of the bucket; None for one that Cloud Storage lacks."""
        from s3sync.store.gcs.offers import OFFERED

        make = OFFERED.get(kind)
        return make(self._io) if make else None
