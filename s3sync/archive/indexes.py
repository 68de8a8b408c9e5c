"""Indexes in the store: one beside each archive; without a container one file of rows for each set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from functools import partial
from hashlib import md5
from typing import Protocol

from msgspec import Struct

from s3sync.core.archive.index import BROKEN, MOST_BYTES, index_pieces, index_text, memory_of, parse_index
from s3sync.core.archive.records import Archived
from s3sync.core.archive.values import Index, Pack, index_key
from s3sync.core.names import STATE_DIR
from s3sync.core.times import format_time
from s3sync.errors import ArchiveError, LostRace, NotFound, PreconditionFailed
from s3sync.store.aspects import aspect
from s3sync.store.bodies import Remade
from s3sync.store.port import Buffer, Create, Headers, Overwrite, Store, Update, WriteMode
from s3sync.store.seals import Seals

SUFFIX = index_key("")
IN_ONE_PIECE = 4000
"""Members of an index that is sent as bytes: about 1 MiB, for which S3 needs no botocore."""
SMALL = 1 << 20
MOST_MEMORY = 640_000_000
"""Bytes of memory for one index: one of a million members counts as 610 MB, and a command has 1 GiB."""
MOST_ROWS = 2_000_000
"""Lines of a set's rows: of empty ones the largest file would have as many as it has bytes."""
MOST_TOLD = 20
"""Lines that cannot be used of which each is told."""
_LINE_HINT = (
    "nothing was changed: the files of that line's unit are where they were, and what only reads goes on with the "
    "other lines. Before anything is written there, put back the file as it was (a bucket that keeps versions has it), "
    "or keep a copy of it and take out the line: `s3sync archive run` where the unit's files are writes its line again"
)
_ROUNDS = 20
_JSON, _ROWS = "application/json", "application/x-ndjson"


def rows_key(set_name: str) -> str:
    """Key of the rows of a set without containers, below the set's store."""
    return f"{STATE_DIR}/archive/{set_name}.jsonl"


def read_index(store: Store, key: str, *, fits: bool = False) -> Index:
    """Index of the archive with this key. Raises `NotFound`, `ArchiveError` for one that cannot be used.

    `fits`: one that would take more memory than a command has cannot be used either.
    """
    name = index_key(key)
    text, _ = read_text(store, name)
    if fits:
        _require_memory([text], f"{store.url}/{name}")
    return parse_index(text, key, f"{store.url}/{name}")


def small_index(store: Store, key: str) -> Index | None:
    """The same of one with `SMALL` bytes at most, of which many may be read at once; None for a larger one."""
    name = index_key(key)
    with store.get(name) as reader:
        text = bytearray()
        for chunk in reader:
            text += chunk
            if len(text) > SMALL:
                return None
    return parse_index(bytes(text), key, f"{store.url}/{name}")


def _require_memory(texts: Iterable[bytes], where: str) -> None:
    """Raise `ArchiveError` for what takes more memory than a command has. What is no index is found by who reads it."""
    total = 0
    for text in texts:
        with suppress(ValueError):
            total += memory_of(text)
        if total > MOST_MEMORY:
            raise ArchiveError(
                f"cannot use {where}",
                why="it would take more memory than a command may have",
                hint="ask whoever wrote it; all others are read",
            )


def index_of(store: Store, archive: Archived, *, only_reads: bool = False) -> Index | None:
    """Index of an archive that the catalogue has, as the store has it now; None where it has none any more.

    The user named a unit by the catalogue's words: an index that is of another unit or set by now is refused, as it
    could lead elsewhere than where what was looked at does. Of an encrypted repository an older one is refused, too:
    somebody put it back. Raises `ArchiveError`. `only_reads`: a line of rows that cannot be used hides no other.
    """
    try:
        found = row_of(store, archive, only_reads) if archive.pack is Pack.NONE else read_index(store, archive.key)
    except NotFound:
        return None
    if found is not None and (found.set, found.unit) != (archive.set, archive.unit):
        raise ArchiveError(
            f"cannot use the index of {store.url}/{archive.key}",
            why=f"the catalogue of this computer has it as {archive.unit}, and it now says {found.unit:.200}",
            hint="`s3sync archive catalogue rebuild` takes in what others wrote; look at it with `archive list`",
        )
    if found is not None and is_older(store, found, archive):
        raise ArchiveError(
            f"the index of {store.url}/{archive.key} is an older one than this computer knows",
            why=f"it is of {format_time(found.created_at)}, and one of {archive.uploaded_at} was there: somebody put"
            " it back, or sent the unit with a clock that is behind",
            hint="ask the others; where it is meant to be, `s3sync archive catalogue rebuild` takes it in",
        )
    return found


