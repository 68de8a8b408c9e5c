"""The full lane: botocore, for multipart, copies, conditional deletes, large PUTs and keys that obstore cannot name.

botocore is used without boto3's resource layer, which would only add to the time it takes to start. All imports wait
for the first call. Retries are off here; `attempts` decides.
"""

from __future__ import annotations

import binascii
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus, urlencode

from s3sync.core import limits
from s3sync.core.etag import MAX_PARTS
from s3sync.core.times import http_date
from s3sync.store.bodies import Sending
from s3sync.store.lanes import headers as codec
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of, strip, upload_of, version_of
from s3sync.store.lanes.obstore.reader import CHUNK
from s3sync.store.lanes.rounds import EndlessListingGuard
from s3sync.store.options import Wire
from s3sync.store.port import Body, Buffer, Create, Headers, ObjectInfo, Pace, Part, Update, Upload, WriteMode, Written
from s3sync.store.s3.address import Address
from s3sync.store.s3.checksums import FULL_CRC64NVME, Checksum, is_full_crc64nvme, may_refuse_checksum
from s3sync.store.s3.credentials import Credentials
from s3sync.store.s3.failures import from_botocore


class FullLane:
    """One botocore client, made on first use. Its methods raise botocore's exceptions; see `failures`."""

    def __init__(
        self, address: Address, credentials: Credentials, env: Mapping[str, str], wire: Wire, pace: Pace
    ) -> None:
        self._address, self._credentials, self._env, self._wire, self._pace = address, credentials, env, wire, pace
        self._lock = threading.Lock()
        self._client: Any = None
        self._renewed = 0.0
        self._copies_have_md5, self.failure_of = False, from_botocore

    @property
    def client(self) -> Any:
        """The botocore S3 client, shared by all threads."""
        from s3sync.store.s3.client import make_client

        with self._lock:
            if self._client is None:
                self._client = make_client(self._address, self._credentials, self._env, self._wire)
            return self._client

    def renew(self, began: float) -> None:
        """Open new connections from now on: a request that began then met with silence."""
        with self._lock:
            if self._client is not None and began > self._renewed:
                self._renewed = time.monotonic()
                self._client.close()  # what is under way goes on

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.client, operation)(Bucket=self._address.bucket, **arguments)
        return answer

    def _copy(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """A copy; from the first refusal of one without a checksum on with Content-MD5, as Object Lock may demand."""
        had_md5 = self._copies_have_md5
        try:
            return self._call(operation, **arguments)
        except Exception as error:
            if had_md5 or not may_refuse_checksum(from_botocore(error)):
                raise
        if not self._copies_have_md5:
            from s3sync.store.s3.client import send_md5_with_copies

            send_md5_with_copies(self.client)
            self._copies_have_md5 = True
        return self._call(operation, **arguments)

    def list_objects(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        arguments = {"Bucket": self._address.bucket, "Prefix": prefix} | ({"StartAfter": after} if after else {})
        pages = self.client.get_paginator("list_objects_v2").paginate(**arguments)
        rounds = EndlessListingGuard()
        for page in pages:
            require(page, "IsTruncated")
            if page["IsTruncated"]:
                rounds.page(item["Key"] for item in page.get("Contents", ()))
            for item in page.get("Contents", ()):
                yield ObjectInfo(
                    item["Key"],
                    size_of(item["Size"]),
                    strip(item["ETag"]),
                    item["LastModified"],
                    item.get("StorageClass"),
                )

    def folders(self, prefix: str) -> Iterator[str]:
        """The names between the prefix and the next `/`, page by page."""
        arguments = {"Bucket": self._address.bucket, "Prefix": prefix, "Delimiter": "/"}
        rounds = EndlessListingGuard()
        for page in self.client.get_paginator("list_objects_v2").paginate(**arguments):
            require(page, "IsTruncated")
            found = [item["Prefix"] for item in page.get("CommonPrefixes", ())]
            if page["IsTruncated"]:
                rounds.page([*found, *(item["Key"] for item in page.get("Contents", ()))])
            for name in found:
                if not (name.startswith(prefix) and name.find("/", len(prefix)) == len(name) - 1):
                    raise RequestFailed(Failure("not_s3"))
                yield name[len(prefix) : -1]

    def head_bucket(self) -> None:
        self._call("head_bucket")

    def head(self, key: str, **arguments: Any) -> dict[str, Any]:
        answer = self._call("head_object", Key=key, **arguments)
        require(answer, "ETag", "ContentLength", "LastModified")
        return answer

    def get(
        self,
        key: str,
        start: int,
        stop: int | None,
        if_match: str | None,
        if_none_match: str | None = None,
        **arguments: Any,
    ) -> dict[str, Any]:
        if start or stop is not None:
            arguments["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        if if_match is not None:
            arguments["IfMatch"] = f'"{if_match}"'
        if if_none_match is not None:
            arguments["IfNoneMatch"] = f'"{if_none_match}"'
        answer = self._call("get_object", Key=key, **arguments)
        require(answer, "ETag", "ContentLength", "LastModified")
        return answer

    def put(self, key: str, body: Buffer | Body, mode: WriteMode, headers: Headers, md5: bytes) -> Written:
        sending = Sending(body, self._pace.send)
        answer = self._call(
            "put_object", Key=key, Body=sending, ContentMD5=_base64(md5), **_headers(headers), **_conditions(mode)
        )
        return Written(_etag(answer), date_of(answer), version_of(answer.get("VersionId")))

    def delete(self, key: str, if_match: str | None) -> None:
        self._call("delete_object", Key=key, **({} if if_match is None else {"IfMatch": f'"{if_match}"'}))

    def copy(self, source: str, target: str, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        replaced = (
            {}
            if headers is None
            else {"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE", **_headers(headers)}
        )
        answer = self._copy(
            "copy_object",
            Key=target,
            CopySource={"Bucket": self._address.bucket, "Key": source},
            CopySourceIfMatch=f'"{source_etag}"',
            **replaced,
            **_conditions(mode),
        )
        return _etag(answer.get("CopyObjectResult", {}))

    def start_upload(self, key: str, headers: Headers, *, checksummed: bool) -> tuple[str, bool]:
        """The upload's id, and whether the server agreed to verify the CRC64NVME of the whole (if `checksummed`)."""
        asked = FULL_CRC64NVME if checksummed else {}
        answer = self._call("create_multipart_upload", Key=key, **asked, **_headers(headers))
        require(answer, "UploadId")
        return upload_of(answer["UploadId"]), is_full_crc64nvme(answer)

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body, checksum: Checksum) -> str:
        """The part's ETag. Raises `UnverifiedPart` when the server took the part and said nothing of its checksum."""
        sending = Sending(body, self._pace.send)
        answer = self._call(
            "upload_part", Key=key, UploadId=upload_id, PartNumber=number, Body=sending, **checksum.arguments
        )
        checksum.confirm(answer)
        return _etag(answer)

    def copy_part(
        self, key: str, upload_id: str, number: int, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        answer = self._copy(
            "upload_part_copy",
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            CopySource={"Bucket": self._address.bucket, "Key": source},
            CopySourceIfMatch=f'"{source_etag}"',
            CopySourceRange=f"bytes={start}-{stop - 1}",
        )
        return _etag(answer.get("CopyPartResult", {}))

    def list_parts(self, key: str, upload_id: str) -> tuple[list[Part], bool]:
        """All parts by number; of those that a store lists twice, the one that came last. And whether the server is to
        verify the CRC64NVME of the whole."""
        newest: dict[int, tuple[Any, Part]] = {}
        checksummed = False
        pages = self.client.get_paginator("list_parts").paginate(
            Bucket=self._address.bucket, Key=key, UploadId=upload_id
        )
        rounds = EndlessListingGuard(may_be_empty=False, most=MAX_PARTS)
        for page in pages:
            require(page, "IsTruncated")
            checksummed = is_full_crc64nvme(page)
            if page["IsTruncated"]:
                rounds.page(f"{item['PartNumber']:05} {item['ETag']}" for item in page.get("Parts", ()))
            for item in page.get("Parts", ()):
                part = Part(item["PartNumber"], size_of(item["Size"]), strip(item["ETag"]))
                if part.number not in newest or newest[part.number][0] <= item["LastModified"]:
                    newest[part.number] = (item["LastModified"], part)
        return [newest[number][1] for number in sorted(newest)], checksummed

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], mode: WriteMode, crc64nvme: str | None
    ) -> Written:
        listed = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        whole = {} if crc64nvme is None else {"ChecksumCRC64NVME": crc64nvme, "ChecksumType": "FULL_OBJECT"}
        answer = self._call(
            "complete_multipart_upload",
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": listed},
            **whole,
            **_conditions(mode),
        )
        return Written(_etag(answer), version_id=version_of(answer.get("VersionId")))

    def abort_upload(self, key: str, upload_id: str) -> None:
        self._call("abort_multipart_upload", Key=key, UploadId=upload_id)

    def version_page(self, prefix: str, marks: Mapping[str, str]) -> dict[str, Any]:
        return self._call("list_object_versions", Prefix=prefix, **marks)

    def delete_version(self, key: str, version_id: str) -> None:
        self._call("delete_object", Key=key, VersionId=version_id)

    def list_uploads(self, prefix: str) -> list[Upload]:
        """All unfinished uploads below a prefix. Asks for encoded keys only where they have to be: some servers encode
        a `+` in another way here than S3 does."""
        try:
            return list(self._uploads(prefix, {}, str))
        except RequestFailed as error:
            if error.failure.cause != "not_s3":
                raise
        except Exception as error:
            if from_botocore(error).cause != "not_s3":
                raise
        return list(self._uploads(prefix, {"EncodingType": "url"}, unquote_plus))

    def _uploads(self, prefix: str, encoding: dict[str, str], decode: Callable[[str], str]) -> Iterator[Upload]:
        """botocore's paginator would send an encoded key back as a marker, so the pages are turned here."""
        marker: dict[str, str] = {}
        rounds = EndlessListingGuard(may_be_empty=False, most=limits.now.uploads_listed)
        while True:
            page = self._call("list_multipart_uploads", Prefix=prefix, **encoding, **marker)
            require(page, "IsTruncated")
            if page.get("EncodingType") != "url":
                decode = str
            if page["IsTruncated"]:
                rounds.page(f"{item['Key']} {item['UploadId']}" for item in page.get("Uploads", ()))
            for item in page.get("Uploads", ()):
                yield Upload(decode(item["Key"]), item["UploadId"], item["Initiated"])
            if not page["IsTruncated"]:
                return
            marker = {
                "KeyMarker": decode(page.get("NextKeyMarker", "")),
                "UploadIdMarker": page.get("NextUploadIdMarker", ""),
            }


class FullReader:
    """A `port.Reader` over botocore's answer."""

    def __init__(self, key: str, answer: dict[str, Any], fail: Callable[[Failure], BaseException]) -> None:
        size = int(answer["ContentLength"])
        if "ContentRange" in answer:
            size = int(answer["ContentRange"].rpartition("/")[2])
        self.info = ObjectInfo(
            key, size_of(size), strip(answer["ETag"]), answer["LastModified"], answer.get("StorageClass")
        )
        self._body, self._fail = answer["Body"], fail

    def __enter__(self) -> FullReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._body.close()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                chunk: bytes = self._body.read(CHUNK)
            except Exception as error:  # noqa: BLE001 - every botocore error is translated
                failure = error.failure if isinstance(error, RequestFailed) else from_botocore(error)
                raise self._fail(failure) from None
            if not chunk:
                return
            yield chunk


def require(answer: Mapping[str, Any], *fields: str) -> None:
    """botocore reads a web page as an answer in which everything is missing; an empty listing would be the worst."""
    if any(field not in answer for field in fields):
        raise RequestFailed(Failure("not_s3"))


def date_of(answer: object) -> datetime | None:
    """The store's clock at the time of an answer, or of a refusal."""
    meta = answer.get("ResponseMetadata", {}) if isinstance(answer, dict) else {}
    return http_date(meta.get("HTTPHeaders", {}).get("date"))


def _etag(answer: Mapping[str, Any]) -> str:
    require(answer, "ETag")
    return strip(answer["ETag"])


def _base64(md5: bytes) -> str:
    return binascii.b2a_base64(md5, newline=False).decode("ascii")


def _headers(headers: Headers) -> dict[str, Any]:
    found: dict[str, Any] = {"Metadata": codec.encode(headers.metadata)} if headers.metadata else {}
    if kind := codec.type_of(headers.content_type):
        found["ContentType"] = kind
    if headers.storage_class:
        found["StorageClass"] = headers.storage_class
    if headers.tags:
        found["Tagging"] = urlencode(headers.tags)
    return found


def _conditions(mode: WriteMode) -> dict[str, str]:
    if isinstance(mode, Create):
        return {"IfNoneMatch": "*"}
    return {"IfMatch": f'"{mode.etag}"'} if isinstance(mode, Update) else {}
