"""Report of `s3sync keys` in words and as JSON."""

from __future__ import annotations

from s3sync.cli.output import SCHEMA, printable, say
from s3sync.cli.show.words import Json
from s3sync.core.times import format_time
from s3sync.key_ring import KeyReport


def keys_json(did: str, report: KeyReport) -> Json:
    """Nothing in it is a secret."""
    return {
        "schema": SCHEMA,
        "command": f"keys {did}",
        "repo": report.repo,
        "store": report.store,
        "dry_run": report.dry_run,
        "key_id": report.key_id,
        "key_id_in_store": report.named,
        "public_key": report.public_key,
        "member": report.member,
        "file": report.file,
        "members": [{"name": one.name, "key_id": one.key_id, "at": format_time(one.at)} for one in report.members],
    }


def print_keys(did: str, report: KeyReport) -> None:
    if did == "me":
        say(report.public_key or "")
        return
    if did == "list":
        _list(report)
        return
    store = printable(report.store)
    would, repo, member = "would be " if report.dry_run else "", printable(report.repo), printable(report.member or "")
    told = {
        "create": f"🔑 {repo} in {store} " + ("would get a key" if report.dry_run else f"has the key {report.key_id}"),
        "add": f"🔑 the key {report.key_id} {would or 'is '}wrapped for {member}",
        "remove": f"🔑 the key {would or 'is '}no longer wrapped for {member}",
        "export": f"🔑 the key {report.key_id} {would or 'is '}in {printable(report.file or '')}",
        "import": f"🔑 the key {report.key_id} of {repo} {would or 'is '}on this computer",
    }
    say(told[did].replace("would be no", "would no"))
    if report.dry_run:
        return
    if did == "create":
        say("Keep a copy where nothing else is: `s3sync keys export FILE`. Without the key the files are lost.")
        say("Others: `s3sync keys me` there, `s3sync keys add NAME PUBLIC_KEY` here, `s3sync keys import` there.")
    elif did == "add":
        say(f"Tell {member} the id {report.key_id}, by telephone for instance: `s3sync keys import` asks for it there.")
    elif did == "remove":
        say(f"{member} keeps what he has, the key included: take away his access to the bucket, too.")
    elif did == "export":
        say("Whoever reads it can read every file of the repository.")


def _list(report: KeyReport) -> None:
    if not (report.key_id or report.named or report.members):
        say(f"{printable(report.repo)} in {printable(report.store)} has no key.")
        say("To encrypt it from the beginning: `s3sync config set --repo encrypt yes`, then `s3sync keys create`.")
        return
    say(f"key here:          {report.key_id or 'none: `s3sync keys import` takes it'}")
    say(f"key in the store:  {report.named or 'none'}")
    if report.key_id and report.named and report.key_id != report.named:
        say("These differ: ask the others which one is right before anything is uploaded.")
    for one in report.members:
        other = "" if one.key_id == report.named else f", of the key {one.key_id}"
        say(f"  {printable(one.name)}  since {format_time(one.at)}{other}")
    if not report.members:
        say("The key is wrapped for nobody.")
