"""Aspects of Azure beyond the port, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from s3sync.store.aspects import Presigns, ReadsTimed, StorageClasses, Tags, Thaws
from s3sync.store.azure.requests import Requests
from s3sync.store.port import Bucket
from s3sync.store.whole_md5 import TellsWholeMd5


def _bucket(io: Requests) -> Bucket:
    from s3sync.store.azure.bucket import AzureContainer

    return AzureContainer(io)


def _presigns(io: Requests) -> Presigns:
    from s3sync.store.azure.presign import AzurePresigns

    return AzurePresigns(io)


def _tags(io: Requests) -> Tags:
    from s3sync.store.azure.tags import AzureTags

    return AzureTags(io)


def _classes(io: Requests) -> StorageClasses:
    from s3sync.store.azure.tiers import AzureClasses

    return AzureClasses(io)


def _thaws(io: Requests) -> Thaws:
    from s3sync.store.azure.tiers import AzureThaws

    return AzureThaws(io)


def _reads_timed(io: Requests) -> ReadsTimed:
    from s3sync.store.azure.timed import AzureReadsTimed

    return AzureReadsTimed(io)


def _tells_md5(io: Requests) -> TellsWholeMd5:
    from s3sync.store.azure.told import AzureMd5s

    return AzureMd5s(io)


OFFERED: Mapping[type, Callable[[Requests], Any]] = {
    Bucket: _bucket,
    Presigns: _presigns,
    ReadsTimed: _reads_timed,
    StorageClasses: _classes,
    Tags: _tags,
    TellsWholeMd5: _tells_md5,
    Thaws: _thaws,
}
