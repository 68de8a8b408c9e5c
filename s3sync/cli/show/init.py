"""Report of `init`, and what to type next."""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.output import SCHEMA, error_lines, printable, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.config import mask_url
from s3sync.core.typed import typed
from s3sync.disk.current import current_folder
from s3sync.errors import S3syncError
from s3sync.setup.init import InitReport
from s3sync.store.probe import AccessReport


def init_json(report: InitReport, dry_run: bool) -> Json:
    access = report.access
    return {
        "schema": SCHEMA,
        "command": "init",
        "project": report.project.name if report.project else None,
        "repo": report.settings.repo,
        "projects": report.projects,
        "store": mask_url(report.settings.store),
        "dry_run": dry_run,
        "steps": [{"what": what, "changed": changed} for what, changed in report.steps],
        "access": None if access is None else {right: str(error) for right, error in _refused(access)},
        "read_only": report.reads_only,
        "exit_code": 0 if dry_run else report.exit_code,
    }


def _refused(access: AccessReport) -> list[tuple[str, S3syncError]]:
    """The rights that the store did not give, with the reason."""
    rights = {"list": access.list, "read": access.read, "write": access.write, "delete": access.delete}
    return [(right, error) for right, error in rights.items() if error is not None]


def print_init(report: InitReport, call: Call) -> None:
    signs = symbols()
    if not call.quiet:
        _say_steps(report, call.verbose)
    if report.access is None:
        if not call.quiet:
            say("Nothing was written: this was a dry run.")
        return
    for key in report.overruled:
        origin = printable(report.settings.origins.get(key, ""))
        warn(f"warning: your own {key} does not count here, because it is also set elsewhere: {origin}")
    store = printable(mask_url(report.settings.store))
    if report.reads_only:
        warn(f"  {signs.conflict} the store can only be read, and uploads will be refused: {store}")
        warn("hint: to upload, ask the bucket's owner to allow s3:PutObject and s3:DeleteObject")
        if not call.quiet:
            say("Next: run `s3sync down`.")
        return
    for right, error in _refused(report.access):
        warn(f"  {signs.failed} cannot {right}: {store}")
        for line in error_lines(error):
            warn(line)
        return
    if call.quiet:
        return
    say(f"  {signs.done} the store can be read and written: {store}")
    if report.settings.store_is_default:
        say("    It is a folder on this computer; to share: s3sync init --store s3://BUCKET --region REGION")
    if report.settings.user is None:
        say("Next: s3sync config set user NAME, so that the team sees who uploaded what.")
    _say_next(report)


def _say_steps(report: InitReport, verbose: bool) -> None:
    """What was set up."""
    if verbose:
        say(f"  - repository: {printable(str(report.root))}")
        if report.project:
            say(f"  - project: {printable(report.project.name)}")
    for what, changed in report.steps:
        mark, word = (symbols().done, "") if changed else ("-", " (as it was)")
        say(f"  {mark} {printable(what)}{word}")


def _say_next(report: InitReport) -> None:
    """What to type now."""
    if report.project is None:
        shown = ", ".join(map(printable, report.projects[:20])) + (", ..." if len(report.projects) > 20 else "")
        if report.projects:
            say(f"The team's projects: {shown}")
            first = printable(typed(report.projects[0]))
            say(f"Next: files are waiting: `s3sync down {first}` fetches those of a project.")
        else:
            say("Next: `s3sync init PROJECT` makes the first project; `s3sync init .` makes this folder one.")
        return
    staging = printable(str(report.project.staging.relative_to(report.root)))
    if report.waiting and not any(report.project.staging.iterdir()):
        inside = current_folder().is_relative_to(report.project.root)
        say(f"Next: files are waiting: `s3sync down{'' if inside else f' {printable(typed(report.project.name))}'}`")
    else:
        say(f"Next: put files into {staging}/ and run `s3sync up`.")
