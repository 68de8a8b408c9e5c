"""Targets for what a repository, a source folder and a client hold: pins, files of git, photos, locks, typed names."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from s3sync import gitconfig, gitindex
from s3sync.archive.readers import Unsaid, exif, fits, movie
from s3sync.core import inboxes, pins
from s3sync.core.archive.imported import NotImportable
from s3sync.core.archive.importing import import_config
from s3sync.core.archive.rule_files import parse_rules
from s3sync.core.folder_names import project_reason
from s3sync.core.names import nfc, refuse_reason
from s3sync.core.picture_size import pixels_of
from s3sync.core.team import LockState, lock_id, read_lock
from s3sync.errors import ConfigError, StoreError
from s3sync.local import tracked
from s3sync.store.folder.marker import decode_marker

_NOW = datetime(2025, 11, 3, 10, 0, tzinfo=UTC)


def pin_file(data: bytes) -> None:
    """A pin file: names that can be synced, which are written as they were read, or `BadPins`."""
    with suppress(pins.BadPins):
        found = pins.parse(data.decode("utf-8", "replace"))
        assert all(refuse_reason(name) is None and nfc(name) == name == pin.name for name, pin in found.items())
        assert pins.parse(pins.render(found.values(), "s3-staging")) == found


def lock_record(data: bytes) -> None:
    """A lock: of the very file whose place it lies in, or unreadable."""
    lock = read_lock(lock_id("a.txt"), "e", data, _NOW, _NOW)
    assert lock.state is LockState.UNREADABLE or lock.name == "a.txt"


def marker(data: bytes) -> None:
    """The marker of a folder store: one that is known here, or a `StoreError`."""
    with suppress(StoreError):
        assert decode_marker(data, "/mnt/nas").schema <= 1


def git_settings(data: bytes) -> None:
    """Settings of a clone: a name for a project or none, and nothing that takes long."""
    for section, name, _, value in gitconfig._entries(data.decode("utf-8", "replace")):
        if section == "remote":
            found = gitconfig.name_in_url(value)
            assert found is None or (project_reason(found) is None and "/" not in found)
        assert len(name) <= len(data) and len(value) <= len(data)


def git_index(data: bytes) -> None:
    """An index of a clone: its paths, or an error; and what tracks our folder, in any of its versions."""
    with suppress(struct.error, IndexError, ValueError):
        assert all(len(path) <= gitindex._LONGEST for path in gitindex._paths(data, 20))
    wanted = tracked._Wanted("b63/s3-staging/.s3sync")
    for size in (tracked.SHA1, tracked.SHA256):
        tracked._find(data, wanted, size)
        tracked._find_packed(data, wanted, size)


def photo(data: bytes) -> None:
    """What a photo, a movie or a FITS file says of itself: values, or `Unsaid`."""
    for name in ("a.jpg", "a.nef"):
        with suppress(Unsaid):
            found = exif.photo_in(io.BytesIO(data), name)
            assert found.camera is None or len(found.camera) <= len(data)
    with suppress(Unsaid):
        movie.movie_in(io.BytesIO(data), len(data))
    for name in ("a.fits", "a.fits.gz"):
        with suppress(Unsaid):
            header = fits.header_in(io.BytesIO(data), name)
            list(header.keywords())
            fits.unread_site(header)
            degrees = fits.longitude(header)
            assert degrees is None or -360 <= degrees <= 360
            fits.observed(header)
    pixels = pixels_of(data)
    assert pixels is None or pixels >= 0


def rule_file(data: bytes) -> None:
    """Rules of a bucket that somebody wrote, and the settings of an older tool: values, or an error that says what."""
    with suppress(ConfigError):
        parse_rules(data, "rules.json")
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    with suppress(NotImportable):
        import_config(document)


def client_words(data: bytes) -> None:
    """What a client of a page typed: a name that every disk takes and nobody obeys, and his own, on one line."""
    text = data.decode("utf-8", "surrogateescape")
    name = inboxes.file_name(text)
    assert inboxes._is_good(name) and "/" not in name and nfc(name) == name
    client = inboxes.client_name(text)
    assert client.startswith(inboxes.CLIENT) and not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", client)
    free = inboxes.free_name(name, client, _NOW, {name}.__contains__)
    assert free != name and refuse_reason(free) is None
    inboxes.modified_ns(text)
    try:
        known = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    assert all(inboxes.is_inbox_id(key) for key in inboxes.read_inboxes(known))
    assert all(inboxes._is_good(one.name) for one in inboxes.read_claims(known).values())


TARGETS: dict[str, Callable[[bytes], None]] = {
    "pin_file": pin_file,
    "lock_record": lock_record,
    "marker": marker,
    "git_settings": git_settings,
    "git_index": git_index,
    "photo": photo,
    "rule_file": rule_file,
    "client_words": client_words,
}
_DEEP = b'{"x":' + b"[" * 3000
_INBOX = b"0" * 32
SEEDS: dict[str, list[bytes]] = {
    "pin_file": [
        b'schema: 1\nfiles:\n- {"name": "a.mp4", "size": 5, "md5": "%s"}\n' % (b"0" * 32),
        b"schema: 999999999\nfiles: []\n",
        b"files:\n- " + _DEEP,
        b"<<<<<<< a\n",
        b'files:\n- {"name": ".git/config", "size": 5, "md5": "%s"}\n' % (b"0" * 32),
    ],
    "lock_record": [
        b'{"schema":1,"name":"a.txt","by":"jan","for_s":3600,"nonce":"x"}',
        b'{"schema":9,"name":"a.txt","by":"jan"}',
        b'{"schema":1,"name":"a.txt","by":"jan","for_s":9223372036854775807,"nonce":"x"}',
        _DEEP,
    ],
    "marker": [b'{"format":"s3sync-store","schema":1,"id":"x","names":"escaped"}', b'{"schema":1e400}', _DEEP],
    "git_settings": [
        b'[remote "origin"]\n\turl = git@host:team/film.git\n[core]\n\thooksPath = "a\\"b" # x\n',
        b'[remote "' + b"\\" * 2000,
        b"[a]\nb = " + b'"' * 2000,
    ],
    "git_index": [
        b"DIRC\0\0\0\2\0\0\0\1" + b"\0" * 60 + b"\0\x0ab63/s3-staging/.s3sync/x\0\0",
        b"DIRC\0\0\0\4\xff\xff\xff\xff" + b"\0" * 62 + b"\0a\0" + b"\xff" * 200,
    ],
    "photo": [
        b"II*\0\x08\0\0\0\1\0\x10\1\2\0\4\0\0\0abc\0\0\0\0\0",
        b"\xff\xd8\xff\xe1\0\x20Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08",
        b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\x28moov\0\0\0\x20mvhd" + b"\1" + b"\xff" * 23,
        b"".join(
            card.ljust(80)
            for card in (
                b"SIMPLE  = T",
                b"NAXIS   = 0",
                b"DATE-OBS= '9999-12-31T23:59:60'",
                b"LONG-OBS= '7 59 9 W'",
                b"END",
            )
        ).ljust(2880),
        b"\xff\xd8\xff\xe1\0\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1",
        b"RIFF\4\0\0\0WEBPVP8X",
        b"GIF89a\1\0\1\0\xf7",
    ],
    "rule_file": [
        b'{"Rules":[{"ID":"a","Status":"Enabled","Filter":{"Prefix":"x/"},"Transitions":[{"Days":1,"StorageClass":"GLACIER"}]}]}',
        b'{"Rules":[' + b'{"Filter":' * 500,
        b'{"bucket":"b","local_base":"/x","projects":{"prefix":"p"}}',
        _DEEP,
    ],
    "client_words": [
        b"../../.git/config",
        "Käse‮ 1.mov".encode(),
        b"=?utf-8?Q?=00?=",
        b"CON.mp4",
        b"%2e%2e%2f",
        b'{"%s":{"by":"jan","at":"x","until":"x"}}' % _INBOX,
        b'{"%s/%s":{"etag":"e","name":"../x"}}' % (_INBOX, b"a" * 32),
        b"99999999999999999999",
    ],
}
