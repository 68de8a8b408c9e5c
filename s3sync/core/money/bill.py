"""A month's bill for S3 as the provider counts it, beside what was counted here, and why the two differ."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from s3sync.core.money.shares import Amounts

STORAGE, REQUESTS, EGRESS, OTHER = "storage", "requests", "egress", "other"
KINDS = (STORAGE, REQUESTS, EGRESS, OTHER)
"""Kinds of what is billed."""
QUESTION = 0.01
"""Price of a question to Cost Explorer in dollars: https://aws.amazon.com/aws-cost-management/pricing/"""
SMALL = 0.005
"""Difference that is none."""
_STORAGE = re.compile(r"TimedStorage|EarlyDelete|Overhead", re.IGNORECASE)
_REQUESTS = re.compile(r"Requests?-", re.IGNORECASE)
_EGRESS = re.compile(r"DataTransfer-Out|AWS-Out|CloudFront-Out", re.IGNORECASE)


class BillLine(Struct, frozen=True):
    """One usage type of a bill, as `EUC1-TimedStorage-ByteHrs`, with its dollars."""

    usage: str
    amount: float

    @property
    def kind(self) -> str:
        """Kind of what is billed. https://docs.aws.amazon.com/AmazonS3/latest/userguide/aws-usage-report-understand.html"""
        for kind, pattern in ((STORAGE, _STORAGE), (REQUESTS, _REQUESTS), (EGRESS, _EGRESS)):
            if pattern.search(self.usage):
                return kind
        return OTHER


class Bill(Struct, frozen=True):
    """Bill of an account for S3 in a month. `estimated`: not final yet. `more`: not all lines fit into the answer."""

    lines: tuple[BillLine, ...]
    currency: str
    estimated: bool
    more: bool = False

    @property
    def total(self) -> float:
        return sum(line.amount for line in self.lines)

    def of(self, kind: str) -> float:
        return sum(line.amount for line in self.lines if line.kind == kind)


class Difference(Struct, frozen=True):
    """Dollars that the bill has more than was counted here, by kind; negative where it has less."""

    by_kind: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...]

    @property
    def total(self) -> float:
        return sum(amount for _, amount in self.by_kind)


def compare(bill: Bill, counted: Amounts, *, has_versions: bool = False, is_past: bool = False) -> Difference:
    """Compare a bill with what was counted, and name what may be behind each kind that differs."""
    own = {
        STORAGE: counted.storage.amount,
        REQUESTS: counted.requests.amount,
        EGRESS: counted.egress.amount,
        OTHER: 0.0,
    }
    found = tuple((kind, bill.of(kind) - own[kind]) for kind in KINDS)
    return Difference(found, tuple(_reasons(dict(found), bill, counted, has_versions, is_past)))


def _reasons(more: dict[str, float], bill: Bill, counted: Amounts, has_versions: bool, is_past: bool) -> Sequence[str]:
    reasons = []
    if any(amount > SMALL for amount in more.values()):
        reasons.append("the bill is of all buckets of the account, and the costs above are of this repository alone")
    if more[STORAGE] > SMALL:
        if has_versions:
            reasons.append("the bucket keeps old versions, which are billed and not listed")
        if is_past:
            reasons.append("what lay there in that month and was deleted since is in the bill alone")
        reasons.append("unfinished uploads are billed and not listed: `s3sync transfers`")
    if more[REQUESTS] > SMALL:
        reasons.append(
            "requests of commands that changed nothing (`status`, a watch), and of other programs, are in no log"
        )
    if more[EGRESS] > SMALL:
        reasons.append("what members who may only read, links and pages fetched is in no log")
    if more[EGRESS] < -SMALL:
        reasons.append("AWS bills nothing for the first 100 GB of data out in a month, nor for data within its region")
    if min(more[STORAGE], more[REQUESTS]) < -SMALL:
        reasons.append("a bill is about a day behind, and may have a free tier, credits or prices of your own")
    if counted.total.unknown:
        reasons.append("some prices are not known here, and count as nothing")
    if bill.more:
        reasons.append("the bill has more lines than one answer holds")
    if bill.estimated:
        reasons.append("the provider calls the bill an estimate until the month is closed")
    return reasons
