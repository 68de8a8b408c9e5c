"""`archive analyze`: what sets find, before anything is sent."""

from __future__ import annotations

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.conftest import own_settings, put, settings

SET = """
archives:
  sessions:
    store: s3://team-archive/backups
    region: us-east-1
    source: raw/*
    layout: "raw/{year}/{id}"
    storage_class: DEEP_ARCHIVE
    timezone: UTC
"""


def test_units_are_told_by_year_with_time_and_price(david: Person) -> None:
    settings(david, SET)
    put(david.repo, "raw/M31_20230110/a.fits", bytes(3_000_000))
    put(david.repo, "raw/m42/b.fits", bytes(1000))
    put(david.repo, "raw/m42/c.fits", bytes(1000))
    result = david.ok("archive", "analyze", "-v", "--rate", "1M", cwd=david.repo)
    assert "2023  1 unit, 1 file, 3.0 MB" in result.out
    assert "2024  1 unit, 2 files, 2.0 KB" in result.out
    assert "m42 (2.0 KB) -> raw/2024/m42.tar" in result.out
    assert "time: 2.9s" in result.out
    assert "under $0.01 a month" in result.out
    assert "1 object under 128 KB" in result.out
    assert "DEEP_ARCHIVE: at least 180 days are billed, and 40 KB more for each object" in result.out
    found = david.ok("archive", "analyze", "m42", "--json", cwd=david.repo).json["sets"][0]
    assert [unit["key"] for unit in found["units"]] == ["raw/2024/m42.tar"]
    assert found["total"] == {"units": 1, "files": 2, "size_bytes": 2000}


def test_a_unit_is_looked_for_in_the_sets_that_have_it(david: Person) -> None:
    settings(david, SET + SET.partition("archives:\n")[2].replace("sessions:", "done:").replace("raw/*", "done/*"))
    put(david.repo, "raw/NGC_7000/a.fits")
    put(david.repo, "done/M31/b.xisf")
    (found,) = david.ok("archive", "analyze", "M3", "--json", cwd=david.repo).json["sets"]
    assert (found["name"], [unit["id"] for unit in found["units"]]) == ("done", ["M31"])
    assert "did you mean 'NGC_7000'?" in david.expect(2, "archive", "analyze", "NGC7000", cwd=david.repo).err


def test_what_cannot_be_archived_is_told_and_the_rest_too(david: Person) -> None:
    settings(david, SET.replace("{year}/{id}", "{range}/{id}"))
    put(david.repo, "raw/b41/x")
    put(david.repo, "raw/plain/x")
    (david.repo / "raw" / "b42").mkdir()
    result = david.expect(3, "archive", "analyze", cwd=david.repo)
    assert "1 unit, 1 file" in result.out
    assert "plain cannot be archived: {range} is not known" in result.err
    assert "b42 cannot be archived: there is no file in it" in result.err


def test_where_no_unit_is_found_it_is_said_what_is_looked_for_and_nothing_is_called_archived(david: Person) -> None:
    empty = "No unit is here, archived or not: `s3sync archive analyze` says what each set looks for."
    put(david.repo, "b40-film/heavy/a.mp4")
    for text, told in (
        ("archives: {projects: {store: 'file:///tmp/none', layout: '{id}'}}\n", "a folder here with s3-staging/ in it"),
        (SET, "no unit in raw/*"),
    ):
        settings(david, text)
        (david.repo / "raw").mkdir(exist_ok=True)
        assert told in david.ok("archive", "analyze", cwd=david.repo).out
        assert david.ok("archive", "list", "--not-archived", cwd=david.repo).out.strip() == empty
    put(david.repo, "raw/m42/a.fits")
    assert "1 unit not archived" in david.ok("archive", "list", "--not-archived", cwd=david.repo).out


def test_two_units_with_one_key_are_refused(david: Person) -> None:
    settings(david, SET.replace("raw/*", "raw/*/*"))
    put(david.repo, "raw/2023/m42/x")
    put(david.repo, "raw/2024/m42/x")
    result = david.expect(2, "archive", "analyze", cwd=david.repo)
    assert "2023/m42 and 2024/m42" in result.err
    assert "hint: add a field that tells them apart" in result.err


def test_a_disk_that_is_away_is_said(david: Person) -> None:
    own_settings(david, "archives: {ssd: {store: 's3://mine', source: /no/such/disk}}\n")
    result = david.expect(2, "archive", "analyze", cwd=david.root)
    assert "is not there" in result.err
    assert "nothing was taken for empty" in result.err


