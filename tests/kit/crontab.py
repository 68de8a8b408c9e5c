"""The real crontab of whoever runs the tests: it has their own lines all the while, and is as before afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest


class Crontab:
    """The table, by crontab(1). `own`: what it had before; None where there was none."""

    def __init__(self) -> None:
        self.own = self.read()

    def read(self) -> bytes | None:
        done = _run("-l")
        if done.returncode == 0:
            return done.stdout
        if b"no crontab" not in done.stderr.lower():
            _missing(f"crontab cannot be read: {done.stderr.decode('utf-8', 'replace').strip()}")
        return None

    def write(self, text: bytes) -> None:
        done = _run("-", text)
        assert done.returncode == 0, done.stderr

    @property
    def more(self) -> bytes:
        """What stands behind the lines that it had before."""
        text, own = self.read() or b"", self.own or b""
        assert text.startswith(own)
        return text[len(own) :]

    def restore(self) -> None:
        if self.read() == self.own:
            return
        if self.own is None:
            assert _run("-r").returncode == 0
        else:
            self.write(self.own)
        assert self.read() == self.own


@contextmanager
def real_crontab() -> Iterator[Crontab]:
    """The table, for one test at a time on this computer. Skips without crontab; under CI=true that is a failure."""
    if shutil.which("crontab") is None:
        _missing("there is no crontab (Debian: cron)")
    import fcntl

    with (Path(tempfile.gettempdir()) / f"s3sync-tests-crontab-{os.getuid()}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        table = Crontab()
        try:
            yield table
        finally:
            table.restore()


def _run(word: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environ = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["crontab", word], input=text, capture_output=True, timeout=60, check=False, env=environ)


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
