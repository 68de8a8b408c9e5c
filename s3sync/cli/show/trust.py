"""A place that somebody trusts or is asked about."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import asdict

from s3sync.cli.call import Call
from s3sync.cli.output import SCHEMA, print_json, printable, say
from s3sync.cli.show.words import Json
from s3sync.config.schemes import scheme_of
from s3sync.trust import KEYS_OF_REPOSITORY, Place


def trust_question(place: Place, before: Place | None) -> Iterator[str]:
    """The place in words, and what changed about it."""
    if before is None:
        yield "A file of this repository names a store that you have not used with it before:"
    else:
        yield "This repository now names another place than the one you agreed to:"
    yield f"  repository: {place.repository}"
    yield f"  store:      {place.store}"
    if place.name:
        yield f"  name there: {place.name}"
    scheme = scheme_of(place.store)
    if scheme.has_server:
        yield f"  server:     {place.endpoint or scheme.vendor}"
        yield f"  signed by:  {place.signer}"
    if place.kms_key:
        yield f"  encrypted:  with the KMS key {place.kms_key}, whose owner can make the files unreadable"
    for change in place.changes_since(before) if before else ():
        yield f"  changed:    {change}"
    if place.unencrypted:
        yield "  warning:    the server is not encrypted: whoever is in between can read and change your files"
    yield "s3sync sends files of the staging folders there, and puts files from there into them."


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
        say(printable(f"  {place['repository']}: {place['store']}{name}{server}{signer}{key}{when}"))
    if not places:
        say(_NOTHING[what])
