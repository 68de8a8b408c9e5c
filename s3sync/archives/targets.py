"""Classes that archives can be moved to: as a store spells them, and by which rules."""

from __future__ import annotations

from s3sync.archive.billing import objects_of
from s3sync.archives.opened import Place
from s3sync.config import mask_url
from s3sync.config.archive_classes import class_at, classes_of
from s3sync.core.archive.costs import SMALLEST
from s3sync.core.archive.lifecycle import can_move
from s3sync.core.archive.records import Archived
from s3sync.core.outcome import Problem
from s3sync.errors import UsageError
from s3sync.store.aspects import Administers, Tags, aspect
from s3sync.store.port import Store


def has_rules(store: Store) -> bool:
    """True if a rule can move an object of the store by its tag."""
    return aspect(store, Tags) is not None and aspect(store, Administers) is not None


def class_there(place: Place, word: str) -> str:
    """The class as the store spells it. Raises `UsageError` for one that it has not."""
    found, classes = class_at(place.url, word), classes_of(place.url)
    if found is not None or classes is None:  # what has no classes says so itself
        return found or word
    meant = classes.nearest(word)
    raise UsageError(
        f"{mask_url(place.url)} has no storage class {word}",
        why=f"the classes of {classes.vendor} are {', '.join(classes.names)}",
        hint=f"did you mean {meant}?" if meant else "choose one of them",
    )


def no_rule_moves(archive: Archived, target: str) -> Problem | None:
    """The reason why no rule moves an archive to a class."""
    hint = "without --by-tag it is copied in place"
    if not can_move(archive.storage_class, target):
        why = f"rules move nothing from {archive.storage_class} to {target}"
        return Problem(archive.unit, why, hint)
    if archive.size < SMALLEST * objects_of(archive):
        return Problem(archive.unit, "rules move no objects under 128 KB", hint)
    return None
