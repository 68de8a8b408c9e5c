"""Real path of a unit's folder, of which the names that a set found below its source are no links."""

from __future__ import annotations

import os
from pathlib import Path

from s3sync.core.archive.values import Unit
from s3sync.disk.errors import local_errors
from s3sync.disk.own_links import own_end
from s3sync.disk.tree import folder_below


def real_root(unit: Unit) -> str:
    """Real path of the folder that a unit's files are in. Raises `LocalError` where a link stands on the way by now.

    Where the set's source leads is the user's to say, by links of his own. What lies in it others may write: a folder
    that becomes a link to another one after it was looked at has files there that nobody chose.
    """
    for below in (unit.id, unit.id.rpartition("/")[0]):
        names = below.split("/")
        end = f"{os.sep}{below.replace('/', os.sep)}"
        if below and unit.root.endswith(end):
            with local_errors("cannot read", unit.root):
                base = own_end(unit.root.removesuffix(end) or os.sep)
                folder_below(base, names)
            return os.fspath(Path(base, *names))
    with local_errors("cannot read", unit.root):
        return own_end(unit.root)
