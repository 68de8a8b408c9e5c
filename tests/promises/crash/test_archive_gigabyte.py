"""F01: kill -9 again and again while a gigabyte is packed, each time further on; resumed it has the same bytes.

One unit goes to a folder store in parts, is killed before and after steps of sending one, and goes on from its journal.
Each run of the suite does it with 192 MiB and a kill at each kind of step; `S3SYNC_CRASH=all` with 1 GiB, before and
after each step, part after part.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest

from s3sync.archive.catalogue import catalogue_path
from s3sync.archive.content import SMALLEST_PART
from s3sync.archive.stream import TarStream
from tests.kit.people import Person
from tests.promises.crash.steps import Step
from tests.promises.crash.sweep import SIDES
from tests.promises.crash.test_sweep import EVERY
from tests.scenarios.archive.conftest import settings
from tests.unit.archive.packing import sources_of

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="finds the paths of descriptors in /proc"),
    pytest.mark.timeout(7200 if EVERY else 300),
]
MIB = 1024 * 1024
FILES = 16
SIZE = 1024 if EVERY else 192
SET = """
transfers: 1
archives:
  sessions: {{store: {store}, source: raw/*, layout: "raw/{{id}}", pack: {pack}}}
"""


def fill(unit: Path, pack: str) -> None:
    """Files of a gigabyte that take little room, of which no part is like another: holes, with some bytes in each MiB.

    For what is compressed a quarter is noise, so that there are parts of it, too.
    """
    unit.mkdir(parents=True)
    noise = random.Random(7)
    for number in range(FILES):
        with (unit / f"light_{number:02}.fits").open("wb") as file:
            for at in range(SIZE // FILES):
                file.seek(at * MIB)
                file.write(b"%d %d" % (number, at) if pack == "tar" else noise.randbytes(MIB // 4))
            file.truncate(SIZE // FILES * MIB - number)
        os.utime(unit / f"light_{number:02}.fits", (1_700_000_000, 1_700_000_000))
    os.utime(unit, (1_700_000_000, 1_700_000_000))


class World:
    """A person, the unit and the store, all below one folder."""

    def __init__(self, root: Path, pack: str) -> None:
        self.root, self.store = root, root / "vault"
        root.mkdir()
        self.david = Person("david", root / "david")
        settings(self.david, SET.format(store=self.store.as_uri(), pack=pack))
        self.object = self.store / f"raw/m42.{pack}"
        fill(self.david.repo / "raw/m42", pack)

    def run(self, **crash: object) -> tuple[int, str]:
        env = {"CRASH": json.dumps({"root": str(self.root), **crash})} if crash else {}
        done = self.david.run("archive", "run", "--json", env=env, cwd=self.david.repo)
        return done.code, done.out + done.err

    def index(self) -> object:
        found = json.loads(Path(f"{self.object}.index.json").read_bytes())
        return {name: value for name, value in found.items() if name not in ("created_at", "version_id")}

    def parts(self) -> int:
        """Parts of the upload under way that the journal has without a gap."""
        numbers = set[int]()
        for path in (self.david.root / "home").rglob("uploads.db"):
            with closing(sqlite3.connect(path, timeout=30)) as journal, suppress(sqlite3.OperationalError):
                numbers = {row[0] for row in journal.execute("SELECT number FROM part")}
        return next(number for number in range(1, 10_000) if number not in numbers) - 1

    def sweep(self) -> None:
        """Remove what a killed writer of a folder store leaves, which is nothing but this."""
        for path in (self.store / ".s3sync-store/tmp").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packed(unit: Path) -> str:
    """SHA-256 of the tar, made in one go."""
    stream, buffer = TarStream(str(unit), "m42", sources_of(unit)), memoryview(bytearray(8 * MIB))
    found = hashlib.sha256()
    while got := stream.fill(buffer):
        found.update(buffer[:got])
    return found.hexdigest()


ROOM = re.compile(r"[0-9a-f]{16}\.work")
"""Name of the folder with the journal: it is made of the store's address."""
NUMBER = re.compile(r"(?<=/uploads/<hex>/)\d{5}(?=-)")


def kinds_of(steps: list[Step]) -> list[Step]:
    """Steps by which a part is sent and remembered, each once; `nth` is how often one comes in a part, about."""
    ends = [at for at, one in enumerate(steps) if one.call == "commit" and one.where.endswith("uploads.db")]
    within = Counter(
        (one.call, ROOM.sub("ROOM.work", NUMBER.sub("NNNNN", one.where))) for one in steps[ends[1] + 1 : ends[-4] + 1]
    )
    parts = sum(count for (call, _), count in within.items() if call == "commit")
    return [Step(call, where, count // parts) for (call, where), count in within.items() if count >= parts]


def moved_on(kind: Step, world: World, known: int, parts: int) -> Step:
    """A kind of step as a process counts it that resumes behind `known` parts, so many parts further on."""
    room = catalogue_path(world.store.as_uri(), None, {}).stem
    where = kind.where.replace("NNNNN", f"{known + 1 + parts:05}").replace("ROOM", room)
    return Step(kind.call, where, 1 if "NNNNN" in kind.where else 1 + parts * kind.nth)


@pytest.mark.parametrize("pack", ["tar", "tar.zst"] if EVERY else ["tar"])
def test_f01_a_gigabyte_has_the_same_bytes_however_often_packing_it_is_killed(pack: str, tmp_path: Path) -> None:
    calm, world = World(tmp_path / "calm", pack), World(tmp_path / "world", pack)
    code, said = calm.run(log=str(tmp_path / "log"))
    assert code == 0, said
    kinds = kinds_of([Step(**step) for step in json.loads((tmp_path / "log").read_bytes())["steps"]])
    assert {"open", "write", "fsync", "rename", "commit"} <= {one.call for one in kinds}
    most = 3000 if EVERY else len(kinds)
    last = calm.object.stat().st_size // SMALLEST_PART - 1
    kills = known = 0
    for number in range(most):
        kind = kinds[number // 2 % len(kinds)] if EVERY else kinds[number]
        step = moved_on(kind, world, known, 0 if EVERY else 1)
        code, said = world.run(kill=msgspec.to_builtins(step), side=SIDES[number % 2])
        if code == 0 and known >= last:
            break  # the last parts are sent side by side, and are not all waited for
        assert code == -signal.SIGKILL, f"was not killed {SIDES[number % 2]} {step} behind {known} parts: {said}"
        assert not world.object.exists() and not Path(f"{world.object}.index.json").exists()
        assert world.parts() >= known, "what was sent is remembered"
        known, kills = world.parts(), kills + 1
        world.sweep()
    code, said = world.run()
    assert code == 0, said
    if not EVERY:
        sent = json.loads(said)["units"][0]["bytes_sent"]
        assert sent <= (calm.object.stat().st_size - known * SMALLEST_PART), "what had arrived was not sent again"
    assert digest(world.object) == digest(calm.object)
    assert world.index() == calm.index()
    if pack == "tar":
        assert digest(world.object) == packed(world.david.repo / "raw/m42")
    assert not list((world.store / ".s3sync-store/uploads").iterdir())
    print(f"{pack}: killed {kills} times")
