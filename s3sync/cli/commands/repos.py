"""s3sync repos"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, SET_UP, Group
from s3sync.disk.current import current_folder, named_folder

repos = Group(
    SET_UP,
    "Name your repositories, so that `s3sync status NAME/PROJECT` works from anywhere. Each one that a command works in"
    " is remembered by itself, in your own folder.",
)


@repos.word("list", "s3sync repos list", 0, 1, 2, 130, takes=ASKS)
def list_repositories(call: Call) -> int:
    """List the repositories that are remembered, and which of them are not there any more. Asks no store."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.repositories import listed_json, print_listed
    from s3sync.errors import S3syncError
    from s3sync.repositories.book import read_book
    from s3sync.repositories.place import settings_at

    book, found = read_book(os.environ), []
    for one in book.repositories:
        error: S3syncError | None = None
        try:
            settings_at(one)
        except S3syncError as problem:
            error = problem
        found.append((one, error))
    if call.json:
        print_json(listed_json("list", found, book.damaged))
    elif not call.quiet:
        print_listed(found, book.damaged)
    return 0


@repos.word(
    "add", "s3sync repos add\ns3sync repos add ~/work/v-appydave --name voz", 0, 1, 2, 130, takes=ASKS | {"dry_run"}
)
def add(
    call: Call,
    path: Annotated[
        str | None,
        typer.Argument(metavar="[PATH]", help="A folder of the repository; where you are.", show_default=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Its short name; else that of the repository.")
    ] = None,
) -> int:
    """Remember a repository, or give it another short name. Nothing in it is changed, and no store is asked."""
    from s3sync.cli.output import print_json, printable, say, symbols
    from s3sync.cli.show.repositories import listed_json
    from s3sync.config import load_settings
    from s3sync.errors import LocalError
    from s3sync.project import repo_root
    from s3sync.repositories.book import remember

    root = repo_root(current_folder() if path is None else named_folder(Path(path).expanduser()))
    settings = load_settings(root, flags={}, environ=os.environ)
    found = remember(root, settings.repo, os.environ, name=name, dry_run=call.dry_run)
    if found is None:
        raise LocalError("another s3sync changes what is remembered", why="it has for a while", hint="try again")
    if call.json:
        print_json({**listed_json("add", [(found, None)], ()), "dry_run": call.dry_run})
    elif not call.quiet:
        would = "would be remembered" if call.dry_run else "is remembered"
        say(f"{symbols().done} {printable(found.path)} {would} as {printable(found.name)}")
        say(f"From anywhere: `s3sync status {printable(found.name)}`, or {printable(found.name)}/PROJECT")
    return 0


@repos.word("forget", "s3sync repos forget voz", 0, 1, 2, 130, takes=ASKS | {"dry_run"})
def forget(call: Call, name: Annotated[str, typer.Argument(metavar="NAME", help="Its short name.")]) -> int:
    """Forget a repository. Nothing in it is touched; the next command that works in it remembers it again."""
    from s3sync.cli.output import print_json, printable, say, symbols
    from s3sync.cli.show.repositories import listed_json
    from s3sync.repositories.book import forget as drop

    found = drop(name, os.environ, dry_run=call.dry_run)
    if call.json:
        print_json({**listed_json("forget", [(found, None)], ()), "dry_run": call.dry_run})
    elif not call.quiet:
        would = "would be forgotten" if call.dry_run else "is forgotten"
        say(f"{symbols().done} {printable(found.name)} {would}: {printable(found.path)} stays as it is")
    return 0
