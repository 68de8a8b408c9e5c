"""Times that thaws take on AWS and on Azure, at most, by storage class and tier.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
https://learn.microsoft.com/azure/storage/blobs/archive-rehydrate-overview
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

_HOUR = timedelta(hours=1)
THAW_TIMES: Mapping[str, Mapping[str, timedelta]] = {
    "GLACIER": {"Bulk": 12 * _HOUR, "Standard": 5 * _HOUR, "Expedited": timedelta(minutes=5)},
    "DEEP_ARCHIVE": {"Bulk": 48 * _HOUR, "Standard": 12 * _HOUR},
    "Archive": {"Bulk": 15 * _HOUR, "Standard": 15 * _HOUR, "Expedited": _HOUR},
}
"""Azure has two priorities: what is not expedited is one. Its hour is for up to 10 GB."""


def takes_text(time: timedelta) -> str:
    """A time of the table in words: `48 hours`, `5 minutes`."""
    hours = time // _HOUR
    return f"{hours} hour{'' if hours == 1 else 's'}" if hours else f"{time // timedelta(minutes=1)} minutes"
