"""s3sync dashboard"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from msgspec import Struct

from s3sync.cli.call import Call
from s3sync.cli.declare import CHECK, OPENS, command
from s3sync.cli.elsewhere import in_repository
from s3sync.cli.options import EveryRepository
from s3sync.disk.current import current_folder, named_folder
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.dashboard.values import Dashboard
    from s3sync.team.viewing import Viewer


class Part(StrEnum):
    """Part that is published only on request."""

    PICTURES = "pictures"
    COSTS = "costs"


EXAMPLES = """s3sync dashboard --open
s3sync dashboard --serve
s3sync dashboard --everywhere --open
s3sync dashboard 'b6*' --publish --expires 2d --title 'Films of this autumn'"""
LEAST_S = 2
"""Shortest time between two looks of a served dashboard."""
HINT = "leave out --open, and open the file that is named in a browser"

Pattern: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[PATTERN]",
        help="Names, by beginning or glob; or a repository.",
        show_default=False,
    ),
]
Out: TypeAlias = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write it there, instead of into your own folder.")
]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace what is there and is no dashboard.")]
Serve: TypeAlias = Annotated[bool, typer.Option("--serve", help="Show it live on this computer, until Ctrl-C.")]
Port: TypeAlias = Annotated[
    int | None, typer.Option("--port", metavar="N", min=1, max=65535, help="Port of --serve; else a free one.")
]
Every: TypeAlias = Annotated[
    str | None, typer.Option("--every", metavar="TIME", help="How often --serve may look again: 5m; default: 10s.")
]
Publish: TypeAlias = Annotated[
    bool, typer.Option("--publish", help="Put a view for people outside into the store, behind a link that ends.")
]
PublishTo: TypeAlias = Annotated[
    str | None,
    typer.Option("--publish-to", metavar="PREFIX", help="Put that view where a web host serves this prefix."),
]
Expires: TypeAlias = Annotated[
    str, typer.Option("--expires", metavar="TIME", help="How long the link works: 30m, 4h, 2d; up to 7d.")
]
With: TypeAlias = Annotated[
    list[Part] | None, typer.Option("--with", help="Publish these, too, which are left out otherwise.")
]
End: TypeAlias = Annotated[
    str | None, typer.Option("--end", metavar="PAGE", help="End a published one now, by its id or its link.")
]


class _Asked(Struct):
    """Options of a dashboard that is made: which projects, with what that takes time, of which repository, or all."""

    call: Call
    pattern: str | None
    pictures: bool
    costs: bool
    everywhere: bool = False
    root: Path = Path()

    def maker(self) -> Callable[[], Dashboard]:
        """A function that looks anew each time it is called."""
        from s3sync.dashboard.gather import dashboard_of
        from s3sync.dashboard.pictures import Pictures
        from s3sync.dashboard.priced import CostTeller

        start, flags, pattern = named_folder(self.root), self.call.flags, self.pattern
        pictures, costs = Pictures() if self.pictures else None, CostTeller() if self.costs else None
        if self.everywhere:
            from s3sync.dashboard.everywhere import dashboard_everywhere

            return lambda: dashboard_everywhere(flags=flags, pattern=pattern, pictures=pictures, costs=costs)
        return lambda: dashboard_of(start, flags=flags, pattern=pattern, pictures=pictures, costs=costs)


@command(CHECK, EXAMPLES, 0, 1, 2, 3, 5, 130, takes=OPENS | {"dry_run"})
def dashboard(
    call: Call,
    pattern: Pattern = None,
    everywhere: EveryRepository = False,
    opens: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    out: Out = None,
    force: Force = False,
    serve: Serve = False,
    port: Port = None,
    every: Every = None,
    publish: Publish = False,
    publish_to: PublishTo = None,
    expires: Expires = "7d",
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Title of what is published.")] = None,
    shows: With = None,
    published: Annotated[bool, typer.Option("--list", help="List what is published behind links.")] = False,
    end: End = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Make no pictures of films and images.")] = False,
    no_costs: Annotated[
        bool, typer.Option("--no-costs", help="Leave out the costs, which take a longer look.")
    ] = False,
) -> int:
    """Show where everything stands on one page: projects by place, conflicts, locks, people, transfers and thaws.

    It is one file that loads nothing from the network. --publish makes another one, without paths, keys and commands.
    """
    modes = {"--serve": serve, "--publish": publish, "--publish-to": publish_to is not None, "--list": published}
    mode = _mode({**modes, "--end": end is not None, "--out": out is not None})
    if everywhere and mode in ("--publish", "--publish-to", "--list", "--end"):
        raise UsageError(f"{mode} is about one repository, and --everywhere about all", hint="go into one of them")
    given = {"--port": port, "--every": every, "--title": title, "--with": shows or None}
    _refuse_nonsense(call, mode, {option: value is not None for option, value in given.items()}, opens)
    if mode in ("--list", "--end"):
        return _kept(call, end)
    publishes, parts = mode in ("--publish", "--publish-to"), shows or []
    pictures = Part.PICTURES in parts if publishes else not no_pictures
    costs = Part.COSTS in parts if publishes else not no_costs

    def show(root: Path, rest: str | None) -> int:
        asked = _Asked(call, rest, pictures, costs, everywhere, root)
        if publishes:
            return _publish(asked, publish_to, expires, title, shows, force=force)
        if mode == "--serve":
            return _serve(asked, port or 0, every or "10s", opens=opens)
        return _write(asked, out, force=force, opens=opens)

    return show(Path(), pattern) if everywhere else in_repository(call, pattern, show)


def _mode(given: dict[str, bool]) -> str:
    chosen = [option for option, is_given in given.items() if is_given]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} do not go together", hint="choose one of them")
    return chosen[0] if chosen else ""


def _refuse_nonsense(call: Call, mode: str, given: dict[str, bool], opens: bool) -> None:
    """Raise `UsageError` for options that do not go together, before anything is asked."""
    publishes = mode in ("--publish", "--publish-to")
    for option in ("--port", "--every"):
        if given[option] and mode != "--serve":
            raise UsageError(f"{option} goes with --serve", hint="add --serve")
    for option in ("--title", "--with"):
        if given[option] and not publishes:
            raise UsageError(f"{option} goes with --publish", why="nothing is published", hint="add --publish")
    if opens and mode not in ("", "--out", "--serve"):
        raise UsageError(f"--open does not go with {mode}", hint="open the link that it prints")
    if call.json and mode in ("--out", "--serve"):
        raise UsageError(f"--json does not go with {mode}", why="it prints the data instead", hint=f"leave out {mode}")
    if call.dry_run and mode == "--serve":
        raise UsageError("--dry-run does not go with --serve", why="it writes nothing anyway", hint="leave it out")


def _write(asked: _Asked, out: Path | None, *, force: bool, opens: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.dashboard import dashboard_json, print_written, warn_of
    from s3sync.dashboard.files import write_own, write_to
    from s3sync.dashboard.page import page_of

    call, viewer = asked.call, _viewer() if opens else None
    board = asked.maker()()
    if call.json:
        print_json(dashboard_json(board))
        return board.exit_code
    body = page_of(board)
    if call.dry_run:
        print_written(board, out, len(body), dry_run=True, quiet=call.quiet)
    else:
        path = (
            write_own(os.environ, _own_name(board, everywhere=asked.everywhere), body)
            if out is None
            else write_to(out, body, force=force, staging=_staging(board, call))
        )
        print_written(board, path, len(body), dry_run=False, quiet=call.quiet)
        if viewer is not None:
            _open(viewer, path)
    warn_of(board)
    return board.exit_code


def _own_name(board: Dashboard, *, everywhere: bool) -> str:
    from s3sync.dashboard.files import own_name

    one = None if everywhere else board.repositories[0]
    return own_name("everywhere", "") if one is None else own_name(one.name, one.root or "")


def _staging(board: Dashboard, call: Call) -> list[Path]:
    """Staging folders of all that is on the page: it is written into none of them."""
    from s3sync.config import load_settings
    from s3sync.errors import S3syncError
    from s3sync.project import list_projects

    found: list[Path] = []
    for one in board.repositories:
        root = Path(one.root or ".")
        try:
            settings = load_settings(root, flags=call.flags, environ=os.environ)
            found += (project.staging for project in list_projects(settings, root))
        except S3syncError:
            if one.problem is None:
                raise
    return found


def _viewer() -> Viewer:
    from s3sync.team.viewing import Viewer

    return Viewer(os.environ, hint=HINT)


def _open(viewer: Viewer, path: Path) -> None:
    from s3sync.cli.output import printable, warn

    for _, why in viewer.open([str(path)]):
        warn(f"warning: no browser was opened: {printable(why)}")


def _serve(asked: _Asked, port: int, every: str, *, opens: bool) -> int:
    from s3sync.cli.commands.share import seconds_of
    from s3sync.cli.interrupt import ended_by_the_system
    from s3sync.cli.show.dashboard import print_served, warn_of
    from s3sync.dashboard.live import Live
    from s3sync.dashboard.serve import serving

    call, every_s = asked.call, seconds_of(every, "--every")
    if every_s < LEAST_S:
        raise UsageError(f"--every cannot be {every!r}", why=f"a look takes a while: at least {LEAST_S} s", hint="10s")
    viewer = _viewer() if opens else None
    with ended_by_the_system(cut_short=0):
        try:
            with Live(asked.maker(), every_s) as live, serving(live, port) as served:
                print_served(served.url, quiet=call.quiet)
                warn_of(live.now().board)
                with served.door(os.environ) as door:
                    if viewer is not None:
                        _open(viewer, door)
                    served.wait()
        except KeyboardInterrupt:
            return 0
    return 0


def _publish(
    asked: _Asked, prefix: str | None, expires: str, title: str | None, shows: list[Part] | None, *, force: bool
) -> int:
    from s3sync.cli.commands.share import seconds_of
    from s3sync.cli.output import print_json
    from s3sync.cli.show.dashboard import print_published, published_json, warn_of
    from s3sync.config import load_settings
    from s3sync.connect import connect
    from s3sync.dashboard.publish import checked_prefix, links_of, publish, publish_to
    from s3sync.sync.session import utc_now
    from s3sync.team.page_sharing import checked_title

    call, lasts = asked.call, timedelta(seconds=seconds_of(expires))
    settings = load_settings(named_folder(asked.root), flags=call.flags, environ=os.environ)
    settings.require_user()
    checked_title(title, settings.repo)
    store = connect(settings)
    parts = [str(one) for one in shows or ()]
    if prefix is not None:
        checked_prefix(prefix, settings.repo)
        board = asked.maker()()
        report = publish_to(settings, store, board, prefix, title=title, shows=parts, force=force, dry_run=call.dry_run)
    else:
        links_of(store, lasts)
        board = asked.maker()()
        report = publish(
            settings, store, board, lasts=lasts, now=utc_now(), title=title, shows=parts, dry_run=call.dry_run
        )
    if call.json:
        print_json(published_json(report, board.exit_code))
    else:
        print_published(report, quiet=call.quiet)
        warn_of(board)
    return board.exit_code


def _kept(call: Call, end: str | None) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.dashboard import print_kept, published_json
    from s3sync.config import load_settings
    from s3sync.connect import connect
    from s3sync.dashboard.publish import end_published, list_published

    settings = load_settings(current_folder(), flags=call.flags, environ=os.environ)
    store = connect(settings)
    report = (
        list_published(settings, store) if end is None else end_published(settings, store, end, dry_run=call.dry_run)
    )
    if call.json:
        print_json(published_json(report, 0))
    else:
        print_kept(report, quiet=call.quiet)
    return 0
