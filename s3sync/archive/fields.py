"""Values of a layout's fields: what a unit's name, its times and its files say."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo

from s3sync.archive.readers import Below, open_file
from s3sync.archive.readers.said import said, time_fields
from s3sync.core.archive.layout import OF_DATES, OF_HEADERS, date_in, range_of, stem_of
from s3sync.core.archive.values import ArchiveSet, Kind, Source
from s3sync.core.times import moment
from s3sync.disk.copying import pieces


def zone_of(chosen: ArchiveSet) -> tzinfo | None:
    """The set's time zone; None for this computer's."""
    if chosen.timezone is None:
        return None
    from zoneinfo import ZoneInfo

    return ZoneInfo(chosen.timezone)


def of_names(path: str) -> dict[str, str]:
    """Fields that a unit's path says. `no NAME` holds the reason why a field is missing."""
    name = path.rpartition("/")[2]
    fields = {"path": path, "id": name, "name": name, "stem": stem_of(name)}
    if "." in name.lstrip("."):
        fields["ext"] = name.rpartition(".")[2]
    else:
        fields["no ext"] = "the name has no extension"
    found = range_of(name)
    if found:
        fields["range"] = found
    else:
        fields["no range"] = "the name does not begin with a number, such as b40; the layout {id} takes any name"
    return fields


def of_folder(
    chosen: ArchiveSet, base: str, path: str, files: Callable[[], Iterable[Source]], needs: frozenset[str]
) -> dict[str, str]:
    """Fields of a folder. The date is in its name, else its newest file's; of headers count those that agree.

    `base` is the real path of the folder that its own `path` is below. Raises `OSError` where a file has to be read and
    cannot be.
    """
    fields = of_names(path)
    if needs & OF_HEADERS:
        fields |= _agreed(chosen, base, path, files(), needs)
    if needs & OF_DATES:
        when = date_in(fields["name"])
        if when is not None:
            fields |= time_fields(when, "name")
        elif newest := max((source.mtime_ns for source in files() if source.kind is Kind.FILE), default=0):
            fields |= time_fields(local_time(newest, zone_of(chosen)), "mtime")
    return fields


def _agreed(chosen: ArchiveSet, base: str, path: str, files: Iterable[Source], needs: frozenset[str]) -> dict[str, str]:
    """Fields in which all files of a folder agree that have them at all."""
    every: dict[str, set[str]] = {}
    for source in files:
        if source.kind is Kind.FILE:
            for name, value in _said(chosen, Below(base, f"{path}/{source.path}"), needs & OF_HEADERS).items():
                every.setdefault(name, set()).add(value)
    found = {name: next(iter(values)) for name, values in every.items() if len(values) == 1}
    differing = {f"no {name}": "its files differ in it" for name, values in every.items() if len(values) > 1}
    return {name: value for name, value in found.items() if name in needs or name.startswith("no ")} | differing


def of_file(chosen: ArchiveSet, base: str, path: str, mtime_ns: int, needs: frozenset[str]) -> dict[str, str]:
    """Fields of one file below the folder with the real path `base`.

    Raises `OSError` where it has to be read and cannot be.
    """
    fields = of_names(path) | _said(chosen, Below(base, path), needs)
    if "md5" in needs:
        fields["md5"] = _md5(Below(base, path))
    if needs & OF_DATES and "date" not in fields:
        fields |= time_fields(local_time(mtime_ns, zone_of(chosen)), "mtime")
    return fields


def _said(chosen: ArchiveSet, file: Below, needs: frozenset[str]) -> dict[str, str]:
    """Fields that a file says about itself, as far as its kind is known. Raises `OSError`."""
    if not needs & (OF_HEADERS | OF_DATES):
        return {}
    return said(file, zone_of(chosen), chosen.timezone is not None)


def of_night(night: str) -> dict[str, str]:
    """Fields of a date for files of one night, of which some are of the day after."""
    return time_fields(datetime.strptime(night, "%Y%m%d"), "night")  # noqa: DTZ007 - a date of the place itself


def local_time(mtime_ns: int, zone: tzinfo | None) -> datetime:
    """A file's time where the set is at home, or where this computer is. One that no calendar holds is the epoch."""
    found = moment(mtime_ns).replace(microsecond=0)
    try:
        return found.astimezone(zone)
    except (OverflowError, ValueError):
        return found


def _md5(place: Below) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open_file(place) as file:
        for chunk in pieces(file, os.fstat(file.fileno()).st_size):
            digest.update(chunk)
    return digest.hexdigest()


def shared(several: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Fields on which all files agree."""
    found: dict[str, str] | None = None
    for fields in several:
        found = (
            dict(fields)
            if found is None
            else {name: value for name, value in found.items() if fields.get(name) == value}
        )
    return found or {}
