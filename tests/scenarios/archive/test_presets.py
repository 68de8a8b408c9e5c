"""Each preset on real files, through the command line: packed, listed, removed here after proof, restored the same."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.kit.cameras import clip, frame, photo
from tests.kit.media import fits_file, media_files
from tests.kit.people import Person
from tests.kit.servers import SeaweedFS

NOW = datetime(2024, 1, 15, 21, 30)  # noqa: DTZ001
OLD = 1_705_353_000
Made = dict[str, str]


@pytest.fixture(params=["folder", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)])
def david(request: pytest.FixtureRequest, tmp_path: Path) -> Person:
    environ, store = {}, f"file://{tmp_path / 'vault'}"
    if request.param == "seaweedfs":
        server: SeaweedFS = request.getfixturevalue("seaweedfs")
        environ, store = server.environment("david"), f"s3://{server.bucket}/{uuid.uuid4().hex}"
    person = Person("david", tmp_path / "david", {**environ, "ARCHIVE": store})
    person.repo.mkdir(parents=True, exist_ok=True)
    (person.repo / ".s3sync.yaml").write_text(f"store: file://{tmp_path / 'team'}\n")
    return person


def projects(repo: Path) -> Made:
    for number, file in enumerate(media_files()[:3]):
        copied(file, repo / f"b{number + 40}-film" / "s3-staging" / file.name)
    copied(media_files()[0], repo / "b40-film" / "draft.mp4")
    (repo / "b40-film" / "draft.mp4").chmod(0o600)
    (repo / "b41-film" / "latest").symlink_to("s3-staging")
    (repo / "scripts").mkdir()
    return {"b40-film": "b00-b49/b40-film.tar", "b41-film": "b00-b49/b41-film.tar", "b42-film": "b00-b49/b42-film.tar"}


def sessions(repo: Path) -> Made:
    copied(fits_file("wcs/tests/data/validate.fits"), repo / "raw" / "M31_20240115" / "light_001.fits")
    copied(fits_file("io/fits/hdu/compressed/tests/data/m13_rice.fits"), repo / "raw" / "M31_20240115" / "m13.fits.fz")
    (repo / "raw" / "M31_20240115" / "notes.md").write_text("# clear, seeing 2\n")
    frame(repo / "raw" / "NGC7000_2023-11-04" / "a.fits", {"OBJECT": "NGC7000"})
    return {"M31_20240115": "raw/2024/M31_20240115.tar", "NGC7000_2023-11-04": "raw/2023/NGC7000_2023-11-04.tar"}


def processing(repo: Path) -> Made:
    copied(fits_file("wcs/tests/data/sip.fits"), repo / "processing" / "m31-2024-02-01" / "stack.fits")
    (repo / "processing" / "m31-2024-02-01" / "empty").mkdir()
    return {"m31-2024-02-01": "processing/2024/m31-2024-02-01.tar.gz"}


def final(repo: Path) -> Made:
    copied(next(file for file in media_files() if file.suffix == ".png"), repo / "final" / "m31" / "best.png")
    (repo / "final" / "m31" / "work.psd").write_bytes(b"not chosen")
    return {"m31/best.png": "final/m31/best.png"}


def media(repo: Path) -> Made:
    import hashlib

    taken = photo(repo / "media" / "P1.JPG", "2025:12:24 18:00:00", "X100")
    (repo / "media" / "P1.xmp").write_text("<x/>")
    return {"P1.JPG": f"cache/2025/12/{hashlib.md5(taken.read_bytes()).hexdigest()}.JPG"}


def footage(repo: Path) -> Made:
    day = repo / "footage" / "2024" / "20240115"
    clip(day / "GX012299.MP4", NOW, firmware="H21.01.01.46.00")
    clip(day / "GL012299.LRV", NOW)
    (day / "GX012299.THM").write_bytes(b"thumb")
    return {"2024/20240115/GX012299.MP4": "2024/20240115/GX012299.MP4"}


def copied(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder but settings and our memory: content, mode and time of files, and links as such."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))  # noqa: PTH115
        elif path.is_file() and not name.startswith(".") and "/.s3sync/" not in name:
            found[name] = (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
    return found


@pytest.mark.parametrize("make", [projects, sessions, processing, final, media, footage])
def test_a_preset_sends_verifies_removes_and_restores(david: Person, make: Callable[[Path], Made]) -> None:
    preset, store = make.__name__, david.environ["ARCHIVE"]
    keys = make(david.repo)
    for path in david.repo.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, ns=(OLD * 10**9 + 123_456_789, OLD * 10**9 + 123_456_789))
    before = tree(david.repo)
    david.ok("archive", "init", "--preset", preset, "--store", store, cwd=david.repo)
    planned = david.ok("archive", "analyze", "--json", cwd=david.repo).json["sets"][0]
    assert {unit["id"]: unit["key"] for unit in planned["units"]} == keys
    sent = david.ok("archive", "run", "--delete-local", "--json", cwd=david.repo).json
    assert {unit["unit"]: (unit["key"], unit["state"]) for unit in sent["units"]} == {
        name: (key, "sent") for name, key in keys.items()
    }
    after = tree(david.repo)
    assert after.items() < before.items()
    listed = david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]
    assert {one["key"] for one in listed} == set(keys.values())
    david.ok("archive", "verify", cwd=david.repo)
    for name in keys:
        david.ok("restore", name, "--yes", cwd=david.repo)
    assert tree(david.repo) == before
