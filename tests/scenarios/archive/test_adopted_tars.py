"""Tars as other programs write them: what is adopted comes back as unpacking would leave it, or is told."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.scenarios.archive.conftest import put
from tests.scenarios.archive.test_adopt import leave, packed, person
from tests.scenarios.archive.test_catalogue import Place

LONG = "/".join(["x" * 60] * 4) + f"/{'y' * 120}.fits"
GNU = {
    "b1-gnu": ("--format=gnu",),
    "b2-posix": ("--format=posix",),
    "b3-old": ("--format=oldgnu",),
    "b4-incremental": ("--format=gnu", "--listed-incremental=LIST"),
    "b5-label": ("--format=posix", "-V", "a volume", "--pax-option=comment=of a day"),
    "b6-before": ("--format=posix", "--mtime=1969-07-20 20:17:40.5 UTC"),
}
PYTHON = {"b7-gnu": tarfile.GNU_FORMAT, "b8-pax": tarfile.PAX_FORMAT, "b9-ustar": tarfile.USTAR_FORMAT}


@pytest.fixture
def place(moto: object, tmp_path: Path) -> Place:
    return Place(moto, tmp_path)  # type: ignore[arg-type]


def unit(root: Path, name: str, *, long: bool = True) -> Path:
    put(root, f"{name}/light.fits", name.encode() * 500)
    put(root, f"{name}/empty.txt", b"")
    put(root, f"{name}/M 31 \u00e4.txt", b"notes")
    os.link(root / name / "light.fits", root / name / "linked.fits")
    if long:
        put(root, f"{name}/{LONG}", b"deep")
        (root / name / "away").symlink_to("y" * 140)
    return root / name


def contents(root: Path) -> dict[str, object]:
    """Files with their bytes and whole seconds, links with their targets."""
    return {
        str(path.relative_to(root)): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_tars_of_all_formats_come_back_whole(place: Place, tmp_path: Path) -> None:
    """GNU tar's incremental ones have times where others have the beginning of a name: their files got other names."""
    ana, old = person(place), tmp_path / "old"
    for name, how in GNU.items():
        unit(old, name)
        words = [word.replace("LIST", str(tmp_path / f"{name}.snar")) for word in how]
        leave(place, f"old/b00-b49/{name}.tar", packed(old, name, *words))
    for name, form in PYTHON.items():
        made = unit(old, name, long=form != tarfile.USTAR_FORMAT)
        with tarfile.open(tmp_path / "made.tar", "w", format=form) as archive:
            archive.add(made, arcname=name)
        leave(place, f"old/b00-b49/{name}.tar", (tmp_path / "made.tar").read_bytes())
    ana.ok("archive", "adopt", "--set", "projects", cwd=ana.repo)
    ana.ok("restore", *GNU, *PYTHON, "--to", "back", "--yes", cwd=ana.repo)
    for name in (*GNU, *PYTHON):
        assert contents(ana.repo / "back" / name) == contents(old / name), name


def test_of_a_file_that_was_added_once_more_the_later_one_comes_back(place: Place, tmp_path: Path) -> None:
    """The first one got the name, and the later one stood beside it, as if it had been here before."""
    ana, made = person(place), unit(tmp_path / "old", "b1-film")
    whole = tmp_path / "whole.tar"
    whole.write_bytes(packed(tmp_path / "old", "b1-film"))
    put(made, "empty.txt", b"by now there is something")
    subprocess.run(["tar", "-rf", whole, "b1-film/empty.txt"], cwd=tmp_path / "old", check=True)
    leave(place, "old/b00-b49/b1-film.tar", whole.read_bytes())
    assert ana.ok("archive", "adopt", "--set", "projects", "--json", cwd=ana.repo).json["adopted"][0]["files"] == 6
    done = ana.ok("restore", "b1", "--to", "back", "--yes", "--json", cwd=ana.repo).json["units"][0]
    assert done["beside"] == [] and contents(ana.repo / "back/b1-film") == contents(made)


@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_a_sparse_file_is_named_whenever_its_archive_comes_back(form: str, place: Place, tmp_path: Path) -> None:
    """It was told once, at the adoption, and months later a restore said that all had come."""
    ana, made = person(place), unit(tmp_path / "old", "b1-film")
    with (made / "disk.img").open("wb") as file:
        file.write(b"head")
        file.truncate(5_000_000)
    leave(place, "old/b00-b49/b1-film.tar", packed(tmp_path / "old", "b1-film", "-S", f"--format={form}"))
    found = ana.ok("archive", "adopt", "--set", "projects", "--json", cwd=ana.repo).json["adopted"][0]
    assert len(found["left_out"]) == 1 and "disk.img: it is stored as a sparse file" in found["left_out"][0]
    assert ana.ok("archive", "find", "disk.img", "--json", cwd=ana.repo).json["files"]
    shown = ana.ok("archive", "show", "b1-film", cwd=ana.repo).out
    assert "disk.img  not restored" in shown and shown.count("not restored") == 1
    ana.expect(3, "restore", "b1-film", "--to", "back", "--yes", "--dry-run", cwd=ana.repo)
    said = ana.expect(3, "restore", "b1-film", "--to", "back", "--yes", cwd=ana.repo).err
    assert "disk.img: it is stored as a sparse file" in said and "GNU tar or bsdtar unpacks it" in said
    assert contents(ana.repo / "back/b1-film").keys() == contents(made).keys() - {"disk.img"}
    ana.expect(3, "restore", "b1-film", "--member", "disk.img", "--to", "back", "--yes", cwd=ana.repo)


def test_what_is_not_what_its_name_says_is_not_called_damaged(place: Place, tmp_path: Path) -> None:
    """Whoever encrypts his archives, or forgot an ending, was told to look for another copy."""
    ana = person(place)
    unit(tmp_path / "old", "b1-film")
    leave(place, "old/b00-b49/b1-sealed.tar.gz", b"age-encryption.org/v1\n" + os.urandom(500))
    leave(place, "old/b00-b49/b2-sealed.tar.zst", b"S3S" + os.urandom(500))
    leave(place, "old/b00-b49/b3-zipped.tar", packed(tmp_path / "old", "b1-film", "-z"))
    said = ana.expect(3, "archive", "adopt", "--set", "projects", cwd=ana.repo).err
    assert "it is no gz, although its name says so" in said and "it is no zst, although" in said
    assert "it is packed with gz, which its name does not say" in said and "cut short" not in said
