"""What the text of a statement tells."""

from __future__ import annotations

import pytest

from s3sync.core.archive.presets import PRESETS
from s3sync.core.archive.sql import SqlError, binds_of, check_select, check_update


@pytest.mark.parametrize(
    ("sql", "binds"),
    [
        ("SELECT a::text, :last", {"last"}),
        ("SELECT ':no', \":no\", $$:no$$, $x$:no$x$ -- :no\n, /* :no */ :yes", {"yes"}),
        ("SELECT 'it''s :no' || :yes", {"yes"}),
        ("SELECT a[1:2], b[:low]", {"low"}),
    ],
)
def test_parameters(sql: str, binds: set[str]) -> None:
    assert binds_of(sql) == binds


def test_the_preset_is_right() -> None:
    rules = PRESETS["media-db"].rules
    check_select(str(rules["select"]))
    check_update(str(rules["update"]))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t WHERE id > :last LIMIT :limit",
        "SELECT id FROM t WHERE id > :last ORDER BY id",
        "SELECT id FROM t ORDER BY id LIMIT :limit",
        "SELECT id FROM t WHERE id > :last LIMIT :limit",
        "SELECT id FROM t WHERE id > :last AND x = :x ORDER BY id LIMIT :limit",
        "SELECT 1; DROP TABLE t; SELECT :last, :limit ORDER BY 1",
        "COPY (SELECT :last, :limit ORDER BY 1) TO PROGRAM 'sh'",
        "SELECT id FROM t WHERE id > ':last' ORDER BY id LIMIT :limit",
        f"SELECT {'x' * 9000} :last :limit ORDER BY 1",
    ],
)
def test_queries_that_are_refused(sql: str) -> None:
    with pytest.raises(SqlError):
        check_select(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET archive_url = :archive_url",
        "UPDATE t SET archive_url = :archive_url -- WHERE id = :id",
        "UPDATE t SET archive_url = 'x' WHERE id = :id",
        "UPDATE t SET archive_url = :archive_url WHERE id = 5",
        "UPDATE t SET archive_url = :archive_url, x = :x WHERE id = :id",
        "DELETE FROM t WHERE id = :id AND :archive_url = ''",
        "UPDATE t SET archive_url = :archive_url WHERE id = :id; DROP TABLE t",
    ],
)
def test_updates_that_are_refused(sql: str) -> None:
    with pytest.raises(SqlError):
        check_update(sql)


def test_a_semicolon_may_end_a_statement() -> None:
    check_update("UPDATE t SET archive_url = :archive_url WHERE id = :id AND archive_url IS NULL;")
