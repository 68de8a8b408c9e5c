"""`.video-tools.env` of an earlier tool as archive sets: the chain from here over an SSD to S3."""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.core.archive.imported import BUCKET, Imported, NotImportable, Rules, shown

_NEWER, _OLDER = ("S3_ARCHIVE_BUCKET", "S3_ARCHIVE_PREFIX"), ("S3_BUCKET", "S3_PREFIX")


def _names_that_count(values: Mapping[str, str]) -> tuple[str, str]:
    """The names of bucket and prefix that hold: the newer of each, but no older prefix that is of an older bucket."""
    newer_bucket, newer_prefix = (bool(values.get(name)) for name in _NEWER)
    bucket = _NEWER[0] if newer_bucket else _OLDER[0]
    of_older = bool(values.get(_OLDER[0])) or not values.get(_OLDER[1])
    if newer_prefix or (newer_bucket and of_older):
        return bucket, _NEWER[1]
    return bucket, _OLDER[1]


def import_env(values: Mapping[str, str], projects: str | None) -> Imported:
    """Sets of `.video-tools.env`: projects to the SSD, and from there, or from here, to S3.

    `projects` is a glob of the folders of projects on this computer. Raises `NotImportable`.
    """
    found = Imported()
    ssd = values.get("SSD_BASE", "").rstrip("/")
    names = _names_that_count(values)
    bucket, prefix = (values.get(name, "") for name in names)
    if not ssd and not bucket:
        raise NotImportable("it has neither SSD_BASE nor S3_ARCHIVE_BUCKET")
    if bucket and not BUCKET.fullmatch(bucket.removeprefix("s3://").strip("/")):
        raise NotImportable(f"{names[0]} names no bucket")
    if not bucket and not projects:
        raise NotImportable(
            "it names an SSD alone, and the projects that go there are not here: run it in the repository"
        )
    if ssd and projects:
        found.sets["ssd"] = {"store": f"file://{ssd}", "source": projects, "layout": "{id}", "pack": "none"}
        found.notes.append(("SSD_BASE", f"the set `ssd`: plain trees in {ssd}"))
    elif ssd:
        found.notes.append(("SSD_BASE", "the source of the set `projects`"))
    if bucket:
        source = f"{ssd}/*" if ssd else projects
        _to_s3(values, found, bucket.removeprefix("s3://").strip("/"), prefix.strip("/"), source)
        found.notes.append((names[0], "the set `projects`"))
        if prefix:
            found.notes.append((names[1], "the set `projects`"))
        for name, newer in zip(_OLDER, _NEWER, strict=True):
            if values.get(name) and name not in names:
                of_bucket = "nothing: it belongs to S3_BUCKET, which does not count"
                found.notes.append(
                    (name, f"nothing: {newer} is the newer name, and counts" if values.get(newer) else of_bucket)
                )
    for name in ("SSD_RETENTION_DAYS", "S3_RETENTION_DAYS"):
        if name in values and not bucket:
            found.note(name, "nothing: no bucket is named to which anything goes on")
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
    for name in ("SSD_RETENTION_DAYS", "S3_RETENTION_DAYS"):
        days = values.get(name, "")
        if not days:
            continue
        if not (days.isascii() and days.isdecimal() and len(days) < 6):
            found.note(name, f"nothing: {shown(days)} is no number of days")
        elif name == "SSD_RETENTION_DAYS":
            rules["older_than"] = f"{int(days)}d"
            found.note(name, f"older_than: {int(days)}d of the set `projects`")
        else:
            # The tag is what the rule goes by: by its prefix it would move the indexes, too.
            rules |= {"tags": {"set": "projects"}, "lifecycle_days": int(days), "lifecycle_class": "DEEP_ARCHIVE"}
            found.note(name, f"lifecycle_days: {int(days)} of the set `projects`, to DEEP_ARCHIVE")
    found.sets["projects"] = rules
