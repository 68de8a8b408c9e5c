"""Times that thaws take on AWS, at most, by storage class and tier.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
"""

from __future__ import annotations

from collections.abc import Mapping

THAW_TIMES: Mapping[str, Mapping[str, str]] = {
    "GLACIER": {"Bulk": "12 hours", "Standard": "5 hours", "Expedited": "5 minutes"},
    "DEEP_ARCHIVE": {"Bulk": "48 hours", "Standard": "12 hours"},
}
