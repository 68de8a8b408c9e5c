"""Tags of blobs, by which lifecycle rules and searches can go: up to ten, as on S3."""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.store.azure.requests import Requests


class AzureTags:
    """`aspects.Tags` of a container."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def get_tags(self, key: str) -> dict[str, str]:
        name = self._io.key(key)
        return dict(self._io.on_full("read the tags of", name, lambda: self._io.full.blob(name).get_blob_tags()) or {})

    def put_tags(self, key: str, tags: Mapping[str, str]) -> None:
        name, doing = self._io.key(key), "tag" if tags else "remove the tags of"
        self._io.on_full(doing, name, lambda: self._io.full.blob(name).set_blob_tags(dict(tags)))
