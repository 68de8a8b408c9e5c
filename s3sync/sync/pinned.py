"""Comparison of the staging folder with the pin file, by what a scan knows: nothing is hashed or asked for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from msgspec.structs import replace

from s3sync.core.entries import Entry
from s3sync.core.pins import Difference, differs
from s3sync.core.reconcile import Decision, State
from s3sync.errors import S3syncError
from s3sync.local.pin_file import read_pins
from s3sync.sync.view import View

AS_AGREED = (State.IN_SYNC, State.REMOTE_MODIFIED, State.REMOTE_DELETED, State.CLEANED_UP)
"""States in which the file here is what the base, or the remote, says."""


def compare_with_pins(path: Path, seen: View) -> tuple[Difference | None, str | None]:
    """Say how the folder differs; None without a pin file. Else why that cannot be read, as a warning."""
    try:
        pins = read_pins(path)
    except S3syncError as error:
        return None, f"{error}; {error.hint}" if error.hint else str(error)
    if pins is None:
        return None, None
    counts, left = Counter[str](), set(pins)
    for decision in seen.decisions():
        left.discard(decision.path)
        found = differs(pins.get(decision.path), _known(decision))
        if found is not None:
            counts[found] += 1
    for name in left:
        found = differs(pins[name], None)
        if found is not None and not seen.is_hidden(name):
            counts[found] += 1
    return Difference(dict(counts)), None


def _known(decision: Decision) -> Entry | None:
    """The file here, with the MD5 that it has if it is what both sides agreed on."""
    here = decision.local
    if here is None or here.md5 is not None or decision.state not in AS_AGREED:
        return here
    told = decision.base if decision.state is not State.IN_SYNC else decision.remote or decision.base
    return replace(here, md5=told.md5 if told is not None and told.size == here.size else None)
