"""Two places, both ways: killed at steps all over a run, it ends as if nobody had killed it, and loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import msgspec
import pytest

from tests.kit.people import Person, Result
from tests.promises.crash.steps import Step

KILLS = 200 if os.environ.get("S3SYNC_CRASH") == "all" else 6
"""Steps of the run that are killed at, spread over all of it."""
WORDS = ("sync", "./a", "{b}", "--bidirectional", "--delete", "--transfers", "1")


class Pair:
    """A folder and a folder or a folder store, with what a person remembers of both, in one folder."""

    def __init__(self, root: Path, kind: str) -> None:
        root.mkdir()
        self.root, self.kept = root, root.with_name("kept")
        self.person = Person("david", root / "david")
        self.work = root / "work"
        self.b = self.work / "b"
        (self.work / "a").mkdir(parents=True)
        self.word = "./b" if kind == "folder" else f"file://{self.b}"

    def run(self, *more: str, crash: dict[str, object] | None = None) -> Result:
        words = [word.format(b=self.word) for word in (*WORDS, *more)]
        env = {"CRASH": json.dumps({"root": str(self.root), **crash})} if crash else {}
        return self.person.run(*words, cwd=self.work, env=env)

    def keep(self) -> None:
        shutil.copytree(self.root, self.kept, symlinks=True)

    def put_back(self) -> None:
        for path in self.root.iterdir():
            shutil.rmtree(path)
        shutil.copytree(self.kept, self.root, symlinks=True, dirs_exist_ok=True)

    def files(self, place: Path) -> set[bytes]:
        """Contents under their names: of a store without what it keeps for itself."""
        found = (path for path in place.rglob("*") if path.is_file())
        return {path.read_bytes() for path in found if not path.relative_to(place).parts[0].startswith(".s3sync")}

    def everything(self) -> set[bytes]:
        """Contents wherever they lie, but for the records that a folder store keeps of its files."""
        found = (path for path in self.work.rglob("*") if path.is_file())
        return {path.read_bytes() for path in found if ".s3sync-store" not in path.parts}


@pytest.mark.parametrize("kind", ["folder", "store"])
def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, kind: str) -> None:
    pair = Pair(tmp_path / "world", kind)
    for name in ("edited a", "edited b", "gone a", "gone b", "both", "one", "two", "three"):
        (pair.work / "a" / name).write_bytes(name.encode())
    assert pair.run().code == 0
    for place, name in ((pair.work / "a", "edited a"), (pair.b, "edited b")):
        (place / name).write_bytes(f"{name} again, and longer".encode())
    (pair.work / "a" / "gone a").unlink()
    (pair.b / "gone b").unlink()
    (pair.work / "a" / "both").write_bytes(b"both, by a")
    (pair.b / "both").write_bytes(b"both: by b")
    (pair.work / "a" / "large").write_bytes(os.urandom(9 * 1024 * 1024))
    pair.keep()
    start, log = pair.everything(), tmp_path / "log"
    assert pair.run(crash={"log": str(log)}).code == 4
    ends = pair.files(pair.work / "a")
    assert ends == pair.files(pair.b)
    steps = [Step(**step) for step in json.loads(log.read_bytes())["steps"]]
    wrong, kills = [], 0
    for step in steps[:: max(1, len(steps) // KILLS)]:
        pair.put_back()
        killed = pair.run(crash={"kill": msgspec.to_builtins(step), "side": "before"})
        if killed.code != -signal.SIGKILL:  # a step of another order, which two threads may change
            continue
        kills += 1
        again = pair.run()
        told = pair.run("--dry-run", "--json").json
        planned = told["copied"] or told["deleted"] or told["conflicts"] or told["failed"]
        held = pair.files(pair.work / "a"), pair.files(pair.b)
        if again.code not in (0, 4) or planned or held != (ends, ends) or not pair.everything() >= start:
            wrong.append((str(step), again, planned, [len(found ^ ends) for found in held]))
    assert wrong == [] and kills >= KILLS // 2
