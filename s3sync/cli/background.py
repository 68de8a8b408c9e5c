"""An answer that is worth a moment's wait and no more: what takes longer goes on in the background."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

PATIENCE_S = 0.25
LONGEST_S = 20
"""After that nobody waits for the answer any more."""
_LONGEST_TEXT = 4096


def say_soon(look: Callable[[], str], say: Callable[[str], None]) -> None:
    """Say what `look` finds (nothing if that is empty), if it comes within `PATIENCE_S`.

    Later it is written to the terminal, if there is one, by a process that holds nothing else of whoever called us
    open. `look` must not fail. Where the system has no `fork` what comes late is never said.
    """
    if not hasattr(os, "fork"):
        _in_a_thread(look, say)
        return
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            os.close(reader)
            _look_alone(look, writer)
        finally:
            os._exit(0)
    os.close(writer)
    text = b""
    if select.select([reader], [], [], PATIENCE_S)[0]:
        text = os.read(reader, _LONGEST_TEXT)
    os.close(reader)
    if text:
        say(text.decode("utf-8", "replace"))


def _look_alone(look: Callable[[], str], writer: int) -> None:
    from s3sync.cli.memory import end_when_memory_is_out

    os.setsid()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST_S)
    end_when_memory_is_out(lambda: None)
    terminal = sys.stderr.isatty()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1) if terminal else (0, 1, 2):
        os.dup2(nothing, descriptor)
    text = look().encode("utf-8", "replace")[:_LONGEST_TEXT]
    if not text:
        return
    try:
        os.write(writer, text)
    except BrokenPipeError:
        if terminal:
            os.write(2, text + b"\r\n")


def _in_a_thread(look: Callable[[], str], say: Callable[[str], None]) -> None:
    found: list[str] = []

    def work() -> None:
        with suppress(Exception):
            found.append(look())

    thread = threading.Thread(target=work, name="s3sync-hook", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    if not thread.is_alive() and found and found[0]:
        say(found[0])
