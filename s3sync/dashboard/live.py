"""The newest dashboard for a page that asks again and again: one look at a time, and only while somebody asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import sha256
from types import TracebackType
from typing import Self

from msgspec import Struct, json
from msgspec.structs import replace

from s3sync.dashboard.values import Dashboard
from s3sync.errors import S3syncError


class Data(Struct, frozen=True):
    """A dashboard as it is sent. `etag` is of what it shows, whenever that was looked at."""

    board: Dashboard
    body: bytes
    etag: str


class Live:
    """Holder of the newest dashboard. `look` makes one; what it raises later is told in the one that is kept.

    Looks begin at least `every_s` seconds after the last one began, however many ask, and none while nobody does.
    """

    def __init__(self, look: Callable[[], Dashboard], every_s: float) -> None:
        self._look, self._every_s = look, every_s
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._begun = time.monotonic()
        self._data = self._sent(look())
        self._thread = threading.Thread(target=self._run, name="s3sync-dashboard", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._wanted.set()

    def now(self) -> Data:
        """The newest one that is known. Somebody asked: the next look may begin."""
        self._wanted.set()
        return self._data

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            if self._ended.wait(max(0.0, self._begun + self._every_s - time.monotonic())):
                return
            self._wanted.clear()
            self._begun = time.monotonic()
            try:
                self._data = self._sent(self._look())
            except S3syncError as error:
                self._data = self._sent(_with_trouble(self._data.board, str(error)))
            except Exception as error:  # noqa: BLE001 - without its thread the page would show old facts as new ones
                trouble = f"it could not be looked at: {type(error).__name__}: {error}"
                self._data = self._sent(_with_trouble(self._data.board, trouble))

    def _sent(self, board: Dashboard) -> Data:
        board = replace(board, refresh_s=self._every_s)
        shown = json.encode(replace(board, made_at=""))
        return Data(board, json.encode(board), f'"{sha256(shown).hexdigest()[:32]}"')


def _with_trouble(board: Dashboard, trouble: str) -> Dashboard:
    """The same dashboard, which says that it could not be made anew."""
    return replace(board, repositories=[replace(one, problem=trouble) for one in board.repositories])