def is_older(store: Store, found: Index, known: Archived) -> bool:
    """True for an index in a sealed store that was written before the one that the catalogue has."""
    return aspect(store, Seals) is not None and format_time(found.created_at) < known.uploaded_at


def write_index(store: Store, index: Index) -> str:
    """Put an index beside its archive, in the place of an older one, and give back its ETag."""
    if len(index.members) <= IN_ONE_PIECE:
        return _put(store, index_key(index.key), index_text(index), Overwrite(), _JSON)
    body = Remade(partial(index_pieces, index))
    return store.put(
        index_key(index.key), body, mode=Overwrite(), headers=Headers(content_type=_JSON), md5=body.md5
    ).etag


def row_of(store: Store, archive: Archived, only_reads: bool) -> Index | None:
    """Index of an archive without container; None where no row has it. Raises `ArchiveError`."""
    if not only_reads:
        return read_rows(store, archive.set).get(archive.key)
    rows = usable_rows(store, archive.set)
    found = rows.indexes.get(archive.key)
    if found is None and rows.unusable:
        raise rows.unusable[0]  # it may be the archive's
    return found


class Rows(Struct, frozen=True):
    """Rows of a set: the indexes of its units, by key, and what is wrong with each line that cannot be used."""

    indexes: dict[str, Index]
    unusable: tuple[ArchiveError, ...]


def read_rows(store: Store, set_name: str) -> dict[str, Index]:
    """Indexes of a set's units without container, by key, for who goes on to write.

    Raises `ArchiveError`, also for a single line that cannot be used: nobody knows which unit it is of.
    """
    try:
        text, _ = _read(store, rows_key(set_name))
    except NotFound:
        return {}
    return dict(_parsed(store, set_name, text))


def usable_rows(store: Store, set_name: str, *, fits: bool = False) -> Rows:
    """The same for who only reads: a line that cannot be used hides no other, and is told; of many the first ones.

    Raises `ArchiveError` for what is no file of rows as a whole; `fits` as in `read_index`.
    """
    try:
        text, _ = _read(store, rows_key(set_name))
    except NotFound:
        return Rows({}, ())
    if fits and text.count(b"\n") <= MOST_ROWS:
        _require_memory(_lines(text), f"{store.url}/{rows_key(set_name)}")
    unusable, more = list[ArchiveError](), 0

    def told(error: ArchiveError) -> None:
        nonlocal more
        if len(unusable) < MOST_TOLD:
            unusable.append(error)
        else:
            more += 1

    found = {index.key: index for _, index in _read_lines(store, set_name, text, told)}
    if more:
        where = f"{store.url}/{rows_key(set_name)}"
        unusable.append(ArchiveError(f"cannot use {more:,} more lines of {where}", hint=_LINE_HINT))
    return Rows(found, tuple(unusable))


def read_digests(store: Store, set_name: str) -> dict[str, str | None]:
    """MD5 of a set's units without container, by key, where they have one. Raises `ArchiveError`."""
    try:
        text, _ = _read(store, rows_key(set_name))
    except NotFound:
        return {}
    return {key: index.md5 for key, index in _parsed(store, set_name, text)}


def _without(store: Store, set_name: str, text: bytearray, keys: Set[str]) -> bytearray:
    """The text without the lines of these keys: itself, if there are none. Each line can be read, or it raises."""
    going = {line for line, index in _read_lines(store, set_name, text) if index.key in keys}
    if not going:
        return text
    kept = bytearray()
    for line in _lines(text):
        if line not in going:
            kept += line + b"\n"
    return kept


