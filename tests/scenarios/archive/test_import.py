"""`archive import`: the settings of earlier tools become sets, and nothing in them is dropped without a word."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import yaml

from s3sync.archives import Archives
from s3sync.config import load_settings
from s3sync.core.archive.lifecycle import moves_of, wanted_rules
from tests.kit.people import Person
from tests.scenarios.archive.conftest import put, settings

CONFIG: dict[str, Any] = {
    "enabled": True,
    "aws_region": "us-east-1",
    "buckets": {"primary": "astro-primary", "backup": "astro-backup"},
    "s3_paths": {
        "raw_archives": "backups/raw",
        "session_notes": "backups/sessions",
        "processing_notes": "backups/processing",
        "final_outputs": "backups/final",
    },
    "backup_rules": {
        "raw_lights": {"archive_policy": "fast", "backup_policy": "deep", "archive_days": 7},
        "raw_calibration": {"archive_policy": "standard", "archive_days": 60, "storage_class": "STANDARD"},
        "imaging_sessions": {"archive_policy": "fast", "storage_class": "STANDARD"},
        "processing_sessions": {"archive_policy": "delayed", "storage_class": "GLACIER_FLEXIBLE_RETRIEVAL"},
    },
    "upload_settings": {
        "multipart_threshold_mb": 100,
        "multipart_chunksize_mb": 25,
        "max_concurrency": 4,
        "max_bandwidth_mbps": 80,
    },
    "restore_settings": {"default_tier": "Standard", "default_days": 7, "restore_path": "/data/restored"},
    "archive_settings": {
        "compression_level": 0,
        "verify_after_upload": True,
        "keep_archive_index": True,
        "max_archive_size_gb": 50,
        "temp_dir": "/tmp/s3",
    },
    "cost_tracking": {"enabled": True, "storage_cost_per_gb": {"STANDARD": 0.023}},
    "notifications": {"on_failure": True, "webhook": "https://hooks.example.com/T000/secret"},
    "a_key_of_next_year": 1,
}


def leaves(document: dict[str, Any], above: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in document.items():
        found |= leaves(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}"}
    return found


def test_a_config_becomes_sets_and_each_of_its_keys_is_told(david: Person) -> None:
    settings(david, "store: s3://team\n")
    (david.repo / "s3_config.json").write_text(json.dumps(CONFIG))
    put(david.repo, "raw/M31_20240115/a.fits")
    put(david.repo, "final/m31.tif")
    dry = david.ok("archive", "import", "s3_config.json", "--dry-run", "--json", cwd=david.repo).json
    assert (david.repo / ".s3sync.yaml").read_text() == "store: s3://team\n"
    assert {note["key"] for note in dry["notes"]} == leaves(CONFIG)
    became = {note["key"]: note["became"] for note in dry["notes"]}
    assert became["backup_rules.processing_sessions.storage_class"].startswith("storage_class: GLACIER (the right word")
    assert became["upload_settings.max_bandwidth_mbps"] == "bwlimit: 9766K (80 megabits a second)"
    assert became["a_key_of_next_year"] == "nothing: s3sync does not know it"
    assert "`notify` in your own settings" in became["notifications.webhook"]
    assert "secret" not in json.dumps(dry)

    result = david.ok("archive", "import", "s3_config.json", cwd=david.repo)
    assert "sets sessions, processing, lights, lights-backup, calibration, final" in result.out
    found = david.expect(3, "archive", "analyze", "--json", cwd=david.repo).json
    assert {one["name"]: [unit["key"] for unit in one["units"]] for one in found["sets"]} == {
        "sessions": ["backups/raw/2024/M31_20240115.tar"],
        "final": ["backups/final/m31.tif"],
    }
    assert {one["name"] for one in found["failed"]} == {"processing", "lights", "lights-backup", "calibration"}
    text = (david.repo / ".s3sync.yaml").read_text()
    assert "lifecycle_days: 60" in text and "tags: {archive: delayed}" in text and "max_size: 50G" in text
    own = david.ok("config", "show", "transfers", "bwlimit", "--json", cwd=david.repo).json["settings"]
    assert (own["transfers"]["value"], own["bwlimit"]["value"]) == ("4", "9766K")
    assert "has all of this already" in david.ok("archive", "import", "s3_config.json", cwd=david.repo).out


def imported(david: Person, **changes: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Import a changed file into empty settings: what became of each key, and the sets that it made, by name."""
    settings(david, "store: s3://team\n")
    (david.repo / "s3_config.json").write_text(json.dumps(CONFIG | changes))
    told = david.ok("archive", "import", "s3_config.json", "--json", cwd=david.repo).json
    found = yaml.safe_load((david.repo / ".s3sync.yaml").read_text())["archives"]
    return {note["key"]: note["became"] for note in told["notes"]}, found


