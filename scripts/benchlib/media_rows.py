"""Rows of a table on a real PostgreSQL: how many a second get their address, beside the loop that this replaces."""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

import psycopg

from benchlib.archive_tools import LOOP, ArchivePeer, Archiver
from benchlib.lab import Budget, Lab
from benchlib.measure import Command
from benchlib.tools import Ours, Tool, program
from s3sync.config.write import rendered
from s3sync.core.archive.presets import PRESETS
from tests.kit.databases import Postgres
from tests.kit.servers import SeaweedFS

JOB = "media-rows"
KIB = 1024
FASTER = Budget("at least 3x the loop", lambda ours, ratio: ratio >= 3)
SCHEMA = (
    "CREATE TABLE post_media (media_id bigint PRIMARY KEY, post_id bigint, media_type text, media_url text,"
    " local_file_path text, md5_sum varchar(32), file_size bigint, mime_type text, width int, height int,"
    " archive_url text, created_at timestamptz, updated_at timestamptz)"
)


class Rows(Archiver):
    """The set of the preset `media-db`, in David's repository."""

    def __init__(self, server: SeaweedFS, root: Path, url: str) -> None:
        super().__init__(server, root)
        rules = "".join(f"    {name}: {rendered(value)}\n" for name, value in PRESETS["media-db"].rules.items())
        self._david.environ = {**self._david.environ, "DATABASE_URL": url}
        self._settings = self._david.repo / ".s3sync.yaml"
        self._plain = self._settings.read_text().partition("\narchives:")[0]
        self._rules = rules

    @property
    def files(self) -> Path:
        return self._david.repo

    def fresh(self, tag: str) -> None:
        """Another prefix of the bucket, of which nothing is known."""
        store = f"{self._store}/rows-{tag}"
        self._settings.write_text(f"{self._plain}\narchives:\n  media:\n    store: {store}\n{self._rules}")

    def up(self) -> Command:
        return Command(
            [program("s3sync"), "archive", "run", "--set", "media", "-q"], self._david.env(), self._david.repo
        )


class Loop(ArchivePeer):
    """A loop in Python with boto3 and psycopg: one row after the other."""

    name = LOOP

    def __init__(self, server: SeaweedFS, root: Path, url: str, files: Path) -> None:
        super().__init__(server, root)
        self._more = {"DATABASE_URL": url, "BUCKET": server.bucket, **server.environment()}
        self._files, self._tag = files, ""

    def fresh(self, tag: str) -> None:
        self._tag = f"loop-{tag}"

    def up(self) -> Command:
        script = Path(__file__).with_name("media_loop.py")
        environ = {**self._more, "PREFIX": self._tag, "PATH": "/usr/bin:/bin"}
        return Command([sys.executable, str(script), str(self._files)], environ, self._files)

    def down(self) -> Command:
        raise NotImplementedError

    def member(self, path: str) -> Command:
        raise NotImplementedError

    def version(self) -> Command:
        return Command([sys.executable, "--version"], {}, self._files)


def media_rows(lab: Lab) -> None:
    """Rows with pictures of 4 to 60 KiB on PostgreSQL and SeaweedFS, all without an address."""
    count = lab.sizes.archived
    with lab.server() as server, Postgres(durable=True) as postgres:
        url = postgres.create("media")
        postgres.run("media", SCHEMA)
        ours = Rows(server, lab.work / "s3sync", url)
        loop = Loop(server, lab.work / "loop", url, ours.files)
        make_rows(url, ours.files, count)

        def prepare(tool: Tool, tag: str) -> None:
            postgres.run("media", "UPDATE post_media SET archive_url = NULL")
            postgres.run("media", "VACUUM ANALYZE post_media")
            assert isinstance(tool, (Rows, Loop))
            tool.fresh(tag)

        def check(tool: Tool) -> None:
            found = postgres.run("media", "SELECT count(DISTINCT archive_url) FROM post_media")
            assert found[0][0] == count, f"{found[0][0]} of {count} rows have an address"

        taken = lab.measure(JOB, [ours, loop], prepare, lambda tool: tool.up(), check)
        rates = {name: count / samples.wall for name, samples in taken.items()}
        lab.add(JOB, "rows/s", rates, FASTER, more_is_better=True)
        lab.add(JOB, "CPU seconds", {name: samples.cpu for name, samples in taken.items()})
        lab.add(JOB, "peak MB", {name: samples.peak for name, samples in taken.items()})
        again = lab.measure(JOB, [ours], lambda tool, tag: None, lambda tool: tool.up(), check)
        if Ours.name in again:
            lab.add(JOB, "nothing to do, seconds", {Ours.name: again[Ours.name].wall})


def make_rows(url: str, root: Path, count: int) -> None:
    """Files by their MD5 with a JPEG's first bytes, and a row for each."""
    chance = random.Random(7)
    folder = root / "cache" / "media" / "images"
    folder.mkdir(parents=True)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        columns = "media_id, media_type, local_file_path, md5_sum, file_size, mime_type, created_at"
        with cursor.copy(f"COPY post_media ({columns}) FROM STDIN") as copy:
            for number in range(1, count + 1):
                body = b"\xff\xd8\xff\xe0" + chance.randbytes(chance.randrange(4 * KIB, 60 * KIB))
                md5 = hashlib.md5(body).hexdigest()
                (folder / f"{md5}.jpg").write_bytes(body)
                month = f"202{number % 5}-{number % 12 + 1:02}-15T12:00:00Z"
                path = f"cache/media/images/{md5}.jpg"
                copy.write_row((number, "image", path, md5, len(body), "image/jpeg", month))
