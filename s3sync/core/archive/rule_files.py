"""Lifecycle rules that somebody wrote by hand: read from JSON, with each mistake told by the right word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import DecodeError, json

from s3sync.core.archive.costs import COLDNESS
from s3sync.core.archive.lifecycle import Rule
from s3sync.errors import ConfigError

CLASSES = (*COLDNESS, "EXPRESS_ONEZONE", "REDUCED_REDUNDANCY")
MEANT = {
    "GLACIER_FLEXIBLE_RETRIEVAL": "GLACIER",
    "FLEXIBLE_RETRIEVAL": "GLACIER",
    "GLACIER_INSTANT_RETRIEVAL": "GLACIER_IR",
    "GLACIER_DEEP_ARCHIVE": "DEEP_ARCHIVE",
    "DEEP_GLACIER": "DEEP_ARCHIVE",
    "INFREQUENT_ACCESS": "STANDARD_IA",
    "ONE_ZONE_IA": "ONEZONE_IA",
    "S3_STANDARD": "STANDARD",
}
"""Names of storage classes that price lists and people use, with S3's own."""
_RULE = (
    "ID", "Status", "Filter", "Prefix", "Transitions", "Expiration", "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload",
)  # fmt: skip
_FILTER = ("Prefix", "Tag", "And", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
_DEEDS = _RULE[4:]
_AND = ("Prefix", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
_TRANSITION = ("Days", "Date", "StorageClass")
_OF_DEED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Expiration": (("Days", "Date", "ExpiredObjectDeleteMarker"), ("Days",)),
    "NoncurrentVersionExpiration": (
        ("NoncurrentDays", "NewerNoncurrentVersions"), ("NoncurrentDays", "NewerNoncurrentVersions")
    ),
    "AbortIncompleteMultipartUpload": (("DaysAfterInitiation",), ("DaysAfterInitiation",)),
}  # fmt: skip
"""Words that what deletes has, and those of them that are numbers (S3 API, `LifecycleRule`)."""


def class_meant(word: str) -> str | None:
    """S3's name of a storage class that was called otherwise; None where none is near."""
    upper = word.strip().upper().replace("-", "_").replace(" ", "_")
    if upper in CLASSES:
        return upper
    near = _near(upper, (*MEANT, *CLASSES), 0.75)
    return MEANT.get(upper) or (MEANT.get(near[0], near[0]) if near else None)


def parse_rules(body: bytes, name: str) -> list[Rule]:
    """Rules of a file for `put-bucket-lifecycle-configuration`. Raises `ConfigError` that names every mistake."""
    try:
        document = json.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = 'write it as `aws s3api put-bucket-lifecycle-configuration` takes it: {"Rules": [...]}'
        raise ConfigError(f"cannot use {name}", why=f"it is no JSON: {error}", hint=hint) from None
    mistakes = list(_of_document(document))
    if mistakes:
        raise ConfigError(
            f"cannot use {name}",
            why="; ".join(mistakes[:10]),
            hint="correct it; S3 itself would refuse it, or do something else than is meant",
        )
    rules: list[Rule] = document["Rules"]
    return rules


def _of_document(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "it must be an object with `Rules`"
        return
    yield from _names(document, ("Rules", "TransitionDefaultMinimumObjectSize"), "the file")
    rules = document.get("Rules")
    if not isinstance(rules, list):
        yield "`Rules` must be a list"
        return
    known = set[str]()
    for number, rule in enumerate(rules, 1):
        where = f"rule {number}"
        if not isinstance(rule, dict):
            yield f"{where} must be an object"
            continue
        yield from _of_rule(rule, where)
        name = str(rule.get("ID"))
        if "ID" in rule and name in known:
            yield f"{where}: another one has its `ID` {name[:60]!r}, and the last one alone would count"
        known.add(name)


def _of_rule(rule: dict[str, Any], where: str) -> Iterator[str]:
    yield from _names(rule, _RULE, where)
    if not isinstance(rule.get("ID"), str) or not rule["ID"]:
        yield f"{where} has no `ID`, by which it is found again"
    status = rule.get("Status")
    if status not in ("Enabled", "Disabled"):
        near = str(status).capitalize() if str(status).capitalize() in ("Enabled", "Disabled") else "Enabled"
        yield f"{where}: `Status` {status!r} must be {near!r}"
    if "Prefix" in rule and "Filter" in rule:
        yield f"{where}: `Prefix` belongs into `Filter`"
    chosen = rule.get("Filter", {})
    if not isinstance(chosen, dict):
        yield f"{where}: `Filter` must be an object"
    else:
        yield from _names(chosen, _FILTER, f"{where}, Filter")
        yield from _of_conditions(chosen, f"{where}, Filter")
        if len(chosen) > 1:
            yield f"{where}: several conditions in `Filter` go into `And`"
        if isinstance(chosen.get("And", {}), dict):
            yield from _names(chosen.get("And", {}), _AND, f"{where}, And")
            yield from _of_conditions(chosen.get("And", {}), f"{where}, And")
        else:
            yield f"{where}: `And` must be an object"
    if not any(isinstance(rule.get(name), (dict, list)) and rule[name] for name in _DEEDS):
        yield f"{where} does nothing: it needs one of {', '.join(_DEEDS)}"
    for kind, (known, numbers) in _OF_DEED.items():
        if kind in rule:
            yield from _of_deed(rule[kind], f"{where}, {kind}", known, numbers)
    for kind in ("Transitions", "NoncurrentVersionTransitions"):
        moves = rule.get(kind, [])
        if not isinstance(moves, list):
            yield f"{where}: `{kind}` must be a list"
            continue
        for move in moves:
            yield from _of_move(move, f"{where}, {kind}", noncurrent=kind != "Transitions")


def _of_deed(deed: Any, where: str, known: tuple[str, ...], numbers: tuple[str, ...]) -> Iterator[str]:
    """Mistakes of what deletes objects, or drops uploads."""
    if not isinstance(deed, dict):
        yield f"{where}: it must be an object"
        return
    yield from _names(deed, known, where)
    for name in numbers:
        said = deed.get(name, 1)
        if not isinstance(said, int) or isinstance(said, bool) or said < 1:
            yield f"{where}: `{name}` must be a whole number above 0, and not {said!r}"


def _of_conditions(chosen: Mapping[str, Any], where: str) -> Iterator[str]:
    """Mistakes of the values that a filter goes by: a tag is an object of `Key` and `Value`."""
    if not isinstance(chosen.get("Prefix", ""), str):
        yield f"{where}: `Prefix` must be a text"
    for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        size = chosen.get(name, 0)
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            yield f"{where}: `{name}` must be a number of bytes"
    tags = chosen.get("Tags", [])
    if not isinstance(tags, list):
        yield f"{where}: `Tags` must be a list"
        tags = []
    for tag in (*tags, *([chosen["Tag"]] if "Tag" in chosen else [])):
        if (
            not isinstance(tag, dict)
            or set(tag) != {"Key", "Value"}
            or not all(isinstance(v, str) for v in tag.values())
        ):
            yield f'{where}: a tag is written {{"Key": "archive", "Value": "fast"}}'


def _of_move(move: Any, where: str, *, noncurrent: bool) -> Iterator[str]:
    if not isinstance(move, dict):
        yield f"{where}: each must be an object"
        return
    yield from _names(
        move, ("NoncurrentDays", "NewerNoncurrentVersions", "StorageClass") if noncurrent else _TRANSITION, where
    )
    days = move.get("NoncurrentDays" if noncurrent else "Days", 0)
    if not isinstance(days, int) or isinstance(days, bool) or days < 0:
        yield f"{where}: days must be a whole number, and not {days!r}"
    if not noncurrent and "Days" not in move and "Date" not in move:
        yield f"{where}: it needs `Days`, after which objects move"
    target = move.get("StorageClass")
    if target in ("STANDARD_IA", "ONEZONE_IA") and "Date" not in move and isinstance(days, int) and 0 <= days < 30:
        yield f"{where}: S3 moves nothing to {target} before 30 days"
    if target not in CLASSES[1:]:
        meant = class_meant(str(target)) if isinstance(target, str) else None
        yield f"{where}: {target!r} is no storage class" + (f": it is called {meant}" if meant else "")


def _names(found: Mapping[str, Any], known: tuple[str, ...], where: str) -> Iterator[str]:
    """Words that S3 does not know there, each with the one that was meant."""
    lower = {name.lower(): name for name in known}
    for name in found:
        if name in known:
            continue
        near = lower.get(name.lower()) or lower.get(f"{name.lower()}s")
        near = near or next(iter(_near(name, known, 0.7)), None)
        near = near or next((one for one in known if one.lower().endswith(name.lower())), None)
        yield f"{where}: {name!r} is unknown" + (f": it is {near!r}" if near else "")


def _near(word: str, known: tuple[str, ...], cutoff: float) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(word, known, 1, cutoff)
