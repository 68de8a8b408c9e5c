"""Failures: problems of single paths, and actions that somebody else was faster than."""

from __future__ import annotations

from msgspec import Struct

from s3sync.core.plan import Action


class Problem(Struct, frozen=True):
    """A failure of one path; the others are still done. `error` is the message for the user, `hint` what to do."""

    path: str
    error: str
    hint: str | None = None

    @property
    def name(self) -> str:
        """The path, by the name that it has in the JSON."""
        return self.path


class Raced(Struct, frozen=True):
    """The precondition of an action no longer held; nothing was overwritten, and the path is to be planned again."""

    action: Action
    reason: str
