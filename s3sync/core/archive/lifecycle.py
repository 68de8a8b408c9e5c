"""Rules of lifecycle: those that archive sets need, merged with other people's, and what rules do to an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from s3sync.core.archive.costs import COLDNESS, SMALLEST, Moves
from s3sync.core.archive.values import ArchiveSet, Pack

Rule: TypeAlias = Mapping[str, Any]
"""A rule as S3 writes it."""
OURS = "s3sync-archive-"
"""Beginning of the IDs of our rules. One that has it belongs to us, whoever wrote it."""
MOST_RULES = 1000
_MOST_OF_A_FILTER = 300
UNFINISHED_DAYS = 7
BY_TAG: Mapping[tuple[str, str], tuple[int, str]] = {
    ("archive", "fast"): (7, "DEEP_ARCHIVE"),
    ("archive", "normal"): (30, "DEEP_ARCHIVE"),
    ("archive", "delayed"): (90, "GLACIER"),
    ("backup", "deep-archive"): (0, "DEEP_ARCHIVE"),
}
"""Tags that move an archive: after so many days, to that class."""
MOVE_TAG = "s3sync-move"
"""Tag whose value is the class that `archive transition --by-tag` moves to."""
_MOVE = "move-"
_EARLIEST: Mapping[str, int] = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
"""Days after an upload before which S3 has no rule move anything to a class."""


def expected_class(tags: Mapping[str, str]) -> str | None:
    """Storage class that an archive with these tags moves to in the end; None where its tags move it nowhere."""
    found = [BY_TAG[tag][1] for tag in tags.items() if tag in BY_TAG]
    found += [target for name, target in tags.items() if name == MOVE_TAG and target in COLDNESS]
    return max(found, key=COLDNESS.index, default=None)


class Wanted(Struct, frozen=True):
    """Rules that the sets of one store need, and what cannot be made a rule, in words."""

    rules: tuple[Rule, ...]
    problems: tuple[str, ...] = ()


class Difference(Struct, frozen=True):
    """Change from the rules of a bucket to those that are wanted. `others` are rules of other people, which stay."""

    added: tuple[Rule, ...]
    changed: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    same: tuple[Rule, ...]
    others: tuple[Rule, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)

    @property
    def merged(self) -> list[Rule]:
        """All rules as they will be, other people's first and as they are."""
        return [*self.others, *self.same, *self.changed, *self.added]


def wanted_rules(sets: Iterable[ArchiveSet], root: str) -> Wanted:
    """Rules for the sets of a store that begins at `root` in its bucket (empty, or ending in `/`)."""
    rules, problems = [_unfinished(root)], list[str]()
    rules += [_by_tag(tag, root) for tag in BY_TAG]
    chosen_sets = list(sets)
    targets = {chosen.tags[MOVE_TAG] for chosen in chosen_sets if chosen.replica_region and MOVE_TAG in chosen.tags}
    rules += [move_rule(target, root) for target in sorted(targets) if target in COLDNESS]
    for chosen in chosen_sets:
        if chosen.lifecycle_days is None or chosen.lifecycle_class is None:
            continue
        move = (chosen.lifecycle_days, chosen.lifecycle_class)
        prefix = prefix_in(chosen, root)
        if chosen.tags:
            rules.append(_rule(f"set-{chosen.name}", root, _tagged(prefix, chosen.tags), move))
        elif chosen.pack is Pack.NONE and prefix != root:
            rules.append(_rule(f"set-{chosen.name}", root, {"Prefix": prefix}, move))
        else:
            problems.append(_no_rule(chosen))
    return Wanted(tuple(rules), tuple(problems))


def prefix_in(chosen: ArchiveSet, root: str) -> str:
    """Beginning of all keys that a set sends in its bucket: the folders of its layout before the first field."""
    folder = chosen.layout.partition("{")[0].rpartition("/")[0]
    return f"{root}{folder}/" if folder else root


def deletes_all_of(rule: Rule, prefix: str, tags: Mapping[str, str]) -> bool:
    """True for a rule that deletes every object below a prefix (or of that key) with these tags, some day."""
    return _deletes(rule, tags) and prefix.startswith(_filter(rule)[0])


