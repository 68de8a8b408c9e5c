"""Abilities of some stores beyond the port: small protocols, found through whatever is wrapped around a store.

`aspect(store, Presigns)` is None where a store lacks it; `require_aspect` raises the error that says so. A store offers
its aspects as objects of their own (`Offers`), so that what nobody asks for is never imported. `tests/contract/` runs
on each of them, for every store that has it. All methods raise `StoreError` and its children.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from s3sync.core.checksum import Checksum
from s3sync.errors import Unsupported
from s3sync.store.port import Bucket, ObjectHead, ObjectInfo, Reader, Store
from s3sync.store.wrapped import Wrapped, hides_inner, refusal_of

T = TypeVar("T")


class Version(Struct, frozen=True):
    """One version of an object, or a delete marker (of no bytes). The latest is what everybody sees under the key.

    `until` is when it was replaced or deleted, None while it stands and where the store does not tell it."""

    key: str
    version_id: str
    size: int
    etag: str
    modified: datetime
    is_latest: bool
    is_marker: bool
    storage_class: str | None = None
    until: datetime | None = None


@runtime_checkable
class Versions(Protocol):
    """Keep what was replaced and deleted, where the bucket is set so."""

    def keeps_versions(self) -> bool:
        """True if its bucket has, or had, versioning; also when it does not say."""

    def list_versions(self, prefix: str, *, alone: bool = False) -> Iterator[Version]:
        """Every version and delete marker below a prefix, the newest of each key first; `alone`: of that key."""

    def head_version(self, key: str, version_id: str) -> ObjectHead:
        """Describe one version. Raises `NotFound`; of a delete marker that or another `StoreError`."""

    def get_version(self, key: str, version_id: str) -> Reader:
        """The bytes of one version. Raises `NotFound`, also for a delete marker."""

    def delete_version(self, key: str, version_id: str) -> None:
        """Delete one version for good."""


class Link(Struct, frozen=True):
    """A URL that works without credentials until `expires`."""

    url: str
    expires: datetime


class Form(Struct, frozen=True):
    """Form with which a browser posts a file: `fields` go before the file, which gets the name `key` in the store."""

    url: str
    fields: Mapping[str, str]
    key: str
    expires: datetime


@runtime_checkable
class Presigns(Protocol):
    """Make links that work without credentials. No request is made, so nothing tells whether the object is there.

    A link ends with the session that signed it, if that is sooner; `expires` says which. The longest is 7 days.
    """

    def presign_get(
        self, key: str, *, lasts: timedelta, download_as: str | None = None, content_type: str | None = None
    ) -> Link:
        """A link to an object. `download_as`: have browsers save it under that name instead of showing it."""

    def presign_put(self, key: str, *, lasts: timedelta) -> Link:
        """A link to which a whole object may be put (S3: up to 5 GiB), replacing what is there."""

    def presign_post(self, key: str, *, lasts: timedelta, most_bytes: int) -> Form:
        """A form that stores one file of up to `most_bytes` under exactly this key."""


@runtime_checkable
class Tags(Protocol):
    """Keep a few names with values beside an object, which lifecycle rules can go by (S3: up to 10).

    `Headers.tags` sets them with the object. They do not change its ETag.
    """

    def get_tags(self, key: str) -> dict[str, str]:
        """Raises `NotFound`."""

    def put_tags(self, key: str, tags: Mapping[str, str]) -> None:
        """Replace all tags of an object; with none, remove them. Raises `NotFound`."""


@runtime_checkable
class StorageClasses(Protocol):
    """Keep objects at different prices; `of_any_size`: also above 5 GiB. `Headers.storage_class` chooses one."""

    of_any_size: bool

    def change_class(self, key: str, storage_class: str, *, etag: str) -> str:
        """Move an object that still has this ETag to another class, and return its ETag from then on.

        Metadata and tags stay. Raises `NotFound`, `PreconditionFailed`, `Archived` for a cold one that is not thawed,
        and `Unsupported` for a class that the store does not know.
        """


class Tier(StrEnum):
    """Speed at which an object is thawed, and with it the price."""

    BULK, STANDARD, EXPEDITED = "Bulk", "Standard", "Expedited"


class ThawState(StrEnum):
    """True if an object can be read."""

    WARM, COLD, THAWING, THAWED = "warm", "cold", "thawing", "thawed"
    """Warm is what has a class that need not be thawed. Thawed is until `Thaw.until`."""


class Thaw(Struct, frozen=True):
    """Coldness of an object. `until`: when its thawed copy ends; `size`: its bytes, which a thaw bills. As told."""

    state: ThawState
    storage_class: str
    until: datetime | None = None
    size: int | None = None


@runtime_checkable
class Thaws(Protocol):
    """Make archived objects readable for some days."""

    def thaw_of(self, key: str) -> Thaw:
        """Raises `NotFound`."""

    def thaw(self, key: str, *, days: int, tier: Tier) -> Thaw:
        """Begin to thaw an object, and say how it stands then. Of one that is thawed already the days are counted anew.

        Repeating it is no error, nor is thawing what is warm. Raises `NotFound`, and `Unsupported` for a tier it lacks.
        """

    def list_thaws(
        self, prefix: str, until: Collection[str] = (), *, after: str = ""
    ) -> Iterator[tuple[ObjectInfo, Thaw | None]]:
        """Every object below a prefix with its state, a page a request; None where the store does not say in listings:
        then ask `thaw_of`. Begins and ends as `ListsInPieces.list_until` does."""

    def list_folder(self, prefix: str) -> Iterator[tuple[ObjectInfo, Thaw | None] | str]:
        """Objects with no `/` behind the prefix, as `list_thaws` gives them, and the prefixes of the folders there."""


Rule = Mapping[str, Any]
"""A rule of lifecycle or CORS as S3 writes it: what we do not know of it stays as it is."""


@runtime_checkable
class Administers(Protocol):
    """Create and set up the bucket behind the store. Prefixes and rules are the bucket's own, from its root.

    Reading raises where there is no answer, so that nobody replaces what he was not allowed to see.
    """

    def bucket_exists(self) -> bool:
        """Raises `AccessDenied` for one that is somebody else's."""

    def create_bucket(self) -> None:
        """In the store's region. One that is there and one's own is no error."""

    def lifecycle_rules(self) -> list[Rule]:
        """All of them, enabled or not."""

    def put_lifecycle_rules(self, rules: Sequence[Rule]) -> None:
        """Replace all rules; with none, remove them. Read, merge and write: others have rules too."""

    def cors_rules(self) -> list[Rule]: ...
    def put_cors_rules(self, rules: Sequence[Rule]) -> None:
        """Replace all rules; with none, remove them."""

    def versioning_status(self) -> str | None:
        """ "Enabled", "Suspended", or None while nobody has set it."""

    def set_versioning(self, *, enabled: bool) -> None:
        """A bucket that had versioning can only suspend it."""

    def blocks_public_access(self) -> bool:
        """True if all four locks are closed."""

    def block_public_access(self) -> None: ...
    def default_encryption(self) -> str | None:
        """The algorithm, as "AES256" or "aws:kms"."""

    def encrypt_by_default(self, algorithm: str, kms_key_id: str | None = None) -> None: ...


