"""Forms by which a browser stores files without credentials: an aspect of stores that sign a policy (`aspects.py`).

Whoever has such a form may store any number of files below its prefix until it ends, each of a bounded size. He can
neither list nor read there, and replace only what he stored under a key that he knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from msgspec import Struct


class DropForm(Struct, frozen=True):
    """Form for any number of files. `fields` go before the file, with `key` and what the sender fills in.

    `begins` is what each key has to begin with, as the server has it.
    """

    url: str
    fields: Mapping[str, str]
    begins: str
    expires: datetime


@runtime_checkable
class Forms(Protocol):
    """Sign forms, and send one as a browser does."""

    def sign_form(self, prefix: str, *, lasts: timedelta, most_bytes: int, filled: Sequence[str]) -> DropForm:
        """Sign a form for files of up to `most_bytes` below a prefix that ends in `/`. No request is made.

        `filled` are the fields that the sender fills in as he likes. All others are fixed. Ends as a link does.
        """

    def send_form(self, form: DropForm, key: str, body: bytes, filled: Mapping[str, str]) -> int:
        """Send a small file under a key of the store; the status of the answer. Raises `StoreError` for none."""
