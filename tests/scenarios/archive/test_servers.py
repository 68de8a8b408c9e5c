"""Archives on servers: large ones in parts, classes and tags, cold ones that are thawed, kill -9 in the middle."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from s3sync.archive.content import SMALLEST_PART
from tests.kit.people import Person
from tests.kit.proxy import Proxy, Request
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_restore import tree_of
from tests.scenarios.transfers.commands import until

MIB = 1024 * 1024
SERVERS = [
    pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
    pytest.param("ministack", marks=pytest.mark.ministack),
    pytest.param("moto", marks=pytest.mark.moto),
]


def on(server: Server, root: Path, prefix: str, more: str = "", pack: str = "tar") -> Person:
    """Somebody with a set whose units go to a server."""
    person = Person("david", root / "david", server.environment("david"))
    settings(
        person,
        f"archives:\n  sessions:\n    store: s3://{server.bucket}/{prefix}\n    source: raw/*\n"
        f"    layout: 'raw/{{id}}'\n    pack: {pack}\n{more}",
    )
    return person


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("pack", ["tar", "tar.zst", "none"])
def test_a_large_unit_goes_and_comes_back(name: str, pack: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server: Server = request.getfixturevalue(name)
    prefix = uuid.uuid4().hex
    david = on(server, tmp_path, prefix, pack=pack)
    put(david.repo, "raw/m42/a.fits", os.urandom(19 * MIB + 5))
    put(david.repo, "raw/m42/b.fits", bytes(9 * MIB))
    for number in range(20):
        put(david.repo, f"raw/m42/small/{number}.txt", os.urandom(1000))
    before = tree_of(david.repo / "raw/m42")
    done = david.ok("archive", "run", "--delete-local", "--json", cwd=david.repo).json["units"][0]
    assert done["state"] == "sent"
    assert done["deleted_local"]["files"] == 22
    assert not (david.repo / "raw/m42").exists()
    david.ok("restore", "m42", cwd=david.repo)
    assert tree_of(david.repo / "raw/m42") == before


@pytest.mark.seaweedfs
def test_the_aws_command_line_and_gnu_tar_open_every_archive(seaweedfs: Server, tmp_path: Path) -> None:
    aws = shutil.which("aws")
    if aws is None or subprocess.run([aws, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("the aws command line is not installed")
    prefix = uuid.uuid4().hex
    david = on(seaweedfs, tmp_path, prefix)
    put(david.repo, "raw/m42/a.fits", os.urandom(300_000))
    put(david.repo, "raw/m42/cal/Höhle.txt", b"dark")
    before = tree_of(david.repo / "raw/m42")
    text = (david.repo / ".s3sync.yaml").read_text()
    for pack, how in (("tar", ()), ("tar.gz", ("-z",)), ("tar.zst", ("--zstd",))):
        settings(david, text.replace("pack: tar", f"pack: {pack}"))
        david.ok("archive", "run", cwd=david.repo)
        file, out = tmp_path / f"m42.{pack}", tmp_path / f"out-{pack}"
        words = [aws, "--endpoint-url", seaweedfs.endpoint_url, "s3", "cp", "--only-show-errors"]
        where = f"s3://{seaweedfs.bucket}/{prefix}/raw/m42.{pack}"
        subprocess.run([*words, where, str(file)], env={**os.environ, **david.environ}, check=True)
        out.mkdir()
        subprocess.run(["tar", *how, "-xf", str(file), "-C", str(out)], check=True)
        found = tree_of(out / "m42")
        assert {name: one for name, one in found.items() if one[0] != "folder"} == {
            name: one for name, one in before.items() if one[0] != "folder"
        }


@pytest.mark.parametrize("name", ["moto", "ministack"])
def test_a_cold_unit_is_thawed_first(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server: Server = request.getfixturevalue(name)
    prefix = uuid.uuid4().hex
    david = on(server, tmp_path, prefix, "    storage_class: DEEP_ARCHIVE\n    tags: {archive: fast}\n")
    put(david.repo, "raw/m42/a.fits", b"light")
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
    client, key = server.client("admin"), f"{prefix}/raw/m42.tar"
    assert client.head_object(Bucket=server.bucket, Key=key)["StorageClass"] == "DEEP_ARCHIVE"
    if name != "moto":  # it refuses to tell the tags of what is cold
        tags = client.get_object_tagging(Bucket=server.bucket, Key=key)["TagSet"]
        assert tags == [{"Key": "archive", "Value": "fast"}]
    index = client.head_object(Bucket=server.bucket, Key=f"{key}.index.json")
    assert index.get("StorageClass", "STANDARD") == "STANDARD"
    assert not client.get_object_tagging(Bucket=server.bucket, Key=f"{key}.index.json")["TagSet"]
    refused = david.expect(1, "restore", "m42", "--tier", "expedited", "--yes", cwd=david.repo)
    assert "DEEP_ARCHIVE has no expedited thaw" in refused.err
    unasked = david.expect(1, "restore", "m42", "--tier", "expedited", cwd=david.repo).err
    assert "no expedited thaw" in unasked and "Restore 1 object" not in unasked, "nobody agrees to what cannot be"
    david.expect(1, "restore", "m42", "--tier", "expedited", "--dry-run", cwd=david.repo)
    asked = david.expect(5, "restore", "m42", cwd=david.repo)
    assert "The price is not known" in asked.err
    assert "Restore 1 object" in asked.err
    assert "cold" in david.ok("restore", "m42", "--status", cwd=david.repo).out
    dear = david.expect(5, "restore", "m42", "--max-cost", "1", cwd=david.repo)
    assert "leave --max-cost out" in dear.err
    first = david.run("restore", "m42", "--yes", cwd=david.repo)
    assert first.code in (0, 8), first
    david.ok("restore", "m42", "--yes", "--wait", cwd=david.repo)
    assert (david.repo / "raw/m42/a.fits").read_bytes() == b"light"
    david.ok("restore", "m42", cwd=david.repo)


@pytest.mark.seaweedfs
@pytest.mark.timeout(400)
@pytest.mark.parametrize("pack", ["tar", "tar.zst"])
def test_a_killed_run_resumes_and_ends_with_the_same_bytes(pack: str, seaweedfs: Server, tmp_path: Path) -> None:
    """kill -9 again and again, each time after some more parts; in the end it is as if nobody had."""
    prefix = uuid.uuid4().hex
    client = seaweedfs.client("admin")
    key = f"{prefix}/raw/m42.{pack}"
    with Proxy(seaweedfs.endpoint_url) as proxy:
        david = on(seaweedfs, tmp_path, prefix, pack=pack)
        david.environ = {**david.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        put(david.repo, "raw/m42/a.fits", os.urandom(40 * MIB))
        put(david.repo, "raw/m42/b.fits", os.urandom(30 * MIB))
        for parts in (1, 3, 5):
            kill_behind(proxy, david, key, parts)
        there = _unbroken(david)
        result = david.ok("archive", "run", "--json", cwd=david.repo).json["units"][0]
        assert result["bytes_sent"] < 71 * MIB - there * SMALLEST_PART
        other = on(seaweedfs, tmp_path / "other", f"{prefix}-other", pack=pack)
        for name in ("a.fits", "b.fits"):
            put(other.repo, f"raw/m42/{name}", (david.repo / "raw/m42" / name).read_bytes())
        other.ok("archive", "run", cwd=other.repo)
        bodies = [
            client.get_object(Bucket=seaweedfs.bucket, Key=one)["Body"].read()
            for one in (key, f"{prefix}-other/raw/m42.{pack}")
        ]
        assert bodies[0] == bodies[1]
        assert not client.list_multipart_uploads(Bucket=seaweedfs.bucket, Prefix=prefix).get("Uploads")
        david.ok("archive", "run", "--delete-local", "--deep", cwd=david.repo)


def kill_behind(proxy: Proxy, person: Person, key: str, parts: int) -> None:
    """Kill a run when so many parts have arrived; those behind them wait, and never do."""
    over = threading.Event()

    def hold(request: Request) -> None:
        if int(request.query["partNumber"]) > parts:
            over.wait(100)
            raise ConnectionResetError

    rule = proxy.on("UploadPart", key=key).before(hold)
    process = subprocess.Popen(
        [sys.executable, "-m", "s3sync", "archive", "run"],
        cwd=person.repo,
        env=person.env(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _unbroken(person) == parts, f"{parts} parts")
        assert process.poll() is None, "it ended before it was killed"
    finally:
        process.kill()
        process.wait()
        proxy.remove(rule)
        over.set()


def _unbroken(person: Person) -> int:
    """Parts of the upload under way that the journal has without a gap."""
    found = list((person.root / "home").rglob("uploads.db"))
    if not found:
        return 0
    with closing(sqlite3.connect(found[0], timeout=30)) as journal:
        try:
            numbers = {row[0] for row in journal.execute("SELECT number FROM part")}
        except sqlite3.OperationalError:  # it is being made
            return 0
    return next(number for number in range(1, 1000) if number not in numbers) - 1
