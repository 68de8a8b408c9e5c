"""The end of a command whose memory grows without end, whatever a store answers.

No honest answer needs much memory: a command stays below 150 MB whatever the number and size of files. But one of the
libraries that speak with a store reads an error's text to its end, however long that is, and cannot be told to stop.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

LIMIT = 1 << 30
"""Bytes of memory beyond which a command is ended."""
LOOK_EVERY_S = 0.25
EXIT_CODE = 1
_STATM = "/proc/self/statm"  # pathlib would take longer to import than `--version` needs


def end_when_memory_is_out(say: Callable[[], object]) -> None:
    """From now on a command that takes more than `LIMIT` is ended, after `say`.

    Ending hard loses nothing, as a kill would not either. Until the first look nothing is searched for cycles: all
    that a start makes stays, and looking through it again and again is a twelfth of a short command's work.
    """
    gc.disable()

    def watch() -> None:
        time.sleep(LOOK_EVERY_S)
        gc.freeze()
        gc.enable()
        while memory() < LIMIT:
            time.sleep(LOOK_EVERY_S)
        with suppress(Exception):
            say()
        os._exit(EXIT_CODE)

    threading.Thread(target=watch, name="s3sync-memory", daemon=True).start()


_LINES = ("s3sync.store.s3", "s3sync.store.lanes", "s3sync.store.gcs", "s3sync.store.azure", "s3sync.store.rclone")
"""Rooms in which a thread waits for a server, or reads what it says. A folder store is none."""


def busy_in() -> tuple[str, bool]:
    """The room of ours in which the first thread is, and whether any thread is at an answer of a server."""
    room, at_a_line = "s3sync", False
    for thread, frame in sys._current_frames().items():
        names = list(_modules(frame))
        at_a_line = at_a_line or any(name.startswith(_LINES) for name in names)
        if thread == threading.main_thread().ident:
            room = next((name for name in names if name.startswith("s3sync.")), room)
    return room, at_a_line


def _modules(frame: FrameType | None) -> Iterator[str]:
    """Modules of a thread's calls, the innermost first."""
    while frame is not None:
        yield str(frame.f_globals.get("__name__", ""))
        frame = frame.f_back


def memory() -> int:
    """Bytes of memory that this process has now on Linux and Windows, or had at its most on others; 0 if none tells."""
    with suppress(Exception):
        if sys.platform == "linux":
            with open(_STATM, "rb") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return _on_windows() if os.name == "nt" else _at_most()
    return 0


def _at_most() -> int:
    import resource

    # macOS counts bytes, others thousands. Linux tells what whoever started this process had.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _on_windows() -> int:
    """https://learn.microsoft.com/en-us/windows/win32/api/psapi/ns-psapi-process_memory_counters"""
    import ctypes

    class Counters(ctypes.Structure):
        _fields_ = [
            ("cb", ctypes.c_uint32),
            ("page_faults", ctypes.c_uint32),
            ("most_resident", ctypes.c_size_t),
            ("resident", ctypes.c_size_t),
            ("others", ctypes.c_size_t * 6),
        ]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32]
    kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
    return int(counters.resident)
