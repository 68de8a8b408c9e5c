"""`--log-file FILE`: what a command says, line by line with the time, for those that run where nobody looks."""

from __future__ import annotations

import os
import re
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from s3sync.cli.output import LISTENERS
from s3sync.config.leading import end_of
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import UsageError

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
NAME_HINT = "name a plain file in a folder that is there"


class LogFile:
    """A file that lines are added to. One that cannot be written any more is given up: the command continues."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        with self._lock:
            if self._descriptor is None:
                return
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            plain = _COLOURS.sub("", line).replace("\n", " ")
            text = f"{now} [{os.getpid()}] {plain}\n".encode("utf-8", "backslashreplace")
            try:
                os.write(self._descriptor, text)  # in one piece: others may add to the same file
            except OSError as error:
                self._close()
                sys.stderr.write(f"warning: the log file cannot be written any more: {error.strerror}\n")

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def open_log(path: Path) -> LogFile:
    """Open a file to add to, or make one that only its owner may read.

    Raises `LocalError` for a link, a FIFO, a device and a file of somebody else's: a line must not be added to what
    another user chose. Raises `UsageError` for what names no file, and where a link leads out of a repository.
    """
    if not path.name:
        raise UsageError(f"{str(path)!r} is no log file", why="it names a folder", hint=NAME_HINT)
    folder = end_of(path.parent.absolute(), str(path))
    with (
        local_errors("cannot write the log file", path, hint=NAME_HINT),
        GuardedFolder.open(folder, straight=True) as at,
    ):
        descriptor = at.open_write(path.name, create=0o600)
        try:
            os.lseek(descriptor, 0, os.SEEK_END)
            if os.name == "posix":
                import fcntl

                fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
        except BaseException:
            os.close(descriptor)
            raise
    return LogFile(descriptor)


_OPEN: list[LogFile] = []


def start_log(path: str, command: str) -> None:
    """Have everything that this process says from now on added to the file. Raises `LocalError`, `UsageError`."""
    end_log(None)
    log = open_log(Path(path))
    _OPEN.append(log)
    LISTENERS.append(log.write)
    log.write(f"s3sync {command} begins")


def end_log(code: int | None) -> None:
    """Close the log, if there is one, with the exit code that the command ends with."""
    while _OPEN:
        log = _OPEN.pop()
        if code is not None:
            log.write(f"s3sync ends with exit code {code}")
        LISTENERS.remove(log.write)
        log.close()
