"""Processes for `s3sync` commands, forked from one that has imported the program already.

Python takes longer to start and to import than most commands take to work, and the suite runs hundreds of them. A
forked command is still a process of its own: it has its own environment, folder, streams, id, signals and exit code,
runs the same `main`, and ends as any Python program does. What it does not show is the start itself: a `Person` whose
commands are `fresh` shows that, as those of `tests/scenarios/cli/test_commands.py` do.

    code, out, err = run(["status"], cwd=folder, env=environment, text="")

One such process serves a whole test run, and ends with it. Linux only; elsewhere commands are started as ever.
"""

from __future__ import annotations

import functools
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
MESSAGE_BYTES = 128 * 1024
KEPT = ("PATH", "LANG")
_STARTING = threading.Lock()
FROM_THE_START = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "COVERAGE")
"""Variables that a program looks at as it starts, so that a fork would come too late for them."""


def can_run(env: Mapping[str, str]) -> bool:
    """Whether a forked command with this environment is like one that was started with it."""
    return sys.platform == "linux" and all(
        env[name] == _environment().get(name) for name in env if name.startswith(FROM_THE_START)
    )


def run(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], text: str, timeout: float = 100
) -> tuple[int, str, str]:
    """Run one command to its end; returns its exit code (negative: the signal that ended it), stdout and stderr."""
    message = json.dumps([list(words), str(cwd), dict(env)]).encode()
    assert len(message) < MESSAGE_BYTES
    with (
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        stdin.write(text.encode())
        stdin.seek(0)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            fds = [stdin.fileno(), out.fileno(), err.fileno(), theirs.fileno()]
            with _STARTING:  # two threads that start one each would lose the first, and with it their command
                zygote = _zygote()
            socket.send_fds(zygote, [message], fds)
            theirs.close()
            ours.settimeout(timeout)
            code = int(ours.recv(16) or b"-9")
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode("utf-8").replace("\r\n", "\n"))
        return code, printed[0], printed[1]


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONUTF8": "1"}


@functools.cache
def _zygote() -> socket.socket:
    """The other end of it; it ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.kit.zygote", str(theirs.fileno())],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    return ours


def main(requests: socket.socket) -> None:
    """The process that forks. In a fork this raises what the command ends with."""
    _import_everything()
    selector = selectors.DefaultSelector()
    selector.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is requests:
                message, fds, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 4)
                if not message:
                    return
                pid = os.fork()
                if not pid:
                    selector.close()
                    requests.close()
                    os.close(fds[3])
                    _become(json.loads(message), fds[:3])
                for fd in fds[:3]:
                    os.close(fd)
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, fds[3]))
            else:
                pid, told = key.data
                selector.unregister(key.fileobj)
                os.close(key.fd)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                os.write(told, str(code).encode())
                os.close(told)


def _import_everything() -> None:
    """What commands import at their beginning, and what they import later on."""
    import gc
    import pkgutil

    import boto3
    import obstore.store  # noqa: F401
    import psycopg  # noqa: F401
    import sqlalchemy.dialects.postgresql  # noqa: F401

    import s3sync
    from tests.kit.servers import share_models

    share_models()
    boto3.Session("key", "secret", region_name="us-east-1").client("s3", endpoint_url="http://127.0.0.1:1")
    for module in pkgutil.walk_packages(s3sync.__path__, "s3sync."):
        if not module.name.endswith("__main__"):
            __import__(module.name)
    gc.collect()
    gc.freeze()


def _become(command: tuple[list[str], str, dict[str, str]], streams: list[int]) -> NoReturn:
    import time

    from s3sync.cli.main import main as run_command

    words, cwd, env = command
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    if "CRASH" in env:
        from tests.promises.crash.steps import watch

        watch()
    sys.argv = ["s3sync", *words]
    run_command()
    sys.exit(0)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
