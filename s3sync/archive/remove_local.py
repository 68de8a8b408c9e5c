"""Local files of a unit that leave the disk, after its archive was verified and each of them was read again."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator

from msgspec import Struct

from s3sync.archive.unit_root import real_root
from s3sync.archive.walk import light_of
from s3sync.core.archive.values import ArchiveSet, Index, Kind, Member, Source, Unit, UnitKind
from s3sync.core.checksum import Checksum
from s3sync.core.typed import typed
from s3sync.disk.copying import pieces
from s3sync.disk.errors import local_errors, reason_of
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own_links import own_end
from s3sync.disk.tree import folder_below, kept_folders
from s3sync.errors import SourceChanged

_STILL = ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev")


class Removed(Struct, frozen=True):
    """Files that left the disk, and light ones that stay."""

    files: int = 0
    size: int = 0
    kept: int = 0
    problems: tuple[str, ...] = ()


def would_remove(rules: ArchiveSet, unit: Unit) -> Removed:
    """Files that would leave the disk once the unit is archived and verified."""
    stays = light_of(rules) if rules.keep_light else lambda path: False
    files = [one for one in unit.sources if one.kind is Kind.FILE]
    along = [one for one in unit.sidecars if one not in unit.sources]
    going = [one for one in (*files, *along) if not stays(one.path)]
    return Removed(len(going), sum(one.size for one in going), sum(stays(one.path) for one in files))


def remove_local(
    rules: ArchiveSet,
    unit: Unit,
    index: Index,
    check: Callable[[], None],
    look_again: Callable[[], None] = lambda: None,
) -> Removed:
    """Delete a unit's files for good, but for the light ones.

    `index` is of an archive that was verified just now. First every file is read, and must have the SHA-256 of its
    member; one that differs raises `SourceChanged`, and nothing is deleted. Then `look_again` raises where the archive
    is no longer what was verified: reading may take an hour. A file that changes after that stays.
    """
    root = real_root(unit)
    stays = light_of(rules) if rules.keep_light else lambda path: False
    going = [one for one in unit.sources if one.kind is not Kind.FOLDER and not stays(one.path)]
    along = [one for one in unit.sidecars if one not in unit.sources and not stays(one.path)]
    members = {member.path: member for member in index.members}
    beside = {member.path: member for member in index.sidecars}
    with kept_folders():
        proven = [
            *_proven(root, unit, going, members, check),
            *_proven(root, unit, along, beside, check),
        ]
        look_again()
        files, size, problems = 0, 0, list[str]()
        unlinked: set[tuple[int, int]] = set()
        for source, status in proven:
            which = (status.st_dev, status.st_ino)
            if which in unlinked and source.kind is Kind.FILE:  # another name of it went: that changed the file's marks
                member = members.get(source.path) or beside.get(source.path)
                status = _read_again(root, source, member, check) or status
            why = _delete(root, source, status)
            if why is None:
                unlinked.add(which)
            if why is not None:
                problems.append(f"{source.path}: {why}")
            elif source.kind is Kind.FILE:
                files, size = files + 1, size + source.size
        _prune(root, rules, unit)
    kept = sum(one.kind is Kind.FILE for one in unit.sources) - sum(one.kind is Kind.FILE for one in going)
    return Removed(files, size, kept, tuple(problems))


def _proven(
    root: str, unit: Unit, sources: list[Source], members: dict[str, Member], check: Callable[[], None]
) -> Iterator[tuple[Source, os.stat_result]]:
    """Each file with its status when it was read."""
    for source in sources:
        check()
        member = members.get(source.path)
        where = f"{root}{os.sep}{source.path}"
        with local_errors("cannot read", where):
            folder, name = _at(root, source.path)
            status = folder.lstat(name)
            if member is None or member.kind is not source.kind:
                same = False
            elif source.kind is Kind.LINK:
                same = stat.S_ISLNK(status.st_mode) and folder.readlink(name) == member.target
            else:
                same = _sha256(folder, name, member, check) == (member.sha256, _marks(status))
        if not same:
            raise _other(where, unit, member, status)
        yield source, status


def _other(where: str, unit: Unit, member: Member | None, status: os.stat_result) -> SourceChanged:
    """Refusal for a file that the archive has otherwise, or not. `--force` would replace the archive's bytes, which may
    be the last good ones where a disk damaged the file: that leaves its time as it was."""
    message, kept = f"{where} is not what was archived", f"nothing of {unit.id} was deleted"
    if member is None:
        return SourceChanged(message, why="the archive does not have it", hint=f"{kept}; send it again with --force")
    why, first = "it changed after it was sent", ""
    if (status.st_size, status.st_mtime_ns) == (member.size, member.mtime_ns):
        why = "its size and time are as when it was sent, and its bytes are others: the disk may have damaged it"
        first = "set its time to now (`touch`), and "
    hint = (
        f"{kept}. The archive has what was sent: `s3sync restore {typed(unit.id)} --to FOLDER` brings it beside this "
        f"one, to compare; if this one is right, {first}--force sends it in its place"
    )
    return SourceChanged(message, why=why, hint=hint)


def _read_again(root: str, source: Source, member: Member | None, check: Callable[[], None]) -> os.stat_result | None:
    """Status of a file that still has its member's bytes; None for any other."""
    try:
        folder, name = _at(root, source.path)
        status = folder.lstat(name)
        if member is None:
            return None
        digest, marks = _sha256(folder, name, member, check)
        same = digest == member.sha256 and marks == _marks(status)
    except OSError:
        return None
    return status if same else None


