"""Waking up: time passes, or the system says that something in the staging folder changed. Events only wake.

Whether events come from a disk is tried out: many network drives send none.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from s3sync.core.names import STATE_DIR
from s3sync.errors import LocalError
from s3sync.local.room import trial_file

PROBE = "watch.probe"
_DEBOUNCE_MS, _STEP_MS = 200, 50
_PATIENCE_MS = 1_000
_PROBES = 5
"""Times that is tried: the thread may not listen yet when the first touch is made."""


class Clock(Protocol):
    """Time as a watch sees it."""

    def now(self) -> float:
        """Seconds that only grow, and may stand still while the computer sleeps."""

    def wall(self) -> float:
        """Seconds since 1970, which count sleep too."""

    def wait(self, seconds: float) -> bool:
        """Wait, at most that long; true if something woke us."""

    def wake(self) -> None:
        """End a wait, this or the next one. May be called from any thread."""


class RealClock:
    """The computer's own clocks."""

    def __init__(self) -> None:
        self._woken = threading.Event()

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def wait(self, seconds: float) -> bool:
        woken = self._woken.wait(max(0.0, seconds))
        self._woken.clear()
        return woken

    def wake(self) -> None:
        self._woken.set()


class Events:
    """A thread that calls `wake` when something below a folder changes, other than s3sync's own files.

    `come` is true once an event of our own touch arrived: until then nobody relies on it. `missing` is true where the
    library is not installed. It follows links, over the whole disk and into what is never synced: with one in the
    folder, no events are listened to.
    """

    def __init__(self, staging: Path, wake: Callable[[], None]) -> None:
        self._staging, self._wake = staging, wake
        self._own = f"{os.path.realpath(staging)}{os.sep}{STATE_DIR}"
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._probes = 0
        self._leads_away = False
        self.come = False
        self.missing = False

    def start(self) -> None:
        try:
            import watchfiles  # noqa: F401 - here, so that whether it is there is known at once
        except ImportError:
            self.missing = True
            return
        self._thread = threading.Thread(target=self._listen, name="s3sync-watch", daemon=True)
        self._thread.start()

    def probe(self) -> None:
        """Touch a file of ours, whose event shows that events come. Where it cannot be written nothing is known."""
        if self._thread is None or self.come or self._probes == _PROBES:
            return
        self._probes += 1
        try:
            with trial_file(self._staging, PROBE):
                pass
        except (OSError, LocalError):
            return

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.come = False

    def _listen(self) -> None:
        import watchfiles

        if _has_link(os.fspath(self._staging)):
            return
        try:
            for _ in watchfiles.watch(
                self._staging,
                watch_filter=self._is_of_interest,
                debounce=_DEBOUNCE_MS,
                step=_STEP_MS,
                rust_timeout=_PATIENCE_MS,
                stop_event=self._stop,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                self._wake()
                if self._leads_away:
                    break
        except Exception:  # noqa: BLE001 - too many folders, or the folder is gone: then we look ourselves
            pass
        self.come = False

    def _is_of_interest(self, change: object, path: str) -> bool:
        if not path.startswith(self._own):
            self._leads_away = self._leads_away or Path(path).is_symlink() or _has_link(path)
            return True
        if path.endswith(PROBE):
            self.come = True
        return False


def _has_link(folder: str) -> bool:
    """True if a link is anywhere below a folder. False for what is none, or cannot be listed."""
    below = [folder]
    while below:
        with suppress(OSError), os.scandir(below.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    return True
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
    return False
