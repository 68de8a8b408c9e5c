"""Search for what stands in the middle of a name: the filters lose nothing, and spare the look at all names."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sync.archive.catalogue import Catalogue, pieces
from s3sync.archive.catalogue.filters import renew
from s3sync.archive.catalogue.globs import patterns_of
from tests.unit.archive.test_catalogue import index

LETTERS = "abé1[]^*?-"


@given(st.lists(st.text(LETTERS, max_size=6), max_size=20), st.text(LETTERS, max_size=6))
@example(["ab[1", "1ab"], "*ab[[]1*")
@example(["a]é", "aé"], "*a[]1]é")
@example(["aé1"], "*[^]]é1*")
def test_a_filter_has_every_piece_of_each_name_that_fits(names: list[str], glob: str) -> None:
    wanted = pieces.numbers_of(glob)
    with sqlite3.connect(":memory:") as connection:
        fitting = [one for one in names if connection.execute("SELECT ? GLOB ?", (one, glob)).fetchone()[0]]
    connection.close()
    if fitting:
        assert pieces.has_all(pieces.filter_of(names), wanted)


def test_a_filter_tells_most_of_what_is_not_there() -> None:
    made = pieces.filter_of(f"light_{n:05}_ha.fits" for n in range(pieces.BLOCK))
    asked = [f"*{word}*" for word in ("ngc7000", "flat", "_oiii", ".jpg", "jupiter", "sun_", "dark", "gx0")]
    assert sum(pieces.has_all(made, pieces.numbers_of(one)) for one in asked) <= 2
    assert not pieces.numbers_of("*") and not pieces.numbers_of("?[ab]*")


@pytest.mark.parametrize("word", ["jupiter", "12345", "9999", "7012", "xq", "ß", "*k?", "1999_ha", "z"])
def test_a_filter_tells_digits_that_run_together_and_few_characters(word: str) -> None:
    """All pieces of three digits are in a thousand running numbers; those of four are not."""
    made = pieces.filter_of(f"light_{n:05}_ha.fits" for n in range(1000, 1990))
    (pattern,) = patterns_of(word)[-1:]
    assert not pieces.has_all(made, pieces.numbers_of(pattern)), word


def test_names_that_are_digests_leave_what_no_digest_has_told() -> None:
    made = pieces.filter_of(f"{hashlib.md5(b'%d' % n, usedforsecurity=False).hexdigest()}.jpg" for n in range(1000))
    asked = ("jupiter", "xq", "mov", "img_", ".png", "thumb", "z")
    assert not [word for word in asked if pieces.has_all(made, pieces.numbers_of(f"*{word}*"))]


@pytest.mark.parametrize("block", [2, 3, 1000])
def test_names_are_found_in_their_middle_whatever_the_blocks(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a record was replaced and one forgotten."""
    monkeypatch.setattr(pieces, "BLOCK", block)
    with Catalogue(tmp_path / "catalogue.db") as catalogue:
        catalogue.record(index("u1", "old_moon.fits", *(f"a{n}.txt" for n in range(5))))
        catalogue.record(index("u2", *(f"b{n}_Mond.txt" for n in range(7)), "été_moon.fits"))
        catalogue.record(index("u1", *(f"c{n}.txt" for n in range(5)), "new_moon.fits"))
        assert [one.path for one in catalogue.find("moon")] == ["new_moon.fits", "été_moon.fits"]
        assert [one.path for one in catalogue.find("*_mo?d.t*")] == [f"b{n}_Mond.txt" for n in range(7)]
        assert [one.path for one in catalogue.find("TÉ_M")] == ["été_moon.fits"]
        assert len(catalogue.find("_mond", limit=3)) == 3
        catalogue.forget("u2.tar")
        assert [one.path for one in catalogue.find("moon")] == ["new_moon.fits"]
        assert catalogue.execute("SELECT count(*) FROM piece") == [(-(-6 // block),)]


def test_what_no_name_has_is_said_without_a_look_at_the_names(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "catalogue.db") as catalogue:
        catalogue.record(index("u1", *(f"light_{n:05}.fits" for n in range(2000))))
        asked: list[str] = []
        real = catalogue.execute

        def execute(sql: str, *values: object) -> Any:
            asked.append(sql)
            return real(sql, *values)

        catalogue.execute = execute  # type: ignore[method-assign]
        for word in ("jupiter", "23456", "xq", "*z*", "ü"):
            assert catalogue.find(word) == []
        assert not [sql for sql in asked if "m.name GLOB" in sql and ">=" not in sql]
        assert [one.path for one in catalogue.find("_01234")] == ["light_01234.fits"]


def earlier_filter(names: Sequence[str]) -> bytes:
    """As versions wrote it that knew pieces of three bytes alone."""
    bits = bytearray(1024)
    for name in (one.encode() for one in names):
        for at in range(len(name) - 2):
            number = crc32(name[at : at + 3]) % 8192
            bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def test_a_filter_of_an_earlier_version_tells_what_it_can() -> None:
    made = earlier_filter(["light_01234_ha.fits"])
    assert pieces.has_all(made, pieces.numbers_of("*_012*")), "and nothing of four digits, two bytes or one"
    assert not pieces.has_all(made, pieces.numbers_of("*jupiter*"))


def test_archives_of_one_file_share_filters_and_every_one_of_them_is_found(tmp_path: Path) -> None:
    """So that a million of them have not a million filters. Larger ones between them have their own."""
    with Catalogue(tmp_path / "catalogue.db") as catalogue:
        for number in range(600):
            catalogue.record(index(f"c{number:04}", f"gx{number:04}.mp4"))
            if number % 100 == 0:
                catalogue.record(index(f"few{number}", *(f"day{number}_{n}.txt" for n in range(30))))
                catalogue.record(index(f"many{number}", *(f"light{number}_{n:03}.fits" for n in range(100))))
        ((filters,),) = catalogue.execute("SELECT count(*) FROM piece")
        assert filters == 6 + 6 + 3, "one for each of 100, for each sixteen archives with one of 30, for each 256"
        for number in (0, 255, 256, 599):
            assert [one.path for one in catalogue.find(f"x{number:04}.")] == [f"gx{number:04}.mp4"]
        assert [one.path for one in catalogue.find("y300_29")] == ["day300_29.txt"]
        assert [one.path for one in catalogue.find("t500_099")] == ["light500_099.fits"]
        catalogue.record(index("c0300", *(f"new{n:03}.mp4" for n in range(100))))
        catalogue.record(index("many100", "one.fits"))
        catalogue.forget("c0301.tar")
        assert [one.path for one in catalogue.find("ew042")] == ["new042.mp4"]
        assert [one.path for one in catalogue.find("ne.f")] == ["one.fits"]
        assert catalogue.find("x0300.") == catalogue.find("x0301.") == catalogue.find("t100_007") == []
        assert [one.path for one in catalogue.find("x0302.")] == ["gx0302.mp4"]
        catalogue.execute("DROP TABLE piece")
        pieces.add_pieces(catalogue._connection)
        assert catalogue.execute("SELECT count(*) FROM piece") == [(6 + 6 + 3,)]
        assert [one.path for one in catalogue.find("ew042")] == ["new042.mp4"]
        assert [one.path for one in catalogue.find("x059")] == [f"gx059{n}.mp4" for n in range(10)]


def test_filters_of_an_earlier_version_are_made_anew_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sync.archive.catalogue.filters._AT_ONCE", 3)
    with Catalogue(tmp_path / "catalogue.db") as catalogue:
        named = {f"u{n}": [f"light_{n}{m:04}.fits" for m in range(1 if n % 2 else 1500)] for n in range(8)}
        for unit, names in named.items():
            catalogue.record(index(unit, *names))
        catalogue.execute("DELETE FROM piece")
        for at, names in enumerate(named.values(), 1):
            for first in range(0, len(names), pieces.BLOCK):
                bits = earlier_filter(names[first : first + pieces.BLOCK])
                catalogue.execute("INSERT INTO piece VALUES (?, ?, ?)", at, first, bits)
        asked = {"_20123.": ["light_20123.fits"], "_61499.": ["light_61499.fits"], "_70000": ["light_70000.fits"]}
        assert {word: [one.path for one in catalogue.find(word)] for word in asked} == asked
        renew(catalogue)
        assert {word: [one.path for one in catalogue.find(word)] for word in asked} == asked
        sizes = catalogue.execute("SELECT length(bits), count(*) FROM piece GROUP BY 1")
        assert sizes == [(len(pieces.filter_of([])), 2 * 4 + 1)]
        before = catalogue.execute("SELECT * FROM piece")
        renew(catalogue)
        assert catalogue.execute("SELECT * FROM piece") == before


@pytest.mark.parametrize("bits", [b"", b"\xff" * 5000])
def test_a_shared_filter_of_another_size_hides_no_name(tmp_path: Path, bits: bytes) -> None:
    with Catalogue(tmp_path / "catalogue.db") as catalogue:
        catalogue.record(index("a", "gx0001.mp4"))
        catalogue.execute("UPDATE piece SET bits = ?", bits)
        catalogue.record(index("b", "gx0002.mp4"))
        assert [one.path for one in catalogue.find("x000")] == ["gx0001.mp4", "gx0002.mp4"]
