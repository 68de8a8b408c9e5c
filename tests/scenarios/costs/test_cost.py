"""`s3sync cost`: what a day's work on a bucket costs, by whom, and what is said where nothing can be known."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from s3sync.costs import Costs
from s3sync.costs.projects import old_versions, project_books
from s3sync.errors import UsageError
from s3sync.store import StoreOptions, open_store
from s3sync.store.port import Headers, Overwrite
from tests.kit.people import PROJECT, Person
from tests.kit.receiver import Chat, chat
from tests.scenarios.archive.conftest import at_home
from tests.scenarios.costs.conftest import Team

EAST = ("--region", "us-east-1")
GB = 2**30


def this_month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


def named(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def test_a_days_work_is_counted_by_who_did_it(team: Team) -> None:
    """Jan fetches 9,000,000 bytes: 9e6 / 2^30 GB at $0.09. What cold objects weigh is in their classes."""
    team.david.write("film.bin", b"f" * 9_000_000)
    team.david.ok("up")
    team.jan.ok("down")
    team.jan.write("note.txt", "n" * 500)
    team.jan.ok("up")
    team.put("old/a.bin", 2_000_000, "DEEP_ARCHIVE")
    team.put(".s3sync/trash/old/20261103-100000-00000abc-jan/b.bin", 4_000)
    found = team.david.ok("cost", "--json", "--by", "user", *EAST).json
    users = named(found["shares"])
    assert users["david"]["size_bytes"] == 9_000_000 and users["david"]["bytes_sent"] == 9_000_000
    assert users["jan"]["bytes_received"] == 9_000_000 and users["jan"]["size_bytes"] == 4_500
    assert users["jan"]["egress"]["amount"] == pytest.approx(9e6 / GB * 0.09, abs=1e-6)
    assert users["(unknown)"]["size_bytes"] == 2_000_000
    writes, reads = users["david"]["writes"], users["david"]["reads"]
    assert writes >= 5 and users["jan"]["reads"] >= 2  # begin, two parts, finish, a listing
    assert users["david"]["requests"]["amount"] == pytest.approx(
        writes / 1000 * 0.005 + reads / 1000 * 0.0004, abs=2e-6
    )
    classes = named(found["classes"])
    assert classes["DEEP_ARCHIVE"]["size_bytes"] == 2_000_000 and classes["STANDARD"]["size_bytes"] > 9_000_000
    assert found["trash"]["size_bytes"] == 4_000 and found["exit_code"] == 0
    assert found["all_standard"]["amount"] >= found["saved"]["amount"]
    projects = named(team.david.ok("cost", "--json", "--by", "project", *EAST).json["shares"])
    assert set(projects) == {PROJECT, "old"}
    assert sum(one["size_bytes"] for one in projects.values()) == found["total"]["size_bytes"]
    shown = team.david.ok("cost", "--by", "project", *EAST).out
    for part in (
        PROJECT,
        "DEEP_ARCHIVE",
        "Requests",
        "Data out",
        "So far",
        "Expected",
        "trash list --remote --project NAME",
    ):
        assert part in shown
    assert "Alarm" not in shown and "Budget" not in shown
    old = read_with_the_last_month(team)
    assert old == [this_month()]


def read_with_the_last_month(team: Team) -> list[str]:
    """Months that the API knows: the first that has anything, and none before."""
    environ = {**at_home(team.david), "S3SYNC_TRUST": "1"}
    return [one.month for one in Costs.open(path=team.david.repo, environ=environ, region="us-east-1").months(12)]


def test_what_cannot_be_known_is_said_and_the_rest_shown(team: Team) -> None:
    team.put("p/a.bin", 1000, "STANDARD")
    told = team.david.expect(3, "cost")
    assert "it is no bucket on AWS" in told.err and "So far      no price" in told.out
    assert "--region us-east-1" in told.err
    team.settings("prices: {us-east-1: {storage: {STANDARD: .nan}}}\n")
    assert "prices.us-east-1" in team.david.expect(2, "cost", *EAST).err
    team.settings("prices: {us-east-1: {egress: -0.09}}\n")
    assert "is no price" in team.david.expect(2, "cost", *EAST).err
    team.settings("costs: {budget: .nan}\n")
    assert "budget" in team.david.expect(2, "cost", *EAST).err
    team.settings("costs: {alarms: [0]}\n")
    assert "alarms" in team.david.expect(2, "cost", *EAST).err
    team.settings("")
    assert "there are no prices for the region" in team.david.expect(2, "cost", "--region", "mars-1").err
    client, key = team.server.client(), f"{team.prefix}/v-appydave/p/metadata.json"
    client.put_object(Bucket=team.server.bucket, Key=key, Body=b"{ this is none")
    told = team.david.expect(3, "cost", "--by", "user", *EAST)
    assert "who sent the files of p is not known" in told.err and "(unknown)" in told.out


@pytest.mark.parametrize(
    ("month", "part"),
    [
        ("2999-01", "has not begun"),
        ("2026-13", "is no month"),
        ("soon", "is no month"),
        ("2001-01", "nothing is known of 2001-01"),
    ],
)
def test_a_month_of_which_nothing_can_be_known(team: Team, month: str, part: str) -> None:
    team.put("p/a.bin", 10)
    assert part in team.david.expect(2, "cost", "--month", month, *EAST).err


def test_a_month_without_its_option_is_understood(team: Team) -> None:
    assert "hint: s3sync cost --month 2026-10" in team.david.expect(2, "cost", "2026-10").err
    with pytest.raises(UsageError):
        Costs.open(path=team.david.repo, environ=at_home(team.david)).report(by="colour")


def test_a_folder_costs_what_its_disk_costs(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    david.write("a.mp4", "a")
    david.ok("up")
    told = david.ok("cost")
    assert "a folder costs what its disk costs" in told.out and "Nothing is billed." in told.out and not told.err
    assert david.ok("cost", "--json").json["total"]["total"]["amount"] == 0
    assert "a folder has no bill" in david.expect(3, "cost", "--bill", "--yes").err
    earlier = david.expect(2, "cost", "--month", "last").err
    assert "a folder costs what its disk costs" in earlier and "`s3sync cost` says" in earlier


def test_outside_of_a_repository_it_counts_the_sets_of_ones_own_or_says_that_it_counts_nothing(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    away = tmp_path / "away"
    away.mkdir()
    told = david.expect(2, "cost", cwd=away)
    assert "no repository here" in told.err and "s3sync cost --everywhere" in told.err and not told.out
    assert david.expect(2, "cost", "--json", "--notify", cwd=away).json["error"]["type"] in (
        "ConfigError",
        "ProjectError",
    )
    (away / "film").mkdir()
    david.ok(
        "archive",
        "init",
        "--preset",
        "projects",
        "--own",
        "--source",
        ".",
        "--store",
        f"file://{tmp_path}/ssd",
        cwd=away,
    )
    assert "Costs of your own archive sets: " in david.ok("cost", cwd=away).out


def test_no_cell_is_a_formula(team: Team) -> None:
    for name in ("=cmd()", "+1", "-1", "@sum", "plain"):
        team.put(f"{name}/a.bin", 10)
    out = team.david.ok("cost", "--csv", "--by", "project", *EAST).out
    names = [row["name"] for row in csv.DictReader(io.StringIO(out))]
    assert sorted(names) == sorted(["'=cmd()", "'+1", "'-1", "'@sum", "plain", "(all)"])
    assert "two forms" in team.david.expect(2, "cost", "--csv", "--json").out


def test_archives_are_counted_from_the_catalogue(team: Team, tmp_path: Path) -> None:
    store = f"s3://{team.server.bucket}/{team.prefix}-cold"
    rules = "unit: folder, pack: tar, storage_class: DEEP_ARCHIVE"
    team.settings(f"archives: {{cold: {{store: '{store}', source: 'films', {rules}}}}}\n")
    film = team.david.repo / "films" / "b40" / "cut.mov"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"c" * 300_000)
    first = team.david.ok("cost", "--json", *EAST)
    assert "s3sync archive catalogue rebuild" in first.json["warnings"][0]
    team.david.ok("archive", "run", "--set", "cold")
    found = team.david.ok("cost", "--json", "--by", "project", *EAST).json
    mine = named(found["shares"])["b40"]
    assert 300_000 < mine["size_bytes"] < 330_000 and mine["writes"] == 1 and not found["warnings"]
    assert mine["requests"]["amount"] == pytest.approx(0.05 / 1000)
    assert named(found["classes"])["DEEP_ARCHIVE"]["objects"] == 1
    assert found["expected"]["next_12_months"]["amount"] > 0


@pytest.fixture
def room() -> Any:
    with chat() as found:
        yield found


def test_an_alarm_is_told_once_a_month(team: Team, room: Chat) -> None:
    pytest.importorskip("apprise")
    team.settings("costs: {budget: 0.0001, alarms: [0.0001, 0.0002, 500]}\nprices: {us-east-1: {egress: 90}}\n")
    team.david.write("film.bin", b"f" * 60_000)
    team.david.ok("up")
    team.jan.ok("down")  # 60,000 / 2^30 GB at $90 are half a cent
    there = {"S3SYNC_NOTIFY": f"json://127.0.0.1:{room.port}/x"}
    assert "the setting `notify` is empty" in team.david.expect(2, "cost", "--notify", *EAST).err
    shown = team.david.ok("cost", *EAST, env=there).out
    assert "is reached" in shown and "passed by" in shown and not room.got
    room.answer = 500  # it is kept, and goes with the next one
    told = team.david.ok("cost", "--notify", "--json", *EAST, env=there)
    assert told.json["told"] == [0.0001, 0.0002] and told.json["over_budget"] and "was not sent" in told.err
    room.got.clear()
    room.answer = 200
    assert team.david.ok("cost", "--notify", "--json", *EAST, env=there).json["told"] == [] and not room.got
    team.settings("costs: {alarms: [0.0001, 0.0003]}\nprices: {us-east-1: {egress: 90}}\n")
    assert team.david.ok("cost", "--notify", "--json", *EAST, env=there).json["told"] == [0.0003]
    assert f"costs: {this_month()} reached under $0.01: $0.01 so far" in room.text
    team.settings("notices: {events: [up]}\n")
    assert "alarms are not told" in team.david.expect(2, "cost", "--notify", *EAST, env=there).err


def bill_of(team: Team, *lines: tuple[str, str]) -> None:
    """Have moto's Cost Explorer give this bill to the next question."""
    groups = [{"Keys": [usage], "Metrics": {"UnblendedCost": {"Amount": cost, "Unit": "USD"}}} for usage, cost in lines]
    results = [{"ResultsByTime": [{"Estimated": True, "Groups": groups, "Total": {}}]}]
    body = json.dumps({"account_id": "123456789012", "region": "us-east-1", "results": results}).encode()
    url = f"{team.server.endpoint_url}/moto-api/static/ce/cost-and-usage-results"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


