"""MD5s of what two places hold under one path, as cheaply as they can be known.

In a folder the file is read once and remembered by its directory entry. In a store it is what is remembered by the
ETag, the ETag itself where it is an MD5, the object's metadata, or what the store keeps beside it; else a checksum that
both know tells that they are the same; else the object is read once, and remembered by its ETag.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from hashlib import md5

from s3sync.core.entries import Entry
from s3sync.core.etag import is_part_size, part_count, plain_md5
from s3sync.core.pairs import End
from s3sync.errors import NotFound, PreconditionFailed
from s3sync.local.digests import Digests, digest, file_checksum, local_etag
from s3sync.local.scan import LocalFile
from s3sync.pairs.values import Bucket, Found, Place
from s3sync.state.memory import StateDB
from s3sync.state.schema import CachedDigest
from s3sync.store.aspects import WholeChecksums, aspect
from s3sync.store.own_word import tells_content
from s3sync.store.whole_md5 import TellsWholeMd5
from s3sync.sync.scan import cache_entry, mtime_is_trustworthy
from s3sync.sync.view import is_of

SAME = "same"
"""In place of both MD5s, which nobody knows: the two files are the same by a checksum."""
_HEX = frozenset("0123456789abcdef")
_MD5_DIGITS = 32


class Knowledge:
    """Digests of what a place holds, remembered in its memory. May be asked by several threads; `save` by one."""

    def __init__(self, place: Place, memory: StateDB, pace: Callable[[int], None]) -> None:
        self.place, self._memory, self._pace = place, memory, pace
        self._cached = dict(memory.each_digest()) if not isinstance(place, Bucket) else {}
        self._tagged = dict(memory.each_base()) if isinstance(place, Bucket) else {}
        self._fresh: dict[str, CachedDigest] = {}
        self._new: dict[str, Entry] = {}

    # -- folders

    def digests(self, path: str, file: LocalFile) -> Digests:
        """Both digests of a file of this disk. Raises `LocalError`, `SourceChanged`."""
        cached = self._cached.get(path)
        if cached is not None and cached.xxh3 and is_of(cached, file):
            return Digests(cached.xxh3, cached.md5)
        now = time.time_ns()
        found = digest(file)
        self.note_file(path, file, found, now)
        return found

    def note_file(self, path: str, file: LocalFile, digests: Digests, hashed_at_ns: int | None = None) -> None:
        entry = cache_entry(file, digests)
        self._cached[path] = entry
        if mtime_is_trustworthy(file, time.time_ns() if hashed_at_ns is None else hashed_at_ns):
            self._fresh[path] = entry

    def known_file(self, path: str, file: LocalFile) -> Digests | None:
        """Digests that need no reading."""
        cached = self._cached.get(path)
        return Digests(cached.xxh3, cached.md5) if cached and cached.xxh3 and is_of(cached, file) else None

    # -- stores

    def remembered(self, path: str, found: Found) -> str | None:
        entry = self._tagged.get(path)
        return entry.md5 if entry is not None and (entry.size, entry.etag) == (found.size, found.etag) else None

    def note_object(self, path: str, size: int, etag: str, known: str | None) -> None:
        if known is not None:
            self._tagged[path] = self._new[path] = Entry(size, known, etag)

    def likely(self, path: str, found: Found) -> str | None:
        """MD5 by what costs no request: of an object with KMS it may be another's, which then equals nobody's."""
        if found.file is not None:
            return self.digests(path, found.file).md5
        return self.remembered(path, found) or plain_md5(found.etag)

    def told(self, path: str, found: Found) -> str | None:
        """MD5 by what the object says of itself; None where it says nothing."""
        if found.file is not None:
            return self.digests(path, found.file).md5
        known = self.remembered(path, found)
        if known is not None or not isinstance(self.place, Bucket):
            return known
        head = self.place.store.head(found.key)
        if head.info.etag != found.etag:
            raise PreconditionFailed(f"{path} was replaced in {self.place.shown} meanwhile")
        if head.etag_is_md5 and (known := plain_md5(found.etag)) is not None:
            return known
        said = head.metadata.get("md5", "")
        known = said if len(said) == _MD5_DIGITS and _HEX.issuperset(said) else self._kept(found)
        self.note_object(path, found.size, found.etag, known)
        return known

    def _kept(self, found: Found) -> str | None:
        assert isinstance(self.place, Bucket)
        tells = aspect(self.place.store, TellsWholeMd5)
        return tells.whole_md5_of(found.key) if tells is not None else None

    def read(self, path: str, found: Found) -> str:
        """MD5 by reading all of it. Raises `StoreError`."""
        assert isinstance(self.place, Bucket)
        running, size = md5(usedforsecurity=False), 0
        with self.place.store.get(found.key, if_match=found.etag) as reader:
            for chunk in reader:
                running.update(chunk)
                size += len(chunk)
                self._pace(len(chunk))
        if size != found.size:
            raise NotFound(f"{path} did not arrive whole", why=f"{size} of {found.size} bytes came")
        known = running.hexdigest()
        self.note_object(path, found.size, found.etag, known)
        return known

    def save(self) -> None:
        """Write down what was found out since the last time."""
        fresh, self._fresh = self._fresh, {}
        new, self._new = self._new, {}
        if self._memory.read_only:
            return
        self._memory.save(base=new, digests=fresh)

    def forget(self, path: str) -> None:
        self._cached.pop(path, None)
        self._tagged.pop(path, None)


def settle(
    path: str,
    a: Found,
    b: Found,
    of: Mapping[End, Knowledge],
    path_b: str | None = None,
    *,
    needs_md5: bool = True,
) -> tuple[str | None, str | None]:
    """MD5s of two files of one length: equal where the files are the same. `path_b`: where B's has another path.

    Without `needs_md5` nothing is read to know the MD5 of files that are the same: both are `SAME` then.
    Raises `LocalError`, `StoreError`.
    """
    one, two, other = of[End.A], of[End.B], path_b or path
    first, second = one.likely(path, a), two.likely(other, b)
    if first is not None and first == second:
        return first, second
    if not needs_md5 and _is_one_etag(a, b, of):
        return SAME, SAME
    first, second = one.told(path, a), two.told(other, b)
    if first is not None and second is not None:
        return first, second
    if checksums_agree(a, b, of):
        if first is None and second is None and not needs_md5:
            return SAME, SAME
        known = first or second or one.read(path, a)
        one.note_object(path, a.size, a.etag, known)
        two.note_object(other, b.size, b.etag, known)
        return known, known
    if first is None:
        first = one.read(path, a)
    return first, second if second is not None else two.read(other, b)


def proven(path: str, found: Found, knows: Knowledge) -> str | None:
    """MD5 that the bytes themselves prove: of a file that was read, or as the ETag where that is the server's own word.
    What metadata says is not asked."""
    if found.file is not None:
        return knows.digests(path, found.file).md5
    return plain_md5(found.etag) if tells(knows) else None


def tells(knows: Knowledge) -> bool:
    """True for a folder, whose files are read, and for a store whose ETags no writer chooses."""
    return not isinstance(knows.place, Bucket) or tells_content(knows.place.store)


def surely_same(
    path: str, a: Found, b: Found, of: Mapping[End, Knowledge], path_b: str | None = None
) -> tuple[bool, str | None]:
    """True if two files are the same by their bytes, with their MD5 where it is known: nobody's word counts.

    A CRC is a word, too: whoever writes there can make other bytes that have it (decision 0090). So is the hash of a
    remote of rclone, and what a folder store has noted (0175). Where nothing proves it, what lies there is read.

    Raises `LocalError`, `StoreError`.
    """
    if a.size != b.size:
        return False, None
    one, two, other = of[End.A], of[End.B], path_b or path
    first, second = proven(path, a, one), proven(other, b, two)
    if first is None or second is None:
        if tells(one) and tells(two) and etags_agree(a, b, of):
            return True, first or second
        first, second = first or one.read(path, a), second or two.read(other, b)
    return first == second, first


def etags_agree(a: Found, b: Found, of: Mapping[End, Knowledge]) -> bool:
    """True if a composite ETag, which is of MD5s, is that of both."""
    one, two = of[End.A].place, of[End.B].place
    if _is_one_etag(a, b, of):
        return True
    if isinstance(one, Bucket) and isinstance(two, Bucket):
        return False
    if isinstance(one, Bucket):
        return b.file is not None and _is_etag_of(one, a, b.file)
    return isinstance(two, Bucket) and a.file is not None and _is_etag_of(two, b, a.file)


def _is_one_etag(a: Found, b: Found, of: Mapping[End, Knowledge]) -> bool:
    """True for two objects that came in the same parts."""
    in_stores = all(isinstance(of[end].place, Bucket) for end in End)
    return in_stores and part_count(a.etag) is not None and a.etag == b.etag


def checksums_agree(a: Found, b: Found, of: Mapping[End, Knowledge]) -> bool:
    """True if a checksum that both know is the same: a composite ETag, or what a store keeps of the whole."""
    one, two = of[End.A].place, of[End.B].place
    if etags_agree(a, b, of):
        return True
    if isinstance(one, Bucket) and isinstance(two, Bucket):
        first, second = _checksum(one, a), _checksum(two, b)
        return first is not None and first == second
    if isinstance(one, Bucket) and b.file is not None:
        return _has_checksum(one, a, b.file)
    return isinstance(two, Bucket) and a.file is not None and _has_checksum(two, b, a.file)


def _checksum(place: Bucket, found: Found) -> str | None:
    whole = aspect(place.store, WholeChecksums)
    return whole.checksum_of(found.key) if whole is not None else None


def _is_etag_of(place: Bucket, found: Found, file: LocalFile) -> bool:
    parts = part_count(found.etag)
    size = place.store.first_part_size(found.key) if parts is not None else None
    known = parts is not None and size is not None and is_part_size(found.size, parts, size)
    return known and size is not None and local_etag(file, size) == found.etag


def _has_checksum(place: Bucket, found: Found, file: LocalFile) -> bool:
    whole, told = aspect(place.store, WholeChecksums), _checksum(place, found)
    running = whole.new_checksum() if whole is not None and told is not None else None
    return running is not None and file_checksum(file, running) == told
