"""Programs of the system: found where the user's own search path says, never in a folder that others chose."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path


@cache
def program(name: str) -> str | None:
    """Absolute path of an installed program, None where there is none.

    One in the current folder is none, nor is one in a relative folder of PATH: a repository may have brought it.
    """
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    found = shutil.which(name, path=os.pathsep.join(folders))
    return found if found is not None and Path(found).is_absolute() else None
