"""Replication of a bucket, and roles for what AWS does by itself: aspects of stores on AWS (`aspects.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from s3sync.errors import Unsupported
from s3sync.store.aspects import aspect
from s3sync.store.port import Store


class Replication(Struct, frozen=True):
    """Replication of a bucket as it is set: the ARN of the role that does it, and the rules as S3 writes them."""

    role: str = ""
    rules: tuple[Mapping[str, Any], ...] = ()


@runtime_checkable
class Replicates(Protocol):
    """Have the bucket replicated to others."""

    def replication(self) -> Replication:
        """All rules, with their one role; none of either where nobody has set any."""

    def put_replication(self, role: str, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace all rules, and the role. Read, merge and write: others have rules too."""

    def replication_of(self, key: str) -> str | None:
        """State of an object: "PENDING", "COMPLETED", "FAILED", "REPLICA", or None for one that no rule met when it
        was put. Raises `NotFound`."""


@runtime_checkable
class Roles(Protocol):
    """Make roles of the account behind the bucket, where this user may."""

    def role_arn(self, role: str) -> str | None: ...
    def create_role(self, role: str, trust: Mapping[str, Any]) -> str:
        """The ARN of the new role."""

    def role_policy(self, role: str, name: str) -> dict[str, Any] | None: ...
    def put_role_policy(self, role: str, name: str, document: Mapping[str, Any]) -> None: ...


def require_replicates(store: Store) -> Replicates:
    """The aspect of a store. Raises `Unsupported` for one that is replicated by nobody."""
    found = aspect(store, Replicates)
    if found is None:
        raise Unsupported(
            f"{store.url} has no bucket that could be replicated",
            why="a store of this kind cannot do that",
            hint="copy the folder by other means",
        )
    return found
