"""Restores that wait for a thaw: pending, told, resumed, expired, asked for once more."""

from __future__ import annotations

import re
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put
from tests.scenarios.archive.test_servers import on

pytestmark = pytest.mark.moto


@pytest.fixture
def slow(moto: Server) -> Iterator[Server]:
    """A server that takes some looks to thaw."""
    from moto.moto_api import state_manager

    state_manager.set_transition("s3::keyrestore", {"progression": "manual", "times": 12})
    yield moto
    state_manager.unset_transition("s3::keyrestore")


def archived(server: Server, root: Path) -> Person:
    david = on(server, root, uuid.uuid4().hex, "    storage_class: GLACIER\n")
    put(david.repo, "raw/m42/a.fits", b"light")
    put(david.repo, "raw/m42/b.fits", b"dark")
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
    return david


def test_a_restore_that_waits_is_pending_told_and_resumed_as_it_was_asked_for(slow: Server, tmp_path: Path) -> None:
    david = archived(slow, tmp_path)
    first = david.expect(8, "restore", "m42", "--member", "a.fits", "--to", "back", "--yes", cwd=david.repo)
    assert "being thawed" in first.err and "--resume" in first.err
    assert "thawing" in david.ok("restore", "--status", cwd=david.repo).out
    david.expect(8, "restore", "m42", "--member", "a.fits", "--to", "back", "--yes", cwd=david.repo)
    elsewhere = david.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".s3sync.yaml").write_text((david.repo / ".s3sync.yaml").read_text())
    (elsewhere / ".git").mkdir()
    said = david.ok("restore", "--resume", "--wait", "--yes", cwd=elsewhere)
    assert "Waiting for the thaw of m42" in said.err
    assert [path.name for path in (david.repo / "back/m42").iterdir()] == ["a.fits"]
    assert "No restore waits" in david.ok("restore", "--resume", cwd=david.repo).out
    assert "until" in david.ok("restore", "m42", "--status", cwd=david.repo).out
    assert "--resume" in david.expect(2, "restore", "--resume", "--light", cwd=david.repo).err
    assert "no UNIT" in david.expect(2, "restore", cwd=david.repo).err


def test_a_dry_run_says_what_has_to_be_thawed_and_the_price(moto: Server, tmp_path: Path) -> None:
    david = archived(moto, tmp_path)
    dry = david.ok("restore", "m42", "--dry-run", cwd=david.repo)
    assert "2 files (9 B) would be restored" in dry.out and "once 1 object is thawed" in dry.out
    assert "The price is not known" in dry.err
    assert david.ok("restore", "m42", "--dry-run", "--json", cwd=david.repo).json["units"][0]["cold"] == 1
    assert "cold" in david.ok("restore", "m42", "--status", cwd=david.repo).out, "nothing was asked for"


def test_an_expired_thaw_is_seen_and_asked_for_once_more(moto: Server, tmp_path: Path) -> None:
    david = archived(moto, tmp_path)
    david.run("restore", "m42", "--yes", "--wait", cwd=david.repo)
    assert (david.repo / "raw/m42/a.fits").exists()
    (catalogue,) = (david.root / "home").rglob("archive/*.db")
    with closing(sqlite3.connect(catalogue)) as opened:
        assert opened.execute("SELECT state FROM thaw").fetchall() == [("thawed",)]
        opened.execute("UPDATE thaw SET until = '2026-01-01T00:00:00Z'")
        opened.commit()
        ((below,),) = opened.execute("SELECT key FROM archive").fetchall()
    store = re.findall(r"store: s3://[^/]+/(\S+)", (david.repo / ".s3sync.yaml").read_text())
    key = f"{store[0]}/{below}"
    assert "was thawed until 2026-01-01 00:00" in david.ok("archive", "list", cwd=david.repo).out
    (listed,) = david.ok("archive", "show", "m4", "--json", cwd=david.repo).json["archives"]
    assert (listed["retrieval"]["state"], listed["retrieval"]["until"]) == ("expired", "2026-01-01T00:00:00Z")
    client = moto.client("admin")
    body = client.get_object(Bucket=moto.bucket, Key=key)["Body"].read()
    meta = client.head_object(Bucket=moto.bucket, Key=key)["Metadata"]
    client.put_object(Bucket=moto.bucket, Key=key, Body=body, StorageClass="GLACIER", Metadata=meta)
    said = david.ok("restore", "m42", "--status", cwd=david.repo).out
    assert "expired" in said and "2026-01-01" in said
    (david.repo / "raw/m42/a.fits").unlink()
    david.ok("restore", "m42", "--yes", "--wait", cwd=david.repo)
    assert (david.repo / "raw/m42/a.fits").read_bytes() == b"light"


