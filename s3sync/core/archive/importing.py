"""Settings of earlier tools as archive sets: what each becomes here, or the reason why nothing is needed.

Every key of the file is accounted for in `Imported.notes`, so that nobody has to wonder what was dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field

Rules: TypeAlias = dict[str, object]

POLICIES: Mapping[str, tuple[str, int, str]] = {
    "fast": ("fast", 7, "DEEP_ARCHIVE"),
    "standard": ("normal", 30, "DEEP_ARCHIVE"),
    "delayed": ("delayed", 90, "GLACIER"),
}
"""Words of `archive_policy` with the tag `archive` that they become, and the days and class of its lifecycle rule."""
_CLASS_OF_BACKUP = {"deep": "DEEP_ARCHIVE", "flexible": "GLACIER"}
_KINDS: Mapping[str, tuple[str, str, str]] = {
    "imaging_sessions": ("sessions", "raw/*", ""),
    "processing_sessions": ("processing", "processing/*", "processing"),
    "raw_lights": ("lights", "lights/*", "lights"),
    "raw_calibration": ("calibration", "calibration/*", "calibration"),
}
"""Groups of `backup_rules` with the set's name, its folder, and the folder of its keys."""
_NOTES = ("*.md", "notes*.txt")
_NO_NEED = {
    "upload_settings.multipart_threshold_mb": "nothing: sizes of parts are chosen for each file",
    "upload_settings.multipart_chunksize_mb": "nothing: sizes of parts are chosen for each file",
    "archive_settings.verify_after_upload": "nothing: every archive is verified by its checksum, always",
    "archive_settings.keep_archive_index": "nothing: every archive has its index beside it, always",
    "archive_settings.temp_dir": "nothing: archives are streamed, without a temporary file",
    "restore_settings.default_tier": "an option: s3sync restore UNIT --tier",
    "restore_settings.default_days": "an option: s3sync restore UNIT --days",
    "restore_settings.restore_path": "an option: s3sync restore UNIT --to DIR",
    "s3_paths.session_notes": "nothing: notes are kept readable beside their archive (`sidecars`)",
    "s3_paths.processing_notes": "nothing: notes are kept readable beside their archive (`sidecars`)",
    "notifications": "nothing: a failed run says so in its exit code",
    "cost_tracking": "nothing: prices come from a dated list; docs/costs.md says how to give your own",
}
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


class Imported(Struct):
    """Sets by name with their rules, settings by name, and what became of each key: the key and its fate."""

    sets: dict[str, Rules] = field(default_factory=dict)
    settings: Rules = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)


class NotImportable(ValueError):
    """A file is not what the earlier tool writes."""


def import_config(document: object, source_of: Callable[[str], str] = str) -> Imported:
    """Sets of `s3_config.json`. `source_of` places a folder of the tool's. Raises `NotImportable`."""
    if not isinstance(document, Mapping):
        raise NotImportable("it is no JSON object")
    keys = dict(_leaves(document))
    bucket = keys.get("buckets.primary")
    if not isinstance(bucket, str) or not _BUCKET.fullmatch(bucket):
        raise NotImportable("`buckets.primary` names no bucket")
    found = Imported()
    common: Rules = {"store": f"s3://{bucket}"}
    found.notes.append(("buckets.primary", f"store: s3://{bucket}"))
    if region := keys.get("aws_region"):
        common["region"] = region
        found.notes.append(("aws_region", f"region: {region}"))
    for group, (name, folder, below) in _KINDS.items():
        if f"backup_rules.{group}" in keys or any(key.startswith(f"backup_rules.{group}.") for key in keys):
            found.sets[name] = _set(group, keys, found, {**common, "source": source_of(folder)}, below)
    _final(keys, found, {**common, "source": source_of("final")})
    _settings(keys, found)
    told = {key for key, _ in found.notes}
    for key, value in keys.items():
        if key not in told:
            found.notes.append((key, _fate(key, value)))
    return found