def home_of(david: Person) -> dict[str, str]:
    """His environment for the program within this process, which finds his settings by it."""
    return david.env() | {"XDG_CONFIG_HOME": str(david.root / "home" / ".config")}


def test_a_second_bucket_becomes_sets_of_its_own_in_the_class_of_its_policy(david: Person) -> None:
    """Deep goes by the tag that a rule moves at once; flexible is sent to GLACIER."""
    rules = {
        "imaging_sessions": {"archive_policy": "fast", "backup_policy": "deep"},
        "processing_sessions": {"archive_policy": "delayed", "backup_policy": "flexible", "archive_days": 45},
        "raw_calibration": {"archive_policy": "standard", "backup_policy": "shallow"},
    }
    became, sets = imported(david, backup_rules=rules)
    assert list(sets) == ["sessions", "sessions-backup", "processing", "processing-backup", "calibration", "final"]
    deep, flexible = sets["sessions-backup"], sets["processing-backup"]
    assert (deep["store"], deep["tags"]) == ("s3://astro-backup", {"backup": "deep-archive"})
    assert (flexible["store"], flexible["storage_class"]) == ("s3://astro-backup", "GLACIER")
    assert "lifecycle_days" not in flexible and "tags" not in flexible
    for word in ("source", "layout", "pack", "sidecars"):
        assert deep[word] == sets["sessions"][word]
    assert sets["processing"]["lifecycle_days"] == 45
    assert became["buckets.backup"].startswith("the sets sessions-backup, processing-backup: second copies")
    assert "'shallow' is none of deep, flexible" in became["backup_rules.raw_calibration.backup_policy"]
    without, _ = imported(david, buckets={"primary": "astro-primary", "backup": None}, backup_rules={})
    assert without["buckets.backup"] == "nothing: there is no second bucket"


def test_each_set_that_says_days_gets_its_rule(david: Person) -> None:
    """Rules go by tags: by the prefix of a set they would move its indexes, too, and so none was made."""
    rules = {"raw_lights": {"archive_policy": "fast", "archive_days": 21}, "imaging_sessions": {"archive_days": 400}}
    imported(david, backup_rules=rules)
    (david.repo / ".video-tools.env").write_text("S3_ARCHIVE_BUCKET=video\nS3_RETENTION_DAYS=90\n")
    david.ok("archive", "import", ".video-tools.env", cwd=david.repo)
    loaded = Archives.open(path=david.repo, environ=home_of(david)).sets()
    for name, days in (("lights", 21), ("sessions", 400), ("projects", 90)):
        wanted = wanted_rules([loaded[name]], "")
        assert wanted.problems == ()
        key = f"{loaded[name].layout.partition('{')[0]}x.tar"
        assert moves_of(wanted.rules, key, loaded[name].tags, 1 << 30) == ((days, "DEEP_ARCHIVE"),)
        assert moves_of(wanted.rules, f"{key}.index.json", {}, 1 << 30) == ()


@pytest.mark.parametrize(("gb", "rule"), [(0.5, "512M"), (1.75, "1792M"), (2.0, "2G"), (0.0001, "1M"), (1e308, None)])
def test_no_archive_gets_larger_than_the_old_tool_was_told(gb: float, rule: str | None, david: Person) -> None:
    """Half a gigabyte became a whole one."""
    became, sets = imported(david, archive_settings={"max_archive_size_gb": gb})
    assert sets["sessions"].get("max_size") == rule
    told = f"max_size: {rule}" if rule else "nothing: '1e+308' is no number of GB"
    assert became["archive_settings.max_archive_size_gb"] == told