def test_a_duration_a_speed_and_a_set_that_are_none_are_told(david: Person) -> None:
    settings(david, SET)
    put(david.repo, "raw/m42/x")
    for words, told in (
        (("--older-than", "soon"), "write a number and its unit"),
        (("--rate", "fast"), "write bytes a second"),
        (("--set", "sesions"), "did you mean 'sessions'?"),
        (("--region", "mars"), "there are no prices for the region 'mars'"),
    ):
        assert told in david.expect(2, "archive", "analyze", *words, cwd=david.repo).err


def test_a_region_without_prices_is_said_and_never_guessed(david: Person) -> None:
    settings(david, SET.replace("us-east-1", "il-central-1"))
    put(david.repo, "raw/m42/x")
    result = david.ok("archive", "analyze", cwd=david.repo)
    assert "price: not known" in result.out and "il-central-1" in result.out
    assert "$" not in result.out


def test_the_time_is_that_of_earlier_runs_and_says_so(david: Person) -> None:
    """With a rate that is given, that one counts; before the first run nothing is guessed."""
    settings(david, SET.replace("s3://team-archive/backups", (david.root / "nas").as_uri()))
    put(david.repo, "raw/M31_20230110/a.fits", bytes(9 << 20))
    before = david.ok("archive", "analyze", cwd=david.repo)
    assert "time: not known yet" in before.out and "--rate 10M" in before.out
    david.ok("archive", "run", cwd=david.repo)
    log = david.ok("archive", "log", cwd=david.repo).out
    assert "sent in " in log and "  run (" in log and "\\x20" not in log
    assert "time:" not in david.ok("archive", "analyze", cwd=david.repo).out, "nothing is left to send"
    put(david.repo, "raw/M42_20230110/b.fits", bytes(1 << 20))
    after = david.ok("archive", "analyze", cwd=david.repo)
    assert "as 1 run here measured, last on 2" in after.out
    found = david.ok("archive", "analyze", "--json", cwd=david.repo).json["sets"][0]
    assert found["rate_measured"]["runs"] == 1 and found["rate_bytes_per_second"] == found["rate_measured"]["rate"] > 0
    given = david.ok("archive", "analyze", "--rate", "1M", cwd=david.repo)
    assert "at 1.0 MB/s" in given.out and "measured" not in given.out


def test_prices_of_the_settings_and_moves_of_rules_count(david: Person) -> None:
    text = SET.replace("us-east-1", "eu-north-9").replace("DEEP_ARCHIVE", "STANDARD")
    own = "prices: {eu-north-9: {storage: {STANDARD: 1.0, GLACIER: 0.5}, write: {STANDARD: 0.005}, as_of: 2026-11}}\n"
    settings(david, f"{text}    tags: {{archive: delayed}}\n")
    own_settings(david, own)
    put(david.repo, "raw/m42/b.fits", bytes(64 << 20))
    found = david.ok("archive", "analyze", cwd=david.repo)
    assert "price: $0.06 a month" in found.out and "prices of 2026-11" in found.out
    assert "lifecycle apply` set them): to GLACIER after 90 days: $0.03 a month then" in found.out
    told = david.ok("archive", "analyze", "--json", cwd=david.repo).json["sets"][0]
    assert told["month_when_moved"]["amount"] == pytest.approx(0.03125, rel=0.01)


def test_what_is_archived_already_is_not_due_and_an_emptied_unit_is_no_mistake(david: Person) -> None:
    """Also in `run --dry-run`, which says what `run` does."""
    vault = david.root / "vault"
    rules = f"{{store: '{vault.as_uri()}', source: raw/*, layout: '{{id}}', light: ['*.srt']}}"
    settings(david, f"archives:\n  done: {rules}\n")
    put(david.repo, "raw/m31/cal/a.fits", bytes(3000))
    put(david.repo, "raw/m42/b.fits", bytes(2000))
    put(david.repo, "raw/m42/b.srt", b"said")
    david.ok("archive", "run", "--delete-local", "--yes", "--create", cwd=david.repo)
    put(david.repo, "raw/m77/c.fits", bytes(1000))
    (david.repo / "raw/m31/cal").mkdir(parents=True)
    (david.repo / "raw/empty").mkdir()
    result = david.expect(3, "archive", "analyze", "-v", cwd=david.repo)
    assert "archived already: 1 unit, 1 file, 4 B" in result.out and "due:  1 unit, 1 file, 1.0 KB" in result.out
    assert "m42 (4 B) -> m42.tar (archived already)" in result.out
    assert "m31" not in result.err and "empty cannot be archived" in result.err
    (david.repo / "raw/empty").rmdir()
    (found,) = david.ok("archive", "analyze", "--json", cwd=david.repo).json["sets"]
    assert (found["archived"]["units"], found["due"]["units"], found["total"]["units"]) == (1, 1, 2)
    assert {one["id"]: (one["archived"], one["due"]) for one in found["units"]} == {
        "m42": (True, False),
        "m77": (False, True),
    }
    for dry in (["--dry-run"], []):
        units = david.ok("archive", "run", *dry, "--json", cwd=david.repo).json["units"]
        assert {one["unit"]: one["state"] for one in units} == {
            "m31": "archived",
            "m42": "archived",
            "m77": "planned" if dry else "sent",
        }


