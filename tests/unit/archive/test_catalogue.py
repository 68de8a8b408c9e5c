"""The catalogue: what is recorded is found again, survives a rebuild, and takes in whatever an index says."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from s3sync.archive.catalogue import Catalogue, catalogue_path
from s3sync.archive.catalogue.pieces import filter_of
from s3sync.core.archive.records import EXPIRED, THAWED, LogEntry, Status, ThawNote, as_of
from s3sync.core.archive.values import Index, Kind, Member, Pack
from s3sync.errors import LocalError

WHEN = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)


def member(path: str, size: int = 7, sha256: str = "") -> Member:
    return Member(path, Kind.FILE, size, 0o640, 1_700_000_000_123_456_789, sha256 or "ab" * 32, 512)


def index(unit: str, *paths: str, set: str = "projects", **other: Any) -> Index:
    members = tuple(map(member, paths))
    fields: dict[str, Any] = {
        "format": 1,
        "unit": unit,
        "set": set,
        "key": f"{unit}.tar",
        "pack": Pack.TAR,
        "members": members,
    }
    given: dict[str, Any] = {
        "size": 2048,
        "original_size": 7 * len(paths),
        "created_at": WHEN,
        "created_by": "Ana",
        "etag": "e1",
    }
    return Index(**{**fields, **given, **other})


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "catalogue.db")


def test_what_is_recorded_is_listed_with_all_that_the_index_says(catalogue: Catalogue) -> None:
    sent = index("b40-sunset", "a.mp4", "notes/b.txt", tags={"archive": "fast"}, fields={"night": "2024-11-02"})
    catalogue.record(sent)
    (found,) = catalogue.archives()
    assert (found.unit, found.key, found.status, found.files) == ("b40-sunset", "b40-sunset.tar", Status.STORED, 2)
    assert (found.archive_date, found.year, found.uploaded_at) == ("2024-11-02", "2024", "2025-03-04T05:06:07Z")
    assert found.tags == {"archive": "fast"}
    assert tuple(catalogue.members(found.key)) == sent.members


def test_recorded_again_it_is_one_archive_and_keeps_the_note_of_its_verification(catalogue: Catalogue) -> None:
    catalogue.record(index("one", "a", "b"))
    catalogue.note_verified("one.tar", "2025-03-05T00:00:00Z", "read")
    catalogue.record(index("one", "a", "b", "c"))
    (found,) = catalogue.archives()
    assert (found.files, found.verified_how) == (3, "read")
    catalogue.record(index("one", "z", etag="other"))
    (found,) = catalogue.archives()
    assert (found.files, found.verified_how) == (1, None), "another archive under the key was verified by nobody"
    assert [one.path for one in catalogue.members("one.tar")] == ["z"]


def test_archives_by_set_year_and_class(catalogue: Catalogue) -> None:
    catalogue.record(index("m31", "x", set="sessions", fields={"year": "2023"}, storage_class="DEEP_ARCHIVE"))
    newest = replace(member("y"), mtime_ns=1_700_000_000_000_000_000)
    catalogue.record(index("b41", members=(member("x"), newest)))
    catalogue.record(index("b42"))
    assert [one.unit for one in catalogue.archives(set="sessions")] == ["m31"]
    assert [one.unit for one in catalogue.archives(year="2023")] == ["b41", "m31"], "the year of its newest file"
    assert [one.unit for one in catalogue.archives(year="2025")] == ["b42"], "it was sent then, and has no files"
    assert [one.unit for one in catalogue.archives(storage_class="DEEP_ARCHIVE")] == ["m31"]


@pytest.mark.parametrize(
    ("typed", "paths"),
    [
        ("gx012299.mp4", ["day1/GX012299.MP4", "day1/GX012299.MP4.xmp"]),
        ("GX01*", ["day1/GX012299.MP4", "day1/GX012299.MP4.xmp"]),
        ("*.xmp", ["day1/GX012299.MP4.xmp"]),
        ("2299", ["day1/GX012299.MP4", "day1/GX012299.MP4.xmp"]),
        ("day1/GX012299.MP4", ["day1/GX012299.MP4"]),
        ("day2/GX012299.MP4", []),
        ("what[1]?.fit", ["what[1]?.fit"]),
        ("A\u0301RBOL.MP4", ["\u00e1rbol.mp4"]),
        ("no such", []),
    ],
)
def test_members_are_found_by_name(catalogue: Catalogue, typed: str, paths: list[str]) -> None:
    catalogue.record(index("f", "day1/GX012299.MP4", "day1/GX012299.MP4.xmp", "what[1]?.fit", "\u00e1rbol.mp4"))
    searched = typed.replace("[", "[[]").replace("?", "[?]") if typed.startswith("what") else typed
    assert [one.path for one in catalogue.find(searched)] == paths


def test_members_are_found_by_digest(catalogue: Catalogue) -> None:
    one = "f" * 64
    catalogue.record(replace(index("s"), members=(member("a", sha256=one), member("b"))))
    catalogue.record(replace(index("media", "c.jpg"), md5="0123456789ABCDEF0123456789ABCDEF", pack=Pack.NONE))
    assert [found.path for found in catalogue.find(sha256=one.upper())] == ["a"]
    assert [found.path for found in catalogue.find(md5="0123456789abcdef0123456789abcdef")] == ["c.jpg"]
    assert catalogue.find(sha256="not a digest") == []


def test_an_index_may_say_anything(catalogue: Catalogue) -> None:
    odd = Member("bad\udcff\n.txt", Kind.FILE, 2**80, -1, 2**70, "zz", -5)
    catalogue.record(replace(index("un\udc80it", key="k", size=-1, volume=2**64), members=(odd, odd)))
    (found,) = catalogue.archives()
    assert (found.size, found.files) == (0, 2)
    assert len(list(catalogue.members("k"))) == 2


@pytest.mark.parametrize(
    "typed", ["", "\udcff", "a/\udcff", "[", "[]", "[a", "/", "a//b", "*" * 1000, "\x00", "x" * 100_000]
)
def test_any_name_can_be_asked_for(catalogue: Catalogue, typed: str) -> None:
    catalogue.record(index("a", "x", "y"))
    assert len(catalogue.find(typed)) in (0, 2)
    catalogue.find(md5=typed)
    catalogue.find(sha256=typed)
    catalogue.units_like(typed)
    assert catalogue.log(unit=typed) == []
    assert catalogue.archives(unit=typed) == catalogue.archives(year=typed) == []


def test_the_log_is_read_backwards_and_by_unit(catalogue: Catalogue) -> None:
    for unit in ("a", "b", "a"):
        catalogue.note(LogEntry("2025-01-01T00:00:00Z", "Ana", "send", "s", unit, f"{unit}.tar", 5))
    assert [one.unit for one in catalogue.log(limit=2)] == ["a", "b"]
    assert len(catalogue.log(unit="a")) == 2


def test_statistics_of_a_day_are_taken_anew(catalogue: Catalogue) -> None:
    catalogue.record(index("a", "x"))
    catalogue.take_statistics("2025-03-04")
    catalogue.record(index("b", "x", "y"))
    catalogue.take_statistics("2025-03-04")
    (taken,) = catalogue.statistics()
    assert (taken.archives, taken.files, taken.size) == (2, 3, 4096)


def test_thaws_classes_and_what_is_gone(catalogue: Catalogue) -> None:
    catalogue.record(index("a", "x"))
    thaw = ThawNote("Bulk", 7, "2025-03-04T00:00:00Z", "thawing")
    catalogue.note_thaw("a.tar", thaw)
    catalogue.note_class("a.tar", "DEEP_ARCHIVE", "2025-03-10T00:00:00Z")
    catalogue.note_class("a.tar", "DEEP_ARCHIVE", "2025-04-10T00:00:00Z")
    found = catalogue.archive("a.tar")
    assert found is not None
    assert (found.thaw, found.storage_class) == (thaw, "DEEP_ARCHIVE")
    assert found.transitioned_at == "2025-03-10T00:00:00Z", "it went there once"
    catalogue.note_status("a.tar", Status.GONE)
    assert catalogue.archives() == []
    catalogue.forget("a.tar")
    assert catalogue.archive("a.tar") is None
    assert list(catalogue.members("a.tar")) == []


def test_a_damaged_catalogue_is_refused_with_the_way_to_make_it_anew(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    path.write_bytes(b"SQLite format 3\0" + b"\x13" * 5000)
    with pytest.raises(LocalError) as caught:
        Catalogue(path)
    assert "catalogue rebuild --anew" in (caught.value.hint or "")


def test_damage_in_the_middle_is_found_by_looking_through(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    with Catalogue(path) as made:
        made.record(index("a", *(f"file {n}" for n in range(2000))))
        assert made.damage() is None
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'member'").fetchone()[0]
        size = raw.execute("PRAGMA page_size").fetchone()[0]
    raw.close()
    body = bytearray(path.read_bytes())
    body[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(body)
    with Catalogue(path) as damaged:
        try:
            said = damaged.damage()
        except LocalError as error:
            said = error.why
    assert said


def test_each_store_with_its_prefix_and_server_has_its_own_file(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    places = [("s3://b", None), ("s3://b/x", None), ("s3://b", "http://localhost:9000")]
    assert len({catalogue_path(*place, environ) for place in places}) == 3
    assert catalogue_path("s3://b/", None, environ) == catalogue_path("s3://b", None, environ)


def test_a_folder_has_one_file_whatever_server_the_shell_names(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    url, server = "file:///mnt/t7", "http://localhost:9000"
    plain = catalogue_path(url, None, environ)
    assert catalogue_path(url, server, environ) == plain
    old_name = hashlib.sha256("\n".join((url, server)).encode()).hexdigest()[:16]
    earlier = plain.with_name(f"{old_name}.db")
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    assert catalogue_path(url, server, environ) == earlier, "one of an earlier version is not lost"
    assert catalogue_path(url, "http://other:9000", environ) == plain
    plain.touch()
    assert catalogue_path(url, server, environ) == plain


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_catalogue_of_an_earlier_version_is_brought_up_with_all_that_it_has(tmp_path: Path, version: int) -> None:
    path = tmp_path / "catalogue.db"
    with sqlite3.connect(path) as old:
        old.executescript(Path(__file__).with_name(f"catalogue_version_{version}.sql").read_text())
        plain = {"key": "m31.tar", "unit": "M31", "name": "m31", "set_name": "s", "pack": "tar", "status": "stored"}
        more = {"size": 9, "original_size": 8, "files": 1, "uploaded_at": "2025-01-01T00:00:00Z", "created_by": "Ana"}
        last = {"storage_class": "STANDARD", "volume": 1, "volumes": 1, "fields": "{}", "notes": "hazy"}
        last["tags"] = '{"archive":"delayed"}'
        values = {**plain, **more, **last}
        marks = ", ".join("?" * len(values))
        old.execute(f"INSERT INTO archive ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
        old.execute(
            "INSERT INTO member VALUES (1, 0, 'a.fits', 'a.fits', 'file', 8, 420, 7, '', NULL, 512, NULL, NULL)"
        )
        if version > 3:
            old.execute("INSERT INTO piece VALUES (1, 0, ?)", (filter_of(["a.fits"]),))
        old.execute("INSERT INTO thaw VALUES ('m31.tar', 'Bulk', 7, '2025-01-02T00:00:00Z', 'thawing', NULL, NULL)")
        old.execute(f"PRAGMA user_version = {version}")
    old.close()
    with Catalogue(path) as catalogue:
        (found,) = catalogue.archives()
        assert (found.unit, found.notes, found.expected_class) == ("M31", "hazy", "GLACIER")
        assert found.thaw == ThawNote("Bulk", 7, "2025-01-02T00:00:00Z", "thawing")
        assert [one.path for one in catalogue.members("m31.tar")] == ["a.fits"]
        assert [one.path for one in catalogue.find(".fit")] == ["a.fits"]
        catalogue.record(index("new", "b"))
        assert len(catalogue.archives()) == 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.find("light_00000001.fits"),
        lambda c: c.find("LIGHT_"),
        lambda c: c.find("0001"),
        lambda c: c.find("*.fits"),
        lambda c: c.find("no such thing"),
        lambda c: c.find("ha/light_00000001.fits"),
        lambda c: c.find(sha256="ab" * 32),
        lambda c: c.find(md5="cd" * 16),
        lambda c: list(c.members("u1.tar")),
        lambda c: c.archives(year="2025"),
        lambda c: c.log(),
        lambda c: c.statistics(),
    ],
)
def test_no_question_reads_the_rows_of_all_members(ask: Any, catalogue: Catalogue, tmp_path: Path) -> None:
    """By SQLite's own plan: of ten million members the rows are 1.3 GB, and the names alone are read in a second."""
    for unit in ("u1", "u2"):
        catalogue.record(index(unit, *(f"ha/light_{n:08}.fits" for n in range(30)), md5="cd" * 16))
    asked: list[tuple[str, tuple[object, ...]]] = []
    real = catalogue.execute

    def execute(sql: str, *values: object) -> Any:
        asked.append((sql, values))
        return real(sql, *values)

    catalogue.execute = execute  # type: ignore[method-assign]
    ask(catalogue)
    plans = [row[3] for sql, values in asked for row in real(f"EXPLAIN QUERY PLAN {sql}", *values)]
    members = [plan for plan in plans if plan.split()[1] in ("m", "member")]
    assert plans and all(plan.startswith("SEARCH") or "COVERING INDEX" in plan for plan in members), plans


