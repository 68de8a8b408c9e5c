"""A folder store that is to be made where its disk may not be connected."""

from __future__ import annotations

from s3sync.archive.disks import NewStore
from s3sync.cli.output import answered_yes, printable, warn


def ask_new(new: NewStore) -> bool:
    """Say where a folder store would be made, and ask whether it belongs there."""
    warn(f"There is no folder store at {printable(str(new.folder))} yet, and {printable(new.doubt or '')}.")
    return answered_yes(f"Make it {printable(new.disk)}?")
