"""The jobs that are timed, straight at the server."""

from __future__ import annotations

import operator
from functools import partial

from benchlib.lab import Budget, Growth, Lab, check_stored, check_target, clear, make_files, make_large
from benchlib.measure import Samples, run
from benchlib.tools import Aws, Ours, Rclone, RcloneChecksum, S5cmd, Tool
from tests.kit.proxy import Proxy

SMALL = 4096
STARTUP_FILES = 20

# An assumption: what S3 Standard takes in us-east-1 for a thousand requests; the rest (DELETE, Abort) is free.
DOLLARS_PER_WRITE = 0.005 / 1000
DOLLARS_PER_READ = 0.0004 / 1000


def add_times(lab: Lab, job: str, samples: dict[str, Samples], wall: Budget | None, cpu: Budget | None = None) -> None:
    against = ("rclone", "aws") if job == "large-down" else None
    lab.add(job, "seconds", {name: taken.wall for name, taken in samples.items()}, wall, against=against)
    add_costs(lab, job, samples, cpu)


def add_costs(
    lab: Lab, job: str, samples: dict[str, Samples], cpu: Budget | None = None, peak: Budget | None = None
) -> None:
    lab.add(job, "CPU seconds", {name: taken.cpu for name, taken in samples.items()}, cpu)
    lab.add(job, "peak MB", {name: taken.peak for name, taken in samples.items()}, peak)


def add_rate(lab: Lab, job: str, samples: dict[str, Samples], count: int, budget: Budget) -> None:
    rates = {name: count / taken.wall for name, taken in samples.items()}
    lab.add(job, "files/s", rates, budget, more_is_better=True)
    add_costs(lab, job, samples)


def small_up(lab: Lab) -> None:
    count = lab.sizes.small
    with lab.server() as server:
        tools = lab.tools(server, Rclone, S5cmd, Aws)
        for tool in tools:
            make_files(tool.source, count, SMALL)
        client = server.client()
        samples = lab.measure(
            "small-up",
            tools,
            lambda tool, tag: tool.fresh(tag),
            lambda tool: tool.up(),
            lambda tool: check_stored(client, server.bucket, tool, count),
        )
    add_rate(lab, "small-up", samples, count, Budget("at least 1.5x the best peer", lambda ours, ratio: ratio >= 1.5))


def small_down(lab: Lab) -> None:
    count = lab.sizes.small
    with lab.server() as server:
        samples = _down(lab, "small-down", lab.tools(server, Rclone, S5cmd, Aws), count, SMALL)
    add_rate(lab, "small-down", samples, count, Budget("at least the best peer", lambda ours, ratio: ratio >= 1))


def _down(lab: Lab, job: str, tools: list[Tool], count: int, size: int) -> dict[str, Samples]:
    for tool in list(tools):
        if count == 1:
            make_large(tool.source, size)
        else:
            make_files(tool.source, count, size)
        tool.fresh("down")
        if lab.attempt(job, tool, partial(run, tool.up())) is None:
            tools.remove(tool)
    clear_away = Tool.fresh_target if count > 1 else Tool.empty_target
    return lab.measure(job, tools, lambda tool, tag: clear_away(tool), lambda tool: tool.down(), check_target)


def nothing(lab: Lab) -> None:
    """The peers look at one tree, which rclone uploads; s3sync's state is its own."""
    with lab.server() as server:
        first, *others = RcloneChecksum, Rclone, S5cmd, Aws
        ours, loader = lab.tools(server, first)
        shared = [kind(server, lab.work / kind.name, source=loader.source) for kind in others]
        peers = [loader, *shared]
        for tool in (ours, loader):
            make_files(tool.source, lab.sizes.nothing, 1024)
            tool.fresh("0")
            run(tool.up())
        for peer in shared:
            peer.share(loader.prefix)
        tools = [ours, *peers]
        samples = lab.measure("nothing", tools, lambda tool, tag: None, lambda tool: tool.sync_up())
        requests = {}
        with Proxy(server.endpoint_url) as proxy:
            for tool in tools:
                proxy.reset_counts()
                tool.connect(proxy.endpoint_url)
                if lab.attempt("nothing", tool, partial(run, tool.sync_up())):
                    requests[tool.name] = float(proxy.requests)
    budget = Budget("under the best peer", lambda ours, ratio: ratio < 1)
    lab.add("nothing", "seconds", {name: taken.wall for name, taken in samples.items()}, budget)
    add_costs(lab, "nothing", samples, peak=Budget("under 150", lambda ours, ratio: ours < 150))
    lab.add("nothing", "requests", requests)


