"""Settings of earlier tools as archive sets: what each becomes here, or the reason why nothing is needed.

Every key of the file is accounted for in `Imported.notes`, so that nobody has to wonder what was dropped.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from s3sync.core.archive.imported import BUCKET, Imported, NotImportable, Rules, shown

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
TIERS = ("bulk", "standard", "expedited")


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
    if region := keys.get("aws_region"):
        common["region"] = region
        found.notes.append(("aws_region", f"region: {region}"))
    backup = keys.get("buckets.backup")
    second = backup if isinstance(backup, str) and BUCKET.fullmatch(backup) and backup != bucket else None
    for group, (name, folder, below) in _KINDS.items():
        if f"backup_rules.{group}" in keys or any(key.startswith(f"backup_rules.{group}.") for key in keys):
            made = _set(name, group, keys, found, {**common, "source": source_of(folder)}, below, second is not None)
            found.sets[name] = made
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
            found.notes.append((key, _fate(key, value, bucket)))
    return found


def _set(
    name: str, group: str, keys: Mapping[str, Any], found: Imported, rules: Rules, below: str, has_second: bool
) -> Rules:
    raw = str(keys.get("s3_paths.raw_archives") or "backups/raw").strip("/")
    folder = raw if not below else f"{raw.rpartition('/')[0]}/{below}".lstrip("/")
    rules["layout"] = f"{folder}/{{year}}/{{id}}"
    rules["pack"] = "tar"
    if "s3_paths.raw_archives" in keys:
        found.note("s3_paths.raw_archives", f'layout: "{raw}/{{year}}/{{id}}"')
    if below in ("", "processing"):
        rules["sidecars"] = _NOTES
    _class(group, keys, found, rules)
    _moves(name, group, keys, found, rules, has_second)
    level = keys.get("archive_settings.compression_level")
    if isinstance(level, int) and 0 < level < 10:
        rules |= {"pack": "tar.gz", "level": level}
        found.note("archive_settings.compression_level", f"pack: tar.gz, level: {level}")
    size = keys.get("archive_settings.max_archive_size_gb")
    if isinstance(size, (int, float)) and size > 0:
        rules["max_size"] = f"{max(1, round(size))}G"
        found.note("archive_settings.max_archive_size_gb", f"max_size: {rules['max_size']}")
    return rules


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
    said, days = days, days if isinstance(days, int) and not isinstance(days, bool) and days >= 0 else None
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
        rules |= {"unit": "file", "layout": f"{path.strip('/')}/{{path}}", "storage_class": "STANDARD_IA"}
        found.sets["final"] = rules
        found.note("s3_paths.final_outputs", "the set `final`")


def _settings(keys: Mapping[str, Any], found: Imported) -> None:
    workers = keys.get("upload_settings.max_concurrency")
    if isinstance(workers, int) and 1 <= workers <= 256:
        found.settings["transfers"] = workers
        found.note("upload_settings.max_concurrency", f"transfers: {workers}")
    speed = keys.get("upload_settings.max_bandwidth_mbps")
    if isinstance(speed, (int, float)) and not isinstance(speed, bool) and 0 < speed < 1e9:
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
    if isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= 365:
        told = (
            "nothing: 7 days are what s3sync asks for" if days == 7 else f"an option: s3sync restore UNIT --days {days}"
        )
        found.note("restore_settings.default_days", told)
    elif days is not None:
        found.note("restore_settings.default_days", f"nothing: {shown(days)} is no number of days from 1 to 365")
    path = keys.get("restore_settings.restore_path")
    if isinstance(path, str) and path:
        found.note("restore_settings.restore_path", f"an option: s3sync restore UNIT --to {shlex.quote(path)}")


def _prices(keys: Mapping[str, Any], found: Imported) -> None:
    """Prices that the tool was told become `prices` of its region, each under S3's own name of the class."""
    from s3sync.core.archive.rule_files import class_meant

    region, said = keys.get("aws_region"), dict[str, object]()
    storage: dict[str, float] = {}
    for key, value in keys.items():
        group, _, name = key.removeprefix("cost_tracking.").rpartition(".")
        if not key.startswith("cost_tracking.") or not group or not _is_price(value):
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


def _is_price(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e6


def _fate(key: str, value: object, primary: str) -> str:
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
    if key == "upload_settings.max_bandwidth_mbps" and value is None:
        return "nothing: there is no limit"
    if key == "archive_settings.compression_level" and value == 0:
        return "nothing: pack: tar does not compress"
    near = next((fate for name, fate in _NO_NEED.items() if key == name or key.startswith(f"{name}.")), None)
    return near or "nothing: s3sync does not know it"


def _leaves(document: Mapping[Any, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    for key, value in document.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value and depth < 10:
            yield from _leaves(value, f"{name}.", depth + 1)
        else:
            yield name, value
