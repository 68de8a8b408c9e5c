"""Tiers of Azure, which stand where S3 has storage classes, and bringing back what is archived.

Source: https://learn.microsoft.com/rest/api/storageservices/set-blob-tier
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from s3sync.errors import Archived, PreconditionFailed
from s3sync.store.aspects import Thaw, ThawState, Tier
from s3sync.store.azure.answers import info_of
from s3sync.store.azure.blocks import RECORDS
from s3sync.store.azure.errors import HINTS
from s3sync.store.azure.requests import Requests
from s3sync.store.azure.words import ARCHIVE, HOT, require_tier
from s3sync.store.lanes.headers import strip
from s3sync.store.port import ObjectInfo


class AzureClasses:
    """`aspects.StorageClasses` of a container."""

    of_any_size = True

    def __init__(self, io: Requests) -> None:
        self._io = io

    def change_class(self, key: str, storage_class: str, *, etag: str) -> str:
        """Move a blob to another tier, which leaves its ETag as it is.

        Azure takes no condition with that: the ETag is compared before, and once more afterwards.
        """
        require_tier(storage_class)
        name, doing = self._io.key(key), f"move to {storage_class}"
        there = self._io.on_full(doing, name, lambda: self._io.full.head(name))
        self._require(there, name, etag)
        if _tier_of(there) == ARCHIVE and storage_class != ARCHIVE:
            raise Archived(
                f"could not {doing} {self._io.container_url}/{name}",
                why="it is archived, and comes back by a thaw alone",
                hint=HINTS[Archived],
            )
        set_tier(self._io, name, storage_class, doing)
        self._require(self._io.on_full(doing, name, lambda: self._io.full.head(name)), name, etag)
        return etag

    def _require(self, there: Any, name: str, etag: str) -> None:
        if strip(there.etag) != etag:
            raise PreconditionFailed(f"{self._io.container_url}/{name} is not the version that was expected")


def set_tier(io: Requests, name: str, tier: str, doing: str, priority: str | None = None) -> None:
    from azure.storage.blob import RehydratePriority, StandardBlobTier

    more = {"rehydrate_priority": RehydratePriority(priority)} if priority else {}
    io.on_full(doing, name, lambda: io.full.blob(name).set_standard_blob_tier(StandardBlobTier(tier), **more))


class AzureThaws:
    """`aspects.Thaws` of a container. What is thawed is Hot from then on, for good: Azure makes no copy for some days.

    Hot, as reading from it costs nothing and it may leave again at once; it may go back to Archive by its class.
    """

    def __init__(self, io: Requests) -> None:
        self._io = io

    def thaw_of(self, key: str) -> Thaw:
        name = self._io.key(key)
        return _thaw_of(self._io.on_full("ask about", name, lambda: self._io.full.head(name)))

    def thaw(self, key: str, *, days: int, tier: Tier) -> Thaw:
        """Begin to bring a blob back: with high priority for an expedited thaw, within an hour up to 10 GB, else within
        15 hours (https://learn.microsoft.com/azure/storage/blobs/archive-rehydrate-overview)."""
        now = self.thaw_of(key)
        if now.state is not ThawState.COLD:
            return now
        set_tier(self._io, self._io.key(key), HOT, "thaw", "High" if tier is Tier.EXPEDITED else "Standard")
        return self.thaw_of(key)

    def list_thaws(
        self, prefix: str, until: Collection[str] = (), *, after: str = ""
    ) -> Iterator[tuple[ObjectInfo, Thaw | None]]:
        root = self._io.root
        ends = {root + key for key in until}
        for item in self._io.items("list", root + prefix, after=root + after if after else ""):
            if not item.name.startswith(root + RECORDS):
                yield _listed(item, item.name[len(root) :])
            if item.name in ends:
                return

    def list_folder(self, prefix: str) -> Iterator[tuple[ObjectInfo, Thaw | None] | str]:
        root = self._io.root
        for item in self._io.walk("list", root + prefix):
            key = item.name[len(root) :]
            if not key.startswith(RECORDS):
                yield _listed(item, key) if hasattr(item, "etag") else key


def _tier_of(item: Any) -> str:
    return str(getattr(item.blob_tier, "value", item.blob_tier) or HOT)


def _thaw_of(item: Any) -> Thaw:
    tier = _tier_of(item)
    if item.archive_status:
        return Thaw(ThawState.THAWING, tier, size=item.size)
    return Thaw(ThawState.COLD if tier == ARCHIVE else ThawState.WARM, tier, size=item.size)


def _listed(item: Any, key: str) -> tuple[ObjectInfo, Thaw | None]:
    return info_of(key, item), _thaw_of(item)
