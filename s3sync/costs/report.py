"""Values of a cost report, as every reader of them sees them: the command line, the mail, the dashboard."""

from __future__ import annotations

from msgspec import Struct

from s3sync.core.archive.costs import NOTHING, Money
from s3sync.core.money.bill import Bill, Difference
from s3sync.core.money.by import By
from s3sync.core.money.outlook import Alarm, Outlook, Saving
from s3sync.core.money.shares import Amounts, Share


class PricedPlace(Struct, frozen=True):
    """A store with the prices that were counted with. `region` is None where none holds; `note` says why."""

    store: str
    region: str | None
    as_of: str | None
    is_free: bool
    note: str | None = None


class MonthCost(Struct, frozen=True):
    """Costs of one month, as far as they are known: `is_whole` is false for the present one."""

    month: str
    storage: Money
    requests: Money
    egress: Money
    is_whole: bool

    @property
    def total(self) -> Money:
        return self.storage + self.requests + self.egress


class BillView(Struct, frozen=True):
    """Bill of the account beside the report, or why there is none."""

    bill: Bill | None = None
    difference: Difference | None = None
    why: str | None = None


class CostReport(Struct, frozen=True):
    """Costs of a repository in one month: its projects, and its archive sets.

    `shares` divide `total` by `by`, `classes` by storage class. `outlook` is None for a month that is over. `trash` is
    a whole month of what lies in the remote trash now, `trash_size` its bytes and `trash_of` its projects;
    `old_versions` and `old_versions_size` those of what a bucket with versioning keeps. `is_incomplete`: something
    could not be asked, or has no prices at all; `warnings` say what.
    """

    repo: str
    month: str
    is_whole: bool
    currency: str
    by: By
    shares: tuple[Share, ...]
    classes: tuple[Share, ...]
    total: Amounts
    places: tuple[PricedPlace, ...]
    outlook: Outlook | None = None
    budget: float | None = None
    alarms: tuple[Alarm, ...] = ()
    saving: Saving = Saving(NOTHING, NOTHING)
    trash: Money = NOTHING
    trash_size: int = 0
    trash_of: tuple[str, ...] = ()
    old_versions: Money = NOTHING
    old_versions_size: int = 0
    uncounted: int = 0
    bill: BillView | None = None
    warnings: tuple[str, ...] = ()
    is_incomplete: bool = False

    @property
    def is_over_budget(self) -> bool:
        """True if the month costs more than the budget, or is expected to."""
        expected = self.total.total if self.outlook is None else self.outlook.month_end
        return self.budget is not None and max(expected.amount, self.total.total.amount) > self.budget

    @property
    def exit_code(self) -> int:
        return 3 if self.is_incomplete or (self.bill is not None and self.bill.why is not None) else 0
