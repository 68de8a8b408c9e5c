"""Archive sets of the settings, checked as far as that needs more than the text, and the settings of their stores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from msgspec import structs

from s3sync.config import Settings
from s3sync.config.schemes import bucket_url, scheme_of
from s3sync.config.settings import load_own_settings
from s3sync.core.archive.values import ArchiveSet, Pack
from s3sync.core.names import STATE_DIR
from s3sync.core.replication import as_replicated, replica_name
from s3sync.core.spelling import stands_for
from s3sync.disk.errors import Refused
from s3sync.disk.own_links import own_end
from s3sync.errors import ConfigError, Unsupported, UsageError
from s3sync.keys.known import is_encrypted
from s3sync.local.patterns import compile_patterns
from s3sync.staging import is_link

PRIVATE = (".git", STATE_DIR)
"""Folders of git and of s3sync itself: they hold addresses with passwords, and state that is of one computer."""


def load_sets(settings: Settings) -> dict[str, ArchiveSet]:
    """The sets by name, in the order of the settings. Raises `ConfigError` for a pattern that is none."""
    said = (settings.archives or {}).items()
    found = {name: as_replicated(_with_projects(chosen, settings)) for name, chosen in said}
    for chosen in found.values():
        for field in ("select", "ignore", "heavy", "light", "sidecars"):
            _check_patterns(chosen, field)
    return found


def is_sealed(chosen: ArchiveSet, settings: Settings) -> bool:
    """True for a set of an encrypted repository. One of the user's own file sends as it always does."""
    return chosen.confined and is_encrypted(settings)


def unsealable(chosen: ArchiveSet, settings: Settings) -> Unsupported | None:
    """The reason for which a set of an encrypted repository is not worked with: what it is for is read by others."""
    if not is_sealed(chosen, settings):
        return None
    if chosen.rows is not None:
        why = "whoever has the addresses of a table's files reads them without s3sync, and would get ciphertext"
    elif chosen.pack is Pack.NONE and scheme_of(chosen.store).is_folder:
        why = "a folder with `pack: none` is there to be read as it lies, and would hold ciphertext"
    else:
        return None
    return Unsupported(
        f"archives.{chosen.name} does not work in an encrypted repository, as {settings.repo} is",
        why=why,
        hint="give the set a container (`pack: tar.gz`), or a bucket; docs/encryption.md lists what does not work",
    )


def refuse_sealed(chosen: ArchiveSet, settings: Settings, what: str, why: str) -> None:
    """Raise `Unsupported` for a set of an encrypted repository, with which something does not work."""
    if is_sealed(chosen, settings):
        raise Unsupported(
            f"{what} does not work with archives.{chosen.name}: {settings.repo} is encrypted",
            why=why,
            hint="docs/encryption.md lists what does not work, and what does instead",
        )


def require_set(settings: Settings, name: str | None) -> ArchiveSet:
    """The set of that name; without one, the only set. Raises `ConfigError`, `Unsupported` for one that cannot be."""
    chosen = _named(settings, name)
    refused = unsealable(chosen, settings)
    if refused is not None:
        raise refused
    return chosen


def _named(settings: Settings, name: str | None) -> ArchiveSet:
    found = load_sets(settings)
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name is not None and name in found:
        return found[name]
    if not found:
        raise ConfigError(
            "there is no archive set",
            why="neither the repository's settings nor your own have `archives:`",
            hint="make one: s3sync archive init --preset projects --store s3://bucket/prefix",
        )
    names = ", ".join(found)
    if name is None:
        raise ConfigError("there are several archive sets", why=f"they are {names}", hint="choose one with --set NAME")
    from difflib import get_close_matches

    near = get_close_matches(name, found, 1)
    raise ConfigError(
        f"there is no archive set {name!r}",
        why=f"the sets are {names}",
        hint=f"did you mean {near[0]!r}?" if near else None,
    )


def require_units(sets: Iterable[ArchiveSet], *, named: bool) -> list[ArchiveSet]:
    """The sets that have units on the disk. Raises `UsageError` for one that was named and takes its objects from a
    table, and where all do.
    """
    every = list(sets)
    found = [one for one in every if one.rows is None]
    if every and (not found or (named and len(found) < len(every))):
        name = next(one.name for one in every if one.rows is not None)
        raise UsageError(
            f"archives.{name} takes its objects from a table",
            why="what is not archived of it, the rows say",
            hint=f"s3sync archive run --set {name} --dry-run, or archive verify --set {name}",
        )
    return found


