"""Rules that `setup bucket` wants: of lifecycle, and of CORS for pages. Those of others stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Rule = Mapping[str, Any]
OURS = "s3sync-bucket-"
"""Beginning of the IDs of these rules."""
UNFINISHED_DAYS, TRASH_DAYS, VERSION_DAYS = 7, 90, 30
INBOX_DAYS, PAGE_DAYS = 60, 30
"""No link to a page lasts longer than 7 days; what a client sent and nobody took in lies on."""

CORS: Rule = {
    "ID": f"{OURS}pages",
    "AllowedHeaders": ["*"],
    "AllowedMethods": ["GET", "HEAD", "POST"],
    "AllowedOrigins": ["*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 3600,
}
"""Lets pages load and send files by signed links. Who has no link gets nothing by it."""


def wanted_lifecycle(root: str, repo: str, present: Iterable[Rule], *, trash_days: int | None) -> list[Rule]:
    """Rules for one repository below `root` (empty, or ending in `/`) of the bucket.

    Unfinished uploads end; what lies in the trash goes after `trash_days` (None: never); old versions of records go,
    where the bucket keeps versions; so do forgotten pages, and files of clients that nobody took in. The first is not
    needed where a rule does it already.
    """
    records = f"{root}{repo}/.s3sync/"
    rules: list[Rule] = []
    if not any(_ends_uploads(rule, root) for rule in present):
        unfinished = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS}}
        rules.append({**_rule("unfinished-uploads", root, root), **unfinished})
    if trash_days is not None:
        gone = {"Expiration": {"Days": trash_days}}
        rules.append({**_rule(f"trash-of-{repo}", root, f"{records}trash/"), **gone})
    for kind, days in (("inbox", INBOX_DAYS), ("pages", PAGE_DAYS), ("shares", PAGE_DAYS)):
        rules.append({**_rule(f"{kind}-of-{repo}", root, f"{records}{kind}/"), "Expiration": {"Days": days}})
    old = {"NoncurrentVersionExpiration": {"NoncurrentDays": VERSION_DAYS}}
    rules.append({**_rule(f"old-records-of-{repo}", root, records), **old})
    return rules


def _ends_uploads(rule: Rule, root: str) -> bool:
    """True for a rule of others that ends unfinished uploads everywhere below the root."""
    if rule.get("Status") != "Enabled" or "AbortIncompleteMultipartUpload" not in rule:
        return False
    if str(rule.get("ID", "")).startswith(OURS):
        return False
    chosen = rule.get("Filter", {"Prefix": rule.get("Prefix", "")})
    return (
        isinstance(chosen, Mapping) and set(chosen) <= {"Prefix"} and root.startswith(str(chosen.get("Prefix") or ""))
    )


def is_obsolete(rule: Rule, wanted: Sequence[Rule], root: str, repo: str) -> bool:
    """True for a rule that an earlier `setup bucket` set for this repository, and this one does not want."""
    mine = {_id(name, root) for name in (f"trash-of-{repo}", f"old-records-of-{repo}")}
    name = str(rule.get("ID", ""))
    return name in mine and name not in {str(one["ID"]) for one in wanted}


def _rule(name: str, root: str, prefix: str) -> dict[str, Any]:
    return {"ID": _id(name, root), "Status": "Enabled", "Filter": {"Prefix": prefix}}


def _id(name: str, root: str) -> str:
    """IDs have up to 255 characters."""
    full = f"{OURS}{name}@{root}" if root else f"{OURS}{name}"
    return full[:255]


def allows_pages(rules: Iterable[Rule]) -> bool:
    """True if pages from anywhere may load and send files."""
    for rule in rules:
        methods, origins = set(rule.get("AllowedMethods", ())), set(rule.get("AllowedOrigins", ()))
        if {"GET", "HEAD", "POST"} <= methods and "*" in origins and "*" in set(rule.get("AllowedHeaders", ())):
            return True
    return False
