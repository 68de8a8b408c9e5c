"""s3sync cost"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.cost_everywhere import cost_everywhere
from s3sync.cli.declare import CHECK, OPENS, command
from s3sync.cli.elsewhere import refuse_of_one, repository_root
from s3sync.cli.options import EveryRepository, RepositoryName, Yes
from s3sync.core.money.by import By
from s3sync.errors import UsageError

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3sync.costs import CostReport, Costs


@command(
    CHECK,
    "s3sync cost --month 2026-10 --by project\ns3sync cost --everywhere\ns3sync cost --notify --email team@example.com",
    0, 1, 2, 3, 5, 130,
    takes=OPENS,
    verbose="Name every project or user.",
)  # fmt: skip
def cost(
    call: Call,
    repository: RepositoryName = None,
    everywhere: EveryRepository = False,
    month: Annotated[
        str | None,
        typer.Option(
            "--month", metavar="YYYY-MM", help="Another month than this one; last: the one before.", show_default=False
        ),
    ] = None,
    by: Annotated[By, typer.Option("--by", help="What to divide the costs by.")] = By.CLASS,
    bill: Annotated[
        bool, typer.Option("--bill", help="Also ask AWS for the bill: that costs $0.01, and is asked about.")
    ] = False,
    notify: Annotated[
        bool, typer.Option("--notify", help="Tell alarms that were reached, each once a month. For cron.")
    ] = False,
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="Mail the report, by the server in `notify`.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet.")] = False,
    region: Annotated[
        str | None, typer.Option("--region", metavar="NAME", help="Take the prices of this AWS region.")
    ] = None,
    yes: Yes = False,
) -> int:
    """Say what a month costs: storage by class, requests and data out, what is expected, the budget and alarms."""
    from s3sync.cli.cost_letters import require_addresses
    from s3sync.costs import Costs

    if csv and call.json:
        raise UsageError("--csv and --json are two forms of one output", hint="leave one of them out")
    if everywhere:
        refuse_of_one(repository, {"--bill": bill, "--notify": notify, "--email": email, "--csv": csv})
        return cost_everywhere(call, month, by, region)
    if repository is not None and _MONTH.fullmatch(repository):
        raise UsageError(f"{repository} is a month", hint=f"s3sync cost --month {repository}")
    root = repository_root(repository, call)
    costs = Costs.open(path=root, flags=call.flags, environ=os.environ, region=region)
    require_addresses(costs.settings, email, notify=notify)
    report = costs.report(month, by=by, bill=_agreement(yes) if bill else None)
    return _tell(call, costs, report, email, csv=csv, notify=notify)


def _tell(call: Call, costs: Costs, report: CostReport, email: str | None, *, csv: bool, notify: bool) -> int:
    """Show the report, tell its alarms, and mail it."""
    from s3sync.cli.cost_letters import send_report, tell_alarms
    from s3sync.cli.output import print_json
    from s3sync.cli.show import cost as show

    if not call.json:
        show.warn_of(report)
    if csv:
        show.print_csv(report)
    elif not (call.json or call.quiet):
        show.print_cost(report, verbose=call.verbose)
    told = tell_alarms(costs, report) if notify else []
    failed = None if email is None else send_report(costs, report, email, quiet=call.quiet or call.json or csv)
    code = report.exit_code if failed is None else failed
    if call.json:
        print_json(show.cost_json(report, told, email if failed is None else None, code))
    return code


def _agreement(yes: bool) -> Callable[[], bool]:
    from s3sync.cli.output import answered_yes

    return lambda: yes or answered_yes("Ask AWS for the bill? It costs $0.01.")
