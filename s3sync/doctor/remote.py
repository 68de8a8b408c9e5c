"""The store: can it be reached, what time is it there, what are we allowed to do, and are the records in order."""

from __future__ import annotations

from datetime import UTC, datetime

from s3sync.config import Settings, masked
from s3sync.config.schemes import scheme_of
from s3sync.core.names import path_of_key, refuse_reason
from s3sync.core.quantities import files_text, size_text
from s3sync.doctor import bucket as bucket_room
from s3sync.doctor import conditions, rights
from s3sync.doctor.local import free_space
from s3sync.doctor.report import Check, Level, fail, failed_by, ok, skipped, warn
from s3sync.doctor.scratch import leftovers, remove, scratch
from s3sync.errors import (
    AccessDenied,
    BucketMissing,
    ClockSkewed,
    ConfigError,
    CredentialsError,
    S3syncError,
)
from s3sync.local.ignore import load_ignore
from s3sync.local.scan import scan_folder
from s3sync.project import ProjectFolder
from s3sync.shared.manifest import read_manifest
from s3sync.state.opening import open_memory
from s3sync.store import Bucket, Store, bucket_of
from s3sync.store.port import ObjectInfo
from s3sync.sync.whereabouts import whereabouts

_REACH = ("credentials", "clock", "bucket")
NAMES = (*_REACH, *rights.NAMES, *conditions.NAMES, *bucket_room.NAMES, "records", "room_for_down", "leftovers")
SKEW_WARN_S, SKEW_FAIL_S = 300, 900


def checks(settings: Settings, store: Store, project: ProjectFolder | None, *, dry_run: bool = False) -> list[Check]:
    """Everything about the store. Without a project, only what can be asked without one.

    `dry_run` leaves out what can only be found out by writing.
    """
    bucket = bucket_of(store)
    prefix = project.prefix if project else f"{settings.repo}/"
    found, missing = _reach(settings, store, bucket, prefix)
    if missing or project is None:
        needs = f"needs {missing or 'project'}"
        return found + [skipped(name, needs) for name in NAMES[len(_REACH) :]]
    if dry_run:
        listed, read = rights.without_writing(store, project)
        tried = ("write", "delete", "multipart", "tags", *conditions.NAMES)
        found += [*read, *(skipped(name, "a dry run writes nothing") for name in tried)]
        found += bucket_room.checks(bucket, project.prefix, accelerated=settings.accelerate)
        swept = skipped("leftovers", "a dry run deletes nothing")
        return [*found, _records(store, project), _room(settings, store, project, listed), swept]
    now = bucket.store_time if bucket and bucket.store_time else datetime.now(UTC)
    swept = _sweep(store, project, now)
    with scratch(store, project.prefix) as own:
        listed, made = rights.checks(store, project, own)
        missing = next((c.name for c in made if c.name in ("write", "delete") and c.level is not Level.OK), None)
        found += [*made, *conditions.checks(store, own, missing)]
    found += bucket_room.checks(bucket, project.prefix, accelerated=settings.accelerate)
    return [*found, _records(store, project), _room(settings, store, project, listed), swept]


# -- reach


def _reach(settings: Settings, store: Store, bucket: Bucket | None, prefix: str) -> tuple[list[Check], str | None]:
    """The first contact, which tells credentials, clock and bucket apart; and which of them keeps the rest away."""
    error: S3syncError | None = None
    asked_at = datetime.now(UTC)
    try:
        if bucket is not None:
            bucket.first_contact(prefix)
        else:
            next(iter(store.list(prefix)), None)
    except S3syncError as problem:
        error = problem
    if bucket is None and not scheme_of(settings.store).has_server:
        needs, clock_of = ("a folder needs none", "a folder has this computer's")
        if scheme_of(settings.store).by_remote:
            needs, clock_of = ("rclone has them", "rclone does not say")
        if isinstance(error, CredentialsError):
            made = [failed_by("credentials", error), skipped("clock", clock_of)]
            return [*made, skipped("bucket", "needs credentials")], "credentials"
        made = [skipped("credentials", needs), skipped("clock", clock_of)]
        return [*made, failed_by("bucket", error) if error else ok("bucket", store.url)], "bucket" if error else None
    answered_at = datetime.now(UTC)
    clock = skipped("clock", "this store tells no time in an answer")
    if bucket is not None:
        clock = _clock(bucket.store_time, asked_at, answered_at, error)
    signed = _signed_by(settings)
    if isinstance(error, CredentialsError):
        return [failed_by("credentials", error), clock, skipped("bucket", "needs credentials")], "credentials"
    if isinstance(error, ClockSkewed):
        return [ok("credentials", signed), clock, skipped("bucket", "needs clock")], "clock"
    if error is not None and not isinstance(error, AccessDenied):
        known = isinstance(error, BucketMissing)
        told = ok("credentials", signed) if known else skipped("credentials", "needs an answer of the store")
        return [told, clock, failed_by("bucket", error)], "bucket"
    return [ok("credentials", f"{signed}; the store takes them"), clock, ok("bucket", store.url)], None


