"""Lifecycle rules of a bucket: read, compared with those that the archive sets need, and written beside others'."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from s3sync.core.archive.lifecycle import (
    MOST_RULES,
    Difference,
    Rule,
    Wanted,
    difference,
    is_move,
    is_ours,
    plain_rule,
    wanted_rules,
)
from s3sync.core.archive.values import ArchiveSet
from s3sync.errors import LostRace, StoreError, Unsupported
from s3sync.store.aspects import Administers, StorageClasses, aspect, require_aspect
from s3sync.store.port import Store


class RulesView(Struct, frozen=True):
    """Rules of a bucket as they are, and what is to change. `root`: where the store begins in its bucket."""

    store: str
    root: str
    present: tuple[Rule, ...]
    wanted: Wanted
    difference: Difference


def look(
    store: Store, root: str, sets: Sequence[ArchiveSet], *, more: Sequence[Rule] = (), remove: bool = False
) -> RulesView:
    """Compare the bucket's rules with those that the sets need, and with `more`; `remove`: with none of ours.

    Rules that `transition` added for its tag stay until then. Raises `Unsupported` for a store without lifecycle,
    `StoreError`.
    """
    present = tuple(_bucket(store).lifecycle_rules())
    wanted = Wanted(()) if remove else wanted_rules(sets, root)
    moves = [] if remove else [rule for rule in present if is_ours(rule, root) and is_move(rule)]
    wanted = Wanted((*wanted.rules, *moves, *more), wanted.problems)
    return RulesView(store.url, root, present, wanted, difference(present, wanted.rules, root))


def look_to_add(store: Store, root: str, rule: Rule) -> RulesView:
    """Compare the bucket's rules with themselves and one more of ours. Raises as `look` does."""
    present = tuple(_bucket(store).lifecycle_rules())
    mine = [one for one in present if is_ours(one, root) and one.get("ID") != rule["ID"]]
    wanted = Wanted((*mine, rule))
    return RulesView(store.url, root, present, wanted, difference(present, wanted.rules, root))


def _bucket(store: Store) -> Administers:
    """The bucket with the rules. Raises `Unsupported` for a store of another kind."""
    found = aspect(store, Administers)
    if found is None and aspect(store, StorageClasses) is not None:
        raise Unsupported(
            f"s3sync sets no rules of {store.url}",
            why="it knows those of buckets on S3 alone",
            hint="`s3sync archive transition` moves what is there, `s3sync archive auto` by age",
        )
    return found if found is not None else require_aspect(store, Administers)


def write(store: Store, view: RulesView) -> None:
    """Write the rules as they were shown, and read them back. Writing replaces all that a bucket has.

    Raises `LostRace` if they are no longer those that were shown, `StoreError` if the store did not take them.
    """
    bucket = require_aspect(store, Administers)
    merged = view.difference.merged
    if len(merged) > MOST_RULES:
        raise StoreError(
            f"could not set the lifecycle rules of {view.store}",
            why=f"they would be {len(merged)}, and a bucket has {MOST_RULES} at most",
            hint="remove some that nobody needs",
        )
    if _plain(bucket.lifecycle_rules()) != _plain(view.present):
        raise LostRace(
            f"did not set the lifecycle rules of {view.store}",
            why="somebody changed them meanwhile",
            hint="run the command again, and look at the difference again",
        )
    bucket.put_lifecycle_rules(merged)
    if _plain(bucket.lifecycle_rules()) != _plain(merged):
        raise StoreError(
            f"the lifecycle rules of {view.store} are not those that were set",
            why="the store changed or dropped some of them, or somebody wrote at the same time",
            hint="look at them with `s3sync archive lifecycle show`",
        )


def _plain(rules: Sequence[Rule]) -> list[tuple[str, str]]:
    return sorted((str(rule.get("ID")), repr(sorted(plain_rule(rule).items(), key=str))) for rule in rules)
