"""init, config."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s3sync.cli.call import OPENS, SET_UP, Call, command

if TYPE_CHECKING:
    from s3sync.errors import S3syncError
    from s3sync.setup.init import InitReport
    from s3sync.store.probe import AccessReport


def register(app: typer.Typer) -> None:
    command(
        app,
        init,
        "s3sync init --store s3://our-bucket --region eu-west-1 --user david",
        0,
        1,
        2,
        5,
        130,
        takes=OPENS | {"dry_run"},
        group=SET_UP,
        verbose="Also name the repository and the project.",
    )
    command(
        app,
        config,
        's3sync config\ns3sync config set user "Eve Smith"\ns3sync config unset profile',
        0,
        1,
        2,
        takes=OPENS,
        group=SET_UP,
        verbose="Also show all ignore patterns.",
        words=("set", "unset"),
    )


def init(
    call: Call,
    name: Annotated[
        str | None, typer.Argument(metavar="[PROJECT]", help="The project's folder; default: this folder.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="NAME", help="The bucket's AWS region.")] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="An S3-compatible store that is not AWS.")
    ] = None,
    repo: Annotated[
        str | None, typer.Option("--repo", metavar="NAME", help="The repository's name in the store.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take the defaults.")] = False,
) -> int:
    """Set up this git repository and a project in it. Run it again to change a setting."""
    from s3sync.setup.init import init as set_up

    values = {
        "store": call.store, "region": region, "endpoint_url": endpoint,
        "profile": call.profile, "user": call.user, "repo": repo,
    }  # fmt: skip
    own: dict[str, str] = {}
    asks = not yes and not call.json and sys.stdin.isatty()
    if asks:
        _ask_missing(values, own)
        _ask_trust({key: value for key, value in values.items() if value is not None})
    report = set_up(Path.cwd(), name, values, os.environ, own=own, dry_run=call.dry_run)
    if asks and report.project is None and report.projects:
        _print_init(report, call)
        chosen = _ask_project(report.projects)
        if chosen is None:
            return report.exit_code
        report = set_up(Path.cwd(), chosen, {}, os.environ)
    if call.json:
        from s3sync.cli.output import print_json

        print_json(_init_json(report, call.dry_run))
    else:
        _print_init(report, call)
    return 0 if call.dry_run else report.exit_code


def _ask_project(projects: list[str]) -> str | None:
    """Which of the team's projects to work on here: a name or a beginning of it; None for an empty answer."""

    def check(text: str) -> str:
        found = [name for name in projects if name == text] or [name for name in projects if name.startswith(text)]
        if text and len(found) != 1:
            raise typer.BadParameter(f"type one of: {', '.join(projects[:10])}")
        return found[0] if text else ""

    question = "Which project do you work on (empty: none yet)"
    answer: str = typer.prompt(question, default="", show_default=False, err=True, value_proc=check)
    return answer or None


def _ask_missing(values: dict[str, str | None], own: dict[str, str]) -> None:
    """Ask for what no flag and no file says. An empty answer takes what stands in brackets.

    What is one person's own (the AWS profile) goes into `own`.
    """
    from s3sync.config import load_settings

    settings = load_settings(Path.cwd(), flags={}, environ=os.environ)
    if values["user"] is None and settings.user is None:
        values["user"] = _ask("user", "Your name, as the team sees it", _name_in_git())
    if values["store"] is None and settings.store_is_default:
        store = _ask("store", "Store, as s3://bucket (empty: a folder on this computer)", "")
        values["store"] = store
        if store and store.startswith("s3://"):
            values["region"] = values["region"] or _ask("region", "Region", "us-east-1")
            values["endpoint_url"] = values["endpoint_url"] or _ask("endpoint_url", "Endpoint URL (empty: AWS)", "")
            if values["profile"] is None and settings.profile is None:
                profile = _ask("profile", "AWS profile on this computer (empty: AWS's own order)", "")
                own.update({"profile": profile} if profile else {})


def _name_in_git() -> str | None:
    """The name that git knows the user by, where it can be one here."""
    from s3sync.config.spec import checked
    from s3sync.config.values import BadValue
    from s3sync.gitconfig import user_name

    try:
        name = user_name(os.environ)
        return str(checked("user", name)) if name else None
    except BadValue:
        return None


def _ask_trust(flags: Mapping[str, str]) -> None:
    """Ask about a store that a file of the repository names. Raises `Halt` when the answer is no."""
    from s3sync.cli.trust import confirmed
    from s3sync.config import load_settings
    from s3sync.errors import Halt
    from s3sync.trust import is_trusted, place_of, previous

    settings = load_settings(Path.cwd(), flags=flags, environ=os.environ)
    if not is_trusted(settings) and not confirmed(place_of(settings), previous(settings), quiet=False):
        raise Halt(
            "nothing was set up", why="you do not trust the store", hint="name your own: s3sync init --store URL"
        )


