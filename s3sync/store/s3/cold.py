"""Storage classes of a bucket's objects, and thawing those that are cold."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from s3sync.core.times import http_date
from s3sync.errors import Unsupported
from s3sync.store.aspects import Thaw, ThawState, Tier
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of, strip
from s3sync.store.lanes.rounds import EndlessListingGuard
from s3sync.store.port import ObjectInfo
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.full import require
from s3sync.store.s3.requests import Requests

COLD = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Classes that have to be thawed. GLACIER_IR is read at once."""
STANDARD, TIERING = "STANDARD", "INTELLIGENT_TIERING"

_ONGOING = re.compile(r'ongoing-request="(true|false)"')
_EXPIRY = re.compile(r'expiry-date="([^"]*)"')


class S3Classes:
    """`aspects.StorageClasses` of a bucket."""

    of_any_size = False

    def __init__(self, io: Requests) -> None:
        self._io = io

    def change_class(self, key: str, storage_class: str, *, etag: str) -> str:
        name, bucket = self._io.key(key), self._io.address.bucket
        answer = self._io.ask(
            f"move to {storage_class}",
            name,
            "copy_object",
            Key=name,
            CopySource={"Bucket": bucket, "Key": name},
            CopySourceIfMatch=f'"{etag}"',
            MetadataDirective="COPY",
            TaggingDirective="COPY",
            StorageClass=storage_class,
        )
        found = strip(answer.get("CopyObjectResult", {}).get("ETag"))
        return found or etag


class S3Thaws:
    """`aspects.Thaws` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def thaw_of(self, key: str) -> Thaw:
        name = self._io.key(key)
        return _of_head(self._io.ask("ask about", name, "head_object", Key=name))

    def thaw(self, key: str, *, days: int, tier: Tier) -> Thaw:
        name, now = self._io.key(key), self.thaw_of(key)
        if now.state in (ThawState.WARM, ThawState.THAWING):
            return now
        if tier is Tier.EXPEDITED and now.storage_class == "DEEP_ARCHIVE":
            raise Unsupported(
                f"could not thaw {key!r}",
                why="DEEP_ARCHIVE has no expedited thaw",
                hint="standard takes up to 12 hours, bulk up to 48",
            )
        request: dict[str, Any] = {"GlacierJobParameters": {"Tier": str(tier)}}
        if now.storage_class in COLD:  # what Intelligent-Tiering archived comes back for good
            request["Days"] = days
        try:
            self._io.attempts("thaw").run(
                lambda: self._io.full.client.restore_object(
                    Bucket=self._io.address.bucket, Key=name, RestoreRequest=request
                ),
                from_botocore,
            )
        except RequestFailed as error:
            if error.failure.code != "RestoreAlreadyInProgress":
                raise self._io.error(error.failure, "thaw", name) from None
        return self.thaw_of(key)

    def list_thaws(
        self, prefix: str, until: Collection[str] = (), *, after: str = ""
    ) -> Iterator[tuple[ObjectInfo, Thaw | None]]:
        root = self._io.root
        ends = {root + key for key in until}
        begin = {"StartAfter": root + after} if after else dict[str, str]()
        for page in self._pages(root + prefix, begin):
            for item in page.get("Contents", ()):
                if not item["Key"].startswith(root + prefix):
                    raise self._io.error(Failure("not_s3"), "list", root + prefix)
                yield _listed(item, item["Key"][len(root) :])
                if item["Key"] in ends:
                    return

    def list_folder(self, prefix: str) -> Iterator[tuple[ObjectInfo, Thaw | None] | str]:
        root = self._io.root
        name = root + prefix
        for page in self._pages(name, {"Delimiter": "/"}):
            for item in page.get("Contents", ()):
                if not item["Key"].startswith(name):
                    raise self._io.error(Failure("not_s3"), "list", name)
                yield _listed(item, item["Key"][len(root) :])
            for item in page.get("CommonPrefixes", ()):
                folder = item["Prefix"]
                if not (folder.startswith(name) and folder.find("/", len(name)) == len(folder) - 1):
                    raise self._io.error(Failure("not_s3"), "list", name)
                yield folder[len(root) :]

    def _pages(self, name: str, arguments: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        rounds, token = EndlessListingGuard(), dict[str, str]()
        while True:
            page = self._io.ask(
                "list",
                name,
                "list_objects_v2",
                Prefix=name,
                OptionalObjectAttributes=["RestoreStatus"],
                **arguments,
                **token,
            )
            try:
                require(page, "IsTruncated")
                if page["IsTruncated"]:
                    folders = (item["Prefix"] for item in page.get("CommonPrefixes", ()))
                    rounds.page(chain(folders, (item["Key"] for item in page.get("Contents", ()))))
            except RequestFailed as error:
                raise self._io.error(error.failure, "list", name) from None
            yield page
            if not page["IsTruncated"]:
                return
            token["ContinuationToken"] = page["NextContinuationToken"]


def _of_head(answer: Mapping[str, Any]) -> Thaw:
    storage_class, size = answer.get("StorageClass") or STANDARD, size_of(answer.get("ContentLength", 0))
    told = str(answer.get("Restore", ""))
    ongoing = _ONGOING.search(told)
    if ongoing is None:
        cold = storage_class in COLD or bool(answer.get("ArchiveStatus"))
        return Thaw(ThawState.COLD if cold else ThawState.WARM, storage_class, size=size)
    if ongoing[1] == "true":
        return Thaw(ThawState.THAWING, storage_class, size=size)
    return Thaw(ThawState.THAWED, storage_class, _moment(told), size)


def _moment(told: str) -> datetime | None:
    expiry = _EXPIRY.search(told)
    return http_date(expiry[1]) if expiry else None


def _listed(item: Mapping[str, Any], key: str) -> tuple[ObjectInfo, Thaw | None]:
    storage_class = item.get("StorageClass") or STANDARD
    info = ObjectInfo(key, size_of(item["Size"]), strip(item["ETag"]), item["LastModified"], storage_class)
    status = item.get("RestoreStatus")
    if isinstance(status, Mapping):
        if status.get("IsRestoreInProgress"):
            return info, Thaw(ThawState.THAWING, storage_class)
        if status.get("RestoreExpiryDate"):
            return info, Thaw(ThawState.THAWED, storage_class, status["RestoreExpiryDate"])
    # Stores that know nothing of the question say nothing of a thaw either: only HEAD tells.
    # So it is of Intelligent-Tiering, which archives by itself.
    unsaid = storage_class in COLD or storage_class == TIERING
    return info, None if unsaid else Thaw(ThawState.WARM, storage_class)
