"""Files in the two trashes: found by what is there, because no index is kept that could get lost."""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from s3sync.aside import Aside
from s3sync.core.batches import batched
from s3sync.core.etag import part_count, plain_md5
from s3sync.core.names import STATE_DIR, nfc, refuse_reason, short_text
from s3sync.core.records import bounded, is_hashed, old_records, read_stamp, records
from s3sync.core.times import format_time, moment, parse_time
from s3sync.errors import ENDS_THE_RUN, LocalError, NotFound, StoreError
from s3sync.local.digests import digest
from s3sync.local.scan import look_at
from s3sync.local.trash import delete_trashed, trashed
from s3sync.project import ProjectFolder
from s3sync.shared.scan import LOOKUPS_AT_ONCE, LOOKUPS_IN_LINE, RemoteFile
from s3sync.spill.table import SpilledDict
from s3sync.store import bucket_of
from s3sync.store.port import Headers, ObjectHead, ObjectInfo, Overwrite, Store
from s3sync.sync.session import Session

CLOCK = "clock"
"""Name of the empty object by which a store tells its time. It is one name, so that a killed run leaves one at most,
and the next run takes it away."""

YOUNG = timedelta(days=1)
"""Age below which a trash is not tidied: a run may be about to replace what it put there, or be undone."""


class UnnamedInTrash(UserWarning):
    """Something in the remote trash has a hashed name, and its own cannot be asked for."""


class Trashed(Struct, frozen=True):
    """One file in a trash. `where` is its key, or its path on this disk. `at` and `by` are when it went and who did it.

    `etag` is only there on the remote. `lives_on`: it is in no trash, as its content is on the remote under that name.
    """

    side: str
    name: str
    where: str
    size: int
    at: str | None
    by: str | None
    etag: str | None = None
    order: float = 0
    """The time at which it got there as the disk or the store knows it, which may tell two of one second apart."""
    lives_on: str | None = None
    md5: str | None = None
    """The MD5 that its bytes must have, where the object itself does not say it."""

    @property
    def depth(self) -> int:
        """Number of names of `where` below the staging folder: `.s3sync/trash/<when>/` and its own."""
        return 3 + len(self.name.split("/"))


def trash_here(project: ProjectFolder) -> Iterator[Trashed]:
    """Files in the trash of this computer. Files whose names no path can have are passed over."""
    folder = project.staging / STATE_DIR / "trash"
    for path, size in trashed(project.staging):
        stamp, _, name = path.relative_to(folder).as_posix().partition("/")
        if not name or refuse_reason(nfc(name)):
            continue
        said = read_stamp(stamp)
        with contextlib.suppress(OSError):
            status = path.stat()
            at = said.at or moment(status.st_ctime_ns)
            yield Trashed("local", nfc(name), str(path), size, format_time(at), said.by, order=status.st_ctime)


def trash_there(store: Store, prefix: str) -> Iterator[Trashed]:
    """Objects in the remote trash, also in that of older versions. Their names are as hostile as any key.

    Those whose name cannot be asked for are told in one line, and hide no other. Raises `StoreError`.
    """
    unnamed = list[tuple[tuple[str, str], StoreError]]()
    with Aside(LOOKUPS_AT_ONCE, "s3sync-trash") as threads:
        for place in (records(prefix, "trash"), old_records(prefix, "trash")):
            listed = (info for info in store.list(place) if info.key.startswith(place))
            for some in batched(listed, LOOKUPS_IN_LINE):
                hashed = [
                    (key, name) for key in (info.key for info in some) if is_hashed(name := _named(place, key)[1])
                ]
                names = threads.map(lambda item: _true_name(store, *item), hashed)
                true_names = {key: name for (key, _), name in zip(hashed, names, strict=True)}
                unnamed += [
                    (_named(place, key), said) for key, said in true_names.items() if isinstance(said, StoreError)
                ]
                known = {key: said if isinstance(said, str) else "" for key, said in true_names.items()}
                yield from filter(None, (_trashed(place, info, known.get(info.key)) for info in some))
    if unnamed:
        ((stamp, name), error), more = unnamed[0], f" and {len(unnamed) - 1} more" * (len(unnamed) > 1)
        what = f"{short_text(name)} of {short_text(stamp)}{more}"
        text = f"the trash on the remote has what cannot be told by name: {what}: {error}"
        warnings.warn(text, UnnamedInTrash, stacklevel=2)


def _named(place: str, key: str) -> tuple[str, str]:
    """A run's folder and the name in it."""
    stamp, _, name = key.removeprefix(place).partition("/")
    return stamp, name


def _trashed(place: str, info: ObjectInfo, true_name: str | None) -> Trashed | None:
    """None for what has no name that a path can have."""
    stamp, name = _named(place, info.key)
    said, name = read_stamp(stamp), nfc(name) if true_name is None else true_name
    if name == "" or refuse_reason(name):
        return None
    at = format_time(said.at or info.modified)
    return Trashed("remote", name, info.key, info.size, at, said.by, info.etag, info.modified.timestamp())


