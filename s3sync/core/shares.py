"""Records of what is shared: pages are `<repo>/.s3sync/shares/<project>/<end>-<id>.html`, of links there is a `.link`.

The end stands in the name, so that a listing tells what has ended. A record of a link has nothing by which it opens.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from s3sync.core.records import records

KEPT = timedelta(days=1)
"""Time that a page stays in the store after its end."""
LONGEST_TITLE = 100
_NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{8})\.(html|link)", re.ASCII)


def pages_prefix(prefix: str) -> str:
    """Place of a project's pages. `prefix` is the project's."""
    return records(prefix, "shares")


def page_name(until: datetime, identity: str) -> str:
    """Name of a page that ends then; `identity` has 8 hexadecimal digits."""
    return f"{until.astimezone(UTC):%Y%m%dT%H%M%SZ}-{identity}.html"


def link_name(until: datetime, identity: str) -> str:
    """Name of the record of links of which the last one ends then."""
    return page_name(until, identity).removesuffix("html") + "link"


def read_page_name(name: str) -> tuple[datetime, str] | None:
    """End and id of a page; None for a name that is none of a page."""
    found = read_share_name(name)
    return found[:2] if found is not None and found[2] else None


def read_share_name(name: str) -> tuple[datetime, str, bool] | None:
    """End and id of what is shared, and whether it is a page; None for another name."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), found[2], found[3] == "html"
    except ValueError:
        return None


def has_ended(until: datetime, now: datetime) -> bool:
    """True for what may go: by the store's clock, some time after its end."""
    try:
        return until + KEPT < now
    except OverflowError:
        return False
