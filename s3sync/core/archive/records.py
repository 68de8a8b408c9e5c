"""Values of the catalogue: what is known of each archive, of its members, and of what was done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.archive.layout import date_in
from s3sync.core.archive.values import Index, Kind, Pack, traits_of
from s3sync.core.times import FILE_TIMES, format_ns, parse_time


class Status(StrEnum):
    """State of an archive as the catalogue has it."""

    STORED = "stored"
    NOT_INDEXED = "not indexed"
    """Found in the store without an index, so that nothing is known of its members."""
    ADOPTED = "adopted"
    """Archive of another tool, whose members are known by its own headers, without SHA-256."""
    PROPOSED = "proposed"
    """Archive of another tool, whose members somebody else named: this computer has not read it."""
    GONE = "gone"
    """In the catalogue, and no longer in the store."""
    REMOVED = "removed"
    """Removed by a command of this program."""
    MOVED_ON = "moved on"
    """Deleted from the disk of a folder store after the next step of a chain had it."""


FOREIGN = (Status.NOT_INDEXED, Status.ADOPTED, Status.PROPOSED)
"""Archives of which the store has no index."""
PRESENT = (Status.STORED, *FOREIGN)
"""Archives that are in the store, as far as it is known."""


class ThawNote(Struct, frozen=True):
    """Thaw that was asked for. `until` and `ready_at` are None until the store has told."""

    tier: str
    days: int
    requested_at: str
    state: str
    until: str | None = None
    ready_at: str | None = None


class Archived(Struct, frozen=True, kw_only=True, gc=False):
    """One archive of the catalogue. Times are RFC 3339 in UTC; `archive_date` is the day that it is about.

    `expected_class`: the storage class that its tags, or the record of an older tool, say that it moves to.
    """

    key: str
    unit: str
    set: str
    pack: Pack
    status: Status
    size: int
    original_size: int
    files: int
    uploaded_at: str
    created_by: str
    storage_class: str
    archive_date: str | None = None
    etag: str | None = None
    md5: str | None = None
    crc64nvme: str | None = None
    version_id: str | None = None
    transitioned_at: str | None = None
    verified_at: str | None = None
    verified_how: str | None = None
    volume: int = 1
    volumes: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    camera: str | None = None
    telescope: str | None = None
    notes: str | None = None
    expected_class: str | None = None
    thaw: ThawNote | None = None

    @property
    def year(self) -> str:
        return (self.archive_date or self.uploaded_at)[:4]

    @property
    def is_split(self) -> bool:
        """True for a unit of several archives with one index: no object has its key.

        An earlier version gave each of them an index of its own; of those the key has the number.
        """
        return self.volumes > 1 and not self.key.endswith(f".{self.volume:03}.{self.pack}")

    @property
    def is_complete(self) -> bool:
        """False for a split unit of which volumes are missing."""
        return not self.is_split or self.volume == self.volumes


THAWED, EXPIRED = "thawed", "expired"
"""States of a thaw: the archive can be read until a time; that time is over, and it is cold again."""


WARM = (
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "NEARLINE", "COLDLINE", "ARCHIVE", "Hot", "Cool", "Cold"
)  # fmt: skip
"""Classes that nothing is thawed from."""


def as_of(archive: Archived, now: datetime) -> Archived:
    """An archive whose thaw is over by now with that state: the catalogue knows until when it was.

    One that lies in a warm class by now, as after it was sent again, has none.
    """
    note = archive.thaw
    if note is not None and archive.storage_class in WARM:
        return replace(archive, thaw=None)
    until = parse_time(note.until) if note is not None and note.until is not None else None
    if note is None or until is None or until > now or note.state != THAWED:
        return archive
    return replace(archive, thaw=replace(note, state=EXPIRED))


class FoundMember(Struct, frozen=True):
    """Member of some archive that a search found."""

    unit: str
    key: str
    path: str
    kind: Kind
    size: int
    mtime_ns: int
    sha256: str
    storage_class: str
    store: str = ""
    """Address of the store that the archive is in, where the question was to several."""


class LogEntry(Struct, frozen=True):
    """One thing that was done, and how it ended."""

    at: str
    by: str
    action: str
    set: str
    unit: str
    key: str
    size: int = 0
    outcome: str = "done"
    detail: str = ""


class Statistic(Struct, frozen=True):
    """Amount of a set in one storage class on one day."""

    day: str
    set: str
    storage_class: str
    archives: int
    files: int
    size: int
    original_size: int
    store: str = ""
    """Address of the store, where the question was to several."""


def date_of(index: Index) -> str | None:
    """Day that an archive is about, YYYY-MM-DD: of its fields, else that of its newest file; None without either."""
    fields = index.fields
    for name in ("night", "date", "captured"):
        digits = "".join(char for char in fields.get(name, "")[:10] if char.isascii() and char.isdigit())
        if len(digits) == 8:
            return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    year = fields.get("year", "")
    named = date_in(index.unit.rpartition("/")[2])
    if "month" not in fields and named is not None and f"{named:%Y}" == year:
        return f"{named:%Y-%m-%d}"  # of another tool's archive, of which no more than its key is known
    if len(year) == 4 and year.isascii() and year.isdigit():
        return f"{year}-{_two_digits(fields.get('month'))}-{_two_digits(fields.get('day'))}"
    newest = max((one.mtime_ns for one in traits_of(index.members) if one.kind is Kind.FILE), default=None)
    return format_ns(newest)[:10] if newest is not None and newest in FILE_TIMES else None


def _two_digits(said: str | None) -> str:
    """Month or day of a date; the first where it is none."""
    return said.zfill(2) if said and len(said) <= 2 and said.isascii() and said.isdigit() else "01"