def _set(group: str, keys: Mapping[str, Any], found: Imported, rules: Rules, below: str) -> Rules:
    raw = str(keys.get("s3_paths.raw_archives") or "backups/raw").strip("/")
    folder = raw if not below else f"{raw.rpartition('/')[0]}/{below}".lstrip("/")
    rules["layout"] = f"{folder}/{{year}}/{{id}}"
    rules["pack"] = "tar"
    if "s3_paths.raw_archives" in keys:
        _note(found, "s3_paths.raw_archives", f'layout: "{raw}/{{year}}/{{id}}"')
    if below in ("", "processing"):
        rules["sidecars"] = _NOTES
    _class(group, keys, found, rules)
    _moves(group, keys, found, rules)
    level = keys.get("archive_settings.compression_level")
    if isinstance(level, int) and 0 < level < 10:
        rules |= {"pack": "tar.gz", "level": level}
        _note(found, "archive_settings.compression_level", f"pack: tar.gz, level: {level}")
    size = keys.get("archive_settings.max_archive_size_gb")
    if isinstance(size, (int, float)) and size > 0:
        rules["max_size"] = f"{max(1, round(size))}G"
        _note(found, "archive_settings.max_archive_size_gb", f"max_size: {rules['max_size']}")
    return rules


def _class(group: str, keys: Mapping[str, Any], found: Imported, rules: Rules) -> None:
    key = f"backup_rules.{group}.storage_class"
    said = keys.get(key)
    if not isinstance(said, str):
        return
    from s3sync.core.archive.rule_files import class_meant

    meant = class_meant(said)
    if meant is None:
        _note(found, key, f"nothing: {said[:40]!r} is no storage class of S3, so that STANDARD holds")
        return
    rules["storage_class"] = meant
    _note(found, key, f"storage_class: {meant}" + (f" (the right word for {said})" if meant != said else ""))


def _moves(group: str, keys: Mapping[str, Any], found: Imported, rules: Rules) -> None:
    """Lifecycle: by tag where the policy is one of those that there are rules for, else by the set's own days."""
    policy, backup, days = (
        keys.get(f"backup_rules.{group}.{word}") for word in ("archive_policy", "backup_policy", "archive_days")
    )
    days = days if isinstance(days, int) and not isinstance(days, bool) and days >= 0 else None
    tag, usual, target = POLICIES.get(str(policy), ("", None, "DEEP_ARCHIVE"))
    by_days = days is not None and days != usual
    if policy is not None:
        told = f"tags: {{archive: {tag}}}" if tag and not by_days else f"lifecycle_class: {target}"
        _note(found, f"backup_rules.{group}.archive_policy", told)
    if tag and not by_days:
        rules["tags"] = {"archive": tag}
    if days is not None:
        told = f"lifecycle_days: {days}" if by_days else f"nothing: the rule for archive={tag} says {days} days"
        _note(found, f"backup_rules.{group}.archive_days", told)
    if by_days:
        rules |= {"lifecycle_days": days, "lifecycle_class": target}
    if backup is not None:
        key = f"backup_rules.{group}.backup_policy"
        if str(backup) not in _CLASS_OF_BACKUP:
            _note(found, key, f"nothing: {str(backup)[:40]!r} is not known")
        elif backup == "deep" and not by_days and not tag:
            rules["tags"] = {"backup": "deep-archive"}
            _note(found, key, "tags: {backup: deep-archive}")
        else:
            _note(found, key, f"nothing: the set moves to {target} by its archive policy")
        if backup == "flexible" and not by_days and not tag:
            rules |= {"lifecycle_days": 0, "lifecycle_class": "GLACIER"}
            found.notes[-1] = (key, "lifecycle_days: 0, lifecycle_class: GLACIER")


def _final(keys: Mapping[str, Any], found: Imported, rules: Rules) -> None:
    path = keys.get("s3_paths.final_outputs")
    if isinstance(path, str) and path.strip("/"):
        rules |= {"unit": "file", "layout": f"{path.strip('/')}/{{path}}", "storage_class": "STANDARD_IA"}
        found.sets["final"] = rules
        _note(found, "s3_paths.final_outputs", "the set `final`")


