"""Result of a scan: the three sides beside each other, for whoever decides, reports or carries out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Generic, TypeVar

from msgspec import Struct, field

from s3sync.core.entries import Entry, Snapshot
from s3sync.core.names import short_text
from s3sync.core.obstacles import Obstacle, Obstacles
from s3sync.core.outcome import Problem
from s3sync.core.reconcile import Decision, after_cleanup, decide, reconcile
from s3sync.local.digests import Digests
from s3sync.local.scan import LocalFile, LocalScan
from s3sync.shared.locks import Locks
from s3sync.shared.scan import RemoteScan
from s3sync.spill.table import SpilledDict, merge_by_path
from s3sync.state.memory import CachedDigest
from s3sync.sync.select import Selector

T = TypeVar("T")

SETTLED_NS = 50_000_000
"""A digest is only remembered of a file that was written at least so long before it was hashed."""


class View(Struct):
    """Contents of all three sides, comparable, and what could not be seen.

    `digests` are of local files, and of some as they were before: `digests_of` and the entries tell them apart.
    """

    base: SpilledDict[Entry]
    here: LocalScan
    there: RemoteScan
    digests: SpilledDict[CachedDigest]
    problems: list[Problem] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    complete: bool = True
    ignores_case: bool = False
    silenced: set[str] = field(default_factory=set)
    """Paths, here and on the remote, that only the `.s3syncignore` of the staging folder ignores, up to a thousand."""
    obstacles: dict[str, list[str]] = field(default_factory=dict)
    """By path: what cannot stand beside it, a file or what is in a folder of its name, of which one is to go."""

    locks: Locks = field(default_factory=Locks)

    deselected: set[str] = field(default_factory=set)
    """Paths that are only on the remote, and that this computer's user does not want here: hidden, too."""
    deselected_bytes: int = 0

    replaced: set[str] = field(default_factory=set)
    """Paths that only this side has, of whose name the remote has made a folder, or a file of one of their folders."""

    @property
    def local(self) -> Snapshot:
        return _Entries(self.here.files, lambda path, file: _entry_here(file, self.digests.get(path)))

    def digests_of(self, path: str) -> Digests | None:
        """Digests of a local file as it was scanned, where they are known."""
        file, known = self.here.files.get(path), self.digests.get(path)
        return Digests(known.xxh3 or "", known.md5) if file and known and is_of(known, file) else None

    @property
    def remote(self) -> Snapshot:
        return _Entries(self.there.files, lambda path, file: file.entry)

    def decisions(self) -> Iterator[Decision]:
        """Reconcile every path about which enough is known, in the order of the paths."""
        for base, files, digests, objects in merge_by_path(self.base, self.here.files, self.digests, self.there.files):
            local = {path: _entry_here(file, digests.get(path)) for path, file in files.items()}
            remote = {path: file.entry for path, file in objects.items()}
            for decision in reconcile(base, local, remote):
                if not self.is_hidden(decision.path):
                    yield self._after_cleanup(decision)

    def decision(self, path: str) -> Decision:
        """Reconcile one path."""
        return self._after_cleanup(decide(path, self.base.get(path), self.local.get(path), self.remote.get(path)))

    def _after_cleanup(self, decision: Decision) -> Decision:
        gone = decision.remote is None and decision.base is not None and decision.path not in self.replaced
        is_cleaned = gone and self.there.stored.manifest.is_cleaned(decision.path)
        return after_cleanup(decision) if is_cleaned else decision

    def obstacles_of(self, wanted: Callable[[str], bool] | None) -> Obstacles:
        """The obstacles of a path, for a run that decides about what is `wanted`."""

        def of(path: str) -> list[Obstacle]:
            others = self.obstacles.get(path, ())
            return [Obstacle(self.decision(other), wanted is None or wanted(other)) for other in others]

        return of

    def paths(self) -> Iterator[str]:
        """Every path about which enough is known, in order."""
        return (decision.path for decision in self.decisions())

    def limit_to(self, selector: Selector) -> None:
        """Find out what the words of a command mean, and leave out problems of what they do not name.

        What they name counts whether it is selected or not.
        Raises `UsageError` for a word that is no name of anything and fits nothing.
        """

        def known() -> Iterator[str]:
            return chain(self.paths(), self.hidden, (problem.path for problem in self.problems))

        deleted = self.there.stored.manifest.deleted
        gone = {
            name: f"{short_text(record.deleted_by)} {'cleaned it up' if record.cleaned else 'deleted it'} "
            f"on {short_text(record.deleted_at)}"
            for name, record in deleted.items()
        }
        self.hidden -= self.deselected
        self.deselected, self.deselected_bytes = set(), 0
        selector.resolve(known, gone)
        self.problems = [problem for problem in self.problems if selector.concerns(problem.path)]

    def is_hidden(self, path: str) -> bool:
        """True if too little is known of a path to decide it. What is deselected is a file: it hides nothing below."""
        if not self.hidden:
            return False
        above = (path[:end] for end, char in enumerate(path) if char == "/")
        return path in self.hidden or any(one in self.hidden and one not in self.deselected for one in above)


class _Entries(Mapping[str, Entry], Generic[T]):
    """A snapshot seen in a table of something else."""

    def __init__(self, table: SpilledDict[T], entry: Callable[[str, T], Entry]) -> None:
        self._table, self._entry = table, entry

    def __getitem__(self, path: str) -> Entry:
        return self._entry(path, self._table[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _entry_here(file: LocalFile, known: CachedDigest | None) -> Entry:
    return Entry(file.size, known.md5 if known and is_of(known, file) else None, None, file.mtime_ns)


def is_of(known: CachedDigest, file: LocalFile) -> bool:
    """True if a digest is of a file as it is now, as far as its directory entry tells.

    Of a digest without ctime: when the last change of anything was the writing that mtime tells of, which was over
    when the file was hashed. Otherwise something was changed since that writing, perhaps after the hashing.
    """
    if (known.size, known.mtime_ns, known.inode) != (file.size, file.mtime_ns, file.inode):
        return False
    if known.ctime_ns is None:
        return 0 <= file.ctime_ns - file.mtime_ns <= SETTLED_NS
    return known.ctime_ns == file.ctime_ns


def select(decisions: Iterable[Decision], wanted: Callable[[str], bool] | None) -> Iterator[Decision]:
    return (decision for decision in decisions if wanted is None or wanted(decision.path))


def uploader(seen: View, path: str) -> tuple[str | None, str | None]:
    """Author and time of the last change of a path on the remote: its uploader, or who deleted it."""
    remote = seen.there.files.get(path)
    if remote is not None:
        return remote.record.uploaded_by, remote.record.uploaded_at
    deleted = seen.there.stored.manifest.deleted.get(path)
    return (deleted.deleted_by, deleted.deleted_at) if deleted else (None, None)
