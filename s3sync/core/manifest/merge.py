"""Manifests of several writers, merged: for a store in which nobody can write one together.

What metadata.json says falls into statements, each about one thing: a path (its record and its deletion together), a
conflict, a member, an event. A writer publishes the statements that he made last, each with a stamp. The merge takes
for each thing the statement with the highest stamp, so it does not matter in which order manifests are read, how often,
or who has merged them before. Nothing is said by silence: what is no more is a statement, too, with no value.

A stamp counts revisions: a writer's is one more than any that he has seen, so whoever knew of a statement outdoes it,
whatever the clocks say. Only what two wrote without knowing of each other is decided by time and name
(docs/decisions/0114-a-manifest-for-each-user.md). What is said to be from the future is outdone by all that is not
(docs/decisions/0135-nobody-speaks-from-the-future.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeAlias

import msgspec

from s3sync.core.times import NANOSECONDS, format_ns, parse_ns

PATH, HEAD, FIELD = "path", "head", "field"
_NAMED = ("members", "receipts", "inboxes", "arriving")
_PLAIN = ("project_id", "repo", "schema", "revision", "write_id")
_SYNC, _CLEANED = "sync", "cleaned"

NO_END = chr(0x10FFFF)
"""Text behind all times."""

Text = Annotated[str, msgspec.Meta(max_length=4096)]
Thing: TypeAlias = tuple[str, str]
"""Kind and name of what a statement is about."""


class Statement(msgspec.Struct, frozen=True, gc=False):
    """One thing as one writer saw it last. `value` is None for what is no more."""

    kind: Text
    name: Text
    revision: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
    at: Annotated[str, msgspec.Meta(max_length=64)]
    by: Annotated[str, msgspec.Meta(max_length=256)]
    value: Any = None

    @property
    def thing(self) -> Thing:
        return self.kind, self.name

    @property
    def stamp(self) -> tuple[int, str, str, bytes]:
        """Order of statements about one thing. The value decides last: equal stamps of other values are of a copy."""
        return self.revision, self.at, self.by, msgspec.json.encode(self.value, order="deterministic")


Statements: TypeAlias = Mapping[Thing, Statement]


def merged(*manifests: Statements, until: str = NO_END) -> dict[Thing, Statement]:
    """For each thing the statement with the highest stamp, of those made by `until` where there are some."""
    found: dict[Thing, Statement] = {}
    for manifest in manifests:
        for thing, one in manifest.items():
            other = found.get(thing)
            if other is None or (one.at <= until, one.stamp) > (other.at <= until, other.stamp):
                found[thing] = one
    return found


def ahead(manifest: Statements, until: str) -> str | None:
    """The latest time that a statement of a manifest has behind `until`."""
    return max((one.at for one in manifest.values() if one.at > until), default=None)


def values_of(document: Mapping[str, Any]) -> dict[Thing, Any]:
    """Statements of a metadata.json, by the things they are about. `document` is its JSON."""
    found: dict[Thing, Any] = {}
    for field in ("files", "deleted"):
        for item in document.get(field) or ():
            found.setdefault((PATH, item["name"]), {})[field] = item
    for item in document.get("conflicts") or ():
        found["conflicts", msgspec.json.encode([item["name"], item["kept_as"]]).decode()] = item
    for place, item in enumerate(document.get("events") or ()):
        found["events", item["id"]] = {"place": place, "event": item}
    for field in _NAMED:
        for name, item in (document.get(field) or {}).items():
            found[field, name] = item
    if document.get("last_sync") is not None:
        found[HEAD, _SYNC] = [document["last_sync"], document.get("last_sync_by")]
    if document.get("cleaned") is not None:
        found[HEAD, _CLEANED] = document["cleaned"]
    known = {*_PLAIN, *_NAMED, "files", "deleted", "conflicts", "events", "last_sync", "last_sync_by", "cleaned"}
    found.update(((FIELD, name), value) for name, value in document.items() if name not in known)
    return found


def document_of(statements: Statements) -> dict[str, Any]:
    """The metadata.json that statements make together, without the fields that say which one it is."""
    document: dict[str, Any] = {"files": [], "deleted": [], "conflicts": [], "events": []}
    in_order = sorted((one for one in statements.values() if one.value is not None), key=_order)
    for one in in_order:
        if one.kind == PATH:
            for field in ("files", "deleted"):
                if (item := one.value.get(field)) is not None:
                    document[field].append(item)
        elif one.kind == "conflicts":
            document["conflicts"].append(one.value)
        elif one.kind == "events":
            document["events"].append(one.value["event"])
        elif one.kind in _NAMED:
            document.setdefault(one.kind, {})[one.name] = one.value
        elif one.thing == (HEAD, _SYNC):
            document["last_sync"], document["last_sync_by"] = one.value
        elif one.thing == (HEAD, _CLEANED):
            document["cleaned"] = one.value
        elif one.kind == FIELD:
            document[one.name] = one.value
    return document


def _order(one: Statement) -> tuple[int, int, str, str]:
    """Order of the lists: deletions and events the oldest first."""
    place = one.value.get("place") if one.kind == "events" else 0
    return one.revision, place if isinstance(place, int) else 0, one.by, one.name


def changed(before: Mapping[Thing, Any], after: Mapping[Thing, Any]) -> dict[Thing, Any]:
    """The things that a writer has changed, with their new values; None for what is no more."""
    found = {thing: value for thing, value in after.items() if not _same(thing, before.get(thing), value)}
    found.update((thing, None) for thing in before if thing not in after)
    return found


def _same(thing: Thing, before: Any, after: Any) -> bool:
    if thing[0] == "events" and before is not None:
        return bool(before["event"] == after["event"])
    return bool(before == after)


def own_after(
    own: Statements,
    others: Iterable[Statements],
    new: Mapping[Thing, Any],
    revision: int,
    at: str,
    by: str,
    until: str = NO_END,
) -> dict[Thing, Statement]:
    """The statements that a writer publishes: those of his that still stand, and what he changed.

    What somebody else has outdone is left to him. Where revisions end, what he changes has a time behind that of the
    statement that he saw: else one from a clock ahead would stand until that time. A thing that is no more, and of
    which nobody else speaks, is forgotten: nothing is left that it would outdo.
    """
    there = [*others]
    best = merged(own, *there, until=until)
    found = {thing: one for thing, one in own.items() if best[thing] == one}
    for (kind, name), value in new.items():
        found[kind, name] = _last(Statement(kind, name, revision, at, by, value), best.get((kind, name)), until)
    return {
        thing: one
        for thing, one in found.items()
        if one.value is not None or any(thing in manifest for manifest in there)
    }


def _last(one: Statement, seen: Statement | None, until: str) -> Statement:
    """The statement, so that it outdoes what its writer saw of the thing: a second behind that, or at `until`."""
    if seen is None or seen.at > until or one.stamp > seen.stamp:
        return one
    time = parse_ns(seen.at)
    after = until if time is None else format_ns(time + NANOSECONDS)
    return msgspec.structs.replace(one, at=after if seen.at < after <= until else until)


def outdone(path_statements: Iterable[Statements], best: Statements) -> dict[str, list[Any]]:
    """Records of files that lost against others', by name: the object may be one of theirs all the same."""
    found: dict[str, list[Any]] = {}
    for manifest in path_statements:
        for thing, one in manifest.items():
            if thing[0] == PATH and isinstance(one.value, Mapping) and one.value.get("files") is not None:
                winner = best[thing].value
                if not isinstance(winner, Mapping) or winner.get("files") != one.value["files"]:
                    found.setdefault(thing[1], []).append(one.value["files"])
    return found
