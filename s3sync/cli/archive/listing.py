"""Words about what the catalogue knows: `list`, `show`, `find`, `log`, `stats`."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from s3sync.cli.archive.group import ARCHIVES, SetName, archive, opened
from s3sync.cli.call import Call
from s3sync.errors import ConfigError, UsageError


@archive.word(
    "list",
    "s3sync archive list\ns3sync archive list --year 2024 --class DEEP_ARCHIVE\ns3sync archive list --not-archived",
    0, 1, 2, 3, 5, 130,
    takes=ARCHIVES,
    verbose="Also say key, uploader and verification.",
)  # fmt: skip
def list_archives(
    call: Call,
    set: SetName = None,
    year: Annotated[
        str | None, typer.Option("--year", metavar="YYYY", help="Only archives about this year, else sent in it.")
    ] = None,
    storage_class: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Only archives in this storage class.")
    ] = None,
    not_archived: Annotated[
        bool, typer.Option("--not-archived", help="The units on this disk that have no archive instead.")
    ] = False,
) -> int:
    """List the archives that the catalogue has: unit, date, files, size, storage class."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_list import list_json, missing_json, print_list, print_missing

    archives = opened(call)
    if not_archived:
        if year or storage_class:
            raise UsageError("--not-archived goes with --set alone", why="what is not archived has no class or year")
        failed: list[tuple[str, ConfigError]] = []
        missing = list(archives.not_archived(set=set, away=lambda name, error: failed.append((name, error))))
        if call.json:
            print_json(missing_json(missing, failed))
        else:
            print_missing(missing, failed, call, any_here=bool(missing) or archives.has_units(set=set))
        return 3 if failed else 0
    found = archives.archives(set=set, year=year, storage_class=known_class(storage_class))
    print_json(list_json(found)) if call.json else print_list(found, call, chosen=any((set, year, storage_class)))
    return 0


@archive.word("show", "s3sync archive show b40-old-project", 0, 1, 2, 5, 130, takes=ARCHIVES)
def show(
    call: Call,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="A unit's name, a beginning of it, or a glob.")],
    set: SetName = None,
) -> int:
    """Say all that is known of a unit's archives, and list their members."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_list import print_shown, shown_json

    found = opened(call).show(unit, set=set)
    print_json(shown_json(found)) if call.json else print_shown(found, call)
    return 0


@archive.word(
    "find", "s3sync archive find GX012299.MP4\ns3sync archive find 'interview*.wav'", 0, 1, 2, 5, 130, takes=ARCHIVES
)
def find(
    call: Call,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="A file's name, its beginning, a part of it, or a glob.", show_default=False
        ),
    ] = None,
    md5: Annotated[str | None, typer.Option("--md5", metavar="X", help="The archived object with this MD5.")] = None,
    sha256: Annotated[str | None, typer.Option("--sha256", metavar="X", help="Files with this SHA-256.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="Most files to list.")
    ] = 1000,
) -> int:
    """Find files in all archives, by name in any case or by digest, without asking the store."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_list import found_json, print_found

    if sum(one is not None for one in (name, md5, sha256)) != 1:
        raise UsageError("find needs one of NAME, --md5 and --sha256", hint="s3sync archive find 'GX01*'")
    for option, digest, length in (("--md5", md5, 32), ("--sha256", sha256, 64)):
        if digest is not None and not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", digest.strip()):
            what = option[2:].upper().replace("SHA", "SHA-")
            why = f"one has {length} digits of 0-9 and a-f"
            raise UsageError(f"{digest[:80]!r} is no {what} for {option}", why=why)
    md5, sha256 = (one and one.strip().lower() for one in (md5, sha256))
    found = opened(call).find(name, md5=md5, sha256=sha256, limit=limit)
    print_json(found_json(found)) if call.json else print_found(found, call)
    return 0


@archive.word("log", "s3sync archive log\ns3sync archive log --unit b40-old-project", 0, 1, 2, 5, 130, takes=ARCHIVES)
def log(
    call: Call,
    unit: Annotated[str | None, typer.Option("--unit", metavar="UNIT", help="Only entries about this unit.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="Most entries to list.")
    ] = 100,
) -> int:
    """Say what was done to archives from this computer, the newest first."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_list import log_json, print_log

    entries = opened(call).log(unit=unit, limit=limit)
    if call.json:
        print_json(log_json(entries))
    elif not call.quiet:
        print_log(entries, unit)
    return 0


@archive.word("stats", "s3sync archive stats", 0, 1, 2, 5, 130, takes=ARCHIVES, verbose="Every day that is known.")
def stats(call: Call) -> int:
    """Say how much is archived, by set and storage class, and how that grew."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_list import print_stats, stats_json

    found = opened(call).stats()
    if call.json:
        print_json(stats_json(found))
    elif not call.quiet:
        print_stats(found, every=call.verbose)
    return 0


def known_class(text: str | None) -> str | None:
    """A storage class of some vendor; as S3 spells it where S3 has it, else as it was typed. Raises `UsageError`."""
    if text is None:
        return None
    from s3sync.core.archive.classes import CLASSES_OF
    from s3sync.core.archive.rule_files import class_meant

    spelled = {kind: found for kind, one in CLASSES_OF.items() if (found := one.named(text)) is not None}
    if spelled:
        return text.strip() if text.strip() in spelled.values() else spelled.get("s3", text.strip())
    meant = class_meant(text)
    known = "; ".join(f"of {one.vendor} {', '.join(one.names)}" for one in CLASSES_OF.values())
    raise UsageError(f"{text!r} is no storage class", hint=f"did you mean {meant}?" if meant else f"there are {known}")
