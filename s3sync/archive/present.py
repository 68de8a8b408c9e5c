"""Members that a folder has already, looked at before anything is asked for: no thaw of them is paid, nor a request."""

from __future__ import annotations

import os

from s3sync.archive.place import Destination, Target
from s3sync.archive.thaw import objects_of
from s3sync.core.archive.extraction import problem_of
from s3sync.core.archive.values import Index, Kind, Member
from s3sync.errors import LocalError


def lacking(to: Destination, wanted: list[Member]) -> list[Member]:
    """Files and links that a restore into a folder would have to bring. Reads what looks the same; writes nothing.

    What no restore brings, because of its name, is not among them.
    """
    target = Target(to, "", make=False)
    windows = os.name == "nt"
    return [
        one
        for one in wanted
        if one.kind is not Kind.FOLDER and problem_of(one, windows=windows) is None and not _is_there(target, one)
    ]


def read_for(index: Index, missing: list[Member]) -> list[tuple[str, int]]:
    """Keys and sizes of the objects that are read to bring members. Links are in the index."""
    files = [one for one in missing if one.kind is Kind.FILE]
    return objects_of(index, files) if files else []


def _is_there(target: Target, member: Member) -> bool:
    try:
        if member.kind is Kind.LINK:
            return target.has_link(member)
        return target.holds(member) or target.beside(member) is not None
    except LocalError:
        return False  # the restore itself will say what is in its way
