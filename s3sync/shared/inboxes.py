"""Inboxes in the store: `<repo>/.s3sync/inbox/<project>/<id>/<file>`, listed and described (`core/inboxes.py`).

Looked at only where metadata.json has an inbox. Each file is an object whose metadata says what its sender typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from s3sync.aside import Aside
from s3sync.core.etag import plain_md5
from s3sync.core.inboxes import Inbox, Waiting, client_name, file_name, inbox_prefix, is_entry, modified_ns
from s3sync.errors import ENDS_THE_RUN, NotFound, StoreError
from s3sync.store.aspects import ListsOnce
from s3sync.store.port import ObjectInfo, Store

MOST, LISTED = 10_000, 12_000
"""Files of clients that one command looks at, and objects that it lists for them, twice where there are more: whoever
has a link puts in as many as he likes, and each 1,000 are a request of everybody's."""
GLANCE = 1_000
"""Objects that `status` lists: one page."""
ASKED_AT_ONCE = 16


class Sent(Struct, frozen=True):
    """A file that a client sent. `entry` is its key behind the prefix of all inboxes.

    `name` and `client` are clean: of what every disk can hold and every terminal show.
    """

    entry: str
    key: str
    etag: str
    size: int
    at: datetime
    name: str
    client: str
    modified_ns: int | None
    md5: str | None


class Lying(Struct, frozen=True):
    """Objects in the inboxes of a project, by what is to become of them."""

    waiting: list[ObjectInfo]
    late: list[ObjectInfo]
    """Objects that arrived after somebody ended their inbox, or belong to none that is known."""
    more: bool = False
    """True if there are more than one command looks at."""


def glance(store: Store, prefix: str, inboxes: Mapping[str, Inbox]) -> Lying:
    """The first objects in the inboxes of a project, by one request. Raises `StoreError`."""
    found, place = Lying([], []), inbox_prefix(prefix)
    everything = _sort(islice(_listing(store, place), GLANCE), place, inboxes, found, GLANCE, GLANCE)
    full = len(found.waiting) + len(found.late) >= GLANCE
    return found if everything and not full else replace(found, more=True)


def list_inboxes(store: Store, prefix: str, inboxes: Mapping[str, Inbox]) -> Lying:
    """List the inboxes of a project. Raises `StoreError`.

    An empty listing is believed, though it may be an error that looks like one: what it hides is found the next time.
    Where there is more than is looked at, each inbox is also listed by itself: whoever fills one hides no other.
    """
    place, found = inbox_prefix(prefix), Lying([], [])
    if _sort(_listing(store, place), place, inboxes, found, LISTED, MOST):
        return found
    found = Lying([], [], more=True)
    for inbox in inboxes:
        listed = max(LISTED - len(found.waiting) - len(found.late), LISTED // len(inboxes))
        most = max(MOST - len(found.waiting), MOST // len(inboxes))
        _sort(_listing(store, inbox_prefix(prefix, inbox)), place, inboxes, found, listed, most)
    return found


def _listing(store: Store, place: str) -> Iterator[ObjectInfo]:
    return store.list_once(place) if isinstance(store, ListsOnce) else store.list(place)


def _sort(
    listing: Iterable[ObjectInfo], place: str, inboxes: Mapping[str, Inbox], found: Lying, listed: int, most: int
) -> bool:
    """Sort what is listed, and look at so many objects, of which so many wait. False if there are more."""
    before = len(found.waiting)
    for count, info in enumerate(listing):
        if count >= listed or len(found.waiting) - before >= most:
            return False
        entry = info.key.removeprefix(place)
        inbox = inboxes.get(entry.partition("/")[0])
        takes = is_entry(entry) and inbox is not None and inbox.takes(info.modified)
        (found.waiting if takes else found.late).append(info)
    return True


def entry_of(prefix: str, info: ObjectInfo) -> str:
    """The key of a file behind the prefix of all inboxes."""
    return info.key.removeprefix(inbox_prefix(prefix))


class Described(Struct, frozen=True):
    """Files that clients sent, and those that cannot be asked what they are, with the error of one."""

    sent: list[Sent]
    unknown: list[ObjectInfo]
    error: StoreError | None = None


def describe(store: Store, prefix: str, listed: Sequence[ObjectInfo]) -> Described:
    """Ask the objects what they are; those that are gone by now are left out. Raises what ends a run.

    One that its store gives to nobody, as under a key of whoever put it there, hides no other.
    """
    sent, unknown = list[Sent](), list[ObjectInfo]()
    error: StoreError | None = None
    with Aside(ASKED_AT_ONCE, "s3sync-inbox") as threads:
        for info, one in zip(listed, threads.map(lambda info: _described(store, prefix, info), listed), strict=True):
            if isinstance(one, StoreError):
                unknown.append(info)
                error = error or one
            elif one is not None:
                sent.append(one)
    return Described(sent, unknown, error)


def _described(store: Store, prefix: str, info: ObjectInfo) -> Sent | StoreError | None:
    try:
        head = store.head(info.key)
    except NotFound:
        return None
    except ENDS_THE_RUN:
        raise
    except StoreError as error:
        return error
    said = head.metadata
    return Sent(
        entry_of(prefix, info),
        info.key,
        head.info.etag,
        head.info.size,
        head.info.modified,
        file_name(said.get("name", "")),
        client_name(said.get("client", "")),
        modified_ns(said.get("mtime", "")),
        plain_md5(head.info.etag) if head.etag_is_md5 else None,
    )


def summed(sent: Iterable[Sent], others: Iterable[ObjectInfo] = ()) -> list[Waiting]:
    """Sums of the files that wait, by client."""
    found: dict[str | None, tuple[int, int]] = {}
    sizes = [(one.client, one.size) for one in sent]
    for client, size in [*sizes, *((None, info.size) for info in others)]:
        files, total = found.get(client, (0, 0))
        found[client] = (files + 1, total + size)
    return [Waiting(client, files, total) for client, (files, total) in found.items()]
