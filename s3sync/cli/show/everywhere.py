"""Output of `projects --everywhere`."""

from __future__ import annotations

from collections.abc import Sequence

from s3sync.all_repositories import Found
from s3sync.archives.everywhere import There, Whereabouts, Whole
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.show.repositories import heading, repository_json, say_error
from s3sync.cli.show.words import Json
from s3sync.config import find_repo_root
from s3sync.core.quantities import size_text
from s3sync.disk.current import current_folder


def all_json(around: Whole, every: Sequence[Found[Whole]], exit_code: int) -> Json:
    """Each project as the manifest of earlier tools has it: of the repository around, and of each remembered one."""
    return {
        "schema": SCHEMA,
        "command": "projects",
        **_body(around),
        "repositories": [repository_json(one.repository, one.error, **_body(one.found or Whole())) for one in every],
        "exit_code": exit_code,
    }


def _body(whole: Whole) -> Json:
    return {"projects": [_manifest(one) for one in whole.projects], "not_seen": list(whole.unseen)}


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


def print_all(around: Whole, every: Sequence[Found[Whole]], *, quiet: bool) -> None:
    """Each remembered repository with its projects; the one around first, where it is none of these."""
    known = [one.found for one in every if one.found is not None]
    if not quiet:
        say(f"{symbols().status} Projects everywhere, as far as this computer knows")
        root = str(find_repo_root(current_folder()))
        shown = {each.id for one in every if one.repository.path == root and one.found for each in one.found.projects}
        mine = [one for one in around.projects if one.id not in shown]
        _print_projects(mine)
        for one in every:
            if one.found is not None and one.found.projects:
                if len(every) > 1 or mine:
                    heading(one.repository)
                _print_projects(one.found.projects)
        if not mine and not any(whole.projects for whole in known):
            say("  none yet")
        say("What others archived: s3sync archive catalogue rebuild")
    for what in dict.fromkeys([*around.unseen, *(what for whole in known for what in whole.unseen)]):
        warn(f"warning: not looked at: {printable(what)}")
    for one in every:
        if one.error is not None:
            say_error(one)


def _print_projects(found: Sequence[Whereabouts]) -> None:
    width = max([len(printable(one.id)) for one in found] + [7])
    for one in found:
        local = size_text(one.local.size) if one.local else "-"
        ssd = size_text(one.ssd.size) if one.ssd else "-"
        cold = f"{size_text(one.s3.size)} {printable(one.s3.first.storage_class)}" if one.s3 else "-"
        say(f"  {printable(one.id).ljust(width)}  here {local:>9}  SSD {ssd:>9}  S3 {cold}")