def test_what_is_here_already_is_neither_thawed_nor_priced(moto: Server, tmp_path: Path) -> None:
    """Of a container as of single files; a dry run says the same, and makes nothing."""
    for pack, cold in (("tar", 1), ("none", 1)):
        ana = on(moto, tmp_path / pack, uuid.uuid4().hex, "    storage_class: DEEP_ARCHIVE\n", pack)
        for name in ("a.fits", "cal/b.fits", "c.fits"):
            put(ana.repo, f"raw/m42/{name}", name.encode() * 100)
        (ana.repo / "raw/m42/link").symlink_to("a.fits")
        ana.ok("archive", "run", cwd=ana.repo)
        kept = ana.ok("restore", "m42", "--max-cost", "0", cwd=ana.repo)  # without a price, and nobody is asked
        assert "0 files (0 B) restored" in kept.out and "4 there already" in kept.out
        assert "cold" in ana.ok("restore", "m42", "--status", cwd=ana.repo).out
        dry = ana.ok("restore", "m42", "--dry-run", cwd=ana.repo)
        assert "0 files (0 B) would be restored" in dry.out and "4 there already" in dry.out and "thaw" not in dry.out
        (ana.repo / "raw/m42/cal/b.fits").unlink()
        (ana.repo / "raw/m42/cal").rmdir()
        dry = ana.ok("restore", "m42", "--dry-run", "--json", cwd=ana.repo).json["units"][0]
        assert (dry["files"], dry["there_already"], dry["cold"]) == (1, 3, cold)
        ana.ok("restore", "m42", "--dry-run", "--to", "nowhere", cwd=ana.repo)
        assert not (ana.repo / "raw/m42/cal").exists() and not (ana.repo / "nowhere").exists()
        asked = ana.expect(5, "restore", "m42", cwd=ana.repo)
        assert f"thawing {cold} (bulk)" in asked.err
        ana.ok("restore", "m42", "--yes", "--wait", cwd=ana.repo)
        assert (ana.repo / "raw/m42/cal/b.fits").exists()
        states = ana.ok("restore", "m42", "--status", "--json", cwd=ana.repo).json["thaws"]
        assert sorted(one["state"] for one in states) == (["thawed"] if pack == "tar" else ["cold", "cold", "thawed"])


@pytest.mark.parametrize("pack", ["none", "tar"])
def test_the_question_is_about_what_the_store_has_and_not_what_an_index_says(
    moto: Server, tmp_path: Path, pack: str
) -> None:
    """Somebody put a large object into the place of an archive: its thaw is billed by that, and not by the index."""
    prefix = uuid.uuid4().hex
    ana = on(moto, tmp_path, prefix, "    storage_class: DEEP_ARCHIVE\n", pack)
    put(ana.repo, "raw/m42/a.fits", b"light")
    ana.ok("archive", "run", "--delete-local", cwd=ana.repo)
    key = f"{prefix}/raw/m42/a.fits" if pack == "none" else f"{prefix}/raw/m42.tar"
    moto.client("admin").put_object(Bucket=moto.bucket, Key=key, Body=bytes(3_000_000), StorageClass="DEEP_ARCHIVE")
    asked = ana.expect(5, "restore", "m42", cwd=ana.repo)
    assert "3.0 MB" in asked.err


def test_a_thaw_that_is_done_is_noted_by_whoever_restores(slow: Server, tmp_path: Path) -> None:
    david = archived(slow, tmp_path)
    david.expect(8, "restore", "m42", "--yes", cwd=david.repo)
    while (done := david.run("restore", "m42", "--yes", cwd=david.repo)).code == 8:
        pass
    assert done.code == 0
    (one,) = david.ok("archive", "catalogue", "export", cwd=david.repo).json["archives"]
    assert one["retrieval"]["state"] == "thawed" and one["retrieval"]["until"]


