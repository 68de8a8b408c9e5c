"""`doctor`: is everything here, there and on the way between as s3sync needs it? Each check stands by itself.

The rooms: `local` and `memory` look at this computer, `remote`, `conditions` and `bucket` at the store,
`archives` at those of archive sets; `scratch` is where they may write; `report` is what a check says. Nothing else is
written, unless `fix` is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from s3sync.config import REPO_FILE, Settings, load_settings, mask_url
from s3sync.config.remotes import open_line
from s3sync.config.schemes import remote_of, scheme_of
from s3sync.connect import connect, locate
from s3sync.doctor import archives, local, memory, remote
from s3sync.doctor.keys import key_checks
from s3sync.doctor.report import Check, DoctorReport, Level, failed_by, ok, skipped, warn
from s3sync.errors import NotTrusted, S3syncError
from s3sync.project import ProjectFolder, lines_to_commit
from s3sync.store import Store, endpoint_of, rights_of
from s3sync.sync.session import Session

__all__ = ["Check", "DoctorReport", "Level", "doctor"]

_T = TypeVar("_T")


def doctor(
    start: Path,
    name: str | None = None,
    *,
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
    fix: bool = False,
    dry_run: bool = False,
    lock_wait_s: float = 0,
) -> DoctorReport:
    """Check everything, and before that repair with `fix` what is wrong on this computer.

    `dry_run` writes nothing in the store, and leaves out what only that would tell.

    Whatever is found is in the report. Only `fix` raises: `LockHeld` while another s3sync works here, `LocalError`
    when the disk refuses the repair.
    """
    report = DoctorReport(checks=[local.versions()])
    environ = os.environ if environ is None else environ
    settings = _settings(report, start, flags or {}, environ)
    store = _store(report, settings)
    project = _project(report, settings, store, start, name)
    if settings and store and project:
        session = Session(settings, project, store, lock_wait_s=lock_wait_s)
        report.place = session.place
        if fix:
            report.fixed = [*local.mend(session), *memory.mend(session)]
    if settings and store and project:
        report.checks += local.checks(project)
        if any(check.name == "state_folder" and check.level is Level.FAIL for check in report.checks):
            report.checks += [skipped(check, local.NO_STATE_FOLDER) for check in memory.NAMES]
        else:
            report.checks += memory.checks(settings, store, project)
    else:
        report.checks += [skipped(check, "needs project") for check in (*local.NAMES, *memory.NAMES)]
    if settings and store and not settings.repo:
        report.checks += [skipped(check, "needs project") for check in remote.NAMES]
    elif settings and store:
        report.checks += remote.checks(settings, store, project, dry_run=dry_run)
    else:
        report.checks += [skipped(check, "needs store") for check in remote.NAMES]
    if settings:
        report.checks += archives.checks(settings, environ, flags or {})
    return report


def _settings(
    report: DoctorReport, start: Path, flags: Mapping[str, str | None], environ: Mapping[str, str]
) -> Settings | None:
    settings = _try(report, "settings", lambda: load_settings(start, flags=flags, environ=environ))
    if settings is None:
        return None
    repo = f"repo {settings.repo}, " if settings.repo else ""
    found = f"store {mask_url(settings.store)}, {repo}user {settings.user or 'not set'}"
    if settings.user is None:
        hint = (
            "run `s3sync config set user NAME`: the team sees by it who uploaded what, and nothing goes up without it"
        )
        report.checks.append(warn("settings", found, hint))
    elif settings.store_is_default:
        hint = "nobody else sees it; to share: s3sync init --store s3://BUCKET --region REGION"
        report.checks.append(warn("settings", f"{found}: a folder on this computer", hint))
    else:
        report.checks.append(ok("settings", found))
    return settings


def _store(report: DoctorReport, settings: Settings | None) -> Store | None:
    if settings is None:
        report.checks.append(skipped("store", "needs settings"))
        return None
    store = _try(report, "store", lambda: connect(settings))
    if store is not None:
        vendor = scheme_of(settings.store).vendor
        where, heard = _folder(store) if vendor is None else endpoint_of(store) or vendor, None
        if scheme_of(settings.store).by_remote:
            where = f"your rclone remote {remote_of(settings.store)[0]}"
            heard = open_line(settings.store, settings.env)
        found = f"{store.url} at {mask_url(where)}"
        report.checks.append(
            ok("store", found) if heard is None else warn("store", f"{found}; {heard.why}", heard.hint)
        )
        report.checks += key_checks(settings, store)
    return store


def _folder(store: Store) -> str:
    """Who may read and write it, where that can be seen; what is wrong with it is said by the next check."""
    try:
        return rights_of(store) or "a folder"
    except S3syncError:
        return "a folder"


def _project(
    report: DoctorReport, settings: Settings | None, store: Store | None, start: Path, name: str | None
) -> ProjectFolder | None:
    if settings is None or store is None:
        report.checks.append(skipped("project", "needs store" if settings else "needs settings"))
        return None
    project = _try(report, "project", lambda: locate(settings, store, start, name))
    if project is not None:
        found, lines = f"{project.name} in {project.root}", lines_to_commit(settings, project)
        follows = f"{found}; its place in the store follows the name of this clone's folder"
        hint = f"commit to {REPO_FILE}: {', '.join(lines)}"
        report.checks.append(warn("project", follows, hint) if lines else ok("project", found))
    return project


def _try(report: DoctorReport, check: str, call: Callable[[], _T]) -> _T | None:
    """What the call gives; where it raises, the check has failed, and there is None."""
    try:
        return call()
    except NotTrusted:
        raise  # a question to the user, and no finding
    except S3syncError as error:
        report.checks.append(failed_by(check, error))
        return None
