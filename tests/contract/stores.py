"""The stores that the contract runs on, and where a server is known to deviate from S3."""

from __future__ import annotations

import hashlib
import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.port import Buffer, Headers, Overwrite, Part, WriteMode
from s3sync.store.sealed import RepositoryKey, seal
from tests.kit.azurite import Azurite
from tests.kit.google import FakeGcs
from tests.kit.remotes import Remotes
from tests.kit.servers import Server

MIB = 1024 * 1024

# (store, behaviour): why the server under the adapter does not show it. Nothing else may be skipped.
KNOWN_DEVIATIONS: dict[tuple[str, str], str] = {
    ("seaweedfs", "key a//b"): "collapses // to /",
    ("seaweedfs", "key a/../b"): "refuses a segment ..",
    ("moto", "key a\nb"): "answers 404 to a key with a newline",
    ("moto", "rights"): "does not check rights or signatures",
    ("moto", "copy source etag"): "ignores x-amz-copy-source-if-match",
    ("ministack", "copy source etag"): "ignores x-amz-copy-source-if-match",
    ("moto", "copy target condition"): "ignores If-None-Match on CopyObject",
    ("ministack", "copy target condition"): "ignores If-None-Match on CopyObject",
    ("moto", "complete update"): "ignores If-Match on CompleteMultipartUpload",
    ("ministack", "conditional delete of nothing"): "answers 204 to DELETE with If-Match of a missing key",
    ("ministack", "key a\nb"): "does not match a newline to the * of a policy",
    ("moto", "copy part source etag"): "ignores x-amz-copy-source-if-match",
    ("moto", "upload that is gone"): "answers 500 instead of NoSuchUpload",
    ("moto", "upload time"): "says that every upload was begun in 2010",
    ("folder", "whole checksums"): "keeps no checksum of a whole: its bytes lie on a disk that anybody can read",
    ("sealed", "whole checksums"): "has the digest of a whole in metadata.json alone",
    ("sealed", "metadata"): "tells nothing of an object beside its key's id",
    ("sealed", "plain etag"): "has the ETag of the ciphertext",
    ("sealed", "any range of a copy"): "copies whole blocks of 1 MiB",
    ("sealed", "objects of other tools"): "opens nothing that it has not sealed",
    ("ministack", "whole checksums"): "makes a checksum over the checksums of parts, whatever it is asked for",
    ("moto", "wrong whole checksum"): "compares no checksum",
    ("ministack", "first part size"): "ignores partNumber",
    ("ministack", "tags of an upload in parts"): "loses the tags of CreateMultipartUpload",
    ("ministack", "tags of a replaced object"): "keeps the tags of the object that was there before",
    ("moto", "after a control character"): "answers 500 to a StartAfter that XML cannot hold",
    ("seaweedfs", "class in place"): "takes a copy to itself for one that changes nothing, whatever its class",
    ("seaweedfs", "thaw"): "reads objects of every class at once, and refuses RestoreObject",
    ("seaweedfs", "public access block"): "has none",
    ("seaweedfs", "lifecycle transitions"): "refuses rules that move objects",
    ("moto", "limits of forms"): "checks neither the key nor the size that a form was signed for",
    ("seaweedfs", "order of bytes"): "lists a/b before a-b, and begins after a key in that order",
    ("seaweedfs", "part sent again"): "lists both, and times tell them apart only by the second",
    ("seaweedfs", "complete race"): "the condition of CompleteMultipartUpload is not atomic",
    ("gcs", "composite etag"): "knows a composed object by its generation; the emulator tells an MD5 of it",
    ("gcs", "whole checksums"): "keeps a CRC32C of a whole, which s3sync makes of those of the parts by itself",
    ("gcs", "more than a page of parts"): "costs three requests a part; tests/contract/test_gcs.py has shorter pages",
    ("gcs", "copy part"): "copies whole objects alone",
    ("gcs", "copy part source etag"): "copies whole objects alone",
    ("gcs", "complete race"): "the emulator ignores the condition of compose (tests/contract/test_gcs.py reads it)",
    ("gcs", "key a\nb"): "holds no key with a line break",
    ("gcs", "key a\rb"): "holds no key with a line break",
    ("azurite", "plain etag"): "has ETags that say nothing of content",
    ("azurite", "composite etag"): "has ETags that say nothing of content",
    ("azurite", "whole checksums"): "compares no checksum of a whole object",
    ("azurite", "@ in a tag"): "takes fewer characters in a tag",
    ("azurite", "key a\nb"): "lists a newline as a blank",
    ("azurite", "key ctrl\x01x"): "answers 500 to a listing with a character that XML cannot hold",
    ("azurite", "key a/../b"): "cannot be asked for a segment ..: no client keeps it in an address",
    ("moto", "put race"): "the condition of PutObject is not atomic",
    ("moto", "complete race"): "the condition of CompleteMultipartUpload is not atomic",
    ("rclone", "test_locks"): "has no conditional writes, and so no locks",
    ("rclone", "test_aspects"): "offers no aspects",
    ("rclone", "test_whole_checksums"): "keeps no checksum that was sent along",
    ("rclone", "key odd//name"): "has no such name",
    ("rclone", "time of a write"): "tells no time of its own",
    ("rclone", "parts"): "has no uploads in parts",
    ("rclone", "metadata"): "keeps nothing beside the bytes of a file",
    ("rclone", "put race"): "looks before it writes, and has nothing atomic",
    ("rclone", "odd keys"): "spells control characters in another way, and passes over what a disk cannot hold",
    ("rclone-loc", "plain etag"): "would have to read each file for a hash: the version is time and size",
    ("rclone-dav", "plain etag"): "keeps no hash: the version is time and size",
    ("rclone-ssh", "plain etag"): "keeps no hash: the version is time and size",
    ("rclone-dav", "changes within a second"): "keeps whole seconds: a change to the same size is not seen",
    ("rclone-ssh", "changes within a second"): "keeps whole seconds: a change to the same size is not seen",
    ("rclone-loc", "a thousand objects"): "lists without pages",
    ("rclone-dav", "a thousand objects"): "lists without pages, and takes a minute for so many",
    ("rclone-ssh", "a thousand objects"): "lists without pages, and takes a minute for so many",
}


