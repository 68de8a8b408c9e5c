"""What was measured on lines, as tables, and their section of docs/benchmarks.md."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from benchlib.lab import Lab
from benchlib.lines import Bench, LineRow
from benchlib.report import Circumstances, markdown_table, number, plain
from benchlib.tools import Aws, Ours, Rclone, RcloneBest, S5cmd, S5cmdBest
from tests.kit.line import MBIT, Quality

COLUMNS = (Ours, Rclone, S5cmd, Aws, RcloneBest, S5cmdBest)
AT_THEIR_BEST = (RcloneBest.name, S5cmdBest.name)
HEADING = "## On lines"
PREFACE = """\
Written by `scripts/bench --line NAME`: the same jobs over a line of that length and width, made by a proxy before the
server (`tests/kit/line`). Seconds, medians of the rounds. Opening a connection takes one round trip; TCP's slow start
is not imitated. `x` says how many times as fast s3sync is as the best peer: of the peers as they come (rclone with 16
transfers and checkers), and of all, those with their best flags included (rclone with 128 transfers and checkers, by
listing; s5cmd with 512 workers). s3sync has no flags. CPU seconds and peak MB are s3sync's, with the CPU seconds of the
peer that needs least in brackets."""


def line_text(quality: Quality) -> str:
    if not quality.round_trip:
        return "no line between"
    width = f", {quality.down / MBIT:.0f} Mbit/s down, {quality.up / MBIT:.0f} up" if quality.up else ""
    return f"{quality.round_trip * 1000:.0f} ms round trip{width}"


def cells(row: LineRow) -> list[str]:
    seconds = {name: taken.wall for name, taken in row.samples.items()}
    ours = seconds.get(Ours.name)
    peers = {name: wall for name, wall in seconds.items() if name != Ours.name}
    come = {name: wall for name, wall in peers.items() if name not in AT_THEIR_BEST}
    taken = row.samples.get(Ours.name)
    cheapest = min((samples.cpu for name, samples in row.samples.items() if name != Ours.name), default=None)
    return [
        row.job,
        *(number(seconds.get(kind.name)) for kind in COLUMNS),
        _times(ours, come, row.speed),
        _times(ours, peers, row.best_speed),
        _within(ours, peers, row.within),
        f"{taken.cpu:.2f} ({number(cheapest)})" if taken else "-",
        number(taken.peak) if taken else "-",
    ]


def _times(ours: float | None, peers: dict[str, float], wanted: float | None) -> str:
    if ours is None or not peers:
        return "-"
    times = min(peers.values()) / ours
    if wanted is None:
        return f"{times:.2f}x"
    return f"{times:.2f}x, {'met' if times >= wanted else 'MISSED'} ({wanted}x)"


def _within(ours: float | None, peers: dict[str, float], wanted: float | None) -> str:
    """By how much it is slower than the best peer, where that is bounded."""
    if ours is None or not peers or not wanted:
        return ""
    behind = ours - min(peers.values())
    return f"{behind * 1000:+.0f} ms, {'met' if behind <= wanted else 'MISSED'} ({wanted * 1000:.0f} ms)"


def table(rows: Iterable[LineRow]) -> list[list[str]]:
    names = [kind.name for kind in COLUMNS]
    headings = ["job", *names, "x as they come", "x best flags", "behind the best", "CPU s (peer)", "peak MB"]
    return [headings, *(cells(row) for row in rows)]


def text(bench: Bench) -> str:
    return f"{bench.name}: {line_text(bench.quality)}\n\n{plain(table(bench.rows))}"


def section(bench: Bench, circumstances: Circumstances, cost: str) -> str:
    sizes, lab = bench.sizes, bench.lab
    told = [line for line in circumstances.lines(lab.sizes) if not line.startswith("rounds:")]
    parts = [
        f"### {bench.name}: {line_text(bench.quality)}",
        "\n".join(f"- {line}" for line in [*told, f"rounds: {sizes.rounds}", cost]),
        markdown_table(table(bench.rows)),
    ]
    commands = [
        f"- {job.partition(', ')[2]}, {tool}: `{command}`"
        for (job, tool), command in lab.commands.items()
        if job.startswith(f"{bench.name}, ")
    ]
    parts.append("<details><summary>What each tool was asked</summary>\n\n" + "\n".join(commands) + "\n\n</details>")
    failed = [failure for failure in lab.failures if failure.startswith(f"{bench.name}, ")]
    if failed:
        parts.append("Failed:\n\n" + "\n".join(f"- {failure}" for failure in failed))
    return "\n\n".join(parts) + "\n"


def lines_of(document: str) -> str:
    """The section on lines of a document that was written before, to be kept."""
    found = re.search(rf"^{HEADING}\n.*?(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def write(path: Path, name: str, new: str) -> None:
    """Put a line's figures into the document, in the place of its old ones."""
    document = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n"
    before = lines_of(document)
    known = dict(re.findall(r"^### (\w+): (.*?)(?=^### |\Z)", before, re.MULTILINE | re.DOTALL))
    known[name] = new.removeprefix(f"### {name}: ")
    order = [line for line in ("loopback", "near", "home", "far", "breaking") if line in known]
    after = f"{HEADING}\n\n{PREFACE}\n\n" + "\n".join(f"### {line}: {known[line].rstrip()}\n" for line in order) + "\n"
    if before:
        document = document.replace(before, after)
    else:
        head, mark, rest = document.partition("\n## ")
        document = f"{head.rstrip()}\n\n{after.rstrip()}\n{mark}{rest}"
    path.write_text(document.rstrip() + "\n", encoding="utf-8")


def failures(lab: Lab) -> str:
    return "failed:\n" + "\n".join(f"  {failure}" for failure in lab.failures) if lab.failures else ""
