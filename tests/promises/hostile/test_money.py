"""A server that answers like Cost Explorer or AWS Budgets, or says so: a clear error, and no number that is none."""

from __future__ import annotations

import json
from datetime import date

import pytest

from s3sync.core.money.bill import Bill
from s3sync.core.money.budget import Budget
from s3sync.errors import AccessDenied, StoreError
from s3sync.store.aspects import require_aspect
from s3sync.store.lanes import bounded
from s3sync.store.money import Bills, Budgets
from s3sync.store.s3.money import S3Budgets
from tests.promises.hostile.test_wire import Answer, endless, opened, wire

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n"


def say(body: object, status: str = "200 OK") -> Answer:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(text)}\r\n\r\n"
    return lambda connection: connection.sendall(head.encode() + text)


def ask(url: str) -> Bill:
    return require_aspect(opened(url), Bills).bill(date(2026, 11, 1), date(2026, 11, 27))


def line(amount: object, usage: object = "TimedStorage-ByteHrs") -> dict[str, object]:
    return {"Keys": [usage], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}


def bill(*lines: object, **more: object) -> dict[str, object]:
    return {"ResultsByTime": [{"Groups": list(lines), "Estimated": False}], **more}


def test_f53_a_bill_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 512 * 1024)
    with wire(endless(JSON, b'{"ResultsByTime": [' + b" " * 65536)) as server, pytest.raises(StoreError) as error:
        ask(server.url)
    assert error.value.why is not None and "does not end" in error.value.why


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        {},
        {"ResultsByTime": "x"},
        bill(line("NaN")),
        bill(line("1e999")),
        bill(line("x")),
        bill(line("1e30")),
        bill({"Keys": [], "Metrics": {}}),
        bill("x"),
    ],
    ids=["a page", "empty", "no list", "NaN", "infinite", "no number", "no amount", "no keys", "a word"],
)
def test_what_is_no_bill_is_an_error(body: object) -> None:
    with wire(say(body)) as server, pytest.raises(StoreError):
        ask(server.url)


def test_a_bill_is_one_question_even_where_it_fails() -> None:
    """Each is billed."""
    with wire(say({"__type": "InternalError"}, "500 Oh")) as server:
        with pytest.raises(StoreError):
            ask(server.url)
        assert len(server.heard) == 1
    with wire(say(bill(line("1.5"), line("0.5"), NextPageToken="more"))) as server:
        found = ask(server.url)
        assert (found.total, found.more, len(found.lines), len(server.heard)) == (2.0, True, 1, 1)


def test_the_right_that_is_missing_is_named() -> None:
    refused = {"__type": "AccessDeniedException", "Message": "User x is not authorized to perform: it"}
    with wire(say(refused, "400 Bad Request")) as server, pytest.raises(AccessDenied) as error:
        ask(server.url)
    assert "ce:GetCostAndUsage" in str(error.value.hint) and "not authorized" in str(error.value.why)


@pytest.mark.parametrize("account", ["", "12", "1" * 13, "١" * 12, None, ["1" * 12], "1" * 11 + "\n"])
def test_an_account_is_a_number_of_twelve_digits(account: object) -> None:
    told = f"<GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult>"
    body = f"<GetCallerIdentityResponse>{told}</GetCallerIdentityResponse>".encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with wire(lambda connection: connection.sendall(head + body)) as server, pytest.raises(StoreError):
        require_aspect(opened(server.url), Budgets).account()


def budgets_that_say(amount: object, threshold: object) -> Answer:
    """One answer to every question: a budget with a limit."""
    found = {
        "Budget": {"BudgetLimit": {"Amount": amount, "Unit": "USD"}},
        "Notifications": [{"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": threshold}],
    }
    return say(found)


def look(amount: object, threshold: object, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(S3Budgets, "account", lambda self: "123456789012")
    with wire(budgets_that_say(amount, threshold)) as server:
        return require_aspect(opened(server.url), Budgets).budget("s3sync")


@pytest.mark.parametrize("amount", ["1e999", "NaN", "-1e999", "1e30", "x", ""])
def test_what_is_no_amount_of_a_budget_is_an_error(amount: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError):
        look(amount, 50, monkeypatch)


@pytest.mark.parametrize(
    "threshold",
    ["abc", [1], None, 10**400, 1e308, "NaN"],
    ids=["a word", "a list", "nothing", "no float", "no amount", "NaN"],
)
def test_what_is_no_limit_of_a_budget_is_none(threshold: object, monkeypatch: pytest.MonkeyPatch) -> None:
    found = look("10.0", threshold, monkeypatch)
    assert isinstance(found, Budget)
    assert (found.amount, found.limits) == (10.0, ())
