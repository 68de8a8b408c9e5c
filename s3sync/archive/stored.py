"""Sizes of archives as their store bills them."""

from __future__ import annotations

from s3sync.config import Settings
from s3sync.core.sealed import sealed_size


def size_there(settings: Settings, size: int, objects: int = 1) -> int:
    """Bytes that the settings' store bills for so many in so many objects: what an encrypted one has is larger."""
    if settings.archives_of is None:
        return size
    each, rest = divmod(size, objects)
    return (objects - 1) * sealed_size(each) + sealed_size(each + rest)
