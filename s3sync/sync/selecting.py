"""`select`: the list of what is on the remote, and the choice of what is wanted here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from msgspec import Struct, field

from s3sync.errors import UsageError
from s3sync.local.patterns import anchored
from s3sync.state.memory import StateDB
from s3sync.sync.report import ProjectAddress
from s3sync.sync.scan import scan
from s3sync.sync.select import names_meant
from s3sync.sync.selection import (
    MOST_SELECTED,
    Chosen,
    chosen_in,
    forget_absent,
    leave_out_deselected,
    wanted_by,
    write_selection,
)
from s3sync.sync.session import Session
from s3sync.sync.view import View


class Group(Struct):
    """Files of the remote with one beginning: a folder (its name ends in `/`), or a file by itself."""

    name: str
    files: int = 0
    size_bytes: int = 0
    wanted: int = 0
    here: int = 0


class SelectReport(Struct):
    """Files of a project on the remote, and what of them is selected by `patterns` (none: everything).

    `foreign`: what was there instead of a selection and could not be used; a new one removes it.
    """

    place: ProjectAddress
    patterns: list[str]
    changed: bool = False
    dry_run: bool = False
    groups: list[Group] = field(default_factory=list)
    namesakes: dict[str, int] = field(default_factory=dict)
    """Files in other folders that are called as a name that was said, by the pattern that selects them, too."""
    foreign: list[str] = field(default_factory=list)

    @property
    def files(self) -> int:
        return sum(group.files for group in self.groups)

    @property
    def wanted(self) -> int:
        return sum(group.wanted for group in self.groups)


def select_files(
    session: Session,
    choose: Callable[[SelectReport], Sequence[str] | None] = lambda report: None,
    *,
    cwd: Path | None = None,
    dry_run: bool = False,
) -> SelectReport:
    """List the remote, and remember what is wanted from now on.

    `choose` gets the list, and gives names and patterns: none for everything, None to leave the selection as it is. A
    name that exists, as seen from `cwd` or the staging folder, is remembered as the pattern of that file or folder
    alone; the patterns of the list that it begins with stay as they are. Touches no file.
    Raises `UsageError` for what is no pattern, `StoreError`, `LockHeld`.
    """
    if dry_run:
        with session.memory(read_only=True) as state:
            return _select(session, state, choose, cwd, dry_run=True)
    with session.lock(), session.memory() as state:
        return _select(session, state, choose, cwd, dry_run=False)


def _select(
    session: Session,
    state: StateDB,
    choose: Callable[[SelectReport], Sequence[str] | None],
    cwd: Path | None,
    *,
    dry_run: bool,
) -> SelectReport:
    was = chosen_in(state)
    before = was.patterns
    seen = _scanned(session, state, was)
    report = SelectReport(session.place, before, dry_run=dry_run, groups=_groups(seen, before), foreign=was.foreign)
    chosen = choose(report)
    if chosen is None:
        was.require_usable()
    if chosen is None or (list(chosen) == before and was.why is None):
        return report
    kept = before if list(chosen[: len(before)]) == before else []
    patterns = [*kept, *_patterns(session, seen, chosen[len(kept) :], cwd)]
    patterns = list(dict.fromkeys(patterns))
    if patterns == before and was.why is None:
        return report
    _check(patterns)
    report.patterns, report.changed, report.groups = patterns, True, _groups(seen, patterns)
    report.namesakes = _namesakes(seen, patterns[len(kept) :], patterns)
    if patterns and not report.wanted and report.files:
        raise UsageError(
            "nothing was selected",
            why=f"no file of the {report.files} on the remote fits {' '.join(patterns)!r:.80}",
            hint="write it as in .gitignore: audio/, '*.wav', 'raw/day 1/'; --all selects everything",
        )
    with state.transaction():
        write_selection(state, patterns)
        if was.why is not None:  # whether what is gone was selected, nobody knows
            forget_absent(seen, state)
        seen.hidden -= seen.deselected
        seen.deselected, seen.deselected_bytes = set(), 0
        leave_out_deselected(seen, state)
    return report


def _scanned(session: Session, state: StateDB, was: Chosen) -> View:
    """All that is here and there; where it cannot be known what was selected, as if that were everything."""
    if was.why is None:
        return scan(session, state)
    with session.memory(read_only=True) as apart:
        write_selection(apart, [])
        return scan(session, apart)


def _patterns(session: Session, seen: View, words: Sequence[str], cwd: Path | None) -> Iterator[str]:
    """What is remembered of each word: a name that exists is itself alone, and any other word a pattern."""
    staging = session.project.staging
    meant = names_meant(words, staging, cwd or staging, lambda: chain(seen.there.files, seen.here.files))
    for word in words:
        if word in meant:
            path, is_folder = meant[word]
            yield anchored(path, is_folder=is_folder)
        elif word.strip():
            yield word


def _namesakes(seen: View, said: Sequence[str], patterns: Sequence[str]) -> dict[str, int]:
    """How many files each name at the top would select in other folders, too, as a pattern that looks into each."""
    wide = {f"**{one}": wanted_by([f"**{one}"]) for one in said if one.startswith("/") and "/" not in one[1:-1]}
    wanted = wanted_by(patterns)
    found = dict.fromkeys(wide, 0)
    for path, _ in _remote(seen) if wide else ():
        if not wanted(path):
            for pattern, fits in wide.items():
                found[pattern] += fits(path)
    return {pattern: files for pattern, files in found.items() if files}


def _check(patterns: Sequence[str]) -> None:
    if len(patterns) > MOST_SELECTED:
        raise UsageError("there are too many patterns", why=f"{MOST_SELECTED} are the most", hint="name folders")
    try:
        wanted_by(patterns)
    except ValueError as error:
        why = str(error).split("\n")[0]
        raise UsageError("this is no pattern", why=why, hint="write it as in .gitignore: audio/, '*.wav'") from error


def _groups(seen: View, patterns: Sequence[str]) -> list[Group]:
    wanted = wanted_by(patterns) if patterns else lambda path: True
    found: dict[str, Group] = {}
    for path, size in _remote(seen):
        head, slash, _ = path.partition("/")
        group = found.setdefault(head + slash, Group(head + slash))
        group.files += 1
        group.size_bytes += size
        group.wanted += wanted(path)
        group.here += path in seen.here.files
    return sorted(found.values(), key=lambda group: group.name)


def _remote(seen: View) -> Iterator[tuple[str, int]]:
    return ((path, file.entry.size) for path, file in seen.there.files.items())
