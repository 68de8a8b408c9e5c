"""Place of private temporary folders: one in which nobody else can give their names to another folder.

What lies in one is opened by its path, by s3sync itself or by programs and libraries that it calls.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from s3sync.disk.confined import others_may_swap

_ELSEWHERE = ("/var/tmp", "/tmp")


def private_base() -> str:
    """Folder of the system, or of `TMPDIR`; where others can rename what is in that, another one of the system.

    It is the end of its links: another user may turn one. It is asked about a name that nobody can know and take
    before: in a folder with the sticky bit, one of another user would stand for all that is made there. Where none is
    better it is the first all the same.
    """
    first = tempfile.gettempdir()
    for base in map(os.path.realpath, (first, *_ELSEWHERE)):
        if os.access(base, os.W_OK | os.X_OK) and not others_may_swap(Path(base, secrets.token_hex(16))):
            return base
    return first
