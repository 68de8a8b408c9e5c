"""Says what a command waits for once it waits longer than a second, and each time a request is sent again.

On a terminal one line below everything else, which goes when the wait is over; elsewhere, and while bars are shown, a
line now and then.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from s3sync.cli.output import printable
from s3sync.store.watch import WATCH, Watch

SAY_AFTER_S = 1.0
LOG_AFTER_S = 5.0
LOG_EVERY_S = 30.0
RETRIES_EVERY_S = 2.0
"""Time within which only one of many requests that are sent again is told."""
FORGET_AFTER_S = 10.0
"""Time after which a request's earlier retry is told again. Before, another one's would count backwards."""
STALL_S = 30.0
"""Without a byte, while bars are on the screen."""
LOOK_EVERY_S = 0.25
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
ASCII_SPINNER = "|/-\\"
ERASE = "\r\x1b[2K"


class Waiting:
    """`show` puts a lasting line on the screen; `is_busy` tells that bars move there; `still_since` gives the moment
    (`time.monotonic`) at which the last byte moved. `watch` knows the requests to tell of."""

    def __init__(
        self,
        show: Callable[[str], None],
        is_busy: Callable[[], bool],
        still_since: Callable[[], float],
        watch: Watch = WATCH,
    ) -> None:
        self._show, self._is_busy, self._still_since, self._requests = show, is_busy, still_since, watch
        self._over = threading.Event()
        self._drawn = False
        self._log_at = self._retry_at = 0.0
        self._told = 0
        self._on_terminal = sys.stderr.isatty()
        self._frames = SPINNER if (sys.stderr.encoding or "").lower().startswith("utf") else ASCII_SPINNER
        self._thread = threading.Thread(target=self._watch, name="s3sync-waiting", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.clear()

    def clear(self) -> None:
        """Take the line away before something else is written."""
        if self._drawn:
            self._drawn = False
            with suppress(OSError, ValueError):
                sys.stderr.write(ERASE)
                sys.stderr.flush()

    def _watch(self) -> None:
        turn = 0
        while not self._over.wait(LOOK_EVERY_S):
            with suppress(OSError, ValueError):
                self._look(turn)
            turn += 1

    def _look(self, turn: int) -> None:
        longest, now = self._requests.longest(), time.monotonic()
        if now > self._retry_at and (retries := self._requests.new_retries()):
            last = max(retries, key=lambda one: one.number)
            if last.number > self._told or now > self._retry_at + FORGET_AFTER_S:
                self._told, self._retry_at = last.number, now + RETRIES_EVERY_S
                self._line(f"retry {last.number}: {last.what} failed ({last.why})")
        waited = now - max(longest.since, self._still_since()) if longest else 0.0
        if longest is None or waited < SAY_AFTER_S:
            self.clear()
            return
        text = f"waiting for {longest.what} ({waited:.0f} s)"
        if self._on_terminal and not self._is_busy():
            self._draw(f"{self._frames[turn % len(self._frames)]} {text}")
        elif waited > (STALL_S if self._on_terminal else LOG_AFTER_S) and now > self._log_at:
            self._log_at = now + LOG_EVERY_S
            self._line(text)

    def _line(self, text: str) -> None:
        self.clear()
        self._show(printable(text))

    def _draw(self, text: str) -> None:
        self._drawn = True
        sys.stderr.write(ERASE + printable(text)[: _width()])
        sys.stderr.flush()


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns - 1
