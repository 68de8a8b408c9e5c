"""Real Dask clusters, whose processes the tests end themselves."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.kit.browser import until
from tests.kit.servers import free_ports


def started(*words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    argv, quiet = [sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:]], subprocess.DEVNULL
    return subprocess.Popen(argv, stdout=quiet, stderr=quiet, env=env)


def is_heard(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


@contextmanager
def a_scheduler() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_ports(1)[0]
    process = started("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    try:
        until(lambda: is_heard(port))  # a client waits 5 s for it
        yield process, f"tcp://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def two_workers(address: str, env: Mapping[str, str] | None = None) -> Iterator[list[subprocess.Popen[bytes]]]:
    words = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--death-timeout", "20")
    found = [started("dask_worker", *words, env=env) for _ in range(2)]
    try:
        yield found
    finally:
        for one in found:
            one.kill()
            one.wait()
