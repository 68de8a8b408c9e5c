"""The jobs on lines: what people wait for who are far from their bucket.

Everything is prepared over the line while it is plain, and measured when it is what it is to be. On `loopback` there is
no line between.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from benchlib.lab import MIB, Lab, check_stored, check_target, make_files, make_large
from benchlib.measure import Command, Samples, run
from benchlib.tools import Aws, Ours, Peer, Rclone, RcloneBest, S5cmd, S5cmdBest, Tool
from tests.kit.line import LINES, Line, Quality
from tests.kit.servers import SeaweedFS

AS_THEY_COME = (Rclone, S5cmd, Aws)
ALL = (Rclone, RcloneBest, S5cmd, S5cmdBest, Aws)
BY_LISTING = (RcloneBest, S5cmd, S5cmdBest, Aws)
"""Without rclone as it comes, which asks for each object."""

SMALL = 4096
LATER_S = 1.1  # S3 tells the time of a change in seconds


@dataclass(frozen=True)
class LineSizes:
    rounds: int = 3
    small: int = 1_000
    nothing: int = 20_000
    middle: int = 64 * MIB
    few: int = 20


QUICK_LINE = LineSizes(1, 100, 1_000, 4 * MIB)


@dataclass(frozen=True)
class LineRow:
    """`speed` and `best_speed`: how many times as fast as the best peer s3sync must be, as they come and at their best.

    `within` is the round trip by which it may be slower than the best of all.
    """

    job: str
    samples: dict[str, Samples]
    speed: float | None = None
    best_speed: float | None = None
    within: float | None = None


class Bench:
    """One line, a server behind it, and what was measured on it."""

    def __init__(self, lab: Lab, name: str, sizes: LineSizes) -> None:
        self.lab, self.name, self.sizes = lab, name, sizes
        self.quality = LINES[name]
        self.rows: list[LineRow] = []
        self._server: SeaweedFS | None = None
        self._line: Line | None = None

    @contextmanager
    def tools(self, *kinds: type[Peer]) -> Iterator[list[Tool]]:
        """They reach a server of their own over the line, which is plain for now."""
        with self.lab.server() as server, Line(server.endpoint_url) as line:
            self._server, self._line = server, line
            found = self.lab.tools(server, *kinds)
            if self.name != "loopback":
                for tool in found:
                    tool.connect(line.endpoint_url)
            yield found

    def beside(self, kind: type[Peer], loader: Tool) -> Peer:
        """A peer that looks at the same folder and the same objects as another one."""
        assert self._server is not None and self._line is not None
        peer = kind(self._server, self.lab.work / kind.name.replace(" ", ""), source=loader.source)
        peer.share(loader.prefix)
        if self.name != "loopback":
            peer.connect(self._line.endpoint_url)
        return peer

    def measure(
        self,
        job: str,
        tools: Sequence[Tool],
        prepare: Callable[[Tool, str], object],
        command: Callable[[Tool], Command],
        check: Callable[[Tool], object] = lambda tool: None,
    ) -> dict[str, Samples]:
        line = self._line
        assert line is not None

        def plain_first(tool: Tool, tag: str) -> None:
            line.become(Quality())
            prepare(tool, tag)
            line.become(self.quality)

        def plain_again(tool: Tool) -> None:
            line.become(Quality())
            check(tool)

        return self.lab.measure(f"{self.name}, {job}", tools, plain_first, command, plain_again, self.sizes.rounds)

    def check_stored(self, tool: Tool, count: int) -> None:
        assert self._server is not None
        check_stored(self._server.client(), self._server.bucket, tool, count)

    def try_all(self, job: str, tools: list[Tool], act: Callable[[Tool], object]) -> None:
        """Prepare each tool; one that fails is left out."""
        for tool in list(tools):
            if self.lab.attempt(f"{self.name}, {job}", tool, partial(_done, act, tool)) is None:
                tools.remove(tool)


def _done(act: Callable[[Tool], object], tool: Tool) -> bool:
    act(tool)
    return True


def small_up(bench: Bench) -> None:
    count = bench.sizes.small
    with bench.tools(*ALL) as tools:
        for tool in tools:
            make_files(tool.source, count, SMALL)
        samples = bench.measure(
            "small-up",
            tools,
            lambda tool, tag: tool.fresh(tag),
            lambda tool: tool.up(),
            lambda tool: bench.check_stored(tool, count),
        )
    bench.rows.append(LineRow(f"{count:,} x 4 KiB up", samples, *_small_budget(bench)))


def small_down(bench: Bench) -> None:
    count = bench.sizes.small
    with bench.tools(*ALL) as tools:
        for tool in tools:
            make_files(tool.source, count, SMALL)
            tool.fresh("down")
        bench.try_all("small-down", tools, lambda tool: run(tool.up()))
        samples = bench.measure(
            "small-down", tools, lambda tool, tag: tool.fresh_target(), lambda tool: tool.down(), check_target
        )
    bench.rows.append(LineRow(f"{count:,} x 4 KiB down", samples, *_small_budget(bench)))


def _small_budget(bench: Bench) -> tuple[float, float | None]:
    as_they_come = {"loopback": 0.9, "far": 1.2}.get(bench.name, 1.3)
    return as_they_come, None if bench.name == "loopback" else 1.0


def one_changed(bench: Bench) -> None:
    """One of many files changes; then the other fetches it."""
    count = bench.sizes.small
    with bench.tools(*BY_LISTING) as tools:
        for tool in tools:
            make_files(tool.source, count, SMALL)
            tool.fresh("one")
        bench.try_all("one changed", tools, lambda tool: (run(tool.up()), run(tool.down())))
        up = bench.measure("one changed, up", tools, _change_one, lambda tool: tool.update_up())
        bench.try_all("one changed", tools, lambda tool: run(tool.update_down()))
        down = bench.measure(
            "one changed, down",
            tools,
            lambda tool, tag: (_change_one(tool, f"{tag} down"), run(tool.update_up())),
            lambda tool: tool.update_down(),
            check_target,
        )
    bench.rows.append(LineRow(f"one changed of {count:,}, up", up, within=bench.quality.round_trip))
    bench.rows.append(LineRow(f"one changed of {count:,}, down", down, within=bench.quality.round_trip))


def _change_one(tool: Tool, tag: str) -> None:
    path = tool.source / "folder 0000" / "file 000007.bin"
    time.sleep(LATER_S)
    path.write_bytes(f"changed {tag}".encode().ljust(SMALL, b"."))


def nothing(bench: Bench) -> None:
    """The peers look at one tree, which one of them uploads; s3sync's state is its own."""
    count = bench.sizes.nothing
    with bench.tools(RcloneBest) as tools:
        _, loader = tools
        for tool in tools:
            make_files(tool.source, count, 1024)
            tool.fresh("0")
            run(tool.up())
        tools += [bench.beside(kind, loader) for kind in (S5cmd, S5cmdBest, Aws)]
        samples = bench.measure("nothing", tools, lambda tool, tag: None, lambda tool: tool.sync_up())
    bench.rows.append(LineRow(f"nothing to do in {count:,}", samples, speed=1.5 if bench.name == "loopback" else 1.2))


