"""The scan phase: base, local and remote, with just the digests that the comparison needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.entries import Entry, needs_digest
from s3sync.core.etag import is_part_size, part_count
from s3sync.core.names import nfc, respelled, twins, without_case
from s3sync.core.outcome import Problem
from s3sync.core.reconcile import Decision, reconcile
from s3sync.core.times import FILE_TIMES
from s3sync.errors import LocalError, NotFound, SourceChanged
from s3sync.local.digests import Digests, digest, digest_xxh3, local_etag
from s3sync.local.ignore import load_ignore
from s3sync.local.place import ignores_case
from s3sync.local.scan import LocalFile, LocalScan, scan_folder
from s3sync.state.db import CachedDigest, StateDB
from s3sync.sync.remote import RemoteScan, scan_remote
from s3sync.sync.session import Session
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work

SETTLED_NS = 50_000_000
COARSE_NS = 2_000_000_000
"""A file changed this shortly before it was hashed could change again within one tick of its file system's clock
(exFAT counts in 2 s): such a digest is used and not remembered."""


COPY_FROM = 1024 * 1024
"""From this size on, content that a side has already under another name is copied there instead of sent."""


class Seen(Struct):
    """What all three sides hold, comparable, and what could not be seen."""

    base: dict[str, Entry]
    local: dict[str, Entry]
    remote: dict[str, Entry]
    here: LocalScan
    there: RemoteScan
    digests: dict[str, Digests]
    new_digests: dict[str, CachedDigest] = field(default_factory=dict)
    stale_digests: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    complete: bool = True

    def decisions(self) -> list[Decision]:
        """Reconcile every path about which enough is known."""
        decisions = reconcile(self.base, self.local, self.remote)
        if not self.hidden:
            return decisions
        exact = set(self.hidden)
        below = tuple(f"{path}/" for path in exact)
        return [d for d in decisions if d.path not in exact and not d.path.startswith(below)]

    def has_all_of_the_base(self) -> bool:
        """Whether both sides still hold every file that they once agreed on, in whatever version."""
        return self.base.keys() <= self.local.keys() & self.remote.keys()

    def is_hidden(self, path: str) -> bool:
        """Whether too little is known of a path to decide it."""
        return any(path == hidden or path.startswith(f"{hidden}/") for hidden in self.hidden)


def scan(session: Session, state: StateDB) -> Seen:
    """Scan both replicas at once, then digest what has to be compared. Raises `StoreError`, `ScanError`."""
    ignored = load_ignore(session.settings.ignore, session.project.repo_root, session.project.staging)
    base = {path: entry for path, entry in state.load_base().items() if not ignored(path)}
    blind = ignores_case(session.project.staging)
    with ThreadPoolExecutor(1, thread_name_prefix="s3sync-scan") as thread:
        remote = thread.submit(scan_remote, session.store, session.project.prefix, base, ignored)
        here = scan_folder(session.project.staging, ignored)
        there = remote.result()
    if blind:
        base = _take_the_remotes_case(base, here, there)
    seen = Seen(
        base=base,
        local={},
        remote={path: file.entry for path, file in there.files.items()},
        here=here,
        there=there,
        digests={},
        problems=[*here.problems, *there.problems],
        hidden=[*here.hidden, *there.hidden],
        complete=here.complete,
    )
    _hide_twins(seen, without_case if blind else nfc)
    _compare(session, seen, state.load_digests())
    return seen


def _take_the_remotes_case(base: dict[str, Entry], here: LocalScan, there: RemoteScan) -> dict[str, Entry]:
    """Put the local files, and what the base has of them, under the remote's spellings (`respelled`).

    A change of case alone, on either side, is then no change: nothing is deleted for it, and nothing sent.
    """
    paths = {*there.files, *there.hidden}
    moved = respelled([*here.files, *here.hidden], paths)
    here.files = {moved.get(path, path): file for path, file in here.files.items()}
    here.hidden = [moved.get(path, path) for path in here.hidden]
    renamed = respelled(base, here.files.keys() | paths)
    return {renamed.get(path, path): entry for path, entry in base.items()}


def _hide_twins(seen: Seen, fold: Callable[[str], str]) -> None:
    """Report paths of either side that this disk cannot hold together, and leave them as they are on both."""
    for path, other in twins(seen.here.files.keys() | seen.remote.keys(), fold).items():
        one_name = fold(path) == fold(other)
        reason = "this disk ignores case" if one_name else "one name cannot be a file and a folder"
        hint = "rename one of them, or give both the same case" if one_name else "rename one of them"
        seen.problems.append(Problem(path, f"cannot stand beside {other}: {reason}", hint))
        seen.hidden.append(path)


def _compare(session: Session, seen: Seen, cache: Mapping[str, CachedDigest]) -> None:
    """Fill `seen.local`, hashing only files that another side's entry of equal size might equal.

    That is one under the same name, one that need not be sent because it is there already, or one that is gone here
    and may have got another name.
    """
    to_hash: list[str] = []
    sizes_there = {entry.size for entry in seen.remote.values() if entry.size >= COPY_FROM}
    sizes_there |= {entry.size for path, entry in seen.base.items() if path not in seen.here.files}
    for path, file in seen.here.files.items():
        cached = cache.get(path)
        if cached and (cached.size, cached.mtime_ns, cached.inode) == (file.size, file.mtime_ns, file.inode):
            seen.digests[path] = Digests(cached.xxh3 or "", cached.md5)
        elif file.size in sizes_there or needs_digest(file.size, seen.base.get(path), seen.remote.get(path)):
            to_hash.append(path)
    seen.stale_digests = [path for path in cache if path not in seen.here.files]
    if to_hash:
        _hash(session, seen, to_hash, cache)
    for path, file in seen.here.files.items():
        known = seen.digests.get(path)
        seen.local[path] = Entry(file.size, known.md5 if known else None, None, file.mtime_ns)
    _settle_unknown_md5s(session, seen)


def _hash(session: Session, seen: Seen, paths: list[str], cache: Mapping[str, CachedDigest]) -> None:
    files = seen.here.files
    session.progress.expect(Work.HASH, len(paths), sum(files[path].size for path in paths))

    def work(path: str) -> Digests:
        session.progress.begin(Work.HASH, path, files[path].size)
        try:
            return _digests(files[path], cache.get(path), lambda n: session.progress.advance(Work.HASH, path, n))
        finally:
            session.progress.finish(Work.HASH, path)

    with Pool(session.transfers) as pool:
        for path, future in pool.map(work, paths):
            now = time.time_ns()
            try:
                seen.digests[path] = future.result()
            except LocalError as error:
                _unreadable(seen, path, error)
            else:
                if is_settled(files[path], now):
                    seen.new_digests[path] = cache_entry(files[path], seen.digests[path])


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
    for path, entry in seen.remote.items():
        local = seen.local.get(path)
        if entry.md5 is not None or entry.etag is None or local is None or local.md5 is None:
            continue
        if local.size == entry.size and _has_etag(session, seen, path, entry.etag):
            seen.remote[path] = replace(entry, md5=local.md5)


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


def select(decisions: Iterable[Decision], wanted: Callable[[str], bool] | None) -> list[Decision]:
    return [decision for decision in decisions if wanted is None or wanted(decision.path)]


def uploader(seen: Seen, path: str) -> tuple[str | None, str | None]:
    """Who changed a path on the remote last, and when: its uploader, or who deleted it."""
    remote = seen.there.files.get(path)
    if remote is not None:
        return remote.record.uploaded_by, remote.record.uploaded_at
    deleted = seen.there.stored.manifest.deleted.get(path)
    return (deleted.deleted_by, deleted.deleted_at) if deleted else (None, None)
