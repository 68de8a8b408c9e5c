"""The files in the user's own folder that remember repositories: one for each, so that no command waits for another.

Each is JSON of at most `MOST_BYTES`, mode 0600 in a folder of mode 0700. A damaged one is told, and hides no other.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError, json
from msgspec.structs import replace

from s3sync.config.locate import user_data_folder
from s3sync.core.short_names import short_name_reason, unused_name
from s3sync.core.times import format_time
from s3sync.decoding import ready
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.locks import try_lock
from s3sync.disk.own import own_folder
from s3sync.errors import LocalError, UsageError
from s3sync.repositories.files import FOLDER, file_of

MOST = 500
"""Repositories that are remembered: beyond, the one that has been known longest is dropped."""
MOST_BYTES = 16 * 1024
PATIENCE_S = 10.0
SCHEMA = 1
_LOCK, _ENDING, _WAIT_S = "lock", ".json", 0.05


class Remembered(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A repository. `path` is its folder, absolute and without links; `repo` its name in the store, `name` the short
    one; `at` the time since when it is remembered."""

    schema: int = SCHEMA
    name: str
    path: str
    repo: str
    at: str

    @property
    def root(self) -> Path:
        return Path(self.path)


class Book(Struct, frozen=True):
    """All that is remembered, by name; `damaged` are files that cannot be used."""

    repositories: tuple[Remembered, ...] = ()
    damaged: tuple[str, ...] = ()

    def named(self, name: str) -> Remembered | None:
        return next((one for one in self.repositories if one.name == name), None)

    def at(self, root: Path) -> Remembered | None:
        return next((one for one in self.repositories if one.path == str(root)), None)


def read_book(environ: Mapping[str, str]) -> Book:
    """Read what is remembered. Raises `LocalError` for a folder that cannot be relied on."""
    base = user_data_folder(environ)
    try:
        with own_folder(base, FOLDER, create=False) as folder:
            return _read(folder)
    except FileNotFoundError:
        return Book()
    except OSError as error:
        raise _unusable(base, error) from None


def remember(
    root: Path,
    repo: str,
    environ: Mapping[str, str],
    *,
    name: str | None = None,
    patience_s: float = PATIENCE_S,
    dry_run: bool = False,
) -> Remembered | None:
    """Remember a repository, or give it another `name`; None where another process writes for longer than `patience_s`.

    Without a name it keeps the one that it has, else it gets the repository's, made unique. Raises `UsageError` for a
    name that will not do, or that another one has; `LocalError` where it cannot be written.
    """
    if name is not None and (why := short_name_reason(name)) is not None:
        raise UsageError(f"{name!r} cannot be a short name", why=why, hint="letters, digits, `-`, `_` and `.` will do")
    if dry_run:
        return _entry(read_book(environ), root, repo, name)
    with _changing(environ, patience_s) as folder:
        if folder is None:
            return None
        book = _read(folder)
        entry = _entry(book, root, repo, name)
        folder.write(file_of(root, repo), json.encode(entry), durable=name is not None)
        others = sorted((one for one in book.repositories if one.path != entry.path), key=lambda one: one.at)
        gone = [*others[: max(0, len(others) - MOST + 1)]]
        gone += [one for one in book.repositories if one.path == entry.path or one.name == entry.name]
        for one in gone:
            if (old := file_of(one.root, one.repo)) != file_of(root, repo):
                folder.unlink(old, missing_ok=True)
    return entry


def forget(name: str, environ: Mapping[str, str], *, dry_run: bool = False) -> Remembered:
    """Forget a repository: nothing in it is touched. Raises `UsageError` for a name that nobody has."""
    if dry_run:
        return require(read_book(environ), name)
    with _changing(environ, PATIENCE_S) as folder:
        if folder is None:
            raise LocalError("another s3sync changes what is remembered", why="it has for a while", hint="try again")
        found = require(_read(folder), name)
        folder.unlink(file_of(found.root, found.repo), missing_ok=True)
    return found


def require(book: Book, name: str) -> Remembered:
    """The repository of that name. Raises `UsageError`."""
    found = book.named(name)
    if found is not None:
        return found
    from s3sync.core.near import near

    names = [one.name for one in book.repositories]
    meant = near(name, names, 3)
    raise UsageError(
        f"no repository is remembered as {name!r}",
        why=f"the names are {', '.join(names[:10])}{', ...' if len(names) > 10 else ''}" if names else "none is yet",
        hint=f"did you mean {', '.join(meant)}?" if meant else "`s3sync repos list` lists them",
    )


def _entry(book: Book, root: Path, repo: str, name: str | None) -> Remembered:
    known = book.at(root)
    others = {one.name.casefold(): one for one in book.repositories if one.path != str(root)}
    taken = others.get(name.casefold()) if name is not None else None
    if taken is not None and not (taken.name == name and not os.path.lexists(taken.path)):  # moved here from there
        raise UsageError(
            f"another repository has the name {name!r}",
            why=f"it is {taken.path}",
            hint=f"choose another one, or `s3sync repos forget {taken.name}`",
        )
    at = format_time(datetime.now(UTC))
    if known is not None:
        return replace(known, repo=repo, name=name or known.name)
    return Remembered(name=name or unused_name((repo, root.name), others), path=str(root), repo=repo, at=at)


def _read(folder: GuardedFolder) -> Book:
    found: dict[str, Remembered] = {}
    damaged = []
    names = [name for name in sorted(folder.names()) if name.endswith(_ENDING) and not name.startswith(".")]
    for file in names[: 2 * MOST]:
        try:
            one = json.decode(folder.read(file, MOST_BYTES), type=ready(Remembered))
        except FileNotFoundError:
            continue
        except (OSError, ValidationError, DecodeError, UnicodeDecodeError, RecursionError):
            damaged.append(f"{folder.path}{os.sep}{file}")
            continue
        if _is_whole(one, file) and one.name.casefold() not in found:
            found[one.name.casefold()] = one
        else:
            damaged.append(f"{folder.path}{os.sep}{file}")
    return Book(tuple(sorted(found.values(), key=lambda one: one.name)), tuple(damaged))


def _is_whole(one: Remembered, file: str) -> bool:
    """True if a record is one that `remember` wrote under that name."""
    if one.schema != SCHEMA or short_name_reason(one.name) is not None or "\0" in one.path:
        return False
    return Path(one.path).is_absolute() and file_of(one.root, one.repo) == file


@contextmanager
def _changing(environ: Mapping[str, str], patience_s: float) -> Iterator[GuardedFolder | None]:
    """The folder with its lock held; None where somebody else holds it for too long. Raises `LocalError`."""
    base = user_data_folder(environ)
    until = time.monotonic() + patience_s
    try:
        with own_folder(base, FOLDER) as folder:
            lock = folder.open_write(_LOCK, create=0o600)
            try:
                while not (held := try_lock(lock)) and time.monotonic() < until:
                    time.sleep(_WAIT_S)
                yield folder if held else None
            finally:
                os.close(lock)
    except OSError as error:
        raise _unusable(base, error) from None


def _unusable(base: Path, error: OSError) -> LocalError:
    return LocalError(
        f"cannot use {base / FOLDER}, which remembers your repositories",
        why=error.strerror or str(error),
        hint="make the folder yours and writable",
    )
