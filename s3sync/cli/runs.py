"""Common part of `up`, `down` and `sync`: open the project, run, show the report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from s3sync.cli.call import Call
from s3sync.cli.notices import of_runs, telling
from s3sync.config import Settings, load_settings
from s3sync.config.schemes import scheme_of
from s3sync.core.plan import Verb
from s3sync.core.typed import quoted
from s3sync.disk.current import current_folder
from s3sync.errors import BucketMissing, ProjectError, S3syncError, Unreachable, UsageError

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.cli.elsewhere import Words
    from s3sync.sync.report import RunReport
    from s3sync.transfer.progress import Progress


def run(
    call: Call,
    kind: Verb,
    names: list[str] | None,
    project: str | None,
    all_projects: bool,
    verb: Callable[[Project, list[str]], RunReport],
) -> int:
    if all_projects:
        refuse_names(names, project)
        return run_all(call, kind, lambda opened: verb(opened, []))
    from s3sync.cli.elsewhere import Words, in_reach

    return in_reach(
        call,
        Words(names or [], project),
        lambda words: _run_one(call, kind, words, verb),
        lambda root: run_all(call, kind, lambda opened: verb(opened, []), root),
    )


def _run_one(call: Call, kind: Verb, words: Words, verb: Callable[[Project, list[str]], RunReport]) -> int:
    from s3sync.cli.lives import archived_json, mention, of_empty
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.run import print_run, run_headline, run_json

    with watching(call) as progress:
        opened, files = open_project(call, words.names, words.project, progress, words.root)
        if call.shows_progress:
            progress.headline = run_headline(kind, opened.session.place, False)
        stopped: S3syncError | None = None
        try:
            with (
                naming(opened, files, call),
                queued_offline(call, kind, opened.session.settings, lambda: opened.queue(*files)),
            ):
                report = verb(opened, files)
        except S3syncError as error:
            if error.report is None:
                raise
            report, stopped = error.report, error
    settings = opened.session.settings
    lives = of_empty(opened, call) if stopped is None and not _has_anything(report) else None
    with telling(call, settings, lambda: of_runs([report], settings.user)):
        if call.json:
            print_json({**run_json(report, stopped), **archived_json(lives)})
            call.answered = True
        else:
            print_run(report, verbose=call.verbose, quiet=call.quiet, begun=progress.begun)
    if stopped is not None:
        raise stopped
    return report.exit_code if lives is None else mention(lives, call, opened.session.project.repo_root)


def _has_anything(report: RunReport) -> bool:
    """True if a run met any file of the project."""
    met = (report.uploaded, report.downloaded, report.deleted, report.conflicts, report.failed, report.skipped)
    return any(met) or bool(report.locked)


def refuse_names(names: list[str] | None, project: str | None, option: str = "--all") -> None:
    """Raises `UsageError` where `--all`, or another option that means all, comes with names."""
    if names or project:
        why = "and a project or a file was named, too"
        raise UsageError(f"{option} means every project", why=why, hint=f"leave out the name, or leave out {option}")


def run_all(call: Call, kind: Verb, verb: Callable[[Project], RunReport], root: str | os.PathLike[str] = ".") -> int:
    """One verb on every project: a report for each, and what they come to together."""
    from s3sync.all_projects import AllProjects, worst_code
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.queue_all import queue_all
    from s3sync.cli.show.run_all import AllLines, run_all_json

    with watching(call) as progress, queued_offline(call, kind, None, lambda: queue_all(call, root)):
        opened = AllProjects.open(path=root, flags=call.flags, progress=progress, lock_wait_s=call.wait)
        lines = AllLines(kind, call, progress)
        told = []
        for one in opened.each(verb, lines.turn):
            told.append(one)
            lines.show(one)
    code = worst_code(told)
    reports = [one.report for one in told if one.report is not None]
    with telling(call, opened.settings, lambda: of_runs(reports, opened.settings.user)):
        if call.json:
            print_json(run_all_json(kind, told, code, dry_run=call.dry_run))
        else:
            lines.summarize(told)
    return code


@contextmanager
def queued_offline(call: Call, kind: Verb, settings: Settings | None, queue: Callable[[], object]) -> Iterator[None]:
    """Put what an `up` could not send for want of a network into the queue, where the user's settings say so.

    `settings` None: those of here.
    """
    try:
        yield
    except (Unreachable, BucketMissing) as error:
        settings = settings or load_settings(current_folder(), flags=call.flags, environ=os.environ)
        away = isinstance(error, Unreachable) or scheme_of(settings.store).is_folder  # a disk that is not plugged in
        if away and kind is Verb.UP and not call.dry_run and settings.offline == "queue":
            queue()
            error.hint = "it waits in the queue: `s3sync queue run`, a watch or git's hooks send it (docs/offline.md)"
        raise


@contextmanager
def naming(opened: Project, files: list[str], call: Call) -> Iterator[None]:
    """Say both where the first word is no file here, and a project in the store."""
    try:
        yield
    except UsageError as error:
        if isinstance(error, ProjectError) or not files or error.unknown != files[0]:
            raise
        if not opened.in_store(files[0]):
            raise
        raise UsageError(
            error.message,
            why=f"{files[0]} is a project in the store, and no file of {opened.name}, where you are",
            hint=f"`s3sync {call.command} --project {quoted(files[0])}` means the project",
            unknown=files[0],
        ) from error


def open_project(
    call: Call,
    names: list[str] | None,
    project: str | None,
    progress: Progress,
    root: str | os.PathLike[str] = ".",
) -> tuple[Project, list[str]]:
    """The project around `root`, or one of its repository, and the file names among the arguments.

    Outside a project the first argument is the project. Inside one it is a file, unless it names another project and
    no file of this one.
    """
    from s3sync.api import Project

    words = list(names or [])

    def open_named(name: str | None) -> Project:
        return Project.open(name, path=root, flags=call.flags, progress=progress, lock_wait_s=call.wait)

    try:
        here = open_named(project)
    except ProjectError:
        if project is not None or not words:
            raise
        return open_named(words[0]), words[1:]
    if project is None and words and here.names_project(words[0]):
        return open_named(words[0]), words[1:]
    return here, words
