"""One file of rows on its way: found, compared with its MD5 while it is sent, under the key that all its rows share."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.content import Content
from s3sync.archive.journal import Journal
from s3sync.archive.rows.files import Finder, suffix_of_file
from s3sync.archive.rows.survey import Group
from s3sync.archive.rows.table import Table
from s3sync.archive.send import USUAL
from s3sync.archive.upload import Uploaded, upload
from s3sync.core.archive.layout import LayoutError, parse_layout
from s3sync.core.archive.rows import fields_of, key_of_row
from s3sync.core.archive.values import SINGLE_FORMAT, ArchiveSet, Index, Pack, Source
from s3sync.core.magic import right_suffix
from s3sync.core.media_types import shown_type
from s3sync.core.times import format_ns
from s3sync.errors import ArchiveError, LocalError, NotFound, OtherContent, PreconditionFailed
from s3sync.store.aspects import StorageClasses, aspect
from s3sync.store.port import Create, ObjectHead, Update, WriteMode
from s3sync.transfer.progress import Work

MD5 = "md5"
"""Metadata by which an object that was sent in parts is known for the one with this MD5."""


class Corrected(Struct, frozen=True):
    """A file whose extension was wrong: `said` by the row or the name, `right` by its content."""

    path: str
    said: str
    right: str


class Planned(Struct, frozen=True):
    """Plan for a group: its file, its key, and the address for its rows."""

    source: Source
    key: str
    url: str
    ext: str
    corrected: Corrected | None = None


class Sent(Struct, frozen=True):
    """A group whose object is in the store. `index` None: it was there before, and is known."""

    group: Group
    plan: Planned
    md5: str
    index: Index | None
    bytes_sent: int = 0


class Sender:
    """Sends the files of groups, from any thread. `known`: MD5 of objects by key, as they were when it began."""

    def __init__(
        self, chosen: ArchiveSet, table: Table, finder: Finder, known: Mapping[str, str | None], force: bool
    ) -> None:
        self._set, self._table, self._finder, self._known, self._force = chosen, table, finder, known, force
        self._layout = parse_layout(chosen.layout)

    def plan(self, group: Group, source: Source) -> Planned:
        """Key and address for a group whose file is `source`. Raises `LocalError`."""
        said = suffix_of_file(group.oldest, source)
        right = right_suffix(said, self._finder.head(source))
        corrected = Corrected(source.path, said, right) if said and right != said else None
        key = self._shared(group)
        if key is None:
            try:
                key = key_of_row(self._set, self._layout, group.oldest, group.md5, right, self._table.zone)
            except LayoutError as error:
                raise LocalError(f"{source.path} has no key", why=str(error)) from None
        return Planned(source, key, self._table.addresses.of(key, group.md5, right), right, corrected)

    def _shared(self, group: Group) -> str | None:
        """Key that rows of the group have already. An address that leads elsewhere is none."""
        for row in sorted(group.archived, key=lambda row: row.created_at):
            key = self._table.addresses.key(row.archive_url or "")
            if key is not None and group.md5 in key:
                return key
        return None

    def first(self, group: Group) -> Planned:
        """The plan for the first file that may be the group's. Raises `LocalError` where there is none."""
        for row in (group.oldest, *group.pending):
            for source in self._finder.candidates(row):
                return self.plan(group, source)
        raise self._missing(group)

    def send(self, carrier: Carrier, journal: Journal, group: Group) -> Sent:
        """Send a group's file, or find that the store has it. Raises `LocalError`, `ArchiveError`, `StoreError`.

        A file with other bytes than the row says is passed over where another one may be it.
        """
        other: OtherContent | None = None
        tried: set[str] = set()
        for row in (group.oldest, *group.pending, *group.archived):
            for source in self._finder.candidates(row):
                if source.path in tried:
                    continue
                tried.add(source.path)
                try:
                    return self._send(carrier, journal, group, self.plan(group, source))
                except OtherContent as error:
                    other = other or error
        raise other or self._missing(group)

    def _missing(self, group: Group) -> LocalError:
        return LocalError(
            "its file is not there",
            why=f"looked for {self._finder.looked_for(group.pending[0])} below {self._finder.base}",
            hint="bring the file back, or correct the row",
        )

    def _send(self, carrier: Carrier, journal: Journal, group: Group, plan: Planned) -> Sent:
        if group.md5 and self._known.get(plan.key) == group.md5:
            head = _head(carrier, plan.key)
            if head is not None and _is_it(head, plan.source.size, group.md5):
                return Sent(group, plan, group.md5, None)
        carrier.progress.begin(Work.UPLOAD, plan.source.path, plan.source.size)
        try:
            made = self._put(carrier, journal, group, plan, Create())
        except PreconditionFailed:
            head = _head(carrier, plan.key)
            if head is not None and _is_it(head, plan.source.size, group.md5):
                return Sent(group, plan, group.md5, None)  # another worker was faster, or an earlier run was killed
            if head is None or not self._force:
                raise ArchiveError(
                    f"did not send {plan.source.path}",
                    why=f"{carrier.store.url}/{plan.key} is there already, and is not what would be sent",
                    hint="look at what it holds, and move it elsewhere if it is of use to anybody; --force replaces it",
                ) from None
            made = self._put(carrier, journal, group, plan, Update(head.info.etag))
        finally:
            carrier.progress.finish(Work.UPLOAD, plan.source.path)
        return Sent(group, plan, group.md5, self._index(carrier, group, plan, made), made.bytes_sent)

    def _put(self, carrier: Carrier, journal: Journal, group: Group, plan: Planned, mode: WriteMode) -> Uploaded:
        rules, source = self._set, plan.source
        moves = aspect(carrier.store, StorageClasses) is not None
        content = Content(
            plan.key,
            source.path,
            self._finder.base,
            None,
            (source,),
            Pack.NONE,
            storage_class=rules.storage_class if moves and rules.storage_class != USUAL else None,
            tags=rules.tags,
            metadata={
                "uploaded-by": carrier.user,
                "archive-set": rules.name,
                "unit": source.path,
                "mtime": format_ns(source.mtime_ns),
                "mode": f"{source.mode & 0o777:04o}",
                MD5: group.md5,
            },
            kind=shown_type(plan.key),
            md5=group.md5,
        )
        return upload(carrier, journal, content, mode)

    def _index(self, carrier: Carrier, group: Group, plan: Planned, made: Uploaded) -> Index:
        rules, source = self._set, plan.source
        name = source.path.rpartition("/")[2]
        member = replace(made.members[0], path=name, key=plan.key, etag=made.etag)
        fields = fields_of(group.oldest, group.md5, plan.ext, self._table.zone)
        return Index(
            SINGLE_FORMAT,
            source.path,
            rules.name,
            plan.key,
            Pack.NONE,
            (member,),
            made.size,
            source.size,
            carrier.clock().replace(microsecond=0),
            carrier.user,
            md5=group.md5,
            etag=made.etag,
            storage_class=rules.storage_class if aspect(carrier.store, StorageClasses) is not None else USUAL,
            tags=dict(rules.tags),
            fields={name: value for name, value in fields.items() if not name.startswith("no ")},
        )


def _head(carrier: Carrier, key: str) -> ObjectHead | None:
    try:
        return carrier.store.head(key)
    except NotFound:
        return None


def _is_it(head: ObjectHead, size: int, md5: str) -> bool:
    """True if an object is the one with this MD5: by its ETag, else by its metadata, as for what came in parts."""
    if head.info.size != size:
        return False
    return head.info.etag == md5 if head.etag_is_md5 else head.metadata.get(MD5) == md5