def _settings(keys: Mapping[str, Any], found: Imported) -> None:
    workers = keys.get("upload_settings.max_concurrency")
    if isinstance(workers, int) and 1 <= workers <= 256:
        found.settings["transfers"] = workers
        _note(found, "upload_settings.max_concurrency", f"transfers: {workers}")
    speed = keys.get("upload_settings.max_bandwidth_mbps")
    if isinstance(speed, (int, float)) and not isinstance(speed, bool) and speed > 0:
        kib = max(1, round(speed * 1_000_000 / 8 / 1024))
        found.settings["bwlimit"] = f"{kib}K"
        _note(found, "upload_settings.max_bandwidth_mbps", f"bwlimit: {kib}K ({speed} megabits a second)")


def import_env(values: Mapping[str, str], projects: str | None) -> Imported:
    """Sets of `.video-tools.env`: projects to the SSD, and from there, or from here, to S3.

    `projects` is a glob of the folders of projects on this computer. Raises `NotImportable`.
    """
    found = Imported()
    ssd = values.get("SSD_BASE", "").rstrip("/")
    bucket, prefix = values.get("S3_ARCHIVE_BUCKET", ""), values.get("S3_ARCHIVE_PREFIX", "")
    names = ("S3_ARCHIVE_BUCKET", "S3_ARCHIVE_PREFIX")
    if not bucket:
        bucket, prefix, names = values.get("S3_BUCKET", ""), values.get("S3_PREFIX", ""), ("S3_BUCKET", "S3_PREFIX")
    if not ssd and not bucket:
        raise NotImportable("it has neither SSD_BASE nor S3_ARCHIVE_BUCKET")
    if bucket and not _BUCKET.fullmatch(bucket.removeprefix("s3://").strip("/")):
        raise NotImportable(f"{names[0]} names no bucket")
    if ssd and projects:
        found.sets["ssd"] = {"store": f"file://{ssd}", "source": projects, "layout": "{id}", "pack": "none"}
        found.notes.append(("SSD_BASE", f"the set `ssd`: plain trees in {ssd}"))
    if bucket:
        _to_s3(
            values, found, bucket.removeprefix("s3://").strip("/"), prefix.strip("/"), f"{ssd}/*" if ssd else projects
        )
        found.notes.append((names[0], "the set `projects`"))
        if prefix:
            found.notes.append((names[1], "the set `projects`"))
    if "GLACIER_VAULT" in values:
        found.notes.append(
            ("GLACIER_VAULT", "nothing: vaults are another service; the class DEEP_ARCHIVE is in the bucket")
        )
    told = {key for key, _ in found.notes}
    found.notes += [(key, "nothing: it is not about archives") for key in values if key not in told]
    return found


def _to_s3(values: Mapping[str, str], found: Imported, bucket: str, prefix: str, source: str | None) -> None:
    rules: Rules = {"store": f"s3://{bucket}/{prefix}".rstrip("/")}
    if source:
        rules["source"] = source
    rules |= {"layout": "{range}/{id}", "pack": "tar.gz"}
    for name, rule in (("SSD_RETENTION_DAYS", "older_than"), ("S3_RETENTION_DAYS", "lifecycle_days")):
        days = values.get(name, "")
        if not days.isdecimal():
            continue
        if rule == "older_than":
            rules["older_than"] = f"{int(days)}d"
            found.notes.append((name, f"older_than: {int(days)}d of the set `projects`"))
        else:
            rules |= {"lifecycle_days": int(days), "lifecycle_class": "DEEP_ARCHIVE"}
            found.notes.append((name, f"lifecycle_days: {int(days)} of the set `projects`, to DEEP_ARCHIVE"))
    found.sets["projects"] = rules


def _note(found: Imported, key: str, fate: str) -> None:
    if key not in {known for known, _ in found.notes}:
        found.notes.append((key, fate))


def _fate(key: str, value: object) -> str:
    if key == "enabled":
        return "nothing: a set sends only when it is run" + ("" if value else "; the old tool was switched off")
    if key == "buckets.backup" and _BUCKET.fullmatch(str(value)):
        return f"nothing by itself: for a second copy add a set with `store: s3://{value}`"
    near = next((fate for name, fate in _NO_NEED.items() if key == name or key.startswith(f"{name}.")), None)
    return near or "nothing: s3sync does not know it"


def _leaves(document: Mapping[Any, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    for key, value in document.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value and depth < 10:
            yield from _leaves(value, f"{name}.", depth + 1)
        else:
            yield name, value
