"""`select`: the list of what is on the remote, and the choice of what is wanted here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, field

from s3sync.errors import UsageError
from s3sync.state.memory import StateDB
from s3sync.sync.report import ProjectAddress
from s3sync.sync.scan import scan
from s3sync.sync.selection import FACT, leave_out_deselected, selected, wanted_by
from s3sync.sync.session import Session
from s3sync.sync.view import View

MOST_PATTERNS = 999


class Group(Struct):
    """Files of the remote with one beginning: a folder (its name ends in `/`), or a file by itself."""

    name: str
    files: int = 0
    size_bytes: int = 0
    wanted: int = 0
    here: int = 0


class SelectReport(Struct):
    """Files of a project on the remote, and what of them is selected by `patterns` (none: everything)."""

    place: ProjectAddress
    patterns: list[str]
    changed: bool = False
    dry_run: bool = False
    groups: list[Group] = field(default_factory=list)

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
    dry_run: bool = False,
) -> SelectReport:
    """List the remote, and remember what is wanted from now on.

    `choose` gets the list, and gives the patterns: none for everything, None to leave the selection as it is.
    Touches no file. Raises `UsageError` for what is no pattern, `StoreError`, `LockHeld`.
    """
    if dry_run:
        with session.memory(read_only=True) as state:
            return _select(session, state, scan(session, state), choose, dry_run=True)
    with session.lock(), session.memory() as state:
        return _select(session, state, scan(session, state), choose, dry_run=False)


def _select(
    session: Session,
    state: StateDB,
    seen: View,
    choose: Callable[[SelectReport], Sequence[str] | None],
    *,
    dry_run: bool,
) -> SelectReport:
    before = selected(state)
    report = SelectReport(session.place, before, dry_run=dry_run, groups=_groups(seen, before))
    chosen = choose(report)
    if chosen is None or list(chosen) == before:
        return report
    patterns = [pattern for pattern in chosen if pattern.strip()]
    _check(patterns)
    report.patterns, report.changed, report.groups = patterns, True, _groups(seen, patterns)
    if patterns and not report.wanted and report.files:
        raise UsageError(
            "nothing was selected",
            why=f"no file of the {report.files} on the remote fits {' '.join(patterns)!r:.80}",
            hint="write it as in .gitignore: audio/, '*.wav', 'raw/day 1/'; --all selects everything",
        )
    with state.transaction():
        state.forget_facts([f"{FACT}{number:03}" for number in range(len(before))])
        for number, pattern in enumerate(patterns):
            state.remember(f"{FACT}{number:03}", pattern)
        seen.hidden -= seen.deselected
        seen.deselected, seen.deselected_bytes = set(), 0
        leave_out_deselected(seen, state)
    return report


def _check(patterns: Sequence[str]) -> None:
    if len(patterns) > MOST_PATTERNS:
        raise UsageError("there are too many patterns", why=f"{MOST_PATTERNS} are the most", hint="name folders")
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
