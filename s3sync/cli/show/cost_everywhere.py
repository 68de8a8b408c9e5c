"""Output of `cost --everywhere`."""

from __future__ import annotations

from collections.abc import Sequence

from s3sync.all_repositories import Found
from s3sync.cli.call import Call
from s3sync.cli.output import RED, SCHEMA, colour, printable, say, symbols, warn
from s3sync.cli.show.archive_costs import money_text
from s3sync.cli.show.cost import cost_json, print_cost
from s3sync.cli.show.repositories import NONE, heading, repository_json, say_error
from s3sync.cli.show.words import Json
from s3sync.core.quantities import size_text
from s3sync.costs import CostReport, words


def costs_json(found: Sequence[Found[CostReport]], exit_code: int) -> Json:
    repositories = []
    for one in found:
        told = cost_json(one.found, (), None, one.found.exit_code) if one.found is not None else None
        repositories.append(repository_json(one.repository, one.error, cost=told))
    return {"schema": SCHEMA, "command": "cost", "repositories": repositories, "exit_code": exit_code}


def print_costs(found: Sequence[Found[CostReport]], call: Call) -> None:
    """A line for each repository, or with -v its whole report; then what could not be looked at."""
    if not call.quiet:
        if not found:
            say(NONE)
        elif not call.verbose:
            say(f"{symbols().status} Costs of all repositories; -v shows each in full")
        width = max([len(printable(one.repository.name)) for one in found] + [7])
        for one in found:
            if one.found is not None and call.verbose:
                heading(one.repository)
                print_cost(one.found, verbose=True)
            elif one.found is not None:
                say(f"  {printable(one.repository.name).ljust(width)}  {_line(one.found)}")
    for one in found:
        for warning in one.found.warnings if one.found is not None else ():
            warn(f"warning: {printable(one.repository.name)}: {printable(warning)}")
        if one.error is not None:
            say_error(one)


def _line(report: CostReport) -> str:
    size = f"{size_text(report.total.size):>9}"
    if all(place.is_free for place in report.places):
        return f"{size}  nothing is billed"
    amount = money_text(report.total.total, report.currency)
    text = f"{size}  {'in all' if report.is_whole else 'so far'} {amount}"
    if (expected := words.expected_text(report)) is not None:
        text += f", expected {printable(expected)}"
    over = f"  {colour('over the budget', RED)}" if report.is_over_budget else ""
    return f"{text}{over}"
