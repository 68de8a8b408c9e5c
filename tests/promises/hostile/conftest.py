"""David in a folder of his own, and the store as a peer without manners can write it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import SeaweedFS

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "FQoGZXIvYXdzEBYaDGpYvJ6mVbqWmEXAMPLETOKEN/+abc123==",
}


@dataclass
class Peer:
    """What somebody does to the remote side of David's project. `put` has an object carry any metadata."""

    david: Person
    put: Callable[..., None]
    get: Callable[[str], bytes]

    def manifest(self, **fields: Any) -> None:
        self.put("metadata.json", json.dumps(fields).encode("utf-8", "surrogatepass"))

    @staticmethod
    def record(name: str, body: bytes = b"", **more: Any) -> dict[str, Any]:
        """One that explains an object with this body."""
        digest = hashlib.md5(body).hexdigest()
        known = {"size_bytes": len(body), "uploaded_by": "jan", "uploaded_at": "2025-11-03T10:00:00Z"}
        return {"name": name, **known, "md5": digest, "etag": digest, **more}


@pytest.fixture
def david(tmp_path: Path) -> Person:
    person = Person("david", tmp_path / "desk" / "david")
    person.staging.mkdir(parents=True)
    (tmp_path / "desk" / "neighbour").write_text("not to be touched")
    return person


@pytest.fixture
def synced(tmp_path: Path) -> Person:
    """David with a project that was synced once, on a folder store."""
    person = Person("david", tmp_path / "desk" / "david")
    person.staging.mkdir(parents=True)
    FolderStore(tmp_path / "store", create=True)
    person.environ = {"S3SYNC_STORE": f"file://{tmp_path / 'store'}"}
    person.write("a.txt", "a")
    person.ok("up")
    return person


@pytest.fixture
def peer(david: Person, tmp_path: Path) -> Peer:
    """On a folder store, which takes any metadata and any name that a disk takes."""
    store = FolderStore(tmp_path / "store", create=True)
    david.environ = {"S3SYNC_STORE": f"file://{tmp_path / 'store'}", "AWS_REGION": "us-east-1"}

    def put(name: str, body: bytes, **metadata: str) -> None:
        digest = hashlib.md5(body).digest()
        store.put(f"{REPO}/{PROJECT}/{name}", body, mode=Overwrite(), headers=Headers(metadata), md5=digest)

    return Peer(david, put, lambda name: (tmp_path / "store" / REPO / PROJECT / name).read_bytes())


@pytest.fixture
def s3_peer(david: Person, seaweedfs: SeaweedFS) -> Peer:
    """On SeaweedFS, with headers and keys as they really travel."""
    prefix, client = uuid.uuid4().hex, seaweedfs.client("jan")
    david.environ = {**seaweedfs.environment("david"), "S3SYNC_STORE": f"s3://{seaweedfs.bucket}/{prefix}"}

    def key(name: str) -> str:
        return f"{prefix}/{REPO}/{PROJECT}/{name}"

    def put(name: str, body: bytes, **more: Any) -> None:
        client.put_object(Bucket=seaweedfs.bucket, Key=key(name), Body=body, **more)

    return Peer(
        david, put, lambda name: bytes(client.get_object(Bucket=seaweedfs.bucket, Key=key(name))["Body"].read())
    )
