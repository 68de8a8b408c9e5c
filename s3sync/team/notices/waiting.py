"""Notices that wait to be sent: many runs within a minute send few messages, and no notice of theirs is lost.

Each run's notices lie in a file of their own in the user's data folder, from before they are sent until an address has
taken them. So one that is killed, or whose addresses do not answer, leaves them to the next run, or to a watch.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from hashlib import blake2b

from msgspec import DecodeError, Struct, ValidationError, json

from s3sync.config.locate import user_data_folder
from s3sync.core.notices import MOST_LINES, Line
from s3sync.core.versions import time_text
from s3sync.decoding import ready
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.locks import try_lock
from s3sync.disk.own import MODE, own_folder
from s3sync.disk.secret import secret_in

FOLDER = "notices"
BURST, WINDOW_S = 3, 60.0
"""Messages that are sent within that time. What comes then waits, and goes together in one."""
MOST = 1_000
"""Files that wait at most: the oldest are dropped for newer ones."""
OLD_S = 600.0
"""Age from which on a line says when it was written."""
_LARGEST = 128 * 1024
AGAIN_S = 600.0
"""Time for which what no address took is sent again only along with something new: being offline costs no time."""
_SENT, _FAILED, _LOCK, _SALT = "sent", "failed", "lock", "salt"
_ENDING = ".json"


class _Kept(Struct, frozen=True):
    """Notices of one run. `more` are those that have no line."""

    at: float
    lines: tuple[Line, ...]
    more: int = 0


class Batch:
    """Notices that this process sends, until `done`: nobody else sends them meanwhile."""

    def __init__(self, lines: list[Line], more: int, done: Callable[[bool], None]) -> None:
        self.lines, self.more, self._done = lines, more, done

    def done(self, sent: bool) -> None:
        """Forget them, or where they were not `sent` leave them to whoever sends next."""
        self._done(sent)


class Waiting:
    """Store of what waits for these addresses. Where nothing can be kept, each run sends its own at once."""

    def __init__(self, environ: Mapping[str, str], urls: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._environ, self._urls, self._clock = environ, tuple(urls), clock

    def add(self, lines: Sequence[Line]) -> bool:
        """Keep the lines of a run; False where that is not possible."""
        kept = _Kept(self._clock(), tuple(lines[:MOST_LINES]), max(0, len(lines) - MOST_LINES))
        try:
            with self._folder() as folder:
                folder.write(f"{time.time_ns():020d}-{secrets.token_hex(4)}{_ENDING}", json.encode(kept))
                for name in _waiting(folder)[:-MOST]:
                    folder.unlink(name, missing_ok=True)
        except OSError:
            return False
        return True

    def take(self, *, has_new: bool) -> Batch | None:
        """All that waits. None for nothing, where another process sends it, and where enough was sent just now; without
        anything new also where it could not be sent a short time ago."""
        try:
            with self._folder(create=False) as folder:
                if not has_new and any(0 <= self._clock() - at < AGAIN_S for at in _times(folder, _FAILED)):
                    return None
                return self._take(folder)
        except OSError:
            return None

    def count(self) -> int:
        """Number of runs whose notices wait."""
        try:
            with self._folder(create=False) as folder:
                return len(_waiting(folder))
        except OSError:
            return 0

    def _take(self, folder: GuardedFolder) -> Batch | None:
        if not _waiting(folder):
            return None
        with ExitStack() as held:
            lock = folder.open_write(_LOCK, create=0o600)
            held.callback(os.close, lock)
            if not try_lock(lock):
                return None
            now, names = self._clock(), _waiting(folder)  # again: whoever had the lock has sent some
            sent = [at for at in _times(folder, _SENT) if 0 <= now - at < WINDOW_S]
            if len(sent) >= BURST or not names:
                return None
            folder.write(_SENT, json.encode([*sent, now]), durable=False)
            lines, more = _read(folder, names, now)
            kept = held.pop_all()
        return Batch(lines, more, lambda was_sent: self._finish(kept, names, was_sent))

    def _finish(self, held: ExitStack, names: Sequence[str], was_sent: bool) -> None:
        with held, suppress(OSError), self._folder(create=False) as folder:
            if not was_sent:
                folder.write(_FAILED, json.encode([self._clock()]), durable=False)
                return
            for name in (*names, _FAILED):
                folder.unlink(name, missing_ok=True)

    @contextmanager
    def _folder(self, *, create: bool = True) -> Iterator[GuardedFolder]:
        """The folder of these addresses, ours alone. Its name tells nothing of them."""
        with own_folder(user_data_folder(self._environ), FOLDER, create=create) as every:
            # keyed: without the secret nobody can compare the name with an address that he guesses
            text = "\n".join(sorted(self._urls)).encode("utf-8", "surrogatepass")
            name = blake2b(text, key=secret_in(every, _SALT), digest_size=12).hexdigest()
            with every.folder(name, create=MODE if create else None, private=True) as folder:
                yield folder


def _waiting(folder: GuardedFolder) -> list[str]:
    """Names of the files that wait, the oldest first."""
    return sorted(name for name in folder.names() if name.endswith(_ENDING) and not name.startswith("."))


def _times(folder: GuardedFolder, name: str) -> list[float]:
    try:
        return json.decode(folder.read(name, _LARGEST), type=list[float])
    except (OSError, ValidationError, DecodeError, UnicodeDecodeError):
        return []


def _read(folder: GuardedFolder, names: Sequence[str], now: float) -> tuple[list[Line], int]:
    """The lines of these files, the oldest first, and how many notices have none."""
    lines: list[Line] = []
    more = 0
    for name in names:
        try:
            kept = json.decode(folder.read(name, _LARGEST), type=ready(_Kept))
        except (OSError, ValidationError, DecodeError, UnicodeDecodeError):
            continue
        lines += kept.lines if now - kept.at < OLD_S else (_dated(line, kept.at) for line in kept.lines)
        more += kept.more
    return lines, more


def _dated(line: Line, at: float) -> Line:
    try:
        when = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return line
    return Line(line.where, f"{line.text} ({time_text(when)})")
