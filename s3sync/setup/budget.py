"""`setup budget`: a budget of the account at AWS, which mails by itself when a month comes near to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from s3sync.config import Settings, mask_url
from s3sync.core.money.budget import (
    DEFAULT_PERCENTS,
    DOLLARS,
    MOST_LIMITS,
    MOST_MAILS,
    NAME,
    PERCENT,
    Budget,
    BudgetChange,
    Limit,
    difference,
    is_there,
    too_many,
)
from s3sync.errors import Halt, UsageError, declined
from s3sync.store.aspects import require_aspect
from s3sync.store.money import Budgets
from s3sync.store.port import Store
from s3sync.team.notices.mail import require_address

DEFAULT_AMOUNT = 10.0


class BudgetReport(Struct):
    """Budget of an account: as it is, as it is wanted, and what changes."""

    store: str
    account: str
    present: Budget | None
    wanted: Budget
    change: BudgetChange
    dry_run: bool = False
    done: bool = False


def wanted_budget(
    settings: Settings, amount: float | None, mails: Sequence[str], *, in_dollars: bool = False
) -> Budget:
    """The budget that is wanted: without an amount that of the settings, else $10. `in_dollars`: its limits are the
    settings' alarms, instead of 50, 80 and 100 %. Raises `UsageError`."""
    addresses = tuple(dict.fromkeys(require_address(mail) for mail in mails))
    if len(addresses) > MOST_MAILS:
        raise UsageError(f"{len(addresses)} addresses are too many", why=f"AWS takes {MOST_MAILS} for a budget")
    limits = settings.costs.alarms if in_dollars else DEFAULT_PERCENTS
    if len(limits) > MOST_LIMITS:
        why = f"AWS takes {MOST_LIMITS} for a budget, and `costs.alarms` has {len(limits)}"
        raise UsageError("there are too many alarms", why=why, hint="leave out --alarms: 50, 80 and 100 % are told")
    unit = DOLLARS if in_dollars else PERCENT
    total = amount if amount is not None else settings.costs.budget or DEFAULT_AMOUNT
    if not 0.01 <= total <= 1_000_000:
        raise UsageError(f"{total:g} is no budget", hint="write the dollars of a month, as --amount 10")
    return Budget(NAME, round(total, 2), tuple(Limit(one, unit, addresses) for one in limits))


def set_up_budget(
    store: Store,
    settings: Settings,
    wanted: Budget,
    *,
    confirm: Callable[[BudgetReport], bool],
    dry_run: bool = False,
) -> BudgetReport:
    """Look, ask, and make or change the budget as far as it differs. Raises `Halt`, `UsageError`, `StoreError`."""
    budgets = require_aspect(store, Budgets)
    present = budgets.budget(wanted.name)
    if present is not None and not present.is_ours:
        raise Halt(
            f"the budget {wanted.name!r} is left alone",
            why="somebody made it for something else than S3 by the month",
            hint="rename or delete it on the page of AWS Budgets",
        )
    change = difference(present, wanted)
    _require_mails(present, wanted)
    if more := too_many(present, change.limits):
        raise Halt(
            f"the budget {wanted.name!r} has too many alarms",
            why=f"AWS takes {MOST_LIMITS}, and with the new ones there would be {more} more",
            hint="remove some on the page of AWS Budgets",
        )
    report = BudgetReport(mask_url(settings.store), budgets.account(), present, wanted, change, dry_run)
    if dry_run or change.is_empty:
        return report
    if not confirm(report):
        raise declined("no budget was set up")
    if change.create:
        budgets.create_budget(wanted)
    else:
        if change.amount:
            budgets.change_amount(wanted)
        if change.limits:
            budgets.add_alarms(wanted, change.limits)
    report.done = True
    return report


def _require_mails(present: Budget | None, wanted: Budget) -> None:
    """Raise `UsageError` where an alarm would reach nobody: AWS takes none without an address."""
    if any(not limit.mails and not is_there(present, limit) for limit in wanted.limits):
        raise UsageError(
            "nobody is named to whom the alarms go",
            why="AWS takes no alarm without an address",
            hint="say --email ADDRESS",
        )
