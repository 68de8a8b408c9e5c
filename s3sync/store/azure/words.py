"""Words for tiers, which stand where S3 has storage classes."""

from __future__ import annotations

from s3sync.errors import Unsupported

TIERS = ("Hot", "Cool", "Cold", "Archive")
HOT, ARCHIVE = "Hot", "Archive"


def require_tier(storage_class: str | None) -> None:
    """Raise `Unsupported` for a class that Azure does not know. Its own words are spelled as Azure spells them."""
    if storage_class is not None and storage_class not in TIERS:
        raise Unsupported(f"Azure has no storage class {storage_class[:40]!r}", hint=f"use one of {', '.join(TIERS)}")
