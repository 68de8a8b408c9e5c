"""Money as AWS tells of it: the bill, by Cost Explorer, and the budgets of the account, by AWS Budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from s3sync.core.money.bill import Bill, BillLine
from s3sync.core.money.budget import DOLLARS, PERCENT, Budget, Limit
from s3sync.errors import StoreError
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.requests import Requests
from s3sync.store.s3.services import GLOBAL, make_service, service_error

SERVICE = "Amazon Simple Storage Service"
MOST_LINES = 5_000
RIGHTS = "budgets:ViewBudget and budgets:ModifyBudget"
_METRIC = "UnblendedCost"
_MOST = 1e15
"""Amount that no bill, budget or limit reaches: a larger one cannot be shown to the cent."""


class S3Bills:
    """`store.money.Bills` of AWS. The right is `ce:GetCostAndUsage`, of the whole account.

    https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
    """

    def __init__(self, io: Requests) -> None:
        self._io = io

    def bill(self, first: date, behind: date) -> Bill:
        """One question, tried once: each costs a cent, also one that is asked again."""
        client = make_service(self._io, "ce", GLOBAL)
        question: dict[str, Any] = {
            "TimePeriod": {"Start": first.isoformat(), "End": behind.isoformat()},
            "Granularity": "MONTHLY",
            "Metrics": [_METRIC],
            "Filter": {"Dimensions": {"Key": "SERVICE", "Values": [SERVICE]}},
            "GroupBy": [{"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
        }
        doing, of = "ask Cost Explorer for", f"the bill of {first:%Y-%m}"
        try:
            answer = client.get_cost_and_usage(**question)
        except Exception as error:  # noqa: BLE001 - `from_botocore` knows them all
            failure = error.failure if isinstance(error, RequestFailed) else _failure(error)
            hint = "the bill is on the provider's web page"
            raise service_error(self._io, failure, doing, of, "Cost Explorer", hint, "ce:GetCostAndUsage") from None
        try:
            return _read(answer)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._io.error(Failure("not_s3"), doing, of) from None


class S3Budgets:
    """`store.money.Budgets` of AWS: https://docs.aws.amazon.com/cost-management/latest/APIReference/"""

    def __init__(self, io: Requests) -> None:
        self._io = io
        self._clients: dict[str, Any] = {}
        self._account: str | None = None

    def account(self) -> str:
        if self._account is None:
            found = self._ask("sts", "find out", "the account", "get_caller_identity").get("Account")
            if not (isinstance(found, str) and found.isascii() and found.isdigit() and len(found) == 12):
                raise self._io.error(Failure("not_s3"), "find out", "the account")
            self._account = found
        return self._account

    def budget(self, name: str) -> Budget | None:
        try:
            answer = self._of(name, "look at", "describe_budget", BudgetName=name)
        except _MissingError:
            return None
        found = answer.get("Budget", {})
        try:
            amount = _number(found["BudgetLimit"]["Amount"])
        except (KeyError, TypeError, ValueError):
            raise self._io.error(Failure("not_s3"), "look at", name) from None
        return Budget(name, amount, tuple(self._limits(name)), _is_ours(found))

    def create_budget(self, budget: Budget) -> None:
        self._of(
            budget.name,
            "create",
            "create_budget",
            Budget=_budget(budget),
            NotificationsWithSubscribers=[
                {"Notification": _notification(limit), "Subscribers": _subscribers(limit)} for limit in budget.limits
            ],
        )

    def change_amount(self, budget: Budget) -> None:
        self._of(budget.name, "change", "update_budget", NewBudget=_budget(budget))

    def add_alarms(self, budget: Budget, limits: Sequence[Limit]) -> None:
        """Limits that the budget lacks, and addresses that limits of it lack."""
        present = {(one.amount, one.unit) for one in self._limits(budget.name)}
        for limit in limits:
            named = {"BudgetName": budget.name, "Notification": _notification(limit)}
            if (limit.amount, limit.unit) not in present:
                mails = _subscribers(limit)
                self._of(budget.name, "add a limit to", "create_notification", **named, Subscribers=mails)
                continue
            for mail in _subscribers(limit):
                self._of(budget.name, "add an address to", "create_subscriber", **named, Subscriber=mail)

    def _limits(self, name: str) -> Iterator[Limit]:
        answer = self._of(name, "look at", "describe_notifications_for_budget", BudgetName=name)
        for found in answer.get("Notifications", ()):
            if found.get("NotificationType") != "ACTUAL" or found.get("ComparisonOperator") != "GREATER_THAN":
                continue
            unit = found.get("ThresholdType", PERCENT)
            try:
                amount = _number(found["Threshold"])
            except (KeyError, TypeError, ValueError):
                continue
            if unit not in (PERCENT, DOLLARS):
                continue
            yield Limit(amount, unit, self._mails(name, found))

    def _mails(self, name: str, notification: Mapping[str, Any]) -> tuple[str, ...]:
        asked = {key: notification[key] for key in _NAMES if key in notification}
        operation = "describe_subscribers_for_notification"
        answer = self._of(name, "look at", operation, BudgetName=name, Notification=asked)
        found = answer.get("Subscribers", ())
        return tuple(str(one.get("Address", "")) for one in found if one.get("SubscriptionType") == "EMAIL")

    def _of(self, name: str, doing: str, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._ask("budgets", doing, f"the budget {name}", operation, AccountId=self.account(), **arguments)

    def _ask(self, service: str, doing: str, of: str, operation: str, **arguments: Any) -> dict[str, Any]:
        def call() -> dict[str, Any]:
            if service not in self._clients:
                self._clients[service] = make_service(self._io, service, GLOBAL)
            answer: dict[str, Any] = getattr(self._clients[service], operation)(**arguments)
            return answer

        try:
            return self._io.attempts(doing).run(call, _failure)
        except RequestFailed as error:
            failure = error.failure
            if failure.code == "NotFoundException":
                raise _MissingError(f"could not {doing} {of}", why=failure.message or "it is not there") from None
            hint = "make the budget on the provider's web page"
            raise service_error(self._io, failure, doing, of, "AWS Budgets", hint, RIGHTS) from None


class _MissingError(StoreError):
    """What was asked for is not there."""


_NAMES = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
"""Fields by which AWS knows a notification."""


def _failure(error: BaseException) -> Failure:
    """A failure of these services, which call a missing right by another name than S3 does."""
    from msgspec.structs import replace

    failure = from_botocore(error)
    if failure.code in ("AccessDeniedException", "UnauthorizedOperation", "UnrecognizedClientException"):
        return replace(failure, status=403, code="AccessDenied")
    return failure


def _read(answer: Mapping[str, Any]) -> Bill:
    """The bill in an answer. Raises `KeyError`, `TypeError`, `ValueError` for what is none."""
    lines: dict[str, float] = {}
    currency, estimated = "USD", False
    for period in answer["ResultsByTime"]:
        estimated = estimated or bool(period.get("Estimated"))
        for group in period.get("Groups", ())[:MOST_LINES]:
            cost = group["Metrics"][_METRIC]
            amount, usage = _number(cost["Amount"]), str(group["Keys"][0])[:200]
            currency = str(cost.get("Unit") or currency)[:8]
            lines[usage] = lines.get(usage, 0.0) + amount
    found = tuple(BillLine(usage, amount) for usage, amount in sorted(lines.items(), key=lambda one: -one[1]))
    return Bill(found, currency, estimated, more=bool(answer.get("NextPageToken")))


def _number(told: Any) -> float:
    """A number in an answer. Raises `TypeError`, `ValueError` for what is none, or is no amount of money."""
    try:
        amount = float(told)
    except OverflowError:
        raise ValueError("too large") from None
    if not -_MOST < amount < _MOST:  # nor is it where nothing is smaller or larger, as beside NaN
        raise ValueError("no amount")
    return amount


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        "BudgetName": budget.name,
        "BudgetLimit": {"Amount": f"{budget.amount:.2f}", "Unit": "USD"},
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "CostFilters": {"Service": [SERVICE]},
    }


def _is_ours(found: Mapping[str, Any]) -> bool:
    is_monthly = found.get("BudgetType") == "COST" and found.get("TimeUnit") == "MONTHLY"
    return is_monthly and found.get("CostFilters", {}).get("Service") == [SERVICE]


def _notification(limit: Limit) -> dict[str, Any]:
    return {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": limit.amount,
        "ThresholdType": limit.unit,
    }


def _subscribers(limit: Limit) -> list[dict[str, str]]:
    return [{"SubscriptionType": "EMAIL", "Address": mail} for mail in limit.mails]
