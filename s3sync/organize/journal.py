"""Journals of runs of `organize`, in the user's own data folder: what each copied, so that it can be taken back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec
from msgspec import Struct

from s3sync.config.locate import user_data_folder
from s3sync.disk.errors import local_errors
from s3sync.disk.own import own_folder
from s3sync.errors import UsageError

FOLDER, ENDING, UNDONE = "organize", ".jsonl", ".undone"
MOST_BYTES = 1 << 30


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
    """

    old: str
    new: str
    size: int
    old_etag: str
    new_etag: str
    md5: str | None
    held: bool = False


class Journal:
    """Journal of the run under way. A line is on the disk after `sync`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def note(self, line: Head | Line) -> None:
        os.write(self._descriptor, msgspec.json.encode(line) + b"\n")

    def sync(self) -> None:
        os.fsync(self._descriptor)


@contextmanager
def new_journal(environ: Mapping[str, str], run: str, head: Head) -> Iterator[Journal]:
    """Journal of a new run of that name. Raises `LocalError`, `DiskFull`."""
    base = user_data_folder(environ)
    with local_errors("cannot write the journal in", base), own_folder(base, FOLDER) as folder:
        descriptor = folder.create(run + ENDING)
        try:
            journal = Journal(descriptor)
            journal.note(head)
            yield journal
            journal.sync()
        finally:
            os.close(descriptor)


def read_journal(environ: Mapping[str, str], run: str | None) -> tuple[str, Head, list[Line]]:
    """Name, head and lines of a run, or of the last that was not taken back. Raises `UsageError`, `LocalError`."""
    base = user_data_folder(environ)
    with local_errors("cannot read the journals in", base):
        try:
            with own_folder(base, FOLDER, create=False) as folder:
                runs = sorted(name.removesuffix(ENDING) for name in folder.names() if name.endswith(ENDING))
                chosen = run if run is not None else (runs[-1] if runs else None)
                if chosen not in runs or chosen is None:
                    raise _none(run, runs)
                body = folder.read(chosen + ENDING, MOST_BYTES)
        except FileNotFoundError:
            raise _none(run, []) from None
    first, *rest = body.split(b"\n")
    try:
        head = msgspec.json.decode(first, type=Head)
        lines = [msgspec.json.decode(line, type=Line) for line in rest[:-1] if line]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the journal of {chosen} is damaged", why=str(error)) from None
    return chosen, head, lines


def mark_undone(environ: Mapping[str, str], run: str) -> None:
    """Have a run count as taken back."""
    base = user_data_folder(environ)
    with local_errors("cannot write in", base), own_folder(base, FOLDER) as folder:
        folder.rename(run + ENDING, run + ENDING + UNDONE)


def _none(run: str | None, runs: list[str]) -> UsageError:
    what = "there is no run of `organize` to take back" if run is None else f"there is no run {run!r:.60} to take back"
    return UsageError(what, hint=f"the runs are {', '.join(runs[-5:])}" if runs else "each is taken back once")
