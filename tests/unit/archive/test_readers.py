"""Readers of FITS headers, movies and photos, on real files and on what somebody may put in their place."""

from __future__ import annotations

import gzip
import os
import sys
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sync.archive.readers import Unsaid, exif, exiftool, fits, movie
from s3sync.archive.readers.said import said
from s3sync.disk.programs import program
from tests.kit.cameras import clip, frame, photo
from tests.kit.media import fits_file

TAKEN = datetime(2024, 1, 15, 13, 40, 22)  # noqa: DTZ001


def test_a_header_of_a_survey_is_read() -> None:
    header = fits.read_header(fits_file("wcs/tests/data/validate.fits"))
    assert header.text("OBJECT") == "PTF_survey"
    assert header.text("FILTER") == "R"
    assert fits.observed(header) == datetime(2009, 6, 25, 8, 41, 23, 970000)  # noqa: DTZ001
    assert len(list(header.keywords())) > 100


def test_a_packed_plate_of_1976_is_read_with_its_site() -> None:
    header = fits.read_header(fits_file("wcs/tests/data/dss.14.29.56-62.41.05.fits.gz"))
    assert fits.longitude(header) == pytest.approx(149.06167, abs=1e-4)
    with pytest.raises(Unsaid, match="no time of day"):
        fits.observed(header)


def test_of_a_compressed_image_the_images_own_header_counts() -> None:
    folder = "io/fits/hdu/compressed/tests/data"
    plain, packed = (fits.read_header(fits_file(f"{folder}/{name}.fits")) for name in ("m13", "m13_rice"))
    assert packed.text("CTYPE1") == plain.text("CTYPE1") == "RA---TAN"
    assert packed.get("CRVAL1") == plain.get("CRVAL1") == 250.4226
    assert packed.get("ZNAXIS1") == plain.get("NAXIS1")
    assert packed.get("SIMPLE") is True


def test_values_of_every_kind(tmp_path: Path) -> None:
    cards = {
        "OBJECT": "Barnard's Loop",
        "LONG": "x" * 150 + "'" + "y" * 100,
        "EXPTIME": 300.5,
        "GAIN": -5,
        "FLAG": False,
        "ESO TEL AMBI": 3,
        "ESO LONG NAME": "z" * 200,
        "DOUBLE": "1.5",
    }
    header = fits.read_header(frame(tmp_path / "a.fits", cards))
    assert {name: header.get(name) for name in cards} == cards
    assert header.get("NOTHING") is None and header.text("FLAG") == ""
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    assert fits.read_header(tmp_path / "a.fits.gz").get("LONG") == cards["LONG"]


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=400))
def test_a_text_of_any_length_comes_back_without_blanks_at_its_end(text: str) -> None:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"s3sync-{os.getpid()}.fits"
    try:
        found = fits.read_header(frame(path, {"TEXT": text.rstrip(" &")})).get("TEXT")
    finally:
        path.unlink(missing_ok=True)
    # Blanks at the end of each card do not count, so that some inside a long text are lost by the standard.
    assert str(found or "").replace(" ", "") == text.rstrip(" &").replace(" ", "")


