"""Settings of earlier tools as archive sets: what each becomes here, or the reason why nothing is needed.

Every key of the file is accounted for in `Imported.notes`, so that nobody has to wonder what was dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from s3sync.core.archive.imported import BUCKET, Imported, NotImportable, Rules, shown
from s3sync.core.archive.importing_fates import fate, is_number, is_price
from s3sync.core.archive.layout import LayoutError, parse_layout
from s3sync.core.typed import quoted

POLICIES: Mapping[str, tuple[str, int, str]] = {
    "fast": ("fast", 7, "DEEP_ARCHIVE"),
    "standard": ("normal", 30, "DEEP_ARCHIVE"),
    "delayed": ("delayed", 90, "GLACIER"),
}
"""Words of `archive_policy` with the tag `archive` that they become, and the days and class of its lifecycle rule."""
BACKUPS: Mapping[str, Rules] = {
    "deep": {"tags": {"backup": "deep-archive"}},
    "flexible": {"storage_class": "GLACIER"},
}
"""Words of `backup_policy`: by tag and rule at once to DEEP_ARCHIVE, or sent to GLACIER."""
SECOND = "-backup"
"""End of the name of a set for second copies."""
_KINDS: Mapping[str, tuple[str, str, str]] = {
    "imaging_sessions": ("sessions", "raw/*", ""),
    "processing_sessions": ("processing", "processing/*", "processing"),
    "raw_lights": ("lights", "lights/*", "lights"),
    "raw_calibration": ("calibration", "calibration/*", "calibration"),
}
"""Groups of `backup_rules` with the set's name, its folder, and the folder of its keys."""
_NOTES = ("*.md", "notes*.txt")
TIERS = ("bulk", "standard", "expedited")
_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
MOST_GB, MOST_DAYS = 1_000_000, 36_500


def import_config(document: object, source_of: Callable[[str], str] = str) -> Imported:
    """Sets of `s3_config.json`. `source_of` places a folder of the tool's. Raises `NotImportable`."""
    if not isinstance(document, Mapping):
        raise NotImportable("it is no JSON object")
    keys = dict(_leaves(document))
    bucket = keys.get("buckets.primary")
    if not isinstance(bucket, str) or not BUCKET.fullmatch(bucket):
        raise NotImportable("`buckets.primary` names no bucket")
    found = Imported()
    common: Rules = {"store": f"s3://{bucket}"}
    found.notes.append(("buckets.primary", f"store: s3://{bucket}"))
    region = keys.get("aws_region")
    if isinstance(region, str) and region:
        if not _REGION.fullmatch(region):
            raise NotImportable(f"`aws_region` is no region's name: {shown(region)}")
        common["region"] = region
        found.notes.append(("aws_region", f"region: {region}"))
    backup = keys.get("buckets.backup")
    second = backup if isinstance(backup, str) and BUCKET.fullmatch(backup) and backup != bucket else None
    for group, (name, folder, below) in _KINDS.items():
        if keys.get(f"backup_rules.{group}") == {} or any(key.startswith(f"backup_rules.{group}.") for key in keys):
            made = _set(name, group, keys, found, {**common, "source": source_of(folder)}, below, second is not None)
            found.sets[name] = made
            if f"backup_rules.{group}" in keys:
                found.note(f"backup_rules.{group}", f"the set `{name}`")
            if second is not None:
                _second(name, group, keys, found, {**made, "store": f"s3://{second}"})
    if second is not None and any(name.endswith(SECOND) for name in found.sets):
        of = ", ".join(name for name in found.sets if name.endswith(SECOND))
        found.note("buckets.backup", f"the sets {of}: second copies in s3://{second}")
    _final(keys, found, {**common, "source": source_of("final")})
    _settings(keys, found)
    _restore(keys, found)
    if isinstance(keys.get("aws_region"), str):
        _prices(keys, found)
    told = {key for key, _ in found.notes}
    for key, value in keys.items():
        if key not in told:
            found.notes.append((key, fate(key, value)))
    return found


