"""Jobs that a store does by itself on many objects: an aspect of buckets on AWS (`aspects.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from s3sync.errors import Unsupported
from s3sync.store.aspects import aspect
from s3sync.store.port import Store

ENDED = ("Complete", "Failed", "Cancelled")
"""States in which a job stays."""


class Order(Struct, frozen=True):
    """Order for a job. `operation` is S3's own. `token`: asked for twice with the same one, it is one job.

    `manifest` is the key of the CSV file that lists the objects, `etag` its ETag. Reports go below `reports`, a
    prefix. `role` is the name of the role that does it.
    """

    operation: Mapping[str, Any]
    token: str
    manifest: str
    etag: str
    reports: str
    role: str
    description: str


class JobState(Struct, frozen=True):
    """State of a job by the store's word. `why` is said of one that failed or waits for somebody."""

    status: str
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    why: str = ""

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


@runtime_checkable
class Batches(Protocol):
    """Jobs of S3 Batch Operations."""

    def create_job(self, order: Order) -> str:
        """The job's id. Raises `AccessDenied`, `StoreError`."""

    def job(self, job_id: str) -> JobState:
        """Raises `NotFound` for a job that S3 has forgotten, as it does 90 days after its end."""


def require_batches(store: Store) -> Batches:
    """The aspect of a store. Raises `Unsupported` for one that does nothing by itself."""
    found = aspect(store, Batches)
    if found is None:
        raise Unsupported(
            f"{store.url} has no batch operations",
            why="only S3 does such jobs by itself",
            hint="leave --engine out: then this computer does it",
        )
    return found
