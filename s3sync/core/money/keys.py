"""Keys of a repository's objects: which project each belongs to, and what it is."""

from __future__ import annotations

import re

from msgspec import Struct

from s3sync.core.money.books import ALL_PROJECTS, FILES, RECORDS, TRASH
from s3sync.core.names import MANIFEST, STATE_DIR, nfc
from s3sync.core.records import read_stamp

_EVENTS = re.compile(r"(\d{4}-\d\d)(?:-[2-9])?\.jsonl")


class Owned(Struct, frozen=True):
    """Object of a project. `path` is that of a file; `by` the user as the key alone tells him; `events` the month
    whose events an object holds."""

    project: str
    kind: str
    path: str | None = None
    by: str | None = None
    events: str | None = None

    @property
    def is_manifest(self) -> bool:
        return self.kind == RECORDS and self.path == MANIFEST


def owned(rest: str) -> Owned:
    """The object of this key, without the repository and its `/`."""
    first, slash, more = rest.partition("/")
    if not slash:
        return Owned(ALL_PROJECTS, RECORDS)
    if first == STATE_DIR:
        kind, _, below = more.partition("/")
        project, _, name = below.partition("/")
        if not (project and name) or project.startswith(
            "."
        ):  # no project is hidden: `.dashboard` is all projects' page
            return Owned(ALL_PROJECTS, RECORDS)
        if kind == "trash":
            return _in_trash(project, name)
        found = _EVENTS.fullmatch(name) if kind == "events" else None
        return Owned(nfc(project), RECORDS, events=found[1] if found else None)
    if more == MANIFEST:
        return Owned(nfc(first), RECORDS, path=MANIFEST)
    if more.startswith(f"{STATE_DIR}/"):
        kind, _, below = more.removeprefix(f"{STATE_DIR}/").partition("/")
        return _in_trash(first, below) if kind == "trash" else Owned(nfc(first), RECORDS)
    return Owned(nfc(first), FILES, path=nfc(more))


def _in_trash(project: str, name: str) -> Owned:
    return Owned(nfc(project), TRASH, by=read_stamp(name.partition("/")[0]).by)