def test_a_wrong_value_is_told_as_such_and_takes_nothing_else_with_it(david: Person) -> None:
    """Its key was called unknown, or the whole file was refused for a line of settings that were never written."""
    became, sets = imported(
        david,
        aws_region=5,
        s3_paths={"raw_archives": 7, "final_outputs": ["x"]},
        backup_rules={
            "imaging_sessions": {"archive_days": 40_000, "storage_class": 3},
            "raw_lights": False,
            "raw_calibration": {},
        },
        upload_settings={"max_concurrency": "ten", "max_bandwidth_mbps": "fast"},
        archive_settings={"compression_level": True, "max_archive_size_gb": None},
        restore_settings=[],
        cost_tracking={"storage_cost_per_gb": {"GLACIER": "0.004"}},
    )
    assert list(sets) == ["sessions", "calibration"]
    assert (sets["sessions"]["layout"], sets["sessions"]["pack"]) == ("backups/raw/{year}/{id}", "tar")
    assert "region" not in sets["sessions"] and "lifecycle_days" not in sets["sessions"]
    wrong = {
        "aws_region": "'5' is no name of a region",
        "s3_paths.raw_archives": "'7' is no folder of keys, so that backups/raw holds",
        "s3_paths.final_outputs": "\"['x']\" is no folder of keys",
        "backup_rules.imaging_sessions.archive_days": "'40000' is no number of days",
        "backup_rules.imaging_sessions.storage_class": "'3' is no storage class of S3, so that STANDARD holds",
        "backup_rules.raw_lights": "'False' is no group of rules",
        "upload_settings.max_concurrency": "'ten' is no whole number from 1 to 256",
        "upload_settings.max_bandwidth_mbps": "'fast' is no number of megabits a second",
        "archive_settings.compression_level": "'True' is no level from 0 to 9",
        "archive_settings.max_archive_size_gb": "there is no limit",
        "restore_settings": "'[]' is no group of settings",
        "cost_tracking.storage_cost_per_gb.GLACIER": "'0.004' is no price",
    }
    assert {key: became[key] for key in wrong} == {key: f"nothing: {told}" for key, told in wrong.items()}
    assert became["backup_rules.raw_calibration"] == "the set `calibration`"


def test_a_set_of_the_same_name_is_left_and_no_option_is_named_that_import_lacks(david: Person) -> None:
    imported(david)
    (david.repo / "s3_config.json").write_text(json.dumps(CONFIG | {"buckets": {"primary": "another"}}))
    told = david.expect(2, "archive", "import", "s3_config.json", cwd=david.repo).err
    assert "there is an archive set 'sessions' already" in told and "`s3sync archive init` takes" in told


def test_restoring_as_it_was_set_is_told_with_its_values(david: Person) -> None:
    became, _ = imported(
        david, restore_settings={"default_tier": "Standard", "default_days": 30, "restore_path": "/data/my files"}
    )
    assert "restore UNIT --tier standard" in became["restore_settings.default_tier"]
    assert "restore UNIT --days 30" in became["restore_settings.default_days"]
    assert "restore UNIT --to '/data/my files'" in became["restore_settings.restore_path"]
    became, _ = imported(david, restore_settings={"default_tier": "Fast", "default_days": 0})
    assert "'Fast' is none of bulk" in became["restore_settings.default_tier"]
    assert "no number of days" in became["restore_settings.default_days"]