@pytest.mark.parametrize(
    ("cards", "zone", "night"),
    [
        ({"DATE-OBS": "2024-01-15T23:12:01.5"}, "Europe/Berlin", "20240115"),
        ({"DATE-OBS": "2024-01-16T03:12:01"}, "Europe/Berlin", "20240115"),
        ({"DATE-OBS": "2024-01-16T03:12:01"}, "Australia/Sydney", "20240116"),
        ({"DATE-OBS": "2024-01-16T03:12:01", "SITELONG": -70.5}, None, "20240115"),
        ({"DATE-OBS": "2024-01-16T03:12:01", "SITELONG": "+151 12 30"}, None, "20240116"),
        ({"DATE-OBS": "2024-01-16T05:12:01", "SITELONG": "70:30:00 W"}, None, "20240115"),
        ({"DATE-OBS": "2024-01-16T05:12:01", "LONG-OBS": 289.5}, None, "20240115"),
        ({"DATE-OBS": "2024-07-01", "TIME-OBS": "22:30:00"}, "Europe/Berlin", "20240701"),
        ({"DATE-OBS": "31/12/97", "TIME-OBS": "23:30:00"}, "Europe/Berlin", "19971231"),
        ({"DATE-OBS": "2024-01-15T12:30:00+02:00"}, "Europe/Berlin", "20240114"),  # 11:30 there
        ({"DATE-OBS": "2024-01-15 23:12:01.123456789Z"}, "Europe/Berlin", "20240115"),
        ({"DATE-BEG": "2024-01-16T03:12:01"}, "Europe/Berlin", "20240115"),
        ({"MJD-OBS": 60325.13333}, "Europe/Berlin", "20240115"),
        ({"DATE-OBS": "2024-03-31T10:30:00"}, "Europe/Berlin", "20240331"),  # summer time since 1:00 UTC
        ({"DATE-OBS": "2024-03-30T10:30:00"}, "Europe/Berlin", "20240329"),
        ({"DATE-OBS": "2024-01-16T10:59:59", "SITELONG": "-00 15 00"}, None, "20240115"),
        ({"DATE-OBS": "2024-01-16T00:30:00", "SITELONG": "-179 59 59"}, None, "20240115"),
        ({"DATE-OBS": "2024-01-16T00:30:00", "SITELONG": "+179:59:59"}, None, "20240116"),
        ({"DATE-OBS": "2024-01-15T23:30:00", "SITELONG": "-179 59 59"}, None, "20240114"),
    ],
)
def test_a_night_is_that_of_its_evening(tmp_path: Path, cards: dict[str, object], zone: str | None, night: str) -> None:
    path = frame(tmp_path / "a.fits", {"OBJECT": "M31", **cards})
    assert said(path, ZoneInfo(zone) if zone else None, zone is not None)["night"] == night


def test_a_night_without_a_place_is_refused_and_not_guessed(tmp_path: Path) -> None:
    path = frame(tmp_path / "a.fits", {"OBJECT": "M31", "DATE-OBS": "2024-01-15T23:12:01"})
    fields = said(path, ZoneInfo("Europe/Berlin"), False)
    assert "night" not in fields and "no timezone" in fields["no night"]
    assert fields["object"] == "M31"
    path = frame(tmp_path / "b.fits", {"DATE-OBS": "2024-01-15T23:12:01", "SITELONG": "left of the shed"})
    assert "SITELONG is no longitude: 'left of the shed'" in said(path, ZoneInfo("Europe/Berlin"), False)["no night"]


def test_the_date_of_a_frame_is_its_header_s_also_where_its_night_is_not_known(tmp_path: Path) -> None:
    """Without a timezone in the set it was that of the file, which a copy changes."""
    path = frame(tmp_path / "a.fits", {"DATE-OBS": "2019-12-31T23:30:00"})
    os.utime(path, (1_705_353_000, 1_705_353_000))
    fields = said(path, ZoneInfo("Europe/Berlin"), False)
    assert (fields["date"], fields["date_from"]) == ("20200101", "fits") and "night" not in fields


@pytest.mark.parametrize(
    "body",
    [
        b"", b"SIMPLE  ", b"not a fits file" * 1000, b"SIMPLE  =".ljust(2880), b"SIMPLE  =".ljust(2880 * 1001),
        gzip.compress(b"SIMPLE  =", mtime=0), b"\x1f\x8b\x08\0\0\0\0\0\0\3broken",
    ],
    ids=["empty", "word", "text", "no end", "endless", "short in gzip", "broken gzip"],
)  # fmt: skip
def test_what_is_no_fits_file_says_so_and_ends(tmp_path: Path, body: bytes) -> None:
    for name in ("a.fits", "a.fits.gz"):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(Unsaid):
            fits.read_header(tmp_path / name)
        assert "no night" in said(tmp_path / name, UTC, True)


