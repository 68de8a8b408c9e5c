"""The scan phase: base, local and remote, with just the digests that the comparison needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Generic, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.entries import Entry, Snapshot, needs_digest
from s3sync.core.etag import is_part_size, part_count
from s3sync.core.names import nfc, refuse_reason, respelled, twins, without_case
from s3sync.core.outcome import Problem
from s3sync.core.reconcile import Decision, reconcile
from s3sync.core.times import FILE_TIMES
from s3sync.errors import LocalError, NotFound, SourceChanged
from s3sync.local.digests import Digests, digest, digest_xxh3, local_etag
from s3sync.local.ignore import load_ignore
from s3sync.local.place import ignores_case
from s3sync.local.scan import LocalFile, LocalScan, scan_folder
from s3sync.state.db import CachedDigest, StateDB
from s3sync.state.table import Table, windows
from s3sync.sync.remote import RemoteScan, scan_remote
from s3sync.sync.session import Session
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work

T = TypeVar("T")

SETTLED_NS = 50_000_000
COARSE_NS = 2_000_000_000
"""A file changed this shortly before it was hashed could change again within one tick of its file system's clock
(exFAT counts in 2 s): such a digest is used and not remembered."""


REMEMBER_AT_ONCE = 1000
"""How many digests are made before they are saved, so that little of a long hashing is lost when it breaks off."""


class Seen(Struct):
    """What all three sides hold, comparable, and what could not be seen.

    `digests` are of local files, and of some as they were before: `digests_of` and the entries tell them apart.
    """

    base: Table[Entry]
    here: LocalScan
    there: RemoteScan
    digests: Table[CachedDigest]
    problems: list[Problem] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    complete: bool = True

    @property
    def here_files(self) -> Table[LocalFile]:
        assert isinstance(self.here.files, Table)
        return self.here.files

    @property
    def local(self) -> Snapshot:
        return _Entries(self.here_files, lambda path, file: _entry_here(file, self.digests.get(path)))

    def digests_of(self, path: str) -> Digests | None:
        """Of a local file as it was scanned, where they are known."""
        file, known = self.here.files.get(path), self.digests.get(path)
        return Digests(known.xxh3 or "", known.md5) if file and known and _is_of(known, file) else None

    @property
    def remote(self) -> Snapshot:
        return _Entries(self.there.files, lambda path, file: file.entry)

    def decisions(self) -> Iterator[Decision]:
        """Reconcile every path about which enough is known, in the order of the paths."""
        exact = set(self.hidden)
        below = tuple(f"{path}/" for path in exact)
        for base, files, digests, objects in windows(self.base, self.here_files, self.digests, self.there.files):
            local = {path: _entry_here(file, digests.get(path)) for path, file in files.items()}
            remote = {path: file.entry for path, file in objects.items()}
            for decision in reconcile(base, local, remote):
                if not exact or not (decision.path in exact or decision.path.startswith(below)):
                    yield decision

    def has_all_of_the_base(self) -> bool:
        """Whether both sides still hold every file that they once agreed on, in whatever version."""
        sides = windows(self.base, self.here_files, self.there.files)
        return all(base.keys() <= files.keys() & objects.keys() for base, files, objects in sides)

    def is_hidden(self, path: str) -> bool:
        """Whether too little is known of a path to decide it."""
        return any(path == hidden or path.startswith(f"{hidden}/") for hidden in self.hidden)


class _Entries(Mapping[str, Entry], Generic[T]):
    """A snapshot seen in a table of something else."""

    def __init__(self, table: Table[T], entry: Callable[[str, T], Entry]) -> None:
        self._table, self._entry = table, entry

    def __getitem__(self, path: str) -> Entry:
        return self._entry(path, self._table[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _entry_here(file: LocalFile, known: CachedDigest | None) -> Entry:
    return Entry(file.size, known.md5 if known and _is_of(known, file) else None, None, file.mtime_ns)


def _is_of(known: CachedDigest, file: LocalFile) -> bool:
    """Whether a digest is of a file as it is now, as far as its directory entry tells."""
    return (known.size, known.mtime_ns, known.inode) == (file.size, file.mtime_ns, file.inode)


def scan(session: Session, state: StateDB) -> Seen:
    """Scan both replicas at once, then digest what has to be compared. Raises `StoreError`, `ScanError`.

    What was hashed is remembered at once: the digest cache holds whatever becomes of the run.
    """
    ignored = load_ignore(session.settings.ignore, session.project.repo_root, session.project.staging)
    base, digests = Table(Entry, state.count("base")), Table(CachedDigest, state.count("digest"))
    base.update(state.each_base())
    digests.update(state.each_digest())
    files = Table(LocalFile, len(base))
    blind = ignores_case(session.project.staging)
    with ThreadPoolExecutor(1, thread_name_prefix="s3sync-scan") as thread:
        remote = thread.submit(scan_remote, session.store, session.project.prefix, base, ignored)
        here = scan_folder(session.project.staging, ignored, files)
        there = remote.result()
    if blind:
        base = _take_the_remotes_case(base, here, there)
    seen = Seen(
        base=base,
        here=here,
        there=there,
        digests=digests,
        problems=[*here.problems, *there.problems],
        hidden=[*here.hidden, *there.hidden],
        complete=here.complete,
    )
    _hide_twins(seen, without_case if blind else nfc)
    gone_sizes = _without_ignored(seen, ignored)
    _compare(session, seen, state, gone_sizes)
    refuse_reason.cache_clear()  # all names are judged, and it holds many of them
    return seen


def _take_the_remotes_case(base: Table[Entry], here: LocalScan, there: RemoteScan) -> Table[Entry]:
    """Put the local files, and what the base has of them, under the remote's spellings (`respelled`).

    A change of case alone, on either side, is then no change: nothing is deleted for it, and nothing sent.
    """
    paths = {*there.files, *there.hidden}
    moved = respelled([*here.files, *here.hidden], paths)
    files, entries = Table(LocalFile), Table(Entry)
    files.update((moved.get(path, path), file) for path, file in here.files.items())
    here.files = files
    here.hidden = [moved.get(path, path) for path in here.hidden]
    renamed = respelled(base, files.keys() | paths)
    entries.update((renamed.get(path, path), entry) for path, entry in base.items())
    return entries


def _hide_twins(seen: Seen, fold: Callable[[str], str]) -> None:
    """Report paths of either side that this disk cannot hold together, and leave them as they are on both."""
    for path, other in twins(chain(seen.here.files, seen.there.files), fold).items():
        one_name = fold(path) == fold(other)
        reason = "this disk ignores case" if one_name else "one name cannot be a file and a folder"
        hint = "rename one of them, or give both the same case" if one_name else "rename one of them"
        seen.problems.append(Problem(path, f"cannot stand beside {other}: {reason}", hint))
        seen.hidden.append(path)


def _without_ignored(seen: Seen, ignored: Callable[[str], bool]) -> set[int]:
    """Take from the base what is ignored by now; returns the sizes of what else is gone from here.

    Asked only of what neither side has, as the scans have asked about the rest.
    """
    sizes, unwanted = set[int](), list[str]()
    for base, files, objects in windows(seen.base, seen.here_files, seen.there.files):
        for path, entry in base.items():
            if path in files:
                continue
            if path not in objects and ignored(path):
                unwanted.append(path)
            else:
                sizes.add(entry.size)
    for path in unwanted:
        del seen.base[path]
    return sizes


def _compare(session: Session, seen: Seen, state: StateDB, gone_sizes: set[int]) -> None:
    """Complete `seen.digests`, hashing only files that another side's entry of equal size might equal.

    That is one under the same name, one that need not be sent because it is there already, or one that is gone here
    and may have got another name.
    """
    to_hash, stale = list[str](), list[str]()
    sizes_there = gone_sizes | seen.there.large_sizes
    for known, files, base, objects in windows(seen.digests, seen.here_files, seen.base, seen.there.files):
        for path, file in files.items():
            cached, remote = known.get(path), objects.get(path)
            if cached and _is_of(cached, file):
                continue
            if file.size in sizes_there or needs_digest(file.size, base.get(path), remote and remote.entry):
                to_hash.append(path)
        stale += [path for path in known if path not in files]
    if stale:
        state.save(forget_digests=stale)
    if to_hash:
        _hash(session, seen, to_hash, state)
    _settle_unknown_md5s(session, seen)


def _hash(session: Session, seen: Seen, paths: list[str], state: StateDB) -> None:
    files, known = seen.here.files, seen.digests
    session.progress.expect(Work.HASH, len(paths), sum(files[path].size for path in paths))

    def work(path: str) -> Digests:
        file = files[path]
        session.progress.begin(Work.HASH, path, file.size)
        try:
            return _digests(file, known.get(path), lambda n: session.progress.advance(Work.HASH, path, n))
        finally:
            session.progress.finish(Work.HASH, path)

    fresh: dict[str, CachedDigest] = {}
    found = Table(CachedDigest)  # the workers read the other one meanwhile
    with Pool(session.transfers) as pool:
        for path, future in pool.map(work, paths):
            now = time.time_ns()
            try:
                found[path] = cache_entry(files[path], future.result())
            except LocalError as error:
                _unreadable(seen, path, error)
            else:
                if is_settled(files[path], now):
                    fresh[path] = found[path]
            if len(fresh) == REMEMBER_AT_ONCE:
                state.save(digests=fresh)
                fresh = {}
    state.save(digests=fresh)
    known.update(found)


def _digests(file: LocalFile, cached: CachedDigest | None, progress: Callable[[int], None]) -> Digests:
    """A touched file of unchanged length is checked by xxh3 first; only a changed one is hashed with MD5 again."""
    if cached and cached.xxh3 and cached.size == file.size:
        fast = digest_xxh3(file, progress)
        if fast == cached.xxh3:
            return Digests(fast, cached.md5)
        progress(-file.size)
    return digest(file, progress)


def _unreadable(seen: Seen, path: str, error: LocalError) -> None:
    seen.problems.append(Problem(path, str(error), error.hint))
    seen.hidden.append(path)
    if not isinstance(error, SourceChanged):
        seen.complete = False


def cache_entry(file: LocalFile, digests: Digests) -> CachedDigest:
    return CachedDigest(file.size, file.mtime_ns, file.inode, digests.xxh3 or None, digests.md5)


def is_settled(file: LocalFile, hashed_at_ns: int) -> bool:
    """Whether a change after the hashing must show in the file's mtime, and that time can be remembered."""
    coarse = file.mtime_ns % 1_000_000_000 == 0
    return file.mtime_ns in FILE_TIMES and file.mtime_ns < hashed_at_ns - (COARSE_NS if coarse else SETTLED_NS)


