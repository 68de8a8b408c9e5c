"""Storage class of a new file."""

from __future__ import annotations

import pytest

from s3sync.core.storage_class import class_of_new

KIB = 1024


@pytest.mark.parametrize(
    ("size", "chosen", "expected"),
    [
        (0, None, None),
        (10**9, None, None),
        (128 * KIB - 1, "STANDARD_IA", None),
        (128 * KIB, "STANDARD_IA", "STANDARD_IA"),
        (128 * KIB - 1, "ONEZONE_IA", None),
        (128 * KIB - 1, "GLACIER_IR", None),
        (128 * KIB, "GLACIER_IR", "GLACIER_IR"),
        (1, "INTELLIGENT_TIERING", "INTELLIGENT_TIERING"),
        (1, "STANDARD", "STANDARD"),
    ],
)
def test_a_small_file_is_not_billed_as_a_larger_one(size: int, chosen: str | None, expected: str | None) -> None:
    assert class_of_new(size, chosen) == expected
