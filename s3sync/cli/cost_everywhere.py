"""`cost --everywhere`: a line for each repository."""

from __future__ import annotations

import os

from s3sync.cli.call import Call
from s3sync.core.money.by import By

EXIT_SOME_FAILED = 3


def cost_everywhere(call: Call, month: str | None, by: By, region: str | None) -> int:
    """Costs of every repository, side by side; one that cannot be looked at hides no other."""
    from s3sync.all_repositories import side_by_side
    from s3sync.cli.output import print_json
    from s3sync.cli.show.cost_everywhere import costs_json, print_costs
    from s3sync.config import Settings
    from s3sync.costs import CostReport, Costs
    from s3sync.repositories.book import Remembered

    def look(one: Remembered, _: Settings) -> CostReport:
        costs = Costs.open(path=one.root, flags=call.flags, environ=os.environ, region=region)
        return costs.report(month, by=by)

    found = side_by_side(look, flags=call.flags)
    failed = any(one.found is None or one.found.exit_code for one in found)
    code = EXIT_SOME_FAILED if failed else 0
    if call.json:
        print_json(costs_json(found, code))
    else:
        print_costs(found, call)
    return code
