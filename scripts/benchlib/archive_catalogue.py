"""A catalogue of many archives and its questions, and headers of FITS files beside astropy."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchlib.lab import Budget, Lab
from benchlib.measure import Command, CommandFailed, run
from benchlib.tools import Ours, program
from s3sync.archive.catalogue import Catalogue, catalogue_path, pieces, schema
from s3sync.archive.readers import Unsaid
from s3sync.archive.readers.fits import is_fits, read_header
from s3sync.core.archive.records import LogEntry
from s3sync.core.archive.values import Index, Kind, Member, Pack
from s3sync.core.times import format_time
from tests.kit.people import Person

ASTROPY = "astropy"
STORE = "s3://shared/scale"
SETTINGS = f"archives: {{bench: {{store: '{STORE}', source: 'heavy/*', layout: 'raw/{{year}}/{{id}}'}}}}\n"
FIRST_DAY = datetime(2014, 1, 1, tzinfo=UTC)
DAYS = 4000
CACHE_KB = 3_000_000
TRIES = 3
KEYWORDS = ("DATE-OBS", "OBJECT", "FILTER", "EXPTIME", "INSTRUME", "TELESCOP", "NAXIS1", "NAXIS2")


def archive_scale(lab: Lab) -> None:
    """All archives of a team of many years: what each question takes, in the program and as a command."""
    archives, members = lab.sizes.catalogue
    data = lab.work / "data"
    person = Person("david", lab.work / "david", {"XDG_DATA_HOME": str(data)})
    (person.repo / ".s3sync.yaml").write_text(SETTINGS)
    path = catalogue_path(STORE, None, person.env())
    began = time.monotonic()
    build(path, archives, members)
    size = path.stat().st_size / 1e6
    lab.say(f"archive-scale: {members:,} members, {size:,.0f} MB, built in {time.monotonic() - began:.0f} s")
    one = archives // 2
    with Catalogue(path) as catalogue:
        for question, ask, least in _questions(catalogue, one, members):
            lab.add("archive-scale", f"{question}, ms", {Ours.name: _best_ms(question, ask, least)}, QUICK_ENOUGH)
    for words in (
        ("list",), ("list", "--year", "2020"), ("show", unit_of(one)), ("find", name_of(members // 2)),
        ("find", "nothing-has-this"), ("log",), ("stats",),
    ):  # fmt: skip
        text = " ".join(words)
        sample = run(Command([program("s3sync"), "archive", *words], person.env(), person.repo))
        lab.say(f"archive {text}: {sample.wall:.2f} s, {sample.peak:.0f} MB")
        lab.add("archive-scale", f"`{text}` as a command, s", {Ours.name: sample.wall})
        lab.add("archive-scale", f"`{text}` as a command, peak MB", {Ours.name: sample.peak}, SMALL_ENOUGH)


QUICK_ENOUGH = Budget("under 100 ms", lambda ours, ratio: ours < 100)
SMALL_ENOUGH = Budget("under 150", lambda ours, ratio: ours < 150)


def _questions(
    catalogue: Catalogue, one: int, members: int
) -> Iterator[tuple[str, Callable[[], list[object] | list[str]], int]]:
    """Each with the least number of answers that it must give."""
    middle = name_of(members // 2)
    key, digest = key_of(one), sha256_of(members // 2)

    def ask(question: Callable[[], object]) -> Callable[[], list[object]]:
        return lambda: list(question())  # type: ignore[call-overload]

    yield "all archives", ask(catalogue.archives), one
    yield "archives of a year", ask(lambda: catalogue.archives(year="2020")), 1
    yield "one unit and its members", ask(lambda: [catalogue.archives(unit=unit_of(one)), *catalogue.members(key)]), 2
    yield "a name", ask(lambda: catalogue.find(middle)), 1
    yield "the beginning of a name", ask(lambda: catalogue.find("m31_")), 1
    yield "the middle of a name, 1,000 found", ask(lambda: catalogue.find("_ha_")), 1
    yield "the middle of a name, one found", ask(lambda: catalogue.find(middle[4:-5])), 1
    yield "the middle of a name, none found", ask(lambda: catalogue.find("nothing-has-this")), 0
    yield "digits in a name, none found", ask(lambda: catalogue.find("12345678")), 0
    yield "two characters of a name, none found", ask(lambda: catalogue.find("xq")), 0
    yield "a folder and a name", ask(lambda: catalogue.find(f"lights/{middle}")), 1
    yield "a SHA-256", ask(lambda: catalogue.find(sha256=digest)), 1
    yield "an MD5", ask(lambda: catalogue.find(md5=md5_of(one))), 1
    yield "units with a text", ask(lambda: catalogue.units_like("ngc7000")), 1
    yield "log", ask(catalogue.log), 1
    yield "log of a unit", ask(lambda: catalogue.log(unit=unit_of(one))), 1
    yield "statistics", ask(catalogue.statistics), 1


def _best_ms(question: str, ask: Callable[[], list[object] | list[str]], least: int) -> float:
    best = float("inf")
    for _ in range(TRIES):
        began = time.perf_counter()
        found = ask()
        best = min(best, time.perf_counter() - began)
        if len(found) < least:
            raise CommandFailed(f"{question}: {len(found)} answers instead of {least} or more")
    return best * 1000


_OBJECTS = ("m31", "m42", "ngc7000", "ic1805", "sh2-132", "m101", "ngc6888", "b33")
_FILTERS = ("ha", "oiii", "sii", "l", "r", "g", "b")


def unit_of(number: int) -> str:
    return f"{_OBJECTS[number % len(_OBJECTS)]}-{number:05d}"


def key_of(number: int) -> str:
    return f"raw/{_day(number):%Y}/{unit_of(number)}.tar"


def name_of(number: int) -> str:
    return f"{_OBJECTS[number // 5000 % len(_OBJECTS)]}_{_FILTERS[number // 700 % len(_FILTERS)]}_{number:08d}.fits"


def sha256_of(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def md5_of(number: int) -> str:
    return hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest()


def _day(number: int) -> datetime:
    return FIRST_DAY + timedelta(days=number * 331 % DAYS)


def _index(number: int, first: int, count: int) -> Index:
    when, size = _day(number), 10_000
    members = tuple(
        Member(f"lights/{name_of(n)}", Kind.FILE, size, 0o644, n * 1_000_000, sha256_of(n), (n - first) * 10_752 + 512)
        for n in range(first, first + count)
    )
    return Index(
        1, unit_of(number), "bench", key_of(number), Pack.TAR, members, count * 10_752, count * size, when, "david",
        md5=md5_of(number), etag=md5_of(number), tags={"archive": "fast"},
        fields={"year": f"{when:%Y}", "night": f"{when:%Y-%m-%d}", "object": unit_of(number).partition("-")[0]},
    )  # fmt: skip


def build(path: Path, archives: int, members: int) -> None:
    """Fill a new catalogue in one go: with everything in memory, and nothing made safe before the end."""
    Catalogue(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KB}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    first, entries = 0, []
    for number in range(archives):
        count = members * (number + 1) // archives - first
        index = _index(number, first, count)
        values = {"id": number + 1, **schema.archive_values(index, None)}
        connection.execute(
            f"INSERT INTO archive ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values())
        )
        rows = [schema.member_values(number + 1, n, member) for n, member in enumerate(index.members)]
        connection.executemany(f"INSERT INTO member VALUES ({', '.join('?' * 13)})", rows)
        for at in range(0, len(rows), pieces.BLOCK):
            bits = pieces.filter_of(str(row[3]) for row in rows[at : at + pieces.BLOCK])
            connection.execute("INSERT INTO piece VALUES (?, ?, ?)", (number + 1, at, bits))
        entries.append(LogEntry(format_time(index.created_at), "david", "archive", "bench", index.unit, index.key))
        first += count
    connection.execute("COMMIT")
    connection.close()
    with Catalogue(path) as catalogue, catalogue.transaction():
        for entry in entries:
            catalogue.note(entry)
        catalogue.take_statistics(f"{FIRST_DAY:%Y-%m-%d}")
        days = [(f"{FIRST_DAY + timedelta(days=day):%Y-%m-%d}", f"{FIRST_DAY:%Y-%m-%d}") for day in range(1, 800)]
        of_a_day = schema.STATISTIC_COLUMNS.replace("day,", "?,", 1)
        catalogue.execute_many(f"INSERT INTO statistic SELECT {of_a_day} FROM statistic WHERE day = ?", days)


def archive_fits(lab: Lab) -> None:
    """Some cards of the headers of the FITS files that astropy ships, which are of many observatories and programs.

    Without those in `.gz`, where unpacking takes longer than either reader.
    """
    from astropy.io import fits  # type: ignore[import-not-found,unused-ignore]

    spec = find_spec(ASTROPY)
    assert spec is not None and spec.submodule_search_locations
    shipped = sorted(Path(spec.submodule_search_locations[0]).rglob("*"))
    paths = [path for path in shipped if is_fits(path.name) and path.suffix != ".gz" and _is_read_by_both(path, fits)]
    _theirs(paths, fits)  # what it imports on the way is not counted
    found = {
        Ours.name: _best_ms("ours", lambda: _ours(paths), len(paths)) / len(paths),
        ASTROPY: _best_ms("astropy", lambda: _theirs(paths, fits), len(paths)) / len(paths),
    }
    lab.say(f"archive-fits: {len(paths)} files")
    budget = Budget("8 times as fast", lambda ours, ratio: ratio <= 1 / 8)
    lab.add("archive-fits", "ms a header", found, budget)


def _ours(paths: list[Path]) -> list[object]:
    return [tuple(map(read_header(path).get, KEYWORDS)) for path in paths]


def _theirs(paths: list[Path], fits: Any) -> list[object]:
    return [_values(path, fits) for path in paths]


def _values(path: Path, fits: Any) -> tuple[object, ...]:
    """Values of the primary header, or where that has no image of the next one before it, as ours gives them."""
    with fits.open(path) as opened:
        headers = [opened[0].header]
        if headers[0]["NAXIS"] == 0:
            with suppress(IndexError):
                headers.insert(0, opened[1].header)
        return tuple(next((header[word] for header in headers if word in header), None) for word in KEYWORDS)


def _is_read_by_both(path: Path, fits: Any) -> bool:
    try:
        read_header(path)
        _values(path, fits)
    except (Unsaid, OSError, ValueError, KeyError, TypeError):
        return False
    return True
