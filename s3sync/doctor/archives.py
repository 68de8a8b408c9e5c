"""Archive sets: whether a lifecycle rule of their bucket deletes what they keep there.

A set may go to another bucket than the project, and a rule may go by its tags: the check of the project's bucket tells
of neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from s3sync.archive.catalogue import Catalogue, catalogue_path
from s3sync.archive.sets import load_sets, settings_of, unsealable
from s3sync.config import Settings
from s3sync.config.schemes import prefix_of, scheme_of
from s3sync.connect import connect
from s3sync.core.archive.lifecycle import Rule, deletes_all_of, deletes_some_of, prefix_in, rule_text
from s3sync.core.archive.values import ArchiveSet
from s3sync.doctor.report import Check, failed_by, ok, skipped, warn
from s3sync.errors import S3syncError
from s3sync.store.aspects import Administers, aspect

NAME = "archives"
_HINT = (
    "limit the rule to other prefixes or tags, or take it out, before files leave this disk for the archive;"
    " `s3sync archive lifecycle show` lists the rules"
)


def checks(settings: Settings, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> list[Check]:
    """One check where there are archive sets in a bucket that has rules, and none elsewhere. Writes nothing."""
    try:
        sets = [one for one in load_sets(settings).values() if unsealable(one, settings) is None]
        placed = [(settings_of(one, settings, environ, flags), one) for one in sets]
    except S3syncError as error:
        return [failed_by(NAME, error)]
    rules: dict[tuple[str, str | None], list[Rule] | None] = {}
    unasked, dangers, asked = list[str](), list[str](), 0
    for found, one in placed:
        if not scheme_of(found.store).has_server:
            continue
        place = (found.store, found.endpoint_url)
        try:
            if place not in rules:
                rules[place] = None
                bucket = aspect(connect(found, create=False, sealed=False, by_name=False), Administers)
                rules[place] = bucket.lifecycle_rules() if bucket is not None else None
            present = rules[place]
            if present is not None:
                asked += 1
                dangers += [
                    f"archives.{one.name}: {rule_text(rule)}" for rule in _deleting(found, one, present, environ)
                ]
        except S3syncError as error:  # one that nobody agreed to is asked about by the verbs that use it
            unasked.append(f"archives.{one.name}: {error}")
    if dangers:
        more = f", and {len(dangers) - 1} more like it" if len(dangers) > 1 else ""
        return [warn(NAME, f"a lifecycle rule deletes what is archived: {dangers[0]}{more}", _HINT)]
    if unasked:
        return [skipped(NAME, f"whether a rule deletes what is archived cannot be told: {unasked[0]}")]
    return [ok(NAME, "no lifecycle rule deletes what is archived")] if asked else []


def _deleting(settings: Settings, chosen: ArchiveSet, rules: list[Rule], environ: Mapping[str, str]) -> Iterator[Rule]:
    """Rules that delete all that a set sends, or some archive that the catalogue knows."""
    root = prefix_of(settings.store)
    root = f"{root}/" if root else ""
    below = prefix_in(chosen, root)
    keys: list[str] | None = None
    for rule in rules:
        if deletes_all_of(rule, below, chosen.tags):
            yield rule
        elif deletes_some_of(rule, below, chosen.tags):
            if keys is None:
                keys = [f"{root}{key}" for key in _keys(settings, chosen, environ)]
            if any(deletes_all_of(rule, key, chosen.tags) for key in keys):
                yield rule


def _keys(settings: Settings, chosen: ArchiveSet, environ: Mapping[str, str]) -> list[str]:
    path = catalogue_path(settings.store, settings.endpoint_url, environ)
    if not path.exists():
        return []
    with Catalogue(path, read_only=True) as catalogue:
        return [one.key for one in catalogue.archives(set=chosen.name)]
