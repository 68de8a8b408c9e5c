"""What others wrote about archives: rows, headers, keys and cells lead nowhere, run nothing and cost little."""

from __future__ import annotations

import csv
import io
import json
import shlex
import tarfile
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_chain import Desk
from tests.unit.archive.old_tool import old_database, row

ALONE = "archives:\n  nights:\n    store: {store}\n    source: raw/*\n    layout: '{layout}'\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, (tmp_path / "bucket").as_uri(), {}, light="")


@pytest.mark.parametrize("unit", ["b41-older/.git/b40-old", "b41-older", "clients/.HG/b40-old"])
def test_a_row_on_a_disk_leads_no_restore_to_another_unit(unit: str, desk: Desk, tmp_path: Path) -> None:
    """Whoever writes to the disk says which unit a key is of; the user named another one."""
    put(desk.video, "b40-old/post-checkout", b"#!/bin/sh\n").chmod(0o755)
    for name in ("ssd", "vault"):
        desk.ok("archive", "run", "--set", name, "--delete-local")
    rows = desk.disk / ".s3sync/archive/ssd.jsonl"
    row = {
        "format": 1, "unit": unit, "set": "ssd", "key": "b40-old", "pack": "none", "members": [], "size": 0,
        "original_size": 0, "created_at": "2024-01-01T00:00:00Z", "created_by": "eve",
    }  # fmt: skip
    rows.write_text(json.dumps(row) + "\n")
    desk.ok("archive", "catalogue", "rebuild", "--anew", "--set", "ssd")
    before = sorted(path for path in desk.video.rglob("*"))
    refused = desk.refused(1, "restore", "b40-old", "--set", "vault")
    assert unit in refused and "--to DIR" in refused
    assert sorted(path for path in desk.video.rglob("*")) == before
    desk.ok("restore", "b40-old", "--set", "vault", "--to", str(tmp_path / "looked-at"))
    assert (tmp_path / "looked-at/b40-old/post-checkout").exists()


def tar_with(header: bytes) -> bytes:
    """A tar whose only member has this extended header."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        extended = tarfile.TarInfo("extended")
        extended.type, extended.size = tarfile.XHDTYPE, len(header)
        archive.addfile(extended, io.BytesIO(header))
        body = tarfile.TarInfo("m42/a.fits")
        body.size = 4
        archive.addfile(body, io.BytesIO(b"body"))
    return made.getvalue()


def record(keyword: bytes, value: bytes) -> bytes:
    rest = b" " + keyword + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


MANY = 8_000_000


@pytest.mark.parametrize(
    ("header", "is_read"),
    [
        (b"7" * MANY, False),
        (b"3 " * (MANY // 2) + b"=", False),
        (record(b"path", b"9" * MANY), False),
        (record(b"comment", b"0" * MANY), True),
        (record(b"SCHILY.xattr.user.x", b"1 x=" * (MANY // 4)), True),
        (record(b"mtime", b"1705320000.25") + record(b"path", b"m42/b.fits"), True),
        (record(b"mtime", b"1e300"), True),
    ],
)
def test_an_extended_header_costs_no_more_than_its_bytes(
    header: bytes, is_read: bool, david: Person, tmp_path: Path
) -> None:
    """Python's own reader takes days for each of these, and nothing interrupts it."""
    vault = tmp_path / "vault"
    settings(david, ALONE.format(store=vault.as_uri(), layout="{id}"))
    put(david.repo, "raw/m41/a.fits")
    david.ok("archive", "run", cwd=david.repo)
    (vault / "m42.tar").write_bytes(tar_with(header))
    david.run("archive", "adopt", cwd=david.repo)
    shown = david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]
    (found,) = (one for one in shown if one["unit"] == "m42")
    assert found["status"] == ("adopted" if is_read else "not indexed")


