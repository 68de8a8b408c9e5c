"""Costs: worked examples at stated rates, overheads and minimum durations, and that nothing unknown counts as free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.archive.billing import region_of
from s3sync.archive.price_list import price_book
from s3sync.config import Settings
from s3sync.core.archive.costs import (
    GB,
    Item,
    amount_text,
    billed,
    class_notes,
    colder,
    early_cost,
    month_cost,
    overhead_cost,
    projected,
    restore_cost,
    scenarios,
    transition_cost,
)
from s3sync.core.archive.lifecycle import moves_of, wanted_rules
from s3sync.core.archive.presets import PRESETS
from s3sync.core.archive.prices import RegionPrices, parse_prices
from s3sync.core.archive.values import ArchiveSet
from s3sync.errors import ConfigError

STATED = RegionPrices(storage={"STANDARD": 0.023, "DEEP_ARCHIVE": 0.00099})
EAST = price_book().of("us-east-1")
CLASSES = ("STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")


@pytest.mark.parametrize(
    ("stored", "dollars"),
    [
        ({"STANDARD": 827}, "19.02"),
        ({"DEEP_ARCHIVE": 827}, "0.82"),
        ({"STANDARD": 100, "DEEP_ARCHIVE": 200}, "2.50"),  # and 100 GB on an SSD, which nobody bills
        ({"STANDARD": 0.5}, "0.01"),
        ({"STANDARD": 5}, "0.12"),
        ({"STANDARD": 50}, "1.15"),
    ],
)
def test_worked_examples_of_a_month(stored: dict[str, float], dollars: str) -> None:
    items = [Item(name, int(size * GB), name) for name, size in stored.items()]
    assert amount_text(month_cost(items, STATED).amount) == f"${dollars}"


def test_scenarios_compare_what_is_with_what_could_be() -> None:
    items = [Item("new", 100 * GB, "STANDARD", age_days=10), Item("old", 200 * GB, "STANDARD", age_days=400)]
    found = scenarios(items, STATED)
    assert [amount_text(found[name].amount) for name in ("STANDARD", "DEEP_ARCHIVE", "hybrid")] == [
        "$6.90",
        "$0.30",
        "$2.50",
    ]


@pytest.mark.parametrize(
    ("size", "storage_class", "expected"),
    [
        (1000, "STANDARD", (("STANDARD", 1000),)),
        (1000, "STANDARD_IA", (("STANDARD_IA", 131072),)),
        (200_000, "GLACIER_IR", (("GLACIER_IR", 200_000),)),
        (1000, "DEEP_ARCHIVE", (("DEEP_ARCHIVE", 33768), ("STANDARD", 8192))),
        (1000, "GLACIER", (("GLACIER", 33768), ("STANDARD", 8192))),
    ],
)
def test_small_objects_are_billed_for_more_than_they_are(
    size: int, storage_class: str, expected: tuple[tuple[str, int], ...]
) -> None:
    assert billed(size, storage_class) == expected


def test_a_million_small_objects_cost_more_in_deep_archive_than_in_standard() -> None:
    small = 4_000
    cold, warm = (month_cost([Item("x", small, name)], EAST).amount for name in ("DEEP_ARCHIVE", "STANDARD"))
    assert cold > warm


@pytest.mark.parametrize(
    ("storage_class", "days", "left"),
    [
        ("DEEP_ARCHIVE", 30, 150),
        ("DEEP_ARCHIVE", 180, 0),
        ("GLACIER", 0, 90),
        ("STANDARD_IA", 29, 1),
        ("STANDARD", 0, 0),
    ],
)
def test_the_rest_of_a_minimum_duration_is_billed(storage_class: str, days: int, left: int) -> None:
    month = month_cost([Item("x", 10 * GB, storage_class)], EAST).amount
    assert early_cost(10 * GB, storage_class, days, EAST).amount == pytest.approx(month * left / 30)


def test_a_year_with_rules_moves_once_and_pays_for_the_move() -> None:
    item = Item("x", 100 * GB, "STANDARD", age_days=0, moves=((90, "GLACIER"),))
    months = projected([item], EAST)
    warm, cold = 100 * 0.023, month_cost([Item("x", 100 * GB, "GLACIER")], EAST).amount
    assert [round(month.amount, 6) for month in months[:3]] == [round(warm, 6)] * 3
    assert months[3].amount == pytest.approx(cold + 0.03 / 1000)
    assert months[4].amount == pytest.approx(cold)


def test_a_rule_that_moves_before_the_minimum_duration_pays_for_the_rest_of_it() -> None:
    """Uploaded to GLACIER, and moved on by a rule after 30 of its 90 days."""
    item = Item("x", 100 * GB, "GLACIER", moves=((30, "DEEP_ARCHIVE"),))
    months = projected([item], EAST)
    left = early_cost(100 * GB, "GLACIER", 30, EAST).amount
    cold = month_cost([Item("x", 100 * GB, "DEEP_ARCHIVE")], EAST).amount
    assert left > 0
    assert months[1].amount == pytest.approx(cold + left + 0.05 / 1000)
    later = projected([Item("x", 100 * GB, "GLACIER", moves=((95, "DEEP_ARCHIVE"),))], EAST)
    assert later[4].amount == pytest.approx(cold + 0.05 / 1000)
    old = projected([Item("x", GB, "GLACIER", age_days=400, class_days=50, moves=((30, "DEEP_ARCHIVE"),))], EAST)
    assert old[0].amount > month_cost([Item("x", GB, "DEEP_ARCHIVE")], EAST).amount + 0.05 / 1000


@pytest.mark.parametrize("storage_class", CLASSES)
def test_many_objects_are_billed_as_they_would_be_one_by_one(storage_class: str) -> None:
    """A unit without container: its files are what has overhead, a smallest size and requests."""
    together, alone = Item("x", 50 * 4096, storage_class, objects=50), [Item("x", 4096, storage_class)] * 50
    assert month_cost([together], EAST).amount == pytest.approx(month_cost(alone, EAST).amount)
    assert overhead_cost([together], EAST).amount == pytest.approx(overhead_cost(alone, EAST).amount)
    assert early_cost(50 * 4096, storage_class, 1, EAST, 50).amount == pytest.approx(
        50 * early_cost(4096, storage_class, 1, EAST).amount
    )
    whole = month_cost([Item("x", 50 * 4096, "STANDARD")], EAST).amount
    assert (overhead_cost([together], EAST).amount > 0) == (month_cost([together], EAST).amount != pytest.approx(whole))


@pytest.mark.parametrize(
    ("storage_class", "words"),
    [
        ("DEEP_ARCHIVE", ("180 days", "40 KB")),
        ("GLACIER", ("90 days", "40 KB")),
        ("GLACIER_IR", ("90 days", "128 KB")),
        ("STANDARD_IA", ("30 days", "128 KB")),
        ("STANDARD", None),
        ("made-up", None),
    ],
)
def test_what_a_class_bills_beside_its_bytes_in_words(storage_class: str, words: tuple[str, ...] | None) -> None:
    told = class_notes(storage_class)
    assert told is None if words is None else all(word in (told or "") for word in words)


def test_rules_move_nothing_to_a_warmer_class() -> None:
    moves = ((30, "GLACIER"), (7, "DEEP_ARCHIVE"))
    assert colder("STANDARD", moves, 40) == "DEEP_ARCHIVE"
    assert colder("STANDARD", moves, 6.9) == "STANDARD"
    assert colder("DEEP_ARCHIVE", ((0, "GLACIER"),), 1) == "DEEP_ARCHIVE"


def test_reading_back_has_four_parts() -> None:
    found = restore_cost([50 * GB, 50 * GB], "DEEP_ARCHIVE", "Bulk", 7, EAST, egress=True)
    assert found.retrieval.amount == pytest.approx(100 * 0.0025)
    assert found.requests.amount == pytest.approx(2 / 1000 * (0.025 + 0.0004))
    assert found.temporary_copy.amount == pytest.approx(100 * 0.023 * 7 / 30)
    assert found.egress.amount == pytest.approx(9.0)
    assert restore_cost([GB], "STANDARD", "Bulk", 7, EAST, egress=False).total.amount == pytest.approx(0.0004 / 1000)


def test_what_has_no_price_is_told() -> None:
    west = price_book().of("ca-west-1")
    assert month_cost([Item("x", GB, "DEEP_ARCHIVE")], west).amount == pytest.approx(0.0018, rel=1e-3)
    assert restore_cost([GB], "DEEP_ARCHIVE", "Bulk", 7, west, egress=True).total.unknown >= {"egress"}
    assert month_cost([Item("x", GB, "INTELLIGENT_TIERING")], EAST).unknown == {"INTELLIGENT_TIERING"}
    assert transition_cost(GB, "STANDARD", "GLACIER", west).unknown == {"requests of GLACIER"}


def test_of_ca_west_1_storage_is_known_all_else_is_named_and_the_settings_can_say_it() -> None:
    """No public list of its requests was at hand: no other region's prices stand for them."""
    west = price_book().of("ca-west-1")
    assert dict(west.storage) == {
        "STANDARD": 0.025, "STANDARD_IA": 0.0138, "GLACIER_IR": 0.005, "GLACIER": 0.00405, "DEEP_ARCHIVE": 0.0018,
    }  # fmt: skip
    assert not (west.write or west.read or west.retrieval or west.thaw) and west.egress is None
    for storage_class in west.storage:
        lacking = transition_cost(GB, "STANDARD", storage_class, west)
        assert lacking.unknown == {f"requests of {storage_class}"}
    mine = RegionPrices(write={"GLACIER": 0.033, "DEEP_ARCHIVE": 0.055})
    said = price_book({"ca-west-1": mine}).of("ca-west-1")
    assert not transition_cost(GB, "STANDARD", "DEEP_ARCHIVE", said).unknown and said.storage == west.storage


