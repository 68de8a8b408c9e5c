"""Words about keys of an earlier tool's `s3_config.json` that make no rule: not needed here, or wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from s3sync.core.archive.imported import BUCKET, shown

_ALWAYS = "nothing: sizes of parts are chosen for each file"
_NOTES_STAY = "nothing: notes are kept readable beside their archive (`sidecars`)"
_NO_NEED = {
    "upload_settings.multipart_threshold_mb": _ALWAYS,
    "upload_settings.multipart_chunksize_mb": _ALWAYS,
    "upload_settings.use_threads": "nothing: `transfers` says how many requests run at once",
    "archive_settings.verify_after_upload": "nothing: every archive is verified by its checksum, always",
    "archive_settings.keep_archive_index": "nothing: every archive has its index beside it, always",
    "archive_settings.temp_dir": "nothing: archives are streamed, without a temporary file",
    "archive_settings.use_pigz": "nothing: no other program packs",
    "s3_paths.session_notes": _NOTES_STAY,
    "s3_paths.processing_notes": _NOTES_STAY,
    "s3_paths.database_backups": "nothing: what is archived is kept in the store itself, from which `archive catalogue"
    " rebuild` makes the catalogue; a database of another program is a file for a set of yours",
    "retry_settings": "nothing: requests are tried again by themselves; the setting `retries` limits it",
    "logging": "nothing: `s3sync archive log` has what was done, and --log-file what a command said",
    "notifications": "nothing here: `notify` in your own settings holds the addresses that are told of archives, thaws"
    " and verification (docs/notifications.md); a failed run also says so in its exit code",
    "cost_tracking": "nothing: costs are counted whenever they are asked for, `s3sync archive cost`",
}
_LIMITS = ("upload_settings.max_bandwidth_mbps", "archive_settings.max_archive_size_gb")
_WANTED: Mapping[str, str] = {
    "aws_region": "name of a region",
    "s3_paths.raw_archives": "folder of keys, so that backups/raw holds",
    "s3_paths.final_outputs": "folder of keys",
    "backup_rules.imaging_sessions": "group of rules",
    "backup_rules.processing_sessions": "group of rules",
    "backup_rules.raw_lights": "group of rules",
    "backup_rules.raw_calibration": "group of rules",
    "upload_settings.max_concurrency": "whole number from 1 to 256",
    "upload_settings.max_bandwidth_mbps": "number of megabits a second",
    "restore_settings.restore_path": "path of a folder",
    "archive_settings.compression_level": "level from 0 to 9",
    "archive_settings.max_archive_size_gb": "number of GB",
}
"""Keys that make a rule, with what their value has to be."""
_GROUPS = ("buckets", "s3_paths", "backup_rules", "upload_settings", "restore_settings", "archive_settings")


def is_number(value: object) -> TypeGuard[int | float]:
    """True for a number: yes and no are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_price(value: object) -> TypeGuard[int | float]:
    """True for an amount of money."""
    return is_number(value) and 0 <= value < 1e6


def _wanted(key: str, value: object) -> str | None:
    """What the value of a key has to be that makes a rule where it is right."""
    group, _, rest = key.partition(".")
    if group == "cost_tracking" and rest.startswith(("storage_cost", "data_transfer_cost")) and "." in rest:
        return None if is_price(value) else "price"
    if group == "backup_rules" and rest.endswith(".storage_class"):
        return "storage class of S3, so that STANDARD holds"
    return "group of settings" if key in _GROUPS else _WANTED.get(key)


def fate(key: str, value: object) -> str:
    """Fate of a key that made no rule."""
    if key == "enabled":
        return "nothing: a set sends only when it is run" + ("" if value else "; the old tool was switched off")
    if key == "buckets.backup":
        if value is None:
            return "nothing: there is no second bucket"
        if not BUCKET.fullmatch(str(value)):
            return "nothing: it names no bucket"
        return (
            f"nothing: no `backup_policy` says what goes there; for a second copy add a set with `store: s3://{value}`"
        )
    if key.rpartition(".")[2].startswith("_") or key.startswith("_"):
        return "nothing: it is a comment"
    if key in _LIMITS and (value is None or (is_number(value) and value == 0)):
        return "nothing: there is no limit"
    if key == "archive_settings.compression_level" and value == 0:
        return "nothing: pack: tar does not compress"
    if wanted := _wanted(key, value):
        return "nothing: it says nothing" if value is None or value == {} else f"nothing: {shown(value)} is no {wanted}"
    near = next((fate for name, fate in _NO_NEED.items() if key == name or key.startswith(f"{name}.")), None)
    return near or "nothing: s3sync does not know it"
