"""Projects whose files leave this disk for an archive: their memories forget them before they go."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from s3sync.archive.unit_root import real_root
from s3sync.core.archive.values import Kind, Unit
from s3sync.state.leaving import Leaving


@contextmanager
def forgetting(unit: Unit, environ: Mapping[str, str]) -> Iterator[None]:
    """While the files of a unit are deleted here: no run works on their projects, and their bases have forgotten them.

    Raises `LockHeld` where one does, `LocalError` where a project's memory cannot be written.
    """
    top = real_root(unit)
    files = (source for source in (*unit.sources, *unit.sidecars) if source.kind is Kind.FILE)
    with Leaving(environ) as leaving:
        leaving.keep(top)
        leaving.forget(f"{top}{os.sep}{source.path}" for source in files)
        yield
