"""Two people, a server, and between them the proxy that counts and breaks."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.proxy import Proxy, Request
from tests.kit.proxy.rules import is_scratch
from tests.kit.servers import MiniStack, SeaweedFS, Server

MIB = 1024 * 1024
PART = 8 * MIB


def content(size: int, seed: int = 1) -> bytes:
    """Bytes that no compression makes smaller, the same ones in every run."""
    return random.Random(seed).randbytes(size)


@dataclass
class Gate:
    """Where requests wait until it opens; those that still wait when it is taken away are reset."""

    opened: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)
    gone: bool = False

    def __call__(self, request: Request) -> None:
        self.waiting.set()
        self.opened.wait(60)
        if self.gone:
            raise ConnectionResetError

    def open(self) -> None:
        self.opened.set()


@dataclass
class Office:
    """David and Jan, who reach their server through the proxy, and a look at what the server holds past it."""

    root: Path
    server: Server
    proxy: Proxy
    prefix: str
    david: Person
    jan: Person
    s3: Any

    def key(self, name: str) -> str:
        """A file's key, or that of a record of s3sync: `.s3sync/parts/film.mp4`."""
        for kind in ("parts", "trash"):
            if name.startswith(f".s3sync/{kind}/"):
                rest = name.removeprefix(f".s3sync/{kind}/")
                return f"{self.prefix}/{REPO}/.s3sync/{kind}/{PROJECT}/{rest}"
        return f"{self.prefix}/{REPO}/{PROJECT}/{name}"

    def stored(self, name: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.server.bucket, Key=self.key(name))["Body"].read()
        return body

    def head(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.s3.head_object(Bucket=self.server.bucket, Key=self.key(name))
        return found

    def put(self, name: str, body: bytes, **more: Any) -> None:
        """As a tool would that knows nothing of s3sync."""
        self.s3.put_object(Bucket=self.server.bucket, Key=self.key(name), Body=body, **more)

    def names(self) -> set[str]:
        """The project's objects, without metadata.json and what s3sync keeps for itself."""
        found = self.s3.list_objects_v2(Bucket=self.server.bucket, Prefix=self.key("")).get("Contents", [])
        names = {item["Key"].removeprefix(self.key("")) for item in found}
        return {name for name in names if name != "metadata.json" and not name.startswith(".s3sync/")}

    def asked(self, *operations: str) -> list[Request]:
        """The requests of these kinds, but for those that try out what the store honours."""
        log = self.proxy.log
        return [sent for sent in log if sent.operation in operations and not is_scratch(sent.key)]

    def uploads(self) -> dict[str, str]:
        """Unfinished uploads of files in the store: key and upload id."""
        found = self.s3.list_multipart_uploads(Bucket=self.server.bucket, Prefix=f"{self.prefix}/")
        uploads = [one for one in found.get("Uploads", []) if not is_scratch(one["Key"])]
        return {upload["Key"]: upload["UploadId"] for upload in uploads}

    def parts(self, name: str) -> dict[int, str]:
        """The parts of the one unfinished upload of a name: number and ETag."""
        key = self.key(name)
        found = self.s3.list_parts(Bucket=self.server.bucket, Key=key, UploadId=self.uploads()[key])
        return {part["PartNumber"]: part["ETag"] for part in found.get("Parts", [])}

    @contextmanager
    def gate(self, operation: str, **which: Any) -> Iterator[Gate]:
        """Requests of this kind wait at the proxy within the block, or until the gate opens."""
        gate = Gate()
        if operation == "UploadPart":  # a strange store is tried out beside the parts
            which = {"key": self.key("[!.]*"), **which}
        rule = self.proxy.on(operation, **which)
        rule.before(gate)
        try:
            yield gate
        finally:
            self.proxy.remove(rule)
            gate.gone = not gate.opened.is_set()
            gate.open()


NewOffice: TypeAlias = Callable[[Server], Office]


def office_at(root: Path, server: Server, proxy: Proxy) -> Office:
    prefix = uuid.uuid4().hex
    people = []
    for name in ("david", "jan"):
        environ = {
            **server.environment(name),
            "AWS_ENDPOINT_URL": proxy.endpoint_url,
            "S3SYNC_STORE": f"s3://{server.bucket}/{prefix}",
        }
        people.append(Person(name, root / name, environ))
        people[-1].staging.mkdir(parents=True)
    return Office(root, server, proxy, prefix, people[0], people[1], server.client("david"))


@pytest.fixture
def new_office(tmp_path: Path) -> Iterator[NewOffice]:
    with ExitStack() as stack:

        def make(server: Server) -> Office:
            secrets = {who.access_key: who.secret_key for who in server.users.values()}
            return office_at(tmp_path, server, stack.enter_context(Proxy(server.endpoint_url, secrets)))

        yield make


@pytest.fixture
def office(new_office: NewOffice, seaweedfs: SeaweedFS) -> Office:
    return new_office(seaweedfs)


@pytest.fixture(
    params=[
        pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
        pytest.param("ministack", marks=[pytest.mark.ministack, pytest.mark.slow]),
    ]
)
def each_office(request: pytest.FixtureRequest, new_office: NewOffice) -> Office:
    server: SeaweedFS | MiniStack = request.getfixturevalue(request.param)
    return new_office(server)