@pytest.mark.parametrize(
    ("region", "standard"),
    [("eu-central-1", 0.0245), ("eu-west-1", 0.023), ("ca-central-1", 0.025), ("ap-southeast-2", 0.025)],
)
def test_a_region_with_some_prices_has_these_and_names_what_it_lacks(region: str, standard: float) -> None:
    prices = price_book().of(region)
    assert amount_text(month_cost([Item("x", 100 * GB, "STANDARD")], prices).amount) == f"${100 * standard:.2f}"
    cold = month_cost([Item("x", 100 * GB, "DEEP_ARCHIVE")], prices)
    assert cold.unknown == {"DEEP_ARCHIVE"}
    assert price_book().month_of(region) == "2026-07" != price_book().month_of("us-east-1")


def test_every_region_of_the_list_says_of_which_month_it_is() -> None:
    book = price_book({"nowhere-1": RegionPrices(egress=0.0), "eu-west-1": RegionPrices(as_of="2027-01")})
    assert all(len(book.month_of(region)) == 7 for region in book.regions)
    assert book.month_of("eu-west-1") == "2027-01"


def test_an_unknown_region_is_said_and_never_guessed() -> None:
    with pytest.raises(ConfigError, match="us-wst-2") as caught:
        price_book().of("us-wst-2")
    assert "us-west-2" in (caught.value.why or "")


