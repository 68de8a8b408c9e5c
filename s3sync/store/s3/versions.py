"""The versions of a bucket's objects, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from s3sync.store.aspects import Version
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import strip

Call = Callable[..., dict[str, Any]]
MOST_PAGES = 10_000


def pages(ask: Callable[[dict[str, str]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every page. `ask` takes the marks of the one before. Raises `RequestFailed` for a listing that does not end."""
    marks: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = ask(marks)
        yield page
        if not page.get("IsTruncated"):
            return
        following = {name: page[f"Next{name}"] for name in ("KeyMarker", "VersionIdMarker") if page.get(f"Next{name}")}
        if not following or following == marks:
            break
        marks = following
    raise RequestFailed(Failure("endless"))


def versions(page: dict[str, Any]) -> Iterator[Version]:
    for kind in ("Versions", "DeleteMarkers"):
        for item in page.get(kind, ()):
            yield Version(
                item["Key"],
                item["VersionId"],
                item.get("Size", 0),
                strip(item.get("ETag", "")),
                item["LastModified"],
                item["IsLatest"],
                kind == "DeleteMarkers",
            )