def test_notes_beside_a_cold_archive_come_without_a_thaw(moto: Server, tmp_path: Path) -> None:
    """Unless the store lacks them: then the archive has them, too."""
    more = "    storage_class: DEEP_ARCHIVE\n    sidecars: ['*.md']\n    light: ['*.md']\n"
    prefix = uuid.uuid4().hex
    david = on(moto, tmp_path, prefix, more)
    put(david.repo, "raw/m42/a.fits", b"light")
    put(david.repo, "raw/m42/notes/night.md", b"clouds")
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
    for words in (("--light",), ("--member", "notes/*.md")):
        (david.repo / "raw/m42/notes/night.md").unlink()
        dry = david.ok("restore", "m42", *words, "--dry-run", cwd=david.repo)
        assert "1 file (6 B) would be restored" in dry.out and "thaw" not in dry.out
        david.ok("restore", "m42", *words, cwd=david.repo)
        assert (david.repo / "raw/m42/notes/night.md").read_bytes() == b"clouds"
        assert "cold" in david.ok("restore", "m42", "--status", cwd=david.repo).out
        assert "DEEP_ARCHIVE" in david.ok("archive", "list", cwd=david.repo).out, "the note's class is not its own"
    (david.repo / "raw/m42/notes/night.md").unlink()
    david.expect(5, "restore", "m42", cwd=david.repo)
    moto.client().delete_object(Bucket=moto.bucket, Key=f"{prefix}/raw/m42/notes/night.md")
    david.expect(5, "restore", "m42", "--light", cwd=david.repo)
    david.ok("restore", "m42", "--light", "--yes", "--wait", cwd=david.repo)
    assert (david.repo / "raw/m42/notes/night.md").read_bytes() == b"clouds"


def test_a_store_that_tells_for_ever_of_a_thaw_that_is_over_is_waited_for(moto: Server, tmp_path: Path) -> None:
    """And the restore does not end in an object that cannot be read."""
    over = 'ongoing-request="false", expiry-date="Thu, 01 Jan 2026 00:00:00 GMT"'
    with Proxy(moto.endpoint_url) as proxy:
        david = on(moto, tmp_path, uuid.uuid4().hex, "    storage_class: GLACIER\n")
        david.environ = {**david.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        put(david.repo, "raw/m42/a.fits", b"light")
        david.ok("archive", "run", "--delete-local", cwd=david.repo)
        proxy.on("HeadObject", key="*.tar").response_header("x-amz-restore", over)
        proxy.on("GetObject", key="*.tar").reply(403, "InvalidObjectState")
        for words in (("m42",), ("--resume",)):
            told = david.expect(8, "restore", *words, "--yes", cwd=david.repo)
            assert "m42 cannot be read yet: a thaw was asked for anew" in told.err
            assert "ended at 2026-01-01T00:00:00Z" in told.err and "--resume" in told.err
        found = david.expect(8, "restore", "m42", "--yes", "--json", cwd=david.repo).json
        assert (found["pending"], found["ended"]) == (["m42"], {"m42": "2026-01-01T00:00:00Z"})
        assert "expired" in david.ok("restore", "--status", cwd=david.repo).out
        assert proxy.counts["RestoreObject"].requests >= 2
        proxy.remove()
        david.ok("restore", "--resume", "--yes", cwd=david.repo)
    assert (david.repo / "raw/m42/a.fits").read_bytes() == b"light"


def test_marks_that_a_killed_run_left_are_taken_away_and_never_archived(moto: Server, tmp_path: Path) -> None:
    """Those of a run that may be at work stay, and so does what only has such a name."""
    david = on(moto, tmp_path, uuid.uuid4().hex, pack="none")
    put(david.repo, "raw/m42/a.fits", b"light")
    old = put(david.repo, "raw/m42/.s3sync-apart-0123456789abcdef", b"")
    mine = put(david.repo, "raw/m42/.s3sync-apart-notes", b"")
    full = put(david.repo, "raw/m42/.s3sync-apart-0123456789abcdee", b"mine")
    new = put(david.repo, "raw/m42/.s3sync-apart-fedcba9876543210", b"", int(time.time()) - 60)
    david.ok("archive", "run", cwd=david.repo)
    shown = david.ok("archive", "show", "m42", "--json", cwd=david.repo).json["archives"][0]
    assert sorted(one["path"] for one in shown["members"]) == [".s3sync-apart-notes", "a.fits"]
    david.run("archive", "remove", "m42", "--yes", cwd=david.repo)
    assert not old.exists() and new.exists() and full.exists() and mine.exists()
