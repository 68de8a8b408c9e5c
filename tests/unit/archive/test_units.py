"""Units on a real disk: folders, files, groups, and what cannot be archived."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from pathlib import Path

import pytest

from s3sync.archive.units import find_units
from s3sync.archive.walk import light_of
from s3sync.core.archive.values import ArchiveSet, Kind, Pack, Unit, UnitKind
from s3sync.errors import ConfigError
from tests.kit.cameras import clip, frame, photo

NOON = 1_705_320_000  # 2024-01-15T12:00:00Z


def chosen(source: Path | str, **rules: object) -> ArchiveSet:
    return ArchiveSet(**{"name": "a", "store": "s3://b", "source": str(source), **rules})  # type: ignore[arg-type]


def put(root: Path, *names: str, when: int = NOON, body: bytes = b"x") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        os.utime(path, (when, when))


def units(rules: ArchiveSet, **more: object) -> list[Unit]:
    return list(find_units(rules, None, **more))  # type: ignore[arg-type]


def test_each_folder_of_the_source_is_a_unit_with_its_files_in_order_of_bytes(tmp_path: Path) -> None:
    put(tmp_path, "b40-old/b.mp4", "b40-old/a/z.txt", "b40-old/B", "b52-new/x", "loose.txt")
    (tmp_path / "b40-old" / "empty").mkdir()
    (tmp_path / "b40-old" / "link").symlink_to("../b52-new/x")
    first, second = units(chosen(tmp_path, layout="{range}/{id}", pack=Pack.TAR_GZ))
    assert [source.path for source in first.sources] == ["B", "a", "a/z.txt", "b.mp4", "empty", "link"]
    assert [source.kind for source in first.sources][1:] == [Kind.FOLDER, Kind.FILE, Kind.FILE, Kind.FOLDER, Kind.LINK]
    assert first.sources[-1].target == "../b52-new/x"
    assert (first.id, first.key, first.root) == ("b40-old", "b00-b49/b40-old.tar.gz", str(tmp_path / "b40-old"))
    assert second.key == "b50-b99/b52-new.tar.gz"
    assert first.size == 3


def test_a_glob_names_the_units_and_keeps_the_tree_above_them(tmp_path: Path) -> None:
    put(tmp_path, "2024/m31/x", "2025/m31/x", "2025/.hidden/x", "notes/readme")
    found = units(chosen(tmp_path / "20*" / "*"))
    assert [(unit.id, unit.key) for unit in found] == [("2024/m31", "2024/m31.tar"), ("2025/m31", "2025/m31.tar")]


def test_two_units_with_one_key_are_refused_before_the_first(tmp_path: Path) -> None:
    put(tmp_path, "2024/m31/x", "2025/m31/x")
    with pytest.raises(ConfigError) as error:
        next(find_units(chosen(tmp_path / "*" / "*", layout="{id}"), None))
    assert "2024/m31 and 2025/m31" in error.value.message
    assert "'m31.tar'" in str(error.value.why)


def test_a_key_inside_another_units_objects_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "20240101/x", "20240101-x/y")
    rules = chosen(tmp_path, pack=Pack.NONE, layout="{date}/{id}")
    assert [unit.key for unit in units(rules)] == ["20240101/20240101", "20240101/20240101-x"]
    put(tmp_path / "m", "a/b", "a-b/c")
    clash = chosen(tmp_path / "m", pack=Pack.NONE, layout="{id}")
    assert len(units(clash)) == 2


def test_what_cannot_be_archived_comes_with_its_reason_and_the_others_too(tmp_path: Path) -> None:
    put(tmp_path, "b1/x", "plain/x")
    (tmp_path / "b2").mkdir()
    put(tmp_path, "b3/ok", "b3/locked/x")
    (tmp_path / "b3" / "locked").chmod(0)
    try:
        found = {unit.id: unit for unit in units(chosen(tmp_path, layout="{range}/{id}"))}
    finally:
        (tmp_path / "b3" / "locked").chmod(0o755)
    assert found["b1"].refused is None
    assert "does not begin with a number" in str(found["plain"].refused)
    assert found["b2"].refused == "there is no file in it"
    if os.geteuid():
        assert "locked: permission denied" in str(found["b3"].refused)


def test_sockets_and_pipes_are_told_and_links_in_a_circle_are_kept_as_links(tmp_path: Path) -> None:
    put(tmp_path, "u/x")
    os.mkfifo(tmp_path / "u" / "pipe")
    (tmp_path / "u" / "loop").symlink_to("loop")
    (tmp_path / "u" / "up").symlink_to("..", target_is_directory=True)
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path / "u")
        try:
            server.bind("sock")
        finally:
            os.chdir(here)
        [unit] = units(chosen(tmp_path))
    assert sorted(unit.problems) == ["pipe: it is a named pipe", "sock: it is a socket"]
    assert [source.path for source in unit.sources] == ["loop", "up", "x"]
    assert unit.refused is None


def test_select_ignore_and_state_decide_what_goes_in(tmp_path: Path) -> None:
    put(tmp_path, "u/a.fits", "u/b.tmp", "u/sub/c.fits", "u/.DS_Store", "u/s3-staging/.s3sync/state.db")
    [every] = units(chosen(tmp_path, ignore=("*.tmp", ".DS_Store")))
    assert [one.path for one in every.sources if one.kind is Kind.FILE] == ["a.fits", "sub/c.fits"]
    [some] = units(chosen(tmp_path, select=("*.fits",)))
    assert [one.path for one in some.sources] == ["a.fits", "sub/c.fits"]


@pytest.mark.parametrize(
    ("left", "ignore"),
    [
        ("u/sub/b.tmp", ("*.tmp",)),
        ("u/sub/notes", ("notes",)),
        ("u/sub/b.raw", ("sub/*.raw",)),
        ("u/sub/.video-tools.env", ()),
        ("u/sub/VIDEO-~1.ENV", ()),
        ("u/sub/.video-tools.en\u200cv", ()),
        ("u/sub/\u00e9.tmp", ("\u00e9.*",)),
        ("u/sub/e\u0301.tmp", ("\u00e9.*",)),
    ],
)
def test_one_name_that_stays_out_takes_none_of_its_folder_along(tmp_path: Path, left: str, ignore: tuple[str]) -> None:
    put(tmp_path, "u/a.raw", "u/.hidden", "u/other/b.raw", "u/sub/a.fits", "u/sub/z.fits", left)
    [unit] = units(chosen(tmp_path, ignore=ignore, confined=True))
    found = [one.path for one in unit.sources if one.kind is Kind.FILE]
    assert found == [".hidden", "a.raw", "other/b.raw", "sub/a.fits", "sub/z.fits"]


def test_a_file_that_a_later_rule_takes_back_goes_in(tmp_path: Path) -> None:
    put(tmp_path, "u/a.tmp", "u/keep.tmp", "u/b.fits")
    [unit] = units(chosen(tmp_path, ignore=("*.tmp", "!keep.tmp")))
    assert [one.path for one in unit.sources] == ["b.fits", "keep.tmp"]


def test_only_what_is_old_enough_is_due(tmp_path: Path) -> None:
    put(tmp_path, "old/x", when=NOON - 200 * 86400)
    put(tmp_path, "mixed/x", when=NOON - 200 * 86400)
    put(tmp_path, "mixed/y", when=NOON - 10)
    rules = chosen(tmp_path, older_than_s=180 * 86400)
    assert [unit.id for unit in units(rules, now=NOON)] == ["old"]
    assert [unit.id for unit in units(rules, now=NOON, due_only=False)] == ["mixed", "old"]


def test_files_keep_their_tree_and_take_their_companions_along(tmp_path: Path) -> None:
    put(
        tmp_path,
        "c/GX012299.MP4",
        "c/GX012299.THM",
        "c/GL012299.LRV",
        "c/a.jpg",
        "c/a.jpg.xmp",
        "c/lone.xmp",
        "c/b.CR3",
    )
    rules = chosen(
        tmp_path,
        unit=UnitKind.FILE,
        pack=Pack.NONE,
        select=("*.MP4", "*.jpg", "*.CR3"),
        sidecars=("*.THM", "*.LRV", "*.xmp"),
    )
    found = {unit.id: [one.path for one in unit.sidecars] for unit in units(rules)}
    assert found == {
        "c/GX012299.MP4": ["GL012299.LRV", "GX012299.THM"],
        "c/a.jpg": ["a.jpg.xmp"],
        "c/b.CR3": [],
    }
    assert units(rules)[0].sources[0].path == "GX012299.MP4"


def test_a_file_is_keyed_by_its_content_and_date(tmp_path: Path) -> None:
    put(tmp_path, "x/photo.jpg", body=b"hello")
    rules = chosen(
        tmp_path,
        unit=UnitKind.FILE,
        pack=Pack.NONE,
        layout="cache/{captured:%Y/%m}/{md5}.{ext}",
        timezone="Europe/Berlin",
    )
    [unit] = units(rules)
    assert unit.key == "cache/2024/01/5d41402abc4b2a76b9719d911017c592.jpg"
    assert unit.fields["date_from"] == "mtime"


def test_a_date_is_that_of_the_sets_time_zone(tmp_path: Path) -> None:
    put(tmp_path, "v/a.bin", when=NOON + 11 * 3600)
    for zone, date in (("Pacific/Auckland", "20240116"), ("America/Los_Angeles", "20240115")):
        rules = chosen(tmp_path, unit=UnitKind.FILE, pack=Pack.NONE, layout="{date}/{name}", timezone=zone)
        assert units(rules)[0].key == f"{date}/a.bin"


def test_the_date_in_a_folders_name_counts_before_its_files(tmp_path: Path) -> None:
    put(tmp_path, "M31_2023-11-04/x", "m42-20230231/x", when=NOON)
    found = units(chosen(tmp_path, layout="raw/{year}/{id}", timezone="UTC"))
    assert [unit.key for unit in found] == ["raw/2023/M31_2023-11-04.tar", "raw/2024/m42-20230231.tar"]


def test_a_missing_disk_is_said_and_never_taken_for_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        next(find_units(chosen(tmp_path / "ssd"), None))
    assert "is not there" in error.value.message
    with pytest.raises(ConfigError):
        next(find_units(chosen("relative"), None))


def test_a_repositorys_source_leads_out_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    put(tmp_path, "secret/u/x")
    (tmp_path / "repo" / "raw").symlink_to("../secret")
    (tmp_path / "repo" / "units").mkdir()
    (tmp_path / "repo" / "units" / "u").symlink_to("../../secret/u")
    with pytest.raises(ConfigError) as error:
        next(find_units(chosen("raw", confined=True), tmp_path / "repo"))
    assert "leads out" in str(error.value.why)
    assert list(find_units(chosen("units", confined=True), tmp_path / "repo")) == []


@pytest.mark.parametrize("source", ["raw", "raw/*", "top/raw/*"])
def test_no_commit_turns_a_repositorys_source_to_another_folder_of_it(source: str, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    put(repo, "secret/raw/u/x")
    (repo / "raw").symlink_to("secret/raw")
    (repo / "top").symlink_to("secret")
    with pytest.raises(ConfigError) as error:
        next(find_units(chosen(source, confined=True), repo))
    assert "is a link, which a commit can turn elsewhere" in str(error.value.why)
    assert [unit.id for unit in find_units(chosen(repo / source, confined=False), repo)], "the user's own may be one"


@pytest.mark.parametrize("source", [".git", ".git/modules", "raw/.s3sync", "raw/.GIT", ".git/*", "link"])
@pytest.mark.parametrize("confined", [True, False])
def test_no_source_is_in_a_folder_of_git_or_of_s3sync(source: str, confined: bool, tmp_path: Path) -> None:
    put(tmp_path, ".git/modules/a/config", "raw/.s3sync/a/state.db", "raw/.GIT/hooks/x")
    (tmp_path / "link").symlink_to(".git")
    with pytest.raises(ConfigError) as error:
        next(find_units(chosen(source, confined=confined), tmp_path))
    assert "belongs to a program" in str(error.value.why)


@pytest.mark.parametrize("source", ["*", ".*", ".g*/*", "."])
@pytest.mark.parametrize("unit", [UnitKind.FOLDER, UnitKind.FILE])
def test_no_glob_leads_into_the_repositorys_own_git(source: str, unit: UnitKind, tmp_path: Path) -> None:
    """A unit that is a clone of its own keeps its `.git`: it is part of the work."""
    put(tmp_path, ".git/config", ".git/hooks/x", ".hidden/x", "raw/.git/config", "raw/x")
    rules = chosen(source, confined=True, unit=unit, pack=Pack.TAR if unit is UnitKind.FOLDER else Pack.NONE)
    found = list(find_units(rules, tmp_path))
    assert not [one.id for one in found if one.id.startswith(".git") or ".git/" in one.id]
    if source in ("*", ".") and unit is UnitKind.FOLDER:
        (raw,) = (one for one in found if one.id == "raw")
        assert ".git/config" in [one.path for one in raw.sources]


def test_projects_are_the_folders_with_a_staging_folder(tmp_path: Path) -> None:
    put(tmp_path, "b1/s3-staging/x", "b1/script.md", "scripts/y")
    found = list(find_units(chosen("*", marker="s3-staging"), tmp_path))
    assert [unit.id for unit in found] == ["b1"]
    assert {one.path for one in found[0].sources} == {"s3-staging", "s3-staging/x", "script.md"}


def test_light_files_are_those_that_stay() -> None:
    heavy = light_of(chosen("x", heavy=("*.mp4",)))
    assert [heavy(name) for name in ("a/b.mp4", "a.srt")] == [False, True]
    light = light_of(chosen("x", light=("*.srt", "small/"), heavy=("big.srt",)))
    assert [light(name) for name in ("a.srt", "big.srt", "small/x.mp4", "a.mp4")] == [True, False, True, False]
    assert not light_of(chosen("x"))("a.srt")


def night(root: Path, name: str, date: str, object_: str | None, **more: object) -> None:
    cards = {"DATE-OBS": date, **({"OBJECT": object_} if object_ else {}), **more}
    frame(root / name, cards)


def test_frames_of_one_object_and_night_are_one_unit(tmp_path: Path) -> None:
    night(tmp_path, "a1.fits", "2024-01-15T22:00:00", "M 31", FILTER="R")
    night(tmp_path, "a2.fits", "2024-01-16T02:00:00", "M 31", FILTER="G")
    night(tmp_path, "sub/b1.fits", "2024-01-16T20:00:00", "M 31", FILTER="R")
    night(tmp_path, "c1.fits", "2024-01-16T03:00:00", "NGC/7000", FILTER="R")
    night(tmp_path, "dark.fits", "2024-01-16T03:00:00", None)
    put(tmp_path, "a1.txt", "readme.md")
    rules = chosen(
        tmp_path,
        unit=UnitKind.GROUP,
        group="{object}_{night}",
        layout="raw/{year}/{id}",
        select=("*.fits",),
        sidecars=("*.txt",),
        timezone="Europe/Berlin",
    )
    found = {unit.id: unit for unit in units(rules)}
    assert {name: [one.path for one in unit.sources] for name, unit in found.items() if not unit.refused} == {
        "M 31_20240115": ["a1.fits", "a2.fits"],
        "M 31_20240116": ["sub/b1.fits"],
        "NGC_7000_20240115": ["c1.fits"],
    }
    assert found["M 31_20240115"].key == "raw/2024/M 31_20240115.tar"
    assert [one.path for one in found["M 31_20240115"].sidecars] == ["a1.txt"]
    assert "filter" not in found["M 31_20240115"].fields
    assert found["dark.fits"].refused == "{object} is not known: the header has no OBJECT"


def test_a_night_over_new_year_is_of_the_old_year(tmp_path: Path) -> None:
    night(tmp_path, "a.fits", "2023-12-31T22:00:00", "M42")
    night(tmp_path, "b.fits", "2024-01-01T02:00:00", "M42")
    rules = chosen(
        tmp_path, unit=UnitKind.GROUP, group="{object}_{night}", layout="{year}/{id}", timezone="Europe/Berlin"
    )
    assert [unit.key for unit in units(rules)] == ["2023/M42_20231231.tar"]


def test_a_folder_has_the_object_that_all_its_frames_have(tmp_path: Path) -> None:
    night(tmp_path, "s1/a.fits", "2024-01-15T22:00:00", "M31")
    night(tmp_path, "s1/b.fits", "2024-01-15T23:00:00", "M31")
    put(tmp_path, "s1/notes.txt")
    night(tmp_path, "s2/a.fits", "2024-01-15T22:00:00", "M31")
    night(tmp_path, "s2/b.fits", "2024-01-15T23:00:00", "M33")
    first, second = units(chosen(tmp_path, layout="{object}/{id}"))
    assert first.key == "M31/s1.tar"
    assert second.refused == "{object} is not known: its files differ in it"


def test_footage_and_photos_are_dated_by_what_they_say(tmp_path: Path) -> None:
    taken = datetime(2024, 5, 1, 23, 30)  # noqa: DTZ001
    clip(tmp_path / "card" / "GX012299.MP4", taken, firmware="H21.01.01.46.00")
    clip(tmp_path / "card" / "C0001.MP4", taken)
    photo(tmp_path / "card" / "P1.JPG", "2023:12:24 18:00:00", "X100")
    put(tmp_path, "card/plain.wav")
    rules = chosen(
        tmp_path, unit=UnitKind.FILE, pack=Pack.NONE, layout="{year}/{date}/{name}", timezone="Europe/Berlin"
    )
    found = {unit.sources[0].path: (unit.key, unit.fields["date_from"]) for unit in units(rules)}
    assert found == {
        "GX012299.MP4": ("2024/20240501/GX012299.MP4", "mvhd"),
        "C0001.MP4": ("2024/20240502/C0001.MP4", "mvhd"),
        "P1.JPG": ("2023/20231224/P1.JPG", "exif"),
        "plain.wav": ("2024/20240115/plain.wav", "mtime"),
    }


def test_age_is_that_of_files_and_not_of_the_folders_around_them(tmp_path: Path) -> None:
    put(tmp_path, "b1/a.mp4", when=NOON - 400 * 86400)
    (tmp_path / "b1" / "today").mkdir()
    (tmp_path / "b1" / "link").symlink_to("a.mp4")
    assert [unit.id for unit in units(chosen(tmp_path, older_than_s=180 * 86400), now=NOON)] == ["b1"]
