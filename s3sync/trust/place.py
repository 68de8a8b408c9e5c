"""What is agreed to together: the repository here, the store, its server, who signs, and a key that encrypts."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct

from s3sync.config import Settings, mask_url


class Place(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the files of one clone go. `repository` is its folder, so that a moved or second clone is asked again.

    The addresses have no login. `endpoint` is None for AWS and for a folder; `profile` when no profile signs; `kms_key`
    when nobody names one: whoever owns the key can make everything unreadable that was encrypted with it.
    """

    repository: str
    store: str
    endpoint: str | None = None
    profile: str | None = None
    kms_key: str | None = None

    @property
    def unencrypted(self) -> bool:
        """Whether requests go over plain http to another computer."""
        return self.endpoint is not None and self.endpoint.startswith("http://") and not _is_loopback(self.endpoint)

    @property
    def destination(self) -> str:
        """The place in a sentence, as `s3://team at https://s3.example.com with your AWS profile prod`."""
        server = f" at {self.endpoint}" if self.endpoint else ""
        signer = f" with your AWS profile {self.profile}" if self.profile else ""
        key = f", encrypted with the KMS key {self.kms_key}" if self.kms_key else ""
        return f"{self.store}{server}{signer}{key}"

    def changes_since(self, before: Place) -> list[str]:
        """The differences in words. A folder had no server and no profile: a move from one names the store alone."""
        if not before.store.startswith("s3://"):
            return [f"the store was {before.store}"]
        parts = (
            ("the store", before.store, self.store),
            ("the server", before.endpoint or "AWS", self.endpoint or "AWS"),
            ("the AWS profile", before.profile or "none", self.profile or "none"),
            ("the KMS key", before.kms_key or "none", self.kms_key or "none"),
        )
        return [f"{what} was {old}" for what, old, new in parts if old != new]


def place_of(settings: Settings) -> Place:
    """The place that these settings name."""
    on_s3 = settings.store.startswith("s3://")
    return Place(
        repository=str(settings.root or ""),
        store=mask_url(settings.store),
        endpoint=mask_url(settings.endpoint_url) if on_s3 and settings.endpoint_url else None,
        profile=settings.profile if on_s3 and settings.credentials == "profile" else None,
        kms_key=settings.kms_key_id if on_s3 else None,
    )


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
