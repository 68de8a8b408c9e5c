"""s3sync share"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli import completed
from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.options import ProjectName
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.team.page_sharing import PageReport, PagesReport
    from s3sync.team.sharing import ShareReport

Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE]...", help="Names of files.", show_default=False, autocompletion=completed.names),
]
EXAMPLES = """s3sync share draft.mp4 --expires 2d
s3sync share draft.mp4 mix.wav --page --title 'Second cut'
s3sync share --end 5f0c2a91"""


@command(TEAM, EXAMPLES, 0, 1, 2, 3, 5, 130, takes=OPENS | {"dry_run"})
def share(
    call: Call,
    names: Files = None,
    project: ProjectName = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="TIME", help="How long it works: 30m, 4h, 2d; up to 7d.")
    ] = "7d",
    download: Annotated[bool, typer.Option("--download", help="Have browsers save the file instead of showing it.")] = (
        False
    ),
    qr: Annotated[bool, typer.Option("--qr", help="Also show each link as a QR code.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Make one page that plays and shows all of the files.")] = False,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Title of the page.")] = None,
    pages: Annotated[bool, typer.Option("--list", help="List the pages that were made.")] = False,
    end: Annotated[
        str | None, typer.Option("--end", metavar="PAGE", help="End a page now, by its id or its link.")
    ] = None,
) -> int:
    """Make links by which anybody can fetch files, until they end: one for each file, or with --page one for all.

    Of a link the store notes only until when there is one, for `archive auto`. A page is kept there until it ends.
    """
    from s3sync.api import Project

    lasts = timedelta(seconds=seconds_of(expires))
    modes = [option for option, given in (("--page", page), ("--list", pages), ("--end", end is not None)) if given]
    _refuse_nonsense(call, modes, names or [], {"--download": download, "--qr": qr, "--title": title is not None})
    opened = Project.open(project, flags=call.flags)
    if pages:
        return _listed(call, opened.shared_pages())
    if end is not None:
        return _listed(call, opened.end_page(end, dry_run=call.dry_run))
    if page:
        return _page(call, opened.share_page(*names or (), lasts=lasts, title=title, dry_run=call.dry_run), qr)
    return _links(call, opened.share(*names or (), lasts=lasts, download=download), qr)


def _refuse_nonsense(call: Call, modes: list[str], names: list[str], given: dict[str, bool]) -> None:
    """Raise `UsageError` for options that do not go together, before anything is asked."""
    if len(modes) > 1:
        raise UsageError(f"{modes[0]} and {modes[1]} do not go together", hint="choose one of them")
    mode = modes[0] if modes else ""
    if names and mode in ("--list", "--end"):
        raise UsageError(f"{mode} goes without FILE", hint="s3sync share --list shows all pages of the project")
    if not names and mode not in ("--list", "--end"):
        raise UsageError("no file was named", hint="name each file as `s3sync status` does")
    if given["--title"] and mode != "--page":
        raise UsageError("--title goes with --page", why="a link has no title", hint="add --page")
    if given["--download"] and mode:
        hint = "a page has a button for each file that saves it"
        raise UsageError(f"--download does not go with {mode}", hint=hint)
    if given["--qr"] and mode in ("--list", "--end"):
        raise UsageError(f"--qr does not go with {mode}", why="no link is made", hint="leave it out")
    if given["--qr"] and call.json:
        raise UsageError("--qr does not go with --json", hint="make the code of the `url` in the document")
    if call.dry_run and not mode:
        raise UsageError("--dry-run goes with --page and --end", why="a link to a file changes none")
    if given["--qr"]:
        from s3sync.cli.show.share import require_segno

        require_segno()


def _links(call: Call, report: ShareReport, qr: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.share import print_share, share_json

    if call.json:
        print_json(share_json(report))
    else:
        print_share(report, quiet=call.quiet, qr=qr)
    return report.exit_code


def _page(call: Call, report: PageReport, qr: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.share_pages import page_json, print_page

    if call.json:
        print_json(page_json(report))
    else:
        print_page(report, quiet=call.quiet, qr=qr)
    return report.exit_code


def _listed(call: Call, report: PagesReport) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.share_pages import pages_json, print_pages

    if call.json:
        print_json(pages_json(report))
    else:
        print_pages(report, quiet=call.quiet)
    return 0


def seconds_of(text: str, option: str = "--expires") -> int:
    """Seconds that an option says. Raises `UsageError`."""
    from s3sync.core.durations import USAGE, parse_duration

    seconds = parse_duration(text)
    if seconds is None:
        raise UsageError(f"{option} cannot be {text!r}", why="it is no time", hint=USAGE)
    return seconds
