"""`pin`: write which files a commit belongs with; `down --pinned`: bring exactly those back where they still exist."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path

from msgspec import Struct, field

from s3sync.aside import Aside
from s3sync.core.entries import Entry
from s3sync.core.names import pin_name
from s3sync.core.outcome import Problem
from s3sync.core.pins import Pin
from s3sync.core.quantities import files_text, size_text
from s3sync.core.typed import typed
from s3sync.core.versions import FileVersion, Where
from s3sync.disk.tree import kept_folders
from s3sync.errors import Halt, LocalError, ProjectError
from s3sync.local.digests import digest
from s3sync.local.ignore import load_ignore
from s3sync.local.pin_file import read_pins, write_pins
from s3sync.local.scan import LocalFile, look_at, scan_folder
from s3sync.shared.scan import LOOKUPS_AT_ONCE, RemoteFile
from s3sync.state.memory import CachedDigest, StateDB
from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED, OfProject, ProjectAddress
from s3sync.sync.scan import cache_entry, mtime_is_trustworthy, scan
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.sync.status import open_state
from s3sync.sync.trash import Trashed, trash_here, trash_there
from s3sync.sync.view import View, is_of
from s3sync.team.bring_back import BringReport, Wish, carry_out_wishes, opened
from s3sync.team.versions import versions_of
from s3sync.transfer.progress import Work


class PinReport(OfProject, Struct):
    """Report of `pin`: how many files are pinned now, and which lines are others than before.

    `unsent` are pinned files of which this computer does not know that the remote has them as they are here.
    """

    place: ProjectAddress
    path: Path
    dry_run: bool
    files: int = 0
    size_bytes: int = 0
    written: bool = False
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    failed: list[Problem] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.failed else EXIT_DONE


def _pin_path(session: Session) -> Path:
    return session.project.root / pin_name(session.settings.staging)


@kept_folders()
def pin(session: Session, wanted: Selector | None = None, *, dry_run: bool = False) -> PinReport:
    """Pin the files of the staging folder as they are, or some of them. Asks the store nothing.

    Raises `ConfigError` for a pin file that cannot be read, and `Halt` where nothing is here to pin.
    """
    path = _pin_path(session)
    known = read_pins(path, replaces=wanted is None) or {}
    ignored = load_ignore(session.settings.ignore, session.project.repo_root, session.project.staging)
    here = scan_folder(session.project.staging, ignored)
    if not here.files and wanted is None:
        raise _nothing_here(path, len(known))
    if wanted is not None:
        wanted.resolve(lambda: chain(here.files, known), absent="neither the staging folder nor the pin file has one")
    report = PinReport(session.place, path, dry_run, failed=list(here.problems))
    pins = {} if wanted is None else {name: one for name, one in known.items() if not wanted(name)}
    chosen = {name: file for name, file in here.files.items() if wanted is None or wanted(name)}
    with open_state(session) as state:
        for name, md5 in _digests(session, state, chosen, report):
            pins[name] = Pin(name, chosen[name].size, md5)
        base = dict(state.each_base())
    _compare(report, known, pins, base)
    if not dry_run:
        report.written = write_pins(path, pins, session.settings.staging)
    return report


def _nothing_here(path: Path, known: int) -> Halt:
    if known:
        why = f"the staging folder is empty, and {path.name} names {files_text(known)}"
        hint = f"`s3sync down --pinned` brings them back; to pin nothing, delete {path.name}"
    else:
        why, hint = "the staging folder is empty, or not there yet", "`s3sync down` fetches what is on the remote"
    return Halt("nothing was pinned", why=why, hint=hint)


def _digests(
    session: Session, state: StateDB, files: Mapping[str, LocalFile], report: PinReport
) -> Iterator[tuple[str, str]]:
    """MD5 of each file: the one that is remembered, where the file is still the one that was hashed."""
    known = {name: one for name, one in state.each_digest() if name in files}
    fresh: dict[str, CachedDigest] = {}
    unknown = {name for name, file in files.items() if name not in known or not is_of(known[name], file)}
    session.progress.expect(Work.HASH, len(unknown), sum(files[name].size for name in unknown))
    for name, file in files.items():
        if name not in unknown:
            yield name, known[name].md5
            continue
        session.progress.begin(Work.HASH, name, file.size)
        try:
            found = digest(file, partial(session.progress.advance, Work.HASH, name))
        except LocalError as error:
            report.failed.append(Problem(name, str(error), error.hint))
            continue
        finally:
            session.progress.finish(Work.HASH, name)
        if mtime_is_trustworthy(file, time.time_ns()):
            fresh[name] = cache_entry(file, found)
        yield name, found.md5
    state.save(digests=fresh)


def _compare(report: PinReport, known: Mapping[str, Pin], pins: Mapping[str, Pin], base: Mapping[str, Entry]) -> None:
    report.files, report.size_bytes = len(pins), sum(one.size for one in pins.values())
    report.added = sorted(pins.keys() - known.keys())
    report.removed = sorted(known.keys() - pins.keys())
    report.changed = [name for name, one in sorted(pins.items()) if name in known and known[name] != one]
    for name, one in sorted(pins.items()):
        sent = base.get(name)
        if sent is None or sent.etag is None or (sent.size, sent.md5) != (one.size, one.md5):
            report.unsent.append(name)


def down_pinned(session: Session, wanted: Selector | None = None, *, dry_run: bool = False) -> BringReport:
    """Bring back what is pinned, or some of it. Files that are not pinned stay as they are.

    Raises `ProjectError` without a pin file, `ConfigError` for one that cannot be read, `StoreError`, ...
    """
    path = _pin_path(session)
    found = read_pins(path)
    if found is None:
        raise ProjectError(
            f"{path} does not exist",
            why="no pin was ever written here, or this commit has none",
            hint=f"`s3sync pin` writes it; `git log -- {typed(str(path))}` shows the commits that have one",
        )
    if wanted is not None:
        wanted.resolve(lambda: found, absent="the pin file has no such name")
    pins = {name: one for name, one in found.items() if wanted is None or wanted(name)}
    report = BringReport(session.place, dry_run, pinned=True)
    with opened(session, dry_run=dry_run) as state:
        seen = scan(session, state)
        report.unpinned = 0 if wanted is not None else sum(name not in pins for name in seen.here.files)
        carry_out_wishes(session, state, seen, _wishes(session, seen, pins, report), report)
    return report


def _wishes(session: Session, seen: View, pins: Mapping[str, Pin], report: BringReport) -> list[Wish]:
    """A version for each pin that still exists somewhere: under its name, else wherever the content lies."""
    wishes, missing = [], []
    for one in pins.values():
        there = seen.there.files.get(one.name)
        if there is not None and (there.entry.size, there.entry.md5) == (one.size, one.md5):
            wishes.append(_under_its_name(one, there))
        elif _is_here(seen, one):
            report.here.append(one.name)
        else:
            missing.append(one)
    if not missing:
        return wishes
    search = _Search(session, seen)
    with Aside(LOOKUPS_AT_ONCE, "s3sync-pins") as threads:
        for one, found in zip(missing, threads.map(search.find, missing), strict=True):
            if found is not None:
                wishes.append(Wish(found, one.md5, exact=True))
            else:
                error = f"exists nowhere any more as it is pinned ({size_text(one.size)}, MD5 {one.md5})"
                report.fail(
                    one.name, error, "whoever has it can send it with `s3sync up`; `s3sync versions` shows others"
                )
    return wishes


def _under_its_name(one: Pin, there: RemoteFile) -> Wish:
    version = FileVersion(one.name, Where.REMOTE, there.key, one.size, md5=one.md5, etag=there.etag)
    return Wish(version, one.md5, exact=True)


def _is_here(seen: View, one: Pin) -> bool:
    file = seen.here.files.get(one.name)
    if file is None or file.size != one.size:
        return False
    try:
        return (seen.digests_of(one.name) or digest(file)).md5 == one.md5
    except LocalError:
        return False


class _Search:
    """Looks for contents that no longer stand under their name. Used from several threads."""

    def __init__(self, session: Session, seen: View) -> None:
        self._session, self._manifest = session, seen.there.stored.manifest
        self._trash: dict[str, list[Trashed]] = {}
        """What lies in the trashes, by name: a pin file and a trash have as many entries as others write."""
        self._trashed: dict[tuple[int, str | None], Trashed] = {}
        for found in (*trash_there(session.store, session.project.prefix), *trash_here(session.project)):
            self._trash.setdefault(found.name, []).append(found)
            if found.side == "remote":
                self._trashed.setdefault((found.size, found.etag), found)
        self._elsewhere = {(one.entry.size, one.entry.md5): one for one in seen.there.files.values() if one.entry.md5}

    def find(self, one: Pin) -> FileVersion | None:
        """The version that holds a pinned content, or None: under another name, in a trash, or kept by the bucket."""
        other = self._elsewhere.get((one.size, one.md5))
        if other is not None:
            return FileVersion(one.name, Where.OLD_VERSION, other.key, one.size, md5=one.md5, etag=other.etag)
        trash = self._trash.get(one.name, ())
        found = versions_of(self._session, one.name, self._manifest, trash, size=one.size).versions
        for version in found:
            if not version.is_deletion and self._holds(version, one):
                return version
        return self._under_another_name(one)

    def _holds(self, version: FileVersion, one: Pin) -> bool:
        if version.where is not Where.LOCAL_TRASH:
            return version.md5 == one.md5
        depth = len(Path(version.key).relative_to(self._session.project.staging).parts)
        try:
            return digest(look_at(version.key, depth)).md5 == one.md5
        except (LocalError, OSError):
            return False

    def _under_another_name(self, one: Pin) -> FileVersion | None:
        found = self._trashed.get((one.size, one.md5))
        if found is None:
            return None
        return FileVersion(one.name, Where.REMOTE_TRASH, found.where, one.size, md5=one.md5, etag=found.etag)
