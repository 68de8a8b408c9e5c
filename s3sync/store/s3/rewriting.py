"""Settings of a bucket that are read and written back as a whole, with what others set in them.

botocore leaves out of an answer what its own list of S3's words lacks: those of other vendors, and newer ones of AWS. A
filter without such a word chooses more, and a rule that deletes in an archive zone of Ceph would delete everywhere.
Source: https://www.ibm.com/docs/en/storage-ceph/9.9.1?topic=zone-deleting-objects-in-archive
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from s3sync.errors import StoreError

REWRITTEN = frozenset({"GetBucketLifecycleConfigurationOutput", "GetBucketCorsOutput", "GetBucketReplicationOutput"})
"""Answers, by botocore's name, of which `refuse_unread` wants to know what was left out."""
UNREAD = "s3sync-unread"
"""Key in such an answer: the words that were left out."""
_TAG = re.compile(rb"<([A-Za-z_][^\s/>]*)")
_MOST_NAMED, _LONGEST = 3, 40


def unread(body: bytes, found: Mapping[str, Any], shape: Any) -> list[str]:
    """Words of a document that are not in what was read of it: unknown ones, and those in a place of no meaning."""
    told = (name.rpartition(b":")[2].decode("utf-8", "replace") for name in _TAG.findall(body))
    next(told, None)  # the document's own
    return sorted((Counter(told) - Counter(_words(found, shape))).elements())


def refuse_unread(answer: Mapping[str, Any], doing: str, place: str) -> None:
    """Raise `StoreError` where a setting has what was not read, and would be gone once it is written back."""
    left_out = [word[:_LONGEST] for word in dict.fromkeys(answer.get(UNREAD, ()))]
    if left_out:
        more = " and more" if len(left_out) > _MOST_NAMED else ""
        raise StoreError(
            f"did not {doing} {place}",
            why=f"somebody's rule there says {', '.join(left_out[:_MOST_NAMED])}{more}, which s3sync does not know:"
            " written back without it, that rule would be about more than was meant",
            hint="set the rule that is wanted with the store's own tools, beside that one",
        )


def _words(found: Any, shape: Any) -> Iterator[str]:
    """Names of the elements that were read, but for the outermost, as they stand in a document."""
    for name, member in shape.members.items() if shape.type_name == "structure" else ():
        if name not in found or "location" in member.serialization:  # that is in the headers
            continue
        if shape.serialization.get("payload") == name:
            yield from _words(found[name], member)
            continue
        is_list = member.type_name == "list"
        word = member.serialization.get("name", name)
        if is_list:
            word = member.member.serialization.get("name", word)
        for one in found[name] if is_list else (found[name],):
            yield word
            yield from _words(one, member.member if is_list else member)
