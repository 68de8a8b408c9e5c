"""The steps by which a process changes the disk, counted from inside it, so that it can be killed at each of them.

A step is a call that changes something below the watched folders: a file opened for writing, a write, truncate, fsync,
rename, link, unlink, mkdir, rmdir, chmod or utime, and whatever SQLite makes durable. The calls of `os`, `io` and
`sqlite3` are wrapped, which is where Python ends and the system begins: nothing of s3sync is. An audit hook watches for
a change that none of the wrappers saw; `Steps.unseen` must stay empty, or the sweep would be blind there.

Two things are beyond a Python process's own sight. What SQLite writes: here a step is each statement that it makes
durable by itself, each COMMIT and the closing of the database, and that it is whole at any point between them is
SQLite's own promise. And the sockets of obstore, which is Rust: the steps on the wire are killed at by the proxy
(test_wire.py). Needs nothing but the standard library.
"""

from __future__ import annotations

import atexit
import builtins
import functools
import io
import json
import os
import re
import signal
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

_UNIQUE = [
    (re.compile(r"(?<=/\.s3sync-store/tmp/)\d+(?=-)"), "<when>"),
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}"), "<when>"),
    (re.compile(r"\d{8}-\d{6}"), "<when>"),
    (re.compile(r"\.s3sync-access-[0-9a-f]{32}"), "<access>"),
    (re.compile(r"\.s3sync-apart-[0-9a-f]{16}"), "<mark>"),
    (re.compile(r"(?<=/\.s3sync-store/locks/)[0-9a-f]{2}"), "<shard>"),
    (re.compile(r"(?<=/\.s3sync-store/records/)[0-9a-f]{2}"), "<shard>"),
    (re.compile(r"[0-9a-f]{64}"), "<sha>"),
    (re.compile(r"[0-9a-f]{32}"), "<hex>"),
    (re.compile(r"(?<=\.)[a-z0-9_]{8}(?=\.tmp)"), "<tmp>"),
    (re.compile(r"(?<=\.)\d+(?=\.tmp)"), "<tmp>"),
]
_CHANGES = {
    "os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.utime", "os.chmod",
    "shutil.copyfile",
}  # fmt: skip
_UNWRAPPED = {"renameat2", "renameat", "linkat", "unlinkat", "renamex_np", "rename", "link", "unlink", "write"}
_WRITING = os.O_WRONLY | os.O_RDWR


class Step(msgspec.Struct, frozen=True):
    """One step: what is done, where (what is unique in a name taken out), and the how manieth of its like it is."""

    call: str
    where: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.call} {self.where} #{self.nth}"


def named(path: str) -> str:
    """A path without what is another in each run."""
    for pattern, name in _UNIQUE:
        path = pattern.sub(name, path)
    return path


class Steps:
    """Counts the steps of this process below `root`, and kills it before or after one of them."""

    def __init__(self, root: str, kill: Step | None = None, side: str = "before") -> None:
        self.root = root.rstrip("/") + "/"
        self.log: list[Step] = []
        self.unseen: list[str] = []
        self._kill, self._side = kill, side
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._inside = threading.local()

    def take(self, call: str, paths: list[str], act: Callable[[], Any]) -> Any:
        """Do what a step does, unless this is the one to die before; and die if it is the one to die after."""
        within = [named(path.removeprefix(self.root)) for path in paths if path.startswith(self.root)]
        if getattr(self._inside, "yes", False):
            return act()
        if not within:
            return self._hidden(act)
        step = self._next(call, " -> ".join(within))
        dies = step == self._kill
        if dies and self._side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return self._hidden(act)
        finally:
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)

    def _hidden(self, act: Callable[[], Any]) -> Any:
        """Do what a wrapper was asked for: its audit event is no other change, and knows no descriptor of a folder."""
        self._inside.yes = True
        try:
            return act()
        finally:
            self._inside.yes = False

    def _next(self, call: str, where: str) -> Step:
        with self._lock:
            self._seen[call, where] += 1
            step = Step(call, where, self._seen[call, where])
            self.log.append(step)
        return step

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """A change of the disk that comes from elsewhere than a wrapper."""
        if getattr(self._inside, "yes", False):
            return
        if event in _CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING):
            given = arguments[: 1 if event == "open" else 2]
            paths = [_absolute(path) for path in given if isinstance(path, (str, bytes, os.PathLike))]
            if any(path.startswith(self.root) for path in paths):
                self.unseen.append(f"{event} {paths}")
        elif event == "ctypes.dlsym" and arguments[1] in _UNWRAPPED:
            self.unseen.append(f"{event} {arguments[1]}")

    def as_json(self) -> str:
        return msgspec.json.encode({"steps": self.log, "unseen": self.unseen}).decode()

    def install(self) -> None:
        _wrap_os(self)
        _wrap_open(self)
        _wrap_sqlite(self)
        sys.addaudithook(self.audit)


def _absolute(path: Any, folder: int | None = None) -> str:
    """A path, or what an open descriptor stands for."""
    if isinstance(path, int):
        try:
            return str(Path(f"/proc/self/fd/{path}").readlink())
        except OSError:
            return ""
    text = os.fsdecode(path)
    if folder is not None:
        return f"{_absolute(folder)}/{text}"
    return os.path.abspath(text)  # noqa: PTH100 (links stay links)


