"""Output of `projects --everywhere`."""

from __future__ import annotations

from collections.abc import Sequence

from s3sync.archives.everywhere import There, Whereabouts
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.core.quantities import size_text


def everywhere_json(found: Sequence[Whereabouts], unseen: Sequence[str]) -> Json:
    """Each project as the manifest of earlier tools has it."""
    return {
        "schema": SCHEMA,
        "command": "projects",
        "projects": [_manifest(one) for one in found],
        "not_seen": list(unseen),
        "exit_code": 0,
    }


def _manifest(one: Whereabouts) -> Json:
    local = one.local
    here = {"path": local.path, "size_bytes": local.size, "files": local.files} if local else {}
    return {
        "id": one.id,
        "storage": {
            "local": {"exists": local is not None, **here},
            "ssd": _there(one.ssd, "path"),
            "s3": _there(one.s3, "bucket"),
        },
    }


def _there(there: There | None, where: str) -> Json:
    if there is None:
        return {"exists": False}
    first = there.first
    place = there.store.partition("://")[2]
    bucket, _, prefix = place.partition("/")
    return {
        "exists": True,
        **({"bucket": bucket} if where == "bucket" else {"path": place}),
        "key": f"{prefix.strip('/')}/{first.key}".lstrip("/") if where == "bucket" else first.key,
        "tier": first.storage_class,
        "size_bytes": there.size,
        "uploaded_at": first.uploaded_at,
        "transitioned_at": first.transitioned_at,
    }


def print_everywhere(found: Sequence[Whereabouts], unseen: Sequence[str], *, quiet: bool) -> None:
    if not quiet:
        say(f"{symbols().status} Projects everywhere, as far as this computer knows")
        width = max([len(printable(one.id)) for one in found] + [7])
        for one in found:
            local = size_text(one.local.size) if one.local else "-"
            ssd = size_text(one.ssd.size) if one.ssd else "-"
            cold = f"{size_text(one.s3.size)} {printable(one.s3.first.storage_class)}" if one.s3 else "-"
            say(f"  {printable(one.id).ljust(width)}  here {local:>9}  SSD {ssd:>9}  S3 {cold}")
        if not found:
            say("  none yet")
        say("What others archived: s3sync archive catalogue rebuild")
    for what in unseen:
        warn(f"warning: not looked at: {printable(what)}")
