
CREATE TABLE archive (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, unit TEXT NOT NULL, name TEXT NOT NULL, set_name TEXT NOT NULL,
    pack TEXT NOT NULL, status TEXT NOT NULL, size INTEGER NOT NULL, original_size INTEGER NOT NULL,
    files INTEGER NOT NULL, uploaded_at TEXT NOT NULL, created_by TEXT NOT NULL, storage_class TEXT NOT NULL,
    archive_date TEXT, etag TEXT, md5 TEXT, crc64nvme TEXT, version_id TEXT, transitioned_at TEXT, verified_at TEXT,
    verified_how TEXT, volume INTEGER NOT NULL, volumes INTEGER NOT NULL, tags TEXT NOT NULL, fields TEXT NOT NULL,
    camera TEXT, telescope TEXT, notes TEXT, index_etag TEXT, expected_class TEXT,
    UNIQUE (key), UNIQUE (name, id), UNIQUE (md5, id)
);
CREATE TABLE member (
    archive INTEGER NOT NULL, n INTEGER NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    size INTEGER NOT NULL, mode INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, head INTEGER,
    start INTEGER NOT NULL, target TEXT, key TEXT,
    PRIMARY KEY (archive, n), UNIQUE (name, archive, n), UNIQUE (head, archive, n)
) WITHOUT ROWID;
CREATE TABLE sidecar (
    archive INTEGER NOT NULL, path TEXT NOT NULL, key TEXT, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (archive, path)
) WITHOUT ROWID;
CREATE TABLE part (
    archive INTEGER NOT NULL, n INTEGER NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT,
    PRIMARY KEY (archive, n), UNIQUE (key, archive, n)
) WITHOUT ROWID;
CREATE TABLE request (key TEXT PRIMARY KEY, asked_at TEXT NOT NULL, options TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE store (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE thaw (
    key TEXT PRIMARY KEY, tier TEXT NOT NULL, days INTEGER NOT NULL, requested_at TEXT NOT NULL, state TEXT NOT NULL,
    until TEXT, ready_at TEXT
) WITHOUT ROWID;
CREATE TABLE log (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, set_name TEXT NOT NULL,
    unit TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE statistic (
    day TEXT NOT NULL, set_name TEXT NOT NULL, storage_class TEXT NOT NULL, archives INTEGER NOT NULL,
    files INTEGER NOT NULL, size INTEGER NOT NULL, original_size INTEGER NOT NULL,
    PRIMARY KEY (day, set_name, storage_class)
) WITHOUT ROWID;
CREATE TABLE piece (
    archive INTEGER NOT NULL, first INTEGER NOT NULL, bits BLOB NOT NULL, PRIMARY KEY (archive, first)
);
