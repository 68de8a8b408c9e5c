"""Memory of what a line carried: the first large file of a run has parts that fit the line of the last one."""

from __future__ import annotations

from s3sync.state.memory import StateDB

_LIKELY = range(1, 1 << 40)


def known_rate(state: StateDB) -> float | None:
    """Bytes a second that went up to this place last time; None where nobody knows."""
    text = state.fact(_name(state)) or ""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 14 and int(text) in _LIKELY else None


def note_rate(state: StateDB, rate: float | None) -> None:
    if rate is not None and int(rate) in _LIKELY:
        state.remember(_name(state), str(int(rate)))


def _name(state: StateDB) -> str:
    return f"bytes a second up to {state.place_name}"
