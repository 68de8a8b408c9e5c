"""One unit on its way up: its archive or its objects, its sidecars, and last its index."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace as changed

from s3sync.archive.ahead import Ahead
from s3sync.archive.carrier import Carrier
from s3sync.archive.content import Content
from s3sync.archive.indexes import TakesRows, add_rows, write_index
from s3sync.archive.journal import Journal
from s3sync.archive.sealing import key_id_of
from s3sync.archive.unit_root import real_root
from s3sync.archive.upload import Uploaded, upload
from s3sync.core.archive.layout import sidecar_key
from s3sync.core.archive.tar import as_bytes, is_utf8
from s3sync.core.archive.values import (
    SINGLE_FORMAT,
    ArchiveSet,
    Index,
    Kind,
    Member,
    Pack,
    Source,
    Unit,
    UnitKind,
)
from s3sync.core.names import nfc
from s3sync.core.times import format_ns
from s3sync.errors import Halt, LocalError, NotFound, PreconditionFailed, UsageError
from s3sync.store.aspects import StorageClasses, aspect
from s3sync.store.port import Create, Update, WriteMode
from s3sync.transfer.progress import Work

USUAL = "STANDARD"


def send_unit(
    carrier: Carrier,
    rules: ArchiveSet,
    unit: Unit,
    journal: Journal,
    *,
    replace: bool = False,
    rows: TakesRows | None = None,
    ahead: Ahead | None = None,
) -> tuple[Index, int]:
    """Send a unit, and return its index, as it is in the store, and the bytes that were sent.

    `ahead`: makes text and rows of a container's members while it travels.
    `rows`: takes the index of a unit without container, for whoever writes it later, and ends what the journal has of
    it. What is there already under its key is replaced only with `replace`. Raises `Halt` for a key that is taken,
    `SourceChanged` when a file does not stand still, `LocalError`, `StoreError`. Interrupted, it resumes.
    """
    refuse_unsendable(rules, unit)
    carrier.progress.begin(Work.UPLOAD, unit.id, unit.size)
    try:
        if rules.pack is Pack.NONE:
            index, sent = _send_files(carrier, rules, unit, journal, replace)
        else:
            index, sent = send_archive(carrier, rules, unit, journal, replace, ahead)
        sidecars, more = send_sidecars(carrier, rules, unit, journal, index, replace)
        index = changed(index, sidecars=sidecars)
        if rows is not None:
            rows.put(index)
            return index, sent + more
        journal.note_making(index)
        if rules.pack is Pack.NONE:
            add_rows(carrier.store, rules.name, [index])
        else:
            write_index(carrier.store, index)
    finally:
        carrier.progress.finish(Work.UPLOAD, unit.id)
    forget(journal, index)
    return index, sent + more


def forget(journal: Journal, index: Index) -> None:
    """End what the journal has of a unit whose index is in the store."""
    journal.written(index.key)
    own = index.members if index.pack is Pack.NONE else ()
    for key in (index.key, *(member.key for member in (*own, *index.sidecars) if member.key)):
        journal.end(key)


def is_archived(index: Index, unit: Unit) -> bool:
    """True if an index has all that the unit is now, as far as kind, size and time tell.

    It may have more: files that left the disk since. A folder's time does not count, as it changes with that.
    """
    return {_traits(one) for one in unit.sources} <= {_traits(one) for one in index.members} and {
        _traits(one) for one in unit.sidecars
    } <= {_traits(one) for one in index.sidecars}


def _traits(one: Source | Member) -> tuple[object, ...]:
    if one.kind is Kind.FOLDER:
        return one.path, one.kind
    return one.path, one.kind, one.size, one.target, one.mtime_ns if one.kind is Kind.FILE else 0


def refuse_unsendable(rules: ArchiveSet, unit: Unit) -> None:
    """Raise `LocalError` or `UsageError` for a unit that cannot be read, has no files, or a key that no store takes."""
    if unit.refused is not None:
        raise LocalError(f"cannot archive {unit.id}", why=unit.refused)
    if not any(source.kind is Kind.FILE for source in unit.sources):
        raise LocalError(
            f"{unit.id} holds no files", why="an archive of nothing would be of no use", hint="put files into it"
        )
    own = [source for source in unit.sources if source.kind is Kind.FILE] if rules.pack is Pack.NONE else []
    keys = [unit.key, *(object_key(rules, unit, source.path) for source in own)]
    for key in (*keys, *(sidecar_key(rules, unit, source.path) for source in unit.sidecars)):
        if not is_utf8(as_bytes(key)):
            raise LocalError(
                f"cannot send {key!r}",
                why="its name is no UTF-8, which an object's must be",
                hint="rename it, or pack it",
            )
        if any(name in ("", ".", "..") for name in key.split("/")) or "\0" in key:
            raise UsageError(f"cannot send {unit.id} as {key!r}", why="a part of that key is empty, '.' or '..'")


def _mode(carrier: Carrier, content: Content, may_replace: bool) -> WriteMode:
    """Way to write an object. One that says of itself that it is of another unit is never replaced."""
    if not may_replace:
        return Create()
    try:
        head = carrier.store.head(content.key)
    except NotFound:
        return Create()
    other = head.metadata.get("unit")
    if other is not None and nfc(other) != nfc(content.metadata["unit"]):
        return Create()
    return Update(head.info.etag)


def _upload(
    carrier: Carrier, journal: Journal, content: Content, may_replace: bool, ahead: Ahead | None = None
) -> Uploaded:
    try:
        return upload(carrier, journal, content, _mode(carrier, content, may_replace), ahead)
    except PreconditionFailed as error:
        raise Halt(
            f"did not send {content.name}",
            why=f"{carrier.store.url}/{content.key} is there already, and is not what would be sent",
            hint="what it holds is not known here: look at it, and move it elsewhere if it is of use to anybody",
        ) from error


def _content(carrier: Carrier, rules: ArchiveSet, unit: Unit, key: str, top: str | None, *sources: Source) -> Content:
    moves = aspect(carrier.store, StorageClasses) is not None
    return Content(
        key,
        unit.id,
        real_root(unit),
        top,
        sources,
        rules.pack,
        rules.level,
        rules.storage_class if moves and rules.storage_class != USUAL else None,
        rules.tags,
        {"uploaded-by": carrier.user, "archive-set": rules.name, "unit": unit.id},
    )


def _object(carrier: Carrier, rules: ArchiveSet, unit: Unit, key: str, source: Source, *, is_sidecar: bool) -> Content:
    """One file as an object of its own."""
    content = _content(carrier, rules, unit, key, None, source)
    content = changed(
        content,
        metadata={**content.metadata, "mtime": format_ns(source.mtime_ns), "mode": f"{source.mode & 0o777:04o}"},
    )
    return changed(content, storage_class=None, tags={}) if is_sidecar else content


def _index(carrier: Carrier, rules: ArchiveSet, unit: Unit, members: Sequence[Member], size: int) -> Index:
    moves = aspect(carrier.store, StorageClasses) is not None
    return Index(
        SINGLE_FORMAT,
        unit.id,
        rules.name,
        unit.key,
        rules.pack,
        members,  # type: ignore[arg-type] # any sequence can be written, and one that is read is a tuple
        size,
        unit.size,
        carrier.clock().replace(microsecond=0),
        carrier.user,
        storage_class=rules.storage_class if moves else USUAL,
        tags=dict(rules.tags),
        fields=dict(unit.fields),
        key_id=key_id_of(carrier.store),
    )


def send_archive(
    carrier: Carrier,
    rules: ArchiveSet,
    unit: Unit,
    journal: Journal,
    may_replace: bool,
    ahead: Ahead | None = None,
) -> tuple[Index, int]:
    """Send one container, without its sidecars and its index. Interrupted, it resumes."""
    content = _content(carrier, rules, unit, unit.key, top_of(unit), *unit.sources)
    made = _upload(carrier, journal, content, may_replace, ahead)
    index = changed(
        _index(carrier, rules, unit, made.members, made.size),
        etag=made.etag,
        md5=made.md5,
        crc64nvme=made.checksum,
        version_id=made.version_id,
        frames=made.frames,
    )
    return index, made.bytes_sent


def top_of(unit: Unit) -> str:
    """Top folder in a unit's container: the last name of its id."""
    return unit.id.rpartition("/")[2]