def middle(bench: Bench) -> None:
    size = bench.sizes.middle
    with bench.tools(*AS_THEY_COME) as tools:
        for tool in tools:
            make_large(tool.source, size)
        up = bench.measure(
            "large-up",
            tools,
            lambda tool, tag: tool.fresh(tag),
            lambda tool: tool.up(),
            lambda tool: bench.check_stored(tool, 1),
        )
        down = bench.measure(
            "large-down", tools, lambda tool, tag: tool.empty_target(), lambda tool: tool.down(), check_target
        )
    budget = None if bench.name == "loopback" else 0.97
    bench.rows.append(LineRow(f"{size // MIB} MiB up", up, budget))
    bench.rows.append(LineRow(f"{size // MIB} MiB down", down, budget))


def status(bench: Bench) -> None:
    with bench.tools(*BY_LISTING) as tools:
        for tool in tools:
            make_files(tool.source, bench.sizes.few, SMALL)
            tool.fresh("0")
        bench.try_all("status", tools, lambda tool: run(tool.up()))
        samples = bench.measure("status", tools, lambda tool, tag: None, lambda tool: tool.look())
    bench.rows.append(LineRow(f"`status` of {bench.sizes.few} files", samples, within=bench.quality.round_trip))


def first_contact(bench: Bench) -> None:
    """A few files, sent by somebody who has never seen the store."""

    def strange(tool: Tool, tag: str) -> None:
        if isinstance(tool, Ours):
            tool.stranger(tag)
        else:
            tool.fresh(tag)

    few = bench.sizes.few
    with bench.tools(*ALL) as tools:
        for tool in tools:
            make_files(tool.source, few, SMALL)
        samples = bench.measure(
            "first contact", tools, strange, lambda tool: tool.up(), lambda tool: bench.check_stored(tool, few)
        )
    bench.rows.append(LineRow(f"first `up` of {few} files", samples))


LINE_JOBS: dict[str, Callable[[Bench], None]] = {
    "small-up": small_up,
    "small-down": small_down,
    "one-changed": one_changed,
    "nothing": nothing,
    "large": middle,
    "status": status,
    "first-contact": first_contact,
}


def cost_of_the_line(lab: Lab, count: int = 1_000) -> str:
    """What a line that is neither long nor thin does to small files on this machine."""
    with lab.server() as server, Line(server.endpoint_url) as line:
        (tool,) = lab.tools(server)
        make_files(tool.source, count, SMALL)
        found: dict[str, list[float]] = {}
        for number in range(3):
            for name, endpoint in (("without", server.endpoint_url), ("with", line.endpoint_url)):
                tool.connect(endpoint)
                tool.fresh(f"{name}-{number}")
                os.sync()
                found.setdefault(name, []).append(run(tool.up()).wall)
        counts, cpu = line.counts(), line.cpu
    return (
        f"the line itself: {count:,} x 4 KiB up take {sorted(found['without'])[1]:.2f} s on loopback, and"
        f" {sorted(found['with'])[1]:.2f} s over a line that is neither long nor thin, which takes"
        f" {cpu * 1000 / counts.requests:.2f} ms of processor time for each request"
    )
