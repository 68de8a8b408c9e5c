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


@dataclass(frozen=True)
class Trouble:
    """What comes over a line: seconds after which each connection breaks, and at which all of it is away and moves."""

    cut_after: tuple[float, float] = CUT_AFTER_S
    dropped_at: float = DROPPED_AT_S
    moved_at: float = MOVED_AT_S

    @classmethod
    def amid(cls, seconds: float) -> Trouble:
        """Connections break as they do anyway; the rest comes in the middle of a job that takes so long without."""
        return cls(dropped_at=seconds / 3, moved_at=DROPPED_S + seconds * 2 / 3)

    @classmethod
    def hurried(cls) -> Trouble:
        """All but the outage itself so many times sooner: connections break in a job of two seconds, too."""
        return cls((CUT_AFTER_S[0] / HURRY, CUT_AFTER_S[1] / HURRY), DROPPED_AT_S / HURRY, MOVED_AT_S / HURRY)


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
    if large:
        found += _both_ways(lab, quality, f"{large / 1e6:.0f} MB", lambda tool: make_large(tool.source, large), 1)
    if small:
        job = f"{small:,} x {SMALL // 1024} KiB"
        found += _both_ways(lab, quality, job, lambda tool: make_files(tool.source, small, SMALL), small)
    return found


def _both_ways(lab: Lab, quality: Quality, job: str, make: Callable[[Ours], None], count: int) -> list[Broken]:
    """One job up and down, on a good line and in each kind of trouble."""
    with lab.server() as server, Line(server.endpoint_url) as line:
        (tool,) = lab.tools(server)
        assert isinstance(tool, Ours)
        tool.connect(line.endpoint_url)
        make(tool)

        def up_and_down(tag: str, up: Trouble | None, down: Trouble | None) -> tuple[Run, Run]:
            tool.fresh(f"breaks-{tag}")
            went = _on(lab, line, quality, tool.up(), up)
            check_stored(server.client(), server.bucket, tool, count)
            tool.empty_target()
            came = _on(lab, line, quality, tool.down(), down)
            check_target(tool)
            return went, came

        good = up_and_down("never", None, None)
        kinds = {"": (Trouble(), Trouble())}
        if count > 1:
            kinds = {
                "": (Trouble.amid(good[0].seconds), Trouble.amid(good[1].seconds)),
                ", ten times sooner": (Trouble.hurried(), Trouble.hurried()),
            }
        found = []
        for number, (name, (up, down)) in enumerate(kinds.items()):
            bad = up_and_down(str(number), up, down)
            found += [Broken(f"{job} {way}{name}", *runs) for way, *runs in zip(("up", "down"), good, bad, strict=True)]
    lab.say(text(found))
    return found


def _on(lab: Lab, line: Line, quality: Quality, command: Command, bad: Trouble | None) -> Run:
    """One command over a line. `bad` None: nothing comes over it."""
    line.become(quality)
    line.reset_counts()
    line.break_connections(bad.cut_after if bad else None, seed=13)
    over = threading.Event()

    def bring(trouble: Trouble) -> None:
        began = time.monotonic()
        for at, act in ((trouble.dropped_at, lambda: line.drop(DROPPED_S)), (trouble.moved_at, line.change_address)):
            if over.wait(max(0.0, began + at - time.monotonic())):
                return
            act()

    began = time.monotonic()
    if bad:
        threading.Thread(target=bring, args=(bad,), daemon=True).start()
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
        f" beginning all connections fall silent. For small files the outage comes after a third of the job, and the"
        f" silence after two thirds; once more all but the length of the outage comes {HURRY:.0f} times sooner. Each"
        " command is run once, and nobody helps. MB are those of both directions, heads included."
    )
    told = "\n".join(f"- {line}" for line in circumstances.machine())
    return f"### breaking: lines that break\n\n{about}\n\n{told}\n\n{markdown_table(table(found))}\n"


def _megabytes(counts: Counts) -> str:
    return f"{(counts.sent + counts.received) / 1e6:.1f}"


def text(found: list[Broken]) -> str:
    said = [f"{one.job}, said on the screen:\n{one.broken.said[:3000] or '(nothing)'}" for one in found]
    return "\n".join([*(" | ".join(row) for row in table(found)), *said])
