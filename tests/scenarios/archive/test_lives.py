"""A project that was named and is not here: where it lies, the way back with its price, and who is told when."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive.catalogue import catalogue_path
from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.kit.receiver import Chat, chat
from tests.kit.servers import Moto
from tests.scenarios.archive.conftest import at_home, put, settings
from tests.scenarios.cli.terminal import on_terminal

pytestmark = pytest.mark.moto


@pytest.fixture
def room() -> Iterator[Chat]:
    with chat() as found:
        yield found


@pytest.fixture
def looks(moto: Moto) -> Iterator[Moto]:
    """A server that takes some looks to thaw."""
    from moto.moto_api import state_manager

    state_manager.set_transition("s3::keyrestore", {"progression": "manual", "times": 14})
    yield moto
    state_manager.unset_transition("s3::keyrestore")


def desk(server: Moto, root: Path, storage_class: str = "DEEP_ARCHIVE", endpoint: str | None = None) -> Person:
    """David with two finished projects in cold storage, of which nothing is left here nor in the live store."""
    environ = server.environment("david")
    david = Person("david", root / "david", {**environ, **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {})})
    place = f"s3://{server.bucket}/{uuid.uuid4().hex}"
    settings(
        david,
        f"repo: videos\narchives:\n  projects:\n    store: {place}/cold\n    layout: '{{id}}'\n    pack: tar\n"
        f"    storage_class: {storage_class}\n"
        f"  sessions:\n    store: {place}/raw\n    source: raw/*\n    layout: '{{id}}'\n    pack: tar\n",
    )
    for name in ("b40-old", "b41-old"):
        put(david.repo, f"{name}/s3-staging/cut.mp4", b"x" * 5000)
    put(david.repo, "raw/m42/a.fits", b"light")
    for words in (("--set", "projects", "b40-old", "b41-old"), ("--set", "sessions")):
        david.ok("archive", "run", *words, "--delete-local", "--yes", cwd=david.repo)
    for name in ("b40-old", "b41-old"):
        shutil.rmtree(david.repo / name, ignore_errors=True)
    put(david.repo, "b50/s3-staging/now.mp4", b"now")
    david.ok("up", "b50", cwd=david.repo)
    return david


def when_ready(david: Person) -> list[dict[str, Any]]:
    """Poll, without it counting as told, until no thaw is under way."""
    for _ in range(40):
        thaws: list[dict[str, Any]] = david.run("archive", "poll", "-n", "--json", cwd=david.repo).json["thaws"]
        if all(one["state"] != "thawing" for one in thaws):
            return thaws
    raise AssertionError("it stays under way")


def test_a_name_says_where_it_lies_and_asks_no_store(moto: Moto, tmp_path: Path) -> None:
    with Proxy(moto.endpoint_url) as proxy:
        david = desk(moto, tmp_path, endpoint=proxy.endpoint_url)
        before = proxy.requests
        for words in (("status",), ("down",), ("sync",), ("up", "-p")):
            said = david.expect(8, *words, "b40", cwd=david.repo).err
            assert "b40-old is not here: it is archived, in cold storage" in said
            assert "`s3sync restore b40-old` brings it back" in said and "since 20" in said, said
        document = david.expect(8, "status", "b40", "--json", cwd=david.repo / "b50").json
        found = document["archived"]
        assert (document["error"]["type"], document["exit_code"]) == ("Pending", 8)
        assert (found["unit"], found["set"], found["storage_class"], found["cold"]) == (
            "b40-old", "projects", "DEEP_ARCHIVE", True,
        )  # fmt: skip
        assert [way["tier"] for way in found["ways"]] == ["bulk", "standard"]
        for word in ("nosuch", "b4", "m42", "raw/m42", "b*", "b40-old/x", "old", ""):
            error = david.expect(2, "status", word, cwd=david.repo).err
            assert "archive" not in error and "restore" not in error, (word, error)
        assert proxy.requests == before
    catalogue = next((david.root / "home").rglob("archive/*.db"))
    catalogue.write_bytes(b"no catalogue")
    for other in (david.root / "home").rglob("archive/*.db"):
        other.write_bytes(b"no catalogue")
    assert "there is no project 'b40'" in david.expect(2, "status", "b40", cwd=david.repo).err


def test_price_and_time_are_those_of_the_class_and_the_tier(moto: Moto, tmp_path: Path) -> None:
    """On AWS: the catalogue of the test's server stands under the address that a bucket there has."""
    david = desk(moto, tmp_path)
    place = next(line.split()[1] for line in (david.repo / ".s3sync.yaml").read_text().splitlines() if "/cold" in line)
    paths = [catalogue_path(place, end, at_home(david)) for end in (moto.endpoint_url, None)]
    with closing(sqlite3.connect(paths[0])) as opened:
        opened.execute("UPDATE archive SET size = 1073741824, transitioned_at = '2026-02-03T04:05:06Z'")
        opened.execute("UPDATE archive SET storage_class = 'GLACIER' WHERE unit = 'b41-old'")
        opened.commit()
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(*paths)
    environ = {"AWS_ENDPOINT_URL": None, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": None}
    said = david.run("status", "b40-old", cwd=david.repo, env=environ)
    assert said.code == 8 and "DEEP_ARCHIVE in s3://" in said.err and "since 2026-02-03" in said.err
    assert "bulk $0.10, up to 48 hours; standard $0.12, up to 12 hours" in said.err, said.err
    said = david.run("status", "b41-old", cwd=david.repo, env=environ)
    assert "bulk $0.10, up to 12 hours; standard $0.11, up to 5 hours; expedited $0.14, up to 5 minutes" in said.err
    unknown = david.run("status", "b41-old", cwd=david.repo, env={**environ, "AWS_REGION": "mars-north-1"})
    assert unknown.code == 8 and "no prices for the region 'mars-north-1'" in unknown.err


def test_a_yes_thaws_it_and_a_cron_job_finishes(looks: Moto, tmp_path: Path) -> None:
    david = desk(looks, tmp_path)
    refused = on_terminal(david, "down", "b40", cwd=david.repo, answers=[("[y/N] ", "n")])
    assert refused.code == 8 and "thawing it first (bulk)? [y/N] n" in refused.out
    assert "No restore waits" in david.ok("archive", "poll", cwd=david.repo).out
    agreed = on_terminal(david, "down", "b40", cwd=david.repo, answers=[("[y/N] ", "y")])
    assert agreed.code == 8 and agreed.out.count("[y/N]") == 1 and "is being thawed" in agreed.out
    under_way = david.expect(8, "status", "b40", cwd=david.repo).err
    assert "being thawed (bulk, asked for 20" in under_way and "`s3sync restore --resume`" in under_way
    (thaw,) = david.expect(8, "archive", "poll", "--exit-code", "--finish", "--json", cwd=david.repo).json["thaws"]
    assert (thaw["unit"], thaw["state"], thaw["new"]) == ("b40-old", "thawing", False)
    (found,) = when_ready(david)
    assert found["until"] and found["new"], "a dry run counts as no telling"
    assert david.ok("archive", "poll", "--json", cwd=david.repo).json["thaws"][0]["new"]
    assert not david.ok("archive", "poll", "--json", cwd=david.repo).json["thaws"][0]["new"], "it is told once"
    assert "1 restore can go on" in david.ok("archive", "poll", cwd=david.repo).out
    readable = david.expect(2, "status", "b40", cwd=david.repo).err
    assert re.search(r"thawed until 20[0-9-]{8} \d\d:\d\d UTC\n", readable), readable
    assert "`s3sync restore b40-old`" in readable
    log = tmp_path / "cron.log"
    done = david.ok("archive", "poll", "--finish", "--json", "--log-file", str(log), cwd=david.repo).json
    assert [one["unit"] for one in done["restored"]["units"]] == ["b40-old"] and log.exists()
    assert (david.repo / "b40-old/s3-staging/cut.mp4").read_bytes() == b"x" * 5000
    assert "No restore waits" in david.ok("archive", "poll", cwd=david.repo).out
    assert david.ok("status", "b40", cwd=david.repo).out


def test_a_wish_is_told_once_when_it_is_ready_and_once_when_it_is_over(looks: Moto, tmp_path: Path, room: Chat) -> None:
    pytest.importorskip("apprise")
    david = desk(looks, tmp_path)
    warned = david.expect(8, "restore", "b40", "--notify", "--yes", cwd=david.repo)
    assert "no notice will be sent: the setting `notify` has no address" in warned.err
    told = {"S3SYNC_NOTIFY": f"json://127.0.0.1:{room.port}/x"}
    david.expect(8, "restore", "b41", "--yes", cwd=david.repo, env=told)
    room.got.clear()
    when_ready(david)
    assert room.got == []
    polled = david.ok("archive", "poll", cwd=david.repo, env=told).out
    assert "b40-old can be read until" in polled and "b41-old can be read until" in polled
    assert "david can bring back, until 20" in room.text and "b40-old" in room.text and "b41-old" not in room.text
    room.got.clear()
    david.ok("archive", "poll", cwd=david.repo, env=told)
    assert room.got == []
    client = looks.client("admin")
    place = next(line.split()[1] for line in (david.repo / ".s3sync.yaml").read_text().splitlines() if "/cold" in line)
    key = f"{place.rpartition('/')[0].rpartition('/')[2]}/cold/b40-old.tar"
    head = client.head_object(Bucket=looks.bucket, Key=key)
    body = client.get_object(Bucket=looks.bucket, Key=key)["Body"].read()
    client.put_object(Bucket=looks.bucket, Key=key, Body=body, StorageClass="DEEP_ARCHIVE", Metadata=head["Metadata"])
    last = david.ok("archive", "poll", "--finish", cwd=david.repo, env=told)
    assert "b40-old is cold again, its thaw is over: `s3sync restore b40-old` asks once more" in last.out
    assert "b40-old" in room.text and "has to ask again" in room.text
    assert not (david.repo / "b40-old/s3-staging").exists() and (david.repo / "b41-old/s3-staging/cut.mp4").exists()
    (left,) = david.ok("archive", "poll", "--json", cwd=david.repo).json["thaws"]
    assert (left["unit"], left["state"], left["notify"]) == ("b40-old", "expired", True), "nothing is thawed again"


def test_a_store_that_cannot_be_asked_hides_no_other(looks: Moto, tmp_path: Path) -> None:
    david = desk(looks, tmp_path)
    david.expect(8, "restore", "b40", "--yes", cwd=david.repo)
    text = (david.repo / ".s3sync.yaml").read_text()
    dead = (
        "  aside:\n    store: s3://nobody/x\n    endpoint_url: http://127.0.0.1:9\n    layout: '{id}'\n    pack: tar\n"
    )
    settings(david, text.replace("archives:\n", f"archives:\n{dead}") + "retries: 0\nconnect_timeout: 1\n")
    one, other = (catalogue_path(*place, at_home(david)) for place in (
        (next(line.split()[1] for line in text.splitlines() if "/cold" in line), looks.endpoint_url),
        ("s3://nobody/x", "http://127.0.0.1:9"),
    ))  # fmt: skip
    with closing(sqlite3.connect(one)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(one, other)
    with closing(sqlite3.connect(other)) as opened:
        opened.execute("UPDATE archive SET set_name = 'aside'")
        opened.commit()
    polled = david.expect(3, "archive", "poll", "--json", cwd=david.repo).json
    assert [(thaw["unit"], thaw["state"]) for thaw in polled["thaws"]] == [("b40-old", "thawing")]
    (failed,) = polled["failed"]
    assert failed["name"] == "s3://nobody/x" and failed["error"] and failed["hint"]


def test_what_was_cleaned_up_everywhere_says_where_it_went(moto: Moto, tmp_path: Path) -> None:
    """The usual way: uploaded, archived, cleaned up. Records are left in the store and here, and no file."""
    david = desk(moto, tmp_path)
    put(david.repo, "b60/s3-staging/cut.mp4", b"y" * 3000)
    david.ok("up", "b60", cwd=david.repo)
    david.ok("archive", "run", "--set", "projects", "b60", cwd=david.repo)
    david.ok("cleanup", "b60", "--yes", "--permanently", cwd=david.repo)
    assert "archive" not in david.ok("status", "b60", cwd=david.repo).out, "it is here"
    david.ok("archive", "run", "--set", "projects", "b60", "--delete-local", "--yes", cwd=david.repo)
    for words in (("status", "b60"), ("down", "b60"), ("status",)):
        said = david.expect(8, *words, cwd=david.repo / "b60")
        assert "b60 is not here: it is archived, in cold storage" in said.err and "error:" not in said.err
    document = david.expect(8, "status", "b60", "--json", cwd=david.repo).json
    assert (document["project"], document["files"], document["archived"]["unit"]) == ("b60", [], "b60")
    david.ok("repos", "add", "--name", "voz", cwd=david.repo)
    there = david.expect(8, "status", "voz/b40", cwd=tmp_path).err
    assert f"`cd {david.repo} && s3sync restore b40-old` brings it back" in there


def test_a_checkout_of_its_folder_says_where_its_files_are(moto: Moto, tmp_path: Path) -> None:
    david = desk(moto, tmp_path)
    shutil.rmtree(david.repo / ".git")
    environ = {**david.env(), "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=d", "-c", "user.email=d@e", *words]
        done = subprocess.run(command, cwd=david.repo, env=environ, capture_output=True, text=True, check=True)
        return done.stderr

    (david.repo / ".gitignore").write_text("s3-staging/\nraw/\n")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "without")
    git("checkout", "-q", "-b", "with-b40")
    for name in ("b40-old", "b70"):
        put(david.repo, f"{name}/notes.md", b"notes")
    git("add", ".")
    git("commit", "-qm", "with")
    git("checkout", "-q", "main")
    david.ok("hooks", "install", cwd=david.repo)
    said = git("checkout", "-q", "with-b40")
    line = "s3sync: b40-old: its files are archived (DEEP_ARCHIVE, "
    assert line in said and "`s3sync restore b40-old`" in said and "b70" not in said
    git("checkout", "-q", "main")
    assert line in git("checkout", "-q", "with-b40", "--", "b40-old"), "also of the folder alone"


def test_a_unit_on_another_disk_is_no_thaw_and_costs_nothing(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", {})
    (tmp_path / "ssd").mkdir()
    settings(
        david,
        f"repo: videos\narchives:\n  ssd:\n    store: file://{tmp_path}/ssd\n    layout: '{{id}}'\n    pack: none\n",
    )
    put(david.repo, "b40/s3-staging/cut.mp4", b"x" * 5000)
    david.ok("archive", "run", "b40", "--delete-local", "--create", "--yes", cwd=david.repo)
    shutil.rmtree(david.repo / "b40", ignore_errors=True)
    said = david.expect(2, "status", "b40", cwd=david.repo)
    assert "it is archived, on another disk" in said.err and "$" not in said.err
    document = david.expect(2, "status", "b40", "--json", cwd=david.repo).json
    assert document["archived"]["cold"] is False and document["archived"]["ways"][0]["tier"] is None
    back = on_terminal(david, "status", "b40", cwd=david.repo, answers=[("[y/N] ", "y")])
    assert back.code == 0 and (david.repo / "b40/s3-staging/cut.mp4").exists(), back
    assert json.loads(david.ok("status", "b40", "--json", cwd=david.repo).out)["project"] == "b40"


def test_a_watch_tells_of_a_thaw_and_sends_the_wish(looks: Moto, tmp_path: Path, room: Chat) -> None:
    """Also one that sends no notices of its own."""
    pytest.importorskip("apprise")
    david = desk(looks, tmp_path)
    david.expect(8, "restore", "b40", "b41", "--yes", cwd=david.repo)
    david.expect(8, "restore", "b41", "--notify", "--yes", cwd=david.repo)
    when_ready(david)
    environ = {**david.env(), "S3SYNC_NOTIFY": f"json://127.0.0.1:{room.port}/x", "_S3SYNC_THAWS": "0.1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "s3sync", "watch", "b50", "--json"],
        cwd=david.repo, env=environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told: list[str] = []
    try:
        assert process.stdout is not None
        while len(told) < 2 and (line := process.stdout.readline()):
            event = json.loads(line)
            told += [one["unit"] for one in event["ready"]] if event["event"] == "thaws" else []
        assert sorted(told) == ["b40-old", "b41-old"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()
    told_env = {"S3SYNC_NOTIFY": environ["S3SYNC_NOTIFY"]}
    after = david.ok("archive", "poll", "--json", cwd=david.repo, env=told_env).json["thaws"]
    assert not any(thaw["new"] for thaw in after)
    assert "b41-old" in room.text and "b40-old" not in room.text and "can bring back" in room.text, "at the latest now"
    assert not (david.repo / "b40-old/s3-staging").exists(), "a watch restores nothing"
