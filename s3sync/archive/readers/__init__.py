"""Readers of what files say about themselves: FITS headers, the times and cameras of photos and movies.

Files may come from anybody: each reader looks at a bounded part of a file, and raises `Unsaid` for anything else than
what it knows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from s3sync.disk.tree import folder_below


class Unsaid(ValueError):
    """A file does not say it, or is not what its name says."""


class Below(NamedTuple):
    """File by its `/`-separated names below a folder, whose real path is `base`."""

    base: str
    path: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.base}{os.sep}{self.path}"


Place: TypeAlias = Path | Below
"""Place of a file: a `Path` is one that the user named, of which no link is followed at its last name alone."""


def descriptor_of(place: Place) -> int:
    """Descriptor of a regular file, open for reading, through no link below its base. Raises `OSError`."""
    base, path = place if isinstance(place, Below) else (os.path.realpath(place.parent), place.name)
    *names, name = path.split("/")
    return folder_below(base, names).open_read(name)


def open_file(place: Place, buffering: int = -1) -> BinaryIO:
    """The same as a file."""
    return open(descriptor_of(place), "rb", buffering)
