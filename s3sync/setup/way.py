"""Way to a repository: names of folders that can be written down."""

from __future__ import annotations

from pathlib import Path

from s3sync.core.names import is_text
from s3sync.errors import ProjectError


def require_text(root: Path, start: Path) -> Path:
    """The root. Raises `ProjectError` for a name that is no UTF-8: what s3sync notes in its own folder names it."""
    odd = next((part for part in (*root.parts, *start.parts) if not is_text(part)), None)
    if odd is not None:
        raise ProjectError(
            "a name on the way to this folder is not UTF-8",
            why=f"what s3sync notes is UTF-8: {odd:.80}",
            hint="rename that folder, or have the clone elsewhere; nothing was written",
        )
    return root
