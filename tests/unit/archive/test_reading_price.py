"""Price before archives are read back: what is counted, and when somebody is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from s3sync.archive.reading_price import Agreement, agree, price_of_run, reading_price
from s3sync.archive.run_report import RunReport, UnitReport, UnitState
from s3sync.archive.thaw import Price
from s3sync.config import Settings, load_settings
from s3sync.core.archive.costs import GB
from s3sync.core.archive.records import Archived, Status, ThawNote
from s3sync.core.archive.values import ArchiveSet, Pack
from s3sync.errors import Halt


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".s3sync.yaml").write_text("store: s3://team\nregion: us-east-1\n")
    return load_settings(tmp_path, flags={}, environ={"XDG_CONFIG_HOME": str(tmp_path)})


def archive(size: int, storage_class: str, thawed: bool = False, files: int = 1, pack: Pack = Pack.TAR) -> Archived:
    thaw = ThawNote("Bulk", 7, "2026-01-01T00:00:00Z", "thawed") if thawed else None
    return Archived(
        key="k", unit="u", set="s", pack=pack, status=Status.STORED, size=size, original_size=0, files=files,
        uploaded_at="2026-01-01T00:00:00Z", created_by="ana", storage_class=storage_class, thaw=thaw,
    )  # fmt: skip


def test_each_class_is_counted_with_what_it_bills_for_reading(settings: Settings) -> None:
    found = reading_price(settings, [archive(10 * GB, "GLACIER_IR"), archive(10 * GB, "STANDARD_IA")]).cost
    assert found is not None
    assert found.retrieval.amount == pytest.approx(10 * 0.03 + 10 * 0.01)
    assert found.egress.amount == pytest.approx(20 * 0.09) and found.temporary_copy.amount == 0


def test_cold_ones_are_not_read_and_thawed_ones_cost_no_second_retrieval(settings: Settings) -> None:
    cold, thawed = archive(10 * GB, "GLACIER"), archive(10 * GB, "DEEP_ARCHIVE", thawed=True)
    found = reading_price(settings, [cold, thawed])
    assert (found.objects, found.size) == (1, 10 * GB)
    assert found.cost is not None and found.cost.retrieval.amount == 0 and found.cost.egress.amount > 0


def test_units_without_container_cost_a_request_for_each_file(settings: Settings) -> None:
    found = reading_price(settings, [archive(1003, "STANDARD", files=7, pack=Pack.NONE)])
    assert (found.objects, found.size) == (7, 1003)


def asked(settings: Settings, *archives: Archived, limit: float | None = None, answer: bool = True) -> list[Price]:
    heard: list[Price] = []

    def confirm(price: Price) -> bool:
        heard.append(price)
        return answer

    agree(settings, reading_price(settings, archives), limit, confirm)
    return heard


def test_somebody_is_asked_from_a_dollar_and_a_no_reads_nothing(settings: Settings) -> None:
    assert asked(settings, archive(GB, "STANDARD")) == []
    assert len(asked(settings, archive(100 * GB, "STANDARD"))) == 1
    with pytest.raises(Halt, match="nothing was read back"):
        asked(settings, archive(100 * GB, "STANDARD"), answer=False)
    assert asked(settings) == [] == asked(settings, archive(100 * GB, "GLACIER"))


def test_a_limit_asks_nobody_and_holds(settings: Settings) -> None:
    assert asked(settings, archive(100 * GB, "STANDARD"), limit=10.0) == []
    with pytest.raises(Halt) as caught:
        asked(settings, archive(100 * GB, "STANDARD"), limit=8.0)
    assert "9.00 USD" in (caught.value.why or "")


@pytest.mark.parametrize("region", ["eu-central-1", "il-central-1", None])
def test_a_price_that_is_not_known_is_asked_about_on_aws_alone(settings: Settings, region: str | None) -> None:
    unsure = replace(settings, region=region)
    assert len(asked(unsure, archive(1, "STANDARD"))) == 1
    with pytest.raises(Halt):
        asked(unsure, archive(1, "STANDARD"), limit=1000.0)
    assert asked(replace(unsure, endpoint_url="http://127.0.0.1:9"), archive(1, "STANDARD")) == []
    assert asked(replace(unsure, store="file:///nas"), archive(1, "STANDARD"), limit=0.0) == []


def test_a_limit_holds_for_all_that_a_run_reads_together(settings: Settings) -> None:
    """10 GB are 0.90 of egress: two of them are below the limit, three are not."""
    agreement = Agreement(settings, 2.0, lambda price: False)
    for _ in range(2):
        agreement.to_one(archive(10 * GB, "STANDARD"))
    with pytest.raises(Halt):
        agreement.to_one(archive(10 * GB, "STANDARD"))


def test_small_ones_are_asked_about_when_they_add_up(settings: Settings) -> None:
    heard: list[Price] = []

    def confirm(price: Price) -> bool:
        heard.append(price)
        return True

    agreement = Agreement(settings, None, confirm)
    for _ in range(5):
        agreement.to_one(archive(5 * GB, "STANDARD"))
    assert [price.objects for price in heard] == [3]
    agreement.to_all(reading_price(settings, [archive(100 * GB, "STANDARD")]))
    agreement.to_one(archive(1000 * GB, "STANDARD"))
    assert len(heard) == 2, "what was agreed to as a whole is asked about once"


def test_the_plan_of_a_run_counts_what_it_will_read(settings: Settings) -> None:
    units = [
        UnitReport("m1", "m1.tar", UnitState.PLANNED, files=9, size=GB),
        UnitReport("m2", "m2.tar", UnitState.KNOWN, files=9, size=3 * GB, stored=GB),
        UnitReport("m3", "m3.tar", UnitState.CHANGED, files=9, size=GB),
        UnitReport("m4", "m4.tar", UnitState.FAILED, files=9, size=GB),
    ]
    report = RunReport("s", "s3://team", True, units)
    rules = ArchiveSet("s", "s3://team", "raw/*")
    counted = {
        "tar": price_of_run(settings, rules, report),
        "none": price_of_run(settings, structs.replace(rules, pack=Pack.NONE), report),
        "split": price_of_run(settings, structs.replace(rules, max_size=GB // 2), report),
        "cold": price_of_run(settings, structs.replace(rules, storage_class="GLACIER"), report),
    }
    assert {name: (one.objects, one.size) for name, one in counted.items()} == {
        "tar": (2, 2 * GB), "none": (18, 2 * GB), "split": (4, 2 * GB), "cold": (0, 0),
    }  # fmt: skip