def test_the_bill_stands_beside_it_when_it_was_agreed_to(team: Team) -> None:
    team.put("p/a.bin", 10)
    told = team.david.expect(3, "cost", "--bill", *EAST)
    assert "It costs $0.01" in told.err and "it was not asked for" in told.err and "So far" in told.out
    bill_of(team, ("USE1-TimedStorage-ByteHrs", "2.5"), ("USE1-Requests-Tier1", "0.125"))
    found = team.david.ok("cost", "--bill", "--yes", "--json", *EAST).json["bill"]
    assert (found["total"], found["is_estimate"]) == (2.625, True)
    assert found["difference"]["storage"] == pytest.approx(2.5, abs=1e-6)
    assert any("this repository alone" in reason for reason in found["reasons"])
    shown = team.david.ok("cost", "--bill", "--yes", *EAST).out
    assert "Bill of the account for S3: $2.63, an estimate" in shown and "why: " in shown


def event(number: int, month: str, **more: object) -> bytes:
    """A line of the history, as somebody's run told it."""
    at = {"schema": 1, "id": f"e{number}", "at": f"{month}-03T10:00:00Z", "by": "jan", "verb": "down"}
    return json.dumps({**at, "counts": {"fetched": 1}, "size_bytes": 2**30, **more}).encode() + b"\n"


