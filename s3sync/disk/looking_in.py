"""Programs that look into files of anybody: each ends in time, with what it started, and neither takes more memory nor
tells more than it may.

A few bytes of such a file can ask for hours and for all memory there is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from msgspec import Struct

MOST_DATA = 2 << 30
"""Bytes of all memory of one, where the system bounds them (Linux)."""
_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP")


class Bounds(Struct, frozen=True):
    """Bounds of one run: its time in all, its memory, and the bytes that are kept of what it tells."""

    patience_s: float
    most_told: int
    most_data: int = MOST_DATA


class Ended(Struct, frozen=True):
    """End of a run. `late`: it was ended when its time was up. `told` is the beginning of its standard error."""

    code: int | None
    told: bytes
    late: bool = False


def run(
    argv: Sequence[str],
    out: Callable[[bytes], None],
    bounds: Bounds,
    *,
    files: Sequence[int] = (),
    environ: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program to its end; `out` gets what it writes. Raises `OSError` where it cannot be started.

    It gets these open `files`, and no other, where the system has descriptors; of our environment the search path,
    and what `environ` names. It runs in the root folder.
    """
    told, late = bytearray(), threading.Event()
    with _started(argv, files, bounds, environ or {}) as process:

        def end() -> None:
            late.set()
            _end(process)

        ender = threading.Timer(bounds.patience_s, end)
        listener = threading.Thread(target=_pour, args=(process.stderr, into(told, bounds.most_told)), daemon=True)
        ender.start()
        listener.start()
        try:
            _pour(process.stdout, out)
            listener.join()
            process.wait()
        finally:
            ender.cancel()
    return Ended(process.returncode, bytes(told), late.is_set() and process.returncode != 0)


def into(found: bytearray, most: int) -> Callable[[bytes], None]:
    """Keep what comes, up to a limit. The rest is read, so that the program comes to its end."""
    return lambda chunk: found.extend(chunk[: most - len(found)])


def name_of(descriptor: int, path: str) -> str:
    """Name by which a program opens the very file that is open here, whatever stands at its path by then."""
    name = f"/dev/fd/{descriptor}"
    return name if os.name == "posix" and os.path.exists(name) else path  # noqa: PTH110


@contextmanager
def _started(
    argv: Sequence[str], files: Sequence[int], bounds: Bounds, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block, however that ends, and its own processes with it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        list(argv), stdin=none, stdout=pipe, stderr=pipe, cwd=os.path.abspath(os.sep), start_new_session=True,  # noqa: PTH100
        pass_fds=tuple(files) if os.name == "posix" else (), env={**kept, "LC_ALL": "C", **environ},
    ) as process:  # fmt: skip
        try:
            _bound(process.pid, bounds.most_data)
            yield process
        finally:
            _end(process)


def _bound(pid: int, most: int) -> None:
    """Bound the memory of a process. It is done from here: nothing may run between fork and exec beside threads."""
    if sys.platform == "linux":
        import resource

        with suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill one that was not waited for; where there are groups of processes, all of its group: a script may stand for
    the program."""
    if process.returncode is not None:
        return
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _pour(stream: IO[bytes] | None, to: Callable[[bytes], None]) -> None:
    assert stream is not None
    while chunk := stream.read(1 << 16):
        to(chunk)
