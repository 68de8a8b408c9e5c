"""The tables of versions: which one an id or a time means, and how each gets its id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from s3sync.core.versions import FileVersion, Where, at_time, by_id, named, parse_at

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def day(number: int | None) -> datetime | None:
    return None if number is None else datetime(2026, 11, number, tzinfo=UTC)


def version(
    size: int, since: int | None, until: int | None, where: Where = Where.OLD_VERSION, *, gone: bool = False
) -> FileVersion:
    return FileVersion(
        "a", where, f"k{size}", size, since=day(since), until=day(until), etag=f"e{size}", is_deletion=gone
    )


KEPT = [version(4, 9, None, Where.REMOTE), version(0, 7, 9, gone=True), version(2, 3, 7), version(1, 1, 3)]
TRASHED = [
    version(3, 6, None, Where.REMOTE),
    version(2, 1, 6, Where.REMOTE_TRASH),
    version(1, None, 3, Where.REMOTE_TRASH),
    version(9, 1, 5, Where.LOCAL_TRASH),
]


@pytest.mark.parametrize(
    ("versions", "when", "size"),
    [
        (KEPT, 10, 4), (KEPT, 9, 4), (KEPT, 8, 0), (KEPT, 5, 2), (KEPT, 3, 2), (KEPT, 2, 1),
        (KEPT[:2], 5, None), ([], 5, None),
        (TRASHED, 7, 3), (TRASHED, 4, 2), (TRASHED, 2, 1), (TRASHED[:1], 4, None), (TRASHED[3:], 4, 9),
    ],
)  # fmt: skip
def test_the_version_of_a_time_is_the_one_that_ended_first_after_it(
    versions: list[FileVersion], when: int, size: int | None
) -> None:
    moment = day(when)
    assert moment is not None
    found = at_time(versions, moment)
    assert (found.size if found else None) == size


def test_ids_are_the_only_ones_stay_the_same_and_may_be_shortened() -> None:
    first = named(KEPT)
    assert [one.size for one in first] == [4, 0, 2, 1] and len({one.id for one in first}) == 4
    old = next(one for one in first if one.size == 2)
    later = named([version(5, 12, None, Where.REMOTE), version(4, 9, 12), *KEPT[1:]])
    assert {one.size: one.id for one in first}.items() <= {one.size: one.id for one in later}.items()
    assert by_id(later, old.id[:4])[0].size == 2 and by_id(later, old.id.upper())[0].size == 2
    assert by_id(later, "zz") == by_id(later, "") == by_id(later, "e2") == []
    many = named(FileVersion("a", Where.REMOTE_TRASH, f"k{n}", n) for n in range(3000))
    assert len({one.id for one in many}) == 3000


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-03", datetime(2026, 11, 4, tzinfo=UTC)),
        ("2026-11-03 14:30", datetime(2026, 11, 3, 14, 31, tzinfo=UTC)),
        ("2026-11-03T14:30:10Z", datetime(2026, 11, 3, 14, 30, 11, tzinfo=UTC)),
        ("2026-11-03 14:30 +02:00", datetime(2026, 11, 3, 12, 31, tzinfo=UTC)),
        ("2d", NOW - timedelta(days=2)),
        ("12h ago", NOW - timedelta(hours=12)),
        ("", None), ("yesterday", None), ("2026-13-01", None), ("2026-11-03 25:00", None),
        ("999999999y", None), ("2026-11-03 14:30; rm -rf", None),
    ],
)  # fmt: skip
def test_a_day_and_a_minute_mean_their_end(text: str, meant: datetime | None) -> None:
    found = parse_at(text, NOW)
    if meant is None or text in ("2d", "12h ago"):
        assert found == meant
    else:
        assert found == meant - timedelta(microseconds=1)


def test_a_deletion_that_stands_is_told_first_though_its_second_began_before() -> None:
    second = datetime(2026, 11, 3, 10, 0, 7, tzinfo=UTC)
    gone = FileVersion("a", Where.OLD_VERSION, "p/a", 0, since=second, version_id="m", is_deletion=True)
    kept = FileVersion("a", Where.REMOTE_TRASH, "t/a", 3, since=second.replace(microsecond=400_000), etag="e")
    undone = FileVersion("a", Where.OLD_VERSION, "p/a", 0, since=second, until=second, version_id="n", is_deletion=True)
    assert [one.version_id or one.etag for one in named([kept, undone, gone])] == ["m", "e", "n"]