@dataclass
class UnderTest:
    """One kind of store. `open()` gives a new instance on the same, initially empty place."""

    name: str
    url: str
    env: dict[str, str] = field(default_factory=dict)
    server: Server | None = None
    root: Path | None = None
    endpoint: str | None = None
    behind: Path | None = None
    """The folder that a remote of rclone serves."""

    sealed: bool = False

    def open(self) -> Store:
        return self._wrapped(open_store(self.url, StoreOptions(env=self.env, create=True, endpoint_url=self.endpoint)))

    def _wrapped(self, store: Store) -> Store:
        return seal(store, "repo", lambda: RepositoryKey(bytes(32))) if self.sealed else store

    def require(self, behaviour: str) -> None:
        """Skip the test if this server is known to deviate here."""
        reason = self._deviation(behaviour)
        if reason:
            pytest.skip(f"{self.name} {reason}")

    @property
    def prefix(self) -> str:
        """What all keys of the place begin with in its bucket, without the `/`."""
        return self.url.rpartition("/")[2]

    @property
    def raw(self) -> Any:
        """A plain boto3 client."""
        assert self.server is not None
        return self.server.client()

    def shows(self, behaviour: str) -> bool:
        """False if this store is known to deviate here."""
        return self._deviation(behaviour) is None

    def _deviation(self, behaviour: str) -> str | None:
        names = (self.name, self.name.partition("-")[0])
        return next(
            (KNOWN_DEVIATIONS[name, behaviour] for name in names if (name, behaviour) in KNOWN_DEVIATIONS), None
        )

    def put_raw(self, key: str, body: bytes = b"raw") -> None:
        """Store an object behind the adapter's back, as another tool would."""
        if isinstance(self.server, Azurite):
            self.server.container().upload_blob(f"{self.prefix}/{key}", body, overwrite=True)
        elif self.root is not None or self.behind is not None:
            path = (self.root or self.behind or Path()) / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        elif isinstance(self.server, FakeGcs):
            self.server.put(f"{self.prefix}/{key}", body)
        else:
            assert self.server is not None
            self.raw.put_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}", Body=body)

    def others(self, **env: str) -> Store:
        """The same place with other settings."""
        return self._wrapped(open_store(self.url, StoreOptions(env=self.env | env, endpoint_url=self.endpoint)))


def on_server(server: Server) -> UnderTest:
    return UnderTest(server.name, f"s3://{server.bucket}/{uuid.uuid4().hex}", server.environment(), server)


def on_google(server: FakeGcs) -> UnderTest:
    return UnderTest("gcs", f"gs://{server.bucket}/{uuid.uuid4().hex}", {}, server, endpoint=server.endpoint_url)


def on_azurite(server: Azurite) -> UnderTest:
    return UnderTest(server.name, f"{server.url}/{uuid.uuid4().hex}", server.environment(), server)


def in_folder(root: Path) -> UnderTest:
    return UnderTest("folder", root.as_uri(), root=root)


def on_remote(remotes: Remotes, kind: str) -> UnderTest:
    name = uuid.uuid4().hex
    return UnderTest(
        f"rclone-{kind}", remotes.url(kind, name), remotes.environment(), behind=remotes.folder(kind, name)
    )


def sealed_in_folder(root: Path) -> UnderTest:
    """The sealed view of a folder store."""
    return UnderTest("sealed", root.as_uri(), root=root, sealed=True)


def md5(body: Buffer) -> bytes:
    return hashlib.md5(body).digest()


def put(
    store: Store, key: str, body: Buffer = b"content", mode: WriteMode | None = None, headers: Headers | None = None
) -> str:
    return store.put(key, body, mode=mode or Overwrite(), headers=headers or Headers(), md5=md5(body)).etag


def read(store: Store, key: str, start: int = 0, stop: int | None = None, if_match: str | None = None) -> bytes:
    with store.get(key, start=start, stop=stop, if_match=if_match) as reader:
        return b"".join(reader)


def keys(store: Store, prefix: str = "") -> list[str]:
    return sorted(info.key for info in store.list(prefix))


def send(store: Store, key: str, upload_id: str, number: int, body: bytes) -> Part:
    return Part(number, len(body), store.put_part(key, upload_id, number, body))


def noise(size: int) -> bytes:
    return os.urandom(size)
