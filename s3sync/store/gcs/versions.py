"""Versions of a bucket's objects: each is a generation, and a deletion leaves no marker.

Source: https://cloud.google.com/storage/docs/object-versioning
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from s3sync.errors import AccessDenied, NotFound
from s3sync.store.aspects import Version
from s3sync.store.gcs.reading import MULTIPART, MediaReader
from s3sync.store.gcs.requests import Requests
from s3sync.store.gcs.resources import FIELDS, LISTED, generation_of, head_of, info_of, time_of
from s3sync.store.port import ObjectHead, Reader


class GcsVersions:
    """`aspects.Versions` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def keeps_versions(self) -> bool:
        """True also where the right `storage.buckets.get` is lacking, by which one would know."""
        try:
            told = self._io.ask("read the settings of", "", "GET", self._io.api.bucket, fields="versioning")
        except AccessDenied:
            return True
        versioning = told.get("versioning")
        return isinstance(versioning, dict) and versioning.get("enabled") is True

    def list_versions(self, prefix: str, *, alone: bool = False) -> Iterator[Version]:
        name = self._io.root + prefix
        for _, items in groupby(self._items(name, alone), key=lambda item: str(item.get("name", ""))):
            found = [self._one(item, name) for item in items]
            for one in sorted(found, key=lambda one: -int(one.version_id)):
                if one.key == prefix if alone else not one.key.startswith(MULTIPART):
                    yield one

    def _items(self, name: str, alone: bool) -> Iterator[dict[str, Any]]:
        fields = f"nextPageToken,items({LISTED},timeCreated,timeDeleted)"
        for page in self._io.pages("list the versions below", name, versions="true", fields=fields):
            for item in page.get("items", ()):
                if alone and str(item.get("name", "")) > name:
                    return  # keys come in order, and the shortest is the first
                yield item

    def _one(self, item: dict[str, Any], name: str) -> Version:
        return self._io.read("list the versions below", name, lambda: version_of(item, self._io.root))

    def head_version(self, key: str, version_id: str) -> ObjectHead:
        name = self._io.key(key)
        return self._io.read(
            "read a version of", name, lambda: head_of(self._resource(name, version_id), self._io.root)
        )

    def get_version(self, key: str, version_id: str) -> Reader:
        name = self._io.key(key)
        found = self._resource(name, version_id)
        info = self._io.read("read a version of", name, lambda: info_of(found, self._io.root))
        call = self._io.on_full("read a version of", name, lambda: self._io.api.media(name, 0, None, version_id))
        return MediaReader(info, call, lambda failure: self._io.error(failure, "read a version of", name))

    def delete_version(self, key: str, version_id: str) -> None:
        name = self._io.key(key)
        try:
            self._io.ask(
                "delete a version of", name, "DELETE", self._io.api.path_of(name), generation=self._id(name, version_id)
            )
        except NotFound:
            return

    def _resource(self, name: str, version_id: str) -> dict[str, Any]:
        generation = self._id(name, version_id)
        return self._io.ask(
            "read a version of", name, "GET", self._io.api.path_of(name), fields=FIELDS, generation=generation
        )

    def _id(self, name: str, version_id: str) -> str:
        """Raises `NotFound` for what no version of Google Cloud is called."""
        if not (version_id.isascii() and version_id.isdecimal() and len(version_id) < 20):
            raise NotFound(f"gs://{self._io.address.bucket}/{name} has no version {version_id[:40]!r}")
        return version_id


def version_of(item: dict[str, Any], root: str) -> Version:
    """One generation, as a listing tells it. Raises `RequestFailed` where that is no answer of Cloud Storage."""
    info, until = info_of(item, root), time_of(item, "timeDeleted")
    since = time_of(item, "timeCreated") or info.modified
    is_latest = until is None
    return Version(
        info.key, generation_of(item), info.size, info.etag, since, is_latest, False, info.storage_class, until
    )
