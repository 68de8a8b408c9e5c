"""Read the settings of earlier tools, and write what they say as archive sets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import DecodeError, Struct, json

from s3sync.config import ENV_FILE, REPO_FILE, find_repo_root, user_file, write_user_config
from s3sync.config.envfile import env_lines
from s3sync.config.leading import end_of
from s3sync.config.locate import in_staging
from s3sync.config.read import read_text, says_trust
from s3sync.config.write import add_to_user_config, has_user_key
from s3sync.config.write_sets import block, set_of, write_sets
from s3sync.core.archive.imported import Imported, NotImportable
from s3sync.core.archive.importing import import_config
from s3sync.core.archive.importing_env import import_env
from s3sync.errors import ConfigError
from s3sync.local.tracked import tracked_by_git


class ImportReport(Struct, frozen=True):
    """Fate of each key of `source`, the sets as they stand in `path`, and own settings that were written."""

    source: Path
    path: Path
    text: str
    sets: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    changed: bool
    dry_run: bool


def import_file(
    start: Path, environ: Mapping[str, str], name: str, *, own: bool = False, dry_run: bool = False
) -> ImportReport:
    """Take over `s3_config.json`, or `.video-tools.env` by the ending of its name.

    Sets go into `.s3sync.yaml`; with `own`, outside of a repository, and those of an env file, which is one person's,
    into the user's own file. Raises `ConfigError`; `UsageError` for a link that leads out of the repository.
    """
    source, root = start / name, find_repo_root(start)
    if not os.path.lexists(source):
        hint = f"name an s3_config.json or a {ENV_FILE} with its folder"
        raise ConfigError(f"cannot read {source}", why="there is no such file", hint=hint)
    end_of(source.absolute(), name, "file")  # what is in it goes into a file that is committed
    text = read_text(source)
    is_env = source.name == ENV_FILE or source.suffix == ".env"
    own = own or is_env or root is None
    others = None if says_trust(environ) else _of_others(source)
    if own and others is not None:
        _refuse(source, others)
    place: Callable[[str], str] = (lambda folder: os.path.normpath(start / folder)) if own else str
    try:
        if is_env:
            found = import_env(_variables(text, source), None if root is None else str(root / "[A-Za-z][0-9]*"))
        else:
            found = import_config(json.decode(text), place)
    except (NotImportable, DecodeError, RecursionError) as error:
        hint = f"name an s3_config.json or a {ENV_FILE}"
        raise ConfigError(f"cannot import {source}", why=str(error), hint=hint) from None
    if others is not None:
        _leave_to_the_user(found, others)
    path = user_file(environ) if own else Path(str(root)) / REPO_FILE
    _require_valid(found, source, path, committed=not own)
    changed = write_sets(path, found.sets, committed=not own, dry_run=dry_run) if found.sets else False
    if found.settings and not dry_run:
        changed = write_user_config(user_file(environ), found.settings) or changed
    if found.prices:
        changed = _add_prices(user_file(environ), found, dry_run) or changed
    return ImportReport(source, path, _text(found), tuple(found.sets), tuple(found.notes), changed, dry_run)


def _require_valid(found: Imported, source: Path, path: Path, *, committed: bool) -> None:
    """Raise `ConfigError` that speaks of the file which is there: in the settings nothing stands yet."""
    for name, rules in found.sets.items():
        try:
            set_of(name, rules, path, committed=committed)
        except ConfigError as error:
            raise ConfigError(
                f"cannot import {source}",
                why=f"the set {name!r} would not be valid: {error.why}",
                hint="correct it there",
            ) from None


class _Others(Struct, frozen=True):
    """Who may have put a file there, how that is known, and what to do if it is the user's own."""

    known: str
    who: str
    hint: str


def _of_others(source: Path) -> _Others | None:
    """Who beside the user may say what stands in a file; None where nothing tells that anybody may."""
    real = Path(os.path.realpath(source))
    if in_staging(real.parent, Path(real.anchor)):
        return _Others("it lies in a staging folder", "whoever writes to the store", "import a copy from elsewhere")
    if tracked_by_git(real.parent, real.name) is not None:
        hint = "take it out of git (git rm --cached), or import a copy from elsewhere"
        return _Others("git tracks it", "whoever commits", hint)
    return None


def _refuse(source: Path, others: _Others) -> None:
    """Raise `ConfigError`: in the user's own settings nobody is asked about the stores of sets."""
    raise ConfigError(
        f"cannot import {source} into your own settings",
        why=f"{others.known}, so {others.who} would say what of this computer is sent, and where to",
        hint=f"look at it; if it is yours, {others.hint}",
    )


def _leave_to_the_user(found: Imported, others: _Others) -> None:
    """Take nothing for the user's own settings: what they say holds in all repositories, and prices of a repository
    only raise, so that none has a command spend without a question."""
    kept = ("prices: ", *(f"{key}: " for key in found.settings))
    why = f"nothing: {others.known}, and {others.who} says nothing in your own settings, which can have"
    found.notes = [(key, f"{why} {fate}" if fate.startswith(kept) else fate) for key, fate in found.notes]
    found.settings, found.prices = {}, {}


def _add_prices(path: Path, found: Imported, dry_run: bool) -> bool:
    """Write prices into the user's own file, unless it says some already, which stay; whether it changed."""
    if has_user_key(path, "prices"):
        already = "nothing: your own settings have `prices:` already"
        found.notes = [(key, already if fate.startswith("prices: ") else fate) for key, fate in found.notes]
        return False
    if not dry_run:
        add_to_user_config(path, "prices", found.prices)
    return True


def _text(found: Imported) -> str:
    return "".join(block(name, rules) for name, rules in found.sets.items())


def _variables(text: str, source: Path) -> dict[str, str]:
    """The variables of an env file as they stand, without its credentials."""
    found = {key: value for key, value, _ in env_lines(text, source)}
    return {key: value for key, value in found.items() if not key.startswith(("AWS_", "S3SYNC_", "S3_COLLAB_"))}
