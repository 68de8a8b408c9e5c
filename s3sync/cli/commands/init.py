"""s3sync init"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, SET_UP, command
from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.config import Settings
    from s3sync.trust import Place


Create = Annotated[bool, typer.Option("--create", help="Make a folder store also where its disk may not be connected.")]


@command(
    SET_UP,
    "s3sync init --store s3://our-bucket --region eu-west-1 --user david",
    0, 1, 2, 5, 130,
    takes=OPENS | {"dry_run"},
    verbose="Also name the repository and the project.",
)  # fmt: skip
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
    create: Create = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take the defaults.")] = False,
) -> int:
    """Set up this git repository and a project in it. Run it again to change a setting."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.init import init_json, print_init
    from s3sync.cli.show.new_store import ask_new
    from s3sync.setup.disk import NewDisk
    from s3sync.setup.init import init as set_up
    from s3sync.setup.init import root_for_settings
    from s3sync.trust import place_of

    values = {
        "store": call.store, "region": region, "endpoint_url": endpoint,
        "profile": call.profile, "user": call.user, "repo": repo,
    }  # fmt: skip
    asks, agreed = not yes and not call.json and sys.stdin.isatty(), None
    if asks:
        root_for_settings(current_folder())
        _ask_missing(values)
        agreed = _ask_trust({key: value for key, value in values.items() if value is not None})
    confirm = (lambda name, alike: True) if yes else _ask_alike
    disk = NewDisk(create, ask_new if asks else None)
    report = set_up(
        current_folder(), name, values, os.environ, confirm=confirm, agreed=agreed, dry_run=call.dry_run, disk=disk
    )
    if asks and report.project is None and report.projects:
        print_init(report, call)
        chosen = _ask_project(report.projects)
        if chosen is None:
            return report.exit_code
        report = set_up(current_folder(), chosen, {}, os.environ, agreed=place_of(report.settings))
    if call.json:
        print_json(init_json(report, call.dry_run))
    else:
        print_init(report, call)
    _warn_of_line(report.settings)
    return 0 if call.dry_run else report.exit_code


def _warn_of_line(settings: Settings) -> None:
    """Say why others can hear what goes to the store, or take its place, where they can."""
    from s3sync.cli.output import printable, warn
    from s3sync.trust import heard_by_others, place_of

    heard = heard_by_others(settings, place_of(settings))
    if heard is not None:
        warn(f"warning: {printable(heard)}")


def _ask_project(projects: list[str]) -> str | None:
    """Which of the team's projects to work on here: a name or a beginning of it; None for an empty answer."""
    from s3sync.cli.output import printable

    def check(text: str) -> str:
        found = [name for name in projects if name == text] or [name for name in projects if name.startswith(text)]
        if text and len(found) != 1:
            raise typer.BadParameter(f"type one of: {', '.join(map(printable, projects[:10]))}")
        return found[0] if text else ""

    question = "Which project do you work on (empty: none yet)"
    answer: str = typer.prompt(question, default="", show_default=False, err=True, value_proc=check)
    return answer or None


def _ask_alike(name: str, alike: list[str]) -> bool:
    from s3sync.cli.output import answered_yes, printable

    others = ", ".join(map(printable, alike[:5]))
    return answered_yes(f"{others} begins with that name, too. Make a new project {printable(name)}?")


def _ask_missing(values: dict[str, str | None]) -> None:
    """Ask for what no flag and no file says. An empty answer takes what stands in brackets."""
    from s3sync.config import load_settings
    from s3sync.config.schemes import scheme_of

    settings = load_settings(current_folder(), flags={}, environ=os.environ)
    if values["user"] is None and settings.user is None:
        values["user"] = _ask("user", "Your name, as the team sees it", _name_in_git())
    if values["store"] is None and settings.store_is_default:
        store = _ask("store", "Store, as s3://bucket (empty: a folder on this computer)", "")
        values["store"] = store
        if store and scheme_of(store).vendor == "AWS":
            values["region"] = values["region"] or _ask("region", "Region", "us-east-1")
            values["endpoint_url"] = values["endpoint_url"] or _ask("endpoint_url", "Endpoint URL (empty: AWS)", "")
            if values["profile"] is None and settings.profile is None:
                values["profile"] = _ask("profile", "AWS profile on this computer (empty: AWS's own order)", "")


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


def _ask_trust(flags: Mapping[str, str]) -> Place:
    """Ask about a store that a file of the repository names, and return it. Raises `Halt` when the answer is no."""
    from s3sync.cli.agree import confirmed
    from s3sync.config import load_settings
    from s3sync.errors import Halt
    from s3sync.trust import is_trusted, place_of, place_to_ask, remember

    settings = load_settings(current_folder(), flags=flags, environ=os.environ)
    place = place_of(settings)
    if is_trusted(settings):
        return place
    asked = place if settings.store_is_default else place_to_ask(settings) or place
    if not confirmed(asked, quiet=False):
        why, own = "you do not trust the store", "name your own: s3sync init --store URL"
        hint = "give this one another name: s3sync init --repo NAME" if settings.store_is_default else own
        raise Halt("nothing was set up", why=why, hint=hint)
    if settings.store_is_default:
        remember(place, settings.env)
    return place


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
