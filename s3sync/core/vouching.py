"""Objects of an encrypted project that metadata.json does not name, and whether they count.

metadata.json is sealed, so that nobody without the key can change what it says. An object that it does not name is one
that was just sent by somebody who could not record it yet, or one that somebody else put there: an older version, or
another file's. Nobody can tell these apart by the object. Who sent it knows it again: by the file that is still here,
and, where metadata.json names another version, by a memory that says that the one sent came after that.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from s3sync.core.entries import Entry


class Overwrite(Struct, frozen=True, array_like=True):
    """Note of an upload over a version that this computer did not agree on, or of an undo, before it begins.

    `replaced` and `brings` are ETags: of what is to be replaced, and of what an undo puts back, empty for an upload.
    """

    path: str
    replaced: str
    brings: str = ""


class Verdict(Enum):
    """Decision about one of them."""

    KNOWN = "known"
    """This computer sent or fetched this very version, and metadata.json says nothing else about the file."""
    COMPARE = "compare"
    """Count it if it is what the file here would become: then it was sent from here."""
    REFUSE = "refuse"


def judge(
    *,
    is_sealed: bool,
    has_record: bool,
    was_deleted: bool,
    base_has_it: bool,
    base_agrees: bool,
    is_noted: bool,
    is_put_back: bool,
) -> Verdict:
    """`has_record`: metadata.json names another version of the file; `was_deleted`: it says that the file was deleted.
    `base_has_it`: this computer agreed on this very version before; `base_agrees`: on the one that metadata.json names.
    `is_noted`: it was about to replace that one, whatever it had agreed on; `is_put_back`: by this one, in an undo.

    A computer whose memory is gone has an old file that is an older object's: that alone says nothing.
    """
    if not is_sealed:
        return Verdict.REFUSE
    if base_has_it and is_put_back:
        return Verdict.KNOWN
    if base_has_it and not is_noted:
        return Verdict.REFUSE if has_record or was_deleted else Verdict.KNOWN
    if has_record and not (base_agrees or is_noted):
        return Verdict.REFUSE
    return Verdict.COMPARE


def agrees(base: Entry | None, etag: str | None, md5: str | None) -> bool:
    """True if this computer agreed on the version with that ETag, or on another one of the same content."""
    return base is not None and ((etag is not None and base.etag == etag) or (md5 is not None and base.md5 == md5))
