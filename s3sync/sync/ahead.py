"""What a user's manifest says of a time to come: somebody's clock is wrong, or somebody wants the last word."""

from __future__ import annotations

import warnings

from s3sync.core.names import short_text
from s3sync.shared.manifest import StoredManifest


class FromTheFuture(UserWarning):
    """A manifest has statements that nobody can have made yet."""


def tell_ahead(stored: StoredManifest) -> None:
    """Warn of each such manifest. What it says counts for less than what any other says."""
    for key, at in sorted(stored.ahead.items()):
        whose = short_text(key.rpartition("/")[2])
        text = f"{whose} speaks of {short_text(at)}, which is to come: what others say counts before it"
        more = "ask whoever it is of to set the clock; if nobody wrote that, delete it in the store"
        warnings.warn(f"{text}; {more}", FromTheFuture, stacklevel=2)
