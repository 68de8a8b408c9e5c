"""The remote scan: objects are the truth, metadata.json explains them, and what it does not explain is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct, field

from s3sync.aside import Aside
from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.entries import Entry
from s3sync.core.manifest.record import FileRecord, Manifest
from s3sync.core.names import HADOOP_MARKER, is_folder_marker, nfc, path_of_key, refuse
from s3sync.core.outcome import Problem
from s3sync.core.records import old_records
from s3sync.core.spelling import Refusal
from s3sync.core.times import parse_ns
from s3sync.core.vouching import Overwrite
from s3sync.errors import ENDS_THE_RUN, AccessDenied, ManifestError, NotAStore, NotFound, StoreError
from s3sync.local.holds import refused_here
from s3sync.shared.heads import explained, explained_by_any, record_of
from s3sync.shared.manifest import Kept, StoredManifest, read_manifest
from s3sync.shared.nested import look_around, refuse_inner_projects
from s3sync.shared.pieces import in_pieces
from s3sync.shared.refused import UNKNOWN, RefusedObjects
from s3sync.shared.vouched import Vouch, known_md5, vouch_of
from s3sync.spill.sequence import SpilledList
from s3sync.spill.sizes import Sizes
from s3sync.spill.table import SpilledDict, merge_by_path, spilled
from s3sync.store.aspects import ListsOnce
from s3sync.store.port import ObjectInfo, Store

COPY_FROM = 1024 * 1024
"""From this size on, content that a side has already under another name is copied there instead of sent."""
LOOKUPS_AT_ONCE = 16
LOOKUPS_IN_LINE = 1_000
MOST_UNREADABLE = 100
"""Objects that a project may have which cannot be asked what they are."""


class RemoteFile(Struct, frozen=True):
    """An object of the project: its key as it is stored, and the record that explains this very version."""

    key: str
    entry: Entry
    record: FileRecord

    @property
    def etag(self) -> str:
        """The version: every object has one."""
        assert self.entry.etag is not None
        return self.entry.etag

    @property
    def mtime_ns(self) -> int | None:
        """Time at which its content was last edited. Read from the text when it is needed, to place the file."""
        return parse_ns(self.record.modified_at) if self.record.modified_at else None


class RemoteScan(Struct):
    """`repaired` are records that metadata.json lacks or has wrong; `vanished` those whose object is not there."""

    stored: StoredManifest
    files: SpilledDict[RemoteFile]
    large_sizes: Sizes = field(default_factory=Sizes)
    """The sizes of what is worth copying."""
    without_md5: SpilledList[str] = field(default_factory=lambda: SpilledList(str))
    problems: list[Problem] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unreadable: int = 0
    repaired: SpilledDict[FileRecord] = field(default_factory=lambda: SpilledDict(FileRecord))
    vanished: SpilledDict[FileRecord] = field(default_factory=lambda: SpilledDict(FileRecord))
    old_parts: SpilledDict[bool] = field(default_factory=lambda: SpilledDict(bool))
    """Keys of the part digests that an older version left within the project."""
    unlisted: SpilledDict[bool] = field(default_factory=lambda: SpilledDict(bool))
    """Files that were put there after the listing: nothing more is known of them."""

    def add(self, path: str, file: RemoteFile) -> None:
        self.files[path] = file
        if file.entry.md5 is None:
            self.without_md5.append(path)
        if file.entry.size >= COPY_FROM:
            self.large_sizes.add(file.entry.size)

    def came_late(self, name: str) -> None:
        """Note that what the listing lacks is there all the same."""
        if self.vanished.pop(name, None) is not None:
            self.unlisted[name] = True

    def cannot_read(self, path: str, error: StoreError) -> None:
        """Hide an object that cannot be asked, as one under another's key, from the rest. Raises it where many are."""
        self.unreadable += 1
        if self.unreadable > MOST_UNREADABLE:
            raise error
        self.refuse(Problem(path, str(error), error.hint))

    def refuse(self, problem: Problem) -> None:
        self.problems.append(problem)
        self.hidden.append(problem.path)