def _parsed(store: Store, set_name: str, text: bytearray) -> Iterator[tuple[str, Index]]:
    for _, index in _read_lines(store, set_name, text):
        yield index.key, index


def _refused(error: ArchiveError) -> None:
    raise error


def _read_lines(
    store: Store, set_name: str, text: bytearray, told: Callable[[ArchiveError], None] = _refused
) -> Iterator[tuple[bytes, Index]]:
    """Lines that can be used, each with its index. `told` gets the error of each other one."""
    where = f"{store.url}/{rows_key(set_name)}"
    if text.count(b"\n") > MOST_ROWS:
        raise ArchiveError(f"cannot use {where}", why=f"it has more than {MOST_ROWS:,} lines")
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        try:
            index = parse_index(line, None, f"line {number} of {where}")
        except ArchiveError as error:
            error.hint = _LINE_HINT if error.hint == BROKEN else error.hint
            told(error)
            continue
        yield line, index


def _lines(text: bytearray) -> Iterator[bytes]:
    """Lines one by one; no other letter ends one than the one that is counted."""
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin)
        end = len(text) if end < 0 else end
        yield bytes(text[begin:end])
        begin = end + 1


def add_rows(store: Store, set_name: str, added: Iterable[Index], gone: frozenset[str] = frozenset()) -> None:
    """Add rows by compare-and-swap; one of the same key is replaced, those of the keys `gone` are left out.

    Rows that this program cannot read are an error, and nothing is written.
    """
    rows = {index.key: index_text(index) for index in added}
    for _ in range(_ROUNDS):
        mode: WriteMode
        try:
            text, etag = _read(store, rows_key(set_name))
            mode = Update(etag)
        except NotFound:
            text, mode = bytearray(), Create()
        text = _without(store, set_name, text, rows.keys() | gone)
        while text.endswith(b"\n"):
            del text[-1:]
        for row in rows.values():
            text += (b"\n" if text else b"") + row
        text += b"\n" if text else b""
        try:
            _put(store, rows_key(set_name), text, mode, _ROWS)
            return
        except PreconditionFailed:
            del text
    raise LostRace(
        f"could not write {store.url}/{rows_key(set_name)}",
        why="others kept writing it at the same time",
        hint="run the command again: what was sent is there",
    )


class TakesRows(Protocol):
    """Whoever takes in the index of a unit without container."""

    def put(self, index: Index) -> None:
        """Take in a row."""


class RowBook:
    """Rows of a set without container: read once for a run, and written for many units at a time."""

    def __init__(self, store: Store, set_name: str) -> None:
        self._store, self._set = store, set_name
        self._rows, self._new = read_rows(store, set_name), dict[str, Index]()

    def get(self, key: str) -> Index | None:
        return self._new.get(key) or self._rows.get(key)

    def put(self, index: Index) -> None:
        """Take in a row, which is in the store after the next `flush`."""
        self._new[index.key] = index

    def flush(self) -> list[Index]:
        """Write what was taken in; give it back. Raises as `add_rows` does, and then has it still."""
        written = list(self._new.values())
        if written:
            add_rows(self._store, self._set, written)
            self._rows |= self._new
            self._new = {}
        return written


def read_text(store: Store, key: str) -> tuple[bytes, str]:
    """Bytes of an index or its like, and its ETag. Raises `NotFound`, `ArchiveError` for one that is far too large."""
    text, etag = _read(store, key)
    return bytes(text), etag


def _read(store: Store, key: str) -> tuple[bytearray, str]:
    """The same without a copy of it, which rows of a set would feel: their text is most of what a run takes."""
    text = bytearray()
    with store.get(key) as reader:
        for chunk in reader:
            text += chunk
            if len(text) > MOST_BYTES:
                raise ArchiveError(
                    f"cannot use {store.url}/{key}", why="it is larger than any index that s3sync writes"
                )
        return text, reader.info.etag


def _put(store: Store, key: str, body: Buffer, mode: WriteMode, content_type: str) -> str:
    digest = md5(body, usedforsecurity=False).digest()
    return store.put(key, body, mode=mode, headers=Headers(content_type=content_type), md5=digest).etag