def deletes_some_of(rule: Rule, prefix: str, tags: Mapping[str, str]) -> bool:
    """True for a rule that may delete some object with these tags below a prefix, and spares others there."""
    return _deletes(rule, tags) and _filter(rule)[0].startswith(prefix)


def _deletes(rule: Rule, tags: Mapping[str, str]) -> bool:
    expiration = rule.get("Expiration")
    is_on = rule.get("Status") == "Enabled" and isinstance(expiration, Mapping)
    return is_on and bool({"Days", "Date"} & set(expiration or ())) and _filter(rule)[1].items() <= tags.items()


def move_rule(target: str, root: str) -> Rule:
    """Rule that moves what is tagged for a class to it, as soon as S3 allows."""
    move = (_EARLIEST.get(target, 0), target)
    return _rule(f"{_MOVE}{target.lower()}", root, _tagged(root, {MOVE_TAG: target}), move)


def is_move(rule: Rule) -> bool:
    """True for a rule of ours that goes by the tag of `transition`."""
    return str(rule.get("ID", "")).startswith(f"{OURS}{_MOVE}")


def can_move(source: str, target: str) -> bool:
    """True if a rule moves objects of one class to another: never back to a warmer one."""
    return target in COLDNESS and (source not in COLDNESS or COLDNESS.index(target) > COLDNESS.index(source))


def _no_rule(chosen: ArchiveSet) -> str:
    """Reason why the days of a set cannot be made a rule: it would reach the indexes, which must stay readable."""
    hint = f"give the set a tag, as tags: {{set: {chosen.name}}}"
    if chosen.pack is not Pack.NONE:
        return f"set {chosen.name}: a rule by prefix would move the indexes beside the archives, too; {hint}"
    lacking = f"its layout {chosen.layout!r} has no folder that a rule can go by"
    return f"set {chosen.name}: {lacking}; {hint}, or begin it with one"


def difference(present: Sequence[Rule], wanted: Sequence[Rule], root: str) -> Difference:
    """Compare by ID. Of our rules only those for the same root count as ours: another clone may have its own.

    A wanted rule takes the place of any other with its ID.
    """
    goal = {str(rule["ID"]): rule for rule in wanted}
    others = tuple(rule for rule in present if not is_ours(rule, root) and rule.get("ID") not in goal)
    mine = {str(rule["ID"]): rule for rule in present if is_ours(rule, root) or rule.get("ID") in goal}
    return Difference(
        added=tuple(rule for name, rule in goal.items() if name not in mine),
        changed=tuple(
            rule for name, rule in goal.items() if name in mine and plain_rule(mine[name]) != plain_rule(rule)
        ),
        removed=tuple(rule for name, rule in mine.items() if name not in goal),
        same=tuple(rule for name, rule in mine.items() if name in goal and plain_rule(rule) == plain_rule(goal[name])),
        others=others,
    )


def is_ours(rule: Rule, root: str) -> bool:
    name = str(rule.get("ID", ""))
    return name.startswith(OURS) and name.partition("@")[2] == root


def plain_rule(rule: Rule) -> dict[str, Any]:
    """A rule in one form, however a store writes it back: some write a size of more than 0 where none was said."""
    prefix, tags, (above, below) = _filter(rule)
    sizes = (above or None, below)
    moves = sorted((int(one.get("Days", 0)), str(one.get("StorageClass"))) for one in rule.get("Transitions", ()))
    known = {"ID", "Status", "Filter", "Prefix", "Transitions", "Transition"}
    rest = {name: value for name, value in rule.items() if name not in known}
    return {"status": rule.get("Status"), "prefix": prefix, "tags": tags, "sizes": sizes, "moves": moves, **rest}


def moves_of(rules: Iterable[Rule], key: str, tags: Mapping[str, str], size: int) -> Moves:
    """Moves that the rules of a bucket make of an object. `key` is its whole key in the bucket.

    Objects below 128 KB are moved only by rules that name a size themselves, as S3 does by default.
    """
    found: list[tuple[int, str]] = []
    for rule in rules:
        prefix, wanted, (above, below) = _filter(rule)
        fits = key.startswith(prefix) and all(tags.get(name) == value for name, value in wanted.items())
        sized = (above is None or size > above) and (below is None or size < below)
        small = size < SMALLEST and above is None and below is None
        if rule.get("Status") == "Enabled" and fits and sized and not small:
            found += [
                (one["Days"], one["StorageClass"])
                for one in rule.get("Transitions", ())
                if isinstance(one.get("Days"), int) and one.get("StorageClass") in COLDNESS
            ]
    return tuple(sorted(found))