def test_a_pipe_or_a_link_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.fits")
    with pytest.raises(OSError, match="named pipe"):
        fits.read_header(tmp_path / "a.fits")
    (tmp_path / "b.fits").symlink_to("/etc/hosts")
    with pytest.raises(OSError):
        fits.read_header(tmp_path / "b.fits")


def test_a_movies_time_is_utc_but_for_older_gopros(tmp_path: Path) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    plain = clip(tmp_path / "a.mp4", TAKEN)
    assert said(plain, berlin, True)["captured"] == "2024-01-15T14:40:22"
    assert said(clip(tmp_path / "b.mp4", TAKEN, version=1), berlin, True)["captured"] == "2024-01-15T14:40:22"
    old = said(clip(tmp_path / "c.MP4", TAKEN, firmware="HD9.01.01.72.00"), berlin, True)
    assert (old["captured"], old["camera"]) == ("2024-01-15T13:40:22", "HERO9")
    ten = said(clip(tmp_path / "d.MP4", TAKEN, firmware="H21.01.01.46.00"), berlin, True)
    assert (ten["captured"], ten["camera"]) == ("2024-01-15T13:40:22", "HERO10")
    eleven = said(clip(tmp_path / "e.MP4", TAKEN, firmware="H22.01.01.20.00"), berlin, True)
    assert (eleven["captured"], eleven["camera"]) == ("2024-01-15T14:40:22", "HERO11")
    assert old["date_from"] == "mvhd"


def test_a_movie_without_a_time_or_with_an_epoch_says_none(tmp_path: Path) -> None:
    with pytest.raises(Unsaid):
        movie.read_movie(clip(tmp_path / "a.mp4", None))
    with pytest.raises(Unsaid):
        movie.read_movie(clip(tmp_path / "b.mp4", datetime(1970, 1, 1)))  # noqa: DTZ001


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_photos_time_is_that_of_its_camera(tmp_path: Path, order: str) -> None:
    path = photo(tmp_path / "a.JPG", "2024:07:15 22:10:05", "NIKON Z 8", order=order)
    assert exif.read_photo(path) == exif.Photo(datetime(2024, 7, 15, 22, 10, 5), "NIKON Z 8")  # noqa: DTZ001
    fields = said(path, ZoneInfo("Asia/Tokyo"), True)
    assert (fields["captured"], fields["date_from"]) == ("2024-07-15T22:10:05", "exif")


def test_a_photo_with_a_time_that_is_none_still_has_its_camera(tmp_path: Path) -> None:
    assert exif.read_photo(photo(tmp_path / "a.jpg", "0000:00:00 00:00:00", "X")) == exif.Photo(None, "X")
    assert exif.read_photo(photo(tmp_path / "b.jpg", None, "X100")) == exif.Photo(None, "X100")


