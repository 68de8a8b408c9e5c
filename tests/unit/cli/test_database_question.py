"""What is shown of a set's statements before somebody agrees to them."""

from __future__ import annotations

from s3sync.cli.show.trust import database_question
from s3sync.core.archive.values import ArchiveSet, RowRules
from s3sync.trust import Place

PLACE = Place(repository="/r", store="postgresql://h/d", database_of="media", statements="0" * 32)


def shown(update: str, template: str | None = None) -> list[str]:
    rules = RowRules("SELECT 1", update, None, template)
    chosen = ArchiveSet("media", "s3://bucket/p", "cache", rows=rules)
    return list(database_question(PLACE, None, chosen))


def test_a_comment_hides_nothing_behind_it() -> None:
    """In one line all of it would read as a comment."""
    lines = shown("UPDATE t SET u = :archive_url -- as before,\n\t, admin = true\n\nWHERE id = :id")
    at = lines.index("  writes:     | UPDATE t SET u = :archive_url -- as before,")
    assert lines[at + 1 : at + 3] == ["              | , admin = true", "              | WHERE id = :id"]


def test_what_is_no_line_of_sql_begins_none() -> None:
    [line] = [line for line in shown("UPDATE t -- x\u2028SET u = 1") if line.startswith("  writes:")]
    assert line.startswith("  writes:     UPDATE t -- x")
    assert line.endswith("SET u = 1")


def test_the_addresses_that_are_written_are_shown() -> None:
    assert "  addresses:  https://evil.example/{key}" in shown("UPDATE t", "https://evil.example/{key}")


def test_whose_password_a_database_gets_is_said() -> None:
    assert "PGPASSWORD" in shown("UPDATE t")[-1]