def settings_of(
    chosen: ArchiveSet, settings: Settings, environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None
) -> Settings:
    """The settings with which a set's store is opened (`connect`), so that it is asked about as any other store is.

    A repository's set goes to its store as the repository's settings say. What a repository says has no part in the
    store of a set that the user's own file holds. Those of an encrypted repository are sealed with its key.
    """
    base = settings if chosen.confined else load_own_settings(flags or {}, environ)
    origin = settings.origins.get("archives", "default") if chosen.confined else "user file"
    said = {
        name: value
        for name in ("store", "region", "endpoint_url", "profile")
        if (value := getattr(chosen, name)) is not None
    }
    credentials = base.credentials
    if chosen.profile is not None and credentials == "chain":
        credentials = "profile"
    return replace(
        base,
        **said,
        credentials=credentials,
        archives_of=settings if is_sealed(chosen, settings) else None,
        origins=MappingProxyType({**base.origins, **dict.fromkeys(said, origin)}),
    )


def replica_settings(settings: Settings, chosen: ArchiveSet) -> Settings:
    """Settings with which the replica of a set's store is opened: the same server and identity, another bucket."""
    bucket, _, prefix = settings.store.partition("://")[2].partition("/")
    url = bucket_url(chosen.replica_bucket or replica_name(bucket), prefix.strip("/"))
    return replace(settings, store=url, region=chosen.replica_region)


def stores_of(chosen: ArchiveSet, settings: Settings, environ: Mapping[str, str]) -> list[Settings]:
    """Settings with which the store of a set is opened, and its replica where it has one."""
    found = settings_of(chosen, settings, environ)
    return [found] if chosen.replica_region is None else [found, replica_settings(found, chosen)]


def _with_projects(chosen: ArchiveSet, settings: Settings) -> ArchiveSet:
    """The set with the repository's projects as its source, where it names none."""
    return chosen if chosen.source else structs.replace(chosen, source="*", marker=settings.staging)


def _check_patterns(chosen: ArchiveSet, field: str) -> None:
    lines = getattr(chosen, field)
    for number, line in enumerate(lines, 1):
        try:
            compile_patterns([line])
        except ValueError as error:
            raise ConfigError(
                f"archives.{chosen.name}.{field} is not valid", why=f"entry {number} is no pattern: {error}"
            ) from None
    try:
        compile_patterns(lines)
    except ValueError as error:
        raise ConfigError(f"archives.{chosen.name}.{field} is not valid", why=str(error)) from None


def source_base(chosen: ArchiveSet, root: Path | None) -> tuple[Path, tuple[str, ...]]:
    """The folder in which a set looks, and the pattern of each folder below it on the way to a unit.

    Raises `ConfigError` for a relative source without a repository, for one that a link leads out of it or a link of
    another user elsewhere, and for one that is, or is in, a folder of git or of s3sync.
    """
    parts = [part for part in chosen.source.replace(os.sep, "/").split("/") if part not in ("", ".")]
    fixed = next((number for number, part in enumerate(parts) if any(char in part for char in "*?[")), len(parts))
    path = Path(chosen.source).expanduser()
    if path.is_absolute():
        base = path if fixed == len(parts) else Path(*path.parts[: len(path.parts) - (len(parts) - fixed)])
    elif root is None:
        raise ConfigError(
            f"archives.{chosen.name} has no folder to look in",
            why="its source is relative, and there is no repository here",
            hint="write a whole path as its `source`, as ~/Videos",
        )
    else:
        base = root.joinpath(*parts[:fixed])
    _refuse_private(chosen, base, root)
    if chosen.confined and root is not None:
        _refuse_links(chosen, base, root)
    return base, tuple(parts[fixed:])


def real_source(chosen: ArchiveSet, base: Path) -> str:
    """Real path of the folder in which a set looks. Raises `ConfigError` where a link of another user is on the way."""
    try:
        return own_end(base)
    except Refused as error:
        message = f"archives.{chosen.name} does not look into {error.filename}"
        raise ConfigError(message, why=error.why, hint=error.hint) from error


def _refuse_links(chosen: ArchiveSet, base: Path, root: Path) -> None:
    """What a user agreed to is a folder: no commit puts a link to another one in its place."""
    below = (path for path in (base, *base.parents) if path != root and path.is_relative_to(root))
    link = next((path for path in below if is_link(path)), None)
    outside = not Path(os.path.realpath(base)).is_relative_to(root)
    if link is not None or outside:
        where = "a link that leads out of the repository" if outside else "a link, which a commit can turn elsewhere"
        raise ConfigError(
            f"archives.{chosen.name} is not read",
            why=f"{link or base} is {where}",
            hint="name the folder itself, or write the set into your own settings file",
        )


def _refuse_private(chosen: ArchiveSet, base: Path, root: Path | None) -> None:
    where = Path(real_source(chosen, base))
    names = where.relative_to(root).parts if root is not None and where.is_relative_to(root) else where.parts
    private = next((name for name in names if stands_for(name, PRIVATE)), None)
    if private is not None:
        raise ConfigError(
            f"archives.{chosen.name} is not read",
            why=f"its source is in {private!r}, which belongs to a program",
            hint="name the folder above it: a unit's own `.git` goes along in its archive",
        )
