"""A run on every repository of a person: one after the other, with the report of each as soon as it is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from s3sync.cli.call import Call
from s3sync.core.plan import Verb

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.sync.report import RunReport


def run_everywhere(call: Call, kind: Verb, verb: Callable[[Project], RunReport]) -> int:
    """One verb on every project of every repository. Nothing is asked: what wants an answer is told, and left."""
    from s3sync.all_repositories import each, worst_of
    from s3sync.cli.notices import of_runs, telling
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.repositories import heading, print_runs, runs_json, say_error
    from s3sync.cli.show.run_all import AllLines
    from s3sync.config.settings import load_own_settings
    from s3sync.repositories.book import Remembered

    with watching(call) as progress:
        lines = AllLines(kind, call, progress)

        def begin(one: Remembered) -> None:
            call.repository = one.name
            if call.shows_progress:
                progress.rest()
                heading(one)

        found = []
        for one in each(
            verb, begin, lines.show, turn=lines.turn,
            flags=call.flags, progress=progress, lock_wait_s=call.wait,
        ):  # fmt: skip
            found.append(one)
            if one.error is not None and not call.json:
                progress.rest()
                say_error(one)
    code = worst_of(found)
    settings = load_own_settings(call.flags, os.environ)
    reports = [done.report for one in found for done in one.found or [] if done.report is not None]
    with telling(call, settings, lambda: of_runs(reports, settings.user)):
        if call.json:
            print_json(runs_json(kind, found, code, dry_run=call.dry_run))
        else:
            print_runs(found, lines, quiet=call.quiet)
    return code
