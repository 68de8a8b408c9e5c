"""What must hold for any bytes that a peer, a server or a teammate can put in front of a parser.

Each target takes bytes and raises when its promise is broken. Hypothesis (`test_parsers.py`) and the coverage-guided
fuzzer (`scripts/fuzz`) run the same ones.
"""

from __future__ import annotations

import json
import posixpath
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from s3sync.cli.output import ago_text, printable
from s3sync.config.envfile import READ, parse_env
from s3sync.config.files import REPO_KIND, parse_settings
from s3sync.core.entries import Entry
from s3sync.core.etag import MAX_PARTS, MIB, part_ranges
from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import Manifest
from s3sync.core.names import (
    conflict_name,
    nfc,
    path_of_key,
    refuse_reason,
    twins,
    windows_reason,
    without_case,
)
from s3sync.core.times import FILE_TIMES, format_ns, format_time, moment, parse_ns
from s3sync.core.unfinished import Direction, Unfinished, is_token
from s3sync.errors import ConfigError, ManifestError
from s3sync.local.patterns import compile_patterns
from s3sync.shared.manifest import parse_pieces
from s3sync.shared.parts import parse_part_file
from s3sync.state import schema
from s3sync.state.journal import Done
from s3sync.store.folder.files import Record, decode
from s3sync.store.folder.uploads import UploadRecord
from s3sync.store.lanes import headers
from s3sync.sync.case import respelled
from s3sync.trust.book import MOST_PLACES, parse_book
from tests.kit.manifests import text_of
from tests.promises.hostile import targets_of_files, targets_of_stores

WHEN = datetime(2025, 11, 3, 14, 30, tzinfo=UTC)
STAGING = PurePosixPath("/home/jan/v/b63/s3-staging")
WINDOWS_STAGING = PureWindowsPath("C:/v/b63/s3-staging")
PREFIX = "v/b63/"


def manifest(data: bytes) -> None:
    """A manifest that is written back without loss, or a `ManifestError`; no name of it leads elsewhere.

    Taken apart while it comes, it says the same.
    """
    found = _manifest(lambda: parse(data))
    length = 1 + len(data) % 97
    in_pieces = [data[start : start + length] for start in range(0, len(data), length)]
    assert _manifest(lambda: parse_pieces(lambda: in_pieces, 0)) == found
    if found is None:
        return
    for name, record in found.files.items():
        assert refuse_reason(name) is None and record.name == name == nfc(name)
    written = text_of(found)
    again = parse(written)
    assert not again.refused
    found.refused = {}
    assert again == found
    assert text_of(again) == written
    raw, kept = json.loads(data), json.loads(written)
    for field in raw.keys() - kept.keys():
        raise AssertionError(f"{field!r} was lost")
    for field in found.extra:
        assert kept[field] == raw[field]


def _manifest(read: Callable[[], Manifest]) -> Manifest | None:
    try:
        return read()
    except ManifestError:
        return None


def keys(data: bytes) -> None:
    """A key is s3sync's own, refused, or a path in the staging folder on every system."""
    rest = data.decode("utf-8", "surrogateescape")
    path = path_of_key(PREFIX, PREFIX + rest)
    if path is None:
        assert rest == "metadata.json" or rest.startswith(".s3sync/")
        return
    if refuse_reason(path) is not None:
        return
    target = STAGING / path
    assert posixpath.normpath(target) == str(target) == f"{STAGING}/{path}"
    first = path.split("/")[0]
    shown = "".join(char for char in first if unicodedata.category(char) != "Cf").casefold()
    assert shown.rstrip(". ") not in (".s3sync", "metadata.json")
    if windows_reason(path) is None:
        assert (WINDOWS_STAGING / path).parts == (*WINDOWS_STAGING.parts, *path.split("/"))
        assert not PureWindowsPath(path).is_reserved()
    copy = conflict_name(path, "jan", WHEN)
    assert refuse_reason(copy) is None and copy != path and nfc(copy) == copy
    assert f"{path}/".startswith(copy.rpartition("/")[0])
    assert printable(path) == "".join(printable(path).splitlines())


def spellings(data: bytes) -> None:
    """Paths of two sides on a disk that ignores case: a local one takes at most one of the remote's spellings."""
    mine, _, theirs = data.decode("utf-8", "replace").partition("\n\n")
    local = {nfc(line) for line in mine.split("\n") if refuse_reason(nfc(line)) is None}
    remote = {nfc(line) for line in theirs.split("\n") if refuse_reason(nfc(line)) is None}
    moved = respelled(local - remote, remote, local.__contains__)
    after = [moved.get(path, path) for path in local]
    assert len(set(after)) == len(local)
    for path, other in moved.items():
        assert path in local - remote and without_case(path) == without_case(other)
    assert respelled(set(after) - remote, remote, after.__contains__) == {}
    for path, other in twins(sorted((without_case(path), path) for path in local | remote)).items():
        assert path != other and {path, other} <= local | remote


def part_file(data: bytes) -> None:
    """Part digests for exactly this version, of a bounded number of parts, or None."""
    for size in (17 * MIB, 10**11):
        found = parse_part_file(data, "e", size)
        if found is not None:
            assert MIB <= found.part_size <= 5 * 1024 * MIB and len(found.xxh3) <= MAX_PARTS
            assert len(part_ranges(size, found.part_size)) == len(found.xxh3)