class AccessKey(Struct, frozen=True):
    """One key of a user, without its secret."""

    id: str
    is_active: bool
    created: datetime | None


@runtime_checkable
class Accounts(Protocol):
    """Make users of the account behind the bucket, where this user may."""

    def has_user(self, user: str) -> bool: ...
    def create_user(self, user: str) -> None: ...
    def user_policy(self, user: str, name: str) -> dict[str, Any] | None: ...
    def put_user_policy(self, user: str, name: str, document: dict[str, Any]) -> None: ...
    def keys_of(self, user: str) -> list[AccessKey]: ...
    def create_key(self, user: str) -> tuple[str, str]:
        """Id and secret, which no store tells a second time."""


@runtime_checkable
class WholeChecksums(Protocol):
    """A store that verifies a checksum over a whole object, however many parts it came in, and tells it later."""

    def new_checksum(self, after: str | None = None) -> Checksum | None:
        """One to feed with the object's bytes, from the first to the last; None where its library is missing.

        `after`: the value of one that was fed with the bytes before, to go on from there.
        """

    def verifies(self, upload_id: str) -> bool:
        """True if the store agreed to verify the whole of an upload that was begun or listed by this process."""

    def checksum_of(self, key: str) -> str | None:
        """Checksum that the store keeps of a whole object, or None. Raises `NotFound`."""


class TimedBody(Struct, frozen=True):
    """A small object, and the store's clock at the same answer, None where it told none. A larger one has no `body`."""

    info: ObjectInfo
    body: bytes | None
    now: datetime | None


@runtime_checkable
class ReadsTimed(Protocol):
    """Read an object together with the time, so that its age is by one clock."""

    def read_timed(self, key: str, most_bytes: int) -> TimedBody:
        """Raises `NotFound`."""


@runtime_checkable
class Offers(Protocol):
    """A store with aspects that are objects of their own."""

    def offers(self, kind: type[T]) -> T | None:
        """The aspect; None for one that the store lacks."""


_LACKS: dict[type, str] = {
    Versions: "keeps no versions",
    Presigns: "makes no links that work without credentials",
    Tags: "has no tags",
    StorageClasses: "has no storage classes",
    Thaws: "has no cold storage to thaw from",
    Administers: "has no bucket to set up",
    Accounts: "has no users of its own",
    Bucket: "has no bucket to ask",
    ReadsTimed: "does not tell the time",
}


@runtime_checkable
class ListsOnce(Protocol):
    """A store that asks twice before it calls a place empty."""

    def list_once(self, prefix: str) -> Iterator[ObjectInfo]:
        """List as `list` does, but believe an answer without any key. It may be an error that looks like one."""


@runtime_checkable
class ListsInPieces(Protocol):
    """A store whose listing can begin behind any key, so that several pieces of it can be asked for side by side."""

    def list_until(self, prefix: str, until: Collection[str], *, after: str = "") -> Iterator[ObjectInfo]:
        """List as `list` does, behind a key in the store's own order, and end with the first of the keys `until`.

        Some stores (SeaweedFS) order folder by folder, and not as UTF-8: only keys that were given tell what is behind.
        """


@runtime_checkable
class Timed(Protocol):
    """A store that is far away, more or less."""

    @property
    def round_trip_s(self) -> float | None:
        """Time that its quickest answer took so far; None when it has given none."""

    @property
    def breaks(self) -> int:
        """Number of connections that broke so far while a request was under way on them."""


def aspect(store: Store, kind: type[T]) -> T | None:
    """Find an aspect of a store, or of the one that is wrapped in it; None where none has it."""
    found: object = store
    while True:
        if isinstance(found, kind):
            return found
        offered = found.offers(kind) if isinstance(found, Offers) else None
        if offered is not None or not isinstance(found, Wrapped) or hides_inner(found):
            return offered
        found = found.inner


def require_aspect(store: Store, kind: type[T]) -> T:
    """An aspect. Raises `Unsupported` where the store lacks it."""
    found = aspect(store, kind)
    if found is None:
        raise refusal_of(store, kind) or Unsupported(
            f"{store.url} {_LACKS.get(kind, 'has nothing that could do it')}",
            why="a store of this kind cannot do that",
            hint="use a store that can, such as a bucket on S3",
        )
    return found