def _signed_by(settings: Settings) -> str:
    """What requests are signed with, and where it comes from, as `s3sync config` shows it."""
    _, value, origin = next(row for row in masked(settings) if row[0] == "credentials")
    return f"{value} ({origin})"


def _clock(told: datetime | None, asked_at: datetime, answered_at: datetime, error: S3syncError | None) -> Check:
    """How far this computer's clock is from the store's, whose answers carry its time to the second."""
    if told is None:
        if isinstance(error, ClockSkewed):
            return failed_by("clock", error)
        return skipped("clock", "needs an answer of the store that carries the time")
    ahead = (asked_at + (answered_at - asked_at) / 2 - told).total_seconds()
    way = "ahead of" if ahead > 0 else "behind"
    found = f"this computer's clock is {_span(abs(ahead))} {way} the store's"
    hint = "set this computer's clock (switch on its time service): the store refuses more than 15 minutes"
    if abs(ahead) > SKEW_FAIL_S or isinstance(error, ClockSkewed):
        return fail("clock", found, hint)
    return warn("clock", found, hint) if abs(ahead) > SKEW_WARN_S else ok("clock", found)


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"


# -- the project there


def _records(store: Store, project: ProjectFolder) -> Check:
    try:
        known = read_manifest(store, project.prefix)
    except S3syncError as error:
        return failed_by("records", error)
    if known.etag is None:
        return ok("records", "no metadata.json yet")
    return ok("records", f"metadata.json names {files_text(len(known.manifest.files))}")


def _room(settings: Settings, store: Store, project: ProjectFolder, listed: list[ObjectInfo] | None) -> Check:
    """True if the disk holds what a `down` would fetch: all that is newer there than what this computer has had."""
    if listed is None:
        return skipped("room_for_down", "needs list")
    try:
        needed, free = _to_fetch(settings, store, project, listed), free_space(project)
    except ConfigError as error:  # of rules of what to ignore, for which every run is refused, too
        return failed_by("room_for_down", error)
    except S3syncError as error:
        return skipped("room_for_down", f"cannot be told: {error}")
    except OSError as error:
        return skipped("room_for_down", f"cannot be told: {error.strerror}")
    found = f"`down` would fetch up to {size_text(needed)}; {size_text(free)} are free"
    return ok("room_for_down", found) if needed <= free else fail("room_for_down", found, "make room first")


def _to_fetch(settings: Settings, store: Store, project: ProjectFolder, listed: list[ObjectInfo]) -> int:
    ignored = load_ignore(settings.ignore, project.repo_root, project.staging)
    try:
        place = whereabouts(settings, store, project)
        with open_memory(project.state_dir, place, settings.env, read_only=True) as state:
            base = state.load_base()
    except S3syncError:
        base = {}
    here = scan_folder(project.staging, ignored).files
    needed = 0
    for info in listed:
        path = path_of_key(project.prefix, info.key)
        if path is None or refuse_reason(path) or ignored(path):
            continue
        local, known = here.get(path), base.get(path)
        had = local is not None and ((known.etag == info.etag) if known else local.size == info.size)
        needed += 0 if had else info.size
    return needed


def _sweep(store: Store, project: ProjectFolder, now: datetime) -> Check:
    """Remove what killed doctors left below their own prefix in the store."""
    name = "leftovers"
    try:
        keys, uploads = leftovers(store, project.prefix, now)
        remove(store, keys, uploads)
    except AccessDenied:
        return skipped(name, "needs list and delete")
    except S3syncError as error:
        hint = "they are tiny, and the next doctor that may delete removes them"
        return warn(name, f"what an earlier doctor left behind could not be removed: {error}", hint)
    count = len(keys) + len(uploads)
    return ok(name, f"removed {count} that an earlier doctor left behind" if count else "none of an earlier doctor")
