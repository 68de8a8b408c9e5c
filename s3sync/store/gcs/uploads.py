"""Uploads in parts: each part is an object of its own below `.s3sync/multipart/`, and all are composed in the end.

Below the store's root lie `begun/<id>`, a record for each unfinished upload, and `parts/<id>/<number>`. The record is
the first to go when an upload ends, so that a part which comes late finds no record and is removed by its sender.

Source: https://cloud.google.com/storage/docs/composite-objects
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from s3sync.aside import Aside
from s3sync.core import limits
from s3sync.decoding import ready
from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed, StoreError
from s3sync.store.bodies import Sending
from s3sync.store.gcs.api import Json
from s3sync.store.gcs.composing import compose
from s3sync.store.gcs.crc32c import combined, crc32c
from s3sync.store.gcs.errors import HINTS
from s3sync.store.gcs.reading import MULTIPART
from s3sync.store.gcs.related import Related
from s3sync.store.gcs.requests import Requests
from s3sync.store.gcs.resources import (
    FIELDS,
    UPLOAD,
    base64_of,
    crc32c_of,
    generation_of,
    info_of,
    md5_of,
    metadata_of,
    resource_of,
)
from s3sync.store.lanes import headers as codec
from s3sync.store.lanes.bounded import whole
from s3sync.store.port import Body, Buffer, Create, Headers, Part, Upload, WriteMode

_ID = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[0-9]{5}")
_AT_ONCE = 8
_PIECE = 256 * 1024
MOST_RECORD = 64 * 1024


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Beginning of an upload. `key` is the whole key in the bucket."""

    key: str
    metadata: dict[str, str]
    content_type: str | None
    storage_class: str | None

    @property
    def headers(self) -> Headers:
        return Headers(self.metadata, self.content_type, self.storage_class)


