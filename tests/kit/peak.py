"""How much memory one command of a person takes."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.kit.people import Person, Result

# A child inherits the peak of whoever starts it, so the command must not be a child of the tests themselves.
_MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as stream:
    stream.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_mib(person: Person, code: int, *words: str, cwd: Path | None = None) -> tuple[float, Result]:
    """The most memory that one command held at once, and what it said."""
    told = person.root / "peak"
    person.launcher = (sys.executable, "-c", _MEASURE, str(told))
    try:
        result = person.expect(code, *words, cwd=cwd)
    finally:
        person.launcher = ()
    return int(told.read_text()) * (1 if sys.platform == "darwin" else 1024) / 1024**2, result
