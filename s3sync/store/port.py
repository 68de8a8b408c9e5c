"""Port to object storage. `tests/contract/` is its specification; every adapter passes it.

Keys are UTF-8 strings relative to the store's root, with `/` between segments and none in front. Sizes and
offsets are bytes. ETags are without quotation marks and opaque, except where `ObjectHead.etag_is_md5` says more.
All methods may be called from several threads at once, and raise only `s3sync.errors.StoreError` and its children; a
store on a disk also raises `DiskFull`. What passes by itself (a broken connection, a busy server) was tried again
before it is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias, runtime_checkable

from msgspec import Struct, field

Buffer: TypeAlias = bytes | bytearray | memoryview


class Body(Protocol):
    """Body of a request that is too large for memory: bytes that can be read again after `seek(0)`."""

    def __len__(self) -> int: ...
    def read(self, size: int | None = None) -> Buffer: ...
    def seek(self, offset: int, whence: int = 0) -> int: ...
    def tell(self) -> int: ...


class Pace(Protocol):
    """A limit on the speed of both directions; the methods wait until so many bytes may pass."""

    def send(self, n: int) -> None: ...
    def receive(self, n: int) -> None: ...


class Unlimited:
    """No limit."""

    def send(self, n: int) -> None: ...
    def receive(self, n: int) -> None: ...


class Capabilities(Struct, frozen=True):
    """Operations of the port that a store has. What it can do beyond the port are its aspects (`aspects.py`)."""

    conditional_writes: bool = False
    multipart: bool = False
    copy_part: bool = False
    metadata: bool = True
    """True if it keeps metadata beside an object."""


class Create(Struct, frozen=True):
    """Write only if the key is absent (If-None-Match: *)."""


class Overwrite(Struct, frozen=True):
    """Write whatever is there."""


class Update(Struct, frozen=True):
    """Write only over the version with this ETag (If-Match)."""

    etag: str


WriteMode: TypeAlias = Create | Overwrite | Update


class ObjectInfo(Struct, frozen=True):
    """Entry of a listing.

    `modified` is the store's time in UTC, to the store's resolution. `storage_class` is None where it is the usual one
    or was not told: a listing may leave it out.
    """

    key: str
    size: int
    etag: str
    modified: datetime
    storage_class: str | None = None


class ObjectHead(Struct, frozen=True):
    """Answer of HEAD. Metadata keys are lower case, without `x-amz-meta-`.

    `etag_is_md5` is False for multipart objects and for those encrypted with KMS or a customer's key.
    """

    info: ObjectInfo
    metadata: Mapping[str, str]
    content_type: str | None
    etag_is_md5: bool


class Headers(Struct, frozen=True):
    """Headers that are stored with an object. Metadata values are any text; adapters encode what a header cannot carry.

    A store without the aspect `Tags` raises `Unsupported` for an object with `tags`.
    """

    metadata: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    storage_class: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Written(Struct, frozen=True):
    """Answer of a store that has stored an object. `at` is the time by its own clock, None where it told none.

    `version_id` is that of the object in a bucket that keeps versions, as far as the answer told it.
    """

    etag: str
    at: datetime | None = None
    version_id: str | None = None


class Part(Struct, frozen=True):
    """One part of a multipart upload, numbered from 1."""

    number: int
    size: int
    etag: str


class Upload(Struct, frozen=True):
    """An unfinished multipart upload."""

    key: str
    upload_id: str
    started: datetime


class Reader(Protocol):
    """The answer to a GET: iterate over its chunks inside `with`; leaving early closes the connection.

    A body that ends before its announced length raises `ChecksumMismatch`; one that breaks off, `Unreachable`.
    """

    @property
    def info(self) -> ObjectInfo:
        """The whole object's size and ETag, also when a range was asked for."""

    def __iter__(self) -> Iterator[Buffer]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Store(Protocol):
    """An object store, rooted at a bucket, a prefix of one, or a folder."""

    @property
    def url(self) -> str:
        """Address as the user wrote it, without credentials: `s3://bucket/prefix`, `file:///path`."""

    @property
    def capabilities(self) -> Capabilities: ...

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        """All objects whose key begins with `prefix` (which ends in `/` or is empty), in any order.

        `after`: only those whose key comes behind this one (a whole key) in the order of UTF-8, without listing others.

        Every page is fetched or an error is raised: the caller may take the end for the end. Keys come as they are
        stored, however odd, folder markers (`cut/`, empty) among them. A prefix under which nothing is stored yields
        nothing; a bucket that is not there is `BucketMissing`.
        """

    def folders(self, prefix: str) -> Iterator[str]:
        """The names between `prefix` (as for `list`) and the next `/`, of all keys below it that have one; each once.

        In any order, complete as a listing is, and without listing what is below them. Names come as they are stored,
        however odd: whoever uses one as a path's segment must ask whether it can be one. A store on a disk may name
        folders that hold nothing.
        """

    def head(self, key: str) -> ObjectHead:
        """Raises `NotFound`."""

    def first_part_size(self, key: str) -> int | None:
        """The size of part 1 of a multipart object, None where the store cannot tell, or no MD5s make its ETag."""

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        """Bytes `start` up to (not including) `stop`, or to the end if that comes first; none beyond the end.

        Raises `NotFound`; `PreconditionFailed` when the object no longer has the ETag `if_match`, `Unchanged` when it
        still has the ETag `if_none_match`; `Archived`.
        """

    def put(
        self,
        key: str,
        body: Buffer | Body,
        *,
        mode: WriteMode,
        headers: Headers,
        md5: bytes,
        timed: bool = False,
    ) -> Written:
        """Store a whole object and return its ETag. `md5` (16 bytes) is the body's; the server must hold those bytes.

        `timed`: also return the store's time, at the cost of a slower way where the quick one does not tell it.

        Raises `PreconditionFailed` when `mode` does not hold, `ChecksumMismatch` when other bytes arrived: then what
        is stored, if anything, is not to be trusted. A conditional write whose answer was lost counts as done if the
        object holds this body, so a body that takes part in a race should be its writer's alone.
        """

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        """Copy on the server, if the source still has that ETag. None keeps the source's headers. A store without
        `Capabilities.copy_part` takes any size (S3: up to 5 GiB).

        Raises `NotFound` for the source, `PreconditionFailed` for source or target.
        """

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        """Delete an object. One that is not there is no error without `if_match`, and `PreconditionFailed` with it."""

    def start_upload(self, key: str, headers: Headers) -> str:
        """Begin a multipart upload and return its id."""

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        """Send one part (5 MiB to 5 GiB, the last may be smaller) and return its ETag. Raises `NotFound`.

        The part carries a checksum that the server verifies.
        """

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        """Make a part from bytes of another object, if that still has the ETag. The part's ETag is opaque.

        Raises `NotFound` for the source or the upload, `PreconditionFailed`.
        """

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        """All parts that arrived, every page, by number; each number once. Raises `NotFound`."""

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        """Make the object of its parts. Raises `PreconditionFailed`, `NotFound`.

        `checksum` is the whole object's, by `aspects.WholeChecksums`; a store with that aspect raises
        `ChecksumMismatch` when what arrived has another. Others ignore it.

        Completing again what was completed (the answer was lost, the program was killed) returns its ETag, as far
        as it can be told from the parts.
        """

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Drop an unfinished upload. One that is gone already is no error."""

    def list_uploads(self, prefix: str) -> Iterator[Upload]:
        """All unfinished uploads below a prefix, every page."""


class Silence(Struct, frozen=True):
    """A question that the store does not answer: `allowed` False names the right that is missing, else what it said."""

    why: str
    allowed: bool


class Retention(Struct, frozen=True):
    """Time for which a bucket keeps each new version of an object, whoever deletes it: `mode` GOVERNANCE or COMPLIANCE.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """

    mode: str
    days: int


@runtime_checkable
class Bucket(Protocol):
    """Settings of a bucket. Only S3 has one; nothing but `doctor` asks. All methods raise `StoreError`.

    None is "nobody has set it", a `Silence` is no answer.
    """

    store_time: datetime | None
    """The store's clock, as the last answer gave it, be it a refusal."""

    def first_contact(self, prefix: str) -> None:
        """List one key below the prefix: says by its error what is wrong with network, clock, credentials, bucket."""

    def encryption(self) -> str | Silence | None: ...
    def public_access_blocked(self) -> bool | Silence:
        """True if all four locks of the public access block are closed."""

    def policy_is_public(self) -> bool | Silence: ...
    def acl_is_public(self) -> bool | Silence: ...
    def lifecycle(self, prefix: str) -> list[Mapping[str, Any]] | Silence:
        """The enabled rules that hold for every key below the prefix, as S3 writes them."""

    def versioning(self) -> str | Silence | None: ...
    def object_lock(self) -> Retention | bool | Silence:
        """True if versions can be locked one by one, and nothing is by itself; False without Object Lock."""

    def acceleration(self) -> bool | Silence:
        """True if the bucket takes requests at AWS's nearest location (`accelerate`)."""


@runtime_checkable
class Identity(Protocol):
    """Tell a store from another one at the same address."""

    def identity(self) -> str | None:
        """None for one that only older versions wrote to."""


@runtime_checkable
class Rights(Protocol):
    """Say who may read and write the files of a store."""

    def rights(self) -> str:
        """In words."""


@runtime_checkable
class StartsSlowly(Protocol):
    """Have something to start before large files are sent, objects copied, or deleted under a condition."""

    def start_up(self) -> None:
        """Start it now, beside other work. Raises nothing: whoever needs it then is told what is wrong."""