def scan_remote(
    store: Store,
    prefix: str,
    base: SpilledDict[Entry],
    ignored: Callable[[str], bool],
    *,
    creates_only: bool = False,
    kept: Kept | None = None,
    overwrites: Mapping[str, Overwrite] = MappingProxyType({}),
) -> RemoteScan:
    """List the project and read its manifest. Raises `StoreError` or `ManifestError` rather than a partial answer.

    `creates_only`: of an empty project nothing but new names will be written, each only where nothing stands. Then an
    empty listing, which may be an error that looks like one, is believed if there is no metadata.json either.
    `kept`: metadata.json as it was seen last. `overwrites`: see `Vouch`.
    Raises `ConfigError` where the place is another repository's, too.
    """
    with Aside(LOOKUPS_AT_ONCE, "s3sync-remote") as threads:
        reading = threads.submit(read_manifest, store, prefix, kept=kept)
        refuse_around = None if base else look_around(store, prefix.split("/")[0], threads)
        old_parts = SpilledDict(bool)
        once = creates_only and not base
        pieces = in_pieces(store, prefix, base, threads)
        objects, refused = _list_objects(store, prefix, ignored, len(base), old_parts, once=once, pieces=pieces)
        try:
            stored = reading.result()
        except ManifestError:
            if once and not objects:  # a web page: what asks twice says that it is no store
                _list_objects(store, prefix, ignored, len(base), old_parts)
            raise
        missed = pieces is not None and _lacks_any(objects, base, stored.manifest.files, ignored)
        if missed or (once and not objects and stored.etag is not None):
            objects, refused = _list_objects(store, prefix, ignored, len(base), old_parts)
        if stored.etag is None and refuse_around is not None:
            refuse_around()
        if _lacks_what_nobody_deleted(objects, base, stored.manifest):
            stored = read_manifest(store, prefix, kept=kept)
        scan = RemoteScan(stored, SpilledDict(RemoteFile, len(objects)), old_parts=old_parts)
        for problem in refused.problems(store, scan.stored.manifest.refused):
            scan.refuse(problem)
        records = spilled(FileRecord, scan.stored.manifest.files)
        _drop_markers(objects, records)
        unexplained = _match(scan, records, objects, ignored)
        refuse_inner_projects(store, (info.key for info in unexplained.values()))
        _ask_each(scan, store, prefix, unexplained, base, overwrites, threads)
        for name in _there_after_all(store, prefix, scan.vanished, threads):
            scan.came_late(name)
    return scan


def _list(
    store: Store, prefix: str, *, once: bool = False, pieces: Iterator[ObjectInfo] | None = None
) -> Iterator[ObjectInfo]:
    """Everything below the prefix. Raises `StoreError` for an answer that is none to that question."""
    # Whatever is wrapped around a store may know its listing already.
    listing = store.list_once(prefix) if once and isinstance(store, ListsOnce) else pieces or store.list(prefix)
    for count, info in enumerate(listing):
        if not info.key.startswith(prefix):
            raise NotAStore(
                f"could not list {store.url}/{prefix}",
                why=f"the store names {info.key[:80]!r}, which is not there",
                hint="check endpoint_url, and what stands between here and the store; nothing was changed",
            )
        if count == limits.now.objects_listed:
            raise StoreError(
                f"could not list {store.url}/{prefix}",
                why=f"it has more than {limits.now.objects_listed} objects",
                hint="empty the trash with `s3sync trash empty --remote`, or divide the project into several",
            )
        yield info


def _list_objects(
    store: Store,
    prefix: str,
    ignored: Callable[[str], bool],
    expected: int,
    old_parts: SpilledDict[bool],
    *,
    once: bool = False,
    pieces: Iterator[ObjectInfo] | None = None,
) -> tuple[SpilledDict[ObjectInfo], RefusedObjects]:
    """The project's objects by path, and what cannot be synced. Fills `old_parts`."""
    parts_here = old_records(prefix, "parts")
    objects, refused = SpilledDict(ObjectInfo, expected), RefusedObjects()
    for info in _list(store, prefix, once=once, pieces=pieces):
        path = path_of_key(prefix, info.key)
        if path is None and info.key.startswith(parts_here):
            old_parts[info.key] = True
        if path is None or ignored(path) or is_folder_marker(path, info.size):
            continue
        refusal = refuse(path)
        if refusal is None and (reason := refused_here(path)):
            refusal = Refusal(reason, path)
        if refusal is not None:
            refused.add(path, info, refusal)
        elif not path.isascii() and path in objects:
            refused.add_twin(path)
        else:
            objects[path] = info
    return objects, refused


def _lacks_what_nobody_deleted(objects: SpilledDict[ObjectInfo], base: SpilledDict[Entry], manifest: Manifest) -> bool:
    """True if files are gone, and the manifest does not say why: it may be of a moment before the listing.

    Read after it, the manifest says of each file that a cleanup took that it was a cleanup.
    """
    files, deleted = manifest.files, manifest.deleted
    return any(
        path in files or path not in deleted
        for known, listed in merge_by_path(base, objects)
        for path in known.keys() - listed.keys()
    )


