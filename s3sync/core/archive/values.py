"""Values of archiving: a set of rules, the units that it finds, and what is known of an archive that was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from operator import attrgetter

from msgspec import Struct, field

CURRENT_FORMAT = 2
"""Version of the newest index that this program reads. It writes the oldest one that can say what is to be said."""
SINGLE_FORMAT = 1
"""Version of the index of a unit that is one archive."""
_SIZE = attrgetter("size")


class UnitKind(StrEnum):
    """Extent of one archive on the disk."""

    FOLDER = "folder"
    """Each folder that `source` matches."""
    FILE = "file"
    GROUP = "group"
    """Files of which the set's `group` template gives the same text, such as `{object}_{night}`."""


class Pack(StrEnum):
    """Container of a unit's files. Compressed ones are independent frames, each of which can be read by itself."""

    NONE = "none"
    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_ZST = "tar.zst"


class DeleteLocal(StrEnum):
    """Time at which the files of a unit leave the disk."""

    NEVER = "never"
    AFTER_VERIFY = "after-verify"


class Kind(StrEnum):
    """Kind of a member."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


class RowRules(Struct, frozen=True):
    """Table that the objects of a set come from (`source: sql`).

    `url`: address of the database, or the name of a variable that holds it; None for the usual ones (`USUAL` in
    `config/databases.py`). `first`: what `:last` is before the first page. `url_template` None: the store's address
    and the key.
    """

    select: str
    update: str
    url: str | None = None
    url_template: str | None = None
    first: int | str = 0


class ArchiveSet(Struct, frozen=True):
    """Named rules for archives (`archives:` in the settings).

    `source` is a folder, or a glob of folders: relative to the repository, absolute in the user's own settings, and
    empty for the repository's projects. `older_than_s`, `max_size` (bytes) None: without limit. `timezone` is an IANA
    name. `tags` are S3's, at most 10. `confined`: a repository's settings say it, so that it stays inside of it.
    `region`, `endpoint_url` and `profile` belong to `store`; None for those of the settings. `marker` is what a folder
    has to hold to be a unit: the staging folder, where the units are projects. `verify_within_s` is the period in which
    each archive is to be verified once. `replica_region` is where the store's bucket is replicated to, `replica_bucket`
    the bucket there, if not the one that `replication.replica_name` says.
    """

    name: str
    store: str
    source: str
    unit: UnitKind = UnitKind.FOLDER
    group: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    heavy: tuple[str, ...] = ()
    light: tuple[str, ...] = ()
    layout: str = "{path}"
    pack: Pack = Pack.TAR
    level: int | None = None
    storage_class: str = "STANDARD"
    tags: Mapping[str, str] = field(default_factory=dict)
    sidecars: tuple[str, ...] = ()
    older_than_s: int | None = None
    delete_local: DeleteLocal = DeleteLocal.NEVER
    keep_light: bool = True
    timezone: str | None = None
    max_size: int | None = None
    lifecycle_days: int | None = None
    lifecycle_class: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    confined: bool = False
    marker: str | None = None
    verify_within_s: int | None = None
    replica_region: str | None = None
    replica_bucket: str | None = None
    rows: RowRules | None = None
    """Table that the objects come from; `source` is then the folder of their files."""


class Source(Struct, frozen=True, gc=False):
    """One thing of a unit on the disk. `path` is relative to the unit's top folder, with `/`; `target` is a link's."""

    path: str
    kind: Kind
    size: int = 0
    mode: int = 0o644
    mtime_ns: int = 0
    target: str | None = None


class Unit(Struct, frozen=True, dict=True):
    """Content of one archive (or, without a container, one object a file).

    `id` names it to people and is the container's top folder. `root` is its top folder on the disk, `key` the archive's
    below the set's store. `fields` are what the layout and the group were made of. `sources` are sorted by the bytes of
    their paths.
    """

    id: str
    set: str
    root: str
    key: str
    sources: tuple[Source, ...]
    sidecars: tuple[Source, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """Sockets, devices and what else is left out, each with its reason."""
    refused: str | None = None
    """Reason why it cannot be archived: it is empty, cannot be read, or lacks a field of the layout."""

    @cached_property
    def size(self) -> int:
        return sum(map(_SIZE, self.sources))

    @property
    def newest_ns(self) -> int:
        """Time of its newest file. That of a folder or a link is of no file's content."""
        return max((source.mtime_ns for source in self.sources if source.kind is Kind.FILE), default=0)


