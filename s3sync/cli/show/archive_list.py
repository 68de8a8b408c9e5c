"""Output of `archive list`, `show`, `find`, `log` and `stats`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import to_builtins

from s3sync.archives.catalogued import Found, Listed, NotArchived, Shown
from s3sync.cli.call import Call
from s3sync.cli.output import SCHEMA, printable, say, short_name, warn
from s3sync.cli.show.words import Json
from s3sync.cli.widths import name_width
from s3sync.config.archive_classes import classes_of
from s3sync.core.archive.records import EXPIRED, FOREIGN, Archived, LogEntry, Statistic, Status, ThawNote
from s3sync.core.archive.values import Kind, Member
from s3sync.core.quantities import counted, files_text, size_text
from s3sync.core.times import format_ns
from s3sync.core.typed import typed
from s3sync.errors import ConfigError

REBUILD = (
    "The catalogue of this computer is empty: `s3sync archive run` sends what is due (--dry-run says what that is), and"
    " `s3sync archive catalogue rebuild` reads what others sent."
)

BESIDE = 52
"""Columns of a line that are not the unit's name."""
NONE_HERE = "No unit is here, archived or not: `s3sync archive analyze` says what each set looks for."


def archived_json(archive: Archived, store: str) -> Json:
    """An archive, with what tools before this one recorded of each."""
    thaw = archive.thaw
    return {
        "unit": archive.unit,
        "set": archive.set,
        "status": archive.status,
        "archive_date": archive.archive_date,
        "store": store,
        "key": archive.key,
        "version_id": archive.version_id,
        "pack": archive.pack,
        "storage_class": archive.storage_class,
        "expected_storage_class": archive.expected_class,
        "size_bytes": archive.size,
        "original_size_bytes": archive.original_size,
        "files": archive.files,
        "volume": archive.volume,
        "volumes": archive.volumes,
        "uploaded_at": archive.uploaded_at,
        "uploaded_by": archive.created_by,
        "transitioned_at": archive.transitioned_at,
        "verified_at": archive.verified_at,
        "verified_how": archive.verified_how,
        "md5": archive.md5,
        "etag": archive.etag,
        "tags": dict(archive.tags),
        "fields": dict(archive.fields),
        "camera": archive.camera,
        "telescope": archive.telescope,
        "notes": archive.notes,
        "retrieval": None if thaw is None else to_builtins(thaw),
    }


def list_json(found: Sequence[Listed]) -> Json:
    archives = (archived_json(one.archive, one.store) for one in found)
    return {**_head("list"), "archives": archives, "exit_code": 0}


def print_list(found: Sequence[Listed], call: Call, *, chosen: bool) -> None:
    """`chosen`: not all archives were asked for."""
    if call.quiet:
        return
    width = name_width((printable(one.archive.unit) for one in found), BESIDE)
    for name, group in groupby(found, lambda one: one.archive.set):
        say(f"{printable(name)}:")
        for one in group:
            say(f"  {_archive_line(one.archive, width, one.store)}")
            if call.verbose:
                _print_more(one)
    if not found:
        say("No archive that this computer knows fits that." if chosen else REBUILD)
        return
    size = sum(one.archive.size for one in found)
    say(f"{counted(len(found), 'archive')}, {size_text(size)} in the store")


def _archive_line(archive: Archived, width: int, store: str) -> str:
    volume = f" {archive.volume}/{archive.volumes}" if archive.volumes > 1 and not archive.is_split else ""
    name = (printable(archive.unit) + volume).ljust(width)
    date = (archive.archive_date or archive.uploaded_at)[:10]
    files = "not indexed" if archive.status is Status.NOT_INDEXED else files_text(archive.files)
    adopted = ", adopted" if archive.status is Status.ADOPTED else proposed_text(archive)
    rest = f"{_class_text(store, archive.storage_class)}{_thaw_text(archive.thaw)}{adopted}{_volumes_text(archive)}"
    return f"{name}  {date}  {files:>11}  {size_text(archive.size):>9}  {rest}"


def _class_text(store: str, storage_class: str) -> str:
    """The class as a store names it; "-" where it has none, as a folder or a remote of rclone."""
    return printable(storage_class) if classes_of(store) is not None else "-"


def proposed_text(archive: Archived) -> str:
    """Remark about an archive of which only somebody else's word is known."""
    by = printable(archive.created_by) or "somebody"
    return f", adopted by {by}, never verified here" if archive.status is Status.PROPOSED else ""


