"""Write an archive set into the settings, from a preset."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from msgspec import Struct, structs

from s3sync.archive.sets import require_set, settings_of, unsealable
from s3sync.config import REPO_FILE, Settings, find_repo_root, load_settings, says_trust, user_file
from s3sync.config.archive_classes import classes_of
from s3sync.config.schemes import scheme_of
from s3sync.config.table_sets import SQL
from s3sync.config.write_sets import block, set_of, write_sets
from s3sync.core.archive.presets import PRESETS
from s3sync.core.archive.values import ArchiveSet
from s3sync.errors import UsageError
from s3sync.trust import is_named_by_repository, place_of, read_book, remember

_OF_BUCKETS = ("storage_class", "tags", "lifecycle_days", "lifecycle_class")
"""Rules of a preset that nothing but S3 has."""


class InitSetReport(Struct, frozen=True):
    """The file that a set was written to, and how it stands there; `source` is where it looks now."""

    path: Path
    chosen: ArchiveSet | None
    name: str
    text: str
    changed: bool
    dry_run: bool


def init_set(
    start: Path,
    environ: Mapping[str, str],
    preset: str | None,
    *,
    store: str | None,
    name: str | None = None,
    source: str | None = None,
    own: bool = False,
    more: Mapping[str, object] | None = None,
    dry_run: bool = False,
) -> InitSetReport:
    """Add a set to `.s3sync.yaml`, or with `own` and outside of a repository to the user's own file.

    Whoever names the store here agrees to it, but not to a server or a signer that the repository names: about these
    whoever uses the set is asked. Raises `UsageError` for an unknown preset, and `ConfigError`.
    """
    root = find_repo_root(start)
    own = own or root is None
    name = name or preset or ""
    rules = _rules(preset, store, _placed(source, start, None if own else root), more or {})
    if own and "source" not in rules:
        raise UsageError(
            "the set has no folder to look in",
            why="outside of a repository there are no projects",
            hint="name it: --source ~/Videos/projects",
        )
    if own:
        folder = _folder_key(rules)
        rules[folder] = _placed(str(rules[folder]), start, None)  # also a preset's: it holds wherever one stands
    path = user_file(environ) if own else Path(str(root)) / REPO_FILE
    if not own:
        settings = load_settings(start, flags={}, environ=environ)
        refused = unsealable(set_of(name, rules, path, committed=True), settings)
        if refused is not None:
            raise refused
    changed = write_sets(path, {name: rules}, committed=not own, dry_run=dry_run)
    chosen = None
    if not dry_run:
        settings = load_settings(start, flags={}, environ=environ)
        chosen = require_set(settings, name)
        opened = settings_of(chosen, settings, environ)
        if is_named_by_repository(opened) and not says_trust(environ) and _is_agreed(opened):
            remember(place_of(opened), environ)
    return InitSetReport(path, chosen, name, block(name, rules), changed, dry_run)


def _is_agreed(opened: Settings) -> bool:
    """True if nothing but the store is the repository's word, or the user agreed to the rest of it before."""
    if not is_named_by_repository(replace(opened, origins={**opened.origins, "store": "flag --store"})):
        return True
    place = place_of(opened)
    return any(structs.replace(found.place, store=place.store) == place for found in read_book(opened.env))


def _rules(preset: str | None, store: str | None, source: str | None, more: Mapping[str, object]) -> dict[str, object]:
    kinds = "; ".join(f"{name}: {found.about}" for name, found in PRESETS.items())
    if preset is None or preset not in PRESETS:
        told = "choose a preset with --preset" if preset is None else f"there is no preset {preset!r}"
        raise UsageError(
            told,
            why=f"the presets are {kinds}",
            hint="s3sync archive init --preset projects --store s3://bucket/prefix",
        )
    if store is None:
        raise UsageError(
            "the set does not say where it sends",
            why="nothing is sent to a store that nobody named",
            hint="add --store s3://bucket/prefix: best a bucket of its own, or a prefix that no repository has",
        )
    rules: dict[str, object] = {"store": store, **_fitted(PRESETS[preset].rules, store), **more}
    if scheme_of(store).is_folder:
        rules = {key: value for key, value in rules.items() if key not in _OF_BUCKETS}
    if source is not None:
        rules[_folder_key(rules)] = source
    return rules


def _fitted(rules: Mapping[str, object], store: str) -> dict[str, object]:
    """A preset's rules for a store that is none of S3: with its own classes, and without the rules of a bucket."""
    if scheme_of(store).vendor == "AWS":
        return dict(rules)
    classes, kept = classes_of(store), {key: value for key, value in rules.items() if key not in _OF_BUCKETS}
    if classes is not None and "storage_class" in rules:
        kept["storage_class"] = classes.nearest(str(rules["storage_class"])) or classes.usual
    return kept


def _folder_key(rules: Mapping[str, object]) -> str:
    """Rule that names the folder of a set: where its objects come from a table, `source` says that."""
    return "files" if rules.get("source") == SQL else "source"


def _placed(source: str | None, start: Path, root: Path | None) -> str | None:
    """A source as the file has it: relative to the repository, or whole. What was typed is relative to `start`."""
    if source is None:
        return None
    if source.startswith("~"):
        return source
    whole = os.path.normpath(start / source)
    if root is not None and Path(whole).is_relative_to(root):
        return Path(whole).relative_to(root).as_posix()
    return whole if root is None or not Path(source).is_absolute() else source