def _lacks_any(
    objects: SpilledDict[ObjectInfo],
    base: SpilledDict[Entry],
    files: Mapping[str, FileRecord],
    ignored: Callable[[str], bool],
) -> bool:
    """True if a listing lacks something that was there by what is known."""
    for expected in (base, spilled(FileRecord, files)):
        for known, listed in merge_by_path(expected, objects):
            if any(path not in listed and not ignored(path) for path in known):
                return True
    return False


def _drop_markers(objects: SpilledDict[ObjectInfo], records: Mapping[str, FileRecord]) -> None:
    """Take out what other programs put for folders under a plain name: an empty object beside files below it.

    One that somebody uploaded as a file is a file: metadata.json says by whom.
    """
    markers = SpilledList(str)
    for path, info in objects.items():
        if info.size == 0 and (path.endswith(HADOOP_MARKER) or _has_files_below(objects, path)):
            record = records.get(path)
            if record is None or record.uploaded_by == UNKNOWN:
                markers.append(path)
    for path in markers:
        del objects[path]


def _has_files_below(objects: SpilledDict[ObjectInfo], path: str) -> bool:
    return any(other.startswith(f"{path}/") for other in objects.slice(f"{path}/", 1))


def _match(
    scan: RemoteScan, records: SpilledDict[FileRecord], objects: SpilledDict[ObjectInfo], ignored: Callable[[str], bool]
) -> SpilledDict[ObjectInfo]:
    """Add what is explained, and as vanished the records that name no object; returns what no record explains."""
    unexplained = SpilledDict(ObjectInfo)
    scan.vanished = SpilledDict(FileRecord, len(records) - len(objects))
    for known, listed in merge_by_path(records, objects):
        for path, info in listed.items():
            record = explained(known.get(path), info)
            if record is None and (record := explained_by_any(scan.stored.others.get(path, ()), info)) is not None:
                scan.repaired[path] = record
            if record is None:
                unexplained[path] = info
            else:
                scan.add(path, _file(info, record))
        scan.vanished.update(
            (name, record) for name, record in known.items() if name not in listed and not ignored(name)
        )
    return unexplained


def _there_after_all(store: Store, prefix: str, gone: SpilledDict[FileRecord], threads: Aside) -> Iterable[str]:
    """Of what the listing lacks, and perhaps of other files: what is there now. It may have been put after the listing
    and before the manifest. Many are not asked for one by one, but listed."""
    if len(gone) > LOOKUPS_AT_ONCE:
        return (nfc(info.key.removeprefix(prefix)) for info in _list(store, prefix))
    names = list(gone)
    found = threads.map(lambda name: _is_there(store, prefix + name), names)
    return [name for name, there in zip(names, found, strict=True) if there]


def _file(info: ObjectInfo, record: FileRecord) -> RemoteFile:
    return RemoteFile(info.key, Entry(info.size, record.md5, info.etag), record)


def _ask_each(
    scan: RemoteScan,
    store: Store,
    prefix: str,
    unexplained: SpilledDict[ObjectInfo],
    base: Mapping[str, Entry],
    overwrites: Mapping[str, Overwrite],
    threads: Aside,
) -> None:
    vouch = vouch_of(store, scan.stored.manifest, overwrites) if unexplained else None
    for some in batched(unexplained.items(), LOOKUPS_IN_LINE):
        for path, found in threads.map(lambda item: _look_up(store, prefix, item[0], item[1], base, vouch), some):
            if isinstance(found, AccessDenied) and scan.stored.etag is None:  # else this user may read here
                raise found
            if isinstance(found, StoreError):
                scan.cannot_read(path, found)
            elif found is not None:
                scan.add(path, found)
                scan.repaired[path] = found.record


def _look_up(
    store: Store, prefix: str, path: str, info: ObjectInfo, base: Mapping[str, Entry], vouch: Vouch | None
) -> tuple[str, RemoteFile | StoreError | None]:
    """Ask the object itself, and of a large one what was put beside it. None when it went away since the listing.

    An error that concerns this object alone is returned.
    """
    try:
        head = store.head(info.key)
        md5 = known_md5(store, prefix, path, head, base.get(path), vouch)
    except NotFound:
        return path, None
    except (*ENDS_THE_RUN, NotAStore):
        raise
    except StoreError as error:
        return path, error
    return path, _file(head.info, record_of(path, head, md5, prefix))


def _is_there(store: Store, key: str) -> bool:
    try:
        store.head(nfc(key))
    except NotFound:
        return False
    return True