def is_here(root: str, member: Member) -> bool:
    """True if a member's very bytes are on this disk, below a unit's folder. They are read: a time can be put back.

    A folder has none.
    """
    if member.kind is Kind.FOLDER and member.key is None:
        return True
    try:
        folder, name = _at(own_end(root), member.path)
        if member.kind is Kind.LINK and member.key is None:
            return folder.readlink(name) == member.target
        return _sha256(folder, name, member, lambda: None)[0] == member.sha256
    except OSError:
        return False


def checksum_here(root: str, member: Member, checksum: Checksum | None) -> str | None:
    """Checksum of a member's file below a unit's folder; None for one that cannot be read."""
    if checksum is None:
        return None
    try:
        folder, name = _at(own_end(root), member.path)
        with open(folder.open_read(name), "rb", buffering=0) as stream:
            for chunk in pieces(stream, member.size + 1):
                checksum.update(chunk)
    except OSError:
        return None
    return checksum.value()


def _sha256(folder: GuardedFolder, name: str, member: Member, check: Callable[[], None]) -> tuple[str, tuple[int, ...]]:
    """SHA-256 of a file that may be a member's, and its marks. Of a longer one not all is read: it has another one."""
    digest = hashlib.sha256()
    with open(folder.open_read(name), "rb", buffering=0) as stream:
        for chunk in pieces(stream, member.size + 1):
            check()
            digest.update(chunk)
        return digest.hexdigest(), _marks(os.fstat(stream.fileno()))


def _marks(status: os.stat_result) -> tuple[int, ...]:
    return tuple(getattr(status, name) for name in _STILL)


def _at(root: str, path: str) -> tuple[GuardedFolder, str]:
    *names, name = path.split("/")
    return folder_below(root, names), name


def _delete(root: str, source: Source, status: os.stat_result) -> str | None:
    """Delete a file that is still what was read; else say why it stays."""
    try:
        folder, name = _at(root, source.path)
        now = folder.find(name)
        if now is None or _marks(now) != _marks(status):
            return "it changed meanwhile, and stays"
        folder.unlink(name)
    except OSError as error:
        return reason_of(error)
    return None


def _prune(root: str, rules: ArchiveSet, unit: Unit) -> None:
    """Remove the unit's folders that became empty, and at last its own, which only a folder has for itself."""
    folders = {source.path for source in unit.sources if source.kind is Kind.FOLDER}
    for source in unit.sources:
        names = source.path.split("/")[:-1]
        folders |= {"/".join(names[:depth]) for depth in range(1, len(names) + 1)}
    paths = sorted(folders, key=lambda path: path.count("/"), reverse=True)
    for path in paths:
        try:
            folder, name = _at(root, path)
            folder.rmdir(name)
        except OSError:  # it is not empty: something stays in it
            continue
    if rules.unit is UnitKind.FOLDER:
        try:
            above, name = os.path.split(root)
            with GuardedFolder.open(above, shared=True, straight=True) as folder:
                folder.rmdir(name)
        except OSError:
            return
