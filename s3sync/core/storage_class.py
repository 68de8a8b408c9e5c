"""Storage class of a new file."""

from __future__ import annotations

SMALLEST_BILLED = 128 * 1024
"""Bytes that an object of one of these classes is billed as, at the least (https://aws.amazon.com/s3/pricing/)."""
_BILLED_AS_LARGER = frozenset({"STANDARD_IA", "ONEZONE_IA", "GLACIER_IR"})


def class_of_new(size: int, chosen: str | None) -> str | None:
    """The class to store a file of `size` bytes in; None is the store's usual one.

    A small file stays in the usual class where the chosen one would bill it as a larger one.
    """
    return None if size < SMALLEST_BILLED and chosen in _BILLED_AS_LARGER else chosen