def _ask(setting: str, question: str, default: str | None = None) -> str | None:
    """The answer, asked for until the setting can hold it; None for an empty one."""
    from s3sync.config.spec import checked
    from s3sync.config.values import BadValue

    def check(text: str) -> str | None:
        try:
            return str(checked(setting, text)) if text else None
        except BadValue as error:
            raise typer.BadParameter(f"{error.why} ({error.hint})" if error.hint else error.why) from None

    answer: str | None = typer.prompt(question, default=default, show_default=bool(default), err=True, value_proc=check)
    return answer


def _init_json(report: InitReport, dry_run: bool) -> dict[str, Any]:
    from s3sync.config import mask_url

    access = report.access
    return {
        "schema": 1,
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


def _print_init(report: InitReport, call: Call) -> None:
    from s3sync.cli.output import error_lines, printable, say, symbols, warn
    from s3sync.config import mask_url

    signs = symbols()
    if not call.quiet:
        if call.verbose:
            say(f"  - repository: {printable(str(report.root))}")
            if report.project:
                say(f"  - project: {printable(report.project.name)}")
        for what, changed in report.steps:
            word = "" if changed else " (as it was)"
            say(f"  {signs.done if changed else '-'} {printable(what)}{word}")
    if report.access is None:
        if not call.quiet:
            say("Nothing was written: this was a dry run.")
        return
    for other in report.alike:
        warn(f"hint: {printable(other)} begins with that name, too: if you meant it, remove the new folder")
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
        say("Next: s3sync init --user NAME, so that the team sees who uploaded what.")
    _say_next(report)


def _say_next(report: InitReport) -> None:
    """What to type now."""
    from s3sync.cli.output import printable, say

    if report.project is None:
        shown = ", ".join(map(printable, report.projects[:20])) + (", ..." if len(report.projects) > 20 else "")
        if report.projects:
            say(f"The team's projects: {shown}")
            say(f"Next: files are waiting: `s3sync down {printable(report.projects[0])}` fetches those of a project.")
        else:
            say("Next: `s3sync init PROJECT` makes the first project; `s3sync init .` makes this folder one.")
        return
    staging = printable(str(report.project.staging.relative_to(report.root)))
    if report.waiting and not any(report.project.staging.iterdir()):
        inside = Path.cwd().is_relative_to(report.project.root)
        say(f"Next: files are waiting: `s3sync down{'' if inside else f' {printable(report.project.name)}'}`")
    else:
        say(f"Next: put files into {staging}/ and run `s3sync up`.")


def config(
    call: Call,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[set KEY VALUE... | unset KEY]", help="Change a setting.", show_default=False),
    ] = None,
    repo: Annotated[
        bool, typer.Option("--repo", help="Change the team's .s3sync.yaml instead of your own settings.")
    ] = False,
) -> int:
    """Show every setting and where it comes from, or change one. Credentials are masked."""
    from s3sync.cli.output import print_json, printable, say
    from s3sync.config import load_settings, masked

    if words:
        from s3sync.sync.change_setting import change_setting

        file, changed = change_setting(words, Path.cwd(), os.environ, in_repo=repo)
        if call.json:
            print_json({"schema": 1, "command": "config", "file": str(file), "changed": changed})
        elif not call.quiet:
            say(f"{printable(str(file))}: {' '.join(map(printable, words))}{'' if changed else ' (as it was)'}")
        return 0
    rows = masked(load_settings(Path.cwd(), flags=call.flags, environ=os.environ))
    if call.quiet:
        rows = [row for row in rows if row[2] != "default"]
    if call.json:
        settings = {name: {"value": value, "origin": origin} for name, value, origin in rows}
        print_json({"schema": 1, "command": "config", "settings": settings})
        return 0
    if not call.verbose:
        rows = [(name, _beginning(value) if name == "ignore" else value, origin) for name, value, origin in rows]
    widths = [max(len(printable(_text(row[column]))) for row in rows) for column in (0, 1)]
    for name, value, origin in rows:
        say(f"{printable(name).ljust(widths[0])}  {printable(_text(value)).ljust(widths[1])}  {printable(origin)}")
    return 0


def _beginning(patterns: str | None) -> str | None:
    """The first of many patterns: all of them would make every line of the table as long."""
    found = (patterns or "").split(", ")
    return patterns if len(found) <= 4 else f"{', '.join(found[:3])} and {len(found) - 3} more"


def _text(value: str | None) -> str:
    return "-" if value is None else value