@given(st.binary(max_size=300), st.sampled_from(["a.jpg", "a.tif", "a.mp4", "a.fits", "a.fits.gz"]), st.data())
def test_bytes_of_any_kind_end_without_another_error(body: bytes, name: str, data: st.DataObject) -> None:
    heads = [b"", b"\xff\xd8\xff\xe1\0\x40Exif\0\0II*\0\x08\0\0\0", b"II*\0\x08\0\0\0", b"\0\0\x01\0moov\0\0\0\x20mvhd"]
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    path = folder / f"s3sync-{os.getpid()}-{name}"
    try:
        path.write_bytes(data.draw(st.sampled_from(heads)) + body)
        assert isinstance(said(path, UTC, True), dict)
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.skipif(program("exiftool") is None, reason="ExifTool is not installed")
def test_what_no_reader_here_knows_is_asked_of_exiftool(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg", "2024:07:15 22:10:05", "Z 8").rename(tmp_path / "a.heic")
    fields = said(path, ZoneInfo("Asia/Tokyo"), True)
    assert (fields["captured"], fields["camera"], fields["date_from"]) == ("2024-07-15T22:10:05", "Z 8", "exiftool")
    movie_file = clip(tmp_path / "b.mp4", TAKEN).rename(tmp_path / "b.insp")
    assert said(movie_file, ZoneInfo("Asia/Tokyo"), True)["captured"] == "2024-01-15T22:40:22"
    (tmp_path / "c.cr3").write_bytes(b"nothing")
    assert "captured" not in said(tmp_path / "c.cr3", UTC, True)


@pytest.mark.parametrize("entry", [".", "", "tools", "./tools"])
def test_f46_no_exiftool_of_the_current_folder_is_run(
    entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has `.` on his PATH would run what a cloned repository brings."""
    for place in (tmp_path, tmp_path / "tools"):
        place.mkdir(exist_ok=True)
        (place / "exiftool").write_text("#!/bin/sh\n")
        (place / "exiftool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", entry)
    assert program.__wrapped__("exiftool") is None
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}{tmp_path / 'tools'}")
    assert program.__wrapped__("exiftool") == str(tmp_path / "tools" / "exiftool")


def test_without_exiftool_such_a_file_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exiftool, "program", lambda name: None)
    path = photo(tmp_path / "a.jpg", "2024:07:15 22:10:05", "Z 8").rename(tmp_path / "a.heic")
    fields = said(path, UTC, True)
    assert "captured" not in fields and "not installed" in fields["no camera"]


def script(path: Path, body: str) -> str:
    """A script in the place of ExifTool."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(os.name != "posix", reason="a script stands for the program")
def test_exiftool_gets_no_secret_no_folder_and_no_more_memory_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.chdir(tmp_path)
    until_bounded = 'while [ "$(ulimit -d)" = unlimited ]; do sleep 0.01; done' if sys.platform == "linux" else ":"
    take = "import mmap; mmap.mmap(-1, 1 << 29, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)"
    (tmp_path / "a.heic").touch()
    model = '[{\\"a:Model\\": \\"%s\\"}]'
    for body, camera in (
        (f'printf "{model}" "$AWS_SECRET_ACCESS_KEY."', "."),
        (f'printf "{model}" "$(pwd)"', "/"),
        (f'printf "{model}" "$(head -c 100000 /dev/zero | tr "\\0" M)"', None),
        (f"{until_bounded}; {sys.executable} -c '{take}' && printf '[{{}}]'", None),
    ):
        program_of = script(tmp_path / "exiftool", body)
        monkeypatch.setattr(exiftool, "program", lambda name, found=program_of: found)
        if camera is None and (sys.platform == "linux" or "head" in body):
            with pytest.raises(Unsaid):
                exiftool.read_by_exiftool(tmp_path / "a.heic")
        elif camera is not None:
            assert exiftool.read_by_exiftool(tmp_path / "a.heic").camera == camera


@pytest.mark.skipif(os.name != "posix", reason="a script stands for the program")
def test_a_file_with_which_exiftool_comes_to_no_end_gets_no_key_and_few_of_them_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of four gigabytes of nothing, which takes no room on a disk, keeps it busy for hours."""
    asked = tmp_path / "asked"
    program_of = script(tmp_path / "exiftool", f"echo x >> {asked}; sleep 600")
    monkeypatch.setattr(exiftool, "program", lambda name: program_of)
    monkeypatch.setattr(exiftool, "PATIENCE_S", 0.2)
    monkeypatch.setattr(exiftool, "_in_vain", deque(maxlen=exiftool.MOST_IN_VAIN))
    for name in "ab":
        (tmp_path / f"{name}.avi").touch()
    for _ in range(exiftool.MOST_IN_VAIN):
        with pytest.raises(OSError, match="no end with it"):
            said(tmp_path / "a.avi", UTC, True)
    with pytest.raises(OSError, match="not asked any more"):
        said(tmp_path / "b.avi", UTC, True)
    assert len(asked.read_text().splitlines()) == exiftool.MOST_IN_VAIN
    later = time.monotonic() + exiftool.AGAIN_S
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with pytest.raises(OSError, match="no end with it"):
        said(tmp_path / "b.avi", UTC, True)
