"""The answer to `s3sync` alone: the first lines of `status`, and one next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from s3sync.cli.output import printable, say, short_name, symbols, warn
from s3sync.cli.show.status import say_incoming, status_line, status_summary, warn_of_kept
from s3sync.cli.show.words import warn_of_failures
from s3sync.config import REPO_FILE, Settings
from s3sync.config.schemes import scheme_of
from s3sync.core.reconcile import State
from s3sync.core.typed import typed
from s3sync.sync.locked import held_text
from s3sync.sync.report import FileStatus, StatusReport

FEW = 8
"""Files that differ are named up to this many."""
HELP = "All commands: `s3sync --help`"
INBOX = "What others did since you last looked: `s3sync inbox`"

NEWER_THERE = {State.REMOTE_NEW, State.REMOTE_MODIFIED}
NEWER_HERE = {State.LOCAL_NEW, State.LOCAL_MODIFIED}
DELETED = {State.LOCAL_DELETED, State.REMOTE_DELETED}


def print_where(report: StatusReport, user: str | None = None) -> None:
    signs, there = symbols(), scheme_of(report.place.store).there
    say(f"{signs.status} {printable(report.place.project)}: {status_summary(report).removeprefix('Status: ')}")
    differing = list(islice(_differing(report), FEW + 1))
    for file in differing[:FEW]:
        say(status_line(file, signs, there))
    if len(differing) > FEW:
        say("  ... `s3sync status` names all")
    for lock in report.locks[:FEW]:
        say(f"  {signs.locked} {short_name(lock.name or lock.id)}  {printable(held_text(lock))}")
    say_incoming(report)
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    warn_of_kept(report)
    warn_of_failures(report.failed)
    say(f"Next: {next_step(report, user)}")
    if report.last_sync_at:
        say(INBOX)
    say(HELP)


def _differing(report: StatusReport) -> Iterator[FileStatus]:
    return (file for file in report.files if file.state is not State.IN_SYNC)


def next_step(report: StatusReport, user: str | None = None) -> str:
    """The next sensible command: what others wait for comes after what may be lost, and deletions come last."""
    states = {State(word) for word in report.counts}
    if State.CONFLICT in states or report.kept_conflicts:
        return "`s3sync conflicts` shows both versions; `s3sync resolve FILE` decides"
    if states & NEWER_THERE or report.incoming:
        both = ", then `s3sync up` sends yours" if states & NEWER_HERE else ""
        what = "what is newer there" if states & NEWER_THERE else "what clients sent"
        return f"`s3sync down` fetches {what}{both}"
    if states & NEWER_HERE:
        held = {lock.name for lock in report.locks if lock.keeps_out(user)}
        if all(file.name in held for file in report.files if file.state in NEWER_HERE):
            return "wait until it is unlocked, or ask: `s3sync up` leaves alone what others have locked"
        return "`s3sync up` sends what is newer here"
    if states & DELETED:
        return (
            "`s3sync sync --dry-run` shows what a sync would delete; `s3sync down` fetches again what was deleted here"
        )
    if report.failed:
        return "see what cannot be synced above; `s3sync doctor` looks at the rest"
    if not report.files:
        return "put files into the staging folder, then `s3sync up`"
    if report.pin is not None and report.pin.differs:
        return "`s3sync pin` pins what is here now; `s3sync down --pinned` goes back to what is pinned"
    if State.CLEANED_UP in states:
        return "nothing to do: the project was cleaned up, and your copies stay"
    if report.place.store_is_default:
        return "nothing to do; to share the files: `s3sync init --store s3://BUCKET --region REGION`"
    return "nothing to do"


def print_outside(settings: Settings, projects: list[str], there: Sequence[str] = ()) -> None:
    """`projects` are those of the repository around, on this disk; `there`, where it has none, those in the store."""
    if settings.root is None:
        say(f"You are in no repository: there is no {REPO_FILE} and no .git on the way up from here.")
        say("Next: go into your clone of the team's repository, or begin one with `git init`, then `s3sync init`")
    elif there and not projects:
        named = ", ".join(map(printable, there[:FEW])) + (", ..." if len(there) > FEW else "")
        say(f"This repository has no project on this computer yet. In the store: {named}")
        say(f"Next: `s3sync down {printable(typed(there[0]))}` fetches it; `s3sync projects` says more of each")
    elif not projects:
        say(f"This repository has no project on this computer yet: {printable(str(settings.root))}")
        say("Next: `s3sync init PROJECT` makes one; `s3sync projects` lists those in the store")
    else:
        named = ", ".join(map(printable, projects[:FEW])) + (", ..." if len(projects) > FEW else "")
        say(f"You are in no project. On this computer: {named}")
        say(f"Next: `s3sync status --all`, or go into one: cd {typed(printable(projects[0]))}")
    say(HELP)
