"""Requests of one store on Google Cloud: both lanes, trying again, and errors that say why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from s3sync.core.times import http_date
from s3sync.errors import NotFound, PreconditionFailed, StoreError
from s3sync.store.gcs.address import find_address
from s3sync.store.gcs.api import Api, Json
from s3sync.store.gcs.credentials import Credentials
from s3sync.store.gcs.errors import Target, kind_of, translate
from s3sync.store.gcs.failures import from_google
from s3sync.store.gcs.lane import FastLane
from s3sync.store.gcs.resources import FIELDS, generation_of, token_of
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.requests import LaneRequests
from s3sync.store.lanes.rounds import EndlessListingGuard
from s3sync.store.options import StoreOptions
from s3sync.store.port import Create, Overwrite, WriteMode

_T = TypeVar("_T")
LONGEST_KEY = 1024
MOST_TOKEN = 16 * 1024
"""Characters of what leads to the next page: it goes into an address."""


class Requests(LaneRequests):
    """Requests to one bucket."""

    def __init__(self, bucket: str, prefix: str, options: StoreOptions) -> None:
        self.address = find_address(bucket, options)
        self.credentials = Credentials(options, anonymous=not self.address.is_google)
        self.api = Api(self.address, self.credentials, options.env, options.wire)
        self.fast = FastLane(self.address, self.credentials, self.api.transport, options.wire, self.api.proxy)
        self.pace = options.pace
        super().__init__(f"gs://{bucket}", prefix, self.fast, self.api)

    def key(self, key: str) -> str:
        """The whole key of an object. Raises `StoreError` for one that Cloud Storage cannot hold.

        Source: https://cloud.google.com/storage/docs/objects#naming
        """
        name = self.root + key
        if not key or "\0" in key or len(name.encode("utf-8", "replace")) > LONGEST_KEY:
            raise StoreError(
                f"Cloud Storage cannot hold {key[:80]!r}",
                why="a key has 1 to 1,024 bytes, and no NUL",
                hint="rename the file or a folder above it, to a shorter name",
            )
        if "\r" in key or "\n" in key or name in (".", "..") or name.startswith(".well-known/acme-challenge/"):
            raise StoreError(
                f"Cloud Storage cannot hold {key[:80]!r}",
                why="it takes no line breaks, no '.' or '..' alone, and nothing below .well-known/acme-challenge/",
                hint="rename the file",
            )
        return name

    def ask(self, doing: str, key: str, method: str, path: str, body: object = None, **params: str) -> Json:
        return self.on_full(doing, key, lambda: self.api.ask(method, path, params, body))

    def resource(self, name: str, doing: str = "read") -> Json:
        """Description of an object. Raises `NotFound`."""
        found = self.ask(doing, name, "GET", self.api.path_of(name), fields=FIELDS)
        self.read(doing, name, lambda: generation_of(found))
        return found

    def read(self, doing: str, name: str, parse: Callable[[], _T]) -> _T:
        """Content of an answer. Raises our error for one that is none of Cloud Storage."""
        try:
            return parse()
        except RequestFailed as error:
            raise self.error(error.failure, doing, name) from None

    def pages(self, doing: str, prefix: str, *, most: int | None = None, **params: str) -> Iterator[Json]:
        """Every page of a listing. `most`: how many names it may give, by default more than anybody has. Raises our
        errors."""
        guard, asked = EndlessListingGuard(most=most), {"prefix": prefix, "maxResults": "1000", **params}
        while True:
            page = self.ask(doing, prefix, "GET", f"{self.api.bucket}/o", **asked)
            more = page.get("nextPageToken")
            try:
                names = _names(page, prefix)
                if more:
                    guard.page(names)
            except RequestFailed as error:
                raise self.error(error.failure, doing, prefix) from None
            yield page
            if not more:
                return
            asked["pageToken"] = str(more)

    def condition(self, name: str, mode: WriteMode) -> dict[str, str]:
        """The parameter that makes a write depend on what is there, by its generation.

        Looks first where the expected version is named by its MD5. Raises `PreconditionFailed`.
        """
        if isinstance(mode, Overwrite):
            return {}
        if isinstance(mode, Create):
            return {"ifGenerationMatch": "0"}
        return {"ifGenerationMatch": self.generation(name, mode.etag)}

    def generation(self, name: str, etag: str) -> str:
        """The generation of the object that has this ETag now. Raises `PreconditionFailed`."""
        if etag.isdecimal() and etag.isascii() and len(etag) < 20:
            return etag
        try:
            found = self.resource(name)
        except NotFound:
            found = None
        if found is None or token_of(found) != etag:
            raise self.error(Failure("answer", 412), "write", name)
        return generation_of(found)

    def error(self, failure: Failure, doing: str, key: str) -> StoreError:
        """Our error for a failure: "could not <doing> <key>"."""
        if failure.status == 404 and failure.code != "NoSuchBucket":
            failure = self._which(failure)
        lost = self.credentials.failure
        if isinstance(lost, StoreError) and failure.cause in ("other", "credentials"):
            return lost
        target = Target(self.url, self.address.bucket, self.address.base, self.api.proxy)
        return translate(failure, target, doing, key)

    def _which(self, failure: Failure) -> Failure:
        """A missing bucket and a missing object have the same status: a listing tells them apart."""
        try:
            self.api.ask("GET", f"{self.api.bucket}/o", {"maxResults": "1", "fields": "kind"})
        except Exception as error:  # noqa: BLE001 - whatever it is, the first failure was one already
            if from_google(error).status == 404:
                return Failure("answer", 404, "NoSuchBucket", failure.message)
        return Failure("answer", 404, "NoSuchKey", failure.message)


def _names(page: Json, prefix: str) -> list[str]:
    """Names on a page of a listing. Raises `RequestFailed` for a page that is none of Cloud Storage, or of another
    place: whoever reads it relies on the form."""
    items, prefixes = page.get("items", []), page.get("prefixes", [])
    well = (
        isinstance(items, list) and isinstance(prefixes, list) and len(str(page.get("nextPageToken", ""))) < MOST_TOKEN
    )
    named = [item.get("name") if isinstance(item, dict) else None for item in items] if well else [None]
    told = [*named, *(prefixes if well else ())]
    if not all(isinstance(name, str) and name.startswith(prefix) for name in told):
        raise RequestFailed(Failure("not_s3"))
    return [*(f"{item['name']}#{item.get('generation')}" for item in items), *prefixes]


def is_refused(failure: Failure) -> bool:
    """True if the condition of a request did not hold."""
    return kind_of(failure) is PreconditionFailed


def date_of(answer: Mapping[str, Any]) -> datetime | None:
    """The store's clock at the time of an answer."""
    return http_date(answer.get("date"))
