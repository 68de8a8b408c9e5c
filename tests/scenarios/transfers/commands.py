"""Commands that are broken off while they work, and what they then remember."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.kit.people import Person, Result

DEADLINE_S = 100
"""For what comes in an instant on a machine that has nothing else to do; no test is to be decided by it."""


@dataclass
class Running:
    """A command under way."""

    process: subprocess.Popen[str]

    def kill(self) -> None:
        """As `kill -9` does, which nobody can catch."""
        self.process.kill()
        self.process.communicate()

    def interrupt(self) -> Result:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self, timeout: float = DEADLINE_S) -> Result:
        out, err = self.process.communicate(timeout=timeout)
        return Result(self.process.returncode, out, err)


def hearing_ctrl_c() -> list[str]:
    """What to put in front of a command so that it hears Ctrl-C also when the tests run in the background of a shell.

    Such a shell has its children ignore it, and they theirs, which is right for whoever runs `s3sync` so.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        return []
    code = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", code]


@contextmanager
def started(person: Person, *words: str) -> Iterator[Running]:
    """Run `s3sync` beside the test; it does not outlive the block."""
    process = subprocess.Popen(
        [*hearing_ctrl_c(), sys.executable, "-m", "s3sync", *words],
        cwd=person.project,
        env=person.env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield Running(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def parts_remembered(person: Person) -> int:
    """How many parts of unfinished transfers the person's computer has on record."""
    path = person.staging / ".s3sync" / "state.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM transferred").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: it did not come"
        time.sleep(0.02)
