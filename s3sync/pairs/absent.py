"""Names that lead nowhere: an address with nothing at it, and paths of a list that no place has."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.core.outcome import Problem
from s3sync.core.pairs import End
from s3sync.errors import UsageError
from s3sync.pairs.values import Bucket
from s3sync.pairs.work import Work, is_below


def refuse_nothing(work: Work, end: End = End.A) -> None:
    """Raise where a store has nothing at a place: it has no folders, so that nothing tells it from a misspelled one."""
    place, seen = work.opened.places[end], work.seen[end]
    if isinstance(place, Bucket) and work.complete and not (seen.files or seen.problems or seen.left_out):
        raise UsageError(
            f"there is nothing at {place.shown}",
            why="no object's name begins so",
            hint="look at the spelling",
        )


def missing(work: Work, *, at: tuple[End, ...] = (End.A, End.B)) -> Iterator[Problem]:
    """The listed paths that no place of `at` has. One of which too little is known is none: it is told anyhow."""
    hidden = work.hidden
    told = {problem.path for seen in work.seen.values() for problem in seen.problems}
    shown = " and ".join(work.opened.places[end].shown for end in at)
    for path in work.wanted.listed:
        if path in told or is_below(path, hidden) or any(path in work.seen[end].files for end in at):
            continue
        yield Problem(
            path.rstrip("/"),
            f"is in the list, and is no file of {shown}",
            "look at its spelling; paths are those below the place, and a folder is chosen with --include 'folder/'",
        )
