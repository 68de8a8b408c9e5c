"""Statements of a set whose objects come from a table: what stands in them, as far as the text tells."""

from __future__ import annotations

import re

SELECT_TAKES = ("last", "limit")
UPDATE_NEEDS = ("id", "archive_url")
UPDATE_TAKES = (*UPDATE_NEEDS, "md5", "archived_at", "old")
MOST_CHARACTERS = 8000
_QUIET = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$", re.DOTALL)
_BIND = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)(?!:)")


class SqlError(ValueError):
    """A statement cannot be used; the text says why."""


def bare(text: str) -> str:
    """The statement without its strings, quoted names and comments."""
    return _QUIET.sub(" ", text)


def binds_of(text: str) -> frozenset[str]:
    """Names of the parameters, which are written `:name`."""
    return frozenset(_BIND.findall(bare(text)))


def without_binds_in_strings(text: str) -> str:
    r"""The statement with `\:` in strings, quoted names and comments: SQLAlchemy would take `'10:30'` for a parameter.

    https://docs.sqlalchemy.org/en/20/core/sqlelement.html#sqlalchemy.sql.expression.text
    """
    return _QUIET.sub(lambda found: re.sub(r"(?<!\\):", r"\\:", found[0]), text)


def check_select(text: str) -> None:
    """Raise `SqlError` for what is no query by pages."""
    _check(text, ("SELECT", "WITH"), "select")
    binds = binds_of(text)
    missing = [name for name in SELECT_TAKES if name not in binds]
    if missing:
        raise SqlError(f"it takes no :{missing[0]}; write WHERE id > :last ORDER BY id LIMIT :limit")
    odd = sorted(binds - set(SELECT_TAKES))
    if odd:
        raise SqlError(f"there is no :{odd[0]}; select takes :last and :limit")
    if not re.search(r"\bORDER\s+BY\b", bare(text), re.IGNORECASE):
        raise SqlError("it has no ORDER BY, without which the pages would overlap")


def check_update(text: str) -> None:
    """Raise `SqlError` for what cannot touch one row that is named."""
    _check(text, ("UPDATE", "WITH"), "update")
    binds = binds_of(text)
    missing = [name for name in UPDATE_NEEDS if name not in binds]
    if missing:
        raise SqlError(f"it takes no :{missing[0]}, so that it cannot write the address into one row")
    odd = sorted(binds - set(UPDATE_TAKES))
    if odd:
        raise SqlError(f"there is no :{odd[0]}; update takes {', '.join(':' + name for name in UPDATE_TAKES)}")
    if not re.search(r"\bWHERE\b", bare(text), re.IGNORECASE):
        raise SqlError("it has no WHERE, and would touch all rows")


def _check(text: str, words: tuple[str, ...], what: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise SqlError(f"it has more than {MOST_CHARACTERS} characters")
    plain = bare(text).strip()
    if plain.rstrip(";").count(";"):
        raise SqlError("it is more than one statement")
    if not re.match(rf"({'|'.join(words)})\b", plain, re.IGNORECASE):
        raise SqlError(f"{what} begins with {' or '.join(words)}")
