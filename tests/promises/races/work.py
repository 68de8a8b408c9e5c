"""What two people do to their files between two runs, and what became of every content that they ever saved."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import Any

from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import Manifest
from s3sync.core.records import records
from tests.kit.people import Person

NAMES = ["draft.mp4", "audio.wav", "cut/one.mp4", "cut/two.mp4", "cut/raw/notes.txt", "ünï.srt"]
COPIED_ON_SERVER = 1024 * 1024 + 1
COMMANDS = [
    *[["up"]] * 4, ["up", "--on-conflict", "keep-both"], ["up", "--on-conflict", "mine"],
    *[["sync"]] * 5, *[["sync", "--max-delete", "99"]] * 3, ["sync", "--on-conflict", "theirs"],
    *[["down"]] * 3, ["down", "--on-conflict", "theirs"],
    *[["cleanup", "--yes", "--force"]] * 2, ["cleanup", "--unseen", "--yes", "--force"],
    ["cleanup", "--local", "--yes"],
]  # fmt: skip


@dataclass
class Saved:
    """Every content that must be somewhere, by its MD5, with who saved it when and where.

    A content leaves it when somebody knowingly gives it up: overwrites or deletes the file in their own folder, or
    empties a trash that holds it.
    """

    where: dict[str, str] = field(default_factory=dict)

    def saved(self, content: bytes, story: str) -> None:
        self.where[md5(content).hexdigest()] = story

    def given_up(self, digests: Iterable[str]) -> None:
        for digest in list(digests):
            self.where.pop(digest, None)


class Desk:
    """A person's folder, and what the person does in it. It remembers digests, because a trash only grows."""

    def __init__(self, person: Person, saved: Saved, chance: random.Random) -> None:
        self.person, self._saved, self._chance = person, saved, chance
        self._digests: dict[tuple[str, int, int], str] = {}

    def files(self) -> dict[str, str]:
        """The MD5 of each file that is carried."""
        root = self.person.staging
        found = ((path.relative_to(root), path) for path in root.rglob("*") if path.is_file())
        return {rel.as_posix(): self._digest(path) for rel, path in found if rel.parts[0] != ".s3sync"}

    def trash(self) -> set[str]:
        root = self.person.staging / ".s3sync" / "trash"
        return {self._digest(path) for path in root.rglob("*") if path.is_file()}

    def partial(self) -> list[str]:
        return [path.name for path in (self.person.staging / ".s3sync" / "partial").glob("*")]

    def work(self, label: str, number: int) -> None:
        """A few edits of the own: new files, new versions, deletions, new names."""
        for count in range(self._chance.randrange(4)):
            mine = sorted(self.files())
            act = self._chance.choice(["new", "new", "edit", "edit", "delete", "rename"]) if mine else "new"
            if act == "new":
                self.write(self._chance.choice(NAMES), self._content(f"{label} {number}.{count}"), label)
            elif act == "edit":
                self.write(self._chance.choice(mine), self._content(f"{label} {number}.{count}"), label)
            elif act == "delete":
                self._delete(self._chance.choice(mine))
            else:
                self._rename(self._chance.choice(mine), self._chance.choice(NAMES))

    def write(self, name: str, content: bytes, label: str) -> None:
        self._give_up(name)
        self.person.write(name, content)
        self._saved.saved(content, f"{label} in {name}")

    def _content(self, text: str) -> bytes:
        """New in each call, most often small, and at times of a size that is copied on the server."""
        stem = f"{self.person.name} {text} ".encode()
        return stem.ljust(COPIED_ON_SERVER, b".") if self._chance.random() < 0.04 else stem

    def _delete(self, name: str) -> None:
        self._give_up(name)
        (self.person.staging / name).unlink()

    def _rename(self, name: str, other: str) -> None:
        if name != other:
            self._give_up(other)
            target = self.person.staging / other
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.person.staging / name).replace(target)

    def _give_up(self, name: str) -> None:
        path = self.person.staging / name
        if path.is_file():
            self._saved.given_up([self._digest(path)])

    def _digest(self, path: Path) -> str:
        status = path.stat()
        known = (str(path), status.st_mtime_ns, status.st_ino)
        if known not in self._digests:
            self._digests[known] = md5(path.read_bytes()).hexdigest()
        return self._digests[known]


@dataclass
class Stored:
    """What the store holds: the ETag of each file and of each content in the trash, and metadata.json."""

    files: dict[str, str]
    trash: set[str]
    manifest: Manifest

    @classmethod
    def look(cls, s3: Any, bucket: str, prefix: str) -> Stored:
        files: dict[str, str] = {}
        trash: set[str] = set()
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                name, etag = found["Key"].removeprefix(prefix), found["ETag"].strip('"')
                if name != "metadata.json" and not name.startswith(".s3sync/"):
                    files[name] = etag
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=records(prefix, "trash")):
            trash.update(found["ETag"].strip('"') for found in page.get("Contents", []))
        try:
            manifest = parse(s3.get_object(Bucket=bucket, Key=f"{prefix}metadata.json")["Body"].read())
        except s3.exceptions.NoSuchKey:
            manifest = Manifest("", "")
        return cls(files, trash, manifest)

    def unexplained(self) -> set[str]:
        """Names whose object and record do not speak of the same version, or where one of both is missing."""
        recorded = {name: (record.etag or "").strip('"') for name, record in self.manifest.files.items()}
        both = self.files.keys() | recorded.keys()
        return {name for name in both if self.files.get(name) != recorded.get(name)}
