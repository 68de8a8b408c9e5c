"""Check of an archive set against the kind of its store: classes of its own, tags, rules that move, a replica."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3sync.config.schemes import name_of_scheme, scheme_of
from s3sync.config.secrets import hidden
from s3sync.config.values import BadValue, line

if TYPE_CHECKING:
    from s3sync.core.archive.classes import Classes
    from s3sync.core.archive.values import ArchiveSet

_OF_RULES = ("lifecycle_days", "lifecycle_class")
_CLASSES = ("storage_class", "lifecycle_class")


def classes_of(url: str) -> Classes | None:
    """Classes of the store with this address; None for one that has none."""
    from s3sync.core.archive.classes import CLASSES_OF

    return CLASSES_OF.get(name_of_scheme(url))


def class_at(url: str, word: str) -> str | None:
    """The class as this store spells it; None for one that it has not."""
    classes = classes_of(url)
    return classes.named(word) if classes is not None else None


def last_class(url: str, *, on_aws: bool) -> str | None:
    """Class into which `archive auto` moves at last; none on servers of their own, few of which have cold ones."""
    classes = classes_of(url)
    is_vendors = on_aws or (classes is not None and scheme_of(url).vendor != "AWS")
    return classes.last if classes is not None and is_vendors else None


def fit_store(fields: dict[str, Any]) -> None:
    """Check what a set says of classes, tags, rules and a replica against its store, and fill in its usual class.

    Raises `BadValue`.
    """
    url = fields["store"]
    scheme, classes = scheme_of(url), classes_of(url)
    for name in _CLASSES:
        if name in fields:
            fields[name] = _fitting(fields[name], name, classes, is_remote=scheme.by_remote)
    if classes is not None and classes.usual != "STANDARD":
        fields.setdefault("storage_class", classes.usual)
    if fields.get("tags") and scheme.vendor not in ("AWS", "Azure"):
        kind = scheme.name or ("a folder" if scheme.is_folder else "a remote of rclone")
        raise BadValue(f"{kind} has no tags on objects", "leave it out", ("tags",))
    if scheme.is_folder or scheme.vendor == "AWS":
        return
    for name in _OF_RULES:
        if name in fields:
            raise BadValue(
                "s3sync sets rules for buckets on S3 alone",
                "leave it out: `s3sync archive transition` and `archive auto` move what is there"
                if classes is not None
                else "leave it out",
                (name,),
            )


def _fitting(word: str, name: str, classes: Classes | None, *, is_remote: bool) -> str:
    if classes is None:
        if is_remote:
            raise BadValue("a remote of rclone has no storage classes", "leave it out", (name,))
        from s3sync.core.archive.classes import CLASSES_OF

        classes = CLASSES_OF["s3"]  # of a folder it says nothing
    if word in classes.names:
        return word
    meant = classes.nearest(word)
    hint = f"did you mean {meant}?" if meant else f"the classes are {', '.join(classes.names)}"
    raise BadValue(f"{hidden(word)!r} is no storage class of {classes.vendor}", hint, (name,))


def unused(chosen: ArchiveSet) -> tuple[str, ...]:
    """Settings of a set about classes, as they are written, where its store has none and they are of no effect."""
    if classes_of(chosen.store) is not None:
        return ()
    said = {
        "storage_class": chosen.storage_class if chosen.storage_class != "STANDARD" else None,
        "lifecycle_class": chosen.lifecycle_class,
        "lifecycle_days": chosen.lifecycle_days,
    }
    return tuple(f"{name}: {value}" for name, value in said.items() if value is not None)


def class_word(value: object) -> str:
    """A word that may be a class. Raises `BadValue`."""
    return line(value).strip()
