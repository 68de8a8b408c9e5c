"""Inboxes as values: places in the store where a client may put files by a page, until they end (docs/receiving.md).

What a client sends is hostile: its name, his name and its time are taken for text that nobody has looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from s3sync.core.names import SEGMENT_BYTES, name_part, nfc, refuse_reason, windows_reason, without_case
from s3sync.core.records import records
from s3sync.core.spelling import obeyed_reason
from s3sync.core.times import FILE_TIMES, parse_time
from s3sync.decoding import ready

MOST_BYTES = 5 * 1024**3
"""Size of a file up to which a form takes it, and up to which an object is copied in one request."""
MOST_INBOXES, MOST_CLAIMS = 100, 2_000
LATE = timedelta(days=2)
"""Time after its end in which an inbox is still looked at: what was begun in time may arrive later."""
CLIENT, NAMELESS = "client:", "someone"
"""Beginning of the name by which a client is known, and the name of one who gives none."""
NAME_CHARS, NAME_BYTES = 40, 56
FILE_BYTES, EXTENSION_BYTES = 180, 32
LONGEST_FIELD = 4_096
"""Characters of a field of the form that are looked at. S3 keeps 2 KB in all."""
FIELDS = ("x-amz-meta-name", "x-amz-meta-client", "x-amz-meta-mtime")
"""Fields that the page fills in: names of the file and of the client, percent-encoded, and milliseconds since 1970."""
MARK = "inbox"
"""Metadata of a file that was taken in: which version of which object it is a copy of."""

_ID = re.compile(r"[0-9a-f]{32}")
_ENTRY = re.compile(r"[0-9a-f]{32}/[0-9A-Za-z_-]{1,64}")
_FORBIDDEN = re.compile(r'[<>:"|?*~%$`]')
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_SPACES = re.compile(r"\s+")
_MILLISECONDS = re.compile(r"[0-9]{1,15}")
_IN_A_NAME = " .-_'&,"

_Text = Annotated[str, Meta(max_length=256)]
_T = TypeVar("_T")


class Inbox(Struct, frozen=True, omit_defaults=True):
    """One inbox: who opened it, when, and its end. `ended` is when somebody ended it before, by the store's clock."""

    by: _Text
    at: _Text
    until: _Text
    ended: _Text | None = None

    def is_over(self, now: datetime) -> bool:
        """True if nothing that was begun in time can still arrive."""
        until = parse_time(self.until)
        try:
            return until is None or now > until + LATE
        except OverflowError:
            return True

    def takes(self, arrived: datetime) -> bool:
        """True for what arrived before somebody ended it."""
        ended = parse_time(self.ended) if self.ended else None
        return ended is None or arrived <= ended


class Claim(Struct, frozen=True, omit_defaults=True):
    """Name under which a file of an inbox is taken in: the first that metadata.json had for it. `done`: it is there.

    `etag` is that of the object in the inbox: another version of it is another file.
    """

    etag: _Text
    name: Annotated[str, Meta(max_length=1024)]
    done: bool = False


class Waiting(Struct, frozen=True):
    """Files of one client that wait to be taken in; of all clients that were not asked about where it is None."""

    client: str | None
    files: int
    size_bytes: int


class InboxChange(Struct):
    """Changes to inboxes that one write of metadata.json makes. Applying them twice changes nothing more."""

    opened: dict[str, Inbox] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    claimed: dict[str, Claim] = field(default_factory=dict)
    dropped: dict[str, Claim] = field(default_factory=dict)
    """Claims whose object is gone, or whose name somebody else has by now."""

    def __bool__(self) -> bool:
        return any((self.opened, self.ended, self.gone, self.claimed, self.dropped))


def inbox_prefix(prefix: str, inbox: str = "") -> str:
    """Prefix of the keys in all inboxes of a project, or in one. `prefix` is the project's, `repo/project/`."""
    return records(prefix, "inbox") + (f"{inbox}/" if inbox else "")


def inbox_page(prefix: str, inbox: str) -> str:
    """Key of the page of an inbox: where no form of it can write."""
    return f"{records(prefix, 'pages')}receive-{inbox}.html"


def is_inbox_id(word: str) -> bool:
    return _ID.fullmatch(word) is not None


def is_entry(word: str) -> bool:
    """True for the key of a file in an inbox, behind the prefix of all inboxes, as the page makes it."""
    return _ENTRY.fullmatch(word) is not None


def mark_of(entry: str, etag: str) -> str:
    return f"{entry} {etag}"


def read_inboxes(found: object) -> dict[str, Inbox]:
    """The inboxes in metadata.json; what is none is passed over."""
    return {key: one for key, one in _read(found, Inbox, MOST_INBOXES).items() if is_inbox_id(key)}