class Uploads:
    """The unfinished uploads of one store. Keys here are whole keys in the bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io
        self.md5s: dict[str, str] = {}
        """Of wholes by their uploads' ids: what is composed has no MD5 but the one that is written beside it."""
        self._begun, self._parts = f"{io.root}{MULTIPART}begun/", f"{io.root}{MULTIPART}parts/"

    def start(self, key: str, headers: Headers) -> str:
        upload_id = secrets.token_hex(16)
        record = Record(key, dict(headers.metadata), headers.content_type, headers.storage_class)
        name, body = self._begun + upload_id, msgspec.json.encode(record)
        resource = {"name": name, "metadata": codec.encode({"key": key}), "contentType": "application/json"}
        self._send("begin the upload of", key, resource, body, {})  # of a name that nobody else has: it may come twice
        return upload_id

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        self._require_id(key, upload_id)
        name = self._part(upload_id, number)
        digest = base64_of(crc32c(body).to_bytes(4, "big"))
        stored = self._send(f"send part {number} of", key, {"name": name, "crc32c": digest}, body, {})
        if stored.get("crc32c") != digest:
            raise self._wrong_bytes(key)
        try:
            self._io.ask("send a part of", key, "GET", self._io.api.path_of(self._begun + upload_id), fields="name")
        except NotFound:
            self._remove([name])  # the upload ended meanwhile
            raise self._gone(key) from None
        md5 = md5_of(stored)
        if md5 is None:
            raise StoreError(f"could not send part {number} of {key}", why="the server tells no MD5 of it")
        return md5

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        self._record(key, upload_id)
        for number, item in sorted(self._stored(key, upload_id).items()):
            yield Part(number, info_of(item, "").size, md5_of(item) or "")

    def complete(self, key: str, upload_id: str, parts: Sequence[Part], mode: WriteMode) -> Json:
        """Compose the object. Raises `NotFound` for an upload that is gone, unless it is what made the object."""
        self._require_id(key, upload_id)
        try:
            record = self._record(key, upload_id)
        except NotFound:
            return self._made(key, upload_id, parts)
        there = self._stored(key, upload_id)
        for part in parts:
            if part.number not in there or md5_of(there[part.number]) != part.etag:
                why = f"part {part.number} was never sent, or is another one by now"
                raise NotFound(f"could not finish the upload of gs://{self._io.address.bucket}/{key}", why=why)
        chosen = [there[part.number] for part in parts]
        condition = self._io.condition(key, mode)
        self._look_first(key, mode, condition)
        first = info_of(chosen[0], "").size if chosen else 0
        resource = resource_of(record.headers)
        told = {"md5": self.md5s[upload_id]} if upload_id in self.md5s else {}
        resource["metadata"] = {**told, **resource.get("metadata", {}), UPLOAD: f"{upload_id} {first}"}
        try:
            made = compose(self._io, key, f"{self._parts}{upload_id}/", chosen, resource, condition)
        except (PreconditionFailed, NotFound):
            made = self._made(key, upload_id, parts, refused=True)
        expected = combined((crc32c_of(item) or 0, info_of(item, "").size) for item in chosen)
        if crc32c_of(made) != expected:
            raise self._wrong_bytes(key)
        self._clean_up(key, upload_id)
        self.md5s.pop(upload_id, None)
        return made

    def abort(self, key: str, upload_id: str) -> None:
        if _ID.fullmatch(upload_id):
            self._clean_up(key, upload_id)

    def listed(self, prefix: str) -> Iterator[Upload]:
        fields = "nextPageToken,items(name,generation,timeCreated,metadata)"
        most = limits.now.uploads_listed
        for page in self._io.pages("list the uploads below", self._begun, most=most, fields=fields):
            for item in page.get("items", ()):
                key = codec.decode(metadata_of(item)).get("key", "")
                upload_id = str(item.get("name", ""))[len(self._begun) :]
                if key.startswith(prefix) and key.startswith(self._io.root) and _ID.fullmatch(upload_id):
                    yield Upload(key[len(self._io.root) :], upload_id, _time(item))

    # -- what lies in the store

    def _part(self, upload_id: str, number: int) -> str:
        return f"{self._parts}{upload_id}/{number:05}"

    def _send(
        self, doing: str, key: str, resource: Mapping[str, Any], body: Buffer | Body, params: Mapping[str, str]
    ) -> Json:
        def call() -> Json:
            sending = Sending(body, self._io.pace.send)
            return self._io.api.upload(resource, Related(resource, sending, None), {**params, "fields": FIELDS})

        return self._io.on_full(doing, key, call)

    def _record(self, key: str, upload_id: str) -> Record:
        """Raises `NotFound` for an upload that is gone, or is of another key."""
        self._require_id(key, upload_id)
        name = self._begun + upload_id

        def call() -> bytes:
            with self._io.api.media(name, 0, MOST_RECORD) as answer:
                return whole(answer.raw, MOST_RECORD)

        try:
            record = msgspec.json.decode(self._io.on_full("read the upload of", name, call), type=ready(Record))
        except (NotFound, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self._gone(key) from None
        if record.key != key:
            raise self._gone(key)
        return record

    def _stored(self, key: str, upload_id: str) -> dict[int, Json]:
        folder = f"{self._parts}{upload_id}/"
        found: dict[int, Json] = {}
        for page in self._io.pages("list the parts of", folder, fields=f"nextPageToken,items({FIELDS})"):
            for item in page.get("items", ()):
                self._io.read("list the parts of", key, lambda item=item: info_of(item, ""))  # type: ignore[misc]
                number = str(item["name"])[len(folder) :]
                if _NUMBER.fullmatch(number):
                    found[int(number)] = item
        return found

    def _look_first(self, key: str, mode: WriteMode, condition: Mapping[str, str]) -> None:
        """Raise `PreconditionFailed` while all parts are there still: composing takes them away."""
        if not condition:
            return
        try:
            generation = generation_of(self._io.resource(key))
        except NotFound:
            generation = "0"
        if generation != condition["ifGenerationMatch"]:
            what = "is there already" if isinstance(mode, Create) else "is not the version that was expected"
            raise PreconditionFailed(f"gs://{self._io.address.bucket}/{key} {what}")

    def _made(self, key: str, upload_id: str, parts: Sequence[Part], *, refused: bool = False) -> Json:
        """The object, if this upload made it: the answer was lost, or the program was killed before it was there.

        That it names the upload is a word of whoever wrote it, and its CRC32C is easily made: it is read.
        """
        try:
            found = self._io.resource(key)
        except NotFound:
            found = {}
        if metadata_of(found).get(UPLOAD, "").partition(" ")[0] == upload_id and self._holds(key, found, parts):
            return found
        if refused:
            raise PreconditionFailed(f"gs://{self._io.address.bucket}/{key} is not the version that was expected")
        raise self._gone(key)

    def _holds(self, key: str, found: Json, parts: Sequence[Part]) -> bool:
        """True if the bytes of an object are those of these parts."""
        if self._io.read("read", key, lambda: info_of(found, "")).size != sum(part.size for part in parts):
            return False

        def call() -> bool:
            with self._io.api.media(key, 0, None, generation_of(found)) as answer:
                return all(self._next_md5(answer.raw, part.size) == part.etag for part in parts)

        return self._io.on_full("read", key, call)

    def _next_md5(self, stream: Any, size: int) -> str:
        digest, left = hashlib.md5(usedforsecurity=False), size
        while left and (piece := stream.read(min(left, _PIECE))):
            self._io.pace.receive(len(piece))
            digest.update(piece)
            left -= len(piece)
        return digest.hexdigest()

    def _clean_up(self, key: str, upload_id: str) -> None:
        """Remove the record, then the parts. Soft delete bills these for its days, unless composing took them."""
        self._remove([self._begun + upload_id])
        folder = f"{self._parts}{upload_id}/"
        for page in self._io.pages("list the parts of", folder, fields="nextPageToken,items(name,generation)"):
            self._remove([str(item["name"]) for item in page.get("items", ())])

    def _remove(self, names: Sequence[str]) -> None:
        def one(name: str) -> None:
            with suppress(NotFound):
                self._io.ask("remove a part of", name, "DELETE", self._io.api.path_of(name))

        if len(names) < 2:
            for name in names:
                one(name)
            return
        with Aside(_AT_ONCE, "s3sync-parts") as threads:
            for answer in [threads.submit(one, name) for name in names]:
                answer.result()

    # -- refusals

    def _require_id(self, key: str, upload_id: str) -> None:
        if not _ID.fullmatch(upload_id):
            raise self._gone(key)

    def _gone(self, key: str) -> NotFound:
        return NotFound(f"the upload of gs://{self._io.address.bucket}/{key} is gone", why="it was finished or aborted")

    def _wrong_bytes(self, key: str) -> ChecksumMismatch:
        what = f"could not write gs://{self._io.address.bucket}/{key}"
        return ChecksumMismatch(what, why="its bytes are not the ones that were sent", hint=HINTS[ChecksumMismatch])


def _time(item: Mapping[str, Any]) -> datetime:
    with suppress(ValueError):
        told = datetime.fromisoformat(str(item.get("timeCreated", "")))
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    return datetime.now(UTC)