def _true_name(store: Store, key: str, name: str) -> str | StoreError:
    """The name in the metadata of a hashed one, if it is the name that has this hash; empty for one that is gone, and
    the error where nobody tells it."""
    try:
        said = nfc(store.head(key).metadata.get("name", ""))
    except NotFound:
        return ""
    except ENDS_THE_RUN:
        raise
    except StoreError as error:
        return error
    return said if bounded(said) == name else name


def age_of(found: Trashed, now: datetime) -> timedelta | None:
    """Time that it has been in its trash; None where that is not known. `now` is by that side's own clock.

    On the remote that is the store's time of the object: the clock of whoever put it there plays no part.
    """
    if found.side == "remote":
        return now - datetime.fromtimestamp(found.order, UTC)
    at = parse_time(found.at) if found.at else None
    return None if at is None else now - at


def is_young(found: Trashed, now: datetime) -> bool:
    """True if it is not to be tidied yet, or if that is not known."""
    age = age_of(found, now)
    return age is None or age < YOUNG


def now_of(session: Session, side: str, *, dry_run: bool = False) -> datetime:
    """The time by the clock of a side. Raises `StoreError`.

    A bucket's is in its answers. Another store's is that of an object that is written for it, but for a dry run, which
    takes this computer's.
    """
    if side == "local":
        return session.clock()
    bucket = bucket_of(session.store)
    if bucket is not None:
        bucket.first_contact(session.project.prefix)
        if bucket.store_time is not None:
            return bucket.store_time
    if dry_run:
        return session.clock()
    key = f"{session.project.prefix}{STATE_DIR}/{CLOCK}"
    md5 = hashlib.md5(usedforsecurity=False).digest()
    written = session.store.put(key, b"", mode=Overwrite(), headers=Headers(), md5=md5, timed=True)
    try:
        return written.at or session.store.head(key).info.modified
    finally:
        with contextlib.suppress(NotFound):  # somebody else asked at the same time
            session.store.delete(key)


class Contents:
    """Contents that exist somewhere else than in a trash, by more than a peer's word. Many of them go to the disk.

    Those of objects are there for now: somebody may be about to replace one, and have put a copy into the trash for
    that. Those of files on this disk are held by whoever asks.
    """

    def __init__(self) -> None:
        self._held = SpilledDict(bool)
        """True for what is held, False for what is there for now."""

    def add(self, size: int, md5: str) -> None:
        """Add a content that is held, as by a file on this disk."""
        self._held[str(size)] = self._held[f"{size} {md5}"] = True

    def add_object(self, remote: RemoteFile) -> None:
        """Add the content of an object, by its MD5 and by its ETag: an equal ETag is of equal bytes."""
        size = remote.entry.size
        for key in (str(size), f"{size} {remote.entry.md5 or remote.etag}", f"{size} {remote.etag}"):
            if key not in self._held:
                self._held[key] = False

    def knows(self, size: int, md5: str, *, held: bool = False) -> bool:
        """True for a content that exists elsewhere, with `held` only for one on this disk."""
        found = self._held.get(f"{size} {md5}")
        return found is not None and (found or not held)

    def knows_size(self, size: int) -> bool:
        return str(size) in self._held

    def has(self, store: Store, found: Trashed, *, held: bool = False) -> bool:
        """True if a file in the trash is one of them. Its bytes or its object are only looked at if the size fits.

        The MD5 that an object's metadata tells is whatever somebody wrote there: its ETag has to tell. One that tells
        nothing, as under KMS, is of a last copy.
        """
        if not self.knows_size(found.size):
            return False
        if found.side == "local":
            try:
                return self.knows(found.size, digest(look_at(found.where, found.depth)).md5, held=held)
            except LocalError:
                return False
        if found.etag is not None and part_count(found.etag) is not None:
            return self.knows(found.size, found.etag, held=held)
        try:
            head = store.head(found.where)
        except NotFound:
            return True
        except ENDS_THE_RUN:
            raise
        except StoreError:  # under a key of whoever put it there, or so
            return False
        same_size = head.info.size == found.size
        return head.etag_is_md5 and same_size and self.knows(found.size, head.info.etag, held=held)


def md5_of(head: ObjectHead) -> str | None:
    if head.etag_is_md5:
        return plain_md5(head.info.etag)
    return plain_md5(head.metadata.get("md5", ""))


def drop_all(session: Session, trash: Iterable[Trashed]) -> None:
    """Delete files of a trash for good."""

    def delete(found: Trashed) -> None:
        drop_trashed(session, found)

    with session.pool() as pool:
        for _, gone in pool.map(delete, trash):
            gone.result()


def drop_trashed(session: Session, found: Trashed) -> None:
    """Delete one file of a trash for good."""
    if found.side == "remote":
        session.store.delete(found.where)
        return
    delete_trashed(session.project.staging, Path(found.where))
