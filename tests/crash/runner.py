"""A warm process that has s3sync imported, and forks a child for each command: a real process, without its 0.3 s start.

Jobs come as JSON lines on stdin, and each is answered by a line on stdout. The child gets its own environment, folder
and standard streams, calls the entry point as `python -m s3sync` does, and dies by a real SIGKILL.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.crash.steps import begin, save
from tests.people import Result

ROOT = Path(__file__).parents[2]


class Runner:
    """The process and the way to it; use as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.runner"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def run(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], crash: Mapping[str, Any] | None = None
    ) -> Result:
        """Run `s3sync` with these words. A code below zero is the number of the signal that killed it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        job = {"words": list(words), "cwd": str(cwd), "env": dict(env), "crash": crash}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the runner ended"
        return Result(**json.loads(answer))


def run_process(
    words: Sequence[str], cwd: Path, env: Mapping[str, str], crash: Mapping[str, Any] | None = None
) -> Result:
    """The same by a process of its own, which finds `hook/sitecustomize.py`."""
    hook = {"PYTHONPATH": f"{ROOT / 'tests/crash/hook'}{os.pathsep}{ROOT}", "CRASH": json.dumps(crash)} if crash else {}
    done = subprocess.run(
        [sys.executable, "-m", "s3sync", *words],
        cwd=cwd,
        env={**env, **hook},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def _serve() -> None:
    _warm_up()
    for line in sys.stdin:
        job = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                _be_the_command(job, out.fileno(), err.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode("utf-8", "replace"))
        sys.stdout.write(json.dumps({"code": code, "out": texts[0], "err": texts[1]}) + "\n")
        sys.stdout.flush()


def _warm_up() -> None:
    """Everything that a command imports, and no command itself: nothing of one may be left over for the next."""
    for name in (
        "cli.app", "cli.as_json", "cli.as_text", "cli.progress", "store.folder", "sync.api", "sync.cleanup",
        "sync.init", "sync.run", "sync.status", "transfer.large_download", "transfer.large_upload",
    ):  # fmt: skip
        importlib.import_module(f"s3sync.{name}")
    importlib.import_module("yaml")
    gc.freeze()


def _be_the_command(job: dict[str, Any], out: int, err: int) -> None:
    from s3sync.cli.main import main

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.stdin, sys.stdout, sys.stderr = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8"), open(2, "w")  # noqa: SIM115
    sys.argv = ["s3sync", *job["words"]]
    crash, steps, code = job["crash"], None, 0
    if crash:
        steps = begin(crash)
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 (as the interpreter would)
        traceback.print_exc()
        code = 1
    finally:
        if steps and "log" in crash:
            save(steps, crash["log"])
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
