"""F01: kill -9 at each step of `archive run --delete-local`, `archive auto` and `restore`, on a folder store.

After the kill every file is here or in an archive, as other readers than ours see it; the command run again ends as an
undisturbed run does. Each run of the suite kills once at each kind of step, `S3SYNC_CRASH=all` before and after every
one.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import stat
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.kit.people import Person, Result
from tests.promises.crash.steps import Step, named
from tests.promises.crash.sweep import SIDES
from tests.promises.crash.test_sweep import EVERY
from tests.promises.crash.world import content
from tests.scenarios.archive.conftest import put, settings

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="finds the paths of descriptors in /proc"),
]
SET = """
transfers: 1
archives:
  sessions:
    store: {store}
    source: raw/*
    layout: "raw/{{id}}"
    pack: {pack}
    light: ["*.txt"]
    sidecars: ["*.md"]
"""
HEAVY = {"light_1.fits": content("light", 70_000), "cal/dark.fits": content("dark", 3000), "notes.md": b"# M42\n"}
LIGHT = {"log.txt": b"clear sky\n"}
RUN = ("archive", "run", "m42", "--delete-local")
FORCE = ("archive", "run", "m42", "--force")
RESTORE = ("restore", "m42")
AUTO = ("archive", "auto", "--agree")
LEAVES_BEHIND = re.compile(r"\.s3sync-store/(tmp|locks|records)/|\.s3sync-store/uploads/.*upload\.json$")
"""What a killed writer of a folder store may leave, as in the sweep of syncing."""
AREAS = {
    "mark": r"<mark>",
    "memory of automation": r"/s3sync/auto/",
    "journal": r"journal",
    "catalogue": r"\.db\b",
    "store's temporary file": r"\.s3sync-store/tmp/",
    "record": r"\.s3sync-store/records/",
    "store's lock": r"\.s3sync-store/locks/",
    "multipart upload": r"\.s3sync-store/uploads/",
    "index": r"^vault/.*(index\.json|\.jsonl)$",
    "object": r"^vault/.",
    "file under way": r"/raw/.*\.s3sync-",
    "file": r"/raw/.*\.[a-z]+$",
    "link": r"/raw/.*/to$",
}

MARK = re.compile(r"/?\.s3sync-apart-[^/]*$")
"""What a killed run leaves of its look whether two folders are one: empty, passed over, and swept after a day."""

NEAR = {("unlink", "file"), ("link", "file under way -> file"), ("rename", "store's temporary file -> index")}
"""What is so near to the promise that it is killed at for each file, in each command."""


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def unpacked(archive: Path) -> set[str]:
    with tarfile.open(archive) as opened:
        bodies = [opened.extractfile(one) for one in opened if one.isfile()]
        return {sha(body.read()) for body in bodies if body}


class Vault:
    """A person with one unit, and the folder store that it goes to, all below one folder."""

    def __init__(self, folder: Path, pack: str) -> None:
        self.root, self._kept, self._log, self.pack = folder / "world", folder / "start", folder / "log", pack
        self.root.mkdir()
        self.david = Person("david", self.root / "david")
        self.store, self.unit = self.root / "vault", self.david.repo / "raw/m42"
        split = "    max_size: 50K\n" if pack == "split" else ""
        settings(self.david, SET.format(store=self.store.as_uri(), pack=pack.replace("split", "tar")) + split)
        for name, data in (HEAVY | LIGHT).items():
            put(self.david.repo, f"raw/m42/{name}", data).chmod(0o640)
        (self.unit / "cal/to").symlink_to("../log.txt")
        self.whole = self.tree()

    def run(self, words: tuple[str, ...], **crash: object) -> Result:
        env = {"CRASH": json.dumps({"root": str(self.root), **crash})} if crash else {}
        return self.david.run(*words, env=env, cwd=self.david.repo)

    def steps(self, words: tuple[str, ...]) -> list[Step]:
        """Keep how it is, and take the steps of an undisturbed run."""
        shutil.copytree(self.root, self._kept, symlinks=True)
        result = self.run(words, log=str(self._log))
        assert result.code == 0, result
        logged = json.loads(self._log.read_bytes())
        assert not logged["unseen"], f"the wrappers do not see {logged['unseen']}"
        return [Step(**step) for step in logged["steps"]]

    def kill(self, words: tuple[str, ...], step: Step, side: str) -> Result:
        shutil.rmtree(self.root)
        shutil.copytree(self._kept, self.root, symlinks=True)
        killed = self.run(words, kill=msgspec.to_builtins(step), side=side)
        assert killed.code == -signal.SIGKILL, f"was not killed {side} {step}: {killed}"
        return killed

    def tree(self) -> dict[str, tuple[object, ...]]:
        """Everything of the unit: content, mode and time of files, targets of links."""
        found: dict[str, tuple[object, ...]] = {}
        for path in self.unit.rglob("*"):
            status, name = path.lstat(), path.relative_to(self.unit).as_posix()
            if MARK.search(name):
                continue
            if stat.S_ISLNK(status.st_mode):
                found[name] = ("link", str(path.readlink()))
            elif not stat.S_ISDIR(status.st_mode):
                found[name] = (sha(path.read_bytes()), status.st_mode, status.st_mtime_ns)
        return found

    def objects(self) -> dict[str, str]:
        """Every key of the store with its content; of an index, which says when it was written, just the members."""
        found = {}
        for path in self.store.rglob("*"):
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and not LEAVES_BEHIND.search(name) and not MARK.search(name):
                index = name.endswith(".index.json")
                body = repr(json.loads(path.read_bytes())["members"]).encode() if index else path.read_bytes()
                found[named(name)] = "" if name.endswith(("store.json", ".jsonl")) else sha(body)
        return found

    def archived(self) -> set[str]:
        """SHA-256 of all that an archive of the store holds, by other readers than ours, if its index says so too."""
        if self.pack == "none":
            rows = self.store / ".s3sync/archive/sessions.jsonl"
            known = set(re.findall(r"[0-9a-f]{64}", rows.read_text())) if rows.exists() else set()
            return known & {sha(path.read_bytes()) for path in (self.store / "raw").rglob("*") if path.is_file()}
        index = self.store / "raw/m42.tar.index.json"
        archives = list((self.store / "raw").glob("m42.*tar"))
        if not (archives and index.exists()):
            return set()
        known = set(re.findall(r"[0-9a-f]{64}", index.read_text()))
        return known & {digest for archive in archives for digest in unpacked(archive)}

    def lost(self) -> set[str]:
        here = {one[0] for one in self.tree().values()}
        return {name for name, data in (HEAVY | LIGHT).items() if not {sha(data)} & (here | self.archived())}


