"""The table `post_media` in a real database, and the files that its rows name."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import Any

from s3sync.config.write import rendered
from s3sync.core.archive.presets import PRESETS
from tests.kit.databases import Postgres
from tests.kit.people import Person
from tests.scenarios.archive.conftest import settings

FILES = "cache/media"
_COLUMNS = (
    "post_id bigint, media_type text, media_url text, local_file_path text, md5_sum {md5}, file_size bigint,"
    " mime_type text, width int, height int, archive_url text, created_at {time} , updated_at {time}"
)
SCHEMA_SQLITE = f"CREATE TABLE post_media (media_id INTEGER PRIMARY KEY, {_COLUMNS.format(md5='text', time='text')})"
SCHEMA_POSTGRES = (
    f"CREATE TABLE post_media (media_id bigint PRIMARY KEY, {_COLUMNS.format(md5='varchar(32)', time='timestamptz')})"
)
JPEG, PNG = b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"


class Table:
    """`post_media` in one database; `url` is what DATABASE_URL has to say."""

    def __init__(self, person: Person, server: Postgres | None) -> None:
        self.person, self._server = person, server
        if server is None:
            path = person.repo / "media.db"
            self.url = "sqlite:///media.db"
            self._path = path
            self.run(SCHEMA_SQLITE)
        else:
            self.url = server.create("media")
            self.run(SCHEMA_POSTGRES)

    def run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        if self._server is not None:
            return self._server.run("media", sql, *values)
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            return connection.execute(sql.replace("%s", "?"), values).fetchall()

    def add(
        self,
        number: int,
        body: bytes,
        *,
        created: str = "2024-03-05T10:00:00+00:00",
        ext: str = "jpg",
        mime: str = "image/jpeg",
        kind: str = "image",
        folder: str = "images",
        path: str | None = "",
        md5: str | None = "",
        write: bool = True,
    ) -> str:
        """Add a row, and write its file as the cache does; its MD5. `path`, `md5` None: the row says none."""
        right = hashlib.md5(body).hexdigest()
        said = right if md5 == "" else md5
        place = self.person.repo / FILES / folder / f"{said or right}.{ext}"
        if write:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
        local = f"{FILES}/{folder}/{place.name}" if path == "" else path
        values = (number, number, kind, local, said, len(body), mime, created)
        marks = ", ".join(["%s"] * len(values))
        self.run(
            "INSERT INTO post_media (media_id, post_id, media_type, local_file_path, md5_sum, file_size, mime_type,"
            f" created_at) VALUES ({marks})",
            *values,
        )
        return right

    def addresses(self) -> dict[int, str | None]:
        """The address of each row."""
        return dict(self.run("SELECT media_id, archive_url FROM post_media ORDER BY media_id"))


def media_set(person: Person, store: str, more: str = "", **rules: str) -> None:
    """Write the preset's set `media` into the repository's settings, with other and with more rules."""
    said = {**PRESETS["media-db"].rules, **rules}
    lines = "".join(f"    {name}: {rendered(value)}\n" for name, value in said.items())
    settings(person, f"archives:\n  media:\n    store: {store}\n{lines}{more}")
