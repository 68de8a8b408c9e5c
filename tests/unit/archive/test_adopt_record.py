"""What an older tool recorded is compared with the store before anything of it is called known."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from s3sync import Archives
from s3sync.archive.adopt import AdoptReport
from s3sync.core.archive.records import Archived, Status
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from tests.unit.archive.old_tool import old_database, row

SET = """
user: ana
archives:
  sessions:
    store: file://{store}
    source: {root}/raw/*
    layout: "raw/{{year}}/{{id}}"
    sidecars: ["*.md"]
"""


class Desk:
    """A store that an older tool filled, its database, and a computer that adopts."""

    def __init__(self, root: Path) -> None:
        self.root, self.database = root, root / "catalog.db"
        self.store = FolderStore(root / "store", create=True)
        self.environ = self.computer("ana")
        (root / "raw").mkdir()

    def computer(self, name: str) -> dict[str, str]:
        config = self.root / name / "config/s3sync/config.yaml"
        config.parent.mkdir(parents=True)
        config.write_text(SET.format(store=self.root / "store", root=self.root))
        return {
            "HOME": str(self.root / name),
            "XDG_CONFIG_HOME": str(self.root / name / "config"),
            "XDG_DATA_HOME": str(self.root / name / "data"),
        }

    def put(self, key: str, body: bytes) -> str:
        return self.store.put(key, body, mode=Overwrite(), headers=Headers(), md5=hashlib.md5(body).digest()).etag

    def archives(self) -> Archives:
        return Archives.open(path=self.root, environ=self.environ)

    def adopt(self, *, dry_run: bool = False) -> AdoptReport:
        return self.archives().adopt(record=self.database, dry_run=dry_run)

    def known(self) -> dict[str, Archived]:
        """All that the catalogue has, by unit."""
        return {one.archive.unit: one.archive for one in self.archives().export_catalogue()}


def tar_of(unit: str, body: bytes = b"light") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo(f"{unit}/light_1.fits")
        info.size = len(body)
        archive.addfile(info, io.BytesIO(body))
    return made.getvalue()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def filled(desk: Desk) -> Desk:
    """Four sessions: as recorded, gone, another size, another content."""
    body = tar_of("M31")
    good = desk.put("raw/2024/M31.tar", body)
    desk.put("raw/2024/M33.tar", tar_of("M33") + bytes(512))
    desk.put("raw/2024/M42.tar", tar_of("M42", b"other"))
    note = desk.put("sessions/2024/M31_notes.md", b"# clear")
    size = len(body)
    hazy = {"camera_name": "ASI2600", "telescope_name": "FRA400", "notes": "hazy", "archive_policy": "fast"}
    said = {"s3_etag": f'"{good}"', "compressed_size_bytes": size, "session_date": "2024-01-15"}
    logged = {"session_id": "M31", "timestamp": "2024-01-16 01:00:00", "operation_status": "success"}
    failed = {"session_id": "M32", "timestamp": "2024-02-01 01:00:00", "operation_status": "failed"}
    old_database(
        desk.database,
        [
            row("M31", "raw/2024/M31.tar", **said, **hazy),
            row("M32", "raw/2024/M32.tar", compressed_size_bytes=77, file_count=9, notes="lost"),
            row("M33", "raw/2024/M33.tar", compressed_size_bytes=size),
            row("M42", "raw/2024/M42.tar", s3_etag="0" * 32, compressed_size_bytes=size),
            row("M31 again", "raw/2024/M31.tar"),
        ],
        [
            {"session_id": "M31", "s3_bucket": "vault", "s3_key": "sessions/2024/M31_notes.md", "s3_etag": note},
            {"session_id": "M32", "s3_bucket": "vault", "s3_key": "sessions/2024/M32_notes.md"},
        ],
        [
            {"operation_type": "upload", **logged},
            {"operation_type": "verify", **failed, "error_message": "403"},
        ],
        [{"stat_date": "2024-01-31", "total_archives": 2, "total_compressed_size_bytes": 2000}],
    )  # fmt: skip
    return desk


def test_only_what_the_store_still_has_as_recorded_is_known(desk: Desk) -> None:
    filled(desk)
    planned = desk.adopt(dry_run=True)
    assert [one.archive.unit for one in planned.adopted] == ["M31"] and desk.known() == {}
    report = desk.adopt()
    assert [one.archive.unit for one in report.adopted] == ["M31"]
    assert report.gone == [("M32", "raw/2024/M32.tar"), ("M32", "sessions/2024/M32_notes.md")]
    told = {problem.path: problem.error for problem in report.problems}
    assert "bytes" in told["raw/2024/M33.tar"] and "ETag" in told["raw/2024/M42.tar"] and "M31" in told["M31 again"]
    assert report.exit_code == 3
    known = desk.known()
    assert {unit: one.status for unit, one in known.items()} == {"M31": Status.ADOPTED, "M32": Status.GONE}
    m31 = known["M31"]
    assert (m31.camera, m31.telescope, m31.notes) == ("ASI2600", "FRA400", "hazy")
    assert (m31.expected_class, m31.archive_date, m31.files, m31.verified_how) == (
        "DEEP_ARCHIVE",
        "2024-01-15",
        1,
        "listed",
    )
    assert [one.archive.unit for one in desk.archives().archives()] == ["M31"], "what is gone is no copy"
    assert sum(one.size for one in desk.archives().stats() if one.storage_class == "STANDARD") == m31.size


def test_again_there_are_no_doubles_and_nothing_is_lost(desk: Desk) -> None:
    filled(desk)
    first = desk.adopt()
    assert (first.log, first.statistics) == (2, 1)
    before, log = desk.known(), desk.archives().log()
    again = desk.adopt()
    assert (again.adopted, again.known, again.log, again.statistics) == ([], 1, 0, 0)
    assert desk.known().keys() == before.keys() and desk.known()["M31"].notes == "hazy"
    assert desk.archives().log() == log
    assert [(one.action, one.unit, one.outcome) for one in log if one.by == "older tool"] == [
        ("verify", "M32", "failed"),
        ("upload", "M31", "done"),
    ]


def test_a_plain_adoption_afterwards_and_a_rebuild_keep_what_was_recorded(desk: Desk) -> None:
    filled(desk)
    desk.adopt()
    before = desk.known()["M31"]
    desk.archives().adopt()
    desk.archives().rebuild_catalogue()
    desk.archives().rebuild_catalogue(anew=True)
    assert desk.known()["M31"] == before


def test_a_record_after_a_plain_adoption_adds_what_only_it_knows(desk: Desk) -> None:
    filled(desk)
    desk.archives().adopt()
    assert desk.known()["M31"].camera is None
    report = desk.adopt()
    assert (report.adopted, report.known) == ([], 1)
    assert (desk.known()["M31"].camera, desk.known()["M31"].notes) == ("ASI2600", "hazy")


def test_notes_come_back_with_the_archive(desk: Desk) -> None:
    filled(desk)
    desk.adopt()
    desk.archives().restore("M31")
    assert (desk.root / "raw/M31/light_1.fits").read_bytes() == b"light"
    assert (desk.root / "raw/M31/M31_notes.md").read_bytes() == b"# clear"
    assert desk.archives().verify("M31").exit_code == 0
    desk.store.delete("sessions/2024/M31_notes.md")
    assert desk.archives().verify("M31").exit_code == 3


def test_notes_beside_an_archive_are_found_without_a_record(desk: Desk) -> None:
    desk.put("raw/2024/M31.tar", tar_of("M31"))
    desk.put("raw/2024/M31_2.tar", tar_of("M31_2"))
    desk.put("sessions/2024/M31_notes.md", b"# one")
    desk.put("sessions/2024/M31_2_notes.md", b"# two")
    desk.put("sessions/2024/M57_notes.md", b"# nobody's")
    report = desk.archives().adopt()
    assert report.unfit == ["sessions/2024/M57_notes.md"]
    desk.archives().restore("M31_2")
    assert [path.name for path in sorted((desk.root / "raw/M31_2").iterdir())] == ["M31_2_notes.md", "light_1.fits"]


def test_an_archive_of_ours_is_not_taken_for_the_older_tools(desk: Desk) -> None:
    light = desk.root / "raw/2024/M31/light_1.fits"
    light.parent.mkdir(parents=True)
    light.write_bytes(b"x")
    ours = desk.root / "raw/M31_20240115/light_1.fits"
    ours.parent.mkdir(parents=True)
    ours.write_bytes(b"ours")
    desk.archives().run("M31_20240115")
    (one,) = desk.known().values()
    old_database(desk.database, [row("M31_20240115", one.key, notes="theirs")])
    report = desk.adopt()
    assert (report.known, report.adopted, report.problems) == (1, [], [])
    assert desk.known()["M31_20240115"] == one


def test_a_record_makes_no_archive_of_somebodys_file(desk: Desk) -> None:
    """Who may write the database may not have a colleague's draft moved or thawed by the hands of another."""
    desk.put("team/b63/draft.mp4", b"draft")
    desk.put("raw/2024/M31.tar", tar_of("M31"))
    old_database(desk.database, [row("M42", "team/b63/draft.mp4"), row("M31", "raw/2024/M31.tar")])
    report = desk.adopt()
    assert [problem.path for problem in report.problems] == ["M42"] and report.exit_code == 3
    assert list(desk.known()) == ["M31"]
