"""The scan phase: base, local and remote, with just the digests that the comparison needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from s3sync.aside import Aside
from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.entries import Entry, needs_digest
from s3sync.core.names import refuse
from s3sync.core.outcome import Problem
from s3sync.core.plan import Verb
from s3sync.core.times import FILE_TIMES
from s3sync.disk.tree import kept_folders
from s3sync.errors import LocalError, SourceChanged
from s3sync.local.digests import Digests, digest, digest_again
from s3sync.local.holds import ignores_case
from s3sync.local.ignore import load_ignore
from s3sync.local.scan import LocalFile, scan_folder
from s3sync.shared.locks import Locks, courtesies
from s3sync.shared.scan import scan_remote
from s3sync.spill.sequence import SpilledList
from s3sync.spill.sizes import Sizes
from s3sync.spill.table import SpilledDict, merge_by_path
from s3sync.state.memory import CachedDigest, StateDB
from s3sync.sync.case import take_the_remotes_case
from s3sync.sync.foresight import start_store
from s3sync.sync.rolled_back import tell_ahead, tell_rollback
from s3sync.sync.same_content import overwrites_of, settle_unknown_md5s
from s3sync.sync.selection import leave_out_deselected
from s3sync.sync.session import Session
from s3sync.sync.twins import hide_twins, note_obstacles
from s3sync.sync.unproven import leave_out_unproven
from s3sync.sync.view import SETTLED_NS, View, is_of
from s3sync.transfer.progress import Work

SMALL, HASHED_TOGETHER = 64 * 1024, 16
"""Files up to this size are hashed so many by one thread: 16 threads still read as much of a slow disk at once."""
COARSE_NS = 2_000_000_000
"""A file changed this shortly before it was hashed could change again within one tick of its file system's clock
(exFAT counts in 2 s): such a digest is used and not remembered."""


@kept_folders()
def scan(
    session: Session, state: StateDB, *, creates_only: bool = False, locks: bool = False, sends: Verb | None = None
) -> View:
    """Scan both replicas at once, then digest what has to be compared. Raises `StoreError`, `ScanError`.

    `creates_only` is for `scan_remote`. `locks`: read them too, beside the listing.
    `sends`: the verb that will carry out what is found, of everything: the store gets ready for it.

    What was hashed is remembered at once: the digest cache holds whatever becomes of the run.
    """
    silenced = set[str]()
    ignored = load_ignore(session.settings.ignore, session.project.repo_root, session.project.staging, silenced)
    base, digests = SpilledDict(Entry, state.count_base()), SpilledDict(CachedDigest, state.count_digests())
    base.update(state.each_base())
    digests.update(state.each_digest())
    blind = ignores_case(session.project.staging)
    with Aside(2, "s3sync-scan") as threads:
        prefix, kept = session.project.prefix, session.kept_manifest(state)
        overwrites = overwrites_of(session.store, state)
        look = partial(scan_remote, creates_only=creates_only, kept=kept, overwrites=overwrites)
        remote = threads.submit(look, session.store, prefix, base, ignored)
        locking = threads.submit(courtesies, session.store, prefix) if locks else None
        here = scan_folder(session.project.staging, ignored, len(base))
        if sends is not None:
            start_store(session.store, sends, base, here.files, digests)
        there, known_locks = remote.result(), locking.result() if locking is not None else Locks()
    tell_rollback(session.store, state, there.stored)
    tell_ahead(there.stored)
    if blind:
        base = take_the_remotes_case(base, here, there)
    seen = View(
        base=base,
        here=here,
        there=there,
        digests=digests,
        problems=_told_once(here.problems, there.problems),
        hidden={*here.hidden, *there.hidden},
        complete=here.complete,
        ignores_case=blind,
        silenced=set(silenced),
        locks=known_locks,
    )
    if state.is_unproven:
        leave_out_unproven(seen, state)
    pairs = hide_twins(seen, blind)
    gone_sizes = _without_ignored(seen, state, ignored)
    _compare(session, seen, state, gone_sizes)
    note_obstacles(seen, pairs)
    refuse.cache_clear()  # all names are judged, and it holds many of them
    return seen


def _told_once(here: list[Problem], there: list[Problem]) -> list[Problem]:
    """Of a name that is refused on both sides, what is told of the remote: it says who uploaded it."""
    known = {problem.path for problem in there}
    return [*(problem for problem in here if problem.path not in known), *there]


def _without_ignored(seen: View, state: StateDB, ignored: Callable[[str], bool]) -> Sizes:
    """Have the base forget what is ignored by now; returns the sizes of what else is gone from here.

    What happens to a path while it is ignored is nobody's wish for the others: once it is not ignored any more it is
    new, on either side, and never deleted. Asked only of what neither side has, as the scans have asked about the rest.
    """
    sizes, unwanted = Sizes(), SpilledList(str)
    for base, files, objects in merge_by_path(seen.base, seen.here.files, seen.there.files):
        for path, entry in base.items():
            if path in files:
                continue
            if path not in objects and ignored(path):
                unwanted.append(path)
            else:
                sizes.add(entry.size)
    for some in batched(unwanted, limits.now.files_before_save):
        state.save(base=dict.fromkeys(some))
        state.forget_elsewhere(some)
        for path in some:
            del seen.base[path]
    leave_out_deselected(seen, state)
    for some in batched(filter(ignored, state.paths_elsewhere()), limits.now.files_before_save):
        state.forget_elsewhere(some)
    return sizes


def _compare(session: Session, seen: View, state: StateDB, gone_sizes: Sizes) -> None:
    """Complete `seen.digests`, hashing only files that another side's entry of equal size might equal.

    That is one under the same name, one that need not be sent because it is there already, or one that is gone here
    and may have got another name.
    """
    to_hash, stale = SpilledList(str), SpilledList(str)
    large_sizes = seen.there.large_sizes
    for known, files, base, objects in merge_by_path(seen.digests, seen.here.files, seen.base, seen.there.files):
        for path, file in files.items():
            cached, remote = known.get(path), objects.get(path)
            if cached and is_of(cached, file):
                continue
            is_elsewhere = file.size in gone_sizes or file.size in large_sizes
            if is_elsewhere or needs_digest(file.size, base.get(path), remote and remote.entry):
                to_hash.append(path)
        stale.extend(path for path in known if path not in files)
    for some in batched(stale, limits.now.digests_before_save):
        state.save(forget_digests=some)
    if to_hash:
        _hash(session, seen, to_hash, state)
    settle_unknown_md5s(session, seen)


def _hash(session: Session, seen: View, paths: Sequence[str], state: StateDB) -> None:
    from s3sync.transfer.pool import Result

    files, known = seen.here.files, seen.digests
    session.progress.expect(Work.HASH, len(paths), sum(files[path].size for path in paths))

    def one(path: str) -> tuple[Digests, int]:
        file, now = files[path], time.time_ns()
        pool.check()
        session.progress.begin(Work.HASH, path, file.size)
        try:
            return _digests(file, known.get(path), lambda n: session.progress.advance(Work.HASH, path, n)), now
        finally:
            session.progress.finish(Work.HASH, path)

    def work(some: Sequence[str]) -> list[tuple[str, Result[tuple[Digests, int]]]]:
        return [(path, Result.of(one, path)) for path in some]

    fresh: dict[str, CachedDigest] = {}
    unsaved = 0
    found = SpilledDict(CachedDigest)  # the workers read the other one meanwhile
    with session.hashing_pool() as pool:
        done = (hashed for _, some in pool.map(work, _together(paths, files)) for hashed in some.result())
        for path, hashed in done:
            try:
                digests, now = hashed.result()
                found[path] = cache_entry(files[path], digests)
            except LocalError as error:
                _unreadable(seen, path, error)
            else:
                if mtime_is_trustworthy(files[path], now):
                    fresh[path] = found[path]
            unsaved += files[path].size
            if len(fresh) == limits.now.digests_before_save or unsaved >= limits.now.hashed_before_save:
                state.save(digests=fresh)
                fresh, unsaved = {}, 0
    state.save(digests=fresh)
    known.update(found)


def _together(paths: Sequence[str], files: SpilledDict[LocalFile]) -> Iterator[list[str]]:
    """The paths, of small files several at a time: handing one to another thread costs more than hashing it."""
    small = list[str]()
    for path in paths:
        if files[path].size > SMALL:
            yield [path]
            continue
        small.append(path)
        if len(small) == HASHED_TOGETHER:
            yield small
            small = []
    if small:
        yield small


def _digests(file: LocalFile, cached: CachedDigest | None, progress: Callable[[int], None]) -> Digests:
    """A touched file of unchanged length is checked by xxh3 first; only a changed one is hashed with MD5 again."""
    if cached and cached.xxh3 and cached.size == file.size:
        return digest_again(file, Digests(cached.xxh3, cached.md5), progress)
    return digest(file, progress)


def _unreadable(seen: View, path: str, error: LocalError) -> None:
    seen.problems.append(Problem(path, str(error), error.hint))
    seen.hidden.add(path)
    if not isinstance(error, SourceChanged):
        seen.complete = False


def cache_entry(file: LocalFile, digests: Digests) -> CachedDigest:
    return CachedDigest(file.size, file.mtime_ns, file.inode, digests.xxh3 or None, digests.md5, file.ctime_ns)


def mtime_is_trustworthy(file: LocalFile, hashed_at_ns: int) -> bool:
    """True if a change after the hashing must show in the file's mtime, and its times can be remembered."""
    coarse = file.mtime_ns % 1_000_000_000 == 0
    if file.mtime_ns not in FILE_TIMES or file.ctime_ns not in FILE_TIMES:
        return False
    return file.mtime_ns < hashed_at_ns - (COARSE_NS if coarse else SETTLED_NS)