def _set(
    name: str, group: str, keys: Mapping[str, Any], found: Imported, rules: Rules, below: str, has_second: bool
) -> Rules:
    said = keys.get("s3_paths.raw_archives")
    raw = (said if isinstance(said, str) else "").strip("/") or "backups/raw"
    _require_folder("s3_paths.raw_archives", raw)
    folder = raw if not below else f"{raw.rpartition('/')[0]}/{below}".lstrip("/")
    rules["layout"] = f"{folder}/{{year}}/{{id}}"
    rules["pack"] = "tar"
    if isinstance(said, str):
        found.note("s3_paths.raw_archives", f'layout: "{raw}/{{year}}/{{id}}"')
    if below in ("", "processing"):
        rules["sidecars"] = _NOTES
    _class(group, keys, found, rules)
    _moves(name, group, keys, found, rules, has_second)
    level = keys.get("archive_settings.compression_level")
    if is_number(level) and level in range(1, 10):
        rules |= {"pack": "tar.gz", "level": int(level)}
        found.note("archive_settings.compression_level", f"pack: tar.gz, level: {int(level)}")
    size = keys.get("archive_settings.max_archive_size_gb")
    if is_number(size) and 0 < size < MOST_GB:
        mib = max(1, int(size * 1024))
        rules["max_size"] = f"{mib}M" if mib % 1024 else f"{mib // 1024}G"
        found.note("archive_settings.max_archive_size_gb", f"max_size: {rules['max_size']}")
    return rules


def _require_folder(key: str, folder: str) -> None:
    try:
        parse_layout(f"{folder}/{{path}}")
    except LayoutError as error:
        raise NotImportable(f"`{key}` is no folder in which keys can be: {error}") from None


def _class(group: str, keys: Mapping[str, Any], found: Imported, rules: Rules) -> None:
    key = f"backup_rules.{group}.storage_class"
    said = keys.get(key)
    if not isinstance(said, str):
        return
    from s3sync.core.archive.rule_files import class_meant

    meant = class_meant(said)
    if meant is None:
        found.note(key, f"nothing: {said[:40]!r} is no storage class of S3, so that STANDARD holds")
        return
    rules["storage_class"] = meant
    found.note(key, f"storage_class: {meant}" + (f" (the right word for {said})" if meant != said else ""))


def _moves(name: str, group: str, keys: Mapping[str, Any], found: Imported, rules: Rules, has_second: bool) -> None:
    """Lifecycle: by tag where the policy is one of those that there are rules for, else by the set's own days."""
    key = f"backup_rules.{group}"
    policy, backup, days = (keys.get(f"{key}.{word}") for word in ("archive_policy", "backup_policy", "archive_days"))
    said, days = days, int(days) if is_number(days) and days in range(MOST_DAYS + 1) else None
    tag, usual, target = POLICIES.get(str(policy), ("", None, "DEEP_ARCHIVE"))
    by_days = days is not None and days != usual
    if policy is not None and not tag:
        found.note(f"{key}.archive_policy", f"nothing: {shown(policy)} is none of {', '.join(POLICIES)}")
    elif policy is not None:
        told = f"tags: {{archive: {tag}}}" if not by_days else f"lifecycle_class: {target}"
        found.note(f"{key}.archive_policy", told)
    if tag and not by_days:
        rules["tags"] = {"archive": tag}
    if by_days:
        found.note(f"{key}.archive_days", f"lifecycle_days: {days}, tags: {{set: {name}}}")
    elif days is not None:
        found.note(f"{key}.archive_days", f"nothing: the rule for archive={tag} says {days} days")
    elif said is not None:
        found.note(f"{key}.archive_days", f"nothing: {shown(said)} is no number of days")
    if by_days:
        # The tag is what the rule goes by: by its prefix it would move the indexes, too.
        rules |= {"tags": {"set": name}, "lifecycle_days": days, "lifecycle_class": target}
    if backup is not None and not has_second:
        told = "nothing: there is no second bucket in `buckets.backup`"
        if str(backup) in BACKUPS and "tags" not in rules:
            rules |= BACKUPS[str(backup)]
            told = f"{_rules_text(BACKUPS[str(backup)])}: there is no second bucket in `buckets.backup`"
        found.note(f"{key}.backup_policy", told)


def _second(name: str, group: str, keys: Mapping[str, Any], found: Imported, rules: Rules) -> None:
    """The set for the second copies of a group, in the class that its policy says."""
    key = f"backup_rules.{group}.backup_policy"
    policy = keys.get(key)
    if policy is None:
        return
    if str(policy) not in BACKUPS:
        found.note(key, f"nothing: {shown(policy)} is none of {', '.join(BACKUPS)}")
        return
    for word in ("tags", "storage_class", "lifecycle_days", "lifecycle_class"):
        rules.pop(word, None)
    found.sets[f"{name}{SECOND}"] = rules | BACKUPS[str(policy)]
    found.note(key, f"the set `{name}{SECOND}`: {_rules_text(BACKUPS[str(policy)])}")


