"""A store as a worker opens it: what names it, with the credentials that the worker has itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.carrier import Carrier, open_carrier
from s3sync.archive.catalogue.database import catalogue_path
from s3sync.archive.journal import Journal
from s3sync.archive.work import JOURNAL
from s3sync.disk.errors import local_errors
from s3sync.errors import BucketMissing
from s3sync.store import StoreOptions, Wire, identity_of, open_store
from s3sync.transfer.flow import CEILING
from s3sync.transfer.pace import pace_at


class Where(Struct, frozen=True):
    """Name of a store, and how fast a worker may go. `identity`: id of a folder store, to tell its disk."""

    store: str
    region: str | None
    endpoint: str | None
    profile: str | None
    wire: Wire
    user: str
    identity: str | None = None
    bwlimit: object = None
    transfers: int | None = None
    credentials_path: str | None = None
    credentials_env: str | None = None
    """Place of the worker's own credential, for stores that name one."""


@contextmanager
def opened(where: Where, mark: str | None = None) -> Iterator[Carrier]:
    """A carrier on the store. Raises `BucketMissing` for a folder store on another disk, `StoreError`.

    `mark`: id by which objects of this task are known to whoever does it once more.
    """
    pace = pace_at(where.bwlimit)
    options = StoreOptions(
        where.region,
        where.endpoint,
        where.profile,
        env=os.environ,
        wire=where.wire,
        pace=pace,
        credentials_path=where.credentials_path,
        credentials_env=where.credentials_env,
    )
    store = open_store(where.store, options)
    if where.identity is not None and identity_of(store) != where.identity:
        raise BucketMissing(
            f"another disk is at {where.store}",
            why="the worker sees another store there than the one that was asked about",
            hint="mount the same disk at the same path on every worker",
        )
    with open_carrier(store, where.user, pace=pace, workers=where.transfers or CEILING) as carrier:
        yield replace(carrier, mark=mark)


@contextmanager
def own_journal(where: Where) -> Iterator[Journal]:
    """The worker's own memory of uploads to the store that are under way: on the asking computer it is that one's."""
    room = catalogue_path(where.store, where.endpoint, os.environ).with_suffix(".work")
    with local_errors("cannot use", room, hint="make the folder yours and writable"):
        Path(room).mkdir(parents=True, exist_ok=True, mode=0o700)
    with Journal(room / JOURNAL) as journal:
        yield journal
