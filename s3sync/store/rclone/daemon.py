"""rclone as a server for this process: started when it is first needed, ended with the process however that ends.

Whoever reaches its socket can run commands as this user. So the socket lies in a fresh folder that only he can open,
and nothing listens on the network.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock, Thread

from s3sync.core.names import short_text
from s3sync.disk.temporary import private_base
from s3sync.errors import Unreachable, Unsupported
from s3sync.store.rclone.program import environment, find_rclone

START_S = 20.0
STOP_S = 5.0
MOST_STARTS = 4
MOST_MEMORY = 4 << 30
"""Bytes that rclone may take: it holds a listing as a whole, of a million files in a good gigabyte."""
_MOST_SAID = 4096
_LONGEST_SOCKET = 90
_FLAGS = ("--rc-no-auth", "--rc-serve", "--ask-password=false", "--contimeout=15s", "--timeout=60s",
          "--low-level-retries=4", "--use-json-log=false", "--log-level=ERROR")  # fmt: skip
_GUARDIAN = Path(__file__).with_name("guardian.py")


class Daemon:
    """One rclone. Its methods may be called from several threads."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._starts = 0
        self._said = b""

    def socket(self) -> str:
        """Path of the socket of a running rclone. Raises `Unsupported` without rclone, `Unreachable` if it ends."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            return f"{self._folder}/s"

    def is_running(self) -> bool:
        """True if it was started and has not ended."""
        process = self._process
        return process is not None and process.poll() is None

    def said(self) -> str:
        """The end of what rclone wrote to its standard error, in one line."""
        lines = [line.strip() for line in self._said.decode("utf-8", "replace").splitlines() if line.strip()]
        text = "".join(char if char.isprintable() else " " for char in " ".join(lines[-2:]))
        return short_text(text)

    def stop(self) -> None:
        """End it. Another call of `socket` starts a new one."""
        with self._lock:
            process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.close()
            process.wait(STOP_S)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        if not hasattr(socket, "AF_UNIX") or os.name == "nt":
            raise Unsupported("cannot reach an rclone remote", why="this needs Linux or macOS", hint="use s3:// there")
        rclone = find_rclone()
        self._starts += 1
        if self._starts > MOST_STARTS:
            raise Unreachable("cannot reach an rclone remote", why=f"rclone ended {MOST_STARTS} times: {self.said()}")
        self._folder, self._said = _fresh_folder(), b""
        address = f"unix://{self._folder}/s"
        command = [rclone, "rcd", "--rc-addr", address, *_FLAGS]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARDIAN), self._folder, str(MOST_MEMORY), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(self._environ),
            cwd=os.sep,
            start_new_session=True,  # Ctrl-C is for us: what is under way is ended first
        )
        self._process = process
        Thread(target=self._listen, args=(process,), daemon=True, name="s3sync-rclone").start()
        until = time.monotonic() + START_S
        while not _answers(f"{self._folder}/s"):
            if process.poll() is not None or time.monotonic() > until:
                time.sleep(0.05)  # for the last of its words
                raise Unreachable(
                    "cannot start rclone", why=self.said() or "it does not answer", hint=f"try {rclone} version"
                )
            time.sleep(0.005)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Keep the end of its words; it would stand still if nobody read them."""
        assert process.stderr is not None
        while piece := process.stderr.read1(_MOST_SAID):  # type: ignore[attr-defined]
            if process is self._process:
                self._said = (self._said + piece)[-_MOST_SAID:]


def _fresh_folder() -> str:
    """A new folder that nobody else can open (`mkdtemp` makes it 0700), with a path short enough for a socket's."""
    base = private_base()
    return tempfile.mkdtemp(prefix="s3sync-rclone-", dir=base if len(base) < _LONGEST_SOCKET - 30 else "/tmp")


def _answers(path: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(1.0)
            line.connect(path)
            return True
    except OSError:
        return False


_running: dict[tuple[int, tuple[tuple[str, str], ...]], Daemon] = {}
_lock = Lock()


def daemon_for(environ: Mapping[str, str]) -> Daemon:
    """The rclone of this process for that environment; it is started by its first use."""
    key = (os.getpid(), tuple(sorted(environment(environ).items())))
    with _lock:
        if key not in _running:
            if not any(pid == key[0] for pid, _ in _running):
                atexit.register(stop_all)
            _running[key] = Daemon(dict(key[1]))
        return _running[key]


def stop_all() -> None:
    """End every rclone of this process."""
    with _lock:
        own = [_running.pop(key) for key in list(_running) if key[0] == os.getpid()]
    for daemon in own:
        daemon.stop()
