"""Readers of what files say about themselves: FITS headers, the times and cameras of photos and movies.

Files may come from anybody: each reader looks at a bounded part of a file, and raises `Unsaid` for anything else than
what it knows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO


class Unsaid(ValueError):
    """A file does not say it, or is not what its name says."""


def open_file(path: Path, buffering: int = -1) -> BinaryIO:
    """A file for reading, through no link, and without waiting where somebody put a pipe in its place."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return open(os.open(path, flags), "rb", buffering)