def _thaw_text(thaw: ThawNote | None) -> str:
    if thaw is None or thaw.state == "cold":
        return ""
    state = "was thawed" if thaw.state == EXPIRED else printable(thaw.state)
    return f", {state} until {thaw.until[:16].replace('T', ' ')}" if thaw.until else f", {state}"


def _volumes_text(archive: Archived) -> str:
    if not archive.is_split:
        return ""
    sent = f"{archive.volume} of " if not archive.is_complete else ""
    return f", {sent}{archive.volumes} volumes{': run it again' if sent else ''}"


def _print_more(one: Listed) -> None:
    archive = one.archive
    say(f"      {printable(one.store)}/{printable(archive.key)}")
    verified = f"verified {archive.verified_at} ({archive.verified_how})" if archive.verified_at else "never verified"
    by = f" by {printable(archive.created_by)}" if archive.created_by else ""
    moved = f", in this class since {archive.transitioned_at}" if archive.transitioned_at else ""
    say(f"      sent {archive.uploaded_at}{by}{moved}, {verified}")


def missing_json(missing: Sequence[NotArchived], failed: Sequence[tuple[str, ConfigError]]) -> Json:
    """`failed`: sets that cannot be looked at."""
    units = [
        {
            "set": one.set,
            "unit": one.unit,
            "files": one.files,
            "size_bytes": one.size,
            "newest": format_ns(one.newest_ns),
            "refused": one.refused,
        }
        for one in missing
    ]
    away = [{"name": name, "error": error.message, "why": error.why} for name, error in failed]
    return {**_head("list"), "not_archived": units, "failed": away, "exit_code": 3 if failed else 0}


def print_missing(
    missing: Sequence[NotArchived], failed: Sequence[tuple[str, ConfigError]], call: Call, *, any_here: bool
) -> None:
    """`any_here`: there are units on this disk. `failed`: sets that cannot be looked at."""
    for name, error in failed:
        warn(f"warning: {printable(name)}: {printable(error.message)}: {printable(error.why or '')}")
    if call.quiet:
        return
    width = name_width((printable(one.unit) for one in missing), BESIDE)
    for name, group in groupby(missing, lambda one: one.set):
        say(f"{printable(name)}:")
        for one in group:
            refused = f"  cannot be archived: {printable(one.refused)}" if one.refused else ""
            age = format_ns(one.newest_ns)[:10] if one.newest_ns else ""
            amount = f"{files_text(one.files):>11}  {size_text(one.size):>9}"
            say(f"  {printable(one.unit).ljust(width)}  {age:>10}  {amount}{refused}")
    if missing:
        say(f"{counted(len(missing), 'unit')} not archived, {size_text(sum(one.size for one in missing))}")
    else:
        every = "Every unit of the other sets has an archive." if failed else "Every unit here has an archive."
        say(every if any_here else NONE_HERE)


def shown_json(found: Sequence[Shown]) -> Json:
    archives = [
        {
            **archived_json(one.archive, one.store),
            "members": map(member_json, one.members),
            "sidecars": map(member_json, one.sidecars),
        }
        for one in found
    ]
    return {**_head("show"), "archives": archives, "exit_code": 0}


def member_json(member: Member) -> Json:
    return {
        "path": printable_path(member.path),
        "kind": member.kind,
        "size_bytes": member.size,
        "mode": f"{member.mode:04o}",
        "mtime": format_ns(member.mtime_ns),
        "sha256": member.sha256 or None,
        "target": member.target if member.kind is Kind.LINK else None,
        "key": member.key,
    }


def printable_path(path: str) -> str:
    """A path as JSON can hold it."""
    return path.encode("utf-8", "backslashreplace").decode()


def print_shown(found: Sequence[Shown], call: Call) -> None:
    if call.quiet:
        return
    for one in found:
        say(_archive_line(one.archive, 4, one.store))
        _print_more(Listed(one.store, one.archive))
        if one.archive.status in FOREIGN:
            known = "the SHA-256 of its members is not known" if one.members else "its members are not known"
            if one.archive.status is Status.PROPOSED:
                known = "what it holds is another's word; before a restore the archive itself is read"
            say(f"      made by another tool: {known}")
        for line in _details(one.archive):
            say(f"      {line}")
        for member in one.members:
            target = f" -> {printable(member.target)}" if member.target is not None else ""
            if member.kind is Kind.FILE and member.target is not None:
                target = "  not restored: `s3sync restore` says why"
            sign = "/" if member.kind is Kind.FOLDER else ""
            size = size_text(member.size) if member.kind is Kind.FILE else ""
            say(f"  {size:>9}  {format_ns(member.mtime_ns)[:19]}  {printable(member.path)}{sign}{target}")
        within = {member.path for member in one.members}
        for sidecar in one.sidecars:
            if sidecar.path not in within:
                say(f"  {size_text(sidecar.size):>9}  beside it: {printable(sidecar.key or sidecar.path)}")