def test_prices_of_the_old_tool_become_prices_of_its_region(david: Person) -> None:
    costs = {
        "track_costs": True,
        "storage_cost_per_gb_per_month": {"STANDARD": 0.025, "GLACIER_FLEXIBLE": 0.00405, "FOO": 1},
        "data_transfer_cost_per_gb": {"upload": 0.0, "download": 0.085},
    }
    became, _ = imported(david, cost_tracking=costs, aws_region="xx-west-9")
    assert "GLACIER: 0.00405" in became["cost_tracking.storage_cost_per_gb_per_month.GLACIER_FLEXIBLE"]
    assert "'FOO' is no storage class" in became["cost_tracking.storage_cost_per_gb_per_month.FOO"]
    prices = (load_settings(david.repo, flags={}, environ=home_of(david)).prices or {})["xx-west-9"]
    assert (prices.storage, prices.egress) == ({"STANDARD": 0.025, "GLACIER": 0.00405}, 0.085)
    costs["storage_cost_per_gb_per_month"] = {"STANDARD": 9}
    became, _ = imported(david, cost_tracking=costs, aws_region="xx-west-9")
    assert "have `prices:` already" in became["cost_tracking.storage_cost_per_gb_per_month.STANDARD"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("S3_ARCHIVE_BUCKET=new\nS3_BUCKET=old\n", ("S3_BUCKET", "S3_ARCHIVE_BUCKET is the newer name")),
        ("S3_BUCKET=old\nS3_RETENTION_DAYS=3 months\n", ("S3_RETENTION_DAYS", "'3 months' is no number of days")),
        ("SSD_BASE=/ssd\nSSD_RETENTION_DAYS=30\n", ("SSD_RETENTION_DAYS", "no bucket is named")),
        ("S3_BUCKET=bb\nS3_PREFIX=p\nS3_ARCHIVE_PREFIX=a\n", ("S3_PREFIX", "S3_ARCHIVE_PREFIX is the newer name")),
        ("S3_ARCHIVE_BUCKET=aa\nS3_BUCKET=bb\nS3_PREFIX=p\n", ("S3_PREFIX", "it belongs to S3_BUCKET, which does not")),
    ],
)
def test_a_key_of_an_env_file_that_does_not_count_says_why(david: Person, text: str, told: tuple[str, str]) -> None:
    settings(david, "store: s3://team\n")
    (david.repo / ".video-tools.env").write_text(text)
    notes = david.ok("archive", "import", ".video-tools.env", "--dry-run", "--json", cwd=david.repo).json["notes"]
    assert told[1] in {note["key"]: note["became"] for note in notes}[told[0]]


def test_an_env_file_becomes_the_chain_over_the_ssd(david: Person) -> None:
    settings(david, "store: s3://team\n")
    ssd = david.root / "ssd"
    (david.repo / ".video-tools.env").write_text(
        f"SSD_BASE={ssd}\nS3_ARCHIVE_BUCKET=video-archive\nS3_ARCHIVE_PREFIX=projects/\n"
        "S3_RETENTION_DAYS=90\nSSD_RETENTION_DAYS=180\nGLACIER_VAULT=old\nOTHER=1\n"
    )
    put(david.repo, "b40-old/s3-staging/a.mp4")
    put(david.repo, "scripts/x.sh")
    put(ssd, "b12-older/a.mp4")
    result = david.ok("archive", "import", ".video-tools.env", cwd=david.repo)
    assert "GLACIER_VAULT -> nothing: vaults are another service" in result.out
    assert "OTHER -> nothing" in result.out
    assert (david.repo / ".s3sync.yaml").read_text() == "store: s3://team\n"
    found = david.ok("archive", "analyze", "--json", cwd=david.repo).json["sets"]
    assert {one["name"]: [unit["key"] for unit in one["units"]] for one in found} == {
        "ssd": ["b40-old"],
        "projects": ["b00-b49/b12-older.tar.gz"],
    }
    assert {one["name"]: one["store"] for one in found} == {
        "ssd": f"file://{ssd}",
        "projects": "s3://video-archive/projects",
    }


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("S3_BUCKET=old\nS3_PREFIX=p\n", "s3://old/p"),
        ("S3_BUCKET=old\nS3_ARCHIVE_PREFIX=a/\n", "s3://old/a"),
        ("S3_BUCKET=old\nS3_PREFIX=p\nS3_ARCHIVE_PREFIX='a'  # newer\n", "s3://old/a"),
        ("S3_ARCHIVE_BUCKET=new\nS3_PREFIX=p\n", "s3://new/p"),
        ("S3_ARCHIVE_BUCKET=new\nS3_BUCKET=old\nS3_PREFIX=p\n", "s3://new"),
    ],
)
def test_the_older_names_of_an_env_file_are_read(text: str, store: str, david: Person) -> None:
    """A newer prefix beside an older bucket was left out, and archives went to the top of the bucket."""
    settings(david, "store: s3://team\n")
    (david.root / "old.env").write_text(f"{text}SSD_BASE={david.root}/ssd\n")
    found = david.ok("archive", "import", "old.env", "--dry-run", "--json", cwd=david.root).json
    assert f"store: {store}\n" in found["text"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", "{", "cannot import"),
        ("a.json", "[]", "no JSON object"),
        ("a.json", '{"buckets": {"primary": "../x"}}', "names no bucket"),
        ("a.json", '{"buckets": {"primary": "ab"}, "aws_region": "x y", "s3_paths": {"final_outputs": "f"}}', "region"),
        ("a.json", '{"buckets": {"primary": "ab"}, "s3_paths": {"final_outputs": "../../x"}}', "leads elsewhere"),
        (
            "a.json",
            '{"buckets": {"primary": "ab"}, "s3_paths": {"final_outputs": "a//b"}}',
            "`s3_paths.final_outputs` is",
        ),
        ("a.env", "SSD_BASE=/x\nS3_ARCHIVE_BUCKET my-bucket\n", "a.env line 2 is not valid"),
        ("a.env", "A=1\n", "neither SSD_BASE nor"),
        ("a.env", "S3_BUCKET=a b\n", "names no bucket"),
    ],
)
def test_what_is_no_such_file_is_told_and_changes_nothing(david: Person, name: str, text: str, told: str) -> None:
    settings(david, "store: s3://team\n")
    (david.repo / name).write_text(text)
    assert told in david.expect(2, "archive", "import", name, cwd=david.repo).err
    assert (david.repo / ".s3sync.yaml").read_text() == "store: s3://team\n"
    assert "cannot read" in david.expect(2, "archive", "import", "nosuch.json", cwd=david.repo).err


