"""True if a set may ask its database: a repository that names one, or the statements for it, is asked about first.

Statements run with the rights of the user's login. So who may commit them, or the address in `.env`, chooses neither
without a question; what changed is asked about again (docs/decisions/0098-a-table-is-asked-about.md).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from s3sync.config import Settings, says_trust
from s3sync.errors import NotTrusted
from s3sync.trust.book import read_book
from s3sync.trust.place import Place

if TYPE_CHECKING:  # each command imports this room, and few ask a database
    from s3sync.config.databases import Database
    from s3sync.core.archive.values import ArchiveSet


def database_place(settings: Settings, chosen: ArchiveSet, database: Database) -> Place:
    """The database and the statements of a set, as they are agreed to together."""
    return Place(
        repository=str(settings.root or ""),
        store=database.shown,
        database_of=chosen.name,
        statements=statements_of(chosen),
    )


def statements_of(chosen: ArchiveSet) -> str:
    """Digest of the statements, and of the addresses that `update` writes."""
    assert chosen.rows is not None
    rows = chosen.rows
    parts = (rows.select, rows.update, *([rows.url_template] if rows.url_template is not None else []))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def require_database(settings: Settings, chosen: ArchiveSet, database: Database) -> None:
    """Raise `NotTrusted` unless the user said the database and its statements himself, or agreed to them."""
    if not (chosen.confined or database.of_repository) or says_trust(settings.env):
        return
    place = database_place(settings, chosen, database)
    if any(found.place == place for found in read_book(settings.env)):
        return
    raise NotTrusted(
        f"this repository now asks the database {database.shown}",
        why=f"archives.{chosen.name} runs its statements there ({database.origin} names it), and you have not agreed",
        hint="look at them in the settings, then run `s3sync trust`; in CI set S3SYNC_TRUST=1",
        place=place,
    )
