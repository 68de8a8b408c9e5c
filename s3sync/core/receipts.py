"""Receipts as values: who has not fetched what. Each is short: what a member lacks, as all else is there.

They are hearsay between people. Nothing is deleted because of one; a cleanup only refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct, field

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


class Receipt(Struct, frozen=True, omit_defaults=True):
    """Files that a member lacks: these files in their newest version, and about so many more."""

    lacks: Annotated[tuple[_Name, ...], Meta(max_length=MOST_NAMES)] = ()
    more: _Count = 0

    @property
    def count(self) -> int:
        return len(self.lacks) + self.more


class Seen(Struct):
    """Knowledge that the writer of metadata.json has of himself. `lacks` None: he looked at some files only.

    `more` are those beyond the ones that `lacks` names, `knew` what his receipt said when he looked, and `fetched` the
    versions that he has received since the last write.
    """

    lacks: tuple[str, ...] | None = None
    more: int = 0
    knew: frozenset[str] = frozenset()
    fetched: Mapping[str, str] = field(default_factory=dict)


def read_receipts(found: object) -> dict[str, Receipt]:
    """The receipts in metadata.json; what is none is passed over."""
    receipts: dict[str, Receipt] = {}
    if isinstance(found, dict):
        for member, one in islice(found.items(), MOST_MEMBERS):
            try:
                receipts[member] = msgspec.convert(one, Receipt)
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
) -> dict[str, Receipt]:
    """The receipts after a write of `by`, who sent or found these files; `before` and `after` are all records."""
    changed, rest = list[str](), 0
    for name in chain(sent, found):
        if name in after and not _is_same(before.get(name), after[name]):
            if len(changed) < MOST_NAMES:
                changed.append(name)
            else:
                rest += 1
    new = {}
    for member, receipt in known.items():
        if member != by:
            new[member] = _bounded([*receipt.lacks, *changed], receipt.more + rest, after)
    own = known.get(by)
    if seen.lacks is not None or own is not None:
        new[by] = _own(own or Receipt(), seen, sent, after)
    return new


def _own(own: Receipt, seen: Seen, sent: Mapping[str, object], after: Mapping[str, Version]) -> Receipt:
    """Receipt of the writer himself: what he found, and what others sent since he looked."""

    def has(name: str) -> bool:
        record = after.get(name)
        return name in sent or (record is not None and name in seen.fetched and seen.fetched[name] == record.etag)

    if seen.lacks is None:
        return _bounded([name for name in own.lacks if not has(name)], own.more, after)
    since = [name for name in own.lacks if not has(name) and (name not in seen.knew or name in seen.fetched)]
    return _bounded([*seen.lacks, *since], seen.more, after)


def _bounded(lacks: Iterable[str], more: int, files: Mapping[str, Version]) -> Receipt:
    there = [name for name in dict.fromkeys(lacks) if name in files]
    names = there[:MOST_NAMES]
    return Receipt(tuple(names), max(0, min(more + len(there) - len(names), len(files) - len(names))))


def _is_same(before: Version | None, after: Version) -> bool:
    return before is not None and before.md5 is not None and before.md5 == after.md5
