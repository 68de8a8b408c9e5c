"""Numbers as people read them: the one place that says sizes and counts."""

from __future__ import annotations


def size_text(size: int) -> str:
    """Decimal units, as disks and S3 count: `45.6 MB`."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("KB", "MB", "GB"):
        value /= 1000
        if round(value, 1) < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def parts_text(done: int, total: int) -> str:
    """Share of a total that is done, in the total's unit: `1.6/60.0 MB`."""
    if total < 1000:
        return f"{done}/{total} B"
    number, unit = size_text(total).split()
    power = ("KB", "MB", "GB", "TB").index(unit) + 1
    return f"{done / 1000**power:.1f}/{number} {unit}"


def files_text(count: int) -> str:
    """`1 file`, `12 files`."""
    return counted(count, "file")


def counted(count: int, noun: str) -> str:
    """`1 project`, `12 projects`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
