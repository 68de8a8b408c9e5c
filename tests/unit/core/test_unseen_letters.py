"""Letters that some disk ignores: with them a name is another one for us, and the same for that disk."""

from __future__ import annotations

import pytest

from s3sync.core.spelling import obeyed_refusal

IGNORABLE = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip
"""Default_Ignorable_Code_Point in DerivedCoreProperties.txt of Unicode 15. Linux leaves these out where it compares
names in a folder that ignores case (fs/unicode), as ext4 and f2fs have them on phones and game consoles."""


@pytest.mark.parametrize(("first", "last"), IGNORABLE, ids=lambda number: f"{number:04x}")
@pytest.mark.parametrize("name", [".git/config", "cut/.s3sync/state.db", "HEAD"])
def test_f48_no_letter_that_a_disk_ignores_hides_a_name(name: str, first: int, last: int) -> None:
    for number in {first, (first + last) // 2, last}:
        for at in range(len(name) + 1):
            found = obeyed_refusal(f"{name[:at]}{chr(number)}{name[at:]}")
            assert found is not None and found.obeyed, (hex(number), at)


@pytest.mark.parametrize("name", ["\U0001d15f.mid", "caf\u00e9", "\u1f600", "\U0001d172", "\U0001bc9f"])
def test_letters_that_are_seen_are_no_reason(name: str) -> None:
    assert obeyed_refusal(name) is None
