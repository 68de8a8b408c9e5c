"""A process that runs one command line after another, as one person, in the very code that `s3sync` starts.

Starting Python for each command of hundreds of rounds would be most of the work, and would blur the moment at which
both begin. A racer is started once. It gets ready for a command, says so, and waits for the word to go:

    one, other = Racer(david), Racer(jan)
    for racer in (one, other): racer.prepare("sync", "--json")      # returns when it stands at the line
    for racer in (one, other): racer.go()
    results = [racer.finish() for racer in (one, other)]
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kit.people import Person, Result

ROOT = Path(__file__).parents[3]


class Racer:
    """`person`'s process, from the `with` block's beginning to its end."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.races.racer", str(self.person.project)],
            cwd=ROOT,
            env=self.person.env(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        assert self._process is not None
        if error is not None:
            self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def prepare(self, *words: str) -> None:
        self._say(json.dumps(words))
        assert self._hear() == "ready"

    def go(self) -> None:
        self._say("go")

    def finish(self) -> Result:
        code, out, err = json.loads(self._hear())
        assert "Traceback" not in err, err
        return Result(code, out, err)

    def run(self, *words: str) -> Result:
        """One command, with nobody else about."""
        self.prepare(*words)
        self.go()
        return self.finish()

    def _say(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the racer of {self.person.name} ended with {self._process.wait()}"
        return line.removesuffix("\n")


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")


def main(folder: str) -> None:
    """The racer itself. Its first command imports what later ones find loaded."""
    import os

    from s3sync.cli.main import run
    from tests.kit.servers import share_models

    share_models()
    os.chdir(folder)
    answers, sys.stdout = sys.stdout, io.StringIO()
    for line in iter(sys.stdin.readline, ""):
        words = json.loads(line)
        print("ready", file=answers, flush=True)
        assert sys.stdin.readline() == "go\n"
        out, err = _stream(), _stream()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(words)
        for stream in (out, err):
            stream.seek(0)
        print(json.dumps([code, out.read(), err.read()]), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
