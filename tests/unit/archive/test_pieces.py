"""Search for what stands in the middle of a name: the filters lose nothing, and spare the look at all names."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sync.archive.catalogue import Catalogue, pieces
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
    assert not pieces.numbers_of("*ab*") and not pieces.numbers_of("a?b[cde]f")


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
        assert catalogue.find("jupiter") == []
        assert not [sql for sql in asked if "m.name GLOB" in sql and ">=" not in sql]
        assert [one.path for one in catalogue.find("_01234")] == ["light_01234.fits"]
