"""Links that work without credentials: shared access signatures of an account's key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from s3sync.store.azure.address import Address


def sign(address: Address, key: str, name: str, *, seconds: int, permission: str = "r", **more: Any) -> str:
    """The query of a URL that gives access to one blob until it ends
    (https://learn.microsoft.com/rest/api/storageservices/create-service-sas)."""
    from azure.storage.blob import generate_blob_sas

    return generate_blob_sas(
        address.account,
        address.container,
        name,
        account_key=key,
        permission=permission,
        expiry=datetime.now(UTC) + timedelta(seconds=seconds),
        protocol="https" if address.encrypted else None,
        **more,
    )
