"""People at work: each has a HOME, a clone of the repository and a user name, and runs the real command line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.kit import ready, zygote
from tests.kit.ready import REPO as REPO

PROJECT = "b63-flivideo"


@dataclass(frozen=True)
class Result:
    """What one command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@dataclass
class Person:
    """`root` becomes the person's computer: `home/` and the clone `REPO/` with the project in it.

    `launcher` is put in front of the command, for what the operating system is to do to it. With `fresh` each command
    is a Python that starts anew; otherwise it may be forked from one that has (`tests/kit/zygote.py`).
    """

    name: str
    root: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    launcher: Sequence[str] = ()
    fresh: bool = False
    program: Sequence[str] = (sys.executable, "-m", "s3sync")
    patience_s: float = 100

    def __post_init__(self) -> None:
        (self.root / "home").mkdir(parents=True)
        self.repo.mkdir()
        (self.repo / ".git").mkdir()

    @property
    def repo(self) -> Path:
        return self.root / REPO

    @property
    def project(self) -> Path:
        return self.repo / PROJECT

    @property
    def staging(self) -> Path:
        return self.project / "s3-staging"

    def env(self) -> dict[str, str]:
        home = str(self.root / "home")
        kept = {
            key: os.environ[key]
            for key in ("PATH", "LANG", "SYSTEMROOT", "COVERAGE_PROCESS_START")
            if key in os.environ
        }
        return {
            **kept, "HOME": home, "USERPROFILE": home, "S3SYNC_USER": self.name, "PYTHONUTF8": "1",
            "S3SYNC_TRUST": "1",
            "AWS_EC2_METADATA_DISABLED": "true", **self.environ,
        }  # fmt: skip

    def run(
        self,
        *words: str,
        cwd: Path | None = None,
        answer: str | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Result:
        """Run `s3sync` with these words in the project's folder (or `cwd`)."""
        merged: dict[str, str | None] = {**self.env(), **(env or {})}
        environment = {key: value for key, value in merged.items() if value is not None}
        folder = cwd or (self.project if self.project.is_dir() else self.repo)
        if not self.fresh and not self.launcher and zygote.can_run(environment):
            return Result(*zygote.run(words, cwd=folder, env=environment, text=answer or ""))
        done = subprocess.run(
            [*self.launcher, *self.program, *words],
            cwd=folder,
            env=environment,
            input=answer if answer is not None else "",
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=self.patience_s,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str, **more: Any) -> Result:
        """Run and expect exit code 0 and no traceback."""
        return self.expect(0, *words, **more)

    def expect(self, code: int, *words: str, **more: Any) -> Result:
        result = self.run(*words, **more)
        assert result.code == code, f"{self.name}: s3sync {' '.join(words)}: expected exit {code}, got {result}"
        assert "Traceback" not in result.err, result
        return result

    def states(self) -> dict[str, str]:
        """Each file's state, as `status --json` has it."""
        return {file["name"]: file["state"] for file in self.ok("status", "--json").json["files"]}

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name: str) -> bytes:
        return (self.staging / name).read_bytes()

    def files(self) -> dict[str, str]:
        """Every file of the staging folder but s3sync's own, with its SHA-256."""
        return tree(self.staging)


def tree(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] != ".s3sync"
    }


def mtimes(root: Path) -> dict[str, int]:
    return {
        path.relative_to(root).as_posix(): path.stat().st_mtime_ns
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] != ".s3sync"
    }


def pair(
    root: Path, store: str, environments: Mapping[str, Mapping[str, str]], endpoint: str | None = None
) -> tuple[Person, Person]:
    """David and Jan with their clones, both set up by `s3sync init` against one store."""
    david, jan = (Person(name, root / name, environments.get(name, {})) for name in ready.NAMES)
    own_settings = any(key.startswith("S3SYNC_") for person in (david, jan) for key in person.environ)
    if endpoint is not None or own_settings or not ready.write("pair", root, store, _begin):
        set_up((david, jan), store, *(["--endpoint", endpoint] if endpoint else []))
    return david, jan


def _begin(root: Path, store: str) -> None:
    set_up([Person(name, root / name) for name in ready.NAMES], store)


def set_up(people: Iterable[Person], store: str, *more: str) -> None:
    """Run `s3sync init` for each, whatever is known of it."""
    for person in people:
        words = ("init", PROJECT, "--store", store, "--user", person.name, "--repo", REPO, *more)
        person.ok(*words, cwd=person.repo)
