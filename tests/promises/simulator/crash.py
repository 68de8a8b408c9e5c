"""A process that dies at any change it makes: a child, killed from inside as by kill -9, so that nothing is tidied up.

Counted are the changes of the disk (by Python's audit events, and writes and fsyncs) and of state.db. A child dies just
before a change, with everything before it done: between two changes there is nothing to be told apart.
"""

from __future__ import annotations

import errno
import os
import pickle
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

_CHANGES = {f"os.{name}" for name in ("rename", "link", "remove", "rmdir", "mkdir", "truncate", "utime")}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_READING = ("SELECT", "PRAGMA")


class Countdown:
    """Calls `end` at the so-manieth change and at each after it. `paused` while others act."""

    def __init__(self, changes: int, end: Callable[[str], None]) -> None:
        self._left, self._end = changes, end
        self.paused = False

    def change(self, what: str) -> None:
        if not self.paused:
            self._left -= 1
            if self._left <= 0:
                self._end(what)

    def arm(self) -> None:
        """From here on, and for as long as this process lives."""
        sys.addaudithook(self._audit)
        for name in ("fsync", "write"):
            setattr(os, name, self._counting(getattr(os, name)))
        countdown = self

        class Counting(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                if not sql.startswith(_READING):
                    countdown.change("sqlite")
                return super().execute(sql, *values)

            def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
                countdown.change("sqlite")
                return super().executemany(sql, *values)

        connect: Any = sqlite3.connect
        sqlite3.connect = lambda *values, **named: connect(*values, factory=Counting, **named)

    def _audit(self, event: str, values: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and isinstance(values[2], int) and values[2] & _WRITING):
            self.change(event)

    def _counting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*values: Any) -> Any:
            self.change(function.__name__)
            return function(*values)

        return counting


def disk_is_full(what: str) -> None:
    """What needs room fails; what frees it does not."""
    if what == "sqlite":
        raise sqlite3.OperationalError("database or disk is full")
    if what in ("open", "write", "fsync", "os.mkdir", "os.link"):
        raise OSError(errno.ENOSPC, "No space left on device")


def in_child(
    changes: int, act: Callable[[Countdown], None], remember: Callable[[], object], *, dies: bool
) -> tuple[str, Any, Any]:
    """Do something in a child that dies at its so-manieth change, or whose disk is full from then on.

    Gives `died`, `done` or `failed`, what `remember` said in the child at its end, and the error of a failure.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        _live(writing, changes, act, remember, dies)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    kind, memory, error = pickle.loads(told)
    return kind, memory, error


def _live(
    writing: int, changes: int, act: Callable[[Countdown], None], remember: Callable[[], object], dies: bool
) -> None:
    write, leave, last = os.write, os._exit, threading.Lock()

    def end(kind: str, error: str = "") -> None:
        last.acquire()  # for good: two threads may come to the change at the same moment, and only one tells it
        left = memoryview(pickle.dumps((kind, remember(), error)))
        while left:
            left = left[write(writing, left) :]
        leave(9)

    try:
        countdown = Countdown(changes, lambda what: end("died") if dies else disk_is_full(what))
        countdown.arm()
        act(countdown)
        end("done")
    except AssertionError as error:
        end("failed", str(error))
    except BaseException:  # noqa: BLE001 (the parent is told whatever it was)
        end("failed", traceback.format_exc())
