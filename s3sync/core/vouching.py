"""Objects of an encrypted project that metadata.json does not name, and whether they count.

metadata.json is sealed, so that nobody without the key can change what it says. An object that it does not name is one
that was just sent by somebody who could not record it yet, or one that somebody else put there: an older version, or
another file's. Nobody can tell these apart by the object. Who sent it knows it again.
"""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """Decision about one of them."""

    KNOWN = "known"
    """This computer sent or fetched this very version, and metadata.json says nothing else about the file."""
    COMPARE = "compare"
    """Count it if it is what the file here would become: then it was sent from here."""
    REFUSE = "refuse"


def judge(*, is_sealed: bool, has_record: bool, was_deleted: bool, base_has_it: bool) -> Verdict:
    """`has_record`: metadata.json names another version of the file; `was_deleted`: it says that the file was deleted.
    `base_has_it`: this computer agreed on this very version before."""
    if not is_sealed:
        return Verdict.REFUSE
    if base_has_it:
        return Verdict.REFUSE if has_record or was_deleted else Verdict.KNOWN
    return Verdict.COMPARE
