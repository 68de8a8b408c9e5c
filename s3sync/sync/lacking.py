"""Receipts of others, read: who has not fetched what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from s3sync.core.manifest.record import Manifest
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text
from s3sync.core.receipts import Receipt
from s3sync.errors import AccessDenied, Halt


def lacking(manifest: Manifest, user: str | None) -> dict[str, Receipt]:
    """The others who have not fetched everything."""
    return {name: one for name, one in sorted(manifest.receipts.items()) if one.count and name != user}


def lacking_of(manifest: Manifest, user: str | None, names: Iterable[str]) -> dict[str, Receipt]:
    """The same of these files alone. A file that a receipt does not name may be among those that it counts."""
    there = lacking(manifest, user)
    if not there:
        return {}
    lacked = {name for one in there.values() for name in one.lacks}
    meant, rest = set[str](), 0
    for name in names:
        if name in lacked:
            meant.add(name)
        else:
            rest += 1
    found = {
        member: Receipt(tuple(name for name in one.lacks if name in meant), min(one.more, rest))
        for member, one in there.items()
    }
    return {member: one for member, one in found.items() if one.count}


def warnings_of_lacking(found: Mapping[str, Receipt]) -> Iterator[str]:
    for member, one in found.items():
        yield f"{short_text(member)} has not fetched {files_text(one.count)} that would go from the remote"


def not_acknowledged(error: AccessDenied) -> AccessDenied:
    """Error for whoever may only read, and wanted to say what he has."""
    return AccessDenied(
        "the others are not told that you have everything",
        why=f"receipts are kept in metadata.json, and you may not write it: {error}",
        hint="what was to download is here, and nobody waits for whoever may only read; whoever gives the rights can "
        "change that: `receipts: {readers: ack}` in his settings, and `s3sync setup member NAME --read-only`",
    )


def refused(found: Mapping[str, Receipt]) -> Halt:
    """Refusal for what others have not fetched: the bucket may be the only place where they find it."""
    who = ", ".join(map(short_text, found))
    first = next(iter(found.values()))
    files = f"{first.lacks[0]!r}" if len(first.lacks) == 1 and not first.more else files_text(first.count)
    return Halt(
        f"did not clean up: {who} {'has' if len(found) == 1 else 'have'} not fetched everything",
        why=f"{short_text(next(iter(found)))} lacks {files} that would go from the remote",
        hint="ask for an `s3sync down` first; `s3sync who` says what is lacking; --force cleans up all the same; "
        "`s3sync members remove NAME` drops who has left",
    )
