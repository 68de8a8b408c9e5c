"""Aspects of Google Cloud Storage beyond the port, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from s3sync.store.aspects import Presigns, ReadsTimed, StorageClasses, Versions
from s3sync.store.gcs.requests import Requests


def _presigns(io: Requests) -> Presigns:
    from s3sync.store.gcs.presign import GcsPresigns

    return GcsPresigns(io)


def _classes(io: Requests) -> StorageClasses:
    from s3sync.store.gcs.classes import GcsClasses

    return GcsClasses(io)


def _versions(io: Requests) -> Versions:
    from s3sync.store.gcs.versions import GcsVersions

    return GcsVersions(io)


def _reads_timed(io: Requests) -> ReadsTimed:
    from s3sync.store.gcs.timed import GcsReadsTimed

    return GcsReadsTimed(io)


OFFERED: Mapping[type, Callable[[Requests], Any]] = {
    Presigns: _presigns,
    ReadsTimed: _reads_timed,
    StorageClasses: _classes,
    Versions: _versions,
}
