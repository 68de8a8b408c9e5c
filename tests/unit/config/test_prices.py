"""The setting `prices`: what it may say, and that both files count."""

from __future__ import annotations

import pytest

from s3sync.archive.price_list import price_book
from s3sync.errors import ConfigError
from tests.unit.config.conftest import Load


def test_prices_of_both_files_count_and_the_own_ones_win(load: Load) -> None:
    team = "prices: {north-1: {storage: {STANDARD: 0.03}}, north-2: {egress: 0}}\n"
    own = "prices: {north-1: {storage: {STANDARD: 0.02}}}\n"
    book = price_book(load(yaml=team, user_yaml=own).prices)
    assert book.of("north-1").storage["STANDARD"] == 0.02
    assert book.of("north-2").egress == 0


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
        ("{north-1: {as: us-east-1}}", "prices.north-1", "price list alone"),
        ('{"../x": {egress: 1}}', "prices", "us-east-1"),
    ],
)
def test_what_cannot_be_a_price_is_refused_with_its_place(load: Load, said: str, where: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(yaml=f"prices: {said}\n")
    assert where in str(caught.value) and why in f"{caught.value} {caught.value.hint}"
