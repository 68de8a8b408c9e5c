"""Archiving beside its peers: one unit packed and sent, restored whole and in part, and many small units."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchlib.archive_tools import ArchivePeer, Archiver, TarPipe, missing, peers_of
from benchlib.lab import MIB, Budget, Lab, check_stored, check_target, clear, make_files, make_large
from benchlib.measure import Command, CommandFailed, Samples, run
from benchlib.tools import Tool
from tests.kit.proxy import Proxy
from tests.kit.servers import Server

LARGE, SMALL = 20 * MIB, 10_000
MEMBER = "folder 0000/file 000000.bin"
FILES_OF_A_UNIT = 5
AT_ONCE = 8
"""Pipes that the peer of many small units has at once."""
PIPE = (TarPipe.name,)


def archive_large(lab: Lab) -> None:
    """Clips of 20 MiB, and one small file among them."""
    _up(lab, "archive-large", lab.sizes.clips)


def archive_small(lab: Lab) -> None:
    """Files of 10 kB."""
    _up(lab, "archive-small", 0)


def archive_large_down(lab: Lab) -> None:
    """All of it restored, and the one small file."""
    _down(lab, "archive-large-down", lab.sizes.clips)


def archive_small_down(lab: Lab) -> None:
    """All of them restored, and one."""
    _down(lab, "archive-small-down", 0)


def archive_units(lab: Lab) -> None:
    """Units of a few files, each an archive of its own."""
    count = lab.sizes.units
    with lab.server() as server:
        archiver, pipe = Archiver(server, lab.work / "s3sync"), TarPipe(server, lab.work / "pipe")
        archiver.source.rmdir()
        for number in range(count):
            make_files(archiver.heavy / f"unit-{number:04d}", FILES_OF_A_UNIT, SMALL, seed=number)
        client = server.client()

        def prepare(tool: Tool, tag: str) -> None:
            if isinstance(tool, TarPipe):
                tool.fresh(tag)

        def command(tool: Tool) -> Command:
            if isinstance(tool, TarPipe):
                return tool.each(archiver.heavy, AT_ONCE)
            return archiver.everything()

        def check(tool: Tool) -> None:
            prefix = tool.prefix if isinstance(tool, TarPipe) else "archives/"
            found = sum(
                entry["Key"].endswith(".tar")
                for page in client.get_paginator("list_objects_v2").paginate(Bucket=server.bucket, Prefix=prefix)
                for entry in page.get("Contents", [])
            )
            if found != count:
                raise CommandFailed(f"the server has {found} archives instead of {count}")
            clear(client, server.bucket, prefix)

        taken = lab.measure("archive-units", [archiver, pipe], prepare, command, check)
    budget = Budget(f"at most {AT_ONCE} pipes at once", lambda ours, ratio: ratio <= 1)
    _add_times(lab, "archive-units", taken, budget)


def _add_times(lab: Lab, job: str, taken: dict[str, Samples], wall: Budget | None, peak: Budget | None = None) -> None:
    lab.add(job, "seconds", {name: one.wall for name, one in taken.items()}, wall, against=PIPE)
    lab.add(job, "CPU seconds", {name: one.cpu for name, one in taken.items()}, against=PIPE)
    lab.add(job, "peak MB", {name: one.peak for name, one in taken.items()}, peak, against=PIPE)


def _tools(lab: Lab, server: Server, clips: int) -> list[Tool]:
    """All of them with the one folder that s3sync sends."""
    for name in missing():
        lab.say(f"{name} is not installed: no figures of it")
    archiver = Archiver(server, lab.work / "s3sync")
    make_files(archiver.source, 1 if clips else lab.sizes.archived, SMALL)
    for number in range(clips):
        make_large(archiver.source, LARGE, f"clip {number:03d}.bin", seed=number)
    peers = [kind(server, lab.work / f"peer{number}") for number, kind in enumerate(peers_of())]
    return [archiver, *peers]


def _fresh(tools: list[Tool]) -> Callable[[Tool, str], None]:
    def fresh(tool: Tool, tag: str) -> None:
        tool.fresh(tag)
        for peer in tools[1:]:
            peer.source = tools[0].source

    return fresh


def _up(lab: Lab, job: str, clips: int) -> None:
    with lab.server() as server:
        tools, client = _tools(lab, server, clips), server.client()

        def check(tool: Tool) -> None:
            check_stored(client, server.bucket, tool, 1)
            clear(client, server.bucket, tool.prefix)

        taken = lab.measure(job, tools, _fresh(tools), lambda tool: tool.up(), check)
    wall = Budget("at most 0.95 of the pipe", lambda ours, ratio: ratio <= 0.95)
    _add_times(lab, job, taken, wall, Budget("under 150", lambda ours, ratio: ours < 150))


def _down(lab: Lab, job: str, clips: int) -> None:
    with lab.server() as server:
        tools = _tools(lab, server, clips)
        for tool in list(tools):
            _fresh(tools)(tool, "down")
        tools = [tool for tool in tools if lab.attempt(job, tool, partial(run, tool.up()))]
        taken = lab.measure(job, tools, lambda tool, tag: tool.empty_target(), lambda tool: tool.down(), check_target)
        _add_times(lab, job, taken, None)
        _one_member(lab, job, server, tools)


def _one_member(lab: Lab, job: str, server: Server, tools: list[Tool]) -> None:
    """The time that one small member takes, and the bytes that come for it, in % of all that the unit has."""
    read: dict[str, float] = {}
    whole = sum(path.stat().st_size for path in tools[0].source.rglob("*") if path.is_file())
    taken = lab.measure(f"{job} member", tools, lambda tool, tag: tool.empty_target(), _member, _check_member)
    lab.add(f"{job} member", "seconds", {name: one.wall for name, one in taken.items()}, against=PIPE)
    with Proxy(server.endpoint_url) as proxy:
        for tool in tools:
            tool.connect(proxy.endpoint_url)
            found = lab.attempt(f"{job} member", tool, partial(_bytes_read, lab, job, tool, proxy))
            if found is not None:
                read[tool.name] = found / whole * 100
    of_clips = Budget("under 1 %", lambda ours, ratio: ours < 1)  # the index alone is 2.5 % of files of 10 kB
    lab.add(f"{job} member", "% of the unit read", read, of_clips if "large" in job else None)


def _member(tool: Tool) -> Command:
    assert isinstance(tool, Archiver | ArchivePeer)
    return tool.member(MEMBER)


def _check_member(tool: Tool) -> None:
    if (tool.target / MEMBER).read_bytes() != (tool.source / MEMBER).read_bytes():
        raise CommandFailed(f"{MEMBER} differs in the target")


def _bytes_read(lab: Lab, job: str, tool: Tool, proxy: Proxy) -> int:
    if isinstance(tool, Archiver):
        run(tool.rebuild())
    tool.empty_target()
    proxy.reset_counts()
    run(_member(tool))
    _check_member(tool)
    lab.say(f"{job} member, {tool.name}: {proxy.received} bytes in {proxy.requests} requests")
    return proxy.received
