"""Receipts as values: who has not fetched what. Each is short: what a member lacks, as all else is there.

They are hearsay between people. Nothing is deleted because of one; a cleanup only refuses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct, field

from s3sync.decoding import ready

MOST_NAMES = 100
"""Files that a receipt names; more are counted."""
MOST_MEMBERS = 200

_Name = Annotated[str, Meta(max_length=1024)]
_Count = Annotated[int, Meta(ge=0, le=2**40)]


class Version(Protocol):
    """Record of a file's version."""

    @property
    def md5(self) -> str | None: ...
    @property
    def etag(self) -> str | None: ...
    @property
    def uploaded_by(self) -> str: ...


class Receipt(Struct, frozen=True, omit_defaults=True):
    """Files that a member lacks: these files in their newest version, and about so many more."""

    lacks: Annotated[tuple[_Name, ...], Meta(max_length=MOST_NAMES)] = ()
    more: _Count = 0

    @property
    def count(self) -> int:
        return len(self.lacks) + self.more


class Seen(Struct):
    """Knowledge that the writer of metadata.json has of himself. `lacks` None: he looked at some files only.

    `also` are files that he lacks although his own run recorded them: he found them there, or put an older version
    back that he never had. `more` are those beyond the ones that are named, `knew` what his receipt said when he
    looked, and `fetched` the versions that he has received since the last write.
    """

    lacks: tuple[str, ...] | None = None
    more: int = 0
    also: tuple[str, ...] = ()
    knew: frozenset[str] = frozenset()
    fetched: Mapping[str, str] = field(default_factory=dict)


def read_receipts(found: object) -> dict[str, Receipt]:
    """The receipts in metadata.json; what is none is passed over."""
    receipts: dict[str, Receipt] = {}
    if isinstance(found, dict):
        for member, one in islice(found.items(), MOST_MEMBERS):
            try:
                receipts[member] = msgspec.convert(one, ready(Receipt))
            except msgspec.ValidationError:
                continue
    return receipts


def received(
    known: Mapping[str, Receipt],
    by: str,
    seen: Seen,
    sent: Mapping[str, object],
    found: Iterable[str],
    before: Mapping[str, Version],
    after: Mapping[str, Version],
    looked: Mapping[str, Version] | None = None,
) -> dict[str, Receipt]:
    """The receipts after a write of `by`, who sent or found these files; `before` and `after` are all records.

    `looked` are the records as he saw them, where others have written since. Whoever sent a version has it, whoever
    recorded that.
    """
    new_ones = (name for name in chain(sent, found) if name in after and not _is_same(before.get(name), after[name]))
    changed, rest = _first_ones(new_ones, after)
    new = {}
    for member, receipt in known.items():
        if member != by:
            lacks = (name for name in changed if after[name].uploaded_by != member)
            new[member] = _bounded([*receipt.lacks, *lacks], receipt.more + rest.total() - rest[member], after)
    own = known.get(by)
    if own is None and seen.lacks is not None and looked is not None:  # nobody has entered what he lacks since
        names = (name for name, record in before.items() if name in after and not _is_same(looked.get(name), record))
        since, more = _first_ones(names, after)
        own = Receipt(tuple(name for name in since if after[name].uploaded_by != by), more.total() - more[by])
    if seen.lacks is not None or own is not None:
        new[by] = _own(own or Receipt(), seen, sent, after)
    return new


def _first_ones(names: Iterable[str], files: Mapping[str, Version]) -> tuple[list[str], Counter[str]]:
    """As many names as a receipt has, and of the rest how many each member sent."""
    first, rest = list[str](), Counter[str]()
    for name in names:
        if len(first) < MOST_NAMES:
            first.append(name)
        else:
            rest[files[name].uploaded_by] += 1
    return first, rest


def _own(own: Receipt, seen: Seen, sent: Mapping[str, object], after: Mapping[str, Version]) -> Receipt:
    """Receipt of the writer himself: what he found, and what others sent since he looked."""

    def has(name: str) -> bool:
        record = after.get(name)
        is_fetched = record is not None and name in seen.fetched and seen.fetched[name] == record.etag
        return is_fetched or (name in sent and name not in seen.also)

    if seen.lacks is None:
        lacks = [*(name for name in own.lacks if not has(name)), *seen.also]
        return _bounded(lacks, own.more + seen.more, after)
    since = [name for name in own.lacks if not has(name) and (name not in seen.knew or name in seen.fetched)]
    return _bounded([*seen.lacks, *since, *seen.also], seen.more, after)


def _bounded(lacks: Iterable[str], more: int, files: Mapping[str, Version]) -> Receipt:
    there = [name for name in dict.fromkeys(lacks) if name in files]
    names = there[:MOST_NAMES]
    return Receipt(tuple(names), max(0, min(more + len(there) - len(names), len(files) - len(names))))


def _is_same(before: Version | None, after: Version) -> bool:
    return before is not None and before.md5 is not None and before.md5 == after.md5
