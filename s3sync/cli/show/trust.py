"""A place that somebody trusts or is asked about."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import asdict

from s3sync.cli.call import Call
from s3sync.cli.output import SCHEMA, hanging, print_json, printable, say
from s3sync.cli.show.words import Json
from s3sync.config.locate import default_store
from s3sync.config.remotes import open_line
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.values import ArchiveSet
from s3sync.core.names import nfc
from s3sync.trust import KEYS_OF_REPOSITORY, Place, came_along

MOST_OTHERS = 3
LABEL = 14
"""Columns before a value of the question."""


def trust_question(
    place: Place,
    before: Place | None,
    others: Sequence[str],
    sets: Sequence[ArchiveSet] = (),
    parts: str = "",
    own: bool = False,
) -> Iterator[str]:
    """The place in words, what changed about it, and other repositories of the user whose files lie there. No value
    begins a line, however long it is. `sets`: archive sets that send there, where nothing else of the repository does.
    `parts`: what a file of the repository names, where the user named the store. `own`: the user names all of it.
    """
    if place.is_name:
        yield from _name_question(place, before, others)
        return
    if sets:
        before = None  # what was agreed to last is no earlier place of a set
        yield f"{'An archive set' if len(sets) == 1 else 'Archive sets'} of this repository would send to a store that"
        yield "you have not agreed to:"
    elif parts:
        before = None  # the store is the user's own word, and no other one of the repository's
        yield f"You typed this store, and a file of this repository names {parts}, which you have not agreed to:"
    elif others and place.store == default_store(os.environ):
        yield "Another repository on this computer keeps its files under the same name:"
    elif own and before is None:
        yield "You name this store yourself, and have not agreed to it for this repository before:"
    elif before is None:
        yield "A file of this repository names a store that you have not used with it before:"
    else:
        yield "This is another place than the one you agreed to for this repository:"
    for chosen in sets[:MOST_OTHERS]:
        what = f"{chosen.name}, which takes {chosen.source if chosen.marker is None else 'the projects'}"
        yield from hanging(f"  {'set:':<{LABEL - 2}}", printable(what))
    for label, value in _parts(place, before):
        yield from hanging(f"  {label + ':':<{LABEL - 2}}", printable(value))
    for other in others[:MOST_OTHERS]:
        yield from hanging("  also of:    ", printable(other))
    if sets:
        yield "s3sync archive run sends there what the set takes; s3sync restore brings files back from there."
    elif parts:
        yield "s3sync reads and writes files there, as you told it to."
    else:
        yield "s3sync sends files of the staging folders there, and puts files from there into them."


def _name_question(place: Place, before: Place | None, others: Sequence[str]) -> Iterator[str]:
    """The name that somebody else gives the repository in the user's own stores."""
    if came_along(Path(place.repository)):
        yield "This repository came with the one around it, whose committers gave it its name:"
    elif place.name == nfc(Path(place.repository).name):
        yield "Other users may rename the folder of this repository, whose name it has:"
    else:
        yield "A file of this repository gives it a name that is not its folder's:"
    parts = [("repository", place.repository), ("name", place.name or "")]
    parts += [("changed", change) for change in place.changes_since(before)] if before else []
    for label, value in [*parts, *(("also of", other) for other in others[:MOST_OTHERS])]:
        yield from hanging(f"  {label + ':':<{LABEL - 2}}", printable(value))
    yield "In each store that you name yourself, s3sync sends files of its staging folders to what has that name,"
    yield "and puts files from there into them. If it is another repository's name, the files of the two mix."


def database_question(place: Place, before: Place | None, chosen: ArchiveSet | None) -> Iterator[str]:
    """The database that a set asks, and its statements, in words."""
    if before is None:
        yield "A file of this repository has an archive set ask a database, which you have not agreed to:"
    else:
        yield "This is another database, or these are other statements, than you agreed to for this set:"
    parts = [("set", place.database_of or ""), ("repository", place.repository), ("database", place.store)]
    if before is not None and before.store != place.store:
        parts.append(("before", before.store))
    if chosen is not None and chosen.rows is not None:
        parts += [*_lines("reads", chosen.rows.select), *_lines("writes", chosen.rows.update)]
        if chosen.rows.url_template is not None:
            parts.append(("addresses", chosen.rows.url_template))
    for label, value in parts:
        yield from hanging(f"  {label + ':' if label else '':<{LABEL - 2}}", printable(value))
    yield "s3sync archive runs these there with the rights of the login that the address has."
    if place.store.startswith("postgresql:"):
        yield "Where it has no password, it is yours for that host: of PGPASSWORD, or of your ~/.pgpass."


def _lines(label: str, statement: str) -> Iterator[tuple[str, str]]:
    """Lines of a statement as they are, each marked where there are several: a comment ends where its line does."""
    lines = [line.replace("\t", " ").strip(" ") for line in statement.split("\n")]
    lines = [line for line in lines if line]
    for number, line in enumerate(lines):
        yield "" if number else label, f"| {line}" if len(lines) > 1 else line


def _parts(place: Place, before: Place | None) -> Iterator[tuple[str, str]]:
    yield "repository", place.repository
    yield "store", place.store
    if place.name:
        yield "name there", place.name
    scheme = scheme_of(place.store)
    if scheme.has_server:
        yield "server", place.endpoint or scheme.vendor or ""
        yield "signed by", place.signer
    elif scheme.by_remote and place.endpoint:
        yield "leads to", place.endpoint
    if place.kms_key:
        yield "encrypted", f"with the KMS key {place.kms_key}, whose owner can make the files unreadable"
    for change in place.changes_since(before) if before else ():
        yield "changed", change
    if place.unencrypted:
        yield "warning", "the server is not encrypted: whoever is in between can read and change your files"
    found = open_line(place.store, os.environ) if scheme.by_remote else None
    if found is not None:
        yield "warning", found.why


def place_json(place: Place) -> Json:
    return asdict(place)


_SAID = {
    "trusted": "trusted from now on:",
    "known": "trusted already:",
    "forgotten": "forgotten, and asked about again:",
    "listed": "",
    "needless": "",
}
_NOTHING = {
    "forgotten": "nothing was agreed to for this repository",
    "listed": "nothing was agreed to on this computer",
    "needless": "nothing to agree to: the store is a folder of yours on this computer",
}


def print_places(what: str, places: list[Json], call: Call) -> None:
    if call.json:
        print_json({"schema": SCHEMA, "command": "trust", "did": what, "places": places})
        return
    if call.quiet and what != "listed":
        return
    if _SAID[what] and places:
        say(_SAID[what])
    for place in places:
        server = f" at {place['endpoint']}" if place["endpoint"] else ""
        signer = f", AWS profile {place['profile']}" if place["profile"] else ""
        signer = f", {KEYS_OF_REPOSITORY}" if place["repository_keys"] else signer
        key = f", KMS key {place['kms_key']}" if place["kms_key"] else ""
        name = f" as {place['name']}" if place["name"] else ""
        when = f" ({place['at']})" if "at" in place else ""
        name = f" for archives.{place['database_of']}" if place["database_of"] else name
        store = place["store"] or "any store that you name yourself"
        told = f"{place['repository']}: {store}{name}{server}{signer}{key}{when}"
        say(f"  {printable(told)}")
    if not places:
        say(_NOTHING[what])
