"""Division of costs."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """Division of costs."""

    CLASS = "class"
    PROJECT = "project"
    USER = "user"