def test_settings_override_single_prices_and_add_regions() -> None:
    mine = {"us-west-2": RegionPrices(storage={"STANDARD": 0.02}), "nowhere-1": RegionPrices(egress=0.0)}
    book = price_book(mine)
    assert book.of("us-west-2").storage["STANDARD"] == 0.02
    assert book.of("us-west-2").storage["GLACIER"] == 0.0036
    assert book.of("us-east-1").storage["STANDARD"] == 0.023
    assert book.of("nowhere-1").egress == 0.0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"as_of": "x", "currency": "USD", "source": "", "regions": {"a": {"storge": {}}}}',
        b'{"as_of": "x", "currency": "USD", "source": "", "regions": {"a": {"storage": {"STANDARD": -1}}}}',
        b'{"as_of": "x", "currency": "USD", "source": "", "regions": {"a": {"egress": 1e300}}}',
    ],
)
def test_a_wrong_price_file_is_refused(body: bytes) -> None:
    with pytest.raises(ConfigError, match="prices"):
        parse_prices(body, "prices of mine")


sizes = st.integers(0, 10**13)
classes = st.sampled_from(CLASSES)


@given(sizes, sizes, classes)
def test_more_bytes_never_cost_less(one: int, other: int, storage_class: str) -> None:
    small, large = sorted((one, other))
    assert (
        month_cost([Item("x", small, storage_class)], EAST).amount
        <= month_cost([Item("x", large, storage_class)], EAST).amount
    )


