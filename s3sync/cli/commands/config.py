"""s3sync config"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer

from s3sync.cli import completed
from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, OPENS, SET_UP, Group
from s3sync.core.typed import quoted
from s3sync.disk.current import current_folder
from s3sync.errors import UsageError

InRepo: TypeAlias = Annotated[
    bool, typer.Option("--repo", help="Change the team's .s3sync.yaml instead of your own settings.")
]
Key: TypeAlias = Annotated[
    str, typer.Argument(metavar="KEY", help="The setting's name.", autocompletion=completed.setting_names)
]

config = Group(SET_UP, "Show every setting and where it comes from, or change one. Credentials are masked.")


@config.word(
    "show",
    "s3sync config\ns3sync config show store user --json",
    0, 1, 2,
    takes=OPENS,
    verbose="Also show all ignore patterns.",
)  # fmt: skip
def show(
    call: Call,
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY]...", help="Only these.", show_default=False, autocompletion=completed.setting_names
        ),
    ] = None,
) -> int:
    """Show every setting, or some, and where it comes from. Credentials are masked."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.config import config_json, print_config

    rows = _rows(call, keys or ())
    if not keys and call.quiet:
        rows = [row for row in rows if row[2] != "default"]
    if call.json:
        print_json(config_json(rows))
    else:
        print_config(rows, verbose=call.verbose)
    return 0


@config.word("get", "s3sync config get store\ns3sync config get cloud.provider cloud.bucket", 0, 1, 2, takes=OPENS)
def get(
    call: Call,
    keys: Annotated[
        list[str],
        typer.Argument(metavar="KEY...", help="The settings' names.", autocompletion=completed.setting_names),
    ],
) -> int:
    """Print the values of some settings, one on each line, and nothing else: `-` for one that nobody set."""
    from s3sync.cli.output import print_json, printable, say
    from s3sync.cli.show.config import config_json

    rows = {row[0]: row for row in _rows(call, keys)}
    if call.json:
        print_json(config_json(list(rows.values())))
        return 0
    for key in keys:
        value = rows[key][1]
        say("-" if value is None else printable(value))
    return 0


def _rows(call: Call, keys: Sequence[str]) -> list[tuple[str, str | None, str]]:
    """All rows, or those of some keys, of which `cloud.provider` and its like are other names of the store's parts."""
    from s3sync.config import cloud, load_settings, masked
    from s3sync.config.secrets import hidden

    settings = load_settings(current_folder(), flags=call.flags, environ=os.environ)
    rows = masked(settings)
    if not keys:
        return rows
    origins = cloud.origins(settings)
    rows += [
        (name, None if value is None else hidden(value), origins[name])
        for name, value in cloud.fields(settings).items()
    ]
    if unknown := sorted(set(keys) - {row[0] for row in rows}):
        names = ", ".join(row[0] for row in rows)
        raise UsageError(
            f"there is no setting {unknown[0]!r}",
            why=f"the settings are: {names}",
            hint="to change one: s3sync config set KEY VALUE, or s3sync config unset KEY",
        )
    return [row for row in rows if row[0] in keys]


@config.word(
    "set", 's3sync config set user "Eve Smith"\ns3sync config set region eu-west-1 --repo', 0, 1, 2, takes=ASKS
)
def set_one(
    call: Call,
    key: Key,
    values: Annotated[list[str], typer.Argument(metavar="VALUE...", help="Its value; several for a list.")],
    repo: InRepo = False,
) -> int:
    """Change a setting. Its value is checked before it is written."""
    return _change(call, ["set", key, *values], repo)


@config.word("unset", "s3sync config unset profile", 0, 1, 2, takes=ASKS)
def unset(call: Call, key: Key, repo: InRepo = False) -> int:
    """Remove a setting from the file: what another file says, or the default, holds again."""
    return _change(call, ["unset", key], repo)


def _change(call: Call, words: list[str], in_repo: bool) -> int:
    from s3sync.cli.output import print_json, printable, say
    from s3sync.cli.show.config import change_json
    from s3sync.config.mask import shown_value
    from s3sync.sync.change_setting import change_setting

    file, changed = change_setting(words, current_folder(), os.environ, in_repo=in_repo)
    if call.json:
        print_json(change_json(file, changed))
    elif not call.quiet:
        told = [*words[:2], *(shown_value(words[1], value) for value in words[2:])]
        say(f"{printable(str(file))}: {' '.join(map(printable, told))}{'' if changed else ' (as it was)'}")
        if words[:2] == ["set", "store"]:
            _say_if_new(words[2])
        if words[:2] == ["set", "encrypt"] and changed:
            _say_what_stays_readable()
    return 0


def _say_what_stays_readable() -> None:
    """Say what encryption does not reach, before somebody relies on it: what the store has already."""
    from s3sync.cli.output import warn
    from s3sync.config import load_settings
    from s3sync.errors import S3syncError
    from s3sync.keys.known import has_key

    try:
        settings = load_settings(current_folder(), flags={}, environ=os.environ)
        if not settings.encrypt or has_key(settings):
            return
    except S3syncError:
        return
    warn(f"Files that the store has of {settings.repo} already are not encrypted: who has the store reads them.")
    warn(
        "hint: in a new repository run `s3sync keys create`. One that has files in the store needs another name first: "
        "`s3sync config set --repo repo NAME`; then `s3sync keys create`, and `s3sync up` sends all of it encrypted. "
        "docs/encryption.md says how to delete what stays readable"
    )


def _say_if_new(store: str) -> None:
    """Say that a folder is no store yet, unless it was one before: then its disk is away, and no new one is wanted."""
    from s3sync.cli.output import warn
    from s3sync.config import load_settings
    from s3sync.config.schemes import scheme_of
    from s3sync.errors import BucketMissing, S3syncError
    from s3sync.store import StoreOptions, identity_of, open_store
    from s3sync.trust import is_known

    try:
        settings = load_settings(current_folder(), flags={}, environ=os.environ)
        if settings.store == store and scheme_of(store).is_folder and not is_known(settings):
            identity_of(open_store(store, StoreOptions()))
    except BucketMissing:
        warn(f"hint: there is no store in that folder yet: `s3sync init --store {quoted(store)}` makes one")
    except S3syncError:
        return
