"""Selective sync: which files of a project are wanted on this computer, as its user said. Remembered in state.db.

What is not selected, and not here, is left out of every decision: it is not fetched, and it never counts as deleted.
The base forgets it, so that it is new on the remote once it is selected again. A file that is here is synced as any
other, and so is one that a command names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.state.memory import StateDB
from s3sync.sync.view import View

FACT = "selected "
"""Begins the names of the facts that are its patterns; a number follows, as later patterns overrule earlier ones."""


def selected(state: StateDB) -> list[str]:
    """The patterns, in gitignore's syntax; none where everything is wanted."""
    return state.facts(FACT)


def leave_out_deselected(seen: View, state: StateDB) -> None:
    """Hide what is not selected and not here, and have the base of every place forget it."""
    patterns = selected(state)
    if not patterns:
        return
    wanted = wanted_by(patterns)
    gone = [path for path in seen.base if path not in seen.here.files and not wanted(path)]
    for some in batched(gone, limits.now.files_before_save):
        state.save(base=dict.fromkeys(some))
        for path in some:
            del seen.base[path]
    elsewhere = (path for path in state.paths_elsewhere() if path not in seen.here.files and not wanted(path))
    for some in batched(elsewhere, limits.now.files_before_save):
        state.forget_elsewhere(some)
    for path, file in seen.there.files.items():
        if path not in seen.here.files and not wanted(path):
            seen.deselected.add(path)
            seen.deselected_bytes += file.entry.size
    seen.hidden |= seen.deselected


def wanted_by(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A test for paths. Raises `ValueError` for what is no pattern."""
    from s3sync.local.patterns import compile_patterns

    return compile_patterns(patterns).match_file
