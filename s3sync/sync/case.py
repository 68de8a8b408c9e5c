"""A disk that ignores case: its names are put under the remote's spelling before anything is compared.

Such a disk cannot say how a name is spelled: it keeps what was there first. So, as with Unicode, the remote's spelling
counts; for a path that only this side has, that of the folders in it. Where the remote has several spellings, or this
side has the remote's one already, the local one stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import TypeVar

from s3sync.core.entries import Entry
from s3sync.core.names import is_text, note_spellings
from s3sync.core.names import respelled as respelled_path
from s3sync.local.scan import LocalFile, LocalScan
from s3sync.shared.scan import RemoteScan
from s3sync.spill.sequence import SpilledList
from s3sync.spill.table import SpilledDict, merge_by_path

T = TypeVar("T")


def take_the_remotes_case(base: SpilledDict[Entry], here: LocalScan, there: RemoteScan) -> SpilledDict[Entry]:
    """Put the local files, and what the base has of them, under the remote's spellings. Returns the base.

    A change of case alone, on either side, is then no change: nothing is deleted for it, and nothing sent. Where all
    is spelled alike, as it mostly is, no names are collected.
    """
    hidden_here, hidden_there = set(filter(is_text, here.hidden)), set(filter(is_text, there.hidden))
    unmatched = SpilledList(str)
    for files, objects in merge_by_path(here.files, there.files):
        unmatched.extend(path for path in files if path not in objects and path not in hidden_there)
    unmatched.extend(path for path in hidden_here - hidden_there if path not in there.files)
    if unmatched:
        known = chain(there.files, hidden_there)
        moved = respelled(unmatched, known, lambda path: path in here.files or path in hidden_here)
        here.files = _moved(here.files, LocalFile, moved)
        here.hidden = [moved.get(path, path) if path in hidden_here else path for path in here.hidden]
    unmatched = SpilledList(str)
    for entries, files, objects in merge_by_path(base, here.files, there.files):
        unmatched.extend(path for path in entries.keys() - files.keys() - objects.keys() if path not in hidden_there)
    if unmatched:
        known = chain(here.files, there.files, hidden_there)
        return _moved(base, Entry, respelled(unmatched, known, base.__contains__))
    return base


def respelled(unmatched: Collection[str], remote: Iterable[str], is_local: Callable[[str], bool]) -> SpilledDict[str]:
    """Under which path to take each local one that the remote spells otherwise.

    `unmatched` are the local paths that the remote does not have as they are spelled; `is_local` knows all.
    """
    spelled = SpilledDict(tuple[str, ...], len(unmatched))
    note_spellings(spelled, unmatched, remote)
    wanted = SpilledDict(str, len(unmatched))  # by the remote's spelling; empty for one that several would get
    for path in unmatched:
        other = respelled_path(path, spelled)
        if other is not None and not is_local(other):
            wanted[other] = path if wanted.get(other, path) == path else ""
    found = SpilledDict(str, len(unmatched))
    found.update((path, other) for other, path in wanted.items() if path)
    return found


def _moved(table: SpilledDict[T], kind: type[T], moved: Mapping[str, str]) -> SpilledDict[T]:
    """The same entries under other paths."""
    if not moved:
        return table
    new = SpilledDict(kind, len(table))
    new.update((moved.get(path, path), value) for path, value in table.items())
    return new
