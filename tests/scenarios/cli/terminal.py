"""A person's command on a terminal (a pseudo-terminal), with somebody who answers its questions."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.kit.people import Person, Result


def on_terminal(
    person: Person,
    *words: str,
    answers: Sequence[tuple[str, str]] = (),
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    before_answer: Callable[[], object] = lambda: None,
    ended_by: int | None = None,
) -> Result:
    """Run `s3sync`; `answers` are (end of a question, what is typed then). All output is in `out`, as it is shown.

    `before_answer` is called when a question stands there; the answer is typed once it returns.
    `ended_by`: a signal that comes in the place of the answer. A shell has none ignored, as a suite below nohup has.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "s3sync", *words],
        cwd=cwd or person.project,
        env={**person.env(), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", **(env or {})},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=None if ended_by is None else partial(signal.signal, ended_by, signal.SIG_DFL),
    )
    os.close(theirs)
    shown, answered, waiting, deadline = b"", 0, list(answers), time.monotonic() + 60
    try:
        while time.monotonic() < deadline and (chunk := _read(ours)) != b"":
            shown += chunk or b""
            if waiting and waiting[0][0] in shown[answered:].decode("utf-8", "replace"):
                answered = len(shown)
                before_answer()
                if ended_by is not None:
                    waiting.clear()
                    process.send_signal(ended_by)
                else:
                    os.write(ours, waiting.pop(0)[1].encode() + b"\n")
        return Result(process.wait(10), shown.decode("utf-8").replace("\r\n", "\n"), "")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(terminal: int) -> bytes | None:
    """What was shown, None if nothing for a while, and nothing (b"") at the end."""
    if not select.select([terminal], [], [], 0.2)[0]:
        return None
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says EIO where others say the end
        return b""
