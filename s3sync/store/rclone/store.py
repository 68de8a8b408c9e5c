"""The `port.Store` on a remote of rclone."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import NoReturn

from s3sync.core.typed import typed
from s3sync.errors import (
    BucketMissing,
    ChecksumMismatch,
    ConfigError,
    NotFound,
    PreconditionFailed,
    StoreError,
    Unchanged,
    Unsupported,
)
from s3sync.store.bodies import pieces, size_of
from s3sync.store.lanes.turns import once
from s3sync.store.options import StoreOptions
from s3sync.store.port import (
    Body,
    Buffer,
    Capabilities,
    Create,
    Headers,
    ObjectHead,
    ObjectInfo,
    Overwrite,
    Part,
    Reader,
    Update,
    Upload,
    WriteMode,
    Written,
)
from s3sync.store.rclone import listing
from s3sync.store.rclone.client import WRITE_S, Client
from s3sync.store.rclone.daemon import daemon_for
from s3sync.store.rclone.hashing import Hashed
from s3sync.store.rclone.items import Facts, Item, Stat
from s3sync.store.rclone.mounted import require_elsewhere
from s3sync.store.rclone.reader import Changed, RcloneReader

SMALL = 1 << 20
"""Up to this size a body is sent without asking first whether its condition holds."""
ABANDONED = timedelta(days=7)
_LONGEST_KEY = 1024
_LOOKS = 5
"""Times that an object of any version is looked at anew, where others replace it between the look and the answer."""


class RcloneStore:
    """Objects are files of the remote below a folder. It keeps neither our metadata nor anybody's conditions.

    What a write relies on is looked at just before it; between the look and the write another may write.
    """

    def __init__(
        self, remote: str, path: str, options: StoreOptions, require_apart: Callable[[Path], None] | None = None
    ) -> None:
        """`require_apart` refuses a folder of this computer that overlaps the repository."""
        self.url = f"rclone:{remote}:{path}"
        self.capabilities = Capabilities(metadata=False)
        self.remote = remote
        self._fs, self._path, self._options = f"{remote}:", path, options
        self._root = f"{remote}:{path}"
        self._client = Client(daemon_for(options.env), remote, options.wire.read_timeout)
        self._refuse_overlap = require_apart
        self._lock, self._swept = Lock(), False

    @once
    def facts(self) -> Facts:
        """Abilities of the remote. Raises `ConfigError` for a folder of this computer that cannot be a store."""
        what = f"could not open {self.url}"
        found = self._client.ask("operations/fsinfo", what, Facts, {"fs": self._root})
        if found.features.is_local:
            self._require_apart(found)
        elif self._refuse_overlap is not None and self._options.repository is not None:
            repository = self._options.repository
            require_elsewhere(self._client, self._root, self.url, self._path, repository, self._refuse_overlap)
        if self._options.create:
            self._client.ask("operations/mkdir", what, dict, {"fs": self._root, "remote": ""}, reads=False)
        return found

    def _require_apart(self, found: Facts) -> None:
        kept = self._client.ask("config/get", f"could not open {self.url}", dict, {"name": self.remote})
        if kept.get("type") == "local" and not self._path.startswith("/"):
            raise ConfigError(
                f"{self.url} is no whole path", why="the remote is this computer", hint="write rclone:REMOTE:/path"
            )
        if self._refuse_overlap is not None:
            self._refuse_overlap(Path(found.root))

    @property
    def ignores_case(self) -> bool:
        """True if two names that differ only in case are one file there."""
        return self.facts.features.case_insensitive

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        _require_prefix(prefix)
        found = listing.items(self._client, self._root, prefix, self.facts.hash_kinds, recurse=True)
        if found is None:
            self._require_root()
            return
        yield from (info for info in listing.objects(self.url, prefix, found) if info.key > after)

    def folders(self, prefix: str) -> Iterator[str]:
        _require_prefix(prefix)
        assert self.facts is not None  # the remote is looked at first
        found = listing.items(self._client, self._root, prefix, [], recurse=False)
        if found is None:
            self._require_root()
            return
        yield from listing.folders(prefix, found)

    def _require_root(self) -> None:
        """Raises `BucketMissing` where not even the store's own folder is there."""
        if listing.items(self._client, self._root, "", [], recurse=False) is None:
            raise BucketMissing(
                f"could not open {self.url}",
                why="there is no such folder on the remote",
                hint=f"check its name; for a new one: rclone mkdir {typed(self._root)}",
            )

    def _stat(self, key: str, what: str) -> Item | None:
        with contextlib.suppress(NotFound, BucketMissing):
            kinds = self.facts.hash_kinds
            options = {"filesOnly": True, "showHash": bool(kinds), "hashTypes": kinds}
            values = {"fs": self._root, "remote": key, "opt": options}
            return self._client.ask("operations/stat", what, Stat, values).item
        return None

    def _found(self, key: str, what: str) -> Item:
        item = self._stat(key, what) if _is_name(key) else None
        if item is None or item.is_dir or item.size < 0:  # a listing has none without a size either
            raise NotFound(f"{key!r} is not in the store")
        return item

    def head(self, key: str) -> ObjectHead:
        item = self._found(key, f"could not look at {key!r}")
        return ObjectHead(item.info(key), {}, item.mime_type, item.has_md5)

    def first_part_size(self, key: str) -> int | None:
        return None

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        for _ in range(_LOOKS - 1):
            with contextlib.suppress(Changed) if if_match is None else contextlib.nullcontext():
                return self._opened(key, start, stop, if_match, if_none_match)
        return self._opened(key, start, stop, if_match, if_none_match)

    def _opened(self, key: str, start: int, stop: int | None, *conditions: str | None) -> RcloneReader:
        (if_match, if_none_match), item = conditions, self._found(key, f"could not read {key!r}")
        if if_match is not None and item.etag != if_match:
            raise PreconditionFailed(f"{key!r} is not the version that was expected")
        if item.etag == if_none_match:
            raise Unchanged(f"{key!r} is still the version that is known")
        end = item.size if stop is None else min(stop, item.size)
        path = f"{self._path}/{key}" if self._path and not self._path.endswith("/") else f"{self._path}{key}"
        return RcloneReader(self._client, self._fs, path, item.info(key), (start, max(start, end)), self._options.pace)

    def put(
        self,
        key: str,
        body: Buffer | Body,
        *,
        mode: WriteMode,
        headers: Headers,
        md5: bytes,
        timed: bool = False,
    ) -> Written:
        what = f"could not write {key!r}"
        _require_name(key)
        if headers.tags:
            raise Unsupported(f"could not tag {key!r}", why="an rclone store has no tags")
        self._require_moves(what)
        size = size_of(body)
        if size > SMALL:  # else the look before the move is enough
            self._require_mode(key, mode, what)
        self._sweep()
        name, hashed = uuid.uuid4().hex, Hashed(self._paid(body), next(iter(self.facts.hash_kinds), None))
        try:
            self._client.upload(self._root, listing.TEMPORARY, name, iter(hashed), size, what)
            if hashed.md5 != md5.hex() or hashed.size != size:
                raise ChecksumMismatch(what, why="its bytes are not the ones that were promised")
            self._require_mode(key, mode, what)
            self._move(f"{listing.TEMPORARY}/{name}", key, what)
        except BaseException:
            with contextlib.suppress(StoreError):
                self.delete(f"{listing.TEMPORARY}/{name}")
            raise
        return self._arrived(key, size, hashed.etag, what)

    def _require_moves(self, what: str) -> None:
        """rclone stores what it has of a small body that breaks off: so none gets its final name before it is whole."""
        if not (self.facts.features.move or self.facts.features.copy):
            raise Unsupported(
                what,
                why="this kind of remote can neither move nor copy, so that half of a file would look like a whole one",
                hint="use another remote; this one can be read",
            )

    def _arrived(self, key: str, size: int, etag: str | None, what: str) -> Written:
        """Look at what is there now: another may have written at the same moment, and the version has to be known."""
        there = self._stat(key, what)
        if there is None or there.size != size or (etag is not None and there.hashes and there.etag != etag):
            raise PreconditionFailed(what, why="somebody else wrote there at the same moment")
        return Written(there.etag, None)

    def _paid(self, body: Buffer | Body) -> Iterator[Buffer]:
        sent: Callable[[int], None] = getattr(body, "sent", lambda at: None)
        total = 0
        sent(total)
        for piece in pieces(body):
            self._options.pace.send(len(piece))
            total += len(piece)
            sent(total)
            yield piece

    def _require_mode(self, key: str, mode: WriteMode, what: str) -> None:
        """Raises `PreconditionFailed` where the condition does not hold now: nothing keeps it from ending to."""
        if isinstance(mode, Overwrite):
            return
        there = self._stat(key, what)
        if isinstance(mode, Create) and there is not None:
            if self.ignores_case:
                listing.refuse_other_case(self._client, self._root, key)
            raise PreconditionFailed(f"{key!r} is there already")
        if isinstance(mode, Update) and (there is None or there.etag != mode.etag):
            raise PreconditionFailed(f"{key!r} is not the version that was expected")

    def _move(self, source: str, target: str, what: str) -> None:
        values = {"srcFs": self._root, "srcRemote": source, "dstFs": self._root, "dstRemote": target}
        try:
            self._client.ask("operations/movefile", what, dict, values, lasts=WRITE_S, reads=False)
        except StoreError:
            if not listing.clear_empty(self._client, self._root, target):
                raise
            self._client.ask("operations/movefile", what, dict, values, lasts=WRITE_S, reads=False)

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        what = f"could not copy {source!r}"
        _require_name(target)
        if headers is not None and headers.tags:
            raise Unsupported(f"could not tag {target!r}", why="an rclone store has no tags")
        there = self._found(source, what)
        if there.etag != source_etag:
            raise PreconditionFailed(f"{source!r} is not the version that was expected")
        self._require_mode(target, mode, what)
        if source == target:
            return there.etag
        values = {"srcFs": self._root, "srcRemote": source, "dstFs": self._root, "dstRemote": target}
        self._client.ask("operations/copyfile", what, dict, values, lasts=WRITE_S, reads=False)
        return self._arrived(target, there.size, there.etag if there.hashes else None, what).etag

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        what = f"could not delete {key!r}"
        if if_match is not None:
            there = self._stat(key, what) if _is_name(key) else None
            if there is None or there.etag != if_match:
                raise PreconditionFailed(f"{key!r} is not the version that was expected")
        if _is_name(key):
            values = {"fs": self._root, "remote": key}
            with contextlib.suppress(NotFound, BucketMissing):
                self._client.ask("operations/deletefile", what, dict, values, reads=False)

    def _sweep(self) -> None:
        """Once: delete what an upload that was killed left behind a week ago."""
        with self._lock:
            if self._swept:
                return
            self._swept = True
        with contextlib.suppress(StoreError):
            for item in listing.items(self._client, self._root, f"{listing.TEMPORARY}/", [], recurse=False) or ():
                if not item.is_dir and item.modified < datetime.now(UTC) - ABANDONED:
                    self.delete(item.path)

    def start_upload(self, key: str, headers: Headers) -> str:
        _no_parts()

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        _no_parts()

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        _no_parts()

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        _no_parts()

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        _no_parts()

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Nothing was begun."""

    def list_uploads(self, prefix: str) -> Iterator[Upload]:
        return iter(())


def _no_parts() -> NoReturn:
    raise Unsupported("could not send a file in parts", why="an rclone store takes whole files only")


def _is_name(key: str) -> bool:
    """True for a key that every remote can be asked for."""
    if key.startswith(f"{listing.TEMPORARY}/"):
        return True
    parts = key.split("/")
    bad = any(part in ("", ".", "..") for part in parts) or any(ord(char) < 32 or ord(char) == 127 for char in key)
    return not bad and parts[0] != listing.RESERVED


def _require_name(key: str) -> None:
    if not _is_name(key) or len(key.encode("utf-8", "surrogatepass")) > _LONGEST_KEY:
        raise StoreError(f"could not write {key[:80]!r}", why="an rclone store holds no such name")


def _require_prefix(prefix: str) -> None:
    if prefix and not prefix.endswith("/"):
        raise StoreError(f"cannot list {prefix!r}", why="a prefix ends in `/`")