def records(data: bytes) -> None:
    """What a folder store keeps beside its objects, which anybody with the folder may write."""
    import msgspec

    decode(data, msgspec.json.Decoder(Record))
    upload = decode(data, msgspec.json.Decoder(UploadRecord))
    if upload is not None:
        format_time(upload.started)


def times(data: bytes) -> None:
    """A time that somebody wrote down: one that can be shown and written again, or none."""
    text = data.decode("utf-8", "surrogateescape")[:100]
    shown = ago_text(text, WHEN)
    assert printable(shown) == shown
    found = parse_ns(text)
    if found is not None:
        assert parse_ns(format_ns(found)) == found
        format_time(moment(found))
        if found in FILE_TIMES:
            assert abs(found) < 2**63 + 1


def metadata(data: bytes) -> None:
    """The headers of an object: what is decoded can be shown, and stored as JSON."""
    text = data.decode("latin-1")
    for value in headers.decode({"uploaded-by": text, "mtime": text}).values():
        value.encode("utf-8")
        parse_ns(value)
    value = data.decode("utf-8", "replace")
    assert headers.decode(headers.encode({"uploaded-by": value})) == {"uploaded-by": value}


def settings(data: bytes) -> None:
    """A settings file: settings, or a `ConfigError` that names the file."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    try:
        found = parse_settings(text, Path("/repo/.s3sync.yaml"), REPO_KIND)
    except ConfigError as error:
        assert ".s3sync.yaml" in error.message
        return
    assert found.keys() <= set(REPO_KIND.keys)


def env_file(data: bytes) -> None:
    """An env file: keys of the closed list with literal values, or a `ConfigError` that names the file."""
    try:
        found = parse_env(data.decode("utf-8"), Path("/repo/.video-tools.env"))
    except UnicodeDecodeError:
        return
    except ConfigError as error:
        assert ".video-tools.env" in error.message
        return
    assert found.keys() <= READ


def trusted_places(data: bytes) -> None:
    """The file of what the user trusts: whole places, or a `ConfigError` that names it."""
    try:
        found = parse_book(data, Path("/home/jan/trust/places.json"))
    except ConfigError as error:
        assert "places.json" in error.message
        return
    for place in found:
        assert all(isinstance(text, str) for text in (place.repository, place.store, place.at))
    assert len(found) <= MOST_PLACES


ROWS: tuple[Callable[[tuple[Any, ...]], object], ...] = (
    schema.base_row,
    schema.digest_row,
    schema.parts_row,
    schema.part_row,
    schema.partial_name,
    schema.transfer_row,
    schema.fact_row,
    schema.known_intent_row,
    lambda row: schema.intent_row(row, Done),
)
"""How each table of state.db is read. The number of columns is that of the row that is given."""


def state_rows(data: bytes) -> None:
    """A row of state.db: values that obey the rules of names, numbers and digests, or `ValueError` or `TypeError`.

    The first byte picks the table, the rest is a JSON list of what SQLite may hold.
    """
    if not data:
        return
    try:
        row = json.loads(data[1:])
    except (ValueError, RecursionError):
        return
    if not isinstance(row, list):
        return
    cells = tuple(cell if isinstance(cell, (int, float, str, type(None))) else json.dumps(cell) for cell in row)
    try:
        found = ROWS[data[0] % len(ROWS)](cells)
    except (ValueError, TypeError, IndexError):  # too few columns is what no query gives
        return
    if isinstance(found, tuple) and isinstance(found[0], str) and isinstance(found[1], Entry):
        assert refuse_reason(found[0]) is None and found[1].size >= 0
    if isinstance(found, Unfinished):
        assert refuse_reason(found.path) is None
        assert found.way is not Direction.DOWN or is_token(found.token)
        assert 0 <= found.done_bytes <= found.size
        if found.is_below(PREFIX):
            assert found.key.startswith(PREFIX) and path_of_key(PREFIX, found.key) == found.path


def ignore(data: bytes) -> None:
    """Ignore patterns: a test that answers, or a `ValueError`."""
    lines = data.decode("utf-8", "replace").splitlines()
    with suppress(ValueError):
        spec = compile_patterns(lines)
        for path in ("a/b.tmp", "a" * 60, "/".join("ab" * 10), "cut/"):
            spec.match_file(path)


def shown(data: bytes) -> None:
    """Whatever is shown is one line of characters that no terminal obeys."""
    for text in (data.decode("utf-8", "surrogateescape"), data.decode("utf-16-le", "replace")):
        line = printable(text)
        assert not any(unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" for char in line)
        line.encode("utf-8")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "manifest": manifest,
    "keys": keys,
    "spellings": spellings,
    "part_file": part_file,
    "records": records,
    "times": times,
    "metadata": metadata,
    "settings": settings,
    "env_file": env_file,
    "trusted_places": trusted_places,
    "state_rows": state_rows,
    "ignore": ignore,
    "shown": shown,
    **targets_of_stores.TARGETS,
    **targets_of_files.TARGETS,
}
