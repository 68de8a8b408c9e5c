"""Filling a report: with what a plan intends, and with what really happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import structs

from s3sync.core.effects import Effect, Kind
from s3sync.core.names import windows_reason
from s3sync.core.obstacles import Blocked, Side
from s3sync.core.outcome import Problem
from s3sync.core.plan import Action, Conflict, Do, Plan
from s3sync.core.reconcile import State
from s3sync.sync.report import CleanupReport, ConflictReport, Deleted, Downloaded, RunReport, Skipped, Uploaded
from s3sync.sync.view import View, uploader

UPLOADING = (Do.UPLOAD, Do.KEEP_BOTH, Do.MOVE_ASIDE)


class RunReporter:
    """Writes what happens into the report of `up`, `down` or `sync`."""

    def __init__(self, report: RunReport) -> None:
        self._report = report

    def happened(self, effect: Effect) -> None:
        report = self._report
        if effect.kind is Kind.SENT:
            report.uploaded.append(Uploaded(effect.path, effect.size, effect.bytes))
        elif effect.kind is Kind.FETCHED:
            report.downloaded.append(Downloaded(effect.path, effect.size, effect.bytes))
        elif effect.kind is not Kind.MOVED:
            report.deleted.append(_deleted(effect))

    def failed(self, problem: Problem) -> None:
        self._report.failed.append(problem)

    def warn(self, warning: str) -> None:
        self._report.warnings.append(warning)


class CleanupReporter:
    """Writes what happens into the report of `cleanup`."""

    def __init__(self, report: CleanupReport, in_trash: Callable[[str], bool] = lambda path: False) -> None:
        self._report, self._in_trash = report, in_trash

    def happened(self, effect: Effect) -> None:
        self._report.deleted.append(structs.replace(_deleted(effect), in_trash=self._in_trash(effect.path)))

    def failed(self, problem: Problem) -> None:
        self._report.failed.append(problem)

    def warn(self, warning: str) -> None:
        self._report.warnings.append(warning)


def _deleted(effect: Effect) -> Deleted:
    side, lives_on = "local" if effect.kind is Kind.DELETED_HERE else "remote", effect.lives_on
    return Deleted(effect.path, side, effect.size, lives_on is None, lives_on.path if lives_on else None)


def report_plan(report: RunReport, plan: Plan, seen: View) -> None:
    """Report what is known before anything is done: problems of the scan, conflicts, and what is left alone."""
    if warning := not_on_windows(action.kept_as or action.path for action in plan.actions if action.do in UPLOADING):
        report.warnings = [*(told for told in report.warnings if told != warning), warning]
    report.cleaned = seen.there.stored.manifest.cleaned
    known = {problem.path for problem in report.failed}
    report.failed.extend(problem for problem in seen.problems if problem.path not in known)
    report.failed.extend(_told(blocked) for blocked in plan.blocked if blocked.path not in known)
    report.skipped.extend(
        Skipped(same.path, same.size, State.IN_SYNC) for same in plan.in_sync if same.size is not None
    )
    for notice in plan.notices:
        report.skipped.append(Skipped(notice.path, notice.size, notice.state, *uploader(seen, notice.path)))
    for conflict in plan.conflicts:
        by, at = uploader(seen, conflict.path)
        report.conflicts.append(
            ConflictReport(
                conflict.path, conflict.kind, conflict.policy, _resolution(conflict), conflict.kept_as, by, at
            )
        )


class Foreseen(Protocol):
    """Bytes that files would send or receive, and other names of what would be deleted on the remote."""

    def upload(self, path: str) -> int: ...
    def download(self, path: str) -> int: ...
    def lives_on(self, action: Action) -> str | None: ...


def report_intentions(report: RunReport, actions: Iterable[Action], foreseen: Foreseen) -> None:
    """Report what a dry run would do."""
    for action in actions:
        local = action.local.size if action.local else 0
        remote = action.remote.size if action.remote else 0
        if action.do in UPLOADING:
            report.uploaded.append(Uploaded(action.kept_as or action.path, local, foreseen.upload(action.path)))
        if action.do in (Do.DOWNLOAD, Do.KEEP_BOTH):
            report.downloaded.append(Downloaded(action.path, remote, foreseen.download(action.path)))
        if action.do is Do.DELETE_LOCAL:
            report.deleted.append(Deleted(action.path, "local", local))
        if action.do is Do.DELETE_REMOTE:
            lives_on = foreseen.lives_on(action)
            report.deleted.append(Deleted(action.path, "remote", remote, lives_on is None, lives_on))


def not_on_windows(names: Iterable[str]) -> str | None:
    """Warning about uploaded names that a colleague's Windows cannot hold."""
    first, count = "", 0
    for name in names:
        if reason := windows_reason(name):
            first, count = first or f"{name!r}: {reason}", count + 1
    if not count:
        return None
    return f"colleagues on Windows cannot download {first}{f' (and {count - 1} more)' if count > 1 else ''}"


def _told(blocked: Blocked) -> Problem:
    is_folder = blocked.by.startswith(f"{blocked.path}/")
    what = f"a folder of that name, with {blocked.by}," if is_folder else f"the file {blocked.by}"
    if blocked.to is Side.HERE:
        hint = {
            State.REMOTE_DELETED: "`s3sync sync` moves it into the trash here, as it was deleted on the remote",
            State.CONFLICT: "`s3sync sync` keeps both: yours gets another name",
        }.get(blocked.state, "`s3sync sync` applies both changes; or rename what is here")
        return Problem(blocked.path, f"cannot be downloaded: {what} stands in its place here", hint)
    hint = {
        State.LOCAL_DELETED: "`s3sync sync` moves it into the trash there, as it was deleted here",
    }.get(blocked.state, "`s3sync sync` keeps both: yours gets another name")
    return Problem(blocked.path, f"cannot be uploaded: {what} stands in its place on the remote", hint)


def _resolution(conflict: Conflict) -> str | None:
    if conflict.do is None:
        return None
    if conflict.do is Do.MOVE_ASIDE:
        return "kept_both"
    if conflict.local is None or conflict.remote is None:
        return "kept_edit"
    return {Do.KEEP_BOTH: "kept_both", Do.UPLOAD: "kept_mine", Do.DOWNLOAD: "kept_theirs"}[conflict.do]
