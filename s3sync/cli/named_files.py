"""Files that were named on the command line, read whole up to a bound. Nothing is waited for without end."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from s3sync.config.leading import end_of
from s3sync.core.quantities import size_text
from s3sync.disk.durable import read_all
from s3sync.disk.errors import reason_of
from s3sync.errors import UsageError

STDIN = "-"
_OF_A_SHELL = ("/dev/fd/", "/proc/self/fd/")
"""Places of the pipes that a shell makes for `<(command)`: somebody writes into those."""
_NO_FILES = {stat.S_IFDIR: "it is a folder", stat.S_IFIFO: "it is a named pipe", stat.S_IFSOCK: "it is a socket"}


def read_named(name: str, most: int, *, hint: str) -> bytes:
    """All of a file, by any way that leads to it, or of stdin for `-`. Raises `UsageError`, for what has more than
    `most` bytes, and for a link that leads out of a repository, too."""
    if name != STDIN and not name.startswith(_OF_A_SHELL):
        end_of(Path(name).absolute(), name, "file")
    try:
        body = _read(name, most)
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else reason_of(error)
        raise UsageError(f"cannot read {name}", why=why, hint=hint) from None
    if body is None:
        raise UsageError(f"cannot read {name}", why=f"it is larger than {size_text(most)}", hint=hint)
    return body


def _read(name: str, most: int) -> bytes | None:
    if name == STDIN:
        import sys

        return read_all(sys.stdin.fileno(), most)
    is_of_a_shell = name.startswith(_OF_A_SHELL)
    waits = 0 if is_of_a_shell else getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody writes into is opened at once
    descriptor = os.open(Path(name), os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0) | waits)
    try:
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        if kind != stat.S_IFREG and not (is_of_a_shell and kind == stat.S_IFIFO):
            raise OSError(None, _NO_FILES.get(kind, "it is a device"))
        return read_all(descriptor, most)
    finally:
        os.close(descriptor)
