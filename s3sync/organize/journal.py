"""Journals of runs of `organize`, in the user's own data folder: what each copied, so that it can be taken back.

Beside the journal of a run that has not come to its end lies what it was to copy. A run of the same words finishes it,
and takes its lines over, so that one undo takes back both.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
from msgspec import Struct, field

from s3sync.config.locate import user_data_folder
from s3sync.decoding import ready
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import own_folder
from s3sync.errors import UsageError

FOLDER, ENDING, PLAN, UNDONE, CONTINUED = "organize", ".jsonl", ".plan", ".undone", ".continued"
MOST_BYTES = 1 << 30
_PACE = ("transfers", "bwlimit")
"""Flags that say nothing of what is done."""


class Head(Struct, frozen=True):
    """First line: the places as they were typed, in which folder, and with which settings."""

    source: str
    target: str
    layout: str
    cwd: str
    flags: dict[str, str | None]
    profile_b: str | None = None
    version: int = 1


class Line(Struct, frozen=True):
    """A copy that arrived. ETags are empty for files of a folder; `md5` may be unknown.

    `held`: the target had the file already, and the source's one went: it stays there when the run is taken back.
    `noted` False: it was to be copied, and nobody knows whether it arrived.
    """

    old: str
    new: str
    size: int
    old_etag: str
    new_etag: str
    md5: str | None
    held: bool = False
    noted: bool = True

    @property
    def names(self) -> tuple[str, str]:
        return self.old, self.new


class Former(Struct, frozen=True):
    """Runs of the same words that did not come to their end, and their lines by old and new path."""

    runs: list[str] = field(default_factory=list)
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)


class Journal:
    """Journal of the run under way. A line is on the disk after `sync`. `is_whole`: all that was planned is done."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self.is_whole = descriptor, False

    def note(self, line: Head | Line) -> None:
        write_all(self._descriptor, msgspec.json.encode(line) + b"\n")

    def sync(self) -> None:
        os.fsync(self._descriptor)


@contextmanager
def new_journal(
    environ: Mapping[str, str], run: str, head: Head, lines: Iterable[Line], planned: Iterable[Line], former: Former
) -> Iterator[Journal]:
    """Journal of a new run of that name, which knows `lines` already and takes the place of former ones.

    What is planned is on the disk before anything is copied. Raises `LocalError`, `DiskFull`.
    """
    base = user_data_folder(environ)
    with local_errors("cannot write the journal in", base), own_folder(base, FOLDER) as folder:
        with _written(folder, run + ENDING) as journal:
            journal.note(head)
            for line in lines:
                journal.note(line)
            journal.sync()
            with _written(folder, run + PLAN) as plan:
                for line in planned:
                    plan.note(line)
                plan.sync()
            folder.sync()
            for name in former.runs:
                _put_away(folder, name, CONTINUED)
            yield journal
            journal.sync()
        if journal.is_whole:
            folder.unlink(run + PLAN, missing_ok=True)


@contextmanager
def _written(folder: GuardedFolder, name: str) -> Iterator[Journal]:
    descriptor = folder.create(name)
    try:
        yield Journal(descriptor)
    finally:
        os.close(descriptor)


def _put_away(folder: GuardedFolder, run: str, why: str) -> None:
    folder.unlink(run + PLAN, missing_ok=True)
    folder.rename(run + ENDING, run + ENDING + why)


def unfinished(environ: Mapping[str, str], head: Head) -> Former:
    """Runs with that head that did not come to their end; a damaged journal is in nobody's way. Raises `LocalError`."""
    base, found = user_data_folder(environ), Former()
    with local_errors("cannot read the journals in", base):
        try:
            with own_folder(base, FOLDER, create=False) as folder:
                names = set(folder.names())
                begun = sorted(name.removesuffix(PLAN) for name in names if name.endswith(PLAN))
                for run in (run for run in begun if run + ENDING in names):
                    try:
                        other, lines = _read(folder, run)
                    except UsageError:
                        continue
                    if _words(other) == _words(head):
                        found.runs.append(run)
                        found.lines.update((line.names, line) for line in lines)
        except FileNotFoundError:
            pass
    return found


def _words(head: Head) -> tuple[object, ...]:
    flags = {name: value for name, value in head.flags.items() if value is not None and name not in _PACE}
    return head.source, head.target, head.layout, head.cwd, head.profile_b, flags


def read_journal(environ: Mapping[str, str], run: str | None) -> tuple[str, Head, list[Line]]:
    """Name, head and lines of a run, or of the last that was not taken back. Raises `UsageError`, `LocalError`."""
    base = user_data_folder(environ)
    with local_errors("cannot read the journals in", base):
        try:
            with own_folder(base, FOLDER, create=False) as folder:
                runs = sorted(name.removesuffix(ENDING) for name in folder.names() if name.endswith(ENDING))
                for chosen in reversed(runs):
                    has_begun = folder.lstat(chosen + ENDING).st_size > 0
                    if chosen == run or (run is None and has_begun):
                        return chosen, *_read(folder, chosen)
                raise _none(run, runs)
        except FileNotFoundError:
            raise _none(run, []) from None


def _read(folder: GuardedFolder, run: str) -> tuple[Head, list[Line]]:
    planned = folder.read(run + PLAN, MOST_BYTES) if folder.has_file(run + PLAN) else None
    return decoded(run, folder.read(run + ENDING, MOST_BYTES), planned)


def decoded(run: str, told: bytes, plan: bytes | None) -> tuple[Head, list[Line]]:
    """Head and lines of the two files of a run. Raises `UsageError` for what is none."""
    first, *rest = told.split(b"\n")
    planned = [] if plan is None else plan.split(b"\n")
    try:
        head = msgspec.json.decode(first, type=ready(Head))
        lines, wanted = (
            [msgspec.json.decode(one, type=ready(Line)) for one in some[:-1] if one] for some in (rest, planned)
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the journal of {run} is damaged", why=str(error)) from None
    known = {line.names for line in lines}
    return head, [*lines, *(line for line in wanted if line.names not in known)]


def mark_undone(environ: Mapping[str, str], run: str) -> None:
    """Have a run count as taken back."""
    base = user_data_folder(environ)
    with local_errors("cannot write in", base), own_folder(base, FOLDER) as folder:
        _put_away(folder, run, UNDONE)


def _none(run: str | None, runs: list[str]) -> UsageError:
    what = "there is no run of `organize` to take back" if run is None else f"there is no run {run!r:.60} to take back"
    return UsageError(what, hint=f"the runs are {', '.join(runs[-5:])}" if runs else "each is taken back once")
