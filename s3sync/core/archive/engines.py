"""Engines that do a verb on many archives instead of this process."""

from __future__ import annotations

from msgspec import Struct

S3_BATCH = "s3-batch"
USAGE = "write s3-batch: S3 itself does it"


class Engine(Struct, frozen=True):
    """Engine by name."""

    name: str


def parse_engine(text: str) -> Engine | None:
    """Engine that a text names; None for none."""
    return Engine(S3_BATCH) if text.strip() == S3_BATCH else None
