"""Looking at a place: the scan of a folder, the listing of a store, and names that are not carried on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from s3sync.core.names import is_folder_marker, nfc, path_of_key, refuse, refuse_reason
from s3sync.core.outcome import Problem
from s3sync.errors import AccessDenied, LocalError, NotFound, StoreError, UsageError
from s3sync.local.scan import scan_folder
from s3sync.pairs.values import Bucket, Folder, Found, Place, Seen


def look(place: Place, wanted: Callable[[str], bool]) -> Seen:
    """List the files of a place whose paths are wanted; a missing folder is empty. Raises `ScanError`, `StoreError`."""
    return _scan(place, wanted) if isinstance(place, Folder) else _list(place, wanted)


def _scan(place: Folder, wanted: Callable[[str], bool]) -> Seen:
    only = place.only
    scan = scan_folder(place.root, place.ignored if only is None else lambda path: path != only)
    seen = Seen()
    for path, file in scan.files.items():
        found = Found(file.size, mtime_ns=file.mtime_ns, file=file)
        if wanted(path):
            seen.files[path] = found
        else:
            seen.left_out += 1
    seen.problems = [
        problem if problem.hint is None else Problem(problem.path, problem.error, _plain(problem.hint))
        for problem in scan.problems
    ]
    seen.hidden, seen.complete = scan.hidden, scan.complete
    return seen


def _plain(hint: str) -> str:
    return hint.replace("the staging folder", "the folder")


def _list(place: Bucket, wanted: Callable[[str], bool]) -> Seen:
    seen, ignored = Seen(), place.settings.ignore
    is_ignored = _ignoring(ignored)
    for info in place.store.list(place.prefix):
        if not info.key.startswith(place.prefix):
            raise StoreError(
                f"{place.shown} listed what was not asked for", why="the store's listing cannot be trusted"
            )
        path = path_of_key(place.prefix, info.key)
        if path is None or is_folder_marker(path, info.size) or is_ignored(path):
            continue
        reason = refuse_reason(path)
        if reason is not None:
            seen.problems.append(Problem(path, f"is left alone: {reason}", "rename the object"))
            seen.hidden.append(path)
        elif path in seen.files:
            seen.problems.append(Problem(path, "is there twice, in two Unicode spellings of one name", "rename one"))
            seen.hidden.append(path)
            seen.complete = False
        else:
            found = Found(info.size, info.key, info.etag, int(info.modified.timestamp()) * 1_000_000_000)
            if wanted(path):
                seen.files[path] = found
            else:
                seen.left_out += 1
    refuse.cache_clear()
    return seen


def passed_over(place: Place) -> Callable[[str], bool]:
    """True for paths whose files are not looked at, whoever puts one there."""
    return place.ignored if isinstance(place, Folder) else _ignoring(place.settings.ignore)


def _ignoring(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    if not patterns:
        return lambda path: False
    from s3sync.local.patterns import compile_patterns

    return compile_patterns(patterns).match_file


def one_object(place: Bucket) -> Bucket | None:
    """The place of the one object that an address names; None where there is none. Raises `StoreError`."""
    if not place.prefix:
        return None
    above, _, name = place.prefix.rstrip("/").rpartition("/")
    if refuse_reason(nfc(name)) is not None:
        return None
    try:
        place.store.head(place.prefix.rstrip("/"))
    except NotFound:
        return None
    return replace(place, prefix=f"{above}/" if above else "", only=nfc(name))


def is_missing(place: Place) -> bool:
    """True for a folder that is not there. A store has no folders that could be. Raises `LocalError`."""
    if isinstance(place, Bucket):
        return False
    if place.root.is_dir():
        return False
    if place.root.exists():
        raise LocalError(f"{place.shown} is a file", why="two places are folders, buckets or projects")
    return True


def refuse_file(only: str | None, place: Place, seen: Seen) -> None:
    """Raise `UsageError` where B, in which nothing was seen, is named as the file that A is, or is an object itself."""
    if seen.files or seen.problems or seen.left_out:
        return
    named = place.root.as_posix() if isinstance(place, Folder) else place.settings.store.rstrip("/")
    last = named.rpartition("/")[2]
    is_object = False
    if isinstance(place, Bucket):
        with suppress(AccessDenied):
            is_object = one_object(place) is not None
    elif place.root.is_dir():
        return
    if is_object or (only is not None and nfc(last) == only):
        where = place.shown.rstrip("/").rpartition("/")[0] or "/"
        raise UsageError(
            f"{place.shown} is {'' if is_object else 'named as '}a file",
            why="B is a folder, a store or a project, into which files go under their names",
            hint=f"name the folder: {where}",
        )
