"""Sets whose objects come from a table, and the addresses of their databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.archive.sets import load_sets
from s3sync.config.databases import Database, database_of, masked
from s3sync.core.archive.values import ArchiveSet, Pack, UnitKind
from s3sync.errors import ConfigError
from s3sync.trust import statements_of
from tests.unit.config.conftest import Load

SELECT = "SELECT id, path, md5, created_at FROM t WHERE id > :last ORDER BY id LIMIT :limit"
UPDATE = "UPDATE t SET url = :archive_url WHERE id = :id AND url IS NULL"
RULES = {
    "store": "s3://bucket/p",
    "source": "sql",
    "files": "cache/media",
    "select": SELECT,
    "update": UPDATE,
}


def text(**more: object) -> str:
    rules = {**RULES, **more}
    lines = "".join(f'    {name}: "{value}"\n' for name, value in rules.items() if value is not None)
    return f"archives:\n  media:\n{lines}"


def one(load: Load, **more: object) -> ArchiveSet:
    [found] = load_sets(load(yaml=text(**more))).values()
    return found


def test_a_set_of_a_table_has_its_files_as_its_source(load: Load) -> None:
    found = one(load)
    assert (found.source, found.unit, found.pack) == ("cache/media", UnitKind.FILE, Pack.NONE)
    assert found.rows is not None
    assert (found.rows.select, found.rows.update, found.rows.first) == (SELECT, UPDATE, 0)
    packed = one(load, unit="group", layout="raw/{id}")
    assert (packed.unit, packed.pack) == (UnitKind.GROUP, Pack.TAR)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"select": None}, "which rows there are"),
        ({"update": None}, "how an address gets into a row"),
        ({"files": None}, "where the files are"),
        ({"files": "../elsewhere"}, "only inside the repository"),
        ({"files": "cache/*"}, "one folder"),
        ({"select": "DELETE FROM t"}, "begins with SELECT"),
        ({"update": "UPDATE t SET url = :archive_url"}, "takes no :id"),
        ({"update": "UPDATE t SET url = :archive_url, x = :id"}, "would touch all rows"),
        ({"layout": "cache/{path}"}, "share one object"),
        ({"layout": "cache/{md5}/{camera}"}, "not known of rows"),
        ({"unit": "folder"}, "unit: group"),
        ({"pack": "tar"}, "unit: group"),
        ({"older_than": "30d"}, "`older_than` does not go"),
        ({"url": "postgresql://u:hunter2@host/db"}, "committed file"),
        ({"url": "mysql://host/db"}, "no database that s3sync knows"),
        ({"url_template": "https://x/{md5}"}, "{key} once"),
        ({"first": "x" * 300}, "less than every id"),
        ({"source": "cache"}, "goes with `source: sql`"),
    ],
)
def test_what_is_wrong_with_a_set_of_a_table(load: Load, more: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        one(load, **more)
    assert says in f"{caught.value} {caught.value.hint}"
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_a_statement_is_no_list_of_patterns(load: Load) -> None:
    with pytest.raises(ConfigError, match="list of patterns"):
        load_sets(load(yaml=f'archives: {{a: {{store: "s3://bucket", source: x, select: "{SELECT}"}}}}'))


def database(load: Load, repo: Path, url: str | None = None, **environ: str) -> Database:
    settings = load(yaml=text(url=url))
    return database_of(one(load, url=url), settings, environ)


def test_a_variable_of_the_process_counts_before_the_file(load: Load, repo: Path) -> None:
    (repo / ".env").write_text('A=1\nDATABASE_URL="postgresql://u:p%40w@file:5432/db?pgbouncer=true"\n')
    found = database(load, repo)
    assert (found.shown, found.of_repository, found.password) == ("postgresql://u@file:5432/db", True, "p@w")
    own = database(load, repo, DATABASE_URL="postgres://u:x@own/db?sslmode=disable")
    assert (own.shown, own.of_repository) == ("postgresql://u@own/db?sslmode=disable", False)
    assert own.said["sslmode"] == "disable"
    assert "p@w" not in repr(found)


def test_the_variable_that_a_set_names(load: Load, repo: Path) -> None:
    (repo / ".env").write_text("DATABASE_URL=sqlite:///a.db\nMEDIA_URL=sqlite:///b.db\n")
    assert database(load, repo, "MEDIA_URL").path == repo / "b.db"
    assert database(load, repo).path == repo / "a.db"
    with pytest.raises(ConfigError, match="OTHER_URL is set neither"):
        database(load, repo, "OTHER_URL")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h/d?sslkey=/k",
        "postgresql://h/d?options=-c%20x",
        "postgresql://h/d?passfile=/p",
        "postgresql://h:port/d",
        "sqlite:///../x.db",
        "sqlite://",
        "sqlite:///:memory:",
        "mssql://h/d",
        "nonsense",
    ],
)
def test_addresses_that_a_repository_may_not_say(load: Load, repo: Path, url: str) -> None:
    (repo / ".env").write_text(f"DATABASE_URL={url}\n")
    with pytest.raises(ConfigError):
        database(load, repo)


def test_a_link_out_of_the_repository_is_no_database_of_it(load: Load, repo: Path, tmp_path: Path) -> None:
    (tmp_path / "private.db").write_text("")
    (repo / "media.db").symlink_to(tmp_path / "private.db")
    with pytest.raises(ConfigError, match="outside of the repository"):
        database(load, repo, "sqlite:///media.db")


def test_messages_are_masked() -> None:
    found = Database("postgresql://u@h/d", "x", False, said={"password": "hunter2"})
    assert masked("cannot use postgresql://u:hunter2@h/d: hunter2", found) == "cannot use postgresql://u:****@h/d: ****"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://app%40db.internal%2Fmedia%3Fx=@evil.example/d", "postgresql://app%40db.internal%2Fmedia%3Fx%3D@evil.example/d"),
        ("postgresql://db.internal/a?host=evil.example", "postgresql://evil.example/a"),
        ("postgresql://h/d%20%1b[2J?user=a%2Fb", "postgresql://a%2Fb@h/d%20%1B%5B2J"),
        ("postgresql:///d?host=/run/pg", "postgresql:///run/pg/d"),
        ("postgresql://h/d?host=one,two", "postgresql://one,two/d"),
    ],
)  # fmt: skip
def test_no_part_of_an_address_reads_as_another_one(load: Load, repo: Path, url: str, shown: str) -> None:
    (repo / ".env").write_text(f"DATABASE_URL={url}\n")
    assert database(load, repo).shown == shown


def test_what_an_address_leaves_out_is_shown_too(load: Load, repo: Path) -> None:
    """Otherwise a short address is the production's, and the question names no host."""
    (repo / ".env").write_text("DATABASE_URL=postgresql:///app\n")
    usual = {"PGHOST": "db.internal", "PGPORT": "6543", "PGUSER": "root", "PGDATABASE": "other"}
    found = database(load, repo, **usual)
    assert found.shown == "postgresql://root@db.internal:6543/app"
    said = {"host": "db.internal", "port": "6543", "user": "root", "dbname": "app"}
    assert found.said == {**said, "require_auth": "!password"}
    served = database(load, repo, **usual, PGSERVICE="prod")
    assert (served.shown, served.said) == ("postgresql:///app?service=prod", {"dbname": "app"})


def test_the_addresses_that_are_written_are_agreed_to_as_well(load: Load) -> None:
    plain = one(load)
    first = one(load, url_template="https://ours.example/{key}")
    second = one(load, url_template="https://evil.example/{key}")
    assert len({statements_of(chosen) for chosen in (plain, first, second)}) == 3
