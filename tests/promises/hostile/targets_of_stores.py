"""Targets for the parsers of what other clouds, sealed stores, queues and archives give."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from s3sync.core.archive.index import memory_of, parse_index
from s3sync.core.history import month_of, read_event
from s3sync.core.manifest.merge import PATH, Statement, Thing, ahead, merged, outdone, own_after
from s3sync.core.sealed import HEADER, MAGIC, Sphere, opened_size
from s3sync.errors import ArchiveError, ConfigError, ManifestError, NotAStore, NotAuthentic, UsageError
from s3sync.keys.own import key_of
from s3sync.keys.wrapping import new_identity, recipient_of, unwrap, wrap
from s3sync.local.patterns import is_readable
from s3sync.organize.journal import decoded
from s3sync.shared.history import read_lines
from s3sync.shared.own_manifests import MOST_REVISION, _decoded, _manifest, _of_shared, _records
from s3sync.state.queued import _read as read_wish
from s3sync.store.azure import blocks, names
from s3sync.store.gcs.failures import refusal
from s3sync.store.gcs.resources import head_of, info_of, token_of
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.rclone.items import Facts, Item, Listing, Said, Stat
from s3sync.store.sealed.blocks import open_block, seal_block
from s3sync.store.sealed.keys import SECRET_BYTES, RepositoryKey
from s3sync.store.sealed.side import read_side
from s3sync.sync.selection import _pattern as read_pattern
from s3sync.sync.selection import wanted_by

_KEY = RepositoryKey(bytes(range(SECRET_BYTES)))
_SPHERE = _KEY.sphere(Sphere("v", "b63"))
SEALED = seal_block(_KEY.id, _SPHERE, b"draft" * 20)


@cache
def _identity() -> str:
    return new_identity()


def wishes(data: bytes) -> None:
    """A row of the queue, its value and after a NUL its name: what lies in the staging folder, or nothing."""
    value, _, key = data.partition(b"\0")
    wish = read_wish(key, value)
    assert wish is None or (".." not in wish.word.split("/") and wish.word == key.decode())


def selection(data: bytes) -> None:
    """A row of a selection: a pattern that can be compiled, or none."""
    key, _, value = data.partition(b"\0")
    pattern = read_pattern(key, value)
    if pattern is not None and is_readable(pattern):
        wanted_by([pattern])("raw/a.mov")


def sealed(data: bytes) -> None:
    """A sealed block and the record beside one: what a member sealed for this place, or `NotAuthentic`."""
    with suppress(NotAuthentic):
        assert open_block(_KEY.id, _SPHERE, data, "a.mp4") == b"draft" * 20
    with suppress(NotAuthentic):
        assert open_block(_KEY.id, _SPHERE, MAGIC + _KEY.id + data.ljust(HEADER, b"x"), "a.mp4") == b"draft" * 20
    size = opened_size(len(data))
    assert size is None or 0 <= size <= len(data)
    assert all(isinstance(value, str) for value in read_side(data, "e").values())


def wrapped(data: bytes) -> None:
    """A wrapped key that somebody put into the store: none of ours."""
    with suppress(NotAuthentic):
        assert unwrap(b"age-encryption.org/v1\n" + data, "v", _identity()) is None


def rclone(data: bytes) -> None:
    """An answer of rclone: values with a version and a time, or what is no answer."""
    for kind in (Listing, Stat, Facts, Said, Item):
        try:
            found: Any = msgspec.json.decode(data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        items = found.found if kind is Listing else [found.item] if kind is Stat else [found] if kind is Item else []
        for item in items:
            if item is not None and item.size >= 0:
                info = item.info(item.path)
                assert info.etag and info.modified.tzinfo is not None
        if kind is Facts:
            assert len(found.hash_kinds) <= 1


def google(data: bytes) -> None:
    """An object as Cloud Storage tells of it, or a refusal: one of our failures."""
    found = refusal(403, data)
    assert len(f"{found.code}{found.message}") < 100_000
    try:
        item = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if isinstance(item, dict):
        with suppress(RequestFailed, NotAStore):
            info = info_of(item, "")
            assert info.etag == token_of(item) and info.modified.tzinfo is UTC and 0 <= info.size < math.inf
            json.dumps([list(head_of(item, "").metadata.items()), info.key])


def azure(data: bytes) -> None:
    """What Azure keeps of ours: metadata, ids of blocks, records of uploads."""
    text = data.decode("latin-1")
    assert names.decode(names.encode({"name": text})) == {"name": text}
    names.decode({text: text})
    block = blocks.read_id(text)
    assert block is None or blocks.read_id(block.id) == block
    blocks.read_record(data)


def archive_index(data: bytes) -> None:
    """An index of an archive: within what was told of its memory, or an `ArchiveError`."""
    with suppress(ValueError):
        assert memory_of(data) >= len(data)
    with suppress(ArchiveError):
        index = parse_index(data, None, "an index")
        assert all(member.size >= 0 and member.offset >= 0 for member in index.members)


_UNTIL = "2025-11-04T10:00:00Z"
_OURS = {
    (kind, name): Statement(kind, name, 3, "2025-11-03T10:00:00Z", "david", value)
    for kind, name, value in (
        (PATH, "a", {"files": {"name": "a", "size_bytes": 1, "uploaded_by": "david", "uploaded_at": ""}}),
        ("members", "jan", None),
    )
}


def own_manifest(data: bytes) -> None:
    """A user's own manifest: one that is merged and outdone by whoever saw it, or a `ManifestError`."""
    with suppress(ManifestError):
        _of_shared(data)
    with suppress(ManifestError):
        text = _decoded(data, "metadata.jan.json")
        theirs = {one.thing: one for one in text.statements}
        best = merged(_OURS, theirs, until=_UNTIL)
        assert best == merged(theirs, _OURS, until=_UNTIL) and all(at > _UNTIL for at in [ahead(theirs, _UNTIL)] if at)
        for some in outdone([_OURS, theirs], best).values():
            _records(some)
        new: dict[Thing, Any] = dict.fromkeys(best)
        mine = own_after(_OURS, [theirs], new, MOST_REVISION, "2025-11-03T10:00:00Z", "david", _UNTIL)
        after = merged(theirs, mine, until=_UNTIL)
        assert all(one.value is None or one.at == _UNTIL for one in after.values()), "who saw it has the last word"
        _manifest("v/b63/", best, text.revision)


