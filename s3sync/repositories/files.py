"""Names of the files that remember repositories."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

FOLDER = "repositories"


def file_of(root: Path, repo: str) -> str:
    """Name of the file that remembers a repository: one of another name in its place has another file."""
    text = os.fsencode(root) + b"\0" + repo.encode("utf-8", "surrogatepass")
    return f"{blake2b(text, digest_size=12).hexdigest()}.json"