def test_an_earlier_month_is_counted_from_its_events_and_is_a_lower_limit(team: Team) -> None:
    """Two gigabytes of an event that counted, one of an older one, and of the hostile lines nothing: 3 at $0.09."""
    team.put("p/a.bin", 10)
    lines = event(1, "2025-10", received_bytes=2**31, writes=1, reads=10_000) + event(2, "2025-10")
    lines += event(1, "2025-10", received_bytes=2**31, writes=1) + b"no event\n" + event(3, "2025-11")
    lines += event(4, "2025-10", received_bytes=-5) + event(5, "2025-10", by="x" * 300)
    key = f"{team.prefix}/v-appydave/.s3sync/events/p/2025-10.jsonl"
    team.server.client().put_object(Bucket=team.server.bucket, Key=key, Body=lines)
    told = team.david.expect(3, "cost", "--month", "2025-10", "--json", "--by", "user", *EAST)
    found = told.json
    assert found["total"]["egress"]["amount"] == pytest.approx(3 * 0.09) and found["total"]["storage"]["amount"] == 0
    assert found["total"]["requests"]["amount"] == pytest.approx(10 * 0.0004 + 0.000005)
    assert found["is_over"] and found["expected"] is None and [one["name"] for one in found["shares"]] == ["jan"]
    assert any("deleted since is not counted" in note for note in found["notes"])
    assert any("1 event is of versions that counted no requests" in note for note in found["notes"])
    assert "3 lines" in found["warnings"][0]  # and therefore exit 3
    assert "the first that is known is of 2025-10" in team.david.expect(2, "cost", "--month", "2025-09", *EAST).err
    months = read_with_the_last_month(team)
    assert months[-1] == this_month()