def rule_text(rule: Rule) -> str:
    """A rule in words: `archive=fast below lab/: after 7 days to DEEP_ARCHIVE`.

    Somebody says yes to them, so that no length of a filter pushes out of sight what is deleted.
    """
    prefix, tags, (above, below) = _filter(rule)
    what = _bounded(" and ".join(f"{name}={value}" for name, value in tags.items()))
    where = f"below {_bounded(prefix)}" if prefix else "in the whole bucket" if not tags else ""
    size = f"over {above} B" if above else ""  # a server may write a rule without one back as over 0
    size += f" under {below} B" if below is not None else ""
    deeds = [f"after {_days(one)} to {one.get('StorageClass', '?')}" for one in rule.get("Transitions", ())]
    expiration = rule.get("Expiration")
    if isinstance(expiration, Mapping) and {"Days", "Date"} & expiration.keys():
        deeds.append(f"deleted {'after' if 'Days' in expiration else 'on'} {_days(expiration)}")
    unfinished = rule.get("AbortIncompleteMultipartUpload")
    if isinstance(unfinished, Mapping):
        deeds.append(f"unfinished uploads dropped after {unfinished.get('DaysAfterInitiation')} days")
    versions = rule.get("NoncurrentVersionExpiration")
    if isinstance(versions, Mapping):
        days = versions.get("NoncurrentDays")
        deeds.append("old versions deleted" + (f" after {days} days" if days is not None else " beyond a number"))
    off = "" if rule.get("Status") == "Enabled" else " (off)"
    return (
        f"{' '.join(part for part in (what, where, size.strip()) if part)}: {', '.join(deeds) or 'something else'}{off}"
    )


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST_OF_A_FILTER else f"{text[:_MOST_OF_A_FILTER]}..."


def _days(one: Mapping[str, Any]) -> str:
    days = one.get("Days")
    return "1 day" if days == 1 else f"{days} days" if days is not None else f"{one.get('Date', '?')}"


def _by_tag(tag: tuple[str, str], root: str) -> Rule:
    name, value = tag
    return _rule(f"{name}-{value}", root, _tagged(root, {name: value}), BY_TAG[tag])


def _tagged(prefix: str, tags: Mapping[str, str]) -> Mapping[str, Any]:
    """Filter of what has all these tags below a prefix. S3 wants `And` for several conditions, and not for one."""
    listed = [{"Key": name, "Value": value} for name, value in sorted(tags.items())]
    if prefix:
        return {"And": {"Prefix": prefix, "Tags": listed}}
    return {"Tag": listed[0]} if len(listed) == 1 else {"And": {"Tags": listed}}


def _rule(name: str, root: str, chosen: Mapping[str, Any], move: tuple[int, str]) -> Rule:
    days, storage_class = move
    transition = {"Days": days, "StorageClass": storage_class}
    return {"ID": _id(name, root), "Status": "Enabled", "Filter": chosen, "Transitions": [transition]}


def _unfinished(root: str) -> Rule:
    return {
        "ID": _id("unfinished-uploads", root),
        "Status": "Enabled",
        "Filter": {"Prefix": root},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
    }


def _id(name: str, root: str) -> str:
    return f"{OURS}{name}@{root}" if root else f"{OURS}{name}"


def _filter(rule: Rule) -> tuple[str, dict[str, str], tuple[int | None, int | None]]:
    """Prefix, tags and sizes that a rule goes by. Old rules have their prefix outside of a filter."""
    chosen = rule.get("Filter")
    chosen = chosen if isinstance(chosen, Mapping) else {"Prefix": rule.get("Prefix", "")}
    inner = chosen.get("And", chosen)
    tags = list(inner.get("Tags", ()))
    if isinstance(inner.get("Tag"), Mapping):
        tags.append(inner["Tag"])
    sizes = (inner.get("ObjectSizeGreaterThan"), inner.get("ObjectSizeLessThan"))
    return str(inner.get("Prefix") or ""), {str(one.get("Key")): str(one.get("Value")) for one in tags}, sizes
