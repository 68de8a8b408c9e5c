"""The figures as a table on the terminal, and as docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchlib.archive_catalogue import ASTROPY
from benchlib.archive_tools import LOOP, Restic, TarPipe, ZstdPipe
from benchlib.lab import QUICK, Growth, Lab, Row, Sizes
from benchlib.tools import Aws, Ours, Rclone, RcloneChecksum, RcloneTrack, S5cmd

HEADINGS = ("job", "measure", "ours / best", "budget", "")
GROWTH_HEADINGS = ("command", "files", "seconds", "CPU seconds", "peak MB", "requests", "dollars a run")


@dataclass(frozen=True)
class Circumstances:
    """Taken before the first job, while the machine is quiet."""

    versions: dict[str, str]
    at: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    load: str = field(default_factory=lambda: " ".join(f"{load:.2f}" for load in os.getloadavg()))

    def machine(self) -> list[str]:
        return [
            f"date: {self.at}",
            f"machine: {_cpu()}, {os.cpu_count()} cores, {_memory()}, {platform.system()} {platform.release()}",
            f"load average at the start: {self.load}",
        ]

    def lines(self, sizes: Sizes) -> list[str]:
        return [
            *self.machine(),
            f"rounds: {sizes.rounds} (medians; wire jobs once); {sizes.small} and {sizes.nothing} small files, "
            f"{sizes.large >> 20} MiB, {sizes.changed >> 20} MiB changed; archived: {sizes.clips} clips of 20 MiB, "
            f"{sizes.archived} files of 10 kB, {sizes.units} units of 5 of those",
            *["--quick: too small for the budgets; it only shows that the jobs work"] * (sizes == QUICK),
            *(f"{name}: {version}" for name, version in self.versions.items()),
        ]


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (ValueError, OSError):
        return "memory unknown"


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def verdict(row: Row) -> str:
    if row.budget and row.ours is None:
        return "no figure"
    return {None: "", True: "met", False: "MISSED"}[row.met]


def tool_names(rows: list[Row]) -> list[str]:
    there = {name for row in rows for name in row.values}
    kinds = (Ours, Rclone, RcloneChecksum, RcloneTrack, S5cmd, Aws, TarPipe, ZstdPipe, Restic)
    return [name for name in (*(kind.name for kind in kinds), ASTROPY, LOOP) if name in there]


def cells(row: Row, tools: list[str]) -> list[str]:
    figures = [number(row.values.get(name)) for name in tools]
    ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
    return [row.job, row.measure, *figures, ratio, row.budget.text if row.budget else "", verdict(row)]


def growth_cells(growth: Growth) -> list[str]:
    figures = [growth.wall, growth.cpu, growth.peak, growth.requests]
    return [growth.command, f"{growth.files:,}", *(number(figure) for figure in figures), f"{growth.dollars:.7f}"]


def tables(lab: Lab) -> list[list[list[str]]]:
    tools = tool_names(lab.rows)
    found = []
    if lab.rows:
        headings = [*HEADINGS[:2], *tools, *HEADINGS[2:]]
        found.append([headings, *(cells(row, tools) for row in lab.rows)])
    if lab.growth:
        found.append([list(GROWTH_HEADINGS), *(growth_cells(growth) for growth in lab.growth)])
    return found


def plain(table: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def markdown_table(table: list[list[str]]) -> str:
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table]
    rows.insert(1, "|" + "---|" * len(table[0]))
    return "\n".join(rows)


def text(lab: Lab, circumstances: Circumstances) -> str:
    parts = ["\n".join(circumstances.lines(lab.sizes)), *(plain(table) for table in tables(lab))]
    if lab.failures:
        parts.append("failed:\n" + "\n".join(f"  {failure}" for failure in lab.failures))
    return "\n\n".join(parts)


def markdown(lab: Lab, circumstances: Circumstances) -> str:
    found = tables(lab)
    missed = [row for row in lab.rows if row.met is False]
    parts = [
        "# Benchmarks",
        "Written by `scripts/bench`: s3sync beside its peers in one run, in turn, each job with a SeaweedFS of its own"
        " on the same computer. Seconds depend on the computer; the column `ours / best` compares with the best"
        " peer (for files/s more is better, else less). CPU seconds and peak memory are the client's, with its"
        " children. Bytes and requests are counted by a proxy before the server, in runs that are not timed.",
        "\n".join(f"- {line}" for line in circumstances.lines(lab.sizes)),
        f"Budgets: {sum(row.met is True for row in lab.rows)} met, {len(missed)} missed"
        + "".join(f"\n- missed: {row.job}, {row.measure}: {number(row.ours)}, {row.budget.text}"
                  for row in missed if row.budget),
        *(markdown_table(table) for table in found[:1]),
    ]  # fmt: skip
    if lab.growth:
        parts += [
            "## What the number of files does",
            "Files that are in sync; what one run costs at $0.005 per 1,000 PUT, COPY, POST and LIST requests and"
            " $0.0004 per 1,000 GET and HEAD requests, an assumption that holds for S3 Standard in us-east-1.",
            markdown_table(found[-1]),
        ]
    parts += ["## What each tool was asked", "\n".join(
        f"- {job}, {tool}: `{command}`" for (job, tool), command in lab.commands.items() if not job.startswith("growth")
    )]  # fmt: skip
    if lab.failures:
        parts += ["## What failed", "\n".join(f"- {failure}" for failure in lab.failures)]
    return "\n\n".join(parts) + "\n"
