"""Archives moved to another class by the store itself: a tag on their objects, and a rule that goes by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.indexes import add_rows, write_index
from s3sync.archive.journal import Journal
from s3sync.archive.removal import head_of_own
from s3sync.archive.transition import require_index
from s3sync.core.archive.lifecycle import MOVE_TAG
from s3sync.core.archive.records import FOREIGN, Archived
from s3sync.core.archive.values import Index, Pack, SplitIndex
from s3sync.errors import Archived as Cold
from s3sync.errors import ArchiveError
from s3sync.store.aspects import Tags, require_aspect
from s3sync.store.port import Store

MOST_TAGS = 10


class TagLook(Struct, frozen=True):
    """Objects of an archive, each with the tags that it has and the one that moves it. `lacking`: those without it."""

    objects: Mapping[str, Mapping[str, str]]
    lacking: frozenset[str]


def look_to_tag(store: Store, archive: Archived, target: str) -> TagLook:
    """The tags that the objects of an archive are to have, so that the rule for `target` moves them.

    Raises `ArchiveError` for an object that says it is something else, or has no place for a tag.
    """
    tags = require_aspect(store, Tags)
    index = None if archive.status in FOREIGN else require_index(store, archive)
    objects, lacking = dict[str, Mapping[str, str]](), set[str]()
    for key in [archive.key] if index is None else _objects(index):
        if index is not None:
            head_of_own(store, index.set, index.unit, key)
        found, objects[key] = _merged(tags, key, dict(archive.tags if index is None else index.tags), target)
        if found != objects[key]:
            lacking.add(key)
    return TagLook(objects, frozenset(lacking))


def tag_for_move(
    store: Store, catalogue: Catalogue, archive: Archived, target: str, journal: Journal | None = None
) -> None:
    """Tag all objects of an archive, so that the rule for `target` moves them. The tags that they have stay.

    Its index says so, too, but carries no tag: it has to stay readable. Killed at any point, it is run again and goes
    on. Raises `ArchiveError` for an object that says it is something else, `Unsupported`, `StoreError`.
    """
    tags = require_aspect(store, Tags)
    if archive.status in FOREIGN:
        _tag(tags, archive.key, dict(archive.tags), target)
        return
    index = require_index(store, archive)
    for key in _objects(index):
        head_of_own(store, index.set, index.unit, key)
        _tag(tags, key, dict(index.tags), target)
    _note_tagged(store, catalogue, index, target, journal)


def note_tagged(
    store: Store, catalogue: Catalogue, archive: Archived, target: str, keys: Set[str], journal: Journal | None = None
) -> None:
    """Have the index of an archive say that its objects are tagged: those under `keys` are, by the store's word.

    Raises `ArchiveError` where it names others by now.
    """
    if archive.status in FOREIGN:
        return
    index = require_index(store, archive)
    if not keys >= set(_objects(index)):
        raise ArchiveError(
            f"did not note that {archive.unit} is tagged",
            why="it was sent again meanwhile, and has objects that the job did not have",
            hint="run the command again: it tags these",
        )
    _note_tagged(store, catalogue, index, target, journal)


def _note_tagged(store: Store, catalogue: Catalogue, index: Index, target: str, journal: Journal | None) -> None:
    tagged = replace(index, tags={**index.tags, MOVE_TAG: target})
    if journal is not None:
        journal.note_moved(index, tagged)
    if index.pack is Pack.NONE:
        add_rows(store, index.set, [tagged])
        catalogue.record(tagged)
    else:
        catalogue.record(tagged, index_etag=write_index(store, tagged))


def _objects(index: Index) -> Iterator[str]:
    if isinstance(index, SplitIndex):
        yield from (part.key for part in index.parts)
    elif index.pack is not Pack.NONE:
        yield index.key
    else:
        yield from (member.key for member in index.members if member.key is not None)


def _tag(tags: Tags, key: str, known: dict[str, str], target: str) -> None:
    found, merged = _merged(tags, key, known, target)
    if merged != found:
        tags.put_tags(key, merged)


def _merged(tags: Tags, key: str, known: dict[str, str], target: str) -> tuple[dict[str, str], dict[str, str]]:
    """Tags of an object, and the same with the one that moves it.

    `known`: what its index says, for a store that hides those of cold ones.
    """
    try:
        found = tags.get_tags(key)
    except Cold:
        found = known
    merged = {**found, MOVE_TAG: target}
    if len(merged) > MOST_TAGS:
        raise ArchiveError(
            f"did not tag {key}",
            why=f"it has {len(found)} tags already, and {MOST_TAGS} are the most",
            hint="without --by-tag it is copied in place",
        )
    return found, merged
