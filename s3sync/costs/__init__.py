"""Costs of a repository: what a month costs, by project, class or user, and what it is going to.

    from s3sync.costs import Costs

    costs = Costs.open()                          # settings and store, as `Project.open`; asks nothing yet
    report = costs.report()                       # the present month; report(month="2026-10", by="project")
    report.total.total.amount                     # dollars so far; `.storage`, `.requests`, `.egress` beside `.total`
    report.outlook.month_end.amount               # what the month is expected to come to; None for one that is over
    for share in report.shares: share.name, share.amounts.total.amount, share.amounts.size
    for one in costs.months(12):                  # the oldest first, the present one last: for a picture
        one.month, one.storage.amount, one.requests.amount, one.egress.amount, one.is_whole

Each amount is a `Money`: `amount` in `report.currency`, and in `unknown` the names of what has no price, which is never
counted as nothing. A month that is over is a lower limit: what was deleted since is in no listing.

`Costs` collects the facts once: `report` and `months` of one object ask the store once for each month that they need.
Everything raises `S3syncError`.
"""

from __future__ import annotations

from s3sync.core.money.by import By
from s3sync.core.money.shares import Amounts, Share
from s3sync.costs.report import BillView, CostReport, MonthCost, PricedPlace
from s3sync.costs.reporting import Costs

__all__ = ["Amounts", "BillView", "By", "CostReport", "Costs", "MonthCost", "PricedPlace", "Share"]
