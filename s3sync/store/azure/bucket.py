"""Settings of a container, as far as its own keys can ask: the rest belongs to the account, and to the portal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from s3sync.store.azure.requests import Requests
from s3sync.store.azure.timed import date_of
from s3sync.store.port import Retention, Silence

_OF_ACCOUNT = Silence("it is a setting of the account, which the portal shows", True)
_NO_SUCH = Silence("Azure has no such thing", True)


class AzureContainer:
    """`port.Bucket` of a container."""

    def __init__(self, io: Requests) -> None:
        self._io = io
        self.store_time: datetime | None = None

    def first_contact(self, prefix: str) -> None:
        name = self._io.root + prefix

        def note(answer: Any) -> None:
            self.store_time = date_of(answer) or self.store_time

        def ask() -> None:
            pages = self._io.full.container.list_blobs(
                name_starts_with=name, results_per_page=1, raw_response_hook=note
            ).by_page()
            list(next(pages, ()))

        self._io.on_full("list", name, ask)

    def encryption(self) -> str | Silence | None:
        """Azure encrypts everything, and nobody can switch it off
        (https://learn.microsoft.com/azure/storage/common/storage-service-encryption)."""
        return "AES256, by Azure itself"

    def public_access_blocked(self) -> bool | Silence:
        return _OF_ACCOUNT

    def policy_is_public(self) -> bool | Silence:
        return _NO_SUCH

    def acl_is_public(self) -> bool | Silence:
        """True if anybody may read the container's blobs without credentials."""
        found = self._io.on_full("ask about", "", lambda: self._io.full.container.get_container_properties())
        return bool(found.public_access)

    def lifecycle(self, prefix: str) -> list[Mapping[str, Any]] | Silence:
        return _OF_ACCOUNT

    def versioning(self) -> str | Silence | None:
        return _OF_ACCOUNT

    def object_lock(self) -> Retention | bool | Silence:
        found = self._io.on_full("ask about", "", lambda: self._io.full.container.get_container_properties())
        held = bool(found.has_immutability_policy or found.has_legal_hold)
        return (
            Silence("the container has an immutability policy or a legal hold: what is there cannot be replaced", True)
            if held
            else False
        )

    def acceleration(self) -> bool | Silence:
        return _NO_SUCH