def _rules_text(rules: Rules) -> str:
    """Rules as they stand in the settings."""
    return ", ".join(
        f"{name}: {{{', '.join(f'{key}: {one}' for key, one in value.items())}}}"
        if isinstance(value, Mapping)
        else f"{name}: {value}"
        for name, value in rules.items()
    )


def _final(keys: Mapping[str, Any], found: Imported, rules: Rules) -> None:
    path = keys.get("s3_paths.final_outputs")
    if isinstance(path, str) and path.strip("/"):
        _require_folder("s3_paths.final_outputs", path.strip("/"))
        rules |= {"unit": "file", "layout": f"{path.strip('/')}/{{path}}", "storage_class": "STANDARD_IA"}
        found.sets["final"] = rules
        found.note("s3_paths.final_outputs", "the set `final`")


def _settings(keys: Mapping[str, Any], found: Imported) -> None:
    workers = keys.get("upload_settings.max_concurrency")
    if is_number(workers) and workers in range(1, 257):
        found.settings["transfers"] = int(workers)
        found.note("upload_settings.max_concurrency", f"transfers: {int(workers)}")
    speed = keys.get("upload_settings.max_bandwidth_mbps")
    if is_number(speed) and 0 < speed < 1e9:
        kib = max(1, round(speed * 1_000_000 / 8 / 1024))
        found.settings["bwlimit"] = f"{kib}K"
        found.note("upload_settings.max_bandwidth_mbps", f"bwlimit: {kib}K ({speed} megabits a second)")


def _restore(keys: Mapping[str, Any], found: Imported) -> None:
    """Defaults of restoring are options here, told with their values."""
    tier = keys.get("restore_settings.default_tier")
    if tier is not None:
        word = str(tier).lower()
        told = f"an option: s3sync restore UNIT --tier {word} (without it: bulk, the cheapest)"
        if word not in TIERS:
            told = f"nothing: {shown(tier)} is none of {', '.join(TIERS)}"
        found.note("restore_settings.default_tier", told)
    days = keys.get("restore_settings.default_days")
    if is_number(days) and days in range(1, 366):
        told = (
            "nothing: 7 days are what s3sync asks for" if days == 7 else f"an option: s3sync restore UNIT --days {days}"
        )
        found.note("restore_settings.default_days", told)
    elif days is not None:
        found.note("restore_settings.default_days", f"nothing: {shown(days)} is no number of days from 1 to 365")
    path = keys.get("restore_settings.restore_path")
    if isinstance(path, str) and path:
        found.note("restore_settings.restore_path", f"an option: s3sync restore UNIT --to {quoted(path)}")


def _prices(keys: Mapping[str, Any], found: Imported) -> None:
    """Prices that the tool was told become `prices` of its region, each under S3's own name of the class."""
    from s3sync.core.archive.rule_files import class_meant

    region, said = keys.get("aws_region"), dict[str, object]()
    storage: dict[str, float] = {}
    for key, value in keys.items():
        group, _, name = key.removeprefix("cost_tracking.").rpartition(".")
        if not key.startswith("cost_tracking.") or not group or not is_price(value):
            continue
        meant = class_meant(name)
        if group.startswith("storage_cost") and meant is None:
            found.note(key, f"nothing: {shown(name)} is no storage class of S3")
        elif group.startswith("storage_cost") and meant is not None:
            storage[meant] = float(value)
            found.note(key, f"prices: {{{region}: {{storage: {{{meant}: {value}}}}}}}")
        elif group.startswith("data_transfer_cost") and name == "download":
            said["egress"] = float(value)
            found.note(key, f"prices: {{{region}: {{egress: {value}}}}}")
        elif group.startswith("data_transfer_cost") and name == "upload":
            found.note(key, "nothing: sending is not billed by the GB")
    if storage:
        said["storage"] = storage
    if said and isinstance(region, str):
        found.prices = {region: said}


def _leaves(document: Mapping[Any, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    for key, value in document.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value and depth < 10:
            yield from _leaves(value, f"{name}.", depth + 1)
        else:
            yield name, value
