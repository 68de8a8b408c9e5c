"""Comparing two places: nothing is changed in either."""

from __future__ import annotations

import time

from s3sync.core.outcome import Problem
from s3sync.core.pairs import End
from s3sync.core.reconcile import State
from s3sync.pairs.absent import missing, refuse_nothing
from s3sync.pairs.filters import Wanted
from s3sync.pairs.report import CheckReport, Difference
from s3sync.pairs.work import Work

STATES = {State.LOCAL_NEW: "only_a", State.REMOTE_NEW: "only_b", State.CONFLICT: "different"}


def check_pair(work: Work, wanted: Wanted) -> CheckReport:
    """Compare what two places hold, by content."""
    started = time.monotonic()
    places = work.opened.places
    report = CheckReport(places[End.A].shown, places[End.B].shown)
    work.look(wanted, both=False, compares=True)
    for seen in work.seen.values():
        report.failed += seen.problems
    report.failed += missing(work)
    refuse_nothing(work)
    work.refuse_missing(known=False, compares=True)
    if work.seen[End.A].files:
        refuse_nothing(work, End.B)
    for decision in work.decisions(lambda path, error: report.failed.append(Problem(path, str(error), error.hint))):
        a, b = decision.local, decision.remote
        if decision.state is State.IN_SYNC:
            report.alike += 1
            report.alike_bytes += b.size if b is not None else 0
        else:
            sizes = (None if one is None else one.size for one in (a, b))
            report.different.append(Difference(decision.path, STATES[decision.state], *sizes))
    report.elapsed_s = time.monotonic() - started
    return report
