"""`archive import`: the settings of earlier tools become sets, and nothing in them is dropped without a word."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
    assert "secret" not in json.dumps(dry)

    result = david.ok("archive", "import", "s3_config.json", cwd=david.repo)
    assert "sets sessions, processing, lights, calibration, final" in result.out
    found = david.expect(3, "archive", "analyze", "--json", cwd=david.repo).json
    assert {one["name"]: [unit["key"] for unit in one["units"]] for one in found["sets"]} == {
        "sessions": ["backups/raw/2024/M31_20240115.tar"],
        "final": ["backups/final/m31.tif"],
    }
    assert {one["name"] for one in found["failed"]} == {"processing", "lights", "calibration"}
    text = (david.repo / ".s3sync.yaml").read_text()
    assert "lifecycle_days: 60" in text and "tags: {archive: delayed}" in text and "max_size: 50G" in text
    own = david.ok("config", "show", "transfers", "bwlimit", "--json", cwd=david.repo).json["settings"]
    assert (own["transfers"]["value"], own["bwlimit"]["value"]) == ("4", "9766K")
    assert "has all of this already" in david.ok("archive", "import", "s3_config.json", cwd=david.repo).out


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


def test_the_older_names_of_an_env_file_are_read(david: Person) -> None:
    settings(david, "store: s3://team\n")
    (david.root / "old.env").write_text(f"S3_BUCKET=video-archive\nS3_PREFIX=p\nSSD_BASE={david.root}/ssd\n")
    found = david.ok("archive", "import", "old.env", "--dry-run", "--json", cwd=david.root).json
    assert "store: s3://video-archive/p" in found["text"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", "{", "cannot import"),
        ("a.json", "[]", "no JSON object"),
        ("a.json", '{"buckets": {"primary": "../x"}}', "names no bucket"),
        ("a.json", '{"buckets": {"primary": "ab"}, "aws_region": "x y", "s3_paths": {"final_outputs": "f"}}', "region"),
        ("a.json", '{"buckets": {"primary": "ab"}, "s3_paths": {"final_outputs": "../../x"}}', "leads elsewhere"),
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
