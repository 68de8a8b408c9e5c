"""Plan of `organize`: the new path of each file, before anything is copied. What collides is refused as a whole."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import IO, cast

from s3sync.archive.readers import Unsaid
from s3sync.core.archive.layout import LayoutError
from s3sync.core.organizing import Layout, first_clashes
from s3sync.core.outcome import Problem
from s3sync.core.pairs import End
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ENDS_THE_RUN, Halt, S3syncError
from s3sync.local.holds import ignores_case, refused_here
from s3sync.organize.ranged import RangedFile
from s3sync.organize.report import Named, OrganizeReport
from s3sync.organize.said import fields_of, named
from s3sync.pairs.digests import settle
from s3sync.pairs.values import Bucket, Folder, Found, Place
from s3sync.pairs.work import Work
from s3sync.spill.sequence import SpilledList
from s3sync.transfer.pool import Pool

READERS = 64
"""Files that are looked into at once: each is a small request, and most of it is waiting."""
FEW = 3


class Reading:
    """Bytes that were fetched to see what files say. Any thread may count."""

    def __init__(self) -> None:
        self._lock, self.bytes = threading.Lock(), 0

    def received(self, n: int) -> None:
        with self._lock:
            self.bytes += n


def plan(work: Work, layout: Layout, report: OrganizeReport) -> SpilledList[Named]:
    """Steps for what is not under its new path yet. Raises `Halt` on collisions, before anything was written."""
    source, target = work.opened.places[End.A], work.opened.places[End.B]
    for seen in work.seen.values():
        report.failed += seen.problems
    new_paths = _new_paths(work, source, target, layout, report)
    blind = isinstance(target, Folder) and ignores_case(target.root)
    clashes = first_clashes(new_paths.items(), ignores_case=blind)
    if clashes:
        raise _clash(clashes)
    steps = SpilledList(Named)
    for old, new in new_paths.items():
        if _key(source, old) == _key(target, new):
            report.alike += 1
            continue
        problem = _taken(work, old, new) if new in work.seen[End.B].files else None
        if problem is None and new in work.seen[End.B].files:
            report.alike += 1
        elif problem is not None:
            report.failed.append(problem)
        else:
            steps.append(Named(old, new, work.seen[End.A].files[old].size))
    return steps


def _new_paths(work: Work, source: Place, target: Place, layout: Layout, report: OrganizeReport) -> dict[str, str]:
    """Old and new path of each file that can be named, in order of the old ones."""
    reading, found = Reading(), dict[str, str]()
    inner = _inner(source, target)
    paths = [path for path in work.seen[End.A].files if inner is None or not path.startswith(inner)]

    def look(path: str) -> str:
        file = work.seen[End.A].files[path]
        said = (
            named(path)
            if not layout.opens_files
            else fields_of(path, file.size, lambda: _opened(source, file, reading))
        )
        new = layout.render(said)
        problem = refused_here(new) if isinstance(target, Folder) else None
        if problem:
            raise LayoutError(f"this disk cannot hold {new[:80]!r}: {problem}")
        return new

    with Pool(min(work.workers, READERS)) as pool:
        for path, result in pool.map(look, paths):
            try:
                found[path] = result.result()
            except (Unsaid, LayoutError, OSError) as error:
                report.failed.append(Problem(path, f"stays where it is: {error}", None))
            except ENDS_THE_RUN:
                raise
            except S3syncError as error:
                report.failed.append(Problem(path, str(error), error.hint))
    report.read_bytes = reading.bytes
    return dict(sorted(found.items()))


def _opened(place: Place, found: Found, reading: Reading) -> IO[bytes]:
    if isinstance(place, Bucket):
        ranged = RangedFile(place.store, found.key, found.size, found.etag, reading.received)
        return cast("IO[bytes]", ranged)
    assert found.file is not None
    return _local(place, found.file.where)


def _local(place: Folder, where: str) -> IO[bytes]:
    import os
    from pathlib import Path

    above, name = os.path.split(where)
    with local_errors("cannot read", where), GuardedFolder.open(Path(above), shared=True) as folder:
        return os.fdopen(folder.open_read(name), "rb")


def _key(place: Place, path: str) -> tuple[str, str]:
    """Place of a file, the same for one file however its place was named."""
    if isinstance(place, Bucket):
        return place.settings.store.rstrip("/"), path
    return "folder", (place.root / path).as_posix()


def _inner(source: Place, target: Place) -> str | None:
    """Beginning of the source's paths that lie in the target, which is organized already; None where none do."""
    one, two = _root(source), _root(target)
    return two.removeprefix(one) if two != one and two.startswith(one) else None


def _root(place: Place) -> str:
    return (place.settings.store if isinstance(place, Bucket) else place.root.as_posix()).rstrip("/") + "/"


def _taken(work: Work, old: str, new: str) -> Problem | None:
    """None where what stands under the new path is the same file."""
    one, two = work.seen[End.A].files[old], work.seen[End.B].files[new]
    if one.size == two.size:
        first, second = settle(new, one, two, work.knows)
        if first is not None and first == second:
            return None
    return Problem(old, f"stays where it is: another file is called {new}", "rename one, or change the layout")


def _clash(clashes: Mapping[str, list[str]]) -> Halt:
    told = [f"{', '.join(olds[:FEW])}{' ...' if len(olds) > FEW else ''} -> {new}" for new, olds in clashes.items()]
    more = f", and {len(told) - FEW} more" if len(told) > FEW else ""
    return Halt(
        f"{len(told)} names would be of several files",
        why="; ".join(told[:FEW]) + more,
        hint="nothing was done; add a field to the layout that tells them apart, such as {disc} or {stem}",
    )
