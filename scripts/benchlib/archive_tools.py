"""s3sync and its peers in archiving: how each is asked to pack one folder, and to give it back."""

from __future__ import annotations

import shlex
import shutil
from abc import abstractmethod
from pathlib import Path

from benchlib.measure import Command, run
from benchlib.tools import Ours, Peer, program
from tests.kit.people import Person
from tests.kit.servers import Server

UNIT = "unit"
LOOP = "boto3 loop"
"""Name of the loop over rows that `media_rows` compares with."""
SETTINGS = """
archives:
  bench:
    store: {store}
    source: heavy/*
    layout: "archives/{{id}}"
    pack: {pack}
"""


class Archiver(Ours):
    """David archives a folder of his repository, and restores it elsewhere. Each `fresh` gives the unit a new name."""

    pack = "tar"

    def __init__(self, server: Server, root: Path) -> None:
        super().__init__(server, root)
        self._david: Person = self._people[0]
        with (self._david.repo / ".s3sync.yaml").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS.format(store=self._store, pack=self.pack))
        self._unit = f"{UNIT}-start"
        for folder in (self.source, self.target):
            folder.mkdir(parents=True)

    @property
    def heavy(self) -> Path:
        """Folder of all units."""
        return self._david.repo / "heavy"

    @property
    def source(self) -> Path:  # type: ignore[override]
        return self.heavy / self._unit

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

    def everything(self) -> Command:
        return self._archive("archive", "run")

    def down(self) -> Command:
        return self._archive("restore", self._unit, "--to", str(self.target.parent), "--yes")

    def rebuild(self) -> Command:
        """Learn what the store has: at another address it is another store."""
        return self._archive("archive", "catalogue", "rebuild")

    def member(self, path: str) -> Command:
        return self._archive("restore", self._unit, "--to", str(self.target.parent), "--member", path, "--yes")


class ArchivePeer(Peer):
    """One that sends the very folder that s3sync does (`source` is told before each run)."""

    def fresh(self, tag: str) -> None:
        self._tag = f"{self.name.replace(' | ', '-').replace(' ', '')}-{tag}"

    def _shell(self, text: str) -> Command:
        return Command(["bash", "-o", "pipefail", "-c", text], self._environ, self._root)

    @abstractmethod
    def member(self, path: str) -> Command:
        """Bring one file back."""

    def sync_up(self) -> Command:
        return self.up()

    def sync_down(self) -> Command:
        return self.down()

    def look(self) -> Command:
        return self.version()


class TarPipe(ArchivePeer):
    """GNU tar, and s5cmd at its other end. To get at one member it reads all."""

    name = "tar | s5cmd"
    ending, packed, unpacked = "tar", "", ""
    """What stands between tar and the store, in either direction."""

    def _out(self, key: str) -> str:
        return f"{shlex.quote(program('s5cmd'))} pipe {key}"

    def _in(self, key: str) -> str:
        return f"{shlex.quote(program('s5cmd'))} cat {key}"

    @property
    def _key(self) -> str:
        return f"{self._remote}{UNIT}.{self.ending}"

    def up(self) -> Command:
        return self._shell(f"tar -cf - -C {shlex.quote(str(self.source))} . {self.packed} | {self._out(self._key)}")

    def down(self) -> Command:
        return self._shell(f"{self._in(self._key)} {self.unpacked} | tar -xf - -C {shlex.quote(str(self.target))}")

    def member(self, path: str) -> Command:
        target = shlex.quote(str(self.target))
        return self._shell(f"{self._in(self._key)} {self.unpacked} | tar -xf - -C {target} {shlex.quote(f'./{path}')}")

    def version(self) -> Command:
        return self._shell("tar --version | head -n 1")

    def each(self, above: Path, at_once: int) -> Command:
        """Send each folder in one as an archive of its own, some of them at once."""
        one = f"tar -cf - {{}} | {self._out(f'{self._remote}{{}}.tar')}"
        return self._shell(
            f"cd {shlex.quote(str(above))} && ls | xargs -P {at_once} -I {{}} bash -c {shlex.quote(one)}"
        )


class ZstdPipe(TarPipe):
    """Compressed by zstd with all cores, and sent by the AWS command line."""

    name = "tar | zstd | aws"
    ending, packed, unpacked = "tar.zst", "| zstd -q -T0", "| zstd -dcq"

    def _out(self, key: str) -> str:
        return f"{shlex.quote(program('aws'))} s3 cp --only-show-errors --expected-size 20000000000 - {key}"

    def _in(self, key: str) -> str:
        return f"{shlex.quote(program('aws'))} s3 cp --only-show-errors {key} -"

    def version(self) -> Command:
        return self._shell("zstd --version")


class Restic(ArchivePeer):
    """Deduplicates, compresses and encrypts, and has an index: it reads of a member what it needs."""

    name = "restic"

    def __init__(self, server: Server, root: Path, source: Path | None = None) -> None:
        super().__init__(server, root, source)
        self._environ |= {"RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": str(root / "cache")}
        self.connect(server.endpoint_url)

    @staticmethod
    def is_installed() -> bool:
        return shutil.which("restic") is not None

    def connect(self, endpoint: str) -> None:
        super().connect(endpoint)
        self._endpoint = endpoint

    def _restic(self, *words: str) -> Command:
        environ = {**self._environ, "RESTIC_REPOSITORY": f"s3:{self._endpoint}/{self._bucket}/{self._tag}"}
        return Command([shutil.which("restic") or "restic", *words], environ, self._root)

    def fresh(self, tag: str) -> None:
        super().fresh(tag)
        run(self._restic("init"))

    @property
    def target(self) -> Path:  # type: ignore[override]
        """It restores below the whole path that a file had."""
        return self._root / "target" / self.source.relative_to("/")

    @target.setter
    def target(self, path: Path) -> None: ...

    def empty_target(self) -> None:
        shutil.rmtree(self._root / "target", ignore_errors=True)

    def up(self) -> Command:
        return self._restic("backup", "--quiet", str(self.source))

    def down(self) -> Command:
        return self._restic("restore", "latest", "--target", str(self._root / "target"))

    def member(self, path: str) -> Command:
        target = str(self._root / "target")
        return self._restic("restore", "latest", "--target", target, "--include", str(self.source / path))

    def version(self) -> Command:
        return Command([shutil.which("restic") or "restic", "version"], self._environ, self._root)


def peers_of() -> list[type[ArchivePeer]]:
    """The peers that are installed: zstd and restic are no packages of Python."""
    found: list[type[ArchivePeer]] = [TarPipe]
    if shutil.which("zstd"):
        found.append(ZstdPipe)
    if Restic.is_installed():
        found.append(Restic)
    return found


def missing() -> list[str]:
    """Peers that this machine does not have."""
    return [name for name in ("zstd", "restic") if not shutil.which(name)]