def kind(step: Step) -> tuple[str, str]:
    """What steps are alike: the call, and what it is done to."""
    found = [
        next((name for name, area in AREAS.items() if re.search(area, p)), "folder") for p in step.where.split(" -> ")
    ]
    return step.call, " -> ".join(found)


class Chosen:
    """A step of each kind, and each removal of a file: before and after in turn. Or both sides of all steps."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()

    def of(self, command: str, steps: list[Step]) -> Iterator[tuple[Step, str]]:
        for step in steps:
            like = (*kind(step), command, step.where) if kind(step) in NEAR else kind(step)
            if EVERY:
                yield from ((step, side) for side in SIDES)
            elif like not in self._seen:
                self._seen.add(like)
                yield step, SIDES[len(self._seen) % 2]


@pytest.fixture(scope="module")
def chosen() -> Chosen:
    return Chosen()


@pytest.mark.parametrize("pack", ["tar", "none", "split"])
@pytest.mark.timeout(3600 if EVERY else 300)
def test_f01_archived_and_removed_killed_at_each_step(pack: str, chosen: Chosen, tmp_path: Path) -> None:
    vault = Vault(tmp_path, pack)
    steps = vault.steps(RUN)
    assert {("unlink", "file"), ("rename", "store's temporary file -> object")} <= {kind(step) for step in steps}
    left, objects = vault.tree(), vault.objects()
    assert left.keys() == LIGHT.keys()
    for step, side in chosen.of(f"run {pack}", steps):
        vault.kill(RUN, step, side)
        assert not vault.lost(), f"killed {side} {step}"
        again = vault.run(RUN)
        assert (again.code, vault.lost()) == (0, set()), f"killed {side} {step}, run again: {again}"
        assert (vault.tree(), vault.objects()) == (left, objects), f"killed {side} {step}, run again"


@pytest.mark.parametrize("pack", ["tar", "none", "split"])
@pytest.mark.timeout(3600 if EVERY else 300)
def test_f01_replaced_by_force_killed_at_each_step(pack: str, chosen: Chosen, tmp_path: Path) -> None:
    """Between an archive and its index the store has those of two runs, both of this computer."""
    vault = Vault(tmp_path, pack)
    assert vault.run(RUN[:-1]).code == 0
    put(vault.david.repo, "raw/m42/light_1.fits", content("graded", 60_000)).chmod(0o640)
    steps = vault.steps(FORCE)
    here, objects = vault.tree(), vault.objects()
    noted = [(step, "after") for step in steps if step.call == "commit" and step.where.endswith("uploads.db")]
    assert noted
    for step, side in [*noted, *chosen.of(f"force {pack}", steps)]:
        vault.kill(FORCE, step, side)
        assert vault.tree() == here, f"killed {side} {step}"
        again = vault.run(FORCE)
        assert (again.code, vault.objects()) == (0, objects), f"killed {side} {step}, run again: {again}"


@pytest.mark.timeout(3600 if EVERY else 300)
def test_f01_automation_killed_at_each_step(chosen: Chosen, tmp_path: Path) -> None:
    """Each of its steps is a run; beside those it writes what it remembers."""
    vault = Vault(tmp_path, "tar")
    steps = vault.steps(AUTO)
    assert {("unlink", "file"), ("rename", "memory of automation -> memory of automation")} <= set(map(kind, steps))
    left, objects = vault.tree(), vault.objects()
    assert left.keys() == LIGHT.keys()
    for step, side in chosen.of("auto", steps):
        vault.kill(AUTO, step, side)
        assert not vault.lost(), f"killed {side} {step}"
        again = vault.run(AUTO)
        assert (again.code, vault.lost()) == (0, set()), f"killed {side} {step}, run again: {again}"
        assert (vault.tree(), vault.objects()) == (left, objects), f"killed {side} {step}, run again"


@pytest.mark.parametrize("pack", ["tar", "none", "split"])
@pytest.mark.timeout(3600 if EVERY else 300)
def test_f01_restored_killed_at_each_step(pack: str, chosen: Chosen, tmp_path: Path) -> None:
    vault = Vault(tmp_path, pack)
    assert vault.run(RUN).code == 0
    steps = vault.steps(RESTORE)
    assert any(kind(step)[1].endswith("file under way -> file") for step in steps), {kind(step) for step in steps}
    assert vault.tree() == vault.whole
    for step, side in chosen.of(f"restore {pack}", steps):
        vault.kill(RESTORE, step, side)
        torn = {name: one for name, one in vault.tree().items() if vault.whole.get(name) != one}
        assert all(Path(name).name.startswith(".s3sync-") for name in torn), f"killed {side} {step}: {torn}"
        again = vault.run(RESTORE)
        assert again.code == 0, f"killed {side} {step}, run again: {again}"
        assert vault.tree() == vault.whole, f"killed {side} {step}, run again"
