"""The line by which `status` says that folder and pin differ."""

from __future__ import annotations

from s3sync.cli.show.words import Json, is_around, project_typed
from s3sync.core.pins import Difference, Differs
from s3sync.sync.report import ProjectAddress

_WORDS = (
    (Differs.CHANGED, "changed since"),
    (Differs.MISSING, "not here"),
    (Differs.UNPINNED, "not pinned"),
)


def pin_line(found: Difference | None, place: ProjectAddress) -> str | None:
    """None where there is no pin file, or nothing differs."""
    if found is None or not found.differs:
        return None
    parts = ", ".join(f"{count} {word}" for kind, word in _WORDS if (count := found.counts.get(kind, 0)))
    project = "" if is_around(place) else f" {project_typed(place)}"
    return f"Pin: {parts} (`s3sync down --pinned{project}` goes back to it, `s3sync pin{project}` pins what is here)"


def difference_json(found: Difference | None) -> Json | None:
    if found is None:
        return None
    return {"in_sync": not found.differs, **{kind.value: found.counts.get(kind, 0) for kind in Differs}}
