"""When a remembered digest is believed, and when one is remembered at all."""

from __future__ import annotations

import pytest

from s3sync.local.digests import Digests
from s3sync.local.scan import LocalFile
from s3sync.sync.scan import cache_entry, mtime_is_trustworthy
from s3sync.sync.view import is_of

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND


def file(mtime_ns: int, ctime_ns: int | None = None, *, size: int = 5, inode: int = 9) -> LocalFile:
    return LocalFile("/x", size, mtime_ns, inode, mtime_ns if ctime_ns is None else ctime_ns)


@pytest.mark.parametrize(
    ("age_ns", "trusted"),
    [
        pytest.param(SECOND + 1, True, id="long ago"),
        pytest.param(60_000_001, True, id="many ticks ago"),
        pytest.param(49_999_999, False, id="in this tick"),
        pytest.param(1, False, id="just now"),
        pytest.param(-SECOND + 1, False, id="in the future"),
        pytest.param(3 * SECOND, True, id="whole seconds, long ago"),
        pytest.param(2 * SECOND, False, id="whole seconds, perhaps in this tick"),
        pytest.param(SECOND, False, id="whole seconds, in this tick"),
    ],
)
def test_a_file_that_could_change_within_one_tick_is_not_remembered(age_ns: int, trusted: bool) -> None:
    assert mtime_is_trustworthy(file(NOW - age_ns), NOW) is trusted


@pytest.mark.parametrize("time", [2**63, -(2**63) - 1])
def test_a_time_that_no_database_holds_is_not_remembered(time: int) -> None:
    assert not mtime_is_trustworthy(file(time), 2**70)
    assert not mtime_is_trustworthy(file(NOW - 60 * SECOND - 1, time), NOW)


@pytest.mark.parametrize(
    "now",
    [
        file(NOW, NOW + 1),
        file(NOW, NOW - 1),
        file(NOW + 1, NOW),
        file(NOW, size=6),
        file(NOW, inode=10),
    ],
    ids=["ctime later", "ctime earlier", "mtime", "size", "inode"],
)
def test_f32_every_part_of_the_fingerprint_counts(now: LocalFile) -> None:
    known = cache_entry(file(NOW), Digests("a" * 32, "b" * 32))
    assert is_of(known, file(NOW))
    assert not is_of(known, now)


@pytest.mark.parametrize(
    ("ctime_ns", "believed"),
    [(NOW, True), (NOW + 10_000_000, True), (NOW + 50_000_001, False), (NOW - 1, False)],
    ids=["written, and no more", "in this tick", "changed since", "mtime put forward"],
)
def test_f32_a_digest_without_ctime_is_believed_where_nothing_was_changed_since(ctime_ns: int, believed: bool) -> None:
    known = cache_entry(file(NOW), Digests("a" * 32, "b" * 32))
    known = type(known)(known.size, known.mtime_ns, known.inode, known.xxh3, known.md5, None)
    assert is_of(known, file(NOW, ctime_ns)) is believed