@pytest.mark.parametrize(
    ("store", "vendor", "kept"), [("az://ourfilms/cold", "Azure", "Archive"), ("gs://cold", "Google Cloud", "STANDARD")]
)
def test_no_price_and_no_rule_of_aws_is_shown_of_another_vendor(
    store: str, vendor: str, kept: str, david: Person
) -> None:
    """Google has a class of the same name as AWS, and rules by tag are of S3 alone."""
    more = f"storage_class: {kept}" + (", tags: {archive: fast}" if store.startswith("az:") else "")
    settings(david, f"archives: {{cold: {{store: '{store}', source: 'raw/*', layout: '{{id}}', {more}}}}}\n")
    own_settings(
        david,
        f"prices: {{ours: {{storage: {{{kept}: 100}}}}, us-east-1: {{storage: {{{kept}: 5}}}}}}\n",
    )
    put(david.repo, "raw/m42/a.fits", bytes(20_000_000))

    def found(*words: str) -> dict[str, object]:
        one: dict[str, object] = david.ok("archive", "analyze", "--json", *words, cwd=david.repo).json["sets"][0]
        return one

    for words in ((), ("--region", "us-east-1"), ("--region", "eu-west-1")):
        one = found(*words)
        assert one["month"] is None and one["sending"] is None and one["month_when_moved"] is None
        assert f"the price list has none of {vendor}" in str(one["no_price"])
    assert "DEEP_ARCHIVE" not in david.ok("archive", "analyze", cwd=david.repo).out
    told = david.expect(2, "archive", "cost", "--region", "us-east-1", cwd=david.repo)
    assert f"none of {vendor}: us-east-1 is a region of AWS" in told.err
    month = found("--region", "ours")["month"]
    assert isinstance(month, dict) and month["amount"] > 1.8 and month["without_price"] == []


def test_a_disk_that_is_away_hides_no_other_set(david: Person) -> None:
    """Neither as the store of the step before, nor as a folder."""
    ssd = f"ssd: {{store: 'file://{david.root}/ssd', source: '{david.repo}/raw/*', layout: '{{id}}', pack: none}}"
    vault = f"vault: {{store: 's3://vault', source: '{david.root}/ssd/*', layout: '{{id}}'}}"
    own_settings(david, f"archives:\n  {ssd}\n  {vault}\n")
    settings(david, SET)
    put(david.repo, "raw/m42/a.fits", bytes(2000))
    result = david.expect(3, "archive", "analyze", cwd=david.repo)
    assert "2024  1 unit, 1 file, 2.0 KB" in result.out
    assert "the source of archives.vault is not there" in result.err
    assert "is not there" in david.expect(2, "archive", "analyze", "--set", "vault", cwd=david.repo).err


def test_the_list_of_what_is_not_archived_says_which_disk_is_away_and_lists_the_others(david: Person) -> None:
    words = ("archive", "list", "--not-archived")
    own_settings(david, f"archives: {{gone: {{store: 's3://vault', source: '{david.root}/no/disk'}}}}\n")
    assert "archives.gone is not there" in david.expect(2, *words, cwd=david.repo).err
    settings(david, SET)
    (david.repo / "raw").mkdir()
    told = david.expect(3, *words, cwd=david.repo)
    assert "warning: gone: the source of archives.gone is not there" in told.err and "No unit is here" in told.out
    put(david.repo, "raw/m42/a.fits", bytes(2000))
    told = david.expect(3, *words, cwd=david.repo)
    assert "m42" in told.out and "1 unit not archived" in told.out and "archives.gone is not there" in told.err
    found = david.expect(3, *words, "--json", cwd=david.repo).json
    assert [one["unit"] for one in found["not_archived"]] == ["m42"] and found["exit_code"] == 3
    assert [(one["name"], bool(one["why"])) for one in found["failed"]] == [("gone", True)]
    assert "is not there" in david.expect(2, *words, "--set", "gone", cwd=david.repo).err
    assert david.ok(*words, "--set", "sessions", "--json", cwd=david.repo).json["failed"] == []
