"""Selective sync: which files of a project are wanted on this computer, as its user said. Remembered in state.db.

What is not selected, and not here, is left out of every decision: it is not fetched, and it never counts as deleted.
The base forgets it, so that it is new on the remote once it is selected again. A file that is here is synced as any
other, and so is one that a command names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.errors import LocalError
from s3sync.state.memory import StateDB
from s3sync.sync.view import View

FACT = "selected "
"""Begins the names of the facts that are its patterns; a number follows, as later patterns overrule earlier ones."""
MOST_SELECTED = 999
MOST_CHARACTERS = 4096
_NUMBER = re.compile(b"[0-9]{3}")


_MOST_ROWS = MOST_SELECTED + 100
_HINT = "`s3sync select --all` selects everything again, `s3sync select PATTERN` what fits: each removes what is there"


class Chosen(Struct, frozen=True):
    """The patterns, in gitignore's syntax (none where everything is wanted), or what is wrong with the rows of them.

    `foreign`: what no s3sync wrote, as it may be shown.
    """

    patterns: list[str]
    why: str | None = None
    foreign: list[str] = []

    def require_usable(self) -> None:
        """Raise `LocalError` where it is not known what is selected: nothing is decided by half of it."""
        if self.why is not None:
            raise LocalError("the selection of this project cannot be used", why=self.why, hint=_HINT)


def chosen_in(state: StateDB) -> Chosen:
    """Find out what was selected, whoever wrote it."""
    patterns: list[str] = []
    foreign: list[str] = []
    for key, value in state.raw_facts(FACT, _MOST_ROWS):
        pattern = _pattern(key, value)
        if pattern is None:
            foreign.append(f"{key.decode(errors='replace')}: {value.decode(errors='replace')}")
        else:
            patterns.append(pattern)
    if foreign:
        return Chosen([], "state.db holds what no s3sync wrote there", foreign)
    try:
        wanted_by(patterns)
    except ValueError as error:
        return Chosen([], str(error).split("\n")[0], patterns)
    return Chosen(patterns)


def _pattern(key: bytes, value: bytes) -> str | None:
    try:
        pattern = value.decode()
    except UnicodeDecodeError:
        return None
    return pattern if _NUMBER.fullmatch(key) and 0 < len(pattern) <= MOST_CHARACTERS else None


def write_selection(state: StateDB, patterns: Sequence[str]) -> None:
    """Have these be selected, and nothing else that stands there, whoever wrote it."""
    state.forget_raw(FACT)
    for number, pattern in enumerate(patterns):
        state.remember(f"{FACT}{number:03}", pattern)


def leave_out_deselected(seen: View, state: StateDB) -> None:
    """Hide what is not selected and not here, and have the base of every place forget it."""
    chosen = chosen_in(state)
    chosen.require_usable()
    patterns = chosen.patterns
    if not patterns:
        return
    wanted = wanted_by(patterns)
    forget_absent(seen, state, wanted)
    for path, file in seen.there.files.items():
        if path not in seen.here.files and not wanted(path):
            seen.deselected.add(path)
            seen.deselected_bytes += file.entry.size
    seen.hidden |= seen.deselected


def forget_absent(seen: View, state: StateDB, wanted: Callable[[str], bool] = lambda path: False) -> None:
    """Have the base of every place forget what is not here, but for what is wanted: its absence is nobody's wish."""
    gone = [path for path in seen.base if path not in seen.here.files and not wanted(path)]
    for some in batched(gone, limits.now.files_before_save):
        state.save(base=dict.fromkeys(some))
        for path in some:
            del seen.base[path]
    elsewhere = (path for path in state.paths_elsewhere() if path not in seen.here.files and not wanted(path))
    for some in batched(elsewhere, limits.now.files_before_save):
        state.forget_elsewhere(some)


def wanted_by(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A test for paths. Raises `ValueError` for what is no pattern."""
    from s3sync.local.patterns import compile_patterns

    return compile_patterns(patterns).match_file