def object_key(rules: ArchiveSet, unit: Unit, path: str) -> str:
    """Key of one file of a unit without container."""
    return unit.key if rules.unit is UnitKind.FILE else f"{unit.key}/{path}"


def _send_files(
    carrier: Carrier, rules: ArchiveSet, unit: Unit, journal: Journal, may_replace: bool
) -> tuple[Index, int]:
    """Each file as its own object. Folders and links are in the index only."""

    def send(source: Source) -> tuple[Member, int]:
        key = object_key(rules, unit, source.path)
        content = _object(carrier, rules, unit, key, source, is_sidecar=source in beside)
        made = _upload(carrier, journal, content, may_replace)
        return changed(made.members[0], key=key, etag=made.etag), made.bytes_sent

    beside = set(unit.sidecars)
    files = [source for source in unit.sources if source.kind is Kind.FILE]
    if len(files) == 1:  # a worker may be who sends it, and must not wait for others
        found = {files[0].path: send(files[0])}
    else:
        results = list(carrier.pool.map(send, files, lambda one: one.size))
        found = {source.path: result.result() for source, result in results}
    members = tuple(found[one.path][0] if one.path in found else _member(one) for one in unit.sources)
    index = _index(carrier, rules, unit, members, sum(member.size for member in members))
    return index, sum(sent for _, sent in found.values())


def send_sidecars(
    carrier: Carrier, rules: ArchiveSet, unit: Unit, journal: Journal, index: Index, may_replace: bool
) -> tuple[tuple[Member, ...], int]:
    """Send a unit's sidecars, which stay readable: in the usual class, without the tags by which archives are moved.

    Without a container those of a folder are objects of the unit already. What stands under a sidecar's key and is
    another is somebody's, as with an archive.
    """
    found, sent = [], 0
    own = index.members if index.pack is Pack.NONE else ()
    there = {member.key: member for member in own if member.key is not None}
    for source in unit.sidecars:
        key = sidecar_key(rules, unit, source.path)
        if key not in there:
            content = _object(carrier, rules, unit, key, source, is_sidecar=True)
            made = _upload(carrier, journal, content, may_replace)
            there[key] = changed(made.members[0], key=key, etag=made.etag)
            sent += made.bytes_sent
        found.append(there[key])
    return tuple(found), sent


def _member(source: Source) -> Member:
    return Member(source.path, source.kind, 0, source.mode, source.mtime_ns, target=source.target)
