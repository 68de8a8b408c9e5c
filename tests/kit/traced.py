"""The command line, with tables so small that few files are many, saying how much Python held at most.

    traced.py FILE WORDS...   writes that many bytes into FILE

What a run may hold at once whatever the number of files is made small too: only what follows their number is left.
"""

from __future__ import annotations

import functools
import mimetypes
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOST_CACHED = 100


def shrink() -> None:
    """Before any of it is imported: caches keep the size that they are made with."""
    plain = functools.lru_cache

    def small(maxsize: Any = MOST_CACHED, typed: bool = False) -> Callable[..., Any]:
        made: Callable[..., Any] = plain(MOST_CACHED if isinstance(maxsize, int) else maxsize, typed)
        return made

    functools.lru_cache = small  # type: ignore[assignment]
    from s3sync.cli import output
    from s3sync.core import limits
    from s3sync.local import digests
    from s3sync.store.folder import files, objects
    from s3sync.sync import record as save
    from s3sync.sync import trash

    limits.now = limits.Limits(
        entries_in_memory=500,
        entries_at_once=100,
        files_before_save=100,
        digests_before_save=100,
        deletions_kept=100,
        manifest_in_memory=64 * 1024,
        manifest_piece=16 * 1024,
    )
    for where, name, value in (
        (save, "SAVE_EVERY_S", 1e9),  # whether one comes in the middle would be chance
        (digests, "CHUNK", 16 * 1024),
        (files, "BLOCK", 16 * 1024),
        (objects, "BLOCK", 16 * 1024),
        (output, "PIECES_AT_ONCE", 100),
        (trash, "LOOKUPS_IN_LINE", 100),
    ):
        assert hasattr(where, name)
        setattr(where, name, value)


def main() -> int:
    shrink()
    from s3sync.cli.main import run

    sys.intern = str  # Python's own table of strings grows by doubling, and `pathlib` fills it with names in passing
    mimetypes.init()  # else two threads may do it at once
    tracemalloc.start()
    try:
        return run(sys.argv[2:])
    finally:
        Path(sys.argv[1]).write_text(str(tracemalloc.get_traced_memory()[1]))


if __name__ == "__main__":
    sys.exit(main())