@pytest.mark.parametrize("blocks", [0, 200])
def test_hits_in_the_middle_of_names_come_in_blocks_without_one_lost(
    blocks: int, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sync.archive.catalogue.search._HITS_AT_ONCE", 3)
    monkeypatch.setattr("s3sync.archive.catalogue.search._MOST_BLOCKS", blocks)
    names = [f"{letter}_0001.fits" for letter in "abcdefgh"]
    catalogue.record(index("u1", *names, "other.txt"))
    catalogue.record(index("u2", *(f"deep/{name}" for name in names)))
    assert [one.path for one in catalogue.find("0001")] == [p for name in names for p in (name, f"deep/{name}")]
    assert len(catalogue.find("0001", limit=5)) == 5
    assert [one.path for one in catalogue.find("deep/c_0001.fits")] == ["deep/c_0001.fits"]
    assert [one.path for one in catalogue.find("deep/*_0001.fits")] == [f"deep/{name}" for name in names]


def test_a_thaw_ends_with_its_time_and_with_a_class_that_is_warm(catalogue: Catalogue) -> None:
    catalogue.record(index("m31", "x", storage_class="GLACIER"))
    catalogue.note_thaw("m31.tar", ThawNote("Bulk", 7, "2025-03-04T00:00:00Z", THAWED, "2025-03-11T00:00:00Z"))
    states = []
    for day, storage_class in ((10, "GLACIER"), (12, "GLACIER"), (10, "STANDARD")):
        found = replace(catalogue.archives()[0], storage_class=storage_class)
        thaw = as_of(found, datetime(2025, 3, day, tzinfo=UTC)).thaw
        states.append(thaw.state if thaw else None)
    assert states == [THAWED, EXPIRED, None]
