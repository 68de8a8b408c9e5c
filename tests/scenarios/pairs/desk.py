"""A desk with two places on it: how each kind of place is named, filled, read and changed behind s3sync's back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.kit.people import Person, Result, tree
from tests.kit.remotes import Remotes
from tests.kit.servers import Server
from tests.scenarios.pairs.clouds import Cloud

KINDS = ("folder", "store", "sea", "moto")


@dataclass
class Place:
    """One place. `word` names it on the command line."""

    kind: str
    word: str
    root: Path | None
    client: Any = None
    bucket: str = ""
    prefix: str = ""
    cloud: Cloud | None = None

    def put(self, name: str, body: bytes) -> None:
        if self.root is not None:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        elif self.cloud is not None:
            self.cloud.put(self.prefix + name, body)
        else:
            self.client.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=body)

    def drop(self, name: str) -> None:
        if self.root is not None:
            (self.root / name).unlink()
        elif self.cloud is not None:
            self.cloud.drop(self.prefix + name)
        else:
            self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)

    def everything(self) -> dict[str, bytes]:
        """Every file, s3sync's own among them."""
        if self.root is not None:
            found = (path for path in self.root.rglob("*") if path.is_file()) if self.root.is_dir() else ()
            return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}
        if self.cloud is not None:
            return {key.removeprefix(self.prefix): body for key, body in self.cloud.read(self.prefix)}
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return {
            key.removeprefix(self.prefix): self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            for key in keys
        }

    def files(self) -> dict[str, bytes]:
        own = (".s3sync/", ".s3sync-store", ".s3sync")
        return {name: body for name, body in self.everything().items() if not name.startswith(own)}

    def trash(self) -> dict[str, bytes]:
        """What lies in its trash, by the names without the run's folder."""
        found = {n: b for n, b in self.everything().items() if n.startswith(".s3sync/trash/")}
        return {name.split("/", 3)[3]: body for name, body in found.items()}

    def everything_in_trash(self) -> list[bytes]:
        """Each version in its trash, of one name perhaps several."""
        return [body for name, body in self.everything().items() if name.startswith(".s3sync/trash/")]


@dataclass
class Desk:
    person: Person
    work: Path
    servers: dict[str, Server]
    tag: str
    clouds: dict[str, Cloud] = field(default_factory=dict)
    remotes: Remotes | None = None
    environ: dict[str, str] = field(default_factory=dict)

    def place(self, kind: str, name: str) -> Place:
        if kind == "folder":
            return Place(kind, f"./{name}", self.work / name)
        if kind == "store":
            root = self.work / f"{name}-store"
            return Place(kind, f"file://{root}", root)
        if kind == "rclone":
            assert self.remotes is not None
            path = f"{self.tag}/{name}"
            below = self.remotes.folder("loc", path)
            if name == "a" and below is not None:
                below.mkdir(parents=True)
            return Place(kind, self.remotes.url("loc", path), below)
        if kind in self.clouds:
            cloud, at = self.clouds[kind], f"{self.tag}/{name}"
            return Place(kind, f"{cloud.url}/{at}", None, prefix=f"{at}/", cloud=cloud)
        server = self.servers[kind]
        prefix = f"{self.tag}/{name}/"
        word = f"s3://{server.bucket}/{self.tag}/{name}"
        return Place(kind, word, None, server.client(), server.bucket, prefix)

    def run(self, verb: str, a: Place, b: Place, *more: str, code: int = 0) -> Result:
        profiles = []
        if a.kind in self.servers or b.kind in self.servers:
            profiles += ["--profile", a.kind if a.kind in self.servers else b.kind]
        if a.kind in self.servers and b.kind in self.servers and a.kind != b.kind:
            profiles += ["--profile-b", b.kind]
        return self.person.expect(code, verb, a.word, b.word, *profiles, *more, cwd=self.work, env=self.environ)

    def files(self, name: str) -> dict[str, str]:
        return tree(self.work / name)
