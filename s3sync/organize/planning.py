"""Plan of `organize`: the new path of each file, before anything is copied. What collides is refused as a whole."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import IO, cast

from msgspec import Struct

from s3sync.archive.readers import Unsaid
from s3sync.core.archive.layout import LayoutError
from s3sync.core.organizing import Layout, first_clashes, is_own_record
from s3sync.core.outcome import Problem
from s3sync.core.pairs import End
from s3sync.disk.errors import local_errors
from s3sync.disk.tree import parent_of
from s3sync.errors import ENDS_THE_RUN, Halt, S3syncError
from s3sync.local.holds import ignores_case, refused_here
from s3sync.local.scan import LocalFile
from s3sync.organize.ranged import RangedFile
from s3sync.organize.report import Named, OrganizeReport
from s3sync.organize.said import fields_of, named
from s3sync.pairs.apart import refuse_one_place
from s3sync.pairs.digests import settle, surely_same
from s3sync.pairs.looking import passed_over
from s3sync.pairs.planning import warnings_of
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


class Plan(Struct):
    """Steps of a run. `held` are files whose content the target has under their new path, each with its MD5."""

    copies: SpilledList[Named]
    held: list[tuple[Named, str | None]]


def plan(work: Work, layout: Layout, report: OrganizeReport) -> Plan:
    """Find what is not under its new path yet. Raises `Halt` on collisions, before anything was written."""
    source, target = work.opened.places[End.A], work.opened.places[End.B]
    problems = (problem for seen in work.seen.values() for problem in seen.problems)
    report.failed += {problem.path: problem for problem in problems if not is_own_record(problem.path)}.values()
    named_so = _new_paths(work, source, target, layout, report)
    new_paths = {old: new for old, new in named_so.items() if _key(source, old) != _key(target, new)}
    report.alike = len(named_so) - len(new_paths)
    blind = isinstance(target, Folder) and ignores_case(target.root)
    clashes = first_clashes(new_paths.items(), ignores_case=blind)
    if clashes:
        raise _clash(clashes)
    found = Plan(SpilledList(Named), [])
    for old, new in new_paths.items():
        step = Named(old, new, work.seen[End.A].files[old].size)
        if new not in work.seen[End.B].files:
            found.copies.append(step)
            continue
        same, known = _is_same(work, old, new, surely=report.moves)
        if same:
            found.held.append((step, known))
        else:
            problem = f"stays where it is: another file is called {new}"
            report.failed.append(Problem(old, problem, "rename one, or change the layout"))
    if isinstance(target, Folder):  # whoever wrote the tags chose the names
        report.warnings += warnings_of(step.new for step in found.copies)
    return found


def _new_paths(work: Work, source: Place, target: Place, layout: Layout, report: OrganizeReport) -> dict[str, str]:
    """Old and new path of each file that can be named, in order of the old ones."""
    reading, found = Reading(), dict[str, str]()
    inner, ignored = _inner(source, target), passed_over(target)
    files = (path for path in work.seen[End.A].files if not is_own_record(path))
    paths = [path for path in files if inner is None or not path.startswith(inner)]

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
        if ignored(new):  # the next run would not see it, and take it for somebody else's
            raise LayoutError(f"`ignore` leaves {new[:80]!r} out of the target")
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
    return _local(found.file)


def _local(file: LocalFile) -> IO[bytes]:
    import os

    with local_errors("cannot read", file.where):
        folder, name = parent_of(file.where, file.depth)
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


def refuse_another_name(work: Work, *, marks: bool = True) -> None:
    """Raise `UsageError` where both places are one under two names: what is under its new path already would go."""
    source, target = work.opened.places[End.A], work.opened.places[End.B]
    if _root(source) != _root(target):
        refuse_one_place(source, target, marks=marks)


def _root(place: Place) -> str:
    return (place.settings.store if isinstance(place, Bucket) else place.root.as_posix()).rstrip("/") + "/"


def _is_same(work: Work, old: str, new: str, *, surely: bool) -> tuple[bool, str | None]:
    """True if what stands under the new path is the same file, with its MD5.

    `surely`: the old one is to go then, so that nobody's word counts but the bytes'.
    """
    one, two = work.seen[End.A].files[old], work.seen[End.B].files[new]
    if surely:
        return surely_same(old, one, two, work.knows, new)
    if one.size != two.size:
        return False, None
    first, second = settle(old, one, two, work.knows, new)
    return first is not None and first == second, first


def _clash(clashes: Mapping[str, list[str]]) -> Halt:
    told = [f"{', '.join(olds[:FEW])}{' ...' if len(olds) > FEW else ''} -> {new}" for new, olds in clashes.items()]
    more = f", and {len(told) - FEW} more" if len(told) > FEW else ""
    return Halt(
        f"{len(told)} names would be of several files",
        why="; ".join(told[:FEW]) + more,
        hint="nothing was done; add a field to the layout that tells them apart, such as {disc} or {stem}",
    )
