"""A question to the provider for its bill of a month."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from s3sync.core.money.bill import Bill
from s3sync.core.money.month import Month
from s3sync.errors import Unsupported
from s3sync.store.aspects import aspect
from s3sync.store.money import Bills
from s3sync.store.port import Store


def ask_for_bill(store: Store, month: Month, now: datetime) -> Bill:
    """The bill of a month up to today. Raises `StoreError`: `AccessDenied` without the right, `Unsupported`."""
    bills = aspect(store, Bills)
    if bills is None:
        raise Unsupported(f"{store.url} has no bill to ask for", why="a store of this kind tells none")
    return bills.bill(*days_of(month, now))


def days_of(month: Month, now: datetime) -> tuple[date, date]:
    """First day of a month, and the day behind its last one that has begun: the end is not part of the answer."""
    first = datetime.fromtimestamp(month.start, UTC).date()
    behind = datetime.fromtimestamp(month.end, UTC).date()
    return first, min(behind, now.astimezone(UTC).date() + timedelta(days=1))
