"""The setting `prices`: what it may say, and that both files count."""

from __future__ import annotations

import pytest

from s3sync.archive.price_list import price_book
from s3sync.core.archive.costs import restore_cost
from s3sync.errors import ConfigError
from tests.unit.config.conftest import Load


def test_prices_of_both_files_count_and_the_own_ones_win(load: Load) -> None:
    team = "prices: {north-1: {storage: {STANDARD: 0.03}}, us-east-1: {egress: 9}}\n"
    own = "prices: {north-1: {storage: {STANDARD: 0.02}}}\n"
    book = price_book(load(yaml=team, user_yaml=own).prices)
    assert book.of("north-1").storage["STANDARD"] == 0.02
    assert book.of("us-east-1").egress == 9


@pytest.mark.parametrize("price", [0, 0.0001, 99.0])
def test_what_the_list_lacks_stays_unknown_whatever_a_repository_says(load: Load, price: float) -> None:
    """A price of nothing, or next to nothing, would have `--max-cost` and budgets let everything pass."""
    tiers = f"{{DEEP_ARCHIVE: {{Bulk: {price}, Expedited: {price}}}}}"
    classes = f"{{STANDARD: {price}, DEEP_ARCHIVE: {price}}}"
    said = (
        f"{{storage: {classes}, write: {classes}, read: {classes}, retrieval: {tiers}, thaw: {tiers}, egress: {price}}}"
    )
    book = price_book(load(yaml=f"prices: {{north-1: {said}, eu-central-1: {said}, us-east-1: {said}}}\n").prices)
    with pytest.raises(ConfigError, match="no prices for the region"):
        book.of("north-1")
    listed, found = price_book().of("eu-central-1"), book.of("eu-central-1")
    assert (found.write, found.read, found.thaw, found.egress) == ({}, {}, {}, None)
    assert found.storage == {"STANDARD": max(price, listed.storage["STANDARD"])}
    assert found.retrieval == listed.retrieval
    assert "Expedited" not in book.of("us-east-1").thaw["DEEP_ARCHIVE"]
    restored = restore_cost([10**12], "DEEP_ARCHIVE", "Bulk", 7, found, egress=True)
    assert restored.total.unknown


def test_a_price_that_the_repository_says_too_is_the_users(load: Load) -> None:
    team, own = "prices: {north-1: {egress: 0}}\n", "prices: {north-1: {egress: 0.05}}\n"
    assert price_book(load(yaml=team, user_yaml=own).prices).of("north-1").egress == 0.05
    assert price_book(load(user_yaml=own).prices).of("north-1").egress == 0.05


def test_a_repository_makes_nothing_cheaper_than_the_list_knows_it(load: Load) -> None:
    team = (
        "prices: {us-east-1: {storage: {STANDARD: 0.0, GLACIER: 5.0}, read: {STANDARD: 0.0}, egress: 0.0, "
        "retrieval: {DEEP_ARCHIVE: {Bulk: 0.0}}, thaw: {DEEP_ARCHIVE: {Bulk: 0.0, Standard: 9.0}}}}\n"
    )
    listed = price_book().of("us-east-1")
    book = price_book(load(yaml=team).prices).of("us-east-1")
    assert book.egress == listed.egress and book.read == listed.read
    assert book.storage == {**listed.storage, "GLACIER": 5.0}
    assert book.retrieval == listed.retrieval
    assert book.thaw == {**listed.thaw, "DEEP_ARCHIVE": {**listed.thaw["DEEP_ARCHIVE"], "Standard": 9.0}}


def test_the_user_may_say_that_it_is_cheaper(load: Load) -> None:
    mine = price_book(load(user_yaml="prices: {us-east-1: {egress: 0.0, storage: {STANDARD: 0.001}}}\n").prices)
    assert mine.of("us-east-1").egress == 0.0 and mine.of("us-east-1").storage["STANDARD"] == 0.001


@pytest.mark.parametrize(
    ("said", "where", "why"),
    [
        ("[]", "prices", "mapping of regions"),
        ("{north-1: {storag: {}}}", "prices.north-1", "storag"),
        ("{north-1: {storage: {STANDARD: cheap}}}", "prices.north-1", "float"),
        ("{north-1: {storage: {STANDARD: -0.1}}}", "prices.north-1", "is no price"),
        ("{north-1: {egress: .inf}}", "prices.north-1", "float"),
        ("{north-1: {egress: 100000000.0}}", "prices.north-1", "is no price"),
        ("{north-1: {storage: {GLACIER_FLEXIBLE_RETRIEVAL: 1}}}", "prices.north-1", "it is called GLACIER"),
        ("{north-1: {retrieval: {DEEP_ARCHIVE: {bulk: 1}}}}", "prices.north-1", "is no tier"),
        ("{north-1: {only-raises: false, egress: 1}}", "prices.north-1", "not for settings"),
        ("{north-1: {as: us-east-1}}", "prices.north-1", "price list alone"),
        ('{"../x": {egress: 1}}', "prices", "us-east-1"),
    ],
)
def test_what_cannot_be_a_price_is_refused_with_its_place(load: Load, said: str, where: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(yaml=f"prices: {said}\n")
    assert where in str(caught.value) and why in f"{caught.value} {caught.value.hint}"