SPARSE, LINK_TO_NOTHING = "(sparse)", "(hard link)"
_BY_TAR = "GNU tar or bsdtar unpacks it from the archive itself"
NOT_UNPACKED: Mapping[str, str] = {
    SPARSE: f"it is stored as a sparse file, which s3sync does not unpack; {_BY_TAR}",
    LINK_TO_NOTHING: "it is a hard link to what does not come before it in the archive",
}
"""Files of other tools' archives that no restore brings back, with the reason."""


class Member(Struct, frozen=True, gc=False):
    """One member of an archive as its index has it.

    `offset` is where its bytes begin in the uncompressed tar; without a container it is 0, and `key` is its own object.
    `sha256` is hexadecimal, and empty for folders and links. `target` is that of a link; of a file in an archive that
    another tool made it is one of `NOT_UNPACKED`, if its bytes are not brought back.
    """

    path: str
    kind: Kind
    size: int
    mode: int
    mtime_ns: int
    sha256: str = ""
    offset: int = 0
    target: str | None = None
    key: str | None = None
    etag: str | None = None
    """ETag of the member's own object, without a container."""


def traits_of(members: Sequence[Member]) -> Sequence[Member] | Sequence[Source]:
    """Kind, size and time of each member: where members are made when they are asked for, those of their files."""
    files: Sequence[Source] | None = getattr(members, "files", None)
    return members if files is None else files


class Frame(Struct, frozen=True, array_like=True, gc=False):
    """One independent frame of a compressed archive: where it begins in the archive, its length there, and unpacked."""

    offset: int
    stored: int
    unpacked: int


class Index(Struct, frozen=True):
    """Record of one archive, kept beside it as `<key>.index.json`.

    `key_id`: id of the key with which an encrypted repository's archive is sealed. `size` is the archive's in bytes,
    `original_size` that of the members together.
    `volume` and `volumes`: of an earlier version's numbered archive with an index of its own, which one it is.
    """

    format: int
    unit: str
    set: str
    key: str
    pack: Pack
    members: tuple[Member, ...]
    size: int
    original_size: int
    created_at: datetime
    created_by: str
    md5: str | None = None
    crc64nvme: str | None = None
    etag: str | None = None
    version_id: str | None = None
    storage_class: str = "STANDARD"
    tags: Mapping[str, str] = field(default_factory=dict)
    sidecars: tuple[Member, ...] = ()
    frames: tuple[Frame, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    volume: int = 1
    volumes: int = 1
    key_id: str | None = None


class Volume(Struct, frozen=True):
    """Numbered archive of a unit: it holds the next `members` of the index, and is a tar by itself."""

    key: str
    size: int
    members: int
    etag: str | None = None
    md5: str | None = None
    crc64nvme: str | None = None
    version_id: str | None = None
    frames: tuple[Frame, ...] = ()


class SplitIndex(Index, frozen=True, kw_only=True):
    """Index of a unit that is split into numbered archives (format 2). No object has its key.

    A member's `offset` is in the tar of its volume. `volume` of `volumes` are as they are to be: fewer than all while
    they are sent, and after an interruption. `size` is that of all that are there.
    """

    parts: tuple[Volume, ...]


class ForeignIndex(Index, frozen=True):
    """Knowledge of this computer about an archive that another tool made: its members have no SHA-256.

    It is made of the archive's own headers, and never read from a store or written there.
    """


def index_key(key: str) -> str:
    """Key of an archive's index."""
    return f"{key}.index.json"
