"""Fields of a layout that a file says about itself: time, camera, object, filter and night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from s3sync.archive.readers import Place, Unsaid, exif, exiftool, fits, movie

NO_ZONE = "the header has no longitude of the site, and the set no timezone"


def said(path: Place, zone: tzinfo | None, zone_is_said: bool) -> dict[str, str]:
    """Fields by name; `no NAME` holds the reason for one that is missing. Raises `OSError`.

    `zone` is where the dates count; `zone_is_said`: by the set, and not by this computer's clock.
    """
    name = path.name.casefold()
    try:
        if fits.is_fits(name):
            return _of_fits(fits.read_header(path), zone, zone_is_said)
        if name.endswith(movie.ENDINGS):
            return _of_movie(movie.read_movie(path), zone)
        if name.endswith(exif.ENDINGS):
            return _of_photo(exif.read_photo(path))
        if name.endswith(exiftool.ENDINGS):
            return _of_exiftool(exiftool.read_by_exiftool(path), zone)
    except Unsaid as error:
        return {f"no {field}": str(error) for field in ("object", "filter", "night", "camera")}
    return {}


def _of_fits(header: fits.Header, zone: tzinfo | None, zone_is_said: bool) -> dict[str, str]:
    fields = {}
    for field, keyword in (
        ("object", "OBJECT"),
        ("filter", "FILTER"),
        ("camera", "INSTRUME"),
        ("telescope", "TELESCOP"),
    ):
        if text := header.text(keyword):
            fields[field] = text
        else:
            fields[f"no {field}"] = f"the header has no {keyword}"
    try:
        utc = fits.observed(header)
    except Unsaid as error:
        return {**fields, "no night": str(error)}
    degrees = fits.longitude(header)
    local = utc.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    if not zone_is_said and degrees is None:
        return {**fields, **time_fields(local, "fits"), "no night": fits.unread_site(header) or NO_ZONE}
    if not zone_is_said and degrees is not None:
        local = utc + fits.solar_shift(degrees)
    return {**fields, **time_fields(local, "fits"), "night": f"{local - timedelta(hours=12):%Y%m%d}"}


def _of_movie(found: movie.Movie, zone: tzinfo | None) -> dict[str, str]:
    taken = found.taken
    if not found.is_local:
        taken = taken.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    return {**time_fields(taken, "mvhd"), **({"camera": found.camera} if found.camera else {})}


def _of_photo(found: exif.Photo) -> dict[str, str]:
    return {
        **(time_fields(found.taken, "exif") if found.taken else {}),
        **({"camera": found.camera} if found.camera else {}),
    }


def _of_exiftool(found: exiftool.Told, zone: tzinfo | None) -> dict[str, str]:
    taken = found.taken
    if taken is not None and found.is_utc:
        taken = taken.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    return {
        **(time_fields(taken, "exiftool") if taken else {}),
        **({"camera": found.camera} if found.camera else {}),
    }


def time_fields(when: datetime, source: str) -> dict[str, str]:
    """Fields of a date; `date_from` says who knew it."""
    when = when.replace(tzinfo=None)
    day = {"year": f"{when.year:04d}", "month": f"{when.month:02d}", "day": f"{when.day:02d}"}
    return {**day, "date": "".join(day.values()), "captured": when.isoformat(), "date_from": source}