def _settle_unknown_md5s(session: Session, seen: Seen) -> None:
    """A foreign multipart object has no MD5: whether a local file is the same is told by its composite ETag."""
    for path in seen.there.without_md5:
        remote, file, digests = seen.there.files[path], seen.here.files.get(path), seen.digests_of(path)
        entry = remote.entry
        if file is None or digests is None or entry.etag is None or file.size != entry.size:
            continue
        if _has_etag(session, seen, path, entry.etag):
            seen.there.files[path] = replace(remote, entry=replace(entry, md5=digests.md5))


def _has_etag(session: Session, seen: Seen, path: str, etag: str) -> bool:
    parts, remote, file = part_count(etag), seen.there.files[path], seen.here.files[path]
    if parts is None:
        return False
    try:
        part_size = remote.record.part_size or session.store.first_part_size(remote.key)
    except NotFound:
        return False  # deleted since it was listed: whatever is planned for it will find that out
    if part_size is None or not is_part_size(file.size, parts, part_size):
        return False
    try:
        return local_etag(file, part_size) == etag
    except LocalError as error:
        _unreadable(seen, path, error)
        return False


def select(decisions: Iterable[Decision], wanted: Callable[[str], bool] | None) -> Iterator[Decision]:
    return (decision for decision in decisions if wanted is None or wanted(decision.path))


def uploader(seen: Seen, path: str) -> tuple[str | None, str | None]:
    """Who changed a path on the remote last, and when: its uploader, or who deleted it."""
    remote = seen.there.files.get(path)
    if remote is not None:
        return remote.record.uploaded_by, remote.record.uploaded_at
    deleted = seen.there.stored.manifest.deleted.get(path)
    return (deleted.deleted_by, deleted.deleted_at) if deleted else (None, None)