def read_claims(found: object) -> dict[str, Claim]:
    """The claims in metadata.json; what is none, or has a name that no file gets, is passed over."""
    read = _read(found, Claim, MOST_CLAIMS)
    return {key: one for key, one in read.items() if is_entry(key) and "/" not in one.name and _is_good(one.name)}


def _read(found: object, kind: type[_T], most: int) -> dict[str, _T]:
    read: dict[str, _T] = {}
    if isinstance(found, dict):
        for key, one in islice(found.items(), most):
            try:
                read[key] = msgspec.convert(one, ready(kind))
            except msgspec.ValidationError:
                continue
    return read


def changed_inboxes(known: Mapping[str, Inbox], change: InboxChange) -> dict[str, Inbox]:
    """The inboxes after a write. Who ended one first stays recorded."""
    inboxes = {**known, **change.opened}
    for inbox, at in change.ended.items():
        there = inboxes.get(inbox)
        if there is not None and there.ended is None:
            inboxes[inbox] = msgspec.structs.replace(there, ended=at)
    return {inbox: one for inbox, one in inboxes.items() if inbox not in change.gone}


def changed_claims(
    known: Mapping[str, Claim], change: InboxChange, is_taken: Callable[[str], bool]
) -> dict[str, Claim]:
    """The claims after a write. A file that has one keeps it, and no two files get one name."""
    claims = {
        entry: claim
        for entry, claim in known.items()
        if change.dropped.get(entry) != claim and entry.partition("/")[0] not in change.gone
    }
    names = {without_case(claim.name) for claim in claims.values() if not claim.done}
    for entry, claim in change.claimed.items():
        there, name = claims.get(entry), without_case(claim.name)
        if there is not None and there.etag == claim.etag:
            continue
        if name not in names and not is_taken(claim.name) and len(claims) < MOST_CLAIMS:
            claims[entry] = claim
            names.add(name)
    return claims


def client_name(field: str) -> str:
    """Name of a client, from what he typed: `client:Anna`. Letters and digits of any script, and few signs."""
    kept = "".join(char for char in _said(field) if char in _IN_A_NAME or unicodedata.category(char)[0] in "LMN")
    short = _SPACES.sub(" ", kept).strip()[:NAME_CHARS].encode("utf-8")[:NAME_BYTES].decode("utf-8", "ignore")
    return CLIENT + (short.strip() or NAMELESS)


def file_name(field: str) -> str:
    """Name of a file, from the one it had with the client: without folders, and of what every disk can hold.

    What programs would obey by its name is renamed, so that they do not.
    """
    last = re.split(r"[/\\]", _said(field))[-1]
    name = _SPACES.sub(" ", _FORBIDDEN.sub("-", last)).lstrip(". -_").rstrip(". ")
    name = _shortened(name or "file", FILE_BYTES)
    for tried in (name, f"received-{name}", f"{name}.received", f"received-{name}.received"):
        if _is_good(tried):
            return tried
    return f"received-{sha256(field.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def free_name(name: str, client: str, when: datetime, is_taken: Callable[[str], bool]) -> str:
    """The name, or where that is taken one that says of whom it is and when it arrived: a client replaces nothing."""
    if not is_taken(name):
        return name
    stem, extension = _divided(name)
    number = 1
    while True:
        again = "" if number == 1 else f"-{number}"
        ending = f".client-{name_part(client.removeprefix(CLIENT))}-{when:%Y%m%d-%H%M%S}{again}{extension}"
        other = _cut(stem, SEGMENT_BYTES - len(ending.encode("utf-8"))) + ending
        if not is_taken(other):
            return other
        number += 1


def modified_ns(field: str) -> int | None:
    """Time at which the client's file was last edited, since the Unix epoch; None for what is none."""
    if _MILLISECONDS.fullmatch(field) is None:
        return None
    found = int(field) * 1_000_000
    return found if found in FILE_TIMES else None


def _said(field: str) -> str:
    """Text of a field as one line: without what is not shown, or shown as something else."""
    told = field[:LONGEST_FIELD].encode("utf-8", "surrogatepass")
    text = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), told).decode("utf-8", "replace")
    return "".join(map(_shown, nfc(text)))


def _shown(char: str) -> str:
    kind = unicodedata.category(char)
    return " " if kind == "Cc" or kind[0] == "Z" else "" if kind[0] == "C" else char


def _is_good(name: str) -> bool:
    return refuse_reason(name) is None and windows_reason(name) is None and obeyed_reason(name) is None


def _divided(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    return (stem, dot + extension) if stem and len(extension.encode("utf-8")) <= EXTENSION_BYTES else (name, "")


def _shortened(name: str, most: int) -> str:
    if len(name.encode("utf-8")) <= most:
        return name
    stem, extension = _divided(name)
    return _cut(stem, most - len(extension.encode("utf-8"))).rstrip(". ") + extension


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8")[:most].decode("utf-8", "ignore")
