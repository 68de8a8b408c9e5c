"""The table that `projects` shows."""

from __future__ import annotations

from s3sync.cli.output import SCHEMA, ago_text, error_body, error_lines, printable, say, symbols, warn
from s3sync.cli.show.status import COUNTED
from s3sync.cli.show.words import Json, cleaned_json
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text, size_text
from s3sync.core.typed import in_git, typed
from s3sync.setup.overview import ProjectOverview, ProjectsReport


def projects_json(report: ProjectsReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "projects",
        "repo": report.repo,
        "store": report.store,
        "git_ignores_staging": report.git_ignores,
        "projects": [_body(project) for project in report.projects],
        "exit_code": report.exit_code,
    }


def _body(project: ProjectOverview) -> Json:
    return {
        "name": project.name,
        "here": project.here,
        "in_store": project.in_store,
        "files": project.files,
        "size_bytes": project.size_bytes,
        "counts": project.counts,
        "last_sync": {"at": project.last_sync_at, "by": project.last_sync_by},
        "cleaned": cleaned_json(project.cleaned),
        "files_in_git": project.in_git,
        "error": error_body(project.error) if project.error else None,
    }


def print_projects(report: ProjectsReport, *, quiet: bool, every: bool) -> None:
    """`every`: also those of which nothing is left but records."""
    if not quiet:
        say(f"{symbols().status} Projects of {printable(report.repo)} in {printable(report.store)}")
        width = max([len(printable(project.name)) for project in report.projects] + [7])
        shown = [project for project in report.projects if every or not project.is_left]
        for project in shown:
            name = printable(project.name).ljust(width)
            size = f"{files_text(project.files):>9}  {size_text(project.size_bytes):>9}"
            say(f"  {name}  {size}  {_what_waits(project)}{_last_sync(project)}")
        if left := len(report.projects) - len(shown):
            say(f"  and {left} that {'is' if left == 1 else 'are'} empty and not here: `s3sync projects -v` names them")
        if not report.projects:
            say("  none yet: `s3sync init PROJECT` makes the first")
    if not report.git_ignores:
        warn("warning: git would take up the staging folders and their large files")
        warn("hint: s3sync doctor --fix")
    _warn_of_git([project for project in report.projects if project.in_git])
    for project in report.projects:
        if project.error:
            warn(f"{symbols().failed} {printable(project.name)}")
            for line in error_lines(project.error):
                warn(line)


def _warn_of_git(projects: list[ProjectOverview]) -> None:
    """Warn before the next commit sends those files to everybody, for ever. The hint leaves them on the disk."""
    for project in projects:
        warn(f"warning: git has taken up {files_text(project.in_git or 0)} of {printable(project.name)}")
    if projects:
        folder = printable(in_git(f"{projects[0].folder}/"))
        warn(f"hint: `git rm -r --cached {folder}` takes them out of git and leaves them on the disk")


def _what_waits(project: ProjectOverview) -> str:
    if project.error:
        return "cannot be told"
    if not project.files and not project.counts and project.cleaned:
        return f"empty: {printable(short_text(project.cleaned.by))} cleaned up on {printable(project.cleaned.at[:10])}"
    if project.is_left:
        return "empty"
    if not project.here:
        return f"not here: `s3sync down {printable(typed(project.name))}`"
    parts = [
        f"{count} {label}"
        for label, states in COUNTED
        if (count := sum(project.counts.get(state.value, 0) for state in states))
    ]
    if parts:
        return ", ".join(parts)
    return "all in sync" if project.counts else "no files yet"


def _last_sync(project: ProjectOverview) -> str:
    if not project.last_sync_at:
        return "" if project.error or project.in_store else " (never synced)"
    by = f" by {printable(short_text(project.last_sync_by))}" if project.last_sync_by else ""
    return f" (last sync: {ago_text(project.last_sync_at)}{by})"
