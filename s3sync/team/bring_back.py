"""`down --version` and `down --at`: bring one version of a file back into the staging folder.

It is a plan of the one executor: what stands here goes to the trash, and `undo` takes the run back. Nothing is written
to the store. The base is left so that nothing follows by itself: see `_base_after`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.effects import Effect
from s3sync.core.entries import Entry, same
from s3sync.core.outcome import Problem
from s3sync.core.plan import Action, Do, Plan, Undoes, Verb
from s3sync.core.reconcile import State, decide
from s3sync.core.times import format_time
from s3sync.core.typed import typed
from s3sync.core.versions import FileVersion, Where, at_time, by_id, parse_at, time_text
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ENDS_THE_RUN, LocalError, S3syncError, UsageError
from s3sync.local.digests import digest
from s3sync.local.ignore import load_ignore
from s3sync.local.room import state_room
from s3sync.local.scan import LocalFile, look_at
from s3sync.state.journal import Done, Journal
from s3sync.state.memory import StateDB
from s3sync.sync.carry_out import carry_out
from s3sync.sync.hooks import Witness
from s3sync.sync.recover import recover
from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED, OfProject, ProjectAddress
from s3sync.sync.restore import finish_placing
from s3sync.sync.scan import scan
from s3sync.sync.session import Session
from s3sync.sync.view import View, uploader
from s3sync.team.fetch_version import fetch_version
from s3sync.team.versions import Keeps, VersionsReport, versions


class Brought(Struct, frozen=True):
    """One file that was brought back. `replaced`: what stood here is in the trash. `state` is the file's since then.

    `by` and `at` say who changed it on the remote last.
    """

    name: str
    version: FileVersion
    replaced: bool
    state: State
    by: str | None = None
    at: str | None = None


class BringReport(OfProject, Struct):
    """Report of `down --version`, `--at` and `--pinned`. `here` are files that hold that content already."""

    place: ProjectAddress
    dry_run: bool
    pinned: bool = False
    brought: list[Brought] = field(default_factory=list)
    here: list[str] = field(default_factory=list)
    unpinned: int = 0
    """Files here that are not pinned: they are left alone."""
    failed: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.failed else EXIT_DONE

    def fail(self, path: str, error: str, hint: str | None = None) -> None:
        self.failed.append(Problem(path, error, hint))

    def settle(self, states: Mapping[str, State]) -> None:
        """Say how what was brought stands by now, and leave out what failed: once, as there may be 200,000 of them."""
        failed = {problem.path for problem in self.failed}
        found = (one for one in self.brought if one.name not in failed)
        self.brought = [replace(one, state=states.get(one.name, one.state)) for one in found]


class _Told(Struct):
    """`carry_out.Reporter` of a report."""

    report: BringReport

    def happened(self, effect: Effect) -> None: ...
    def failed(self, problem: Problem) -> None:
        self.report.fail(problem.path, problem.error, problem.hint)

    def warn(self, warning: str) -> None:
        self.report.warnings.append(warning)


class Wish(Struct, frozen=True):
    """One version to bring back. `md5` is the MD5 that is told of it; with `exact` its bytes must have that one."""

    version: FileVersion
    md5: str | None
    exact: bool = False

    @property
    def name(self) -> str:
        return self.version.name


def bring_back(
    session: Session, word: str, cwd: Path, *, version: str | None, at: str | None, dry_run: bool
) -> BringReport:
    """Find the version, and bring it back. Raises `UsageError` where none is meant, `StoreError`, ..."""
    found = versions(session, word, cwd)
    chosen = _by_id(found, version) if version is not None else _at(session, found, str(at))
    if chosen.is_deletion:
        raise UsageError(
            f"{found.name} was deleted then: there is nothing to bring back",
            why=f"the remote had no such file from {time_text(chosen.since)} to {_end(chosen)}",
            hint="`s3sync versions` shows those that hold something",
        )
    report = BringReport(session.place, dry_run)
    with opened(session, dry_run=dry_run) as state:
        carry_out_wishes(session, state, scan(session, state), [Wish(chosen, chosen.md5)], report)
    return report


def _end(one: FileVersion) -> str:
    return "now" if one.until is None else time_text(one.until)


def _by_id(found: VersionsReport, word: str) -> FileVersion:
    fitting = by_id(found.versions, word.strip())
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(f"{one.id} ({time_text(one.at)})" for one in (fitting or found.versions)[:5])
    why = f"the first ones are: {known}" if known else _nothing_kept(found)
    what = f"{found.name} has {len(fitting)} versions that begin with" if fitting else f"{found.name} has no version"
    raise UsageError(f"{what} {word!r:.80}", why=why, hint=f"{_versions(found)} shows all of them, each with its id")


def _at(session: Session, found: VersionsReport, text: str) -> FileVersion:
    when = parse_at(text, session.clock())
    if when is None:
        hint = "write 2025-11-03, '2025-11-03 14:30', 2025-11-03T14:30:00Z, or how long ago: 2d, 12h"
        raise UsageError(f"--at cannot be {text!r:.80}", why="it is no time", hint=hint)
    chosen = at_time(found.versions, when)
    if chosen is not None:
        return chosen
    since = [one.since for one in found.versions if one.since is not None]
    why = f"the oldest that is known is of {time_text(min(since))}" if since else _nothing_kept(found)
    hint = f"{_versions(found)} shows all of them; bring one back with --version"
    raise UsageError(f"no version of {found.name} is known of {time_text(when)}", why=why, hint=hint)


def _versions(found: VersionsReport) -> str:
    return f"`s3sync versions {typed(found.name)}`"


def _nothing_kept(found: VersionsReport) -> str:
    if found.keeps is Keeps.YES:
        return "nothing of it was ever replaced or deleted on the remote"
    if found.keeps is Keeps.DENIED:
        return "none lies in a trash, and you may not list what the bucket keeps"
    if found.keeps is Keeps.NO:
        return "the bucket keeps no versions, and none lies in a trash"
    return "s3sync reads no versions of this store's own, and none lies in a trash"


@contextmanager
def opened(session: Session, *, dry_run: bool) -> Iterator[StateDB]:
    """This computer's memory: with the project's lock, and after the recovery of a killed run, but for a dry run."""
    if dry_run:
        with session.memory(read_only=True) as state:
            yield state
        return
    with session.lock(), session.memory() as state:
        recover(session, state)
        yield state


def carry_out_wishes(session: Session, state: StateDB, seen: View, wishes: Iterable[Wish], report: BringReport) -> None:
    """Bring the versions back, as far as they differ from what stands here. The first error of a file is its problem.

    Raises what would hit every file: no network, no credentials.
    """
    ignored = load_ignore(session.settings.ignore, session.project.repo_root, session.project.staging)
    needed: list[Wish] = []
    for wish in wishes:
        if ignored(wish.name):
            report.fail(wish.name, "is ignored here", "take it out of the patterns to ignore, and run it again")
        elif seen.is_hidden(wish.name):
            report.fail(wish.name, "cannot be read, or cannot be synced under that name", "see `s3sync status`")
        elif _stands(session, seen, wish):
            report.here.append(wish.name)
        else:
            needed.append(wish)
            report.brought.append(_foreseen(seen, wish))
    if report.dry_run or not needed:
        return
    state.enter_place(format_time(session.clock()))
    with state_room(session.project.staging, "partial") as folder:
        getting = _Getting(session, seen, report, folder)
        raced: Mapping[str, str] = {}
        try:
            actions = [action for wish in needed if (action := getting.action(wish)) is not None]
            raced = carry_out(
                session,
                state,
                seen,
                Plan(Verb.DOWN, sorted(actions, key=lambda one: one.path)),
                _Told(report),
                tolerant=True,
                witnesses=[_journal(state, getting.contents)],
            )
        finally:
            getting.drop()
            for path, reason in raced.items():
                report.fail(path, f"was changed meanwhile, and stays as it is: {reason}", "run the command again")
            report.settle(getting.states)


def _stands(session: Session, seen: View, wish: Wish) -> bool:
    """True if the file here is known to hold that content. One of the same size is read."""
    here, version = seen.here.files.get(wish.name), wish.version
    if here is None or here.size != version.size:
        return False
    there = seen.there.files.get(wish.name)
    if version.where is Where.REMOTE and there is not None and there.etag == version.etag:
        return seen.decision(wish.name).state is State.IN_SYNC
    md5 = _told(session, wish)
    if md5 is None:
        return False
    known = seen.digests_of(wish.name)
    return (known or digest(here)).md5 == md5


def _told(session: Session, wish: Wish) -> str | None:
    """The MD5 of a version; where nobody told it, that of the file in the local trash. None if it is not known."""
    if wish.md5 is not None or wish.version.where is not Where.LOCAL_TRASH:
        return wish.md5
    try:
        return digest(_trashed(session, wish.version)).md5
    except (OSError, LocalError):
        return None


def _trashed(session: Session, version: FileVersion) -> LocalFile:
    """The file in the local trash that holds a version. Raises `OSError`."""
    return look_at(version.key, len(Path(version.key).relative_to(session.project.staging).parts))


def _base_after(seen: View, path: str, brought: Entry) -> Entry | None:
    """What the base says of a path that holds an older version.

    As before, where the remote is what this computer agreed on: then the older version is an edit, which `up` sends.
    As before, too, where the older version is that itself: then the remote is newer. Otherwise nobody here has seen
    what the remote holds: without a base it is a conflict, and nothing goes over it unseen.
    """
    base, there = seen.base.get(path), seen.remote.get(path)
    known = there is not None and (same(there, base) or same(brought, base))
    return base if known else None


def _foreseen(seen: View, wish: Wish) -> Brought:
    path, version = wish.name, wish.version
    by, at = uploader(seen, path)
    entry, there = Entry(version.size, wish.md5, version.etag), seen.remote.get(path)
    is_current = version.where is Where.REMOTE and same(entry, there)
    state = State.IN_SYNC if is_current else decide(path, _base_after(seen, path, entry), entry, there).state
    return Brought(path, version, path in seen.here.files, state, by, at)


class _Getting:
    """Makes of each wish an action: what is not under the file's name in the store is fetched into `partial/` first."""

    def __init__(self, session: Session, seen: View, report: BringReport, folder: GuardedFolder) -> None:
        self.contents: dict[str, Entry] = {}
        self.states: dict[str, State] = {}
        """States of files, now that their content is known."""
        self._session, self._seen, self._report, self._folder = session, seen, report, folder
        self._temps: list[str] = []

    def action(self, wish: Wish) -> Action | None:
        """None where it cannot be brought, or stands here already."""
        try:
            return self._action(wish)
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            self._report.fail(wish.name, str(error), error.hint)
            return None

    def _action(self, wish: Wish) -> Action | None:
        seen, path, version = self._seen, wish.name, wish.version
        local, remote = seen.local.get(path), seen.remote.get(path)
        if version.where is Where.REMOTE:
            if remote is None or remote.etag != version.etag:
                self._report.fail(path, "was replaced on the remote meanwhile", "run the command again")
                return None
            return Action(Do.DOWNLOAD, path, local, remote)
        if version.where is Where.LOCAL_TRASH:
            if finish_placing(self._session, Path(version.key), path):
                return None
            source, md5 = version.key, digest(_trashed(self._session, version)).md5
        else:
            promised = wish.md5 if wish.exact else None
            name, md5 = fetch_version(self._session, version, promised, self._folder, private=local is not None)
            self._temps.append(name)
            source = str(Path(self._folder.path, name))
        if wish.exact and md5 != wish.md5:
            self._report.fail(path, "is not what it was when it went to the trash", "nothing was changed here")
            return None
        entry = Entry(version.size, md5)
        self.contents[path] = entry
        base = _base_after(seen, path, entry)
        self.states[path] = decide(path, base, entry, remote).state
        return Action(Do.PUT_BACK_LOCAL, path, local, remote, source=source, undoes=Undoes(base))

    def drop(self) -> None:
        """Delete what was fetched and got no name."""
        for name in self._temps:
            self._folder.unlink(name, missing_ok=True)


def _journal(state: StateDB, contents: Mapping[str, Entry]) -> Witness:
    """The journal of `undo`, told what stands under a name now: the base does not say it."""
    journal = Journal(state)

    def note(done: Sequence[Done]) -> None:
        journal.note(replace(one, after=contents[one.path]) if one.path in contents else one for one in done)

    return note
