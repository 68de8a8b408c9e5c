"""The file in the user's own folder that remembers which places this user agreed to.

It is JSON of at most `MOST_BYTES`, mode 0600 in a folder of mode 0700, read strictly, and replaced as a whole under a
lock. One that is damaged, or that another user could have written, is an error: it never says yes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError, json
from msgspec.structs import asdict

from s3sync.config.locate import user_data_folder
from s3sync.core.times import format_time
from s3sync.core.typed import typed
from s3sync.decoding import ready
from s3sync.disk.errors import reason_of
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import own_folder
from s3sync.errors import ConfigError, LocalError
from s3sync.trust.place import Place

FOLDER, FILE, LOCK = "trust", "places.json", "lock"
MOST_PLACES = 500
MOST_BYTES = 1 << 20
SCHEMA = 1
LOCK_WAIT_S = 10
_WHOSE = "what `sudo s3sync` made is root's: make it your own again, and the folders above it; then nothing is lost"


class Remembered(Place, frozen=True, kw_only=True):
    """A place with the time when the user agreed to it."""

    at: str

    @property
    def place(self) -> Place:
        return Place(**{name: value for name, value in asdict(self).items() if name != "at"})


class Book(Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    places: tuple[Remembered, ...]


def book_path(environ: Mapping[str, str]) -> Path:
    return user_data_folder(environ) / FOLDER / FILE


def read_book(environ: Mapping[str, str]) -> tuple[Remembered, ...]:
    """Read what the user agreed to, the oldest first. Raises `ConfigError` for a file that cannot be relied on."""
    path = book_path(environ)
    try:
        with GuardedFolder.open(os.path.realpath(path.parent)) as folder:
            body = folder.read(FILE, MOST_BYTES)
    except FileNotFoundError:
        return ()
    except PermissionError as error:
        raise _unusable(path, reason_of(error), _WHOSE) from None
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    return parse_book(body, path)


def parse_book(body: bytes, path: Path) -> tuple[Remembered, ...]:
    """The content of the file. Raises `ConfigError`."""
    try:
        book = json.decode(body, type=ready(Book))
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(path, f"it is not what s3sync writes ({type(error).__name__})") from None
    if book.schema != SCHEMA:
        raise ConfigError(f"cannot use {path}", why="another version of s3sync wrote it", hint="upgrade s3sync")
    if len(book.places) > MOST_PLACES:
        raise _unusable(path, f"it has more than {MOST_PLACES} places")
    return book.places


def remember(place: Place, environ: Mapping[str, str]) -> bool:
    """Agree to a place; whether it is new. The oldest of too many is dropped, and asked about again.

    Raises `ConfigError` for a damaged file, `LocalError` when it cannot be written.
    """
    with _changing(environ) as folder:
        known = read_book(environ)
        if any(found.place == place for found in known):
            return False
        entry = Remembered(**asdict(place), at=format_time(datetime.now(UTC)))
        _write(folder, (*known, entry)[-MOST_PLACES:])
    return True


def forget(repository: str, environ: Mapping[str, str]) -> tuple[Remembered, ...]:
    """Take back what was agreed to for a repository; returns those places. Raises as `remember` does."""
    with _changing(environ) as folder:
        known = read_book(environ)
        gone = tuple(found for found in known if found.repository == repository)
        if gone:
            _write(folder, tuple(found for found in known if found not in gone))
    return gone


def _write(folder: GuardedFolder, places: tuple[Remembered, ...]) -> None:
    folder.write(FILE, json.format(json.encode(Book(SCHEMA, places))))


@contextmanager
def _changing(environ: Mapping[str, str]) -> Iterator[GuardedFolder]:
    """The folder, ours alone, with its lock held."""
    from filelock import FileLock

    base = book_path(environ).parent.parent
    try:
        with (
            own_folder(base, FOLDER) as folder,
            FileLock(Path(folder.path, LOCK), timeout=LOCK_WAIT_S, mode=0o600),
        ):
            yield folder
    except OSError as error:  # a lock that is not given up in time is one, too
        raise LocalError(
            f"cannot remember in {base / FOLDER} what you trust",
            why=error.strerror or str(error),
            hint="make the folder yours and writable; in CI set S3SYNC_TRUST=1",
        ) from None


def _unusable(path: Path, why: str, hint: str | None = None) -> ConfigError:
    gone = f"nothing counts as trusted until it is gone: rm {typed(path)}; then s3sync asks again"
    return ConfigError(f"cannot use {path}, which says what you trust", why=why, hint=hint or gone)
