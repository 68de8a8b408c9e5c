"""Names that a store takes: what not every kind does."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class RequiresNames(Protocol):
    """A store that does not take every key."""

    def require_name(self, key: str) -> None:
        """Raise `StoreError` for a key under which nothing can be stored. Asks nobody."""