@given(sizes, classes, st.lists(st.tuples(st.integers(0, 400), classes), max_size=4), st.floats(0, 1000))
def test_the_next_months_never_cost_more_storage_than_the_warmest_class(
    size: int, storage_class: str, moves: list[tuple[int, str]], age: float
) -> None:
    item = Item("x", size, storage_class, age, moves=tuple(moves))
    dearest = max(month_cost([Item("x", size, name)], EAST).amount for name in CLASSES)
    months = projected([item], EAST)
    assert len(months) == 12
    assert all(month.amount <= dearest * (1 + 180 / 30) + 0.05 / 1000 + 1e-9 for month in months), "with early fees"
    assert not any(month.unknown for month in months)


@given(sizes, classes, st.floats(0, 400), st.floats(0, 400))
def test_waiting_never_makes_leaving_dearer(size: int, storage_class: str, one: float, other: float) -> None:
    sooner, later = sorted((one, other))
    costs = [early_cost(size, storage_class, days, EAST).amount for days in (sooner, later)]
    assert costs[0] >= costs[1] >= 0


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "$0.00"), (0.0049, "under $0.01"), (0.005, "$0.01"), (1.005, "$1.01"), (1e6, "$1,000,000.00")],
)
def test_amounts_as_people_read_them(amount: float, text: str) -> None:
    assert amount_text(amount) == text


def test_a_rule_to_the_class_that_an_archive_is_in_moves_and_costs_nothing() -> None:
    """The preset `processing` sends to GLACIER, with the tag whose rule moves to GLACIER after 90 days."""
    rules = PRESETS["processing"].rules
    tags = dict(rules["tags"])  # type: ignore[call-overload]
    chosen = ArchiveSet("processing", "s3://b", "processing/*", storage_class="GLACIER", tags=tags)
    moves = moves_of(wanted_rules([chosen], "").rules, "processing/2024/m31.tar.gz", tags, 10 * GB)
    assert moves == ((90, "GLACIER"),) and rules["storage_class"] == "GLACIER"
    ruled = Item("m31", 10 * GB, "GLACIER", moves=moves)
    assert projected([ruled], EAST) == projected([Item("m31", 10 * GB, "GLACIER")], EAST)
    warm = projected([Item("m31", 10 * GB, "STANDARD", moves=moves)], EAST)
    assert warm[4].amount == projected([ruled], EAST)[4].amount < warm[0].amount


@pytest.mark.parametrize("store", ["az://films/shared", "gs://films", "rclone:team:films"])
def test_no_prices_of_aws_are_offered_for_another_vendor(store: str) -> None:
    with pytest.raises(ConfigError, match="there are no prices") as refused:
        region_of(Settings(store=store, repo="films", region="eu-west-1"), None)
    assert "--region" not in str(refused.value.hint) and "costs.md" in str(refused.value.hint)
    assert region_of(Settings(store="s3://films", repo="films", region="eu-west-1"), None) == "eu-west-1"
