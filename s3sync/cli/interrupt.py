"""The end of a command: after its work, or by Ctrl-C, which leaves a moment for an orderly end."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
GRACE_S = 0.7
_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
SHOW_CURSOR = "\x1b[?25h"

_cut_short = [INTERRUPTED]  # the exit code where the orderly end takes longer than its moment


def end_after_ctrl_c(say: Callable[[], object]) -> None:
    """From now on Ctrl-C ends the process soon, after `say`, also where Python never gets its turn.

    Python raises KeyboardInterrupt in the main thread and between two of its own steps only: not while that thread
    waits in a library for an answer, nor before other threads are through. Ending hard loses nothing, as a kill would
    not either.
    """
    reader, writer = os.pipe()
    if os.name == "posix":
        os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def watch() -> None:
        while signal.SIGINT not in os.read(reader, 1):
            pass
        time.sleep(GRACE_S)
        with suppress(OSError):
            if sys.stderr.isatty():
                sys.stderr.write(SHOW_CURSOR)  # the bars hide it
            if _cut_short[-1] == INTERRUPTED:
                say()
        leave(_cut_short[-1])

    threading.Thread(target=watch, name="s3sync-ctrl-c", daemon=True).start()


def end(code: int) -> NoReturn:
    """End the process once its work is done. What registered with `atexit` is called.

    Python would take every module and value apart first, which is a tenth of a short command's time.
    """
    if code != INTERRUPTED:
        atexit._run_exitfuncs()
    leave(code)


def leave(code: int = INTERRUPTED) -> NoReturn:
    """End at once, without waiting for the requests that are still under way."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextmanager
def ended_by_the_system(cut_short: int = INTERRUPTED) -> Iterator[None]:
    """Have SIGTERM, by which systemd and launchd end a program, do what Ctrl-C does; and SIGHUP, by which a terminal
    that is closed ends its own, where nobody (nohup) has it ignored.

    `cut_short` is the exit code where the end takes longer than its moment: 0 for what only shows something until
    Ctrl-C, and has nothing that could be left half done.
    """

    def end_now(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [one for one in _ENDINGS if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, end_now) for one in names}
    _cut_short.append(cut_short)
    try:
        yield
        _cut_short.pop()  # not on the way out of a Ctrl-C, whose moment runs on
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
