"""Settings that have keys of their own: their values, and the check of each key."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from s3sync.config import values


class TrashRules(Struct, frozen=True):
    """Limits of the trash for what also exists elsewhere: `days` and `size`, each without limit when it is 0.

    What exists nowhere else stays for ever, unless `last_copies`.
    """

    days: int = 30
    size: str = "20G"
    last_copies: bool = False

    @property
    def size_bytes(self) -> int:
        return values.bytes_of(self.size)


DEFAULT_TRASH = TrashRules()
TRASH: Mapping[str, values.Check] = {
    "days": values.whole(0, 36500),
    "size": values.amount,
    "last_copies": values.yes_or_no,
}


class HookRules(Struct, frozen=True):
    """Limit on files outside the staging folders in a commit. With `large` 0 the git hook says nothing of any."""

    large: str = "10M"
    refuse_large: bool = False

    @property
    def large_bytes(self) -> int:
        return values.bytes_of(self.large)


DEFAULT_HOOKS = HookRules()
HOOKS: Mapping[str, values.Check] = {"large": values.amount, "refuse_large": values.yes_or_no}
