"""The laboratory: a server, folders of files, rounds of runs, and the rows of figures that come of them."""

from __future__ import annotations

import filecmp
import math
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from benchlib.measure import Command, CommandFailed, Samples, run
from benchlib.tools import Ours, Peer, Tool
from tests.kit.servers import SeaweedFS

T = TypeVar("T")
YESTERDAY_S = 86_400
MIB = 1024 * 1024


@dataclass(frozen=True)
class Sizes:
    rounds: int = 3
    small: int = 3_000
    nothing: int = 20_000
    large: int = 1024 * MIB
    changed: int = 16 * MIB
    growth: tuple[int, ...] = (100, 1_000, 10_000, 100_000)
    startup_rounds: int = 7
    wire_peers: int = 4
    clips: int = 50
    archived: int = 10_000
    units: int = 200
    catalogue: tuple[int, int] = (12_000, 10_000_000)
    """Archives, and members of all of them."""
    batch: int = 10_000_000


QUICK = Sizes(1, 300, 1_000, 64 * MIB, 2 * MIB, (100, 1_000), 3, 1, 5, 500, 20, (60, 50_000), 100_000)


@dataclass(frozen=True)
class Budget:
    """`met` gets our figure and its ratio to the best peer."""

    text: str
    met: Callable[[float, float], bool]


@dataclass
class Row:
    job: str
    measure: str
    values: dict[str, float]
    budget: Budget | None = None
    more_is_better: bool = False
    against: tuple[str, ...] | None = None  # the peers that count

    @property
    def ours(self) -> float | None:
        return self.values.get(Ours.name)

    @property
    def ratio(self) -> float | None:
        """Ours by the best peer's."""
        peers = [
            value
            for name, value in self.values.items()
            if name != Ours.name and (self.against is None or name in self.against)
        ]
        best = max(peers, default=0.0) if self.more_is_better else min(peers, default=0.0)
        return self.ours / best if self.ours is not None and best else None

    @property
    def met(self) -> bool | None:
        if self.budget is None:
            return None
        return self.ours is not None and self.budget.met(self.ours, math.nan if self.ratio is None else self.ratio)


@dataclass
class Growth:
    """One command on so many files that are in sync."""

    command: str
    files: int
    wall: float
    cpu: float
    peak: float
    requests: int
    dollars: float


@dataclass
class Lab:
    work: Path
    sizes: Sizes
    rows: list[Row] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    commands: dict[tuple[str, str], str] = field(default_factory=dict)

    @contextmanager
    def server(self) -> Iterator[SeaweedFS]:
        """One for each job: what an earlier job left behind slows nobody."""
        with SeaweedFS() as server:
            try:
                yield server
            finally:
                for left in self.work.iterdir():
                    shutil.rmtree(left)

    def tools(self, server: SeaweedFS, *kinds: type[Peer]) -> list[Tool]:
        root = self.work
        return [Ours(server, root / "s3sync"), *(kind(server, root / kind.name.replace(" ", "")) for kind in kinds)]

    def say(self, text: str) -> None:
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def attempt(self, job: str, tool: Tool, act: Callable[[], T]) -> T | None:
        """What a tool cannot do is written down, and the others go on."""
        try:
            return act()
        except (CommandFailed, AssertionError) as error:
            self.failures.append(f"{job}, {tool.name}: {' '.join(str(error).split())[:600]}")
            self.say(f"failed: {self.failures[-1]}")
            return None

    def measure(
        self,
        job: str,
        tools: Sequence[Tool],
        prepare: Callable[[Tool, str], object],
        command: Callable[[Tool], Command],
        check: Callable[[Tool], object] = lambda tool: None,
        rounds: int | None = None,
    ) -> dict[str, Samples]:
        """The tools in turn, another first in each round. One that fails is left out."""
        taken = {tool.name: Samples() for tool in tools}
        able = list(tools)
        for number in range(rounds or self.sizes.rounds):
            for tool in [*tools[number % len(tools) :], *tools[: number % len(tools)]]:
                once = partial(self._once, job, tool, str(number), prepare, command, check, taken[tool.name])
                if tool in able and not self.attempt(job, tool, once):
                    able.remove(tool)
        return {tool.name: taken[tool.name] for tool in able}

    def _once(
        self,
        job: str,
        tool: Tool,
        tag: str,
        prepare: Callable[[Tool, str], object],
        command: Callable[[Tool], Command],
        check: Callable[[Tool], object],
        samples: Samples,
    ) -> bool:
        prepare(tool, tag)
        asked = command(tool)
        self.commands.setdefault((job, tool.name), tool.shown(asked))
        os.sync()
        sample = run(asked)
        self.say(
            f"{job} {int(tag) + 1}, {tool.name}: {sample.wall:.2f} s, {sample.cpu:.2f} CPU-s, {sample.peak:.0f} MB"
        )
        check(tool)
        samples.runs.append(sample)
        return True

    def add(
        self,
        job: str,
        measure: str,
        values: dict[str, float],
        budget: Budget | None = None,
        *,
        more_is_better: bool = False,
        against: tuple[str, ...] | None = None,
    ) -> None:
        self.rows.append(Row(job, measure, values, budget, more_is_better, against))


def make_files(folder: Path, count: int, size: int, seed: int = 0, start: int = 0) -> None:
    """Files of distinct content that were last changed yesterday, a hundred in a folder; the same for each tool."""
    when = time.time() - YESTERDAY_S
    for index in range(start, count):
        path = folder / f"folder {index // 100:04d}" / f"file {index:06d}.bin"
        if index % 100 == 0 or index == start:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(seed * 1_000_000 + index).randbytes(size))
        os.utime(path, (when, when))


def make_large(folder: Path, size: int, name: str = "large.bin", seed: int = 7) -> Path:
    path = folder / name
    chance = random.Random(seed)
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(chance.randbytes(MIB))
    when = time.time() - YESTERDAY_S
    os.utime(path, (when, when))
    return path


def change(path: Path, count: int) -> None:
    """Write other bytes into the middle, as an editor does that saves in place."""
    with path.open("r+b") as file:
        file.seek((path.stat().st_size - count) // 2)
        file.write(random.Random(8).randbytes(count))


def files_in(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] != ".s3sync"
    ]  # fmt: skip


def check_target(tool: Tool, *, litter: bool = False) -> None:
    """The target has just what the source has; `litter`: it may have more."""
    names = {path.relative_to(tool.source) for path in files_in(tool.source)}
    there = {path.relative_to(tool.target) for path in files_in(tool.target)}
    if names - there or (there - names and not litter):
        raise CommandFailed(f"the target has {len(there)} files, the source {len(names)}")
    for name in names:
        if not filecmp.cmp(tool.source / name, tool.target / name, shallow=False):
            raise CommandFailed(f"{name} differs in the target")


def check_stored(client: Any, bucket: str, tool: Tool, count: int) -> None:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=tool.prefix)
    found = sum(page.get("KeyCount", 0) for page in pages)
    if found < count:
        raise CommandFailed(f"the server has {found} objects instead of {count}")


def clear(client: Any, bucket: str, prefix: str) -> None:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            client.delete_object(Bucket=bucket, Key=entry["Key"])