def _details(archive: Archived) -> Iterator[str]:
    """Lines about what else is known of an archive."""
    if archive.expected_class not in (None, archive.storage_class):
        yield (
            f"to be moved to {printable(str(archive.expected_class))} by a rule of the bucket:"
            " `s3sync archive lifecycle` says whether it has that"
        )
    by = [printable(one) for one in (archive.camera, archive.telescope) if one]
    if by:
        yield f"taken with {', '.join(by)}"
    if archive.notes:
        yield f"notes: {printable(archive.notes)}"


def found_json(found: Found) -> Json:
    members = [
        {
            "unit": one.unit,
            "key": one.key,
            "path": one.path,
            "size_bytes": one.size,
            "mtime": format_ns(one.mtime_ns),
            "sha256": one.sha256 or None,
            "storage_class": one.storage_class,
            "store": one.store,
        }
        for one in found.members
    ]
    return {
        **_head("find"), "files": members, "units": list(found.units), "more": found.more,
        "exit_code": 0,
    }  # fmt: skip


def print_found(found: Found, call: Call) -> None:
    if call.quiet:
        return
    for unit in found.units:
        say(f"unit {printable(unit)}")
    for one in found.members:
        is_unit = one.path == one.unit.rpartition("/")[2]
        name = one.unit if is_unit else f"{one.unit}/{one.path}"
        of_class = f" - {printable(one.storage_class)}" if classes_of(one.store) is not None else ""
        say(f"  {short_name(name)} ({size_text(one.size)}){of_class}")
    if found.more:
        say(f"and more: --limit {2 * len(found.members)} lists more of them")
    if found.members:
        last = found.members[-1]
        more = "" if last.path == last.unit.rpartition("/")[2] else f" --member {typed(last.path)}"
        say(f"To bring the last of these back: s3sync restore {printable(f'{typed(last.unit)}{more}')}")
    elif not found.units:
        say("No archive that this computer knows has it. `s3sync archive catalogue rebuild` takes in what others sent.")


def log_json(entries: Sequence[LogEntry]) -> Json:
    return {
        **_head("log"),
        "entries": to_builtins(list(entries)),
        "exit_code": 0,
    }


def print_log(entries: Sequence[LogEntry], unit: str | None) -> None:
    for one in entries:
        by = f" by {printable(one.by)}" if one.by else ""
        detail = f": {printable(one.detail)}" if one.detail else ""
        size = f" ({size_text(one.size)})" if one.size else ""
        what = f"{one.action} {one.unit}" if one.unit else one.action  # a run is about no unit alone
        say(f"{printable(f'{one.at}  {what}')}{size}{by} - {printable(one.outcome)}{detail}")
    if not entries:
        about = f" about a unit {printable(unit)!r}: name it as `s3sync archive list` does" if unit is not None else ""
        say(f"Nothing was done from this computer yet{about}.")


def stats_json(found: Sequence[Statistic]) -> Json:
    return {**_head("stats"), "days": to_builtins(list(found)), "exit_code": 0}


def _head(action: str) -> Json:
    return {"schema": SCHEMA, "command": "archive", "action": action}


def print_stats(found: Sequence[Statistic], *, every: bool) -> None:
    days = sorted({one.day for one in found})
    sets = max((len(printable(one.set)) for one in found), default=0)
    classes = max((len(_class_text(one.store, one.storage_class)) for one in found), default=0)
    of_day: dict[str, list[Statistic]] = {}
    for one in found:
        of_day.setdefault(one.day, []).append(one)
    for day in days if every else days[-1:]:
        say(f"{day}:")
        for one in of_day[day]:
            amount = f"{counted(one.archives, 'archive'):>12}  {files_text(one.files):>12}"
            sizes = f"{size_text(one.size):>9} of {size_text(one.original_size)}"
            kind = f"{printable(one.set).ljust(sets)}  {_class_text(one.store, one.storage_class).ljust(classes)}"
            say(f"  {kind}  {amount}  {sizes}")
    if len(days) > 1:
        first, last = (sum(one.size for one in found if one.day == day) for day in (days[0], days[-1]))
        say(f"Since {days[0]}: {size_text(first)} then, {size_text(last)} now")
    if not found:
        say(REBUILD)
