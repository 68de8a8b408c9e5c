"""The end of a command whose memory grows without end, whatever a store answers.

No honest answer needs much memory: a command stays below 150 MB whatever the number and size of files. But one of the
libraries that speak with a store reads an error's text to its end, however long that is, and cannot be told to stop.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LIMIT = 1 << 30
"""Bytes of memory beyond which a command is ended."""
LOOK_EVERY_S = 0.25
EXIT_CODE = 1
_STATM = Path("/proc/self/statm")


def end_when_memory_is_out(say: Callable[[], object]) -> None:
    """From now on a command that takes more than `LIMIT` is ended, after `say`. Linux only: elsewhere nothing happens.

    Ending hard loses nothing, as a kill would not either.
    """
    if not _STATM.exists():
        return
    page = os.sysconf("SC_PAGE_SIZE")

    def watch() -> None:
        while _resident(page) < LIMIT:
            time.sleep(LOOK_EVERY_S)
        with suppress(Exception):
            say()
        os._exit(EXIT_CODE)

    threading.Thread(target=watch, name="s3sync-memory", daemon=True).start()


def _resident(page: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(_STATM.read_text("ascii").split()[1]) * page
    return 0
