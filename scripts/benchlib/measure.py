"""Run a command, and say what it took."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

TIMEOUT_S = 900

# Runs the command as a child of a process that is as small as can be: a child's peak memory begins with its parent's.
_LAUNCHER = """
import json, os, sys, time
began = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
wall = time.perf_counter() - began
with open(sys.argv[1], "w") as report:
    json.dump([os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime, used.ru_maxrss], report)
"""


class CommandFailed(RuntimeError):
    """A command ended badly, or did not do what it was asked for."""


@dataclass(frozen=True)
class Command:
    argv: Sequence[str]
    environ: Mapping[str, str]
    cwd: Path
    accepted: tuple[int, ...] = (0,)

    def start(self) -> subprocess.Popen[bytes]:
        """As a group of its own, to be killed as one."""
        return subprocess.Popen(
            list(self.argv),
            env=dict(self.environ),
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


@dataclass(frozen=True)
class Sample:
    """One run: seconds, processor seconds with all children, and the largest process' peak memory in MB."""

    wall: float
    cpu: float
    peak: float


@dataclass
class Samples:
    runs: list[Sample] = field(default_factory=list)

    @property
    def wall(self) -> float:
        return median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        return median(run.cpu for run in self.runs)

    @property
    def peak(self) -> float:
        return median(run.peak for run in self.runs)


def run(command: Command) -> Sample:
    with tempfile.TemporaryDirectory(prefix="bench-run-") as folder, tempfile.TemporaryFile() as output:
        report = Path(folder) / "report"
        launched = subprocess.Popen(
            [sys.executable, "-ISc", _LAUNCHER, str(report), *command.argv],
            env=dict(command.environ),
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            launched.wait(TIMEOUT_S)
        except BaseException as error:
            kill(launched)
            if isinstance(error, subprocess.TimeoutExpired):
                raise CommandFailed(f"{_words(command)} took more than {TIMEOUT_S} s") from error
            raise
        output.seek(0)
        printed = output.read().decode(errors="replace").strip()
        if not report.exists():
            raise CommandFailed(f"{_words(command)} did not start: {printed[-300:]}")
        code, wall, cpu, peak = json.loads(report.read_text())
    if code not in command.accepted:
        raise CommandFailed(f"{_words(command)} ended with code {code}: {printed[-300:]}")
    return Sample(wall, cpu, peak * (1024 if sys.platform != "darwin" else 1) / 1e6)


def kill(process: subprocess.Popen[bytes]) -> None:
    """With all its children, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def _words(command: Command) -> str:
    return " ".join([Path(command.argv[0]).name, *command.argv[1:]])
