"""`s3sync setup budget` on a server that has AWS Budgets: what is made, what stays, and who may."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import REPO, Person
from tests.kit.servers import MiniStack

ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""Whoever may everything on ministack."""
ACCOUNT = "000000000000"


@pytest.fixture
def budgets(ministack: MiniStack) -> Iterator[Any]:
    """The server's own client of AWS Budgets, with no budget of ours before and after."""
    client = ministack.client("admin", "budgets")
    yield client
    for one in client.describe_budgets(AccountId=ACCOUNT).get("Budgets", ()):
        client.delete_budget(AccountId=ACCOUNT, BudgetName=one["BudgetName"])


@pytest.fixture
def owner(tmp_path: Path, ministack: MiniStack) -> Person:
    person = Person("owner", tmp_path / "owner", {**ministack.environment(), **ROOT})
    store = f"s3://{ministack.bucket}/{uuid.uuid4().hex}"
    (person.repo / ".s3sync.yaml").write_text(f"store: {store}\nrepo: {REPO}\n")
    return person


def told(client: Any) -> dict[float, list[str]]:
    """Addresses by the limit at which they are told."""
    found = client.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName="s3sync")["Notifications"]
    return {
        one["Threshold"]: sorted(
            each["Address"]
            for each in client.describe_subscribers_for_notification(
                AccountId=ACCOUNT, BudgetName="s3sync", Notification=one
            )["Subscribers"]
        )
        for one in found
    }


def test_a_budget_is_shown_made_and_changed_and_what_is_there_stays(owner: Person, budgets: Any) -> None:
    mail = ("--email", "team@example.com")
    assert "say --email ADDRESS" in owner.expect(2, "setup", "budget").err
    shown = owner.ok("setup", "budget", *mail, "--dry-run").out
    assert "create it: $10.00 a month" in shown and "mail team@example.com at 80 %" in shown
    asked = owner.expect(5, "setup", "budget", *mail)
    assert (
        "create it" in asked.err
        and "nothing" not in asked.out
        and not budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    )
    made = owner.ok("setup", "budget", *mail, "--yes", "--json").json
    assert (made["create"], made["done"], made["account"]) == (True, True, ACCOUNT)
    (budget,) = budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert budget["BudgetLimit"] == {"Amount": "10.00", "Unit": "USD"} and budget["TimeUnit"] == "MONTHLY"
    assert budget["CostFilters"] == {"Service": ["Amazon Simple Storage Service"]}
    assert told(budgets) == {limit: ["team@example.com"] for limit in (50.0, 80.0, 100.0)}
    assert "nothing to change" in owner.ok("setup", "budget", *mail, "--yes").out
    assert "nothing to change" in owner.ok("setup", "budget").out  # whoever is told already is
    more = ("--amount", "20", "--email", "x@example.com")
    assert "change it to $20.00" in owner.ok("setup", "budget", *more, "--dry-run").out
    owner.ok("setup", "budget", *more, "--yes")
    assert told(budgets) == {limit: ["team@example.com", "x@example.com"] for limit in (50.0, 80.0, 100.0)}
    many = owner.expect(5, "setup", "budget", *mail, "--alarms", "--yes")
    assert "too many alarms" in many.err and len(told(budgets)) == 3


def test_limits_in_dollars_are_the_settings_alarms(owner: Person, budgets: Any) -> None:
    with (owner.repo / ".s3sync.yaml").open("a") as file:
        file.write("costs: {budget: 42.5, alarms: [7, 21]}\n")
    owner.ok("setup", "budget", "--alarms", "--email", "team@example.com", "--yes")
    (budget,) = budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert budget["BudgetLimit"]["Amount"] == "42.50" and set(told(budgets)) == {7.0, 21.0}


def test_a_budget_of_somebody_else_and_bad_input_change_nothing(owner: Person, budgets: Any) -> None:
    theirs = {
        "BudgetName": "s3sync",
        "BudgetLimit": {"Amount": "5", "Unit": "USD"},
        "BudgetType": "COST",
        "TimeUnit": "QUARTERLY",
    }
    budgets.create_budget(AccountId=ACCOUNT, Budget=theirs)
    mail = ("--email", "team@example.com", "--yes")
    assert "is left alone" in owner.expect(5, "setup", "budget", *mail).err
    for words in (("--amount", "0"), ("--amount", "nan"), ("--amount", "-3"), ("--email", "no address")):
        owner.expect(2, "setup", "budget", *mail, *words)
    (budget,) = budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert budget["TimeUnit"] == "QUARTERLY"


def test_who_may_not_is_told_which_right_it_takes(owner: Person, ministack: MiniStack, budgets: Any) -> None:
    keys = ministack.environment("david")
    refused = owner.expect(1, "setup", "budget", "--email", "team@example.com", "--yes", env=keys)
    assert "budgets:ModifyBudget" in refused.err and "s3:ListBucket" not in refused.err


def test_a_folder_has_no_budget(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    david.write("a.mp4", "a")
    refused = david.expect(1, "setup", "budget", "--email", "team@example.com").err
    assert "budgets on AWS alone" in refused and "a disk sends no bill" in refused


def test_a_server_without_a_bill_is_told_and_the_rest_is_shown(owner: Person) -> None:
    told = owner.expect(3, "cost", "--bill", "--yes", "--region", "us-east-1")
    assert "does not answer as Cost Explorer does" in told.err and "So far      $0.00" in told.out
