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


class ReceiptRules(Struct, frozen=True):
    """Members who may only read: `readers` is `ack` where they are to say what they have, and `none` where nobody waits
    for them. It decides which rights `setup member --read-only` gives.
    """

    readers: str = "none"

    @property
    def readers_acknowledge(self) -> bool:
        return self.readers == "ack"


DEFAULT_RECEIPTS = ReceiptRules()
RECEIPTS: Mapping[str, values.Check] = {"readers": values.one_of("none", "ack")}


class CostRules(Struct, frozen=True):
    """Limits of a month in dollars: `budget` is what it should cost at the most, `alarms` are amounts that are told
    once a month, when it has come to them."""

    budget: float | None = None
    alarms: tuple[float, ...] = (5.0, 10.0, 20.0)


MOST_ALARMS = 20


def _alarms(value: object) -> tuple[float, ...]:
    if not isinstance(value, (list, tuple)):
        raise values.BadValue("it must be a list of dollars", "write it like [5, 10, 20]")
    if len(value) > MOST_ALARMS:
        raise values.BadValue(f"it has {len(value)} amounts, and {MOST_ALARMS} are the most")
    return tuple(sorted({values.dollars(one) for one in value}))


def both_limits(shared: CostRules, own: CostRules) -> CostRules:
    """The limits of a repository and of a user together: whoever commits lifts no limit that somebody set himself."""
    budgets = [one.budget for one in (shared, own) if one.budget is not None]
    return CostRules(min(budgets, default=None), tuple(sorted({*shared.alarms, *own.alarms})))


DEFAULT_COSTS = CostRules()
COSTS: Mapping[str, values.Check] = {"budget": values.dollars, "alarms": _alarms}


EVENTS = ("up", "down", "conflict", "lock", "cleanup", "archive", "thaw", "verify", "cost")
"""Events that a notice can be of. `down` is of `watch --notify` alone: what arrived from others; `verify` of `archive
verify` by turns, and of any that found something wrong; `cost` of `cost --notify`."""


class NoticeRules(Struct, frozen=True):
    """Choice of what notices tell of, and in which words."""

    events: tuple[str, ...] = EVENTS
    text: str | None = None


MOST_OF_A_TEXT = 500


def _events(value: object) -> tuple[str, ...]:
    found = values.texts(value)
    for number, event in enumerate(found):
        if event not in EVENTS:
            raise values.BadValue(f"it must be one of: {', '.join(EVENTS)}", at=(number,))
    return tuple(dict.fromkeys(found))


def _text(value: object) -> str:
    from s3sync.core.notices import FIELDS, unknown_fields  # few have a text of their own

    text = values.line(value)
    if len(text) > MOST_OF_A_TEXT:
        raise values.BadValue(f"it has {len(text)} characters, and {MOST_OF_A_TEXT} are the most")
    unknown = unknown_fields(text)
    if unknown:
        raise values.BadValue(f"there is no {{{unknown[0][:40]}}}", f"the fields are {{{'}, {'.join(FIELDS)}}}")
    return text


DEFAULT_NOTICES = NoticeRules()
NOTICES: Mapping[str, values.Check] = {"events": _events, "text": _text}