def test_cells_are_no_formulas_where_another_sign_divides_them(david: Person, tmp_path: Path) -> None:
    """A spreadsheet of a country that divides cells by `;` takes quotes away that this line means as text."""
    settings(david, ALONE.format(store=(tmp_path / "vault").as_uri(), layout="{id}"))
    for name in ('a;"=1+1;b', 'c|"" @SUM(1);d', 'e;"+2;"-3'):
        put(david.repo, f"raw/m42/{name}")
    david.ok("archive", "run", cwd=david.repo)
    text = david.ok("archive", "catalogue", "export", "--csv", "--members", cwd=david.repo).out
    for divider in ",;|\t":
        cells = [cell.strip() for row in csv.reader(io.StringIO(text), delimiter=divider) for cell in row]
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@")], divider


def test_a_unit_in_a_hint_is_one_word_of_a_shell(david: Person, tmp_path: Path) -> None:
    settings(david, ALONE.format(store=(tmp_path / "vault").as_uri(), layout="{id}"))
    unit = "m42;touch x"
    put(david.repo, f"raw/{unit}/a.fits")
    david.ok("archive", "run", cwd=david.repo)
    said = david.expect(2, "restore", unit, "--member", "none", cwd=david.repo).err
    assert f"`s3sync archive show {shlex.quote(unit)}`" in said


@pytest.mark.parametrize("told_by", ["a record", "indexes"])
def test_amounts_that_are_too_large_together_stop_no_run(told_by: str, david: Person, tmp_path: Path) -> None:
    """SQLite cannot add them up, and the nightly run of everybody who knew of them failed from then on."""
    vault = tmp_path / "vault"
    settings(david, ALONE.format(store=vault.as_uri(), layout="{id}"))
    put(david.repo, "raw/m41/a.fits")
    david.ok("archive", "run", cwd=david.repo)
    if told_by == "a record":
        rows = [row(f"q{n}", f"q{n}.tar.gz", original_size_bytes=2**63 - 1, file_count=2**62) for n in range(3)]
        for one in rows:
            (vault / one["s3_key"]).write_bytes(b"no archive at all")
        record = old_database(tmp_path / "catalog.db", rows)
        david.expect(3, "archive", "adopt", "--from", str(record), cwd=david.repo)
    else:
        index = json.loads((vault / "m41.tar.index.json").read_text())
        for number in range(9):
            name = f"x{number}"
            (vault / f"{name}.tar").write_bytes((vault / "m41.tar").read_bytes())
            lies = {**index, "unit": name, "key": f"{name}.tar", "original_size": 2**60}
            (vault / f"{name}.tar.index.json").write_text(json.dumps(lies))
        david.ok("archive", "catalogue", "rebuild", cwd=david.repo)
    put(david.repo, "raw/m51/a.fits")
    assert "archived 1 unit " in david.ok("archive", "run", cwd=david.repo).out
    said = david.ok("archive", "stats", "--json", cwd=david.repo).json
    assert max(one["original_size"] for one in said["days"]) >= 2**60


@pytest.mark.parametrize("ending", ["tar.gz", "tar"])
def test_hard_links_of_another_tool_come_back_with_their_file(ending: str, david: Person, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    settings(david, ALONE.format(store=vault.as_uri(), layout="{id}"))
    vault.mkdir()
    put(vault, f"m42.{ending}")
    with tarfile.open(vault / f"m42.{ending}", mode="w:gz" if ending == "tar.gz" else "w") as archive:
        for name, body in (("m42/first", b"1" * 900), ("m42/a", b"of all"), ("m42/last", b"2" * 900)):
            one = tarfile.TarInfo(name)
            one.size = len(body)
            archive.addfile(one, io.BytesIO(body))
        for number in range(40):
            link = tarfile.TarInfo(f"m42/links/{number}")
            link.type, link.linkname = tarfile.LNKTYPE, "m42/a"
            archive.addfile(link)
    david.ok("archive", "adopt", "--yes", cwd=david.repo)
    david.ok("restore", "m42", "--to", str(tmp_path / "out"), cwd=david.repo)
    found = {path.read_bytes() for path in (tmp_path / "out/m42/links").iterdir()}
    assert found == {b"of all"} and (tmp_path / "out/m42/last").read_bytes() == b"2" * 900
    assert len(list((tmp_path / "out/m42/links").iterdir())) == 40