def _wrap_os(steps: Steps) -> None:
    """How many of the first arguments are paths or descriptors, for each call that changes the disk."""
    calls = {
        "replace": 2, "rename": 2, "link": 2, "unlink": 1, "remove": 1, "mkdir": 1, "rmdir": 1, "fsync": 1,
        "fdatasync": 1, "write": 1, "pwrite": 1, "truncate": 1, "ftruncate": 1, "utime": 1, "chmod": 1,
        "copy_file_range": 2, "sendfile": 1, "posix_fallocate": 1, "symlink": 2,
    }  # fmt: skip
    for name, count in calls.items():
        if hasattr(os, name):
            _wrap_call(steps, name, count)
    plain = os.open

    def open_(path: Any, flags: int, *more: Any, **named_: Any) -> int:
        def act() -> int:
            return plain(path, flags, *more, **named_)

        if not flags & (_WRITING | os.O_CREAT | os.O_TRUNC):
            return act()
        opened: int = steps.take("open", [_absolute(path, named_.get("dir_fd"))], act)
        return opened

    _put("open", plain, open_)


def _wrap_call(steps: Steps, name: str, count: int) -> None:
    plain = getattr(os, name)

    @functools.wraps(plain)
    def wrapped(*arguments: Any, **named_: Any) -> Any:
        folders = [named_.get("dir_fd", named_.get("src_dir_fd")), named_.get("dst_dir_fd")]
        given = arguments[1:2] if name in ("copy_file_range", "symlink") else arguments[:count]
        paths = [_absolute(path, folder) for path, folder in zip(given, folders, strict=False)]
        called = "unlink" if name == "remove" else "rename" if name == "replace" else name
        return steps.take(called, paths, lambda: plain(*arguments, **named_))

    _put(name, plain, wrapped)


def _put(name: str, plain: Any, wrapped: Any) -> None:
    """In place of the call, and able to do all that it was known to be able to."""
    for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if plain in able:
            able.add(wrapped)
    setattr(os, name, wrapped)


def _wrap_open(steps: Steps) -> None:
    """`open` for writing gives a file of which each write that reaches the system is a step."""
    plain = io.open

    class Watched(io.FileIO):
        @property
        def _paths(self) -> list[str]:
            return [_absolute(self.fileno())]

        def write(self, data: Any, /) -> int:
            done: int = steps.take("write", self._paths, lambda: super(Watched, self).write(data))
            return done

        def truncate(self, size: int | None = None, /) -> int:
            done: int = steps.take("truncate", self._paths, lambda: super(Watched, self).truncate(size))
            return done

    def open_(
        file: Any, mode: str = "r", buffering: int = -1, encoding: str | None = None, errors: str | None = None,
        newline: str | None = None, closefd: bool = True, opener: Any = None,
    ) -> Any:  # fmt: skip
        path = _absolute(file)
        if not (set(mode) & set("wxa+")) or not path.startswith(steps.root):
            return plain(file, mode, buffering, encoding, errors, newline, closefd, opener)
        bare = mode.replace("b", "").replace("t", "")

        def make() -> Watched:
            return Watched(file, bare, closefd, opener)

        raw: Watched = make() if isinstance(file, int) else steps.take("open", [path], make)
        if buffering == 0:
            return raw
        buffered: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    io.open = builtins.open = open_


def _wrap_sqlite(steps: Steps) -> None:
    """A connection whose durable changes are steps."""
    plain = sqlite3.connect

    class Watched(sqlite3.Connection):
        path = ""

        def _step(self, call: str, act: Callable[[], Any]) -> Any:
            return steps.take(call, [self.path], act)

        def execute(self, sql: str, *more: Any) -> Any:
            def act() -> sqlite3.Cursor:
                return super(Watched, self).execute(sql, *more)

            first = sql.split(None, 1)[0].upper()
            if first == "COMMIT" or (not self.in_transaction and first not in ("SELECT", "BEGIN", "PRAGMA")):
                return self._step("commit", act)
            if "journal_mode" in sql:
                return self._step("journal", act)
            return act()

        def executescript(self, sql: str) -> Any:
            return self._step("commit", lambda: super(Watched, self).executescript(sql))

        def close(self) -> None:
            self._step("close", super().close)

    def connect(database: Any, **named_: Any) -> Any:
        path = _absolute(database)
        if not path.startswith(steps.root):
            return plain(database, **named_)
        connection = steps.take("connect", [path], lambda: plain(database, factory=Watched, **named_))
        connection.path = path
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]


def watch() -> None:
    """Begin in this process, as the variable CRASH says in JSON: `root`, and `kill` with `side`, or `log`.

    `log` is the file where the steps are written to at the end.
    """
    crash = json.loads(os.environ["CRASH"])
    steps = Steps(crash["root"], msgspec.convert(crash.get("kill"), Step | None), crash.get("side", "before"))
    steps.install()
    if "log" in crash:
        atexit.register(lambda: Path(crash["log"]).write_text(steps.as_json(), "utf-8"))
