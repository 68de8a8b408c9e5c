"""Lines that break: what a large file and many small ones cost on them, beside the same on a good line.

Each connection is reset after a random 5 to 60 seconds, the line lets nothing through for 30 seconds, and all
connections fall silent at once, as when the address changes. Nobody helps: the command is run once.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchlib.lab import Lab, check_stored, check_target, make_files, make_large
from benchlib.measure import Command, CommandFailed
from benchlib.report import Circumstances, markdown_table
from benchlib.tools import Ours
from tests.kit.line import LINES, Counts, Line, Quality

LARGE = 500 * 1_000_000 // 2**20 * 2**20
SMALL, SMALL_FILES = 4096, 1_000
CUT_AFTER_S = (5.0, 60.0)
DROPPED_AT_S, DROPPED_S, MOVED_AT_S = 20.0, 30.0, 65.0
HURRY = 10.0
"""For small files, which are through in two seconds: everything but the outage itself comes so many times sooner."""


@dataclass(frozen=True)
class Run:
    seconds: float
    counts: Counts
    said: str


@dataclass(frozen=True)
class Broken:
    """One job, on a good line and on one that breaks. `more`: bytes of both directions beyond the good line's, in %."""

    job: str
    good: Run
    broken: Run

    @property
    def more(self) -> float:
        good = self.good.counts.sent + self.good.counts.received
        return ((self.broken.counts.sent + self.broken.counts.received) / good - 1) * 100


def breaking(lab: Lab, quality: Quality = LINES["home"], large: int = LARGE, small: int = SMALL_FILES) -> list[Broken]:
    found = []
    for job, make, count in (
        (f"{large / 1e6:.0f} MB", lambda tool: make_large(tool.source, large), 1),
        (f"{small:,} x 4 KiB", lambda tool: make_files(tool.source, small, SMALL), small),
    ):
        hurry = 1.0 if count == 1 else HURRY
        with lab.server() as server, Line(server.endpoint_url) as line:
            (tool,) = lab.tools(server)
            assert isinstance(tool, Ours)
            tool.connect(line.endpoint_url)
            make(tool)
            up: list[Run] = []
            down: list[Run] = []
            for breaks in (False, True):
                tool.fresh(f"breaks-{breaks}")
                up.append(_on(lab, line, quality, tool.up(), hurry if breaks else None))
                check_stored(server.client(), server.bucket, tool, count)
                tool.empty_target()
                down.append(_on(lab, line, quality, tool.down(), hurry if breaks else None))
                check_target(tool)
            found += [Broken(f"{job} up", *up), Broken(f"{job} down", *down)]
        lab.say(text(found[-2:]))
    return found


def _on(lab: Lab, line: Line, quality: Quality, command: Command, hurry: float | None) -> Run:
    """`hurry` divides the times at which trouble comes; None: it does not come."""
    line.become(quality)
    line.reset_counts()
    line.break_connections((CUT_AFTER_S[0] / hurry, CUT_AFTER_S[1] / hurry) if hurry else None, seed=13)
    over = threading.Event()
    trouble: tuple[tuple[float, Callable[[], None]], ...] = (
        (DROPPED_AT_S, lambda: line.drop(DROPPED_S)),
        (MOVED_AT_S, line.change_address),
    )

    def bring_trouble() -> None:
        began = time.monotonic()
        for at, act in trouble:
            if over.wait(max(0.0, began + at / (hurry or 1) - time.monotonic())):
                return
            act()

    began = time.monotonic()
    if hurry:
        threading.Thread(target=bring_trouble, daemon=True).start()
    try:
        done = subprocess.run(
            list(command.argv), env=dict(command.environ), cwd=command.cwd, capture_output=True, text=True, check=False
        )
    finally:
        over.set()
        line.break_connections(None)
    took, counts = time.monotonic() - began, line.counts()
    line.become(Quality())
    if done.returncode:
        lab.say(f"failed after {took:.1f} s: {counts}\n{done.stderr}")
        raise CommandFailed(f"ended with code {done.returncode} on a line that breaks: {done.stderr[-1000:]}")
    lab.say(f"{command.argv[1]} took {took:.1f} s: {counts}")
    return Run(took, counts, done.stderr.strip())


HEADINGS = ["job", "good line, s", "MB", "breaking line, s", "MB", "% more bytes", "connections reset"]


def table(found: list[Broken]) -> list[list[str]]:
    rows = [HEADINGS]
    for one in found:
        good, broken = one.good, one.broken
        cells = [f"{good.seconds:.1f}", _megabytes(good.counts), f"{broken.seconds:.1f}", _megabytes(broken.counts)]
        rows.append([one.job, *cells, f"{one.more:.1f}", str(broken.counts.resets)])
    return rows


def section(found: list[Broken], name: str, circumstances: Circumstances) -> str:
    about = (
        f"The `{name}` line. Each connection is reset {CUT_AFTER_S[0]:.0f} to {CUT_AFTER_S[1]:.0f} s after it opened;"
        f" after {DROPPED_AT_S:.0f} s nothing goes through for {DROPPED_S:.0f} s; {MOVED_AT_S:.0f} s after the"
        f" beginning all connections fall silent. For small files all but the outage comes {HURRY:.0f} times sooner."
        " Each command is run once, and nobody helps. MB are those of both directions, heads included."
    )
    told = "\n".join(f"- {line}" for line in circumstances.machine())
    return f"### breaking: lines that break\n\n{about}\n\n{told}\n\n{markdown_table(table(found))}\n"


def _megabytes(counts: Counts) -> str:
    return f"{(counts.sent + counts.received) / 1e6:.1f}"


def text(found: list[Broken]) -> str:
    said = [f"{one.job}, said on the screen:\n{one.broken.said[:3000] or '(nothing)'}" for one in found]
    return "\n".join([*(" | ".join(row) for row in table(found)), *said])
