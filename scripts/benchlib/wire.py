"""The jobs in which bytes count, through the proxy: once each, as a tool sends the same however long it takes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from functools import partial

from benchlib.lab import MIB, Budget, Lab, change, check_target, make_files, make_large
from benchlib.measure import Command, CommandFailed, kill, run
from benchlib.tools import Aws, Peer, Rclone, RcloneTrack, S5cmd, Tool
from tests.kit.proxy import Proxy

BROKEN_AT = 0.9
LATER_S = 1.1  # S3 tells the time of a change in seconds


def delta(lab: Lab) -> None:
    """One file changes in its middle; the other user has the old version."""
    budget = Budget("under 40 MiB", lambda ours, ratio: ours < 40)
    there_and_back(lab, "delta", [Rclone, S5cmd, Aws], _edit_in_place, "MiB", MIB, budget)


def rename(lab: Lab) -> None:
    """One file of eleven gets another name."""
    budget = Budget("under 100 kB", lambda ours, ratio: ours < 100)
    there_and_back(lab, "rename", [Rclone, RcloneTrack, S5cmd, Aws], _give_another_name, "kB", 1000, budget)


def _edit_in_place(lab: Lab, tool: Tool) -> None:
    change(tool.source / "large.bin", lab.sizes.changed)


def _give_another_name(lab: Lab, tool: Tool) -> None:
    (tool.source / "large.bin").rename(tool.source / "renamed.bin")


def there_and_back(
    lab: Lab,
    job: str,
    kinds: list[type[Peer]],
    act: Callable[[Lab, Tool], None],
    unit: str,
    scale: int,
    budget: Budget,
) -> None:
    """Upload, download; act; both again, counted. Both directions of the wire are summed."""
    up: dict[str, float] = {}
    down: dict[str, float] = {}
    with lab.server() as server, Proxy(server.endpoint_url) as proxy:
        for tool in lab.tools(server, *kinds[: lab.sizes.wire_peers]):
            tool.connect(proxy.endpoint_url)
            lab.attempt(job, tool, partial(_exchange, lab, job, tool, proxy, act, scale, up, down))
            for folder in (tool.source, tool.target):
                shutil.rmtree(folder)
    lab.add(job, f"{unit} to send", up, budget)
    lab.add(job, f"{unit} to receive", down, budget)


def _exchange(
    lab: Lab,
    job: str,
    tool: Tool,
    proxy: Proxy,
    act: Callable[[Lab, Tool], None],
    scale: int,
    up: dict[str, float],
    down: dict[str, float],
) -> None:
    make_large(tool.source, lab.sizes.large)
    make_files(tool.source, 10, 4096)
    tool.fresh("0")
    run(tool.up())
    run(tool.down())
    time.sleep(LATER_S)
    act(lab, tool)
    for command, found in ((tool.sync_up(), up), (tool.sync_down(), down)):
        lab.commands.setdefault((f"{job} {'up' if found is up else 'down'}", tool.name), tool.shown(command))
        proxy.reset_counts()
        run(command)
        found[tool.name] = (proxy.sent + proxy.received) / scale
        lab.say(f"{job}, {tool.name}: {proxy.sent + proxy.received} bytes in {proxy.requests} requests")
    check_target(tool)


def resume(lab: Lab) -> None:
    """Killed when 90 % are on the wire, and run again: what both runs together moved beyond the file's size."""
    budget = Budget("under 11 %", lambda ours, ratio: ours < 11)
    for direction in ("up", "down"):
        extra: dict[str, float] = {}
        with lab.server() as server, Proxy(server.endpoint_url) as proxy:
            for tool in lab.tools(server, *[Rclone, S5cmd, Aws][: lab.sizes.wire_peers]):
                tool.connect(proxy.endpoint_url)
                found = lab.attempt(f"resume {direction}", tool, partial(_broken_off, lab, tool, proxy, direction))
                if found is not None:
                    extra[tool.name] = found
                for folder in (tool.source, tool.target):
                    shutil.rmtree(folder)
        lab.add("resume", f"{direction}, % more", extra, budget)


def _broken_off(lab: Lab, tool: Tool, proxy: Proxy, direction: str) -> float:
    size = lab.sizes.large
    make_large(tool.source, size)
    tool.fresh("0")
    if direction == "down":
        run(tool.up())
        tool.empty_target()
    proxy.reset_counts()
    command = tool.up() if direction == "up" else tool.down()
    lab.commands.setdefault((f"resume {direction}", tool.name), tool.shown(command))
    _run_and_kill(command, proxy, lambda: moved(proxy, direction) >= BROKEN_AT * size)
    first = moved(proxy, direction)
    run(command)
    total = moved(proxy, direction)
    lab.say(f"resume {direction}, {tool.name}: {first} bytes, and {total - first} when run again")
    if direction == "up":
        tool.empty_target()
        run(tool.down())
    check_target(tool, litter=True)
    return (total / size - 1) * 100


def moved(proxy: Proxy, direction: str) -> int:
    return proxy.sent if direction == "up" else proxy.received


def _run_and_kill(command: Command, proxy: Proxy, far_enough: Callable[[], bool]) -> None:
    process = command.start()
    try:
        while not _within(proxy, far_enough, 0.5):
            if process.poll() is not None:
                raise CommandFailed(f"{command.argv[0]} ended with code {process.returncode} before it was broken off")
        proxy.pause()
    finally:
        kill(process)
        proxy.cut_all()
        proxy.resume()


def _within(proxy: Proxy, condition: Callable[[], bool], seconds: float) -> bool:
    try:
        proxy.wait_until(condition, seconds)
    except TimeoutError:
        return False
    return True