def test_who_may_not_list_is_told_so_and_the_archives_are_still_counted(team: Team, tmp_path: Path) -> None:
    store = f"s3://{team.server.bucket}/{team.prefix}-cold"
    sets = f"archives: {{cold: {{store: '{store}', source: 'films', unit: folder, pack: tar}}}}\n"
    for person in (team.david, team.jan):
        text = f"store: s3://nothing-{team.prefix[:20]}\nrepo: v-appydave\n"
        (person.repo / ".s3sync.yaml").write_text(text + (sets if person is team.david else ""), "utf-8")
    film = team.david.repo / "films" / "b40" / "cut.mov"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"c" * 300_000)
    team.david.ok("archive", "run", "--set", "cold")
    told = team.david.expect(3, "cost", "--by", "project", *EAST)
    assert "the projects are not counted" in told.err and "b40" in told.out
    assert "error: " in team.jan.expect(1, "cost", *EAST).err


def test_old_versions_are_counted_where_the_bucket_keeps_them(team: Team) -> None:
    client, bucket = team.server.client(), f"versioned-{team.prefix[:12]}"
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    (team.david.repo / ".s3sync.yaml").write_text(f"store: s3://{bucket}\nrepo: v-appydave\n", "utf-8")
    for size in (3_000, 40_000, 500):
        client.put_object(Bucket=bucket, Key="v-appydave/p/a.bin", Body=b"x" * size, StorageClass="STANDARD_IA")
    client.put_object(Bucket=bucket, Key="v-appydave/p/b.bin", Body=b"x" * 7)
    client.delete_object(Bucket=bucket, Key="v-appydave/p/b.bin")
    client.put_object(Bucket=bucket, Key="other/p/b.bin", Body=b"x" * 9)
    client.delete_object(Bucket=bucket, Key="other/p/b.bin")
    found = team.david.ok("cost", "--json", "--by", "project", *EAST).json
    assert found["old_versions"]["size_bytes"] == 43_007 and found["total"]["size_bytes"] == 43_507
    assert named(found["classes"])["STANDARD_IA"]["objects"] == 3 and not found["warnings"]
    # of at least 128 KB each in STANDARD_IA, and 7 bytes in STANDARD
    month = (2 * 128 * 1024 * 0.0125 + 7 * 0.023) / GB
    assert found["old_versions"]["month"]["amount"] == pytest.approx(month, abs=1e-6)
    assert "kept by the bucket" in team.david.ok("cost", *EAST).out


def test_what_is_counted_elsewhere_is_left_out(tmp_path: Path) -> None:
    store = open_store(tmp_path.as_uri(), StoreOptions(create=True))
    for key in ("r/p/a", "r/cold/b.tar", "r/coldest/c", "other/d"):
        digest = hashlib.md5(b"x", usedforsecurity=False).digest()
        store.put(key, b"x", mode=Overwrite(), headers=Headers(), md5=digest)
    found = project_books(store, "r", {this_month()}, ["r/cold/"])
    assert sorted(lot.project for lot in found.lots) == ["coldest", "p"] and found.first is None
    assert old_versions(store, "r").lots == []