def large_up(lab: Lab) -> None:
    with lab.server() as server:
        tools = lab.tools(server, Rclone, S5cmd, Aws)
        for tool in tools:
            make_large(tool.source, lab.sizes.large)
        client = server.client()

        def check(tool: Tool) -> None:
            check_stored(client, server.bucket, tool, 1)
            clear(client, server.bucket, tool.prefix)

        samples = lab.measure("large-up", tools, lambda tool, tag: tool.fresh(tag), lambda tool: tool.up(), check)
    add_times(
        lab,
        "large-up",
        samples,
        Budget("within 5 % of the best peer", lambda ours, ratio: ratio <= 1.05),
        Budget("under 3.6", lambda ours, ratio: ours < 3.6),
    )


def large_down(lab: Lab) -> None:
    with lab.server() as server:
        samples = _down(lab, "large-down", lab.tools(server, Rclone, S5cmd, Aws), 1, lab.sizes.large)
    add_times(lab, "large-down", samples, Budget("under rclone and aws", lambda ours, ratio: ratio < 1))


def startup(lab: Lab) -> None:
    with lab.server() as server:
        tools = lab.tools(server, RcloneChecksum, S5cmd, Aws)
        for tool in tools:
            make_files(tool.source, STARTUP_FILES, SMALL)
            tool.fresh("0")
        tools = [tool for tool in tools if lab.attempt("startup", tool, partial(run, tool.up()))]
        for words, most, command in (("--version", 100, Ours.version), ("status", 250, Ours.look)):
            ask = operator.methodcaller(command.__name__)
            samples = lab.measure(
                f"startup {words}", tools, lambda tool, tag: None, ask, rounds=lab.sizes.startup_rounds
            )
            budget = Budget(f"at most {most}", partial(_at_most, most))
            lab.add("startup", f"{words}, ms", {name: taken.wall * 1000 for name, taken in samples.items()}, budget)
        requests = {}
        with Proxy(server.endpoint_url) as proxy:
            for tool in tools:
                proxy.reset_counts()
                tool.connect(proxy.endpoint_url)
                if lab.attempt("startup", tool, partial(run, tool.look())):
                    requests[tool.name] = float(proxy.requests)
    lab.add("startup", "status, requests", requests, Budget("at most 3", lambda ours, ratio: ours <= 3))


def _at_most(most: float, ours: float, ratio: float) -> bool:
    return ours <= most


def growth(lab: Lab) -> None:
    """s3sync alone: what the number of files does to a run that finds nothing to do."""
    with lab.server() as server, Proxy(server.endpoint_url) as proxy:
        (tool,) = lab.tools(server)
        tool.fresh("0")
        before = 0
        for count in lab.sizes.growth:
            make_files(tool.source, count, 1024, start=before)
            before = count
            lab.say(f"growth: uploading up to {count} files")
            run(tool.up())
            for name, command in (("sync", Ours.sync_up), ("status", Ours.look)):
                ask = operator.methodcaller(command.__name__)
                taken = lab.measure(f"growth {count} {name}", [tool], lambda tool, tag: None, ask)[tool.name]
                tool.connect(proxy.endpoint_url)
                proxy.reset_counts()
                run(ask(tool))
                tool.connect(server.endpoint_url)
                costs = (proxy.requests, dollars(proxy))
                lab.growth.append(Growth(name, count, taken.wall, taken.cpu, taken.peak, *costs))


def dollars(proxy: Proxy) -> float:
    """What the counted requests would have cost."""
    total = 0.0
    for operation, count in proxy.counts.items():
        if operation.startswith(("Delete", "Abort")):
            continue
        reading = operation.startswith(("Get", "Head"))
        total += count.requests * (DOLLARS_PER_READ if reading else DOLLARS_PER_WRITE)
    return total
