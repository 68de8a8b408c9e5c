"""What older tools left in a bucket, taken in: nothing is sent, and a restore brings it back."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_catalogue import Place, units

SET = """
region: us-east-1
endpoint_url: {endpoint}
archives:
  projects:
    store: s3://{bucket}/old
    source: videos/*
    layout: "{{range}}/{{id}}"
    pack: tar.gz
  cards:
    store: s3://{bucket}/cards
    source: card
    unit: file
    layout: "{{year}}/{{date}}/{{name}}"
    pack: none
"""


@pytest.fixture
def place(moto: object, tmp_path: Path) -> Place:
    return Place(moto, tmp_path)  # type: ignore[arg-type]


def person(place: Place, name: str = "ana") -> Person:
    made = place.person(name)
    endpoint = place.server.environment()["AWS_ENDPOINT_URL"]
    settings(made, SET.format(endpoint=endpoint, bucket=place.bucket))
    return made


def tree(root: Path, unit: str = "b40-old") -> Path:
    put(root, f"{unit}/cut/final.mp4", os.urandom(700_000))
    put(root, f"{unit}/notes.txt", b"take two")
    put(root, f"{unit}/empty", b"")
    (root / unit / "cut/final.mp4").chmod(0o640)
    os.link(root / unit / "cut/final.mp4", root / unit / "again.mp4")
    (root / unit / "latest").symlink_to("cut/final.mp4")
    return root / unit


def packed(root: Path, unit: str, *how: str) -> bytes:
    """The archive as GNU tar makes it."""
    made: bytes = subprocess.run(["tar", *how, "-cf", "-", unit], cwd=root, check=True, capture_output=True).stdout
    return made


def leave(place: Place, key: str, body: bytes, **more: str) -> None:
    place.client.put_object(Bucket=place.bucket, Key=key, Body=body, **more)


@pytest.mark.parametrize(
    ("ending", "how"), [("tar", ()), ("tar.gz", ("-z",)), ("tar.zst", ("--zstd",)), ("tgz", ("-z",))]
)
def test_what_gnu_tar_made_is_adopted_and_restored(place: Place, tmp_path: Path, ending: str, how: tuple[str]) -> None:
    ana, there = person(place), tree(tmp_path / "old")
    leave(place, f"old/b00-b49/b40-old.{ending}", packed(tmp_path / "old", "b40-old", *how))
    before = place.held()
    planned = ana.ok("archive", "adopt", "--set", "projects", "--dry-run", "--json", cwd=ana.repo).json
    assert [one["key"] for one in planned["adopted"]] == [f"b00-b49/b40-old.{ending}"] and units(ana) == []
    found = ana.ok("archive", "adopt", "--set", "projects", "--json", cwd=ana.repo).json["adopted"]
    assert [(one["unit"], one["status"], one["files"]) for one in found] == [("b40-old", "adopted", 5)]
    assert place.held() == before
    assert "adopted" in ana.ok("archive", "list", cwd=ana.repo).out
    shown = ana.ok("archive", "show", "b40-old", "--json", cwd=ana.repo).json["archives"][0]
    assert {one["path"] for one in shown["members"]} >= {"cut/final.mp4", "notes.txt", "again.mp4", "latest"}
    assert all(one["sha256"] is None for one in shown["members"])
    assert "not known" in ana.ok("archive", "show", "b40-old", cwd=ana.repo).out
    assert [one["path"] for one in ana.ok("archive", "find", "FINAL", "--json", cwd=ana.repo).json["files"]]

    said = ana.ok("restore", "b40-old", "--to", "back", "--yes", cwd=ana.repo)
    assert "verified by size and ETag" in said.out + said.err
    back = ana.repo / "back/b40-old"
    for name in ("cut/final.mp4", "notes.txt", "empty", "again.mp4"):
        assert (back / name).read_bytes() == (there / name).read_bytes()
        assert int((back / name).stat().st_mtime) == int((there / name).stat().st_mtime)
    assert (back / "cut/final.mp4").stat().st_mode & 0o777 == 0o640
    assert (back / "latest").readlink() == Path("cut/final.mp4")
    again = ana.ok("restore", "b40-old", "--to", "back", "--yes", "--json", cwd=ana.repo).json["units"][0]
    assert (again["files"], again["beside"], again["verified_by"]) == (0, [], "size and etag")
    (back / "notes.txt").write_bytes(b"mine now")
    once = ana.ok("restore", "b40-old", "--to", "back", "--member", "notes.txt", "--yes", "--json", cwd=ana.repo).json
    assert once["units"][0]["beside"] and (back / "notes.txt").read_bytes() == b"mine now"
    ana.ok("archive", "verify", cwd=ana.repo)
    ana.ok("archive", "verify", "b40-old", cwd=ana.repo)
    assert "known already" in ana.ok("archive", "adopt", "--set", "projects", cwd=ana.repo).out


def test_a_rebuild_keeps_what_was_adopted_and_another_person_adopts_the_same(place: Place, tmp_path: Path) -> None:
    ana, jan = person(place), person(place, "jan")
    tree(tmp_path / "old")
    leave(place, "old/b00-b49/b40-old.tar", packed(tmp_path / "old", "b40-old"))
    ana.ok("archive", "adopt", "--set", "projects", cwd=ana.repo)
    before = ana.ok("archive", "catalogue", "export", "--members", cwd=ana.repo).json
    assert "gone" not in ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo).err
    ana.ok("archive", "catalogue", "check", cwd=ana.repo)
    assert ana.ok("archive", "catalogue", "export", "--members", cwd=ana.repo).json == before
    ana.ok("archive", "catalogue", "rebuild", "--anew", cwd=ana.repo)
    assert ana.ok("archive", "catalogue", "export", "--members", cwd=ana.repo).json == before
    jan.ok("archive", "adopt", "--set", "projects", cwd=jan.repo)
    assert jan.ok("archive", "catalogue", "export", "--members", cwd=jan.repo).json == before
    place.client.delete_object(Bucket=place.bucket, Key="old/b00-b49/b40-old.tar")
    assert "gone from the store" in ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo).err


def test_what_is_cold_is_known_without_its_members_and_read_after_a_thaw(place: Place, tmp_path: Path) -> None:
    ana, there = person(place), tree(tmp_path / "old", "b77-cold")
    body = packed(tmp_path / "old", "b77-cold")
    leave(place, "old/b50-b99/b77-cold.tar", body, StorageClass="DEEP_ARCHIVE")
    found = ana.ok("archive", "adopt", "--set", "projects", "--json", cwd=ana.repo).json["adopted"]
    assert [(one["status"], one["storage_class"]) for one in found] == [("not indexed", "DEEP_ARCHIVE")]
    assert "cold" in found[0]["why"]
    assert "not indexed" in ana.ok("archive", "list", cwd=ana.repo).out
    assert "its members are not known" in ana.ok("archive", "show", "b77-cold", cwd=ana.repo).out
    assert "gone" not in ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo).err
    code = ana.run("restore", "b77-cold", "--to", "back", "--yes", cwd=ana.repo).code
    assert code in (0, 8)
    ana.ok("restore", "b77-cold", "--to", "back", "--yes", "--wait", cwd=ana.repo)
    assert (ana.repo / "back/b77-cold/cut/final.mp4").read_bytes() == (there / "cut/final.mp4").read_bytes()
    assert [one["status"] for one in ana.ok("archive", "list", "--json", cwd=ana.repo).json["archives"]] == ["adopted"]


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.zst"])
@pytest.mark.parametrize("where", ["in a body", "at the end"])
def test_an_archive_cut_short_is_told_and_kept_as_not_indexed(
    place: Place, tmp_path: Path, ending: str, where: str
) -> None:
    ana = person(place)
    tree(tmp_path / "old")
    how = {"tar": (), "tar.gz": ("-z",), "tar.zst": ("--zstd",)}[ending]
    body = packed(tmp_path / "old", "b40-old", "--blocking-factor=1", *how)
    cut = body[: len(body) // 2] if where == "in a body" else body[: len(body) - (1024 if ending == "tar" else 6)]
    leave(place, f"old/b00-b49/b40-old.{ending}", cut)
    leave(place, f"old/b00-b49/b41-good.{ending}", packed(tmp_path / "old", "b40-old", *how))
    said = ana.expect(3, "archive", "adopt", "--set", "projects", cwd=ana.repo)
    assert "b40-old" in said.err and "Traceback" not in said.err
    listed = ana.ok("archive", "list", "--json", cwd=ana.repo).json["archives"]
    assert {one["unit"]: one["status"] for one in listed} == {"b40-old": "not indexed", "b41-good": "adopted"}
    refused = ana.run("restore", "b40-old", "--to", "back", "--yes", cwd=ana.repo)
    assert refused.code in (1, 3) and not (ana.repo / "back/b40-old/notes.txt").exists()


def hostile() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("b3-odd/fine.txt", "../outside.txt", "/etc/absolute.txt", "b3-odd/a/../../up.txt"):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"evil"))
        for name, leads in (("way-out", "../../../etc/passwd"), ("d/up", ".."), ("together", "d/up/../secret")):
            link = tarfile.TarInfo(f"b3-odd/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, leads
            archive.addfile(link)
        device = tarfile.TarInfo("b3-odd/device")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
        latin = tarfile.TarInfo(b"b3-odd/caf\xe9.txt".decode("utf-8", "surrogateescape"))
        latin.size = 4
        archive.addfile(latin, io.BytesIO(b"cafe"))
    return made.getvalue()


@pytest.mark.parametrize(("ending", "shape"), [("tar", bytes), ("tar.gz", gzip.compress)])
def test_names_that_lead_elsewhere_are_kept_and_refused_at_the_restore(
    place: Place, ending: str, shape: object
) -> None:
    ana = person(place)
    leave(place, f"old/b00-b49/b3-odd.{ending}", shape(hostile()))  # type: ignore[operator]
    found = ana.ok("archive", "adopt", "--set", "projects", "--json", cwd=ana.repo).json["adopted"][0]
    assert len(found["left_out"]) == 1 and "device" in found["left_out"][0]
    shown = ana.ok("archive", "show", "b3-odd", "--json", cwd=ana.repo).json["archives"][0]
    assert {one["path"] for one in shown["members"]} >= {"fine.txt", "../outside.txt", "/etc/absolute.txt"}
    refused = ana.expect(3, "restore", "b3-odd", "--to", "back", "--yes", cwd=ana.repo)
    assert "leads out of the folder" in refused.err and "absolute" in refused.err and "goes up again" in refused.err
    held = sorted(os.fsencode(path.relative_to(ana.repo / "back")) for path in (ana.repo / "back").rglob("*"))
    assert held == [b"b3-odd", b"b3-odd/caf\xe9.txt", b"b3-odd/d", b"b3-odd/d/up", b"b3-odd/fine.txt"]
    assert not (ana.repo / "outside.txt").exists() and not (ana.repo / "up.txt").exists()


def test_headers_that_lie_end_in_one_error(place: Place) -> None:
    ana = person(place)
    info = tarfile.TarInfo("b5/x")
    info.size = -512
    block = bytearray(tarfile.TarInfo("b5/x").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 11 + b"\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    leave(place, "old/b00-b49/b5.tar", bytes(block) + bytes(2048))
    long = bytearray(tarfile.TarInfo("././@LongLink").tobuf(tarfile.GNU_FORMAT))
    long[156:157], long[124:136] = b"L", b"%011o\0" % (8**11 - 1)
    long[148:156] = b" " * 8
    long[148:156] = b"%06o\0 " % sum(long)
    leave(place, "old/b00-b49/b6.tar", bytes(long) + bytes(2048))
    leave(place, "old/b00-b49/b7.tar", b"no tar at all" * 200)
    leave(place, "old/b00-b49/b8.tar.gz", gzip.compress(b"no tar at all" * 200))
    leave(place, "old/b00-b49/b9.tar", b"")
    said = ana.expect(3, "archive", "adopt", "--set", "projects", cwd=ana.repo)
    assert "Traceback" not in said.err
    listed = ana.ok("archive", "list", "--json", cwd=ana.repo).json["archives"]
    assert {one["status"] for one in listed} == {"not indexed"} and len(listed) == 5


def test_only_keys_that_fit_the_layout_are_taken_in(place: Place, tmp_path: Path) -> None:
    ana = person(place)
    tree(tmp_path / "old")
    body = packed(tmp_path / "old", "b40-old")
    for key in ("b50-b99/b40-old.tar", "b40-old.tar", "b00-b49/b40-old.zip", "b00-b49/deep/b40-old.tar"):
        leave(place, f"old/{key}", body)
    leave(place, "old/b00-b49/b40-old.tar", body)
    found = ana.ok("archive", "adopt", "--set", "projects", "--json", cwd=ana.repo).json
    assert [one["key"] for one in found["adopted"]] == ["b00-b49/b40-old.tar"] and found["unfit"] == 4


def test_a_compressed_archive_that_is_larger_than_allowed_is_not_read(place: Place, tmp_path: Path) -> None:
    ana = person(place)
    put(tmp_path / "old", "b2/x.mov", os.urandom(1_500_000))
    leave(place, "old/b00-b49/b2.tar.gz", packed(tmp_path / "old", "b2", "-z"))
    said = ana.ok("archive", "adopt", "--set", "projects", "--read-up-to", "1", cwd=ana.repo)
    assert "not indexed" in said.out and "larger than" in said.out
    ana.ok("archive", "adopt", "--set", "projects", cwd=ana.repo)
    assert units(ana) == ["b2"] and "x.mov" in ana.ok("archive", "show", "b2", cwd=ana.repo).out


def test_what_was_sent_by_a_run_is_known_already(place: Place) -> None:
    ana = person(place)
    put(ana.repo, "videos/b12-new/cut.mp4", b"new")
    ana.ok("archive", "run", "--set", "projects", cwd=ana.repo)
    jan = person(place, "jan")
    for one in (ana, jan):
        found = one.ok("archive", "adopt", "--set", "projects", "--json", cwd=one.repo).json
        assert (found["adopted"], found["known"]) == ([], 1)
    assert [one["status"] for one in ana.ok("archive", "list", "--json", cwd=ana.repo).json["archives"]] == ["stored"]


def test_single_files_are_adopted_and_restored(place: Place) -> None:
    ana = person(place)
    leave(place, "cards/2024/20240115/GX012299.MP4", b"footage" * 1000)
    leave(place, "cards/2024/readme.txt", b"no footage")
    ana.ok("archive", "adopt", "--set", "cards", cwd=ana.repo)
    assert units(ana, "--set", "cards") == ["GX012299.MP4"]
    ana.ok("archive", "catalogue", "rebuild", "--set", "cards", cwd=ana.repo)
    ana.ok("restore", "GX012299.MP4", "--set", "cards", "--to", "back", "--yes", cwd=ana.repo)
    assert (ana.repo / "back/GX012299.MP4").read_bytes() == b"footage" * 1000
    ana.ok("archive", "verify", cwd=ana.repo)


def test_adopted_archives_move_and_are_never_removed(place: Place, tmp_path: Path) -> None:
    ana = person(place)
    tree(tmp_path / "old")
    leave(place, "old/b00-b49/b40-old.tar", packed(tmp_path / "old", "b40-old"))
    ana.ok("archive", "adopt", "--set", "projects", cwd=ana.repo)
    ana.ok("archive", "transition", "b40-old", "--to", "GLACIER_IR", "--yes", cwd=ana.repo)
    assert place.class_of("old/b00-b49/b40-old.tar") == "GLACIER_IR"
    ana.ok("restore", "b40-old", "--to", "back", "--yes", cwd=ana.repo)
    told = ana.expect(5, "archive", "remove", "b40-old", "--yes", cwd=ana.repo)
    assert "another tool made them" in told.err and "--last-copies" not in told.err
    refused = ana.expect(3, "archive", "remove", "b40-old", "--yes", "--last-copies", cwd=ana.repo)
    for found in (told, refused):
        assert "it may be the last copy: `s3sync restore" in found.err
    assert "another tool made it" in refused.err and place.held() == {"old/b00-b49/b40-old.tar"}


def test_a_repeated_restore_of_what_was_adopted_makes_no_second_copy(place: Place, tmp_path: Path) -> None:
    ana = person(place)
    tree(tmp_path / "old")
    leave(place, "old/b00-b49/b40-old.tar.gz", packed(tmp_path / "old", "b40-old", "-z"))
    ana.ok("archive", "adopt", "--set", "projects", cwd=ana.repo)
    put(ana.repo, "back/b40-old/notes.txt", b"mine")
    for _ in range(3):
        ana.ok("restore", "b40-old", "--to", "back", "--yes", cwd=ana.repo)
    names = sorted(path.name for path in (ana.repo / "back/b40-old").iterdir())
    assert len(names) == 6 and sum(name.startswith("notes.restored-") for name in names) == 1


def test_the_thaw_of_adopted_files_is_told(place: Place) -> None:
    ana = person(place)
    leave(place, "cards/2024/20240115/GX012299.MP4", b"film", StorageClass="DEEP_ARCHIVE")
    ana.ok("archive", "adopt", "--set", "cards", cwd=ana.repo)
    (before,) = ana.ok("restore", "*", "--status", "--json", cwd=ana.repo).json["thaws"]
    assert (before["key"], before["state"]) == ("2024/20240115/GX012299.MP4", "cold")
    ana.run("restore", "*", "--to", "back", "--yes", cwd=ana.repo)
    (after,) = ana.ok("restore", "*", "--status", "--json", cwd=ana.repo).json["thaws"]
    assert after["state"] in ("thawing", "thawed")


def test_units_of_several_objects_are_adopted_by_their_folder(place: Place) -> None:
    ana = person(place)
    text = SET.replace("unit: file", "unit: folder").replace("{{year}}/{{date}}/{{name}}", "{{year}}/{{id}}")
    settings(ana, text.format(endpoint=place.server.environment()["AWS_ENDPOINT_URL"], bucket=place.bucket))
    leave(place, "cards/2024/day1/DCIM/GX01.MP4", b"one" * 100)
    leave(place, "cards/2024/day1/notes.txt", b"two")
    leave(place, "cards/2024/day2/GX02.MP4", b"three")
    leave(place, "cards/2024/loose.txt", b"no unit's")
    found = ana.ok("archive", "adopt", "--set", "cards", "--json", cwd=ana.repo).json
    assert [(one["unit"], one["key"], one["files"]) for one in found["adopted"]] == [
        ("day1", "2024/day1", 2),
        ("day2", "2024/day2", 1),
    ]
    assert found["unfit"] == 1
    assert ana.ok("archive", "adopt", "--set", "cards", "--json", cwd=ana.repo).json["known"] == 2
    ana.ok("archive", "verify", "--set", "cards", cwd=ana.repo)
    ana.ok("restore", "day1", "--set", "cards", "--to", "back", "--yes", cwd=ana.repo)
    assert (ana.repo / "back/day1/DCIM/GX01.MP4").read_bytes() == b"one" * 100
    ana.ok("archive", "transition", "day1", "--set", "cards", "--to", "STANDARD_IA", "--yes", cwd=ana.repo)
    assert place.class_of("cards/2024/day1/DCIM/GX01.MP4") == "STANDARD_IA"
    assert place.class_of("cards/2024/day2/GX02.MP4") == "STANDARD"
    place.client.delete_object(Bucket=place.bucket, Key="cards/2024/day1/notes.txt")
    assert "gone" in ana.ok("archive", "catalogue", "rebuild", "--set", "cards", cwd=ana.repo).err
