"""The database of an older tool, as that tool makes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

TABLES = {
    "s3_backup_archives": """id INTEGER NOT NULL, session_id VARCHAR(50) NOT NULL, session_date VARCHAR(10),
        session_year INTEGER, s3_bucket VARCHAR(255) NOT NULL, s3_key VARCHAR(500) NOT NULL, s3_region VARCHAR(50),
        s3_etag VARCHAR(100), s3_version_id VARCHAR(100), file_count INTEGER, original_size_bytes INTEGER,
        compressed_size_bytes INTEGER, compression_ratio FLOAT, archive_policy VARCHAR(20), backup_policy VARCHAR(20),
        current_storage_class VARCHAR(50), expected_storage_class VARCHAR(50), transition_date DATETIME,
        created_at DATETIME, uploaded_at DATETIME, last_verified_at DATETIME, verified BOOLEAN,
        verification_method VARCHAR(20), restore_requested_at DATETIME, restore_expires_at DATETIME,
        restore_status VARCHAR(20), restore_tier VARCHAR(20), camera_name VARCHAR(50), telescope_name VARCHAR(50),
        notes TEXT, PRIMARY KEY (id)""",
    "s3_backup_session_notes": """id INTEGER NOT NULL, session_id VARCHAR(50) NOT NULL, session_year INTEGER,
        s3_bucket VARCHAR(255) NOT NULL, s3_key VARCHAR(500) NOT NULL, s3_region VARCHAR(50), s3_etag VARCHAR(100),
        uploaded_at DATETIME, file_size_bytes INTEGER, current_storage_class VARCHAR(50), verified BOOLEAN,
        PRIMARY KEY (id)""",
    "s3_backup_log": """id INTEGER NOT NULL, operation_type VARCHAR(20), operation_status VARCHAR(20),
        archive_id INTEGER, session_id VARCHAR(50), s3_bucket VARCHAR(255), s3_key VARCHAR(500), timestamp DATETIME,
        bytes_transferred INTEGER, error_message TEXT, notes TEXT, PRIMARY KEY (id),
        FOREIGN KEY(archive_id) REFERENCES s3_backup_archives (id) ON DELETE SET NULL""",
    "s3_backup_stats": """id INTEGER NOT NULL, stat_date DATETIME, period_type VARCHAR(10), total_archives INTEGER,
        archives_in_standard INTEGER, total_original_size_bytes INTEGER, total_compressed_size_bytes INTEGER,
        PRIMARY KEY (id)""",
    "fits_files": "id INTEGER PRIMARY KEY, file VARCHAR UNIQUE CHECK (length(file) > 0)",
}
AROUND = (
    "CREATE INDEX ix_session ON s3_backup_archives (session_id)",
    "CREATE VIEW everything AS SELECT * FROM s3_backup_archives",
    "CREATE TRIGGER after_file AFTER INSERT ON fits_files BEGIN DELETE FROM s3_backup_log; END",
)
Rows = Iterable[Mapping[str, Any]]


def old_database(
    path: Path,
    archives: Rows = (),
    notes: Rows = (),
    log: Rows = (),
    stats: Rows = (),
    *,
    without: Iterable[str] = (),
    around: Iterable[str] = AROUND,
) -> Path:
    """Make the database. `without`: tables and columns that it lacks."""
    without = set(without)
    rows = dict(zip(TABLES, (archives, notes, log, stats, ()), strict=True))
    with closing(sqlite3.connect(path)) as made, made:
        for name, columns in TABLES.items():
            if name not in without:
                made.execute(f"CREATE TABLE {name} ({columns})")
        for column in without - TABLES.keys():
            made.execute(f"ALTER TABLE s3_backup_archives DROP COLUMN {column}")
        for name, some in rows.items():
            for row in some:
                marks = ", ".join("?" * len(row))
                made.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
        for statement in around if not without else ():
            made.execute(statement)
    return path


def row(session: str, key: str, **more: Any) -> dict[str, Any]:
    """Row of an archive."""
    return {"session_id": session, "s3_bucket": "vault", "s3_key": key, **more}
