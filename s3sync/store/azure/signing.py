"""Shared access signatures for one blob
(https://learn.microsoft.com/rest/api/storageservices/create-service-sas)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from s3sync.store.azure.address import Address


def sign(address: Address, key: str, name: str, expires: datetime, **more: Any) -> str:
    """The query of a URL that lets anybody read one blob until then. `more` are headers that the answer is to have."""
    from azure.storage.blob import generate_blob_sas

    return str(
        generate_blob_sas(
            address.account,
            address.container,
            name,
            account_key=key,
            permission="r",
            expiry=expires,
            protocol="https" if address.encrypted else None,
            **more,
        )
    )
