"""Replay docs/tour.md: type its commands as its people, and write down what they say.

A block of the tour is a fence of the kind `console`. A line with a prompt (`david:~/v-appydave$ s3sync up`) is a
command, the lines below it are its output, and `(exit code 4)` ends one that failed. An answer stands behind its
question: `[y/N] y`.

When a message of the program has changed, `python -m` with this module writes the tour anew. Read the difference.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.kit.servers import SeaweedFS

TOUR = Path(__file__).parents[3] / "docs" / "tour.md"
ENDPOINT = "http://127.0.0.1:8333"
"""What the tour writes for the address of the S3 server that the commands really speak to."""

PROMPT = re.compile(r"^([a-z]+):(~[^$]*)\$ (.+)$")
ANSWER = re.compile(r"\[y/N\] (\w+)")
FILES = {
    "Movies/draft.mp4": 1_100_000,
    "Movies/second.mp4": 1_150_000,
    "Movies/shorter.mp4": 900_000,
    "Movies/stills/poster.jpg": 3_100,
    "Music/audio.wav": 78_500,
    "Music/louder.wav": 78_900,
}


@dataclass
class Step:
    """One command: who types it, in which folder, and what the tour says that it prints."""

    person: str
    folder: str
    command: str
    output: list[str]

    def lines(self) -> list[str]:
        return [f"{self.person}:{self.folder}$ {self.command}", *self.output]


@dataclass
class World:
    """Homes, a git server and a network drive below one temporary folder, shown as if it were `/`; and an S3 server."""

    root: Path
    server: SeaweedFS

    def make(self, people: list[str]) -> None:
        for person in people:
            for number, (name, size) in enumerate(FILES.items()):
                path = self.home(person) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(random.Random(number).randbytes(size))
            settings = f"[user]\n\tname = {person}\n\temail = {person}@example.com\n[init]\n\tdefaultBranch = main\n"
            (self.home(person) / ".gitconfig").write_text(settings)
            if keys := self.server.users.get(person):
                profile = f"aws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
                (self.home(person) / ".aws").mkdir()
                (self.home(person) / ".aws" / "credentials").write_text(f"[films]\n{profile}")
        (self.root / "mnt" / "nas").mkdir(parents=True)
        bin_folder = self.root / "bin"
        bin_folder.mkdir()
        program = bin_folder / "s3sync"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m s3sync "$@"\n')
        program.chmod(0o755)
        server = self.root / "srv" / "git" / "v-appydave.git"
        first = self.root / "first"
        script = f"git init -q --bare {server} && git clone -q {server} {first} && cd {first} && echo Films > README.md"
        script += " && git add . && git commit -q -m First && git push -q origin HEAD:main"
        self._shell(people[0], self.root, script + f" && git -C {server} symbolic-ref HEAD refs/heads/main")

    def home(self, person: str) -> Path:
        return self.root / "home" / person

    def type(self, step: Step) -> list[str]:
        """Run a step's command, and return what it says, with the world's folder left out of all paths."""
        folder = self.home(step.person) / step.folder.removeprefix("~").lstrip("/")
        command = re.sub(r"(?<![\w.~])/(?=mnt/|srv/)", f"{self.root}/", step.command)
        command = command.replace(ENDPOINT, self.server.endpoint_url)
        answers = [answer for line in step.output for answer in ANSWER.findall(line)]
        done = self._shell(step.person, folder, command, "".join(f"{answer}\n" for answer in answers))
        text = done.stdout.replace(str(self.root), "").replace(self.server.endpoint_url, ENDPOINT)
        for answer in answers:
            text = re.sub(r"\[y/N\] \n?(?!\w+\n)", rf"[y/N] {answer}\n", text, count=1)
        said = [line.rstrip() for line in text.rstrip().splitlines()]
        return [*said, f"(exit code {done.returncode})"] if done.returncode else said

    def _shell(self, person: str, folder: Path, command: str, answers: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=self._environment(person),
            input=answers,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    def _environment(self, person: str) -> Mapping[str, str]:
        return {
            "HOME": str(self.home(person)),
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(TOUR.parents[1]),
            "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def parts(text: str) -> Iterator[str | list[Step]]:
    """The tour as its prose and its blocks of steps, in order."""
    for number, part in enumerate(re.split(r"^```console\n(.*?)^```\n", text, flags=re.MULTILINE | re.DOTALL)):
        yield part if number % 2 == 0 else steps(part)


def steps(block: str) -> list[Step]:
    found: list[Step] = []
    for line in block.splitlines():
        if match := PROMPT.match(line):
            found.append(Step(match[1], match[2], match[3], []))
        else:
            found[-1].output.append(line)
    return found


def written(pieces: list[str | list[Step]]) -> str:
    """The tour's text from its pieces."""
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
        else:
            text += "\n".join(["```console", *(line for step in piece for line in step.lines()), "```", ""])
    return text


def replayed(root: Path, server: SeaweedFS) -> Iterator[tuple[Step, list[str]]]:
    """Each step of the tour, with what its command says now."""
    typed = [step for piece in parts(TOUR.read_text("utf-8")) if not isinstance(piece, str) for step in piece]
    world = World(root, server)
    world.make(sorted({step.person for step in typed}))
    for step in typed:
        yield step, world.type(step)


def normalised(lines: list[str]) -> list[str]:
    """Leave out what differs between two runs: times, durations, hashes, and in which order a run's files arrive.

    Nor is it promised how a run's warnings, on stderr, lie between its lines on stdout.
    """
    is_run = any(line.startswith(("🔼", "🔽", "🔄")) for line in lines)
    text = "\n".join(sorted(lines) if is_run else lines)
    for pattern, name in [
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d| UTC)?", "TIME"),
        (r"\d{8}-\d{6}(-\d+)?", "STAMP"),
        (r"\d{4}-\d\d-\d\d", "DATE"),
        (r"just now|\d+ (second|minute)s? ago", "AGO"),
        (r"\b\d+(\.\d+)?s\b", "DURATION"),
        (r"\b[0-9a-f]{12,}\b", "HASH"),
    ]:
        text = re.sub(pattern, name, text)
    return text.splitlines()


def main() -> None:
    """Write the tour with what the program says now."""
    pieces = list(parts(TOUR.read_text("utf-8")))
    written_steps = (step for piece in pieces if not isinstance(piece, str) for step in piece)
    with tempfile.TemporaryDirectory(prefix="s3sync-tour-") as name, SeaweedFS() as server:
        for step, (_, said) in zip(written_steps, replayed(Path(os.path.realpath(name)), server), strict=True):
            step.output = said
    TOUR.write_text(written(pieces), "utf-8")


if __name__ == "__main__":
    main()
