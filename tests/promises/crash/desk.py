"""A person with two places in one folder, which is put back as it was: what commands on two places are killed in."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tests.kit.people import Person, Result
from tests.promises.crash.steps import Step

KILLS = 200 if os.environ.get("S3SYNC_CRASH") == "all" else 6
"""Steps of the run that are killed at, spread over all of it."""


def spread(steps: list[Step]) -> list[Step]:
    """Those that are killed at."""
    return steps[:: max(1, len(steps) // KILLS)]


class Desk:
    """Folders `a` and `b`, of which `b` may be a folder store, with what a person remembers of both, in one folder."""

    def __init__(self, root: Path, kind: str) -> None:
        root.mkdir()
        self.root, self.kept = root, root.with_name("kept")
        self.person = Person("david", root / "david")
        self.work = root / "work"
        self.a, self.b = self.work / "a", self.work / "b"
        self.a.mkdir(parents=True)
        self.word = "./b" if kind == "folder" else f"file://{self.b}"

    def run(self, *words: str, crash: dict[str, object] | None = None) -> Result:
        """Run with `{b}` for the second place; `crash` is what is killed, or where the steps are logged."""
        env = {"CRASH": json.dumps({"root": str(self.root), **crash})} if crash else {}
        return self.person.run(*(word.format(b=self.word) for word in words), cwd=self.work, env=env)

    def steps(self, *words: str) -> tuple[Result, list[Step]]:
        """Run undisturbed; its steps."""
        log = self.root.with_name("log")
        done = self.run(*words, crash={"log": str(log)})
        return done, [Step(**step) for step in json.loads(log.read_bytes())["steps"]]

    def keep(self) -> None:
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.root, self.kept, symlinks=True)

    def put_back(self) -> None:
        for path in self.root.iterdir():
            shutil.rmtree(path)
        shutil.copytree(self.kept, self.root, symlinks=True, dirs_exist_ok=True)

    def tree(self, place: Path) -> dict[str, bytes]:
        """Contents by their names: of a store without what it keeps for itself."""
        found = (path.relative_to(place) for path in place.rglob("*") if path.is_file())
        return {
            path.as_posix(): (place / path).read_bytes() for path in found if not path.parts[0].startswith(".s3sync")
        }

    def files(self, place: Path) -> set[bytes]:
        return set(self.tree(place).values())

    def everything(self) -> set[bytes]:
        """Contents wherever they lie, but for the records that a folder store keeps of its files."""
        found = (path for path in self.work.rglob("*") if path.is_file())
        return {path.read_bytes() for path in found if ".s3sync-store" not in path.parts}
