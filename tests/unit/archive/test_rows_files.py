"""Files of rows are looked for below the set's folder only, whatever a row says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.archive.rows.files import Finder
from s3sync.core.archive.rows import Row, parse_row
from s3sync.core.archive.values import ArchiveSet, Pack, RowRules, UnitKind

MD5 = hashlib.md5(b"one").hexdigest()


def finder(root: Path, source: str = "cache/media") -> Finder:
    (root / source).mkdir(parents=True, exist_ok=True)
    rules = RowRules("SELECT", "UPDATE")
    return Finder(ArchiveSet("m", "s3://b", source, UnitKind.FILE, pack=Pack.NONE, confined=True, rows=rules), root)


def row(**said: object) -> Row:
    return parse_row({"id": 1, "created_at": "2024-01-01", **said})


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    return finder(tmp_path_factory.mktemp("repo"))


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("images/a.jpg", "images/a.jpg"),
        ("./images/a.jpg", "images/a.jpg"),
        ("cache/media/images/a.jpg", "images/a.jpg"),
        ("/app/cache/media/images/a.jpg", "images/a.jpg"),
        ("media/images/a.jpg", "media/images/a.jpg"),
        (r"C:\app\cache\media\images\a.jpg", "images/a.jpg"),
        ("/etc/passwd", None),
        ("C:/secret", None),
        ("../../x", None),
        ("cache/media/../../x", None),
        ("/app/cache/media/../../../etc/passwd", None),
        ("images//a.jpg", None),
        (".env", None),
        (".git/config", None),
        ("x/.GIT/config", None),
        (".video-tools.env", None),
        (".s3sync/state.db", None),
        ("", None),
    ],
)
def test_where_a_path_leads(found: Finder, path: str, below: str | None) -> None:
    assert found.below(path) == below


@given(st.text())
def test_no_path_leads_out(found: Finder, path: str) -> None:
    below = found.below(path)
    assert below is None or (not below.startswith("/") and ".." not in below.split("/"))
    assert list(found.candidates(row(path=path))) == []


def test_a_file_is_found_by_path_then_by_type_then_by_md5(tmp_path: Path) -> None:
    base = tmp_path / "cache/media/images"
    base.mkdir(parents=True)
    (tmp_path / "cache/media/videos").mkdir()
    names = ["own.jpg", f"{MD5}.png", f"{MD5}.jpg", f"{MD5}.bin", f"{MD5}", f"{MD5}-thumb.jpg"]
    for name in names:
        (base / name).write_bytes(b"one")
    (tmp_path / "cache/media/videos" / f"{MD5}.mp4").write_bytes(b"one")
    said = row(path="images/own.jpg", md5=MD5, mime_type="image/png", media_type="image")
    paths = [source.path for source in finder(tmp_path).candidates(said)]
    assert paths[0] == "images/own.jpg"
    assert paths[1] == f"images/{MD5}.png"
    assert set(paths[2:]) == {f"images/{MD5}.jpg", f"images/{MD5}.bin", f"images/{MD5}"}


def test_a_type_of_nonsense_looks_into_all_folders(tmp_path: Path) -> None:
    place = tmp_path / "cache/media/videos"
    place.mkdir(parents=True)
    (place / f"{MD5}.mp4").write_bytes(b"one")
    for kind in ("../..", "\0", "no such", ""):
        said = row(md5=MD5, media_type=kind, mime_type="x/y")
        assert [source.path for source in finder(tmp_path).candidates(said)] == [f"videos/{MD5}.mp4"]
