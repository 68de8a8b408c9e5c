"""Home of a project that is not here, in words and as JSON, and the error that says it."""

from __future__ import annotations

from s3sync.archives.naming import Lives, Way
from s3sync.cli.show.words import Json
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.costs import money_text
from s3sync.core.quantities import counted, size_text
from s3sync.core.typed import typed
from s3sync.errors import Pending, ProjectError, S3syncError


def error_of(lives: Lives, prefix: str = "") -> S3syncError:
    """The error of a command on such a project: 8 where it has to be thawed, else 2. `prefix`: of the command to
    type, as `cd DIR && `."""
    kind = Pending if lives.is_cold else ProjectError
    return kind(f"{lives.project} is not here: {_state(lives)}", why=_where(lives), hint=_hint(lives, prefix))


def _state(lives: Lives) -> str:
    if lives.is_thawing and lives.is_cold:
        under_way = next(one.thaw for one in lives.archives if one.thaw is not None)
        return f"it is archived, and being thawed ({under_way.tier.lower()}, asked for {under_way.requested_at[:10]})"
    if lives.is_cold:
        return "it is archived, in cold storage"
    if scheme_of(lives.store).is_folder:
        return "it is archived, on another disk"
    thaw = lives.first.thaw
    if thaw is None:
        return "it is archived"
    until = f" until {thaw.until[:16].replace('T', ' ')} UTC" if thaw.until else ""
    return f"it is archived, and thawed{until}"


def _where(lives: Lives) -> str:
    first, count = lives.first, max(way.price.objects for way in lives.ways)
    since = first.transitioned_at or first.uploaded_at
    moves = first.expected_class not in (None, first.storage_class)
    meant = f" (rules move it to {first.expected_class})" if moves else ""
    return (
        f"{first.storage_class}{meant} in {lives.store} since {since[:10]}, {size_text(lives.size)} in"
        f" {counted(count, 'object')}, as far as this computer knows"
    )


def _hint(lives: Lives, prefix: str) -> str:
    command = f"`{prefix}s3sync restore {typed(lives.unit)}`"
    if lives.is_thawing and lives.is_cold:
        return f"`{prefix}s3sync restore --resume` goes on when it is ready; `{prefix}s3sync archive poll` says so"
    ways = "; ".join(_way(way) for way in lives.ways)
    unknown = {way.price.unknown for way in lives.ways if way.price.unknown and not way.takes}
    if unknown and len(lives.ways) > 1:
        ways = f"price and time are not known ({', '.join(unknown)})"
    notify = "; --notify tells you when it is ready" if lives.is_cold else ""
    return f"{command} brings it back{f': {ways}' if ways else ''}{notify}"


def _way(way: Way) -> str:
    """Price and time, as `bulk $0.31, up to 48 hours`."""
    parts = [amount_of(way)] if way.price.cost is not None or way.price.unknown else []
    if way.tier is not None:
        parts.append(f"up to {way.takes}" if way.takes else "for how long the store alone knows")
        return f"{way.tier.lower()} {', '.join(parts)}"
    return ", ".join([*parts, "at once"])


def amount_of(way: Way) -> str:
    """The price of a way back; where it is not known, why."""
    if way.price.cost is None:
        return f"at a price that is not known ({way.price.unknown})"
    return money_text(way.price.cost.total, way.price.currency)


def _lacking(way: Way) -> str | None:
    """The reason why a price is not known; None for a known one, and for a disk, which has none."""
    price = way.price
    return price.lacking if price.amount is None and (price.cost is not None or price.unknown) else None


def lives_json(lives: Lives) -> Json:
    return {
        "project": lives.project,
        "unit": lives.unit,
        "store": lives.store,
        "set": lives.first.set,
        "storage_class": lives.first.storage_class,
        "since": lives.first.transitioned_at or lives.first.uploaded_at,
        "archived_at": lives.first.uploaded_at,
        "size_bytes": lives.size,
        "cold": lives.is_cold,
        "thaw": lives.first.thaw,
        "ways": [
            {
                "tier": None if way.tier is None else way.tier.lower(),
                "takes_at_most": way.takes,
                "cost": None if way.price.amount is None else round(way.price.amount, 4),
                "currency": way.price.currency,
                "price_unknown": _lacking(way),
            }
            for way in lives.ways
        ],
    }
