"""Names that one disk cannot hold together: two spellings of one name, or a file and a folder of one name."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.core.names import clashes, nfc, without_case
from s3sync.core.obstacles import can_both_go_on
from s3sync.core.outcome import Problem
from s3sync.core.reconcile import State
from s3sync.shared.refused import UNKNOWN
from s3sync.spill.table import SpilledDict, merge_by_path
from s3sync.sync.view import View


def hide_twins(seen: View, blind: bool) -> list[tuple[str, str]]:
    """Report spellings of one name that this disk cannot hold together, and leave them as they are on both sides.

    `blind` says that it ignores case. Returns the pairs of a file and a path in a folder of that name.
    """
    fold = without_case if blind else nfc
    names = _in_order_without_case(seen) if blind else ((path, path) for path in _in_order(seen))
    pairs: list[tuple[str, str]] = []
    for one, other in clashes(names):
        if fold(one) != fold(other):
            pairs.append((one, other))
            continue
        for path, twin in ((one, other), (other, one)):
            hint = "rename one of them, or give both the same case"
            _hide(seen, Problem(path, f"cannot stand beside {twin}: this disk ignores case", hint))
    markers = {file for file, _ in pairs if _is_marker(seen, file)}
    for marker in markers:
        del seen.there.files[marker]
        seen.there.repaired.pop(marker, None)
    return [pair for pair in pairs if pair[0] not in markers]


def note_obstacles(seen: View, pairs: list[tuple[str, str]]) -> None:
    """Report a file and a folder of one name where both are alive. What one side no longer has is an obstacle only:
    the plan says what is done first. A cleanup keeps no copy here in the way of what took its name on the remote."""
    for file, below in pairs:
        if seen.is_hidden(file) or seen.is_hidden(below):
            continue
        seen.replaced |= {
            path
            for path, other in ((file, below), (below, file))
            if path not in seen.there.files
            and other in seen.there.files
            and seen.decision(other).state is not State.LOCAL_DELETED  # it gives the name back
        }
        if can_both_go_on(seen.decision(file), seen.decision(below)):
            seen.obstacles.setdefault(file, []).append(below)
            seen.obstacles.setdefault(below, []).append(file)
            continue
        for path, twin in ((file, below), (below, file)):
            reason = f"cannot stand beside {twin}: one name cannot be a file and a folder"
            _hide(seen, Problem(path, reason, "rename one of them"))


def _hide(seen: View, problem: Problem) -> None:
    if problem.path not in seen.hidden:
        seen.problems.append(problem)
        seen.hidden.add(problem.path)


def _is_marker(seen: View, path: str) -> bool:
    """True if an object is what another program put for a folder that has files here: empty, and uploaded by nobody."""
    remote = seen.there.files.get(path)
    return remote is not None and remote.entry.size == 0 and remote.record.uploaded_by == UNKNOWN


def _in_order(seen: View) -> Iterator[str]:
    """The paths of both sides. All are NFC."""
    for files, objects in merge_by_path(seen.here.files, seen.there.files):
        yield from sorted(files.keys() | objects.keys())


def _in_order_without_case(seen: View) -> Iterator[tuple[str, str]]:
    """Each path of both sides after what a disk that ignores case makes of it, in the order of that."""
    names = SpilledDict(str, len(seen.here.files) + len(seen.there.files))
    names.update((f"{without_case(path)}\0{path}", path) for path in _in_order(seen))
    return ((name.partition("\0")[0], path) for name, path in names.items())