def history(data: bytes) -> None:
    """A month of the history: events that can be told, and a count of lines that are none."""
    events, bad = read_lines(data)
    assert bad >= 0 and all(isinstance(event.verb, str) for event in events)
    for event in events:
        assert len(month_of(event.at)) == len("2025-11")
    read_event(data)


def journal(data: bytes) -> None:
    """A journal of organize, its plan behind a NUL: lines that can be taken back, or a `UsageError`."""
    told, _, planned = data.partition(b"\0")
    with suppress(UsageError):
        head, lines = decoded("run", told, planned if planned else None)
        assert len(head.cwd) <= len(data) and len(lines) <= len(data)


def key_file(data: bytes) -> None:
    """A file of a key, one that was exported, and an identity: ours, or one of our errors."""
    with suppress(ConfigError):
        key_of(data, Path("key"), ("file:///s", "v"))
    with suppress(UsageError):
        recipient_of(data.decode("utf-8", "replace"))
    for wrapper in (b"", b"age1", b"ssh-ed25519 "):
        with suppress(UsageError):
            wrap(_KEY, "v", (wrapper + data).decode("utf-8", "replace"))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "wishes": wishes,
    "selection": selection,
    "history": history,
    "journal": journal,
    "key_file": key_file,
    "sealed": sealed,
    "wrapped": wrapped,
    "rclone": rclone,
    "google": google,
    "azure": azure,
    "archive_index": archive_index,
    "own_manifest": own_manifest,
}
_DEEP = b'{"x":' + b"[" * 3000
_ITEM = b'{"Path":"a","Size":1,"ModTime":"2025-11-03T10:00:00Z","IsDir":false,"Hashes":{"md5":"aa"}}'
SEEDS: dict[str, list[bytes]] = {
    "wishes": [
        b'{"word":"cut/a.mp4","at":"2025-11-03T10:00:00Z"}\0cut/a.mp4',
        _DEEP,
        b"\0\xff",
        b'{"word":"\\ud800"}\0',
    ],
    "selection": [b"001\0raw/", b"001\0!**/a/**/[[:alpha:]]*", b"1000\0x", b"001\0\\", b"\xff\0\xff"],
    "history": [
        b'{"schema":1,"id":"e","at":"2026-01-01T00:00:00Z","by":"jan","verb":"up","files":[{"name":"a","did":"sent"}]}\n',
        b'{"id":"e","at":"0001-01-01T00:00:00+14:00","by":"\\ud800","verb":"x"}\n\n{',
        _DEEP,
    ],
    "journal": [
        b'{"source":"a","target":"b","layout":"{name}","cwd":"/","flags":{}}\n'
        b'{"old":"a","new":"../b","size":-1,"old_etag":"","new_etag":"at:0:0","md5":null}\n',
        b'{"source":"a"}\n\0' + _DEEP,
    ],
    "key_file": [
        b'{"schema":1,"store":"file:///s","repo":"v","key":"AAAA"}',
        b"AGE-SECRET-KEY-1QQQQ",
        b"age1qqqq",
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== x",
        b"ssh-rsa " + b"A" * 600,
        _DEEP,
    ],
    "sealed": [SEALED, SEALED[:-1], b"s3c", b'{"schema":1,"etag":"e","metadata":{"md5":"a"}}', _DEEP],
    "wrapped": [b"-> X25519 c2hhcmU\nYm9keQ\n--- bWFj\nxxxx", b"-> ssh-ed25519 a b\n", b""],
    "rclone": [
        b'{"list":[' + _ITEM + b"]}",
        b'{"item":' + _ITEM + b"}",
        b'{"Features":{"Copy":true},"Hashes":["md5"]}',
        _DEEP,
    ],
    "google": [
        b'{"name":"a","size":"1","generation":"5","updated":"2025-11-03T10:00:00Z","metadata":{"a":"b"}}',
        b'{"name":"a","size":"1","generation":"5","updated":"0001-01-01T00:00:00+14:00"}',
        b'{"error":{"errors":{"x":1}}}',
        b'{"error":{"errors":[{"reason":"conditionNotMet"}],"message":"no"}}',
        b"[" * 200_000,
    ],
    "azure": [blocks.Block(b"x" * 12, 1, 2, b"y" * 16).id.encode(), b"a-_x41", b'{"key":"a","headers":{}}', _DEEP],
    "archive_index": [b'{"format":1,"key":"raw/u1.tar","unit":"u1","members":[]}', b'{"format":9}', _DEEP],
    "own_manifest": [
        b'{"user":"jan","revision":3,"statements":[{"kind":"path","name":"a","revision":3,"at":"2025","by":"jan",'
        b'"value":{"files":{"name":"a","size_bytes":1,"uploaded_by":"jan","uploaded_at":""}}}]}',
        b'{"statements":[{"kind":"events","name":"a","revision":3,"at":"","by":"","value":{"event":5}}]}',
        *(
            b'{"statements":[{"kind":"%s","name":"%s","revision":9007199254740992,"at":"2025-11-04T09:00:00Z",'
            b'"by":"jan","value":%s}]}' % said
            for said in (
                (b"conflicts", b"[]", b'{"name":"a","kept_as":"b","at":"","by":"jan"}'),
                (b"members", b"jan", b'{"last_sync":"2025"}'),
                (b"receipts", b"jan", b"{}"),
                (b"inboxes", b"x", b'{"by":"jan"}'),
                (b"arriving", b"a", b"1"),
                (b"head", b"sync", b'["2025","jan"]'),
                (b"head", b"sync", b"5"),
                (b"head", b"cleaned", b'{"at":"2025","by":"jan"}'),
                (b"field", b"files", b"[1]"),
                (b"field", b"more", b"{}"),
                (b"path", b"a", b'{"files":5,"deleted":[]}'),
                (b"path", b"a", b"null"),
                (b"path", b"a", b"1"),
            )
        ),
        b'{"files":[{"name":"a"}],"deleted":[{"name":"a"}],"conflicts":[{"name":"a","kept_as":"b"}],"events":[{"id":"a"}],'
        b'"members":{"jan":{}},"last_sync":"2025","cleaned":{},"more":1}',
        b'{"files":5,"members":[1],"events":{"id":1}}',
        _DEEP,
    ],
}
