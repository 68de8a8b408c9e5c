"""Archiving beside `tar | s5cmd pipe`: a unit packed uncompressed and sent, restored whole, and one member of it."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path

from benchlib.lab import MIB, Budget, Lab, check_stored, check_target, clear, make_files, make_large
from benchlib.measure import Command, CommandFailed, run
from benchlib.timed import add_times
from benchlib.tools import Ours, S5cmd, Tool, program
from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.kit.servers import Server

LARGE, SMALL = 20 * MIB, 10_000
UNIT = "unit"
MEMBER = "folder 0000/file 000000.bin"
SETTINGS = """
archives:
  bench:
    store: {store}
    source: heavy/*
    layout: "archives/{{id}}"
    pack: tar
"""


class Archiver(Ours):
    """David archives a folder of his repository, and restores it elsewhere. Each `fresh` gives the unit a new name."""

    def __init__(self, server: Server, root: Path) -> None:
        super().__init__(server, root)
        self._david: Person = self._people[0]
        with (self._david.repo / ".s3sync.yaml").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS.format(store=self._store))
        self._unit = f"{UNIT}-start"
        for folder in (self.source, self.target):
            folder.mkdir(parents=True)

    @property
    def source(self) -> Path:  # type: ignore[override]
        return self._david.repo / "heavy" / self._unit

    @property
    def target(self) -> Path:  # type: ignore[override]
        return self._david.root / "restored" / self._unit

    @property
    def prefix(self) -> str:
        return f"archives/{self._unit}"

    def fresh(self, tag: str) -> None:
        before, self._unit = self.source, f"{UNIT}-{tag}"
        before.rename(self.source)

    def _archive(self, *words: str) -> Command:
        return Command([program("s3sync"), *words], self._david.env(), self._david.repo)

    def up(self) -> Command:
        return self._archive("archive", "run", self._unit)

    def down(self) -> Command:
        return self._archive("restore", self._unit, "--to", str(self.target.parent), "--yes")

    def look(self) -> Command:
        """Learn what the store has: at another address it is another store."""
        return self._archive("archive", "catalogue", "rebuild")

    def member(self) -> Command:
        return self._archive("restore", self._unit, "--to", str(self.target.parent), "--member", MEMBER, "--yes")


class TarPipe(S5cmd):
    """GNU tar, and s5cmd at its other end. To get at one member it reads all."""

    name = "tar | s5cmd"

    def fresh(self, tag: str) -> None:
        self._tag = f"tar-{tag}"

    def _shell(self, text: str) -> Command:
        return Command(["bash", "-o", "pipefail", "-c", text], self._environ, self._root)

    def _pipe(self, verb: str) -> str:
        return f"{shlex.quote(program('s5cmd'))} {verb} {self._remote}{UNIT}.tar"

    def up(self) -> Command:
        return self._shell(f"tar -cf - -C {shlex.quote(str(self.source))} . | {self._pipe('pipe')}")

    def down(self) -> Command:
        return self._shell(f"{self._pipe('cat')} | tar -xf - -C {shlex.quote(str(self.target))}")

    def member(self) -> Command:
        return self._shell(
            f"{self._pipe('cat')} | tar -xf - -C {shlex.quote(str(self.target))} {shlex.quote(f'./{MEMBER}')}"
        )


def archive_large(lab: Lab) -> None:
    """Clips of 20 MiB, and one small file among them, of which the member is."""
    _archive(lab, "archive-large", lab.sizes.clips)


def archive_small(lab: Lab) -> None:
    """Files of 10 kB."""
    _archive(lab, "archive-small", 0)


def _archive(lab: Lab, job: str, clips: int) -> None:
    with lab.server() as server:
        tools: list[Tool] = [Archiver(server, lab.work / "s3sync"), TarPipe(server, lab.work / "tar")]
        for tool in tools:
            make_files(tool.source, 1 if clips else lab.sizes.archived, SMALL)
            for number in range(clips):
                make_large(tool.source, LARGE, f"clip {number:03d}.bin")
        client = server.client()

        def check(tool: Tool) -> None:
            check_stored(client, server.bucket, tool, 1)
            clear(client, server.bucket, tool.prefix)

        up = lab.measure(f"{job} up", tools, lambda tool, tag: tool.fresh(tag), lambda tool: tool.up(), check)
        add_times(lab, f"{job} up", up, Budget("at most 0.95 of the pipe", lambda ours, ratio: ratio <= 0.95))
        for tool in tools:
            tool.fresh("down")
        tools = [tool for tool in tools if lab.attempt(job, tool, partial(run, tool.up()))]
        down = lab.measure(
            f"{job} down", tools, lambda tool, tag: tool.empty_target(), lambda tool: tool.down(), check_target
        )
        add_times(lab, f"{job} down", down, None)
        if clips:
            _one_member(lab, job, server, tools)


def _one_member(lab: Lab, job: str, server: Server, tools: list[Tool]) -> None:
    """Bytes that come for one small member, with the index, in % of all that the unit has."""
    read: dict[str, float] = {}
    with Proxy(server.endpoint_url) as proxy:
        for tool in tools:
            tool.connect(proxy.endpoint_url)
            whole = sum(path.stat().st_size for path in tool.source.rglob("*") if path.is_file())
            found = lab.attempt(f"{job} member", tool, partial(_bytes_read, lab, job, tool, proxy))
            if found is not None:
                read[tool.name] = found / whole * 100
    lab.add(f"{job} member", "% of the unit read", read, Budget("under 1 %", lambda ours, ratio: ours < 1))


def _bytes_read(lab: Lab, job: str, tool: Tool, proxy: Proxy) -> int:
    assert isinstance(tool, Archiver | TarPipe)
    command = tool.member()
    lab.commands.setdefault((f"{job} member", tool.name), tool.shown(command))
    if isinstance(tool, Archiver):
        run(tool.look())
    tool.empty_target()
    proxy.reset_counts()
    run(command)
    if (tool.target / MEMBER).read_bytes() != (tool.source / MEMBER).read_bytes():
        raise CommandFailed(f"{MEMBER} differs in the target")
    lab.say(f"{job} member, {tool.name}: {proxy.received} bytes in {proxy.requests} requests")
    return proxy.received