@pytest.mark.parametrize("name", ["s3-staging/old.env", "s3-staging/deep/s3_config.json"])
def test_nothing_that_came_from_the_store_goes_into_the_users_own_settings(name: str, david: Person) -> None:
    """Nobody is asked about the stores in them: whoever writes to the store would have files sent to his own."""
    text = json.dumps(CONFIG) if name.endswith("json") else "S3_BUCKET=theirs\nSSD_BASE=/mnt/ssd\n"
    put(david.project, name)
    (david.project / name).write_text(text)
    david.environ = {**david.environ, "S3SYNC_TRUST": ""}
    told = david.expect(2, "archive", "import", name, "--own", cwd=david.project)
    assert "it lies in a staging folder" in told.err and "theirs" not in david.ok("config").out
    assert not (david.root / "home" / ".config" / "s3sync" / "config.yaml").exists()
    (david.root / "link.env").symlink_to(david.project / name)
    assert "it lies in a staging folder" in david.expect(2, "archive", "import", "../../link.env", "--own").err


@pytest.mark.parametrize("name", ["s3_config.json", "tools/old.json", "s3-staging/s3_config.json"])
def test_what_others_wrote_says_nothing_in_the_users_own_settings(name: str, david: Person) -> None:
    """His own hold in all repositories, and lower prices there would have a command spend without a question."""
    own = {"max_concurrency": 1, "max_bandwidth_mbps": 0.01}
    costs = {"storage_cost_per_gb_per_month": {"STANDARD": 0.5}, "data_transfer_cost_per_gb": {"download": 0.5}}
    text = json.dumps(CONFIG | {"upload_settings": own, "cost_tracking": costs})
    settings(david, "store: s3://team\n")
    put(david.repo, name)
    (david.repo / name).write_text(text)
    for words in (["init", "-q"], ["add", "--", name])[: 1 if "staging" in name else 2]:
        subprocess.run(["git", *words], cwd=david.repo, check=True)
    david.environ = {**david.environ, "S3SYNC_TRUST": ""}
    told = david.ok("archive", "import", name, "--json", cwd=david.repo).json["notes"]
    became = {note["key"]: note["became"] for note in told}
    for key in ("upload_settings.max_concurrency", "upload_settings.max_bandwidth_mbps"):
        assert "nothing: " in became[key] and "your own settings" in became[key]
    assert "can have prices: " in became["cost_tracking.data_transfer_cost_per_gb.download"]
    assert not (david.root / "home" / ".config" / "s3sync" / "config.yaml").exists()
    assert "sessions:" in (david.repo / ".s3sync.yaml").read_text()
    (david.root / "mine.json").write_text(text)
    david.ok("archive", "import", str(david.root / "mine.json"), "--json", cwd=david.repo)
    assert "transfers: 1" in (david.root / "home" / ".config" / "s3sync" / "config.yaml").read_text()
